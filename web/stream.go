package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// How often a stream says that it lives, and how often the data is asked
// whether it changed.
const (
	streamBeat = 15 * time.Second
	streamPoll = 2 * time.Second
	// A reader that takes nothing for so long has gone.
	streamPatience = 30 * time.Second
)

// dataEvent tells of the data as it is now.
type dataEvent struct {
	Mark   string `json:"mark"`
	Extent *Span  `json:"extent"`
}

// news is what streams wait for. There is no queue: each reader knows what it
// was told last and is told what is true now, so a slow one misses only what
// is over. The zero value has no readers.
type news struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next change; nil: nobody waits
	data    dataEvent
	readers int
	stop    context.CancelFunc // of the poll, which runs while there are readers
}

// next is closed when something changes after this call.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.changed
}

// tell wakes the readers.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

func (n *news) now() dataEvent {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.data
}

// look asks whether the data has changed. While a job reads, it is told at the
// job's end, when the map is up to date.
func (s *Server) look(ctx context.Context) error {
	if s.Mark == nil || s.jobs.reading() {
		return nil
	}
	mark, err := s.Mark(ctx)
	if err != nil || mark == s.news.now().Mark {
		return err
	}
	x, err := s.Questions.Extent(ctx)
	if err != nil {
		return err
	}
	e := dataEvent{Mark: mark}
	if !x.From.IsZero() {
		e.Extent = &Span{x.From, x.To}
	}
	s.news.mu.Lock()
	s.news.data = e
	s.news.mu.Unlock()
	s.news.tell()
	return nil
}

// join counts a reader in; the first one starts the poll.
func (s *Server) join() {
	s.news.mu.Lock()
	defer s.news.mu.Unlock()
	if s.news.readers++; s.news.readers > 1 || s.Mark == nil {
		return
	}
	ctx, finish, ok := s.life.begin(context.Background())
	if !ok {
		return
	}
	s.news.stop = finish
	go func() {
		failed := false
		for tick := time.NewTicker(s.poll()); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			err := s.look(ctx)
			if err != nil && !failed && ctx.Err() == nil && s.Log != nil {
				s.Log.Error("look for new data", "error", err) // once until it works again
			}
			failed = err != nil
		}
	}()
}

func (s *Server) poll() time.Duration {
	if s.pollEvery > 0 {
		return s.pollEvery
	}
	return streamPoll
}

func (s *Server) leave() {
	s.news.mu.Lock()
	defer s.news.mu.Unlock()
	if s.news.readers--; s.news.readers == 0 && s.news.stop != nil {
		s.news.stop()
		s.news.stop = nil
	}
}

// stream tells one reader what changes, until it goes or the server ends.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if err := s.look(r.Context()); err != nil {
		s.fail(w, r, err)
		return
	}
	s.join()
	defer s.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		_ = out.SetWriteDeadline(time.Now().Add(streamPatience)) // a writer of a test has none
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	told, seen, first := "", int64(0), true
	if !send("retry: 2000\n\n") {
		return
	}
	for {
		next := s.news.next()
		if d := s.news.now(); d.Mark != told {
			if told = d.Mark; !send("event: data\ndata: %s\n\n", line(d)) {
				return
			}
		}
		list, last := s.jobs.since(seen, first)
		for i := range list {
			if !send("event: ingest\ndata: %s\n\n", line(&list[i])) {
				return
			}
		}
		seen, first = last, false
		select {
		case <-next:
		case <-beat.C:
			if !send(":\n\n") {
				return
			}
		case <-r.Context().Done():
			return
		case <-s.life.done():
			return
		}
	}
}

// line is JSON without a line break, which would end an event.
func line(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of our own shapes
	}
	return b
}
