package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/periplus/periplus/periplus"
)

// events is the text of a window: a page of events at a time, so that no more
// than one (1 MB, 10,000 events) is in memory.
type events struct {
	g       *Group
	ctx     context.Context
	object  *periplus.Object
	look    string // that is made: the object's ETag as it was listed
	columns *columns
	end     time.Time // of the window
	found   found
	in      cloudwatchlogs.FilterLogEventsInput

	text  bytes.Buffer // of the page that is being read
	parts map[*layout]*bytes.Buffer
	order []*layout // of parts, as they were met
	last  *layout   // whose header was written last; nil: none
	done  bool
}

func (e *events) Read(p []byte) (int, error) {
	for e.text.Len() == 0 {
		if e.done {
			return 0, io.EOF
		}
		if err := e.page(); err != nil {
			return 0, err
		}
	}
	return e.text.Read(p)
}

func (e *events) Close() error {
	e.done = true
	e.text.Reset()
	return nil
}

// page reads the next page. It may be empty and not the last.
func (e *events) page() error {
	out, err := e.g.client.FilterLogEvents(e.ctx, &e.in, e.g.patient("read "+e.g.name))
	if err != nil {
		return e.g.explain("logs:FilterLogEvents", err)
	}
	before := sdk.ToString(e.in.NextToken)
	e.in.NextToken = out.NextToken
	if e.done = sdk.ToString(out.NextToken) == ""; !e.done && before == *out.NextToken {
		return fmt.Errorf("%s: AWS answered the same page twice; the next run reads it again", e.g.Name())
	}
	e.text.Reset()
	for i := range out.Events {
		if err := e.add(&out.Events[i]); err != nil {
			return err
		}
	}
	if e.done {
		e.object.ETag = e.look + " " + e.found.String()
	}
	// Lines with the same columns stand together, so that a header is written
	// once a page and not once a line.
	for _, l := range e.order {
		part := e.parts[l]
		if part.Len() == 0 {
			continue
		}
		if l != nil && l != e.last {
			e.header(l)
		}
		e.text.Write(part.Bytes())
		part.Reset()
	}
	return nil
}

// header names the columns of the lines that follow. Where lines have the time
// of their event before them, it has one too: so the reader expects it.
func (e *events) header(l *layout) {
	e.last = l
	if e.columns.stamped {
		e.text.WriteString(e.end.Format(stampTime))
	}
	e.text.WriteString(l.header())
	e.text.WriteByte('\n')
}

// stampTime is how CloudWatch Logs writes the time before a line it exports.
const stampTime = "2006-01-02T15:04:05.000Z "

var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// add puts an event's line where it belongs.
func (e *events) add(ev *types.FilteredLogEvent) error {
	stream, line := sdk.ToString(ev.LogStreamName), strings.TrimSpace(sdk.ToString(ev.Message))
	if !strings.HasPrefix(stream, e.g.prefix) {
		return nil // it was asked for; a store that does not know the word answers all
	}
	if line == "" {
		return nil
	}
	if ev.IngestionTime != nil {
		e.g.seen(time.UnixMilli(*ev.IngestionTime).Sub(e.end))
	}
	l, err := e.columns.of(line)
	if err != nil {
		return fmt.Errorf("%s, stream %s: %w", e.g.Name(), stream, err)
	}
	part := e.parts[l]
	if part == nil {
		if e.parts == nil {
			e.parts = map[*layout]*bytes.Buffer{}
		}
		part = &bytes.Buffer{}
		e.parts[l] = part
		e.order = append(e.order, l)
	}
	before := part.Len()
	if e.columns.stamped {
		part.WriteString(time.UnixMilli(sdk.ToInt64(ev.Timestamp)).UTC().Format(stampTime))
	}
	if strings.ContainsAny(line, "\r\n") {
		line = oneLine.Replace(line) // an event is a line, whatever it holds
	}
	part.WriteString(line)
	if l != nil && l.unnamed {
		part.WriteString(" " + interfaceOf(stream))
	}
	part.WriteByte('\n')
	e.found.add(l, part.Bytes()[before:])
	return nil
}

// lastLooks are the ages of a window at the looks after it was closed.
func (g *Group) lastLooks() string {
	var out []string
	for _, at := range lookAges(g.lag) {
		if at > window+g.lag {
			out = append(out, short(at))
		}
	}
	if len(out) == 0 {
		return "never"
	}
	return strings.Join(out, " and ") + " after they began"
}

// seen is told how long after the end of its window an event was taken in. One
// that comes after the lag is in the lake late, or never if it comes after the
// last look.
func (g *Group) seen(after time.Duration) {
	if after <= g.lag {
		return
	}
	g.mu.Lock()
	told := g.late > 0
	g.late = max(g.late, after)
	g.mu.Unlock()
	if !told {
		g.notice("events were delivered %s after the 5 minutes that they are of, which are read until %s after; what comes later is found when they are looked at again (%s): if that is usual here, add lag=%s to the address",
			short(after), short(g.lag), g.lastLooks(), short((after*2).Round(time.Hour)+time.Hour))
	}
}

// short writes a duration to the minute: 2h, 1h30m.
func short(d time.Duration) string {
	s := d.Round(time.Minute).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
