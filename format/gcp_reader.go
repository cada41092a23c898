package format

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/periplus/periplus/periplus"
)

// gcpReader reads Cloud Logging entries: one a line, or an array, pretty or
// not, or Pub/Sub envelopes of them. Flow and firewall entries may be mixed.
type gcpReader struct {
	win   *jsonWindow
	p     gcpParser
	inner gcpParser // an entry out of an envelope
	data  []byte    // its text
	e     gcpEntry
	names gcpNames
	stats periplus.Stats
	opt   Options
	now   time.Time // the latest time that a record may have

	array   bool // entries are counted, else lines
	line    int64
	resync  bool // behind a bad entry of several lines: looking for the next
	started bool
	done    error
}

func openGCP(in io.Reader, opt Options) (periplus.Reader, error) {
	now := opt.Now
	if now.IsZero() {
		now = time.Now()
	}
	return &gcpReader{win: newJSONWindow(in), opt: opt, now: now.Add(24 * time.Hour), line: 1, names: newGCPNames()}, nil
}

func (g *gcpReader) Stats() *periplus.Stats { return &g.stats }

func (g *gcpReader) Read(recs []periplus.Record) (int, error) {
	n := 0
	for n < len(recs) && g.done == nil {
		if g.next(&recs[n]) {
			n++
		}
	}
	if n == 0 && len(recs) > 0 {
		return 0, g.done
	}
	return n, nil
}

// next reads one entry and reports whether it filled r. It sets done at the end.
func (g *gcpReader) next(r *periplus.Record) bool {
	if !g.between() {
		return false
	}
	var data []byte
	for {
		g.p.reset(g.win.rest())
		g.p.extra = g.p.extra[:0]
		g.e = gcpEntry{}
		data = g.p.entry(&g.e)
		if g.p.fault != jsonShort || !g.win.fill() {
			break
		}
	}
	line := g.line
	if g.p.fault != jsonFine {
		g.broken()
		return false
	}
	g.take(g.p.i)
	g.stats.Lines++
	if g.array {
		g.line++
	}
	g.resync = false
	p := &g.p
	if data != nil && !g.e.payload {
		if p = g.unpack(data, line); p == nil {
			return false
		}
	}
	g.p.extra, p.extra = p.extra, g.p.extra
	return g.record(r, line)
}

// between takes what stands between entries and reports whether one follows.
func (g *gcpReader) between() bool {
	for {
		b := g.win.rest()
		i := 0
		for ; i < len(b); i++ {
			switch b[i] {
			case '{':
				g.take(i)
				g.started = true
				return true
			case ' ', '\t', '\r', '\n', ',', ']', 0xEF, 0xBB, 0xBF: // white space, array, byte order mark
				continue
			case '[':
				if !g.started {
					g.array, g.started = true, true
				}
				continue
			}
			break
		}
		g.take(i)
		if i < len(b) {
			g.noEntry()
			continue
		}
		if !g.win.fill() {
			g.done = g.win.err
			return false
		}
	}
}

// noEntry takes a line that does not begin as an entry does.
func (g *gcpReader) noEntry() {
	if !g.resync {
		g.bad(periplus.BadSyntax, g.line, "no log entry: it does not begin with {")
		g.stats.Lines++
		g.resync = g.array
	}
	g.skipLine(0)
}

// skipLine takes the rest of the line, which begins from bytes ahead. What is
// no line at all, being too long, is taken piece by piece.
func (g *gcpReader) skipLine(from int) {
	for {
		b := g.win.rest()
		from = min(from, len(b))
		if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
			g.take(from + i + 1)
			return
		}
		g.take(len(b))
		from = 0
		if !g.win.fill() {
			return
		}
	}
}

// take moves the window on and counts lines.
func (g *gcpReader) take(n int) {
	if !g.array {
		g.line += int64(bytes.Count(g.win.buf[g.win.pos:g.win.pos+n], []byte{'\n'}))
	}
	g.win.pos += n
}

// gcpPretty reports whether an entry goes over several lines.
func gcpPretty(b []byte) bool {
	b = bytes.TrimLeft(b[1:], " \t\r")
	return len(b) > 0 && b[0] == '\n'
}

// broken counts a bad entry and goes on at the next line.
func (g *gcpReader) broken() {
	kind, msg := periplus.BadSyntax, g.p.msg
	b := g.win.rest()
	if g.p.fault == jsonShort {
		kind = periplus.BadCut
		if g.win.full() {
			kind, msg = periplus.BadSyntax, fmt.Sprintf("longer than %d MiB", jsonMax>>20)
		}
	}
	if !g.resync {
		g.bad(kind, g.line, msg)
		g.stats.Lines++
	}
	// What follows is one bad entry still, unless every line has its own.
	g.resync = g.array || gcpPretty(b)
	if g.array {
		g.line++
	}
	if kind == periplus.BadCut {
		// A line that was cut, with whole lines behind it, is only one line.
		if i := bytes.IndexByte(b, '\n'); i >= 0 && !g.array {
			g.take(i + 1)
			return
		}
		g.take(len(b))
		return
	}
	if !g.array {
		g.skipLine(g.p.i)
		return
	}
	g.take(min(g.p.i, len(b)))
	if !g.win.find("insertId", "logName", "jsonPayload") {
		g.done = g.win.err
	}
}

func (g *gcpReader) bad(kind periplus.BadKind, line int64, msg string) {
	uri := ""
	if g.opt.Object != nil {
		uri = g.opt.Object.URI
	}
	g.stats.AddBad(periplus.SyntaxError{Kind: kind, URI: uri, Line: line, Msg: msg})
}

// unpack reads the entry inside a Pub/Sub envelope.
func (g *gcpReader) unpack(data []byte, line int64) *gcpParser {
	size := base64.StdEncoding.DecodedLen(len(data))
	if cap(g.data) < size {
		g.data = make([]byte, size*2)
	}
	n, err := base64.StdEncoding.Decode(g.data[:size], data)
	if err != nil {
		g.bad(periplus.BadSyntax, line, "the data of a Pub/Sub message is no base64")
		return nil
	}
	p := &g.inner
	p.reset(g.data[:n])
	p.extra = p.extra[:0]
	g.e = gcpEntry{}
	if p.entry(&g.e); p.fault != jsonFine {
		g.bad(periplus.BadSyntax, line, "the entry in a Pub/Sub message: "+p.msg)
		return nil
	}
	return p
}

// record makes a record of the entry read last.
func (g *gcpReader) record(r *periplus.Record, line int64) bool {
	extra := r.Extra[:0]
	*r = periplus.Record{Line: line}
	kind, msg := periplus.BadKind(""), ""
	switch e := &g.e; {
	case !e.payload:
		kind, msg = periplus.BadSyntax, "no flow: the entry is of another log"
	case e.rule || e.bytesSent == nil && e.packetsSent == nil && bytes.HasSuffix(e.logName, []byte("firewall")):
		kind, msg = g.event(r, e)
	default:
		kind, msg = g.flow(r, e)
	}
	if kind != "" {
		g.bad(kind, line, msg)
		return false
	}
	for _, x := range g.p.extra {
		c := periplus.Column{Name: g.names.word2(x.group, x.name), Value: g.names.value(x.value)}
		g.stats.AddUnknown(c.Name, 1)
		extra = append(extra, c)
	}
	r.Extra = extra
	g.stats.Records++
	return true
}

// connection fills what flow and firewall entries have in common.
func (g *gcpReader) connection(r *periplus.Record, e *gcpEntry) (periplus.BadKind, string) {
	var ok bool
	if r.Src, ok = jsonAddr(e.srcIP); !ok {
		return periplus.BadAddress, "src_ip is no address: " + gcpQuote(e.srcIP)
	}
	if r.Dst, ok = jsonAddr(e.dstIP); !ok {
		return periplus.BadAddress, "dest_ip is no address: " + gcpQuote(e.dstIP)
	}
	if e.protocol != nil {
		n, ok := jsonUint(e.protocol)
		if !ok || n > 255 {
			return periplus.BadRange, "protocol: " + gcpQuote(e.protocol)
		}
		r.Protocol = uint8(n)
		r.Has |= periplus.HasProtocol
	}
	for _, f := range [...]struct {
		text []byte
		to   *uint16
		bit  periplus.Has
		name string
	}{{e.srcPort, &r.SrcPort, periplus.HasSrcPort, "src_port"}, {e.dstPort, &r.DstPort, periplus.HasDstPort, "dest_port"}} {
		if f.text == nil {
			continue
		}
		n, ok := jsonUint(f.text)
		if !ok || n > 65535 {
			return periplus.BadRange, f.name + ": " + gcpQuote(f.text)
		}
		*f.to = uint16(n)
		r.Has |= f.bit
	}
	if e.insertID != nil {
		r.Has |= periplus.HasID
	}
	return "", ""
}

// gcpID is the same for every copy of an entry: Cloud Logging may deliver one
// more than once, and calls two the same if these three are.
func gcpID(e *gcpEntry, at time.Time) uint64 {
	const prime = 1099511628211
	h := uint64(14695981039346656037)
	for _, c := range e.logName {
		h = (h ^ uint64(c)) * prime
	}
	ns := uint64(at.UnixNano())
	for i := 0; i < 64; i += 8 {
		h = (h ^ ns>>i&0xff) * prime
	}
	for _, c := range e.insertID {
		h = (h ^ uint64(c)) * prime
	}
	h ^= h >> 32 // FNV's high bits know little of the last bytes
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// absurd says what is wrong with a span of time.
func (g *gcpReader) absurd(start, end time.Time) string {
	switch {
	case start.Year() < 2000:
		return "before 2000: " + start.Format(time.RFC3339)
	case end.After(g.now):
		return "more than a day ahead: " + end.Format(time.RFC3339)
	case end.Before(start):
		return "ends before it starts: " + start.Format(time.RFC3339Nano) + " to " + end.Format(time.RFC3339Nano)
	}
	return ""
}

func gcpQuote(b []byte) string {
	if b == nil {
		return "missing"
	}
	return fmt.Sprintf("%.60q", b)
}
