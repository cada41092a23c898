// Package traffic keeps the table traffic current: it knows which hours must
// be made again, has SQL sum what needs no rule and merge decide the rest, and
// hands the rows to the lake, an hour at a time and never a day in memory.
package traffic

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// The steps, in seconds.
const (
	stepBucket = 300
	stepHour   = 3600
	stepDay    = 86400
)

// Lake is what a Keeper needs of *lake.Lake.
type Lake interface {
	// Stale returns the hours whose traffic is missing or older than flows.
	Stale(ctx context.Context, from, to time.Time) ([]time.Time, error)
	// StaleDays returns the days that could have a day step and have none.
	StaleDays(ctx context.Context, from, to time.Time) ([]time.Time, error)
	// ReplaceTraffic replaces a step from start up to end.
	ReplaceTraffic(ctx context.Context, step int64, start, end time.Time, rows iter.Seq2[*periplus.Traffic, error]) error
	// Built returns the hours that are not stale.
	Built(ctx context.Context) ([]time.Time, error)
	// News reports whether there may be facts that traffic was not held against.
	News(ctx context.Context) (bool, error)
	// Facts returns those that it was held against last and those of now.
	Facts(ctx context.Context) (was, now *lake.Facts, err error)
	// Held says that it was held against now, and which hours that changed.
	Held(ctx context.Context, was, now *lake.Facts, changed []time.Time) error
}

// pinner is a Lake that can show one state of itself for a while.
type pinner interface {
	Pin(ctx context.Context) (pinned context.Context, done func(), err error)
}

// Keeper keeps traffic current. It may be used by several goroutines; one of
// them builds.
type Keeper struct {
	Lake   Lake
	Engine query.Engine

	Rows int    // rows that one statement takes at once, about; 0: 750,000
	Temp string // folder for what waits to be written; "": the system's
	// Progress is told of every hour that was built, if not nil.
	Progress func(Progress)

	once  sync.Once
	build chan struct{} // holds one token: who has it builds
}

// Progress is how far Current is.
type Progress struct {
	Done, Hours int   // of this call
	Rows        int64 // of the 5-minute step, written by this call
	// Below counts denials that hold more packets than was let through before
	// them: an observer lost records.
	Below int64
}

// Current returns when traffic from from up to to holds what flows hold: it
// builds the hours that are stale, also those that facts change which came
// later than the flows, then the days that are over and whose hours
// are all current. Zero times: no bound.
func (k *Keeper) Current(ctx context.Context, from, to time.Time) error {
	k.once.Do(func() { k.build = make(chan struct{}, 1) })
	select {
	case k.build <- struct{}{}:
		defer func() { <-k.build }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := k.hours(ctx, from, to); err != nil {
		return fmt.Errorf("traffic: %w", err)
	}
	if err := k.days(ctx, from, to); err != nil {
		return fmt.Errorf("traffic by day: %w", err)
	}
	return nil
}

func (k *Keeper) rows() int64 {
	if k.Rows > 0 {
		return int64(k.Rows)
	}
	return 750_000
}

// hours builds the stale hours from one state of the lake.
func (k *Keeper) hours(ctx context.Context, from, to time.Time) error {
	if p, ok := k.Lake.(pinner); ok {
		pinned, done, err := p.Pin(ctx)
		if err != nil {
			return err
		}
		defer done()
		ctx = pinned
	}
	if err := k.learn(ctx); err != nil {
		return err
	}
	stale, err := k.Lake.Stale(ctx, from, to)
	if err != nil || len(stale) == 0 {
		return err
	}
	_, now, err := k.Lake.Facts(ctx)
	if err != nil {
		return err
	}
	facts := newFacts(now)
	jobs, err := k.jobs(ctx, stale)
	if err != nil {
		return err
	}
	at := Progress{Hours: len(stale)}
	for _, j := range jobs {
		b := builder{k: k, facts: facts, job: j, hours: spool{dir: k.Temp}}
		if err := b.replace(ctx); err != nil {
			return err
		}
		at.Done += int(j.to.Sub(j.from) / time.Hour)
		at.Rows += b.rows
		at.Below += b.below
		if k.Progress != nil {
			k.Progress(at)
		}
	}
	return nil
}

// A job is hours that are built together: several small ones, one, or one in
// parts.
type job struct {
	from, to time.Time
	parts    []part
}

// together is how many rows the hours of one statement may have: they are
// sorted by hour in memory.
const together = 100_000

// jobs cuts stale hours into jobs.
func (k *Keeper) jobs(ctx context.Context, stale []time.Time) ([]job, error) {
	first, last := stale[0], stale[len(stale)-1].Add(time.Hour)
	counts := map[int64]int64{}
	err := k.Engine.Query(ctx, query.Statement{
		SQL: "SELECT CAST(floor(to_unixtime(bucket) / 3600) AS bigint) AS hour, count(*) AS n" +
			" FROM flows WHERE bucket >= ? AND bucket < ? AND observer <> 'leg' GROUP BY 1",
		Args:  []any{first, last},
		Spans: []query.Span{{Table: "flows", From: first, To: last}},
	}, func(_ []string, v []any) error {
		var r record
		r.take(v)
		counts[r.number(0)] = r.number(1)
		return r.err
	})
	if err != nil {
		return nil, err
	}
	var out []job
	var sum int64
	limit := min(together, k.rows())
	for _, h := range stale {
		n := counts[h.Unix()/stepHour]
		end := h.Add(time.Hour)
		if i := len(out) - 1; i >= 0 && out[i].to.Equal(h) && sum+n <= limit {
			out[i].to, out[i].parts[0].to, sum = end, end, sum+n
			continue
		}
		j := job{from: h, to: end, parts: []part{{from: h, to: end}}}
		if n > k.rows() {
			j.parts, err = k.split(ctx, part{from: h, to: end}, query.Statement{
				SQL: "SELECT client, count(*) AS n FROM flows WHERE bucket >= ? AND bucket < ? AND observer <> 'leg'" +
					" GROUP BY client ORDER BY client",
				Args:  []any{h, end},
				Spans: []query.Span{{Table: "flows", From: h, To: end}},
			})
			if err != nil {
				return nil, err
			}
		}
		out = append(out, j)
		sum = n
	}
	return out, nil
}

// split cuts a part by clients so that each holds about as many rows as one
// statement takes. The statement answers clients in order and their rows.
func (k *Keeper) split(ctx context.Context, p part, s query.Statement) ([]part, error) {
	out := []part{p}
	var sum int64
	err := k.Engine.Query(ctx, s, func(_ []string, v []any) error {
		var r record
		r.take(v)
		client, n := r.text(0), r.number(1)
		if sum > 0 && sum+n > k.rows() && client != "" {
			out[len(out)-1].after = client
			next := p
			next.first = client
			out, sum = append(out, next), 0
		}
		sum += n
		return r.err
	})
	return out, err
}

// builder builds one job.
type builder struct {
	k     *Keeper
	facts *facts
	job   job
	rows  int64
	below int64

	hours   spool // rows of the hour step, in order
	pending []periplus.Traffic
}

// replace writes the two fine steps of the job's hours.
func (b *builder) replace(ctx context.Context) (err error) {
	defer func() {
		if closed := b.hours.close(); err == nil {
			err = closed
		}
	}()
	if err := b.k.Lake.ReplaceTraffic(ctx, stepBucket, b.job.from, b.job.to, b.buckets(ctx)); err != nil {
		return err
	}
	return b.k.Lake.ReplaceTraffic(ctx, stepHour, b.job.from, b.job.to, b.hours.all())
}

// buckets yields the rows of the 5-minute step in order and keeps their sums
// by hour.
func (b *builder) buckets(ctx context.Context) iter.Seq2[*periplus.Traffic, error] {
	return func(yield func(*periplus.Traffic, error) bool) {
		err := b.each(ctx, func(t *periplus.Traffic) error {
			if !yield(t, nil) {
				return errStop
			}
			b.rows++
			return b.sum(t)
		})
		if err == nil {
			err = b.flush()
		}
		if err != nil && err != errStop {
			yield(nil, err)
		}
	}
}

// sum adds a row to its hour. The rows of a conversation in an hour come one
// after the other.
func (b *builder) sum(t *periplus.Traffic) error {
	hour := t.Bucket.Truncate(time.Hour)
	if len(b.pending) > 0 {
		p := &b.pending[0]
		if p.Client != t.Client || p.Server != t.Server || p.ServerPort != t.ServerPort || p.HasPort != t.HasPort ||
			p.Protocol != t.Protocol || !p.Bucket.Equal(hour) {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	for i := range b.pending {
		p := &b.pending[i]
		if p.Verdict == t.Verdict && p.Reason == t.Reason && p.ClientNetwork == t.ClientNetwork && p.ServerNetwork == t.ServerNetwork {
			merge.Sum(p, t)
			return nil
		}
	}
	b.pending = append(b.pending, *t)
	p := &b.pending[len(b.pending)-1]
	p.Step, p.Bucket = stepHour, hour
	return nil
}

// flush puts the pending conversation with the others of the hour.
func (b *builder) flush() error {
	sortRows(b.pending)
	for i := range b.pending {
		if err := b.hours.add(&b.pending[i]); err != nil {
			return err
		}
	}
	b.pending = b.pending[:0]
	return nil
}
