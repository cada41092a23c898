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

// window is the length of an object: long enough that a year of a quiet group is
// no million requests, short enough that what is open is not all of a busy one.
const window = 10 * time.Minute

// stale is how old what AWS says of a stream may be: "typically less than an
// hour, in rare situations longer".
const stale = 3 * time.Hour

// A span is a stretch of time in which there may be events.
type span struct{ from, to time.Time }

// streams is what the streams of a group say together.
type streams struct {
	spans    []span // sorted, apart from each other
	ingested int64  // when the newest event was taken in; milliseconds
}

// streams asks for all streams of the group, or those with the prefix.
func (g *Group) streams(ctx context.Context, now time.Time) (s streams, err error) {
	in := &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g.byName(), LogGroupIdentifier: g.byARN(),
		LogStreamNamePrefix: text(g.prefix), Limit: sdk.Int32(50)}
	for {
		out, err := g.client.DescribeLogStreams(ctx, in, g.patient("list the streams of "+g.name))
		if err != nil {
			return s, g.explain("logs:DescribeLogStreams", err)
		}
		for i := range out.LogStreams {
			g.learn(&out.LogStreams[i])
			if sp, ok := g.span(&out.LogStreams[i], now); ok {
				s.spans = append(s.spans, sp)
			}
			s.ingested = max(s.ingested, sdk.ToInt64(out.LogStreams[i].LastIngestionTime))
		}
		s.spans = joined(s.spans)
		if in.NextToken = out.NextToken; sdk.ToString(in.NextToken) == "" {
			return s, nil
		}
	}
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
		sp.from = time.UnixMilli(*s.FirstEventTimestamp).UTC().Add(-window)
	}
	last := created
	if s.LastEventTimestamp != nil {
		last = time.UnixMilli(*s.LastEventTimestamp).UTC()
	}
	// There may be more than is said, up to now; of the future, what is said.
	sp.to = later(last, earlier(last.Add(stale), now))
	if !g.From.IsZero() {
		sp.from = later(sp.from, g.From.Add(-window)) // a record may last that long
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
