package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// A batch is objects as a source, which opens each where it came from.
type batch struct{ entries []*entry }

func (b *batch) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, e := range b.entries {
			if !yield(e.object, nil) {
				return
			}
		}
	}
}

func (b *batch) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	for _, e := range b.entries {
		if e.object.URI == o.URI {
			return e.source.Open(ctx, o)
		}
	}
	return nil, fmt.Errorf("%s: not of this batch", o.URI)
}

// commit reads a batch, in one commit, and tells who waited for it.
func (w *Watch) commit(ctx context.Context, entries []*entry) {
	start := time.Now()
	sum, err := w.read(ctx, entries)
	w.Metrics.batch(sum, time.Since(start))
	w.broken.Store(err != nil)
	if err != nil {
		w.lakeFailed(entries, err)
		return
	}
	var size int64
	for _, e := range entries {
		row, ok := w.Ingest.Has(e.object)
		took := w.Ingest.Took(e.object.URI)
		// A source may know at the opening that the object is another by now.
		if !ok && (!took || row.State == periplus.ObjectFailed) {
			w.failed(e)
			continue
		}
		outcome := outcomeKnown
		if took {
			outcome = outcomeCommitted
			size += max(0, row.Size)
		}
		w.Metrics.object(e.source.Name, outcome, row)
		w.Metrics.newest(e.source.Name, row.LastSeen, e.object.ModTime)
		for _, n := range w.wait.done(e) {
			w.settled(n, true, outcome)
		}
	}
	w.wait.measured(sum.Stats.Records, size)
	for _, f := range sum.Failures {
		w.Log.Warn("an object could not be read", "state", f.State, "error", f.Error())
	}
	if sum.Objects > 0 {
		w.Log.Info("committed", "objects", sum.Objects, "records", sum.Stats.Records, "bad", sum.Stats.BadTotal(),
			"known", sum.Skipped, "failed", sum.Failed, "seconds", time.Since(start).Seconds())
	}
}

// read runs the ingest. It is the only one who does, so it sets its source.
func (w *Watch) read(ctx context.Context, entries []*entry) (*lake.Summary, error) {
	in := w.Ingest
	in.Source = &batch{entries}
	if w.Ahead != nil {
		in.Source = w.Ahead(in.Source)
	}
	in.BatchObjects, in.BatchBytes = 2*batchObjects, 1<<50 // the batch is cut already
	return in.Run(ctx)
}

// lakeFailed puts all back: the lake could not be written, or another tool was
// faster, and then the next try sees what it did.
func (w *Watch) lakeFailed(entries []*entry, err error) {
	kind, pause := "lake", time.Second
	if errors.Is(err, lake.ErrConflict) || errors.Is(err, lake.ErrBusy) {
		kind, pause = "conflict", 0
	}
	w.Metrics.retried(kind)
	w.Log.Warn("a commit failed; it is tried again", "kind", kind, "objects", len(entries), "error", err)
	for _, e := range entries {
		if w.drain.Load() {
			for _, n := range w.wait.done(e) {
				w.giveBack(n)
			}
			continue
		}
		w.wait.again(e, false)
	}
	if w.drain.Load() {
		return
	}
	// Whatever is wrong, such as a full disk, is not made better by haste.
	w.wait.mu.Lock()
	w.wait.lost++
	n := w.wait.lost
	w.wait.mu.Unlock()
	time.Sleep(min(30*time.Second, pause+50*time.Millisecond<<min(n, 12)))
	w.wait.flush()
}

// failed puts an object back that could not be read, and leaves its notices to
// the queue, which brings them again or puts them away.
func (w *Watch) failed(e *entry) {
	w.Metrics.object(e.source.Name, outcomeFailed, periplus.ReadObject{})
	w.Metrics.retried("object")
	for _, n := range w.wait.again(e, true) {
		w.settled(n, false, outcomeLeft)
	}
}

// settled counts an object of a notice, and acknowledges the notice with its
// last one.
func (w *Watch) settled(n *told, ok bool, outcome string) {
	last, all := n.settle(ok, outcome)
	switch {
	case !last:
	case all:
		n.Ack()
		w.Metrics.message(n.outcome)
	default:
		w.Metrics.message(outcomeLeft)
	}
}

// giveBack is for a notice that nobody will work on here any more.
func (w *Watch) giveBack(n *told) {
	if last, _ := n.settle(false, ""); last {
		n.Back()
		w.Metrics.message(outcomeBack)
	}
}
