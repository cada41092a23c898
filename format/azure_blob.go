package format

import (
	"bytes"
	"fmt"
	"io"

	"github.com/periplus/periplus/periplus"
)

// azureReader reads NSG and VNet flow logs. Both are objects that hold arrays
// that hold objects, down to arrays of tuples; a name says what a member is at
// whatever depth it stands, so nested records, bare arrays and records one a
// line are all the same to it. It goes on tuple by tuple and never needs a
// whole record in memory.
type azureReader struct {
	win   *jsonWindow
	t     jsonText
	stack [azureDepth]azureFrame
	depth int // stack[depth] is where we are; stack[0] is the blob

	head azureHead // of the record
	flow azureFlow // of the group of tuples
	tupleReader
	stats periplus.Stats

	line   int64 // tuples
	whole  int64 // offset behind the last whole record; -1: cut within one
	resync bool
	done   error

	from  int64       // where in the blob the stream begins
	marks *azureMarks // nil: where it can be gone on from is not asked
}

const azureDepth = 24

type azureKind uint8

const (
	azureTop azureKind = iota
	azureRecords
	azureFlows
	azureObject
	azureTuples
)

// azureFrame is one object or array that is open.
type azureFrame struct {
	kind    azureKind
	begun   bool // a member was read
	record  bool // an object that stands among records
	wrapper bool // an object that holds records
	looked  bool // what follows the tuples was looked through
	head    azureHead
	flow    azureFlow
}

// azureHead is what a record says of all its tuples.
type azureHead struct {
	mac, resource, target, flowLog string
	extra                          []periplus.Column
}

// azureFlow is what a group of tuples has in common.
type azureFlow struct {
	rule, acl, mac string
	extra          []periplus.Column
}

func openAzure(in io.Reader, opt Options) (periplus.Reader, error) {
	a := &azureReader{win: newJSONWindow(in), tupleReader: newTupleReader(opt)}
	if opt.Grows {
		a.keepMarks()
	}
	if opt.From != nil && a.marks != nil {
		if err := a.resume(opt.From); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *azureReader) Stats() *periplus.Stats { return &a.stats }

// Cursor is where in the decompressed bytes the last whole record ended: a blob
// that has grown may be read on from there. It is -1 where the text ended, or
// broke, within a record whose first tuples were read already.
func (a *azureReader) Cursor() int64 { return a.whole }

func (a *azureReader) Read(recs []periplus.Record) (int, error) {
	n := 0
	for n < len(recs) && a.done == nil {
		if a.step(&recs[n]) {
			n++
		}
	}
	if n == 0 && len(recs) > 0 {
		return 0, a.done
	}
	return n, nil
}

// step reads one member, or one tuple into r. When the text in memory ends
// before it does, nothing has happened and it is taken again.
func (a *azureReader) step(r *periplus.Record) bool {
	t := &a.t
	t.reset(a.win.rest())
	filled := false
	switch f := &a.stack[a.depth]; f.kind {
	case azureTop:
		filled = a.top(r)
	case azureObject:
		a.member(f)
	case azureTuples:
		filled = a.element(f, r)
	default:
		a.item(f)
	}
	switch {
	case t.fault == jsonFine:
		a.win.pos += t.i
	case t.fault == jsonShort && !a.win.full():
		if ended := a.win.err != nil; !a.win.fill() && ended {
			a.end()
		}
	default:
		a.broken()
	}
	return filled
}

func (a *azureReader) push(f azureFrame) {
	if a.depth+1 == azureDepth {
		a.t.bad("nested too deep")
		return
	}
	a.depth++
	a.stack[a.depth] = f
}

// within reports whether the open object or array has a further member, and
// closes it if not.
func (a *azureReader) within(f *azureFrame, end byte) bool {
	t := &a.t
	if !f.begun {
		if t.peek() != end {
			return t.fault == jsonFine
		}
		t.i++
	} else if t.more(end) {
		return true
	}
	if t.fault == jsonFine {
		a.pop()
	}
	return false
}

func (a *azureReader) pop() {
	f := &a.stack[a.depth]
	if f.kind == azureObject {
		a.flow = f.flow
	}
	if f.record {
		a.head = f.head
		if a.whole >= 0 && !f.wrapper {
			a.whole = a.from + a.win.offset() + int64(a.t.i)
		}
		a.resync = false
	}
	a.depth--
	if f.record && !f.wrapper {
		a.mark()
	}
}

// top reads what stands outside of everything: wrappers, bare records, arrays,
// the comma before a block that was added later, the closer behind it, and
// tuples without any of that, one a line.
func (a *azureReader) top(r *periplus.Record) bool {
	t := &a.t
	for t.i < len(t.b) {
		switch c := t.b[t.i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ']' || c == '}' || c == 0xEF || c == 0xBB || c == 0xBF:
			t.i++
		case c == '{':
			t.i++
			a.push(azureFrame{kind: azureObject, record: true, head: a.head, flow: a.flow})
			return false
		case c == '[':
			t.i++
			a.push(azureFrame{kind: azureRecords})
			return false
		case c >= '0' && c <= '9':
			end := bytes.IndexByte(t.b[t.i:], '\n')
			if end < 0 {
				if a.win.err == nil && !a.win.full() {
					t.short()
					return false
				}
				end = len(t.b) - t.i
			}
			line := bytes.TrimRight(t.b[t.i:t.i+end], "\r ")
			t.i += end
			a.begin()
			return a.tuple(r, line)
		default:
			t.bad("neither JSON nor a tuple")
			return false
		}
	}
	if a.win.err != nil {
		a.done = a.win.err
		return false
	}
	a.win.pos += t.i
	t.reset(nil)
	t.short()
	return false
}

// item reads an element of records or of flows.
func (a *azureReader) item(f *azureFrame) {
	t := &a.t
	if !a.within(f, ']') || t.peek() == 0 {
		return
	}
	c := t.peek()
	if c != '{' {
		if c == '"' && f.kind == azureRecords { // an array of tuples
			f.kind = azureTuples
			f.begun = false
			a.begin()
			return
		}
		if t.skip(); t.fault == jsonFine {
			f.begun = true
		}
		return
	}
	t.i++
	f.begun = true
	a.push(azureFrame{kind: azureObject, record: f.kind == azureRecords, head: a.head, flow: a.flow})
	if f.kind == azureRecords {
		a.head, a.flow = azureHead{}, azureFlow{}
	}
}

// member reads a member of an object.
func (a *azureReader) member(f *azureFrame) {
	t := &a.t
	if !a.within(f, '}') {
		return
	}
	k := t.key()
	c := t.peek()
	if t.fault != jsonFine {
		return
	}
	switch string(k) {
	case "records":
		a.openArray(f, c, azureFrame{kind: azureRecords})
		f.wrapper = f.wrapper || c == '['
		return
	case "flows", "flowGroups":
		a.openArray(f, c, azureFrame{kind: azureFlows})
		return
	case "flowTuples":
		if c != '[' {
			break
		}
		t.i++
		if !a.lookAhead() {
			return
		}
		f.begun = true
		a.push(azureFrame{kind: azureTuples})
		a.begin()
		return
	case "properties", "flowRecords":
		if c != '{' {
			break
		}
		t.i++
		f.begun = true
		a.push(azureFrame{kind: azureObject, flow: a.flow})
		return
	}
	if to := a.known(k); to != nil {
		if v := t.scalar(); t.fault == jsonFine {
			*to = a.word(v)
		}
	} else if azureSilent(k) {
		t.skip()
	} else if v := t.raw(); t.fault == jsonFine {
		a.stats.AddUnknown(a.keep(f, k, v), 1)
	}
	if t.fault == jsonFine {
		f.begun = true
	}
}

func (a *azureReader) openArray(f *azureFrame, c byte, inner azureFrame) {
	if c != '[' {
		if a.t.skip(); a.t.fault == jsonFine {
			f.begun = true
		}
		return
	}
	a.t.i++
	f.begun = true
	a.push(inner)
}

// keep keeps a member that nobody knows, for the tuples of its object, and
// returns its name.
func (a *azureReader) keep(f *azureFrame, k, v []byte) string {
	c := periplus.Column{Name: a.word(k), Value: a.word(bytes.Trim(v[:min(len(v), 1024)], `"`))}
	list := &a.flow.extra
	if f.record {
		list = &a.head.extra
	}
	for _, x := range *list {
		if x.Name == c.Name { // found ahead of its place
			return c.Name
		}
	}
	*list = append((*list)[:len(*list):len(*list)], c)
	return c.Name
}

// known is where a member's value goes; nil: nowhere.
func (a *azureReader) known(k []byte) *string {
	switch string(k) {
	case "macAddress":
		return &a.head.mac
	case "resourceId", "resourceID":
		return &a.head.resource
	case "targetResourceID", "targetResourceId":
		return &a.head.target
	case "flowLogResourceID", "flowLogResourceId":
		return &a.head.flowLog
	case "rule":
		return &a.flow.rule
	case "aclID", "aclId":
		return &a.flow.acl
	case "mac":
		return &a.flow.mac
	}
	return nil
}

// azureSilent names the members that say nothing of traffic by themselves.
func azureSilent(k []byte) bool {
	switch string(k) {
	case "time", "systemId", "systemID", "category", "operationName", "Version", "version", "flowLogVersion", "flowLogGUID",
		"properties", "flowRecords", "flowTuples", "records", "flows", "flowGroups", "tenantId", "location", "level":
		return true
	}
	return false
}

// begin prepares for a group of tuples.
func (a *azureReader) begin() {
	mac := a.flow.mac
	if mac == "" {
		mac = a.head.mac
	}
	a.place = a.placeOf(&a.head, mac)
	a.id = a.identityOf(&a.head)
	a.setRule(&a.flow)
}

// element reads one tuple of an array.
func (a *azureReader) element(f *azureFrame, r *periplus.Record) bool {
	t := &a.t
	if !a.within(f, ']') {
		return false
	}
	if t.peek() != '"' {
		if t.skip(); t.fault == jsonFine {
			f.begun = true
			a.line++
			a.bad(periplus.BadSyntax, "a tuple that is no string")
		}
		return false
	}
	s := t.str()
	if t.fault != jsonFine {
		return false
	}
	f.begun = true
	return a.tuple(r, s)
}

// tuple makes a record of a tuple's text.
func (a *azureReader) tuple(r *periplus.Record, s []byte) bool {
	a.line++
	a.stats.Lines++
	kind, msg := a.fill(r, s)
	if kind != "" {
		a.bad(kind, msg)
		return false
	}
	if a.marks != nil {
		a.met(r)
	}
	r.Line = a.line
	for _, c := range r.Extra {
		a.stats.AddUnknown(c.Name, 1)
	}
	r.Extra = append(append(r.Extra, a.flow.extra...), a.head.extra...)
	a.stats.Records++
	return true
}

func (a *azureReader) bad(kind periplus.BadKind, msg string) {
	uri := ""
	if a.opt.Object != nil {
		uri = a.opt.Object.URI
	}
	a.stats.AddBad(periplus.SyntaxError{Kind: kind, URI: uri, Line: max(a.line, 1), Msg: msg})
}

// end is where the text ends. Between records that is how a growing blob ends;
// anywhere else something is missing.
func (a *azureReader) end() {
	f := &a.stack[a.depth]
	a.done = a.win.err
	if f.kind == azureTop || f.kind == azureRecords || f.wrapper {
		if rest := bytes.TrimLeft(a.win.rest(), " \t\r\n,"); len(rest) == 0 {
			return
		}
	}
	a.whole = -1
	a.bad(periplus.BadCut, "ends within a record")
}

// broken counts a record that is no JSON and looks for the next one.
func (a *azureReader) broken() {
	msg := a.t.msg
	if a.t.fault == jsonShort {
		msg = fmt.Sprintf("a value longer than %d MiB", jsonMax>>20)
	}
	if !a.resync {
		at := a.win.offset() + int64(min(a.t.i, a.win.end-a.win.pos))
		a.bad(periplus.BadSyntax, fmt.Sprintf("byte %d: %s", at, msg))
		a.stats.Lines++
	}
	a.resync = true
	a.whole = -1
	a.win.pos += min(a.t.i, a.win.end-a.win.pos)
	a.depth, a.head, a.flow = 0, azureHead{}, azureFlow{}
	a.begin()
	if !a.win.find("time", "records") {
		a.done = a.win.err
	}
}
