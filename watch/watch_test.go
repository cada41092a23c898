package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

const header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

// log is a file of n records, some minutes ago.
func log(file, n int) string {
	var b strings.Builder
	b.WriteString(header)
	at := time.Now().Add(-10 * time.Minute).Unix()
	for i := range n {
		fmt.Fprintf(&b, "2 123456789010 eni-%d 10.0.0.%d 10.1.0.%d %d 443 6 1 100 %d %d ACCEPT OK\n", file, i%200, i%17, 20000+i%5000, at, at+6)
	}
	return b.String()
}

// watching is a Watch that runs.
type watching struct {
	*Watch
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

// follow starts a Watch, which ends with the test at the latest.
func follow(t *testing.T, l *lake.Lake, w *Watch) *watching {
	t.Helper()
	if w.Ingest == nil {
		w.Ingest = &lake.Ingest{Lake: l, Workers: 2}
	}
	w.Outside = errOutside
	if w.Every == 0 {
		w.Every = 20 * time.Millisecond
	}
	if w.CommitEvery == 0 {
		w.CommitEvery = 20 * time.Millisecond
	}
	if w.Retry == 0 {
		w.Retry = 10 * time.Millisecond
	}
	ctx, stop := context.WithCancel(t.Context())
	x := &watching{Watch: w, t: t, stop: stop, done: make(chan error, 1)}
	w.Metrics = NewMetrics()
	go func() { x.done <- w.Run(ctx) }()
	t.Cleanup(func() { x.end() })
	return x
}

// end stops it as a signal does.
func (x *watching) end() {
	x.t.Helper()
	x.stop()
	select {
	case err, ok := <-x.done:
		if ok && err != nil {
			x.t.Errorf("ends with %v", err)
		}
		if ok {
			close(x.done)
		}
	case <-time.After(time.Minute):
		x.t.Fatal("it does not end")
	}
}

// until waits for something to become true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func newLake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), t.TempDir(), lake.Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// records are those of the ledger; -1 counts what failed.
func records(t *testing.T, l *lake.Lake) (n int64) {
	t.Helper()
	ledger, err := l.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ledger {
		n += o.Records
	}
	return n
}

// What comes to a source by and by is read, once, whatever fails meanwhile.
func TestPolling(t *testing.T) {
	l, b := newLake(t), &bucket{prefix: "s3://logs/"}
	b.put("s3://logs/0", log(0, 100))
	w := follow(t, l, &Watch{Sources: []Named{{"logs", b}}, Recent: time.Hour, Whole: time.Hour})
	until(t, "the first object", func() bool { return records(t, l) == 100 })
	if err := w.Ready(); err != nil {
		t.Errorf("not ready: %v", err)
	}
	b.put("s3://logs/1", log(1, 50))
	b.mu.Lock()
	b.fail["s3://logs/1"] = 3
	b.mu.Unlock()
	until(t, "an object that failed", func() bool { return records(t, l) == 150 })
	b.mu.Lock()
	b.down = errors.New("500")
	b.mu.Unlock()
	until(t, "a listing that fails", func() bool { return testutil.ToFloat64(w.Metrics.lists.WithLabelValues("logs", "failed")) > 2 })
	b.put("s3://logs/2", log(2, 25))
	b.mu.Lock()
	b.down = nil
	b.mu.Unlock()
	until(t, "what came while it was down", func() bool { return records(t, l) == 175 })
	b.put("s3://logs/0", log(0, 130)) // it has grown
	until(t, "what has grown", func() bool { return records(t, l) == 205 })
	if _, err := w.Metrics.lag.recordOf("logs"); err != nil {
		t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, at := range b.listed {
		if ago := time.Since(at); ago < time.Hour || ago > time.Hour+time.Minute {
			t.Errorf("listing %d asked for what is since %s ago, want an hour before the last", i, ago)
		}
	}
	if len(b.listed) == 0 {
		t.Error("all was listed each time")
	}
}

// Each message ends as it should, and is acknowledged only when its objects are
// in the lake.
func TestQueue(t *testing.T) {
	l, b, p := newLake(t), &bucket{prefix: "s3://logs/"}, newPost()
	for i := range 5 {
		uri := fmt.Sprintf("s3://logs/%d", i)
		b.put(uri, log(i, 10))
		b.hidden[uri] = true
	}
	b.fail["s3://logs/3"] = 1
	b.put("s3://logs/junk", "\x00\x01\x02 nothing that anybody knows\n")
	b.hidden["s3://logs/junk"] = true
	one := p.uris("s3://logs/0")
	p.uris("s3://logs/0") // again
	two := p.uris("s3://logs/1", "s3://logs/2", "s3://other/x")
	test, deletion := p.send(periplus.Notice{Kind: "test"}), p.send(periplus.Notice{Kind: "deletion"})
	foreign, unwanted, gone := p.uris("s3://other/secret"), p.uris("s3://logs/a.txt"), p.uris("s3://logs/gone")
	poison := p.send(periplus.Notice{Err: errors.New("not JSON")})
	junk, flaky := p.uris("s3://logs/junk", "s3://logs/0"), p.uris("s3://logs/3")
	w := follow(t, l, &Watch{Sources: []Named{{"logs", b}}, Open: p.open, Every: time.Hour, Retry: time.Hour})
	until(t, "all that is in order", func() bool {
		return p.done(one) && p.done(two) && p.done(test) && p.done(deletion) && p.done(foreign) && p.done(unwanted) && p.done(gone)
	})
	until(t, "what fails", func() bool { return testutil.ToFloat64(w.Metrics.messages.WithLabelValues(outcomeLeft)) == 2 })
	if p.done(poison) || p.done(junk) || p.done(flaky) {
		t.Error("what was not understood or not read was acknowledged")
	}
	p.again()
	until(t, "what failed once", func() bool { return p.done(flaky) })
	until(t, "what fails again", func() bool {
		return testutil.ToFloat64(w.Metrics.messages.WithLabelValues(outcomePoison)) == 2 && testutil.ToFloat64(w.Metrics.messages.WithLabelValues(outcomeLeft)) == 3
	})
	if p.done(poison) || p.done(junk) {
		t.Error("what was not understood or not read was acknowledged")
	}
	if got := records(t, l); got != 40 {
		t.Errorf("%d records, want 40", got)
	}
	for outcome, want := range map[string]float64{"test": 1, "deletion": 1, outcomeOther: 2, outcomeGone: 1} {
		if got := testutil.ToFloat64(w.Metrics.messages.WithLabelValues(outcome)); got != want {
			t.Errorf("%v messages are %s, want %v", got, outcome, want)
		}
	}
	// The connection is lost, and another one brings the rest.
	p.mu.Lock()
	lost := p.broken
	p.broken = make(chan struct{})
	p.mu.Unlock()
	close(lost)
	last := p.uris("s3://logs/4")
	until(t, "what came on another connection", func() bool { return p.done(last) })
	w.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range p.acked {
		if n != 1 {
			t.Errorf("message %d was acknowledged %d times", id, n)
		}
	}
	if p.closed != p.opened-1 {
		t.Errorf("the queue was opened %d times, with one error, and closed %d times", p.opened, p.closed)
	}
}

// A watch that is told to stop commits and acknowledges what it has received.
func TestDrain(t *testing.T) {
	l, b, p := newLake(t), &bucket{prefix: "s3://logs/"}, newPost()
	var ids []int
	for i := range 40 {
		uri := fmt.Sprintf("s3://logs/%02d", i)
		b.put(uri, log(i, 10))
		b.hidden[uri] = true
		ids = append(ids, p.uris(uri))
	}
	b.put("s3://logs/polled", log(99, 10))
	w := follow(t, l, &Watch{Sources: []Named{{"logs", b}}, Open: p.open, Every: time.Hour, CommitEvery: time.Hour})
	until(t, "all received", func() bool { waiting, _ := w.wait.size(); return waiting == 40 && len(p.next) == 0 })
	w.end()
	for _, id := range ids {
		if !p.done(id) {
			t.Errorf("message %d was not acknowledged", id)
		}
	}
	if got := records(t, l); got != 410 {
		t.Errorf("%d records, want 410", got)
	}
	if err := w.Ready(); err == nil || err.Error() != "draining" {
		t.Errorf("ready says %v", err)
	}
}

// Several watches on one lake and one queue read each object once.
func TestSeveralWatches(t *testing.T) {
	dir := t.TempDir()
	b, p := &bucket{prefix: "s3://logs/"}, newPost()
	p.opened = 1 // no error
	var all []*watching
	for range 3 {
		l, err := lake.Create(t.Context(), dir, lake.Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		all = append(all, follow(t, l, &Watch{Sources: []Named{{"logs", b}}, Open: p.open, Every: 50 * time.Millisecond}))
	}
	const n = 120
	var ids []int
	for i := range n {
		uri := fmt.Sprintf("s3://logs/%03d", i)
		b.put(uri, log(i, 10))
		ids = append(ids, p.uris(uri), p.uris(uri))
	}
	until(t, "all acknowledged", func() bool { return !slices.ContainsFunc(ids, func(id int) bool { return !p.done(id) }) })
	var committed, working float64
	for _, w := range all {
		w.end()
		c := testutil.ToFloat64(w.Metrics.objects.WithLabelValues("logs", outcomeCommitted))
		if committed += c; c > 0 {
			working++
		}
	}
	if got := records(t, all[0].Ingest.Lake); got != n*10 || committed != n {
		t.Errorf("%d records of %v objects, want %d of %d", got, committed, n*10, n)
	}
	t.Logf("%v of 3 had something to do", working)
}

// Hours are built when they are over, again when that fails.
func TestBuild(t *testing.T) {
	var calls atomic.Int64
	w := &Watch{Grace: 20 * time.Minute, Log: nil, Build: func(_ context.Context, until time.Time) error {
		if ago := time.Since(until); ago < 20*time.Minute || ago > 80*time.Minute || !until.Equal(until.Truncate(time.Hour)) {
			t.Errorf("built until %s", until)
		}
		calls.Add(1)
		return nil
	}}
	l := newLake(t)
	w.Ingest = &lake.Ingest{Lake: l}
	x := follow(t, l, w)
	until(t, "a build at the start", func() bool { return calls.Load() == 1 })
	x.end()
}

// recordOf is the newest record that is known of a source.
func (l *lagging) recordOf(source string) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.records[source]
	if ago := time.Since(at); ago < 5*time.Minute || ago > 30*time.Minute {
		return at, fmt.Errorf("the newest record is %s old", ago)
	}
	return at, nil
}

// What the lake cannot take now it takes later: nothing is acknowledged before.
func TestLakeFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir, lake.Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, p := &bucket{prefix: "s3://logs/"}, newPost()
	p.opened = 1
	w := follow(t, l, &Watch{Sources: []Named{{"logs", b}}, Open: p.open})
	until(t, "a look at the source", func() bool { return w.Ready() == nil })
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	b.put("s3://logs/0", log(0, 10))
	id := p.uris("s3://logs/0")
	until(t, "a commit that fails", func() bool { return testutil.ToFloat64(w.Metrics.retries.WithLabelValues("lake")) > 0 })
	if w.Ready() == nil || p.done(id) {
		t.Errorf("while commits fail: ready says %v, acknowledged %v", w.Ready(), p.done(id))
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	until(t, "the same once more", func() bool { return p.done(id) })
	if got := records(t, l); got != 10 || w.Ready() != nil {
		t.Errorf("%d records, ready says %v; want 10", got, w.Ready())
	}
}

// A source that is not there ends the watch at its beginning, unless it is to be
// waited for, or was there before.
func TestMissingSource(t *testing.T) {
	none := errors.New("no such bucket")
	l, there, gone := newLake(t), &bucket{prefix: "s3://logs/"}, &bucket{prefix: "s3://lgos/", gone: none, down: none}
	there.put("s3://logs/0", log(0, 100))
	err := (&Watch{Ingest: &lake.Ingest{Lake: l}, Sources: []Named{{"logs", there}, {"lgos", gone}}}).Run(t.Context())
	if !errors.Is(err, ErrMissing) || !errors.Is(err, none) || records(t, l) != 0 {
		t.Errorf("it ends with %v and %d records", err, records(t, l))
	}
	w := follow(t, l, &Watch{Sources: []Named{{"logs", there}, {"lgos", gone}}, Patient: true})
	until(t, "the other source", func() bool { return records(t, l) == 100 })
	gone.put("s3://lgos/0", log(1, 50))
	gone.mu.Lock()
	gone.gone, gone.down = nil, nil
	gone.mu.Unlock()
	until(t, "what was made meanwhile", func() bool { return records(t, l) == 150 })
	w.end()
	gone.mu.Lock()
	gone.gone, gone.down = none, none
	gone.mu.Unlock()
	there.put("s3://logs/1", log(2, 25))
	follow(t, l, &Watch{Sources: []Named{{"logs", there}, {"lgos", gone}}})
	until(t, "the other source, while one is gone that was there", func() bool { return records(t, l) == 175 })
}

// groupLike is a source of whose objects no message tells.
type groupLike struct{ *bucket }

func (groupLike) Unnamed() bool { return true }

// Beside a queue only what it may name is listed seldom.
func TestHowOftenIsListed(t *testing.T) {
	queue := newPost().open
	named, unnamed := &Named{"logs", &bucket{}}, &Named{"group", groupLike{&bucket{}}}
	f := func(w *Watch, s *Named, want time.Duration) {
		t.Helper()
		w.defaults()
		if got := w.every(s); got != want {
			t.Errorf("%s is listed every %s, want %s", s.Name, got, want)
		}
	}
	f(&Watch{}, named, time.Minute)
	f(&Watch{}, unnamed, time.Minute)
	f(&Watch{Open: queue}, named, 15*time.Minute)
	f(&Watch{Open: queue}, unnamed, time.Minute)
	f(&Watch{Open: queue, Every: time.Hour}, unnamed, time.Hour)
}
