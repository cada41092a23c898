// Package watch follows sources into a lake: it looks at them from time to
// time, takes notice of what a queue says, and commits what is new in small
// batches. A message is acknowledged when the lake holds what it names.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// Source is what can be followed.
type Source interface {
	periplus.Source
	// Since is the same source, of which only what may hold records since t is
	// listed, as far as names say it.
	Since(t time.Time) periplus.Source
	// Holds reports whether an object lies in the source. It asks nobody.
	Holds(uri string) bool
	// Find returns an object that a message names as Objects lists it; an error
	// that is Outside says that Objects would not, fs.ErrNotExist that it is gone.
	Find(ctx context.Context, uri string) (periplus.Object, error)
}

// A Prober is a Source that can tell that it is not there, or may not be read:
// an error is certain. nil is also the answer when nobody can tell now.
type Prober interface {
	Missing(ctx context.Context) error
}

// An Unnamed is a Source that can say that no message will name its objects.
type Unnamed interface {
	Unnamed() bool
}

// ErrMissing says that a source is not there, or not for us, of which the lake
// holds nothing:
// its address may be mistyped.
var ErrMissing = errors.New("it cannot be read, and never was")

// Named is a source and what it is called in reports.
type Named struct {
	Name string
	Source
}

// Queue brings notices. Receive waits for the next; it may be called by several
// goroutines at once. After an error the queue is closed and opened anew.
type Queue interface {
	Receive(ctx context.Context) (*periplus.Notice, error)
	// Close ends the connection once what was acknowledged is on its way.
	Close(ctx context.Context) error
}

// Watch follows sources. Ingest and Sources are needed, the rest may be zero.
type Watch struct {
	// Ingest reads into the lake. Its Source, Wait and bounds of a batch are
	// the Watch's business, and nobody else may use it.
	Ingest  *lake.Ingest
	Sources []Named
	Open    func(context.Context) (Queue, error) // the queue; nil: there is none
	Outside error                                // what Find's errors are for an object that is not to be read
	// Patient says to wait for a source that is not there when it begins, instead
	// of ending with ErrMissing.
	Patient bool

	Every  time.Duration // how often what is recent is listed; 0: a minute, what a queue may name 15
	Recent time.Duration // how old that may be; 0: 3 hours
	Whole  time.Duration // how often all is listed; 0: 6 hours

	// A commit comes at the latest so long after the first object that waits
	// for it was seen, and earlier when about so many records wait.
	CommitEvery   time.Duration // 0: a minute
	CommitRecords int64         // 0: 5,000,000

	Retry time.Duration // after which an object that failed is read again, doubled each time; 0: 5 seconds

	// Build, when set, is called with the end of every hour that is over, so
	// that the traffic before it is made: at the start and Grace after each.
	Build func(ctx context.Context, until time.Time) error
	Grace time.Duration // 0: 20 minutes

	// Ahead, when set, makes a source that downloads what is expected.
	Ahead   func(periplus.Source) periplus.Source
	Metrics *Metrics     // nil: none are kept
	Log     *slog.Logger // nil: none

	wait   waiting
	ready  atomic.Bool // one look at every source, or the queue, has succeeded
	broken atomic.Bool // the last commit failed
	drain  atomic.Bool
}

// The usual settings.
const (
	Every         = time.Minute
	EveryQueue    = 15 * time.Minute // beside a queue, for what it lost
	Recent        = 3 * time.Hour
	Whole         = 6 * time.Hour
	CommitEvery   = time.Minute
	CommitRecords = 5_000_000
	Retry         = 5 * time.Second
	Grace         = 20 * time.Minute

	receivers = 8 // that ask the queue, and the store about what it names
)

func (w *Watch) defaults() {
	for d, usual := range map[*time.Duration]time.Duration{
		&w.Recent: Recent, &w.Whole: Whole, &w.CommitEvery: CommitEvery, &w.Grace: Grace, &w.Retry: Retry,
	} {
		if *d <= 0 {
			*d = usual
		}
	}
	if w.CommitRecords <= 0 {
		w.CommitRecords = CommitRecords
	}
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	if w.Metrics == nil {
		w.Metrics = NewMetrics()
	}
	w.wait.every, w.wait.records, w.wait.retry = w.CommitEvery, w.CommitRecords, w.Retry
}

// Run follows the sources until ctx ends. Then it takes no more, commits and
// acknowledges what was begun, and returns nil. An error is of the lake or
// ErrMissing, and comes only from the start: later ones are reported and tried
// again.
func (w *Watch) Run(ctx context.Context) error {
	w.defaults()
	if err := w.begin(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped before anything was begun
		}
		return err
	}
	// What was begun when ctx ends comes to its end.
	work := context.WithoutCancel(ctx)
	var in, out sync.WaitGroup
	for i := range w.Sources {
		in.Go(func() { w.poll(ctx, &w.Sources[i]) })
	}
	hold := func(context.Context) {} // closes the queue
	if w.Open != nil {
		hold = w.receive(ctx, work, &in)
	}
	if w.Build != nil {
		in.Go(func() { w.build(ctx) })
	}
	out.Go(func() {
		for {
			batch := w.wait.take()
			if len(batch) == 0 {
				return
			}
			w.commit(work, batch)
		}
	})
	<-ctx.Done()
	w.drain.Store(true)
	w.Log.Info("draining: what was begun is committed; a second signal ends at once")
	in.Wait()
	w.wait.close()
	out.Wait()
	closing, cancel := context.WithTimeout(work, 20*time.Second)
	defer cancel()
	hold(closing)
	return nil
}

// begin learns what the lake holds, so that what was read before is known when
// it is listed, and how far each source has come; and whether there are those of
// which it holds nothing.
func (w *Watch) begin(ctx context.Context) error {
	w.Ingest.Wait, w.Ingest.Defer = true, true
	w.Ingest.Source = &batch{}
	if _, err := w.Ingest.Run(ctx); err != nil {
		return err
	}
	ledger, err := w.Ingest.Lake.Ledger(ctx)
	if err != nil {
		return err
	}
	held := map[*Named]bool{}
	for _, o := range ledger {
		if s := w.source(o.URI); s != nil {
			held[s] = true
			w.Metrics.newest(s.Name, o.LastSeen, time.Time{})
		}
	}
	if w.Patient {
		return nil
	}
	return w.missing(ctx, held)
}

// missing asks the sources of which nothing is held whether they are there. What
// was there before is waited for: it is no wrong address.
func (w *Watch) missing(ctx context.Context, held map[*Named]bool) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second) // no answer is one too
	defer cancel()
	errs := make([]error, len(w.Sources))
	var wg sync.WaitGroup
	for i := range w.Sources {
		f, ok := w.Sources[i].Source.(Prober)
		if !ok || held[&w.Sources[i]] {
			continue
		}
		wg.Go(func() {
			if err := f.Missing(ctx); err != nil {
				errs[i] = fmt.Errorf("%w: %w", ErrMissing, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// every is how often what is recent of a source is listed.
func (w *Watch) every(s *Named) time.Duration {
	if w.Every > 0 {
		return w.Every
	}
	if q, ok := s.Source.(Unnamed); w.Open == nil || ok && q.Unnamed() {
		return Every
	}
	return EveryQueue
}

// source is the first one that an object lies in.
func (w *Watch) source(uri string) *Named {
	for i := range w.Sources {
		if w.Sources[i].Holds(uri) {
			return &w.Sources[i]
		}
	}
	return nil
}

// Ready is why the watch does not do its work now; nil: it does.
func (w *Watch) Ready() error {
	switch {
	case w.drain.Load():
		return errors.New("draining")
	case !w.ready.Load():
		return errors.New("no source was listed yet and no queue answered")
	case w.broken.Load():
		return errors.New("the last commit failed and is tried again")
	}
	return nil
}

// sleep waits; false: ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
