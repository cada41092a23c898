package aws

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// window is the length of an object: as short as may be, for what is fresh is
	// read several times, and not shorter than a bucket of the table flows, whose
	// rows two objects would split.
	window = 5 * time.Minute
	// longest is how long a record lasts at most: its event bears its start.
	longest = 10 * time.Minute
	// stale is how old what AWS says of a stream may be: "typically less than an
	// hour, in rare situations longer".
	stale = 3 * time.Hour
)

// lookAges is how long after its start a window is looked at: often while its
// events usually come, seldom later, when it is closed, and twice again for what
// comes later than ever. Nothing of AWS's tells of which windows it took events
// in, so every look downloads the window: this bounds how often each event is.
func lookAges(lag time.Duration) []time.Duration {
	closed := window + lag
	var out []time.Duration
	add := func(age time.Duration) {
		// What is looked at shortly before it is closed is not worth it.
		if age <= often && age < closed || age < closed*2/3 {
			out = append(out, age)
		}
	}
	for age := time.Duration(0); age <= often; age += 2 * time.Minute {
		add(age)
	}
	add(16 * time.Minute) // records that last 10 minutes come until then
	for age := 22 * time.Minute; age < closed; age *= 2 {
		add(age)
	}
	out = append(out, closed)
	for _, age := range []time.Duration{6 * time.Hour, lastLook} {
		if age > closed {
			out = append(out, age)
		}
	}
	return out
}

const (
	// often is how old a window is that is looked at every other minute: records
	// that last a minute come until then.
	often = 12 * time.Minute
	// lastLook is how old it is at the last look, if the lag is not longer: before
	// its events are gone of a group that keeps them for a day.
	lastLook = 23 * time.Hour
)

// look names the last look that was due at a window: its ETag.
func (g *Group) look(start, now time.Time) string {
	age, name := now.Sub(start), short(0)
	for _, at := range lookAges(g.lag) {
		if age >= at {
			name = short(at)
		}
	}
	return name
}

// A span is a stretch of time in which there may be events.
type span struct{ from, to time.Time }

// streams asks for all streams of the group, or those with the prefix, and
// returns when there may be events: sorted, apart from each other.
func (g *Group) streams(ctx context.Context, now time.Time) (spans []span, err error) {
	in := &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g.byName(), LogGroupIdentifier: g.byARN(),
		LogStreamNamePrefix: text(g.prefix), Limit: sdk.Int32(50)}
	for {
		out, err := g.client.DescribeLogStreams(ctx, in, g.patient("list the streams of "+g.name))
		if err != nil {
			return nil, g.explain("logs:DescribeLogStreams", err)
		}
		for i := range out.LogStreams {
			g.learn(&out.LogStreams[i])
			if sp, ok := g.span(&out.LogStreams[i], now); ok {
				spans = append(spans, sp)
			}
		}
		spans = joined(spans)
		if in.NextToken = out.NextToken; sdk.ToString(in.NextToken) == "" {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.spans, g.listed = slices.Clone(spans), now
			return spans, nil
		}
	}
}

// recent is when there may be events since a time, as the last list of the
// streams said it and the clock does since then: streams are not asked for
// again, of which a group may have thousands. ok is false if they never were.
func (g *Group) recent(since, now time.Time) (spans []span, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.account == "" { // no stream, and so no name for its windows
		return nil, false
	}
	for _, s := range append(slices.Clone(g.spans), span{g.listed.Add(-g.lag - longest), now}) {
		if s.from = later(s.from, since); !g.From.IsZero() {
			s.from = later(s.from, g.From.Add(-longest))
		}
		if !g.To.IsZero() {
			s.to = earlier(s.to, g.To.Add(-1))
		}
		if !s.to.Before(s.from) {
			spans = append(spans, s)
		}
	}
	return joined(spans), true
}

// learn takes the account out of a stream's ARN.
func (g *Group) learn(s *types.LogStream) {
	if p := strings.SplitN(sdk.ToString(s.Arn), ":", 6); len(p) == 6 {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.account = p[4]
	}
}

// span is when a stream may have events, as far as that is wanted.
func (g *Group) span(s *types.LogStream, now time.Time) (span, bool) {
	created := time.UnixMilli(sdk.ToInt64(s.CreationTime)).UTC()
	// A stream is made for its first event, and a record that comes later may
	// begin earlier, by the longest that a record lasts.
	sp := span{created.Add(-g.lag), created}
	if s.FirstEventTimestamp != nil {
		sp.from = time.UnixMilli(*s.FirstEventTimestamp).UTC().Add(-longest)
	}
	last := created
	if s.LastEventTimestamp != nil {
		last = time.UnixMilli(*s.LastEventTimestamp).UTC()
	}
	// There may be more than is said, up to now; of the future, what is said.
	sp.to = later(last, earlier(last.Add(stale), now))
	if !g.From.IsZero() {
		sp.from = later(sp.from, g.From.Add(-longest))
	}
	if !g.To.IsZero() {
		sp.to = earlier(sp.to, g.To.Add(-1))
	}
	return sp, !sp.to.Before(sp.from)
}
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// joined sorts spans and makes one of those that meet. It changes the list.
func joined(list []span) []span {
	slices.SortFunc(list, func(a, b span) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			out[n-1].to = later(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// windows yields where the windows begin that spans touch.
func (g *Group) windows(spans []span) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		var next time.Time
		for _, s := range spans {
			for t := later(s.from.Truncate(window), next); !t.After(s.to); t = t.Add(window) {
				if !yield(t) {
					return
				}
				next = t.Add(window)
			}
		}
	}
}
