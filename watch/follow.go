package watch

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

// poll lists a source from time to time: what is recent each time, with what
// was recent when it was last listed in full order, and all now and then.
func (w *Watch) poll(ctx context.Context, s *Named) {
	var whole, recent time.Time // when each was listed without an error
	for {
		now := time.Now()
		src, all := periplus.Source(s), whole.IsZero() || now.Sub(whole) >= w.Whole
		if !all {
			src = s.Since(recent.Add(-w.Recent))
		}
		if n, ok := w.list(ctx, s, src); ok {
			w.ready.Store(true)
			if n == 0 && whole.IsZero() {
				w.Log.Warn("a source lists nothing yet; if that is not so, check its address and what is chosen of it", "source", s.Name)
			}
			if recent = now; all {
				whole = now
			}
		}
		w.wait.flush()
		// Several processes do not stay in step.
		if every := w.every(s); !sleep(ctx, every-every/10+rand.N(every/5+1)) {
			return
		}
	}
}

// list takes what a source lists and the lake has not, and returns how many
// objects it lists; false: it could not be listed to its end.
func (w *Watch) list(ctx context.Context, s *Named, src periplus.Source) (n int, ok bool) {
	ok = true
	for o, err := range src.Objects(ctx) {
		if ctx.Err() != nil {
			return n, false
		}
		if err != nil {
			ok = false
			w.Metrics.listed(s.Name, err)
			w.Log.Warn("a source could not be listed; it is tried again", "source", s.Name, "error", err)
			continue
		}
		n++
		if _, known := w.Ingest.Has(o); known {
			w.Metrics.newest(s.Name, time.Time{}, o.ModTime)
			continue
		}
		if !w.wait.add(ctx, o, s, nil) {
			return n, false
		}
	}
	if ok {
		w.Metrics.listed(s.Name, nil)
	}
	return n, ok
}

// receive takes notices until ctx ends. The queue stays open after that, for
// what is acknowledged last, until what it returns is called.
func (w *Watch) receive(ctx, work context.Context, in *sync.WaitGroup) (closing func(context.Context)) {
	var mu sync.Mutex
	var queue Queue
	in.Go(func() {
		pause := time.Second
		for {
			q, err := w.Open(work)
			if err == nil {
				mu.Lock()
				queue = q
				mu.Unlock()
				began := time.Now()
				err = w.notices(ctx, q)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				queue = nil
				mu.Unlock()
				w.shut(work, q)
				if time.Since(began) > time.Minute {
					pause = time.Second
				}
			}
			w.Metrics.retried("queue")
			w.Log.Warn("the queue does not answer; it is opened again", "error", err)
			if !sleep(ctx, pause/2+rand.N(pause)) {
				return
			}
			pause = min(2*pause, time.Minute)
		}
	})
	return func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		if queue != nil {
			w.shut(ctx, queue)
		}
	}
}

func (w *Watch) shut(ctx context.Context, q Queue) {
	if err := q.Close(ctx); err != nil {
		w.Log.Warn("the queue did not close in order; what it was told last may come again", "error", err)
	}
}

// notices takes them from one connection until that fails or ctx ends.
func (w *Watch) notices(ctx context.Context, q Queue) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var once sync.Once
	var failed error
	for range receivers {
		wg.Go(func() {
			for {
				n, err := q.Receive(ctx)
				if err != nil {
					once.Do(func() { failed = err })
					cancel()
					return
				}
				w.ready.Store(true)
				w.notice(ctx, n)
			}
		})
	}
	wg.Wait()
	return failed
}

// notice lets a notice wait for its objects.
func (w *Watch) notice(ctx context.Context, n *periplus.Notice) {
	if n.Err != nil {
		// Not acknowledged: after some tries the queue puts it where a person
		// finds it.
		w.Metrics.message(outcomePoison)
		w.Log.Error("a message is not understood; it is left to the queue's dead letter policy", "message", n.ID, "error", n.Err)
		return
	}
	if len(n.URIs) == 0 {
		n.Ack()
		w.Metrics.message(n.Kind)
		return
	}
	t := &told{Notice: n, open: len(n.URIs)}
	for _, uri := range n.URIs {
		w.named(ctx, t, uri)
	}
}

// named is one object of a notice.
func (w *Watch) named(ctx context.Context, t *told, uri string) {
	for i := range w.Sources {
		s := &w.Sources[i]
		if !s.Holds(uri) {
			continue
		}
		o, err := s.Find(ctx, uri)
		switch {
		case err == nil:
			if row, known := w.Ingest.Has(o); known {
				w.Metrics.newest(s.Name, row.LastSeen, o.ModTime)
				w.settled(t, true, outcomeKnown)
			} else if !w.wait.add(ctx, o, s, t) {
				w.giveBack(t)
			}
		case w.Outside != nil && errors.Is(err, w.Outside):
			continue // another source may have it
		case errors.Is(err, fs.ErrNotExist):
			w.settled(t, true, outcomeGone)
		case ctx.Err() != nil:
			w.giveBack(t)
		default:
			w.Log.Warn("an object that a message names could not be found; the message is left to come again", "message", t.ID, "error", err)
			w.settled(t, false, outcomeLeft)
		}
		return
	}
	w.settled(t, true, outcomeOther)
}

// build has traffic made when an hour is over.
func (w *Watch) build(ctx context.Context) {
	for {
		until := time.Now().Add(-w.Grace).UTC().Truncate(time.Hour)
		for pause := time.Minute; ; pause = min(2*pause, 15*time.Minute) {
			err := w.Build(ctx, until)
			if err == nil || ctx.Err() != nil {
				break
			}
			w.Metrics.retried("build")
			w.Log.Warn("traffic could not be built; it is tried again", "until", until, "error", err)
			if !sleep(ctx, pause) {
				return
			}
		}
		if !sleep(ctx, time.Until(until.Add(time.Hour+w.Grace))+time.Second) {
			return
		}
	}
}
