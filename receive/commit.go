package receive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

// A delivery is one body on its way into the lake. Who sends it again while it
// waits shares it.
type delivery struct {
	object periplus.Object
	body   []byte
	taken  int64         // of the Receiver's memory
	done   chan struct{} // closed when err is there
	err    error
}

// newDelivery names a body for good: the same delivery has the same URI
// whenever it comes.
func newDelivery(uri string, body []byte, taken int64) *delivery {
	sum := sha256.Sum256(body)
	return &delivery{object: periplus.Object{URI: uri, Size: int64(len(body)), ETag: hex.EncodeToString(sum[:12])},
		body: body, taken: taken, done: make(chan struct{})}
}

// queue holds the deliveries that wait and those that are being committed.
type queue struct {
	mu     sync.Mutex
	byURI  map[string]*delivery // of both
	next   []*delivery
	bytes  int64
	first  time.Time     // when the oldest of next came
	come   chan struct{} // something has come
	hasten chan struct{} // closed: wait no more
	ending sync.Once
}

func (q *queue) begin() {
	q.byURI, q.come, q.hasten = map[string]*delivery{}, make(chan struct{}, 1), make(chan struct{})
}

// add puts a delivery into the queue, or returns the one that is there.
func (q *queue) add(d *delivery) (*delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if old, ok := q.byURI[d.object.URI]; ok {
		return old, false
	}
	if len(q.next) == 0 {
		q.first = time.Now()
	}
	q.byURI[d.object.URI] = d
	q.next = append(q.next, d)
	q.bytes += int64(len(d.body))
	select {
	case q.come <- struct{}{}:
	default:
	}
	return d, true
}

// due is how long the next commit may still wait; 0: it is due. Without a
// delivery there is none.
func (q *queue) due(r *Receiver) (wait time.Duration, some bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.next) == 0 {
		return 0, false
	}
	select {
	case <-q.hasten:
		return 0, true
	default:
	}
	if q.bytes >= r.Bytes || len(q.next) >= r.Requests {
		return 0, true
	}
	return max(0, r.Every-time.Since(q.first)), true
}

// take returns what is to be committed, in the order of their URIs.
func (q *queue) take() []*delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.next
	q.next, q.bytes = nil, 0
	slices.SortFunc(all, func(a, b *delivery) int { return strings.Compare(a.object.URI, b.object.URI) })
	return all
}

// end lets the callers of deliveries go on.
func (q *queue) end(all []*delivery, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range all {
		delete(q.byURI, d.object.URI)
		if d.err == nil {
			d.err = err
		}
		close(d.done)
	}
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.byURI)
}

// hurry makes everything due.
func (q *queue) hurry() { q.ending.Do(func() { close(q.hasten) }) }

// Commit commits deliveries until ctx ends; what waits then is told that it
// has to come again. One goroutine at a time.
func (r *Receiver) Commit(ctx context.Context) {
	r.begin()
	hasten := r.queue.hasten
	for ctx.Err() == nil {
		wait, some := r.queue.due(r)
		if some && wait == 0 {
			r.commit(ctx, r.queue.take())
			continue
		}
		timer := time.NewTimer(wait)
		if !some {
			timer.Stop() // until something comes
		}
		select {
		case <-timer.C:
		case <-r.queue.come:
		case <-hasten:
			hasten = nil // seen: from now on due says it
		case <-ctx.Done():
		}
		timer.Stop()
	}
	r.end(r.queue.take(), errEnding)
}

var errEnding = errors.New("the receiver ends")

// commit makes one commit of deliveries and answers them.
func (r *Receiver) commit(ctx context.Context, all []*delivery) {
	in := &r.Ingest // what it knows of the lake it keeps for the next
	in.Source, in.Wait = source(all), true
	in.BatchBytes, in.BatchObjects = math.MaxInt64, len(all)+1
	sum, err := in.Run(ctx)
	if r.committed != nil {
		r.committed()
	}
	if err == nil && sum.Failed > 0 {
		err = r.failed(ctx, all)
	}
	if err != nil {
		r.warn("deliveries are not committed, their senders come again", "error", err)
	} else {
		r.count.repeated.Add(sum.Skipped)
		r.count.records.Add(sum.Stats.Records)
		r.count.bad.Add(sum.Stats.BadTotal())
		if sum.Objects > 0 {
			r.count.commits.Add(1)
			r.count.last.Store(time.Now().UnixNano())
		}
	}
	r.end(all, err)
}

// end answers deliveries and gives back what they held.
func (r *Receiver) end(all []*delivery, err error) {
	r.queue.end(all, err)
	for _, d := range all {
		r.memory.give(d.taken)
	}
}

// failed marks the deliveries that the ledger does not hold as read. Their
// text was looked through before, so this is next to impossible.
func (r *Receiver) failed(ctx context.Context, all []*delivery) error {
	ledger, err := r.Ingest.Lake.Ledger(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if o, ok := ledger[d.object.URI]; !ok || o.State == periplus.ObjectFailed {
			d.err = errUnread
		}
	}
	return nil
}

var errUnread = errors.New("the delivery could not be read")

// source is deliveries as a source of objects.
type source []*delivery

func (s source) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, d := range s {
			if !yield(d.object, nil) {
				return
			}
		}
	}
}

func (s source) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	i, ok := slices.BinarySearchFunc(s, o.URI, func(d *delivery, uri string) int { return strings.Compare(d.object.URI, uri) })
	if !ok {
		return nil, fmt.Errorf("%s: not among these deliveries", o.URI)
	}
	return io.NopCloser(bytes.NewReader(s[i].body)), nil
}
