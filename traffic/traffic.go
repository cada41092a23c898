// Package traffic keeps the table traffic current: it knows which hours must
// be made again, has merge decide every conversation of them, and hands the
// rows to the lake, an hour at a time and never a day in memory.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/periplus/periplus/lake"
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
	// Hours reads flows.
	Hours(ctx context.Context) (*lake.Hours, error)
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

// claimer is a Lake of which several processes build traffic: it gives each
// hour to one of them at a time.
type claimer interface {
	Claim(ctx context.Context, from, to time.Time) (release func(), ok bool, err error)
}

// errClaimed says that another process builds some of the hours.
var errClaimed = errors.New("another process builds these hours")

// claim takes hours; errClaimed: another process has some of them.
func (k *Keeper) claim(ctx context.Context, from, to time.Time) (release func(), err error) {
	c, ok := k.Lake.(claimer)
	if !ok {
		return func() {}, nil
	}
	release, ok, err = c.Claim(ctx, from, to)
	if err == nil && !ok {
		err = &claimed{from, to}
	}
	return release, err
}

// claimed is errClaimed with the hours.
type claimed struct{ from, to time.Time }

func (c *claimed) Error() string        { return errClaimed.Error() }
func (c *claimed) Is(target error) bool { return target == errClaimed }

// settled does what builds until nobody else has the hours of it: what the other
// has built when it is done need not be built again.
func (k *Keeper) settled(ctx context.Context, build func(context.Context) error) error {
	for {
		err := build(ctx)
		var other *claimed
		if !errors.As(err, &other) {
			return err
		}
		for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			release, err := k.claim(ctx, other.from, other.to)
			if err == nil {
				release()
				break
			}
			if !errors.Is(err, errClaimed) {
				return err
			}
		}
	}
}

// Keeper keeps traffic current. It may be used by several goroutines; one of
// them builds.
type Keeper struct {
	Lake   Lake
	Engine query.Engine

	Rows int    // rows of flows that it holds at once, about 120 bytes each; 0: 2,000,000
	Temp string // folder for what does not fit in memory; "": the system's
	// Progress is told of every hour that was built, if not nil.
	Progress func(Progress)

	once sync.Once
	turn chan struct{} // holds one token: who has it builds
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
	k.once.Do(func() { k.turn = make(chan struct{}, 1) })
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := k.settled(ctx, func(ctx context.Context) error { return k.hours(ctx, from, to) }); err != nil {
		return fmt.Errorf("traffic: %w", err)
	}
	if err := k.settled(ctx, func(ctx context.Context) error { return k.days(ctx, from, to) }); err != nil {
		return fmt.Errorf("traffic by day: %w", err)
	}
	return nil
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
	flows, err := k.Lake.Hours(ctx)
	if err != nil {
		return err
	}
	flows.Keep, flows.Temp = int64(k.Rows), k.Temp
	return errors.Join(k.build(ctx, newFacts(now), flows, k.jobs(flows, stale)), flows.Close())
}

// A job is hours that are replaced together: several small ones, or one.
type job struct{ from, to time.Time }

// together is how many rows the hours of one job may have.
const together = 100_000

// jobs cuts stale hours into jobs.
func (k *Keeper) jobs(flows *lake.Hours, stale []time.Time) []job {
	limit := int64(together)
	if k.Rows > 0 {
		limit = min(limit, int64(k.Rows))
	}
	var out []job
	var sum int64
	for _, h := range stale {
		n, end := flows.Rows(h), h.Add(time.Hour)
		if i := len(out) - 1; i >= 0 && out[i].to.Equal(h) && sum+n <= limit {
			out[i].to = end
			sum += n
			continue
		}
		out = append(out, job{h, end})
		sum = n
	}
	return out
}

// build builds jobs: one is written while the next is computed, so that the
// lake is locked for writing only.
func (k *Keeper) build(ctx context.Context, facts *facts, flows *lake.Hours, jobs []job) (err error) {
	at := Progress{}
	for _, j := range jobs {
		at.Hours += j.hours()
	}
	builders := [2]builder{}
	var writing chan error // of the other builder
	written := func() error {
		if writing == nil {
			return nil
		}
		err := <-writing
		writing = nil
		return err
	}
	defer func() {
		err = errors.Join(err, written())
		for i := range builders {
			err = errors.Join(err, builders[i].reset())
		}
	}()
	for i, j := range jobs {
		b := &builders[i%2]
		*b = builder{facts: facts, flows: flows, job: j, buckets: b.buckets, hours: b.hours}
		b.buckets.dir, b.hours.dir = k.Temp, k.Temp
		release, err := k.claim(ctx, j.from, j.to)
		if err != nil {
			return err
		}
		if err := errors.Join(b.reset(), b.compute(ctx)); err != nil {
			release()
			return err
		}
		if err := written(); err != nil {
			release()
			return err
		}
		done := make(chan error, 1)
		writing = done
		go func() {
			err := b.replace(ctx, k.Lake)
			release()
			if err == nil {
				at.Done += j.hours()
				at.Rows += b.rows
				at.Below += b.below
				if k.Progress != nil {
					k.Progress(at)
				}
			}
			done <- err
		}()
	}
	return written()
}

func (j job) hours() int { return int(j.to.Sub(j.from) / time.Hour) }
