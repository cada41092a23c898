package format

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

var awsCloudWatch = Format{
	Name:  "aws-cloudwatch",
	Title: "AWS flow logs out of CloudWatch Logs or Firehose",
	About: "The records of aws-text in what carries them: subscription envelopes, export-task lines, Firehose requests, " +
		`{"message": …} lines, results of Logs Insights (JSON, CSV) and of 'aws logs'. No header travels with them: ` +
		"other columns than the default ones need --aws-format.",
	Columns: awsDocs(),
	Guess:   guessCloudWatch,
	Open:    openCloudWatch,
	Explain: explainCloudWatch,
}

func openCloudWatch(in io.Reader, opt Options) (periplus.Reader, error) {
	// What is text, CSV or JSON shows in the first bytes.
	head := make([]byte, 4096)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	in = io.MultiReader(bytes.NewReader(head), in)
	first, _, _ := bytes.Cut(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("\n"))
	if isStamped(first) {
		r, err := newAWSLines(in, opt)
		if err == nil {
			r.stamped = true
		}
		return r, err
	}
	r := &awsEvents{}
	if err := r.parser.init(opt); err != nil {
		return nil, err
	}
	if opt.Object != nil {
		r.hint = opt.Object.Hint
	}
	if isInsightsCSV(first) {
		r.source = newInsightsCSV(in)
	} else {
		r.source = newAWSJSON(in)
	}
	return r, nil
}

// isStamped reports whether a line begins with a time and goes on, as an
// export task writes them.
func isStamped(line []byte) bool {
	i := bytes.IndexByte(line, ' ')
	if i < 0 {
		return false
	}
	_, ok := parseISO(line[:i])
	return ok
}

// awsEvent is one message out of CloudWatch Logs, or one row of a result. It is
// valid until the next one.
type awsEvent struct {
	message []byte   // one line or several; nil: a row
	names   []string // of a row: its columns …
	values  []string // … and what they hold
	time    time.Time
	hint    periplus.Place // what carried it says of its place
}

// badEvent is a piece that could not be read; reading goes on behind it.
type badEvent struct {
	kind periplus.BadKind
	msg  string
}

func (e *badEvent) Error() string { return e.msg }

// An eventSource yields the messages of one object.
type eventSource interface {
	// next fills e. A *badEvent is no end; io.EOF is.
	next(e *awsEvent) error
}

// awsEvents reads records out of messages.
type awsEvents struct {
	source eventSource
	parser awsParser
	stats  periplus.Stats
	hint   periplus.Place // of the object
	event  awsEvent
	rest   []byte   // lines of the message that are still to be read
	rows   []string // the columns that a row named; nil: messages are read
	line   []byte
	done   error
}

func (r *awsEvents) Stats() *periplus.Stats { return &r.stats }

func (r *awsEvents) Read(recs []periplus.Record) (int, error) {
	p := &r.parser
	p.begin()
	n := p.takeLost(recs)
	for n < len(recs) && r.done == nil {
		line := r.next()
		if line == nil {
			continue
		}
		r.stats.Lines++
		rest, ok := p.line(line, r.stats.Lines, &recs[n], &r.stats)
		if len(rest) > 0 {
			r.rest = slices.Concat(rest, []byte("\n"), r.rest)
		}
		if ok {
			n++
			n += p.takeLost(recs[n:])
		}
	}
	p.flush(&r.stats)
	if n == 0 && len(recs) > 0 {
		return 0, r.done
	}
	return n, nil
}

// next is the next line of a record; nil: none, look again or stop at done.
func (r *awsEvents) next() []byte {
	if len(r.rest) > 0 {
		line, rest, _ := bytes.Cut(r.rest, []byte("\n"))
		r.rest = rest
		return line
	}
	r.event = awsEvent{names: r.event.names[:0], values: r.event.values[:0]}
	err := r.source.next(&r.event)
	if bad, ok := err.(*badEvent); ok {
		r.stats.Lines++
		r.parser.bad(&r.stats, r.stats.Lines, badLine{bad.kind, "", bad.msg})
		return nil
	}
	if err != nil {
		r.done = err
		return nil
	}
	r.place()
	r.parser.event = r.event.time
	if r.event.message == nil {
		return r.row()
	}
	if r.rows != nil { // a message behind rows: its columns are the default ones again
		r.rows, r.parser.cols = nil, nil
		if f := r.parser.opt.AWSFormat; f != "" {
			r.parser.columns(awsFields(f))
		}
	}
	line, rest, _ := bytes.Cut(r.event.message, []byte("\n"))
	r.rest = rest
	return line
}

// place tells the parser where the event comes from: what the object's name
// says goes before what the event says.
func (r *awsEvents) place() {
	h, e := r.hint, &r.event.hint
	h.Account = cmp.Or(h.Account, e.Account)
	h.Region = cmp.Or(h.Region, e.Region)
	h.Interface = cmp.Or(h.Interface, e.Interface)
	h.Log = cmp.Or(h.Log, e.Log)
	if h != r.parser.share.hint {
		r.parser.share.from(h)
		r.parser.dirty = dirtyAll
		if r.parser.fast != nil {
			r.parser.fast = r.parser.share.shared.fast(r.parser.share.hintKey)
		}
	}
}

// row makes a line of a row.
func (r *awsEvents) row() []byte {
	if !slices.Equal(r.rows, r.event.names) {
		r.rows = slices.Clone(r.event.names)
		r.parser.flush(&r.stats)
		r.parser.columns(r.rows)
	}
	r.line = r.line[:0]
	for i, v := range r.event.values {
		if i > 0 {
			r.line = append(r.line, ' ')
		}
		if v == "" {
			v = "-"
		}
		if strings.ContainsAny(v, " \t\r\n#") {
			v = rowEscaper.Replace(v)
		}
		r.line = append(r.line, v...)
	}
	if len(r.line) == 0 {
		return nil
	}
	return r.line
}

var rowEscaper = strings.NewReplacer(" ", "%20", "\t", "%09", "\r", "%0D", "\n", "%0A", "#", "%23")

// logStream is the interface whose name a log stream bears: "eni-0aaa-all".
func logStream(name string) string {
	if !strings.HasPrefix(name, "eni-") {
		return ""
	}
	for _, suffix := range []string{"-all", "-accept", "-reject"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// guessCloudWatch: see what openCloudWatch reads.
func guessCloudWatch(head []byte, opt Options) bool {
	head = bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	if len(head) == 0 {
		return false
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if head[0] != '{' && head[0] != '[' {
		if isStamped(first) {
			_, record, _ := bytes.Cut(first, []byte(" "))
			return guessAWSText(record, opt)
		}
		return isInsightsCSV(first)
	}
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case has(`"jsonPayload"`), has(`"flowTuples"`), has(`"flowRecords"`):
		return false // GCP's and Azure's
	case has(`"logEvents"`), has(`"CONTROL_MESSAGE"`), has(`"@message"`):
		return true
	case has(`"requestId"`) && has(`"records"`) && has(`"data"`):
		return true
	case bytes.HasPrefix(bytes.Join(bytes.Fields(head[:min(len(head), 200)]), nil), []byte(`{"records":[{"data":"`)):
		return true // the id comes behind records that are longer than the head
	}
	// {"message": "<record>"}, or a row of columns: the first object decides.
	var e awsEvent
	src := newAWSJSON(bytes.NewReader(head))
	if err := src.next(&e); err != nil {
		return false
	}
	if e.message != nil {
		return guessAWSText(e.message, opt)
	}
	return awsHeader([]byte(strings.Join(e.names, " ")))
}
