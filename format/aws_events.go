package format

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Where awsJSON is.
const (
	inStream  = iota // between values
	inArray          // of an array of objects
	inObject         // of an object: envelope, message or row
	inEvents         // of "logEvents" or "events"
	inRecords        // of Firehose's "records"
	inResults        // of the "results" of Logs Insights
)

// maxUnpacked is how large what one Firehose record holds may become.
const maxUnpacked = 64 << 20

// awsJSON walks over JSON that carries flow log records, in steps that each
// need only one event in memory.
type awsJSON struct {
	win     *jsonWindow
	t       jsonText
	state   []byte
	control bool           // of the envelope: it holds no records
	hint    periplus.Place // of the envelope
	names   []string       // of the object: scalars that may be a row
	values  []string
	when    time.Time
	inner   eventSource // of a Firehose record that holds JSON itself
	depth   int
}

func newAWSJSON(in io.Reader) *awsJSON {
	return &awsJSON{win: newJSONWindow(in), state: []byte{inStream}}
}

func (j *awsJSON) next(e *awsEvent) error {
	for {
		if j.inner != nil {
			err := j.inner.next(e)
			if err != io.EOF {
				return err
			}
			j.inner = nil
		}
		j.t.reset(j.win.rest())
		got, apply := j.step(e)
		if j.t.fault == jsonShort {
			if j.win.fill() {
				continue
			}
			return j.end()
		}
		if j.t.fault == jsonBad {
			j.win.pos += j.t.i // else the newline before the bad piece would be taken for its end
			return j.resync(j.t.msg)
		}
		j.win.pos += j.t.i
		if apply != nil {
			if err := apply(); err != nil {
				return &badEvent{periplus.BadSyntax, err.Error()}
			}
		}
		if got {
			return nil
		}
	}
}

// end is what the end of the stream means where it came.
func (j *awsJSON) end() error {
	left := bytes.TrimLeft(j.win.rest(), "\xef\xbb\xbf \t\r\n,")
	if j.win.full() {
		return j.resync("an event of more than 4 MiB")
	}
	j.win.pos = j.win.end
	if len(left) == 0 && len(j.state) == 1 || j.win.err != io.EOF {
		return j.win.err
	}
	j.state = j.state[:1]
	return &badEvent{periplus.BadCut, "JSON that ends in the middle"}
}

// resync goes on behind the next newline.
func (j *awsJSON) resync(msg string) error {
	j.state = j.state[:1]
	for {
		if i := bytes.IndexByte(j.win.rest(), '\n'); i >= 0 {
			j.win.pos += i + 1
			break
		}
		j.win.pos = j.win.end
		if !j.win.fill() {
			break
		}
	}
	return &badEvent{periplus.BadSyntax, msg}
}

// step takes one piece of text: a bracket, a member of an object, an event. It
// reports whether e holds a message or row, and returns what else is to be done
// once the piece is known to be whole.
func (j *awsJSON) step(e *awsEvent) (got bool, apply func() error) {
	t := &j.t
	top := j.state[len(j.state)-1]
	if top == inStream {
		b := bytes.TrimLeft(t.b, "\xef\xbb\xbf")
		t.i = len(t.b) - len(b)
	}
	c := t.peek()
	if t.fault != jsonFine {
		return false, nil
	}
	switch {
	case c == ',':
		t.i++
		return false, nil
	case c == ']' && (top == inArray || top >= inEvents):
		t.i++
		return false, j.pop
	case top == inStream || top == inArray:
		switch {
		case c == '{':
			t.i++
			return false, func() error {
				j.push(inObject)
				j.control, j.hint, j.when = false, periplus.Place{}, time.Time{}
				j.names, j.values = j.names[:0], j.values[:0]
				return nil
			}
		case c == '[' && top == inStream:
			t.i++
			return false, func() error { j.push(inArray); return nil }
		}
		t.bad("neither an object nor a list")
		return false, nil
	case top == inObject:
		if c == '}' {
			t.i++
			got = j.row(e)
			return got, j.pop
		}
		return j.member(e)
	case top == inEvents:
		return j.event(e), nil
	case top == inRecords:
		return j.record(e)
	}
	return j.result(e), nil
}

func (j *awsJSON) push(state byte) { j.state = append(j.state, state) }

func (j *awsJSON) pop() error {
	j.state = j.state[:len(j.state)-1]
	return nil
}

// member takes one member of an object.
func (j *awsJSON) member(e *awsEvent) (got bool, apply func() error) {
	t := &j.t
	key := string(t.key())
	lists := map[string]byte{"logEvents": inEvents, "events": inEvents, "records": inRecords, "results": inResults}
	if state := lists[key]; state != 0 && t.peek() == '[' {
		t.i++
		return false, func() error { j.push(state); return nil }
	}
	v := t.scalar()
	if t.fault != jsonFine || v == nil {
		return false, nil
	}
	value := string(v)
	switch key {
	case "messageType":
		return false, func() error { j.control = value != "DATA_MESSAGE"; return nil }
	case "owner":
		return false, func() error { j.hint.Account = value; return nil }
	case "logGroup", "@log":
		// Logs Insights writes "account:group".
		_, group, found := strings.Cut(value, ":")
		if !found || key == "logGroup" {
			group = value
		}
		return false, func() error { j.hint.Log = group; return nil }
	case "logStream", "@logStream":
		return false, func() error { j.hint.Interface = logStream(value); return nil }
	case "message", "@message":
		e.message, e.time, e.hint = v, j.when, j.hint
		return true, nil
	case "timestamp", "@timestamp":
		return false, func() error { j.when = eventTime([]byte(value)); return nil }
	}
	if len(key) > 0 && key[0] == '@' {
		return false, nil // @ptr, @ingestionTime
	}
	return false, func() error {
		if len(j.names) < 200 {
			j.names, j.values = append(j.names, key), append(j.values, value)
		}
		return nil
	}
}

// row makes a row of the scalars of the object that ends, if they are the
// columns of a flow log.
func (j *awsJSON) row(e *awsEvent) bool {
	known := 0
	for _, n := range j.names {
		if awsKnown([]byte(n)) != nil {
			known++
		}
	}
	if known < 2 || j.control {
		return false
	}
	e.names, e.values = append(e.names, j.names...), append(e.values, j.values...)
	e.time, e.hint = j.when, j.hint
	return true
}

// event takes one of "logEvents".
func (j *awsJSON) event(e *awsEvent) bool {
	t := &j.t
	e.hint, e.time, e.message = j.hint, time.Time{}, nil
	for ok := t.open('{'); ok; ok = t.more('}') {
		switch string(t.key()) {
		case "message":
			e.message = t.scalar()
		case "timestamp":
			e.time = eventTime(t.scalar())
		case "logStreamName":
			e.hint.Interface = logStream(string(t.scalar()))
		default:
			t.skip()
		}
	}
	return t.fault == jsonFine && e.message != nil && !j.control
}

// record takes one of Firehose's "records", whose data may be lines, an
// envelope, or either of them in gzip.
func (j *awsJSON) record(e *awsEvent) (bool, func() error) {
	t := &j.t
	var data []byte
	for ok := t.open('{'); ok; ok = t.more('}') {
		if string(t.key()) == "data" {
			data = t.scalar()
		} else {
			t.skip()
		}
	}
	if t.fault != jsonFine || data == nil {
		return false, nil
	}
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(plain, data)
	if err == nil {
		plain, err = unpack(plain[:n])
	}
	switch {
	case err != nil:
		return false, func() error { return err }
	case len(bytes.TrimSpace(plain)) == 0:
		return false, nil
	case plain[0] == '{' || plain[0] == '[':
		return false, func() error {
			if j.depth >= 2 {
				return errors.New("a Firehose request inside another")
			}
			inner := newAWSJSON(bytes.NewReader(plain))
			inner.depth = j.depth + 1
			j.inner = inner
			return nil
		}
	}
	e.message, e.hint = plain, j.hint
	return true, nil
}

// unpack inflates b if it is compressed.
func unpack(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("\x1f\x8b")) {
		return b, nil
	}
	z, err := newGzip(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if len(out) > maxUnpacked {
		return nil, errors.New("a Firehose record of more than 64 MiB")
	}
	return out, err
}

// result takes one of "results": a list of {"field": …, "value": …}.
func (j *awsJSON) result(e *awsEvent) bool {
	t := &j.t
	e.names, e.values, e.message, e.time, e.hint = e.names[:0], e.values[:0], nil, time.Time{}, j.hint
	for ok := t.open('['); ok; ok = t.more(']') {
		var field, value string
		for ok := t.open('{'); ok; ok = t.more('}') {
			switch string(t.key()) {
			case "field":
				field = string(t.scalar())
			case "value":
				value = string(t.scalar())
			default:
				t.skip()
			}
		}
		e.column(field, value)
	}
	return t.fault == jsonFine && (e.message != nil || len(e.names) > 0)
}

// column sorts a column of a result: CloudWatch's own begin with "@".
func (e *awsEvent) column(name, value string) {
	switch name {
	case "@message":
		e.message = []byte(value)
	case "@timestamp":
		e.time = eventTime([]byte(value))
	case "@logStream":
		e.hint.Interface = logStream(value)
	case "@log":
		if _, group, ok := strings.Cut(value, ":"); ok {
			value = group
		}
		e.hint.Log = value
	case "":
	default:
		if name[0] != '@' {
			e.names, e.values = append(e.names, name), append(e.values, value)
		}
	}
}

// eventTime reads milliseconds, or a time as Logs Insights and ISO write it;
// what is none of them is the zero time.
func eventTime(s []byte) time.Time {
	if ms, next, ok := scanUint(s, 0); ok && next == len(s) && ms < 1<<48 {
		return time.UnixMilli(int64(ms)).UTC()
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, string(s)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// insightsCSV reads the CSV that the console of Logs Insights exports.
type insightsCSV struct {
	in    *csv.Reader
	names []string
}

// isInsightsCSV reports whether a line names the columns of such a file.
func isInsightsCSV(line []byte) bool {
	names := strings.Split(strings.TrimSpace(string(line)), ",")
	for i := range names {
		names[i] = strings.Trim(names[i], `"`)
	}
	if slices.Contains(names, "@message") {
		return true
	}
	// CloudWatch's own columns, which begin with "@", prove nothing.
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "@") })
	return len(names) > 1 && !strings.Contains(names[0], " ") && awsHeader([]byte(strings.Join(names, " ")))
}

func newInsightsCSV(in io.Reader) *insightsCSV {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	return &insightsCSV{in: r}
}

func (c *insightsCSV) next(e *awsEvent) error {
	for {
		row, err := c.in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.As(err, &wrong):
			return &badEvent{periplus.BadSyntax, "CSV: " + wrong.Err.Error()}
		case err != nil:
			return err
		}
		if c.names == nil {
			row[0] = strings.TrimPrefix(row[0], "\xef\xbb\xbf")
			c.names = slices.Clone(row)
			continue
		}
		if len(row) != len(c.names) {
			return &badEvent{periplus.BadColumns, "another number of columns than the first line names"}
		}
		for i, v := range row {
			e.column(c.names[i], v)
		}
		if e.message != nil || len(e.names) > 0 {
			return nil
		}
	}
}
