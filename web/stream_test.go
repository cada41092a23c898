package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serveTest runs a server; end stops it and returns what Serve did.
func serveTest(t *testing.T, s *Server) (address string, end func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	ended := false
	end = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { end() })
	return "http://" + l.Addr().String(), end
}

// events reads the events of a stream; the channel is closed at its end.
func events(t *testing.T, address string) (list <-chan [2]string, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, "GET", address+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept-Encoding", "gzip")
	r, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	if kind, zip := r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"); kind != "text/event-stream" || zip != "" {
		t.Fatalf("the stream is %q, encoded as %q", kind, zip)
	}
	out := make(chan [2]string, 100)
	go func() {
		defer close(out)
		defer r.Body.Close()
		name := ""
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			if e, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = e
			}
			if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- [2]string{name, d}
			}
		}
	}()
	return out, cancel
}

func next(t *testing.T, list <-chan [2]string, event, holds string) string {
	t.Helper()
	for {
		select {
		case e, ok := <-list:
			if !ok {
				t.Fatalf("the stream ended, want %s with %s", event, holds)
			}
			if e[0] == event && strings.Contains(e[1], holds) {
				return e[1]
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s with %s", event, holds)
		}
	}
}

// inside counts the goroutines that are in this package's server.
func inside() int {
	b := make([]byte, 4<<20)
	n := 0
	for g := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		for _, f := range []string{"web.(*Server).stream(", "web.(*Server).join", "web.(*life)", "web.(*Server).work"} {
			if strings.Contains(g, f) {
				n++
				break
			}
		}
	}
	return n
}

func none(t *testing.T) {
	t.Helper()
	n := 0
	for range 400 {
		if n = inside(); n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left", n)
}

func TestStream(t *testing.T) {
	var mark atomic.Int64
	s := server()
	s.pollEvery = time.Millisecond
	s.Mark = func(context.Context) (string, error) { return fmt.Sprint("m", mark.Load()), nil }
	address, end := serveTest(t, s)
	var streams []<-chan [2]string
	var leave []func()
	for range 20 {
		list, l := events(t, address)
		streams, leave = append(streams, list), append(leave, l)
	}
	for _, list := range streams {
		got := next(t, list, "data", "m0")
		var e dataEvent
		if err := json.Unmarshal([]byte(got), &e); err != nil || e.Mark != "m0" || e.Extent != nil {
			t.Errorf("an empty lake's first event is %s, %v", got, err)
		}
	}
	mark.Store(1)
	for _, list := range streams {
		next(t, list, "data", "m1")
	}
	var m struct {
		Mark string
		Live bool
	}
	if err := json.NewDecoder(get(t, s, "/api/v1/meta").Body).Decode(&m); err != nil || m.Mark != "m1" || !m.Live {
		t.Errorf("meta says %+v, %v", m, err)
	}
	for _, l := range leave[:19] {
		l()
	}
	mark.Store(2)
	next(t, streams[19], "data", "m2")
	leave[19]()
	none(t) // without readers nobody polls
	again, _ := events(t, address)
	next(t, again, "data", "m2")
	mark.Store(3)
	next(t, again, "data", "m3") // the poll began again

	start := time.Now()
	if err := end(); err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("the end took %v: a stream held it up", took)
	}
	if e, ok := <-again; ok {
		t.Errorf("after the end came %v", e)
	}
	none(t)
}

func TestStreamOfDataThatStands(t *testing.T) {
	s := server()
	address, _ := serveTest(t, s)
	list, _ := events(t, address)
	told := make(chan struct{}) // who comes when it is over is not told of it
	j, err := s.add("x", func(_ context.Context, tell Tell) error { <-told; tell(func(j *Job) { j.Records = 7 }); return nil }, func() error { return nil })
	if err != nil || j.State != JobQueued {
		close(told)
		t.Fatalf("%+v, %v", j, err)
	}
	next(t, list, "ingest", `"state":`)
	close(told)
	next(t, list, "ingest", `"state":"done"`)
}
