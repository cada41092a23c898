package watch

import (
	"context"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

// An entry is an object that waits for the commit that will hold it.
type entry struct {
	object  periplus.Object
	source  *Named
	notices []*told // that wait for it
	seen    time.Time
	due     time.Time // not before; after a failure
}

// told is a notice and what it still waits for.
type told struct {
	*periplus.Notice
	mu      sync.Mutex
	open    int // objects that are not settled
	left    bool
	outcome string // when all is well
}

// settle counts one object of a notice as done and reports whether that was
// the last, and then whether all went well.
func (n *told) settle(ok bool, outcome string) (last, all bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open--
	n.left = n.left || !ok
	if ok && (n.outcome == "" || outcome == outcomeCommitted) {
		n.outcome = outcome
	}
	return n.open == 0, !n.left
}

// A waiting is the objects that are to be read, each once. The zero value is
// ready but for its settings.
type waiting struct {
	every   time.Duration
	records int64
	retry   time.Duration

	mu      sync.Mutex
	entries map[string]*entry
	order   []string          // of entries, as they came
	taken   map[string]*entry // the batch that is being read
	failed  map[string]failure
	closed  bool
	flushed bool          // what waits is not to wait longer
	change  chan struct{} // is closed when something changed
	wake    time.Time     // when take looks again by itself
	lost    int           // commits in a row that failed
	perByte float64       // records a stored byte, of what was read
}

// A failure is how often an object could not be read as it was listed.
type failure struct {
	size  int64
	etag  string
	tries int
	until time.Time
}

const (
	batchObjects = 4096
	batchBytes   = 256 << 20
	mostWaiting  = 2 * batchObjects
	mostFailed   = 100_000
	firstPerByte = 1. / 25 // of gzipped text, until it was measured

	lastRetry = time.Hour // however often an object has failed
)

func (q *waiting) init() {
	if q.entries == nil {
		q.entries, q.taken, q.failed = map[string]*entry{}, map[string]*entry{}, map[string]failure{}
		q.change = make(chan struct{})
		q.perByte = firstPerByte
	}
}

// changed wakes all that wait; mu is held.
func (q *waiting) changed() {
	close(q.change)
	q.change = make(chan struct{})
}

// add puts an object with the others, with a notice that waits for it or nil.
// Where too many wait already it waits itself. false: ctx ended first.
func (q *waiting) add(ctx context.Context, o periplus.Object, s *Named, n *told) bool {
	for {
		q.mu.Lock()
		q.init()
		if q.join(o, n) {
			q.mu.Unlock()
			return true
		}
		if len(q.entries) < mostWaiting {
			e := &entry{object: o, source: s, seen: time.Now()}
			if f, ok := q.failed[o.URI]; ok && f.size == o.Size && f.etag == o.ETag {
				e.due = f.until
			}
			if n != nil {
				e.notices, e.due = []*told{n}, time.Time{} // its queue says that it is time
			}
			q.entries[o.URI] = e
			q.order = append(q.order, o.URI)
			// Who sleeps until a time is woken by what is due earlier, and by a few
			// of the others to see whether they are enough.
			if n := len(q.entries); e.seen.Add(q.every).Before(q.wake) || n%128 == 0 || o.Size > batchBytes/128 {
				q.changed()
			}
			q.mu.Unlock()
			return true
		}
		change := q.change
		q.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return false
		}
	}
}

// join lets a notice wait with an entry that is there. mu is held.
func (q *waiting) join(o periplus.Object, n *told) bool {
	if e := q.entries[o.URI]; e != nil {
		// The later one of two looks at the same object: what is read is what is
		// there then, so both get what they saw or something newer.
		e.object = o
		if n != nil {
			e.notices, e.due = append(e.notices, n), time.Time{}
			q.changed()
		}
		return true
	}
	if e := q.taken[o.URI]; e != nil && e.object.Size == o.Size && e.object.ETag == o.ETag {
		if n != nil {
			e.notices = append(e.notices, n)
		}
		return true
	}
	return false
}

// flush lets what waits now be taken at once.
func (q *waiting) flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.init()
	if len(q.entries) > 0 {
		q.flushed = true
		q.changed()
	}
}

// close lets take return what has a notice, and then nothing.
func (q *waiting) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.init()
	q.closed = true
	q.changed()
}

// take returns the next batch when it is time, none when all is over.
func (q *waiting) take() []*entry {
	for {
		q.mu.Lock()
		q.init()
		now := time.Now()
		wait, ready := q.ready(now)
		if ready || q.closed {
			batch := q.cut(now)
			if len(batch) > 0 || q.closed {
				q.mu.Unlock()
				return batch
			}
		}
		change := q.change
		q.wake = now.Add(wait)
		q.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-change:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ready reports whether a batch is to be read now, else when to look again.
// mu is held.
func (q *waiting) ready(now time.Time) (time.Duration, bool) {
	var count, size int64
	wait := time.Hour
	for _, e := range q.entries {
		if e.due.After(now) {
			wait = min(wait, e.due.Sub(now))
			continue
		}
		count++
		size += max(0, e.object.Size)
		wait = min(wait, e.seen.Add(q.every).Sub(now))
	}
	if count == 0 {
		q.flushed = false
		return max(wait, time.Millisecond), false
	}
	full := count >= batchObjects || size >= batchBytes || float64(size)*q.perByte >= float64(q.records)
	return max(wait, time.Millisecond), full || q.flushed || wait <= 0
}

// cut takes what is due, in the order in which it came. After the end it takes
// only what a notice waits for: it was begun. mu is held.
func (q *waiting) cut(now time.Time) []*entry {
	var batch []*entry
	var size int64
	rest := q.order[:0]
	for _, uri := range q.order {
		e := q.entries[uri]
		full := len(batch) >= batchObjects || size >= batchBytes || float64(size)*q.perByte >= float64(q.records)
		if full || e.due.After(now) || q.closed && len(e.notices) == 0 {
			rest = append(rest, uri)
			continue
		}
		size += max(0, e.object.Size)
		batch = append(batch, e)
		delete(q.entries, uri)
		q.taken[uri] = e
	}
	q.order = rest
	if len(batch) > 0 {
		q.changed()
	}
	return batch
}

// done forgets a batch's object that was read and returns who waited for it.
func (q *waiting) done(e *entry) []*told {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.taken, e.object.URI)
	delete(q.failed, e.object.URI)
	return e.notices
}

// again puts an object back that was not read: at once where it was not its own
// fault, else after a while that grows. It returns who waited for it and does
// no longer.
func (q *waiting) again(e *entry, own bool) []*told {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.taken, e.object.URI)
	var gone []*told
	if own {
		f := q.failed[e.object.URI]
		if f.size != e.object.Size || f.etag != e.object.ETag {
			f = failure{size: e.object.Size, etag: e.object.ETag}
		}
		f.tries++
		f.until = time.Now().Add(min(lastRetry, q.retry<<min(f.tries-1, 20)))
		if len(q.failed) < mostFailed {
			q.failed[e.object.URI] = f
		}
		e.due = f.until
		gone, e.notices = e.notices, nil
	}
	if newer := q.entries[e.object.URI]; newer != nil {
		newer.notices = append(newer.notices, e.notices...)
		return gone
	}
	q.entries[e.object.URI] = e
	q.order = append(q.order, e.object.URI)
	q.changed()
	return gone
}

// measured learns how many records a stored byte holds.
func (q *waiting) measured(records, size int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost = 0
	if size > 1<<16 && records > 0 {
		q.perByte = 0.7*q.perByte + 0.3*float64(records)/float64(size)
	}
}

// size is how many objects wait or are being read.
func (q *waiting) size() (waiting, reading int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries), len(q.taken)
}
