package receive

import (
	"sync"
	"sync/atomic"
	"time"
)

// Counts is what a Receiver did since it began.
type Counts struct {
	Requests  int64 // that came, of whatever kind
	Accepted  int64 // answered with success
	Repeated  int64 // of these: were there already, or came twice at once
	Keys      int64 // refused: a wrong key or token
	Malformed int64 // refused: no such delivery, or nothing in it could be read
	TooLarge  int64 // refused: longer than any delivery
	Busy      int64 // told to come again: too much is here
	Failed    int64 // told to come again: the commit failed or took too long

	Commits       int64 // that added something
	Records       int64 // committed
	Bad           int64 // bad lines in what was committed
	Bytes         int64 // of accepted bodies, as sent
	Waiting       int64 // deliveries that wait for their commit, now
	Held          int64 // bytes of bodies that are here, now
	LastCommitted time.Time
}

type counters struct {
	requests, accepted, repeated, keys, malformed, tooLarge, busy, failed atomic.Int64
	commits, records, bad, bytes                                          atomic.Int64
	last                                                                  atomic.Int64
}

// Counts may be called at any time.
func (r *Receiver) Counts() Counts {
	r.begin()
	c := &r.count
	out := Counts{Requests: c.requests.Load(), Accepted: c.accepted.Load(), Repeated: c.repeated.Load(), Keys: c.keys.Load(),
		Malformed: c.malformed.Load(), TooLarge: c.tooLarge.Load(), Busy: c.busy.Load(), Failed: c.failed.Load(),
		Commits: c.commits.Load(), Records: c.records.Load(), Bad: c.bad.Load(), Bytes: c.bytes.Load(),
		Waiting: int64(r.queue.waiting()), Held: r.memory.held(r.Memory)}
	if at := c.last.Load(); at != 0 {
		out.LastCommitted = time.Unix(0, at).UTC()
	}
	return out
}

// A budget is memory that bodies share.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

func (b *budget) held(all int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return all - b.left
}

// said keeps a log from being filled by who asks again and again.
type said struct {
	mu   sync.Mutex
	last map[string]time.Time
	n    map[string]int64
}

const sayEvery = 10 * time.Second

// now reports whether a thing is to be said, and how often it happened since
// it was said last.
func (s *said) now(what string, at time.Time) (n int64, say bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last, s.n = map[string]time.Time{}, map[string]int64{}
	}
	s.n[what]++
	if at.Sub(s.last[what]) < sayEvery {
		return 0, false
	}
	n = s.n[what]
	s.last[what], s.n[what] = at, 0
	return n, true
}

// warn logs a kind of trouble, seldom. What comes with it is ours, not the
// caller's.
func (r *Receiver) warn(what string, args ...any) {
	if r.Log == nil {
		return
	}
	if n, say := r.said.now(what, time.Now()); say {
		r.Log.Warn(what, append(args, "times", n)...)
	}
}
