package format

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

var awsText = Format{
	Name:  "aws-text",
	Title: "AWS flow logs, text",
	About: "VPC flow logs v2 to v11 and transit gateway flow logs: any columns in any order, with a header or by --aws-format. " +
		"One direction at one interface a line; a verdict, but not the rule behind it; counters of the window; no client or server. Where log-status is not among the columns, a line that says no address and no counter is taken for NODATA. Lines without start and end are taken to be from the time of their object.",
	Columns: awsDocs(),
	Guess:   func(head []byte, opt Options) bool { return guessAWSText(head, opt) },
	Open:    openAWSText,
	Explain: explainAWS,
}

func awsDocs() []Column {
	docs := make([]Column, len(awsColumns))
	for i, c := range awsColumns {
		docs[i] = c.Column
	}
	return docs
}

func openAWSText(in io.Reader, opt Options) (periplus.Reader, error) {
	return newAWSLines(in, opt)
}

// awsLines reads lines of text, each a record or a header.
type awsLines struct {
	lines  lineReader
	parser awsParser
	stats  periplus.Stats
	// stamped lines begin with the time at which CloudWatch Logs got them.
	stamped bool
}

func newAWSLines(in io.Reader, opt Options) (*awsLines, error) {
	r := &awsLines{lines: lineReader{in: in}}
	r.lines.glued = func(b []byte) bool { return r.parser.glued(b) > 0 }
	return r, r.parser.init(opt)
}

func (r *awsLines) Stats() *periplus.Stats { return &r.stats }

func (r *awsLines) Read(recs []periplus.Record) (int, error) {
	p := &r.parser
	p.begin()
	n := p.takeLost(recs)
	for n < len(recs) {
		line, err := r.lines.next()
		if err == errLongLine {
			r.stats.Lines++
			p.bad(&r.stats, r.stats.Lines, badLine{periplus.BadSyntax, "", "a line of more than 1 MiB"})
			continue
		}
		if err != nil {
			p.flush(&r.stats)
			if n > 0 && err == io.EOF {
				return n, nil
			}
			return n, err
		}
		r.stats.Lines++
		if r.stamped {
			line = p.stamp(line)
		}
		rest, ok := p.line(line, r.stats.Lines, &recs[n], &r.stats)
		r.lines.unread(len(rest))
		if ok {
			n++
			n += p.takeLost(recs[n:])
		}
	}
	p.flush(&r.stats)
	return n, nil
}

// awsCol is a column of the log that is being read.
type awsCol struct {
	op    awsOp
	name  string
	last  []byte // of a kept column: its last value …
	value string // … as text
	seen  int64  // values of an unknown column, not counted in Stats yet
}

// badLine is what is wrong with a line.
type badLine struct {
	kind   periplus.BadKind
	column string
	msg    string
}

// lostPart is one of the counters of packets that a gateway lost.
type lostPart struct {
	reason  string
	packets uint64
}

var lostReasons = [4]string{"no-route", "blackhole", "mtu-exceeded", "ttl-expired"}

// awsParser makes records of lines. It allocates nothing for a record whose
// places and notes it has met.
type awsParser struct {
	opt    Options
	uri    string
	cols   []awsCol
	fixed  bool // cols come from a header or from the user, not from a guess
	header []byte
	// Times outside these, in milliseconds, are absurd.
	minMilli, maxMilli int64

	plain bool       // cols are the default order of v2
	fast  *fastTable // nil until they are

	share awsShare
	dirty uint8 // groups whose slots changed since they were looked up

	gateway  bool  // the columns are a transit gateway's
	unmarked bool  // they hold no log-status: a line of "-" is a window without traffic
	flags    uint8 // what the line said
	start    int64
	end      int64
	event    time.Time // when CloudWatch Logs says it was; zero: it does not
	lost     [4]uint64
	pending  []lostPart
	after    periplus.Record // what the pending parts are parts of
	extra    []periplus.Column
	texts    map[string]string
	digits   []byte // a number as text
}

// What a line was seen to say.
const (
	awsHasStart = 1 << iota
	awsHasEnd
	awsHasLost
	awsNoData
	awsSkipData
	awsIngress
	awsEgress
)

func (p *awsParser) init(opt Options) error {
	p.opt = opt
	now := opt.Now
	if now.IsZero() {
		now = time.Now()
	}
	p.minMilli, p.maxMilli = 946684800e3, now.Add(24*time.Hour).UnixMilli() // from 2000-01-01
	p.texts = map[string]string{}
	p.share.init(opt)
	if opt.Object != nil {
		p.uri = opt.Object.URI
	}
	if opt.AWSFormat == "" {
		return nil
	}
	if err := CheckAWSFormat(opt.AWSFormat); err != nil {
		return err
	}
	p.columns(awsFields(opt.AWSFormat))
	p.fixed = true
	return nil
}

// CheckAWSFormat says what is wrong with Options.AWSFormat before anything is
// read; "" is right.
func CheckAWSFormat(text string) error {
	if text == "" || slices.ContainsFunc(awsFields(text), func(n string) bool { return awsKnown([]byte(n)) != nil }) {
		return nil
	}
	return hint{fmt.Errorf("aws format %q: no column that AWS documents", text),
		"write it as the flow log's settings do: '${version} ${srcaddr} …'"}
}

// columns sets the order of columns of the lines that follow.
func (p *awsParser) columns(names []string) {
	p.cols = p.cols[:0]
	p.gateway = false
	said, status := false, false
	p.plain = strings.Join(names, " ") == awsDefaultV2
	if p.plain && p.fast == nil {
		p.fast = p.share.shared.fast(p.share.hintKey)
	}
	for _, n := range names {
		c := awsCol{op: awsUnknown, name: string(bytes.Trim([]byte(n), "${}"))}
		if k := awsKnown([]byte(n)); k != nil {
			c.op, c.name = k.op, k.Name
		}
		if c.op == awsAttachment || c.op == awsGateway {
			p.gateway = true
		}
		said = said || c.op >= awsSrcAddr && c.op <= awsBytes
		status = status || c.op == awsStatus
		p.cols = append(p.cols, c)
	}
	p.unmarked = said && !status
	p.share.begin(p.cols)
	p.dirty = dirtyAll
}

// flush moves the counts of unknown columns to stats.
func (p *awsParser) flush(stats *periplus.Stats) {
	for i := range p.cols {
		if c := &p.cols[i]; c.op == awsUnknown {
			stats.AddUnknown(c.name, c.seen)
			c.seen = 0
		}
	}
}

// begin forgets what belonged to the last Read.
func (p *awsParser) begin() { p.extra = p.extra[:0] }

// bad counts a bad line.
func (p *awsParser) bad(stats *periplus.Stats, line int64, b badLine) {
	e := periplus.SyntaxError{Kind: b.kind, URI: p.uri, Line: line}
	if len(stats.First) < periplus.MaxFirst {
		if e.Msg = b.msg; b.column != "" {
			e.Msg = b.column + ": " + b.msg
		}
	}
	stats.AddBad(e)
}

// glued is where the first of several records ends that stand in one line: the
// last column is log-status, and something stands right behind its word.
func (p *awsParser) glued(b []byte) int {
	k := len(p.cols)
	if p.cols == nil {
		k = 14
	} else if p.cols[k-1].op != awsStatus {
		return 0
	}
	i := 0
	for n := 0; ; n++ {
		for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
			i++
		}
		if i == len(b) || b[i] == '#' {
			return 0
		}
		if n == k-1 {
			break
		}
		i = tokenEnd(b, i)
	}
	for _, word := range []string{"OK", "NODATA", "SKIPDATA"} {
		if n := i + len(word); n < len(b) && string(b[i:n]) == word && b[n]-'0' <= 9 {
			return n
		}
	}
	return 0
}

// line reads one line into rec and reports whether it is a record. Headers,
// blanks and bad lines are not; they are dealt with. Where Firehose put records
// behind each other without a newline, it reads the first and returns the rest.
func (p *awsParser) line(b []byte, no int64, rec *periplus.Record, stats *periplus.Stats) (rest []byte, ok bool) {
	if p.plain && p.event.IsZero() && p.fastV2(b, rec) {
		rec.Line = no
		stats.Records++
		return nil, true
	}
	for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	if no == 1 {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	if len(b) == 0 || b[0] == '#' || string(b) == "..." {
		return nil, false
	}
	// Digits and "-" begin no header, which spares the default format a look-up.
	if c := b[0]; c > '9' && p.isHeader(b) {
		p.setHeader(b, stats)
		return nil, false
	}
	if p.cols == nil {
		if n := p.glued(b); n > 0 {
			b, rest = b[:n], b[n:]
		}
		if !p.guessColumns(b) {
			p.bad(stats, no, badLine{periplus.BadColumns, "", "no header names the columns; give them with --aws-format"})
			return rest, false
		}
	}
	wrong := p.record(b, rec)
	if wrong != nil {
		if n := p.glued(b); n > 0 {
			b, rest = b[:n], b[n:]
			wrong = p.record(b, rec)
		}
	}
	if wrong != nil {
		if awsHeader(b) {
			p.setHeader(b, stats)
		} else {
			p.bad(stats, no, p.blame(b, *wrong))
		}
		return rest, false
	}
	rec.Line, p.after.Line = no, no
	switch rec.Mark {
	case periplus.MarkNoData:
		stats.NoData++
	case periplus.MarkSkipData:
		stats.SkipData++
	default:
		stats.Records++
	}
	return rest, true
}

// isHeader is awsHeader for lines that may well be records.
func (p *awsParser) isHeader(b []byte) bool {
	if p.header != nil && bytes.Equal(b, p.header) {
		return true
	}
	return awsKnown(b[:tokenEnd(b, 0)]) != nil && awsHeader(b)
}

func (p *awsParser) setHeader(b []byte, stats *periplus.Stats) {
	if bytes.Equal(b, p.header) {
		return
	}
	p.flush(stats)
	p.header = append(p.header[:0], b...)
	p.columns(awsFields(string(b)))
	p.fixed = true
	p.flush(stats) // names the unknown ones even if they never hold a value
}

// guessColumns takes the default order that a first line without header fits.
func (p *awsParser) guessColumns(b []byte) bool {
	order := awsDefaultOrder(b)
	if order == "" {
		return false
	}
	p.columns(awsFields(order))
	return true
}

// awsDefaultOrder is the default order that a line fits, or "".
func awsDefaultOrder(b []byte) string {
	var words [2][]byte
	n := 0
	for i := 0; i < len(b); {
		if b[i] == ' ' || b[i] == '\t' {
			i++
			continue
		}
		if b[i] == '#' {
			break
		}
		a := i
		if i = tokenEnd(b, i); n < 2 {
			words[n] = b[a:i]
		}
		n++
	}
	if v, next, ok := scanUint(words[0], 0); !ok || next == 0 || v > 99 {
		return ""
	}
	switch {
	case string(words[1]) == "TransitGateway":
		if n == len(awsFields(awsDefaultTGW)) {
			return awsDefaultTGW
		}
	case n == 14:
		return awsDefaultV2
	}
	return ""
}

// blame says what is most likely wrong with a line that could not be read: the
// number of its columns, or a version that came later than this program.
func (p *awsParser) blame(b []byte, wrong badLine) badLine {
	if i := bytes.Index(b, []byte(" #")); i >= 0 {
		b = b[:i]
	}
	if n, _ := awsCount(b); n != len(p.cols) {
		wrong = badLine{periplus.BadColumns, "", fmt.Sprintf("%d columns, want %d", n, len(p.cols))}
	}
	if p.cols[0].op == awsVersion && (wrong.kind == periplus.BadColumns || wrong.kind == periplus.BadSyntax) {
		if v, _, ok := scanUint(b, 0); ok && v > 11 {
			return badLine{periplus.BadVersion, "version", fmt.Sprintf("%d is not known (2 to 11 are): %s", v, wrong.msg)}
		}
	}
	return wrong
}

// takeLost yields what a transit gateway lost of the line before.
func (p *awsParser) takeLost(recs []periplus.Record) int {
	n := 0
	for ; n < len(p.pending) && n < len(recs); n++ {
		part := p.pending[n]
		r := &recs[n]
		*r = p.after
		r.Part, r.Verdict, r.Extra = true, periplus.Dropped, nil
		r.Packets, r.Bytes, r.Has = part.packets, 0, r.Has&^periplus.HasBytes|periplus.HasPackets
		r.Note = p.share.lostNote(r.Note, part.reason)
	}
	p.pending = p.pending[:copy(p.pending, p.pending[n:])]
	return n
}

// keepLost remembers what is to follow rec. Where nothing got through, rec is
// itself about what was lost: no packets passed, so there is no row of them.
func (p *awsParser) keepLost(rec *periplus.Record) {
	none := rec.Has&periplus.HasPackets != 0 && rec.Packets == 0
	for i, n := range p.lost {
		switch {
		case n == 0:
		case none:
			none = false
			rec.Verdict, rec.Packets, rec.Bytes, rec.Has = periplus.Dropped, n, 0, rec.Has&^periplus.HasBytes
			rec.Note = p.share.lostNote(rec.Note, lostReasons[i])
		default:
			p.pending = append(p.pending, lostPart{lostReasons[i], n})
			p.after = *rec
		}
	}
	p.lost = [4]uint64{}
}

// text is b as a string that is shared between records.
func (p *awsParser) text(b []byte) string {
	if s, ok := p.texts[string(b)]; ok {
		return s
	}
	if len(p.texts) >= 1<<14 {
		clear(p.texts) // bounded: what was handed out stays valid
	}
	s := validText(string(b))
	p.texts[string(b)] = s
	return s
}

// stamp takes the time off a line of a CloudWatch Logs export.
func (p *awsParser) stamp(line []byte) []byte {
	p.event = time.Time{}
	if i := bytes.IndexByte(line, ' '); i > 0 {
		if t, ok := parseISO(line[:i]); ok {
			p.event = t
			return line[i+1:]
		}
	}
	return line
}

// parseISO reads "2026-11-21T04:00:00.000Z".
func parseISO(b []byte) (time.Time, bool) {
	if len(b) < 20 || len(b) > 35 || b[4] != '-' || b[10] != 'T' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	return t.UTC(), err == nil
}
