package flowgen_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"gocloud.dev/blob"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/queue"
	"github.com/periplus/periplus/source"
	"github.com/periplus/periplus/watch"
)

// The children of TestChaos are watches of their own processes.
const (
	chaosLake   = "PERIPLUS_TEST_CHAOS_LAKE"
	chaosBucket = "PERIPLUS_TEST_CHAOS_BUCKET"
	chaosQueue  = "PERIPLUS_TEST_CHAOS_QUEUE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(chaosLake); dir != "" {
		if err := chaosChild(dir, os.Getenv(chaosBucket), os.Getenv(chaosQueue)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// chaosChild is 'periplus watch' without what asks the lake.
func chaosChild(dir, bucket, address string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("start") // from here on it can be asked to end
	defer func() {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil
		}
	}()
	l, err := lake.Create(ctx, dir, lake.Fleeting)
	if err != nil {
		return err
	}
	defer l.Close()
	m := watch.NewMetrics()
	src, err := source.Open(ctx, []string{bucket}, source.Options{Retried: func(string, error, time.Duration) { m.Retried() }})
	if err != nil {
		return err
	}
	defer src.Close()
	w := &watch.Watch{
		Ingest: &lake.Ingest{Lake: l, Workers: 2}, Sources: []watch.Named{{Name: "logs", Source: src}}, Outside: source.ErrOutside,
		Open:  func(ctx context.Context) (watch.Queue, error) { return queue.Open(ctx, address) },
		Every: time.Second, Whole: 4 * time.Second, CommitEvery: 200 * time.Millisecond, Retry: 200 * time.Millisecond,
		Ahead:   func(s periplus.Source) periplus.Source { return &source.Prefetch{Source: s} },
		Metrics: m, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	return w.Run(ctx)
}

// chaos is the world that the watches live in.
type chaos struct {
	t     *testing.T
	rng   *rand.Rand
	store *servers.Store
	nats  *servers.Store
	proxy *httptest.Server
	env   []string

	children [2]*chaosProcess
	counts   map[string]int // what was done, by kind
	ill      atomic.Int64   // requests that the proxy still spoils
	how      atomic.Int64
	spoiled  atomic.Int64

	mu       sync.Mutex // of the sender
	sent     map[string]int
	uploaded atomic.Int64
}

type chaosProcess struct {
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan error
}

// spoil stands before the store and does to requests what it is told to.
func (c *chaos) spoil(w http.ResponseWriter, r *http.Request, through http.Handler) {
	if c.ill.Add(-1) < 0 {
		through.ServeHTTP(w, r)
		return
	}
	c.spoiled.Add(1)
	switch c.how.Load() {
	case 0:
		w.WriteHeader(http.StatusInternalServerError)
	case 1:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
	case 2: // the body breaks in the middle
		rec := httptest.NewRecorder()
		through.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		panic(http.ErrAbortHandler)
	default: // no answer at all
		panic(http.ErrAbortHandler)
	}
}

func (c *chaos) start(i int) {
	c.t.Helper()
	p := &chaosProcess{cmd: exec.Command(os.Args[0], "-test.run=^$"), log: &bytes.Buffer{}, done: make(chan error, 1)}
	p.cmd.Env, p.cmd.Stderr = c.env, p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		c.t.Fatalf("a watch does not start: %v\n%s", err, p.log)
	}
	go func() { p.done <- p.cmd.Wait() }()
	c.children[i] = p
}

// end ends a child with a signal. One that was asked to end ends with 0.
func (c *chaos) end(i int, how syscall.Signal) {
	c.t.Helper()
	p := c.children[i]
	_ = p.cmd.Process.Signal(how)
	select {
	case err := <-p.done:
		if how == syscall.SIGTERM && err != nil {
			c.t.Fatalf("a watch that was asked to end: %v\n%s", err, p.log)
		}
		if how == syscall.SIGKILL && p.cmd.ProcessState.ExitCode() != -1 {
			c.t.Fatalf("a watch ended by itself: %v\n%s", err, p.log)
		}
	case <-time.After(3 * time.Minute):
		c.t.Fatalf("a watch does not end\n%s", p.log)
	}
}

// hurt does one thing to the world.
func (c *chaos) hurt() {
	kinds := []string{"kill", "kill", "kill", "kill", "kill both", "drain", "store", "nats", "500", "503", "cut", "lost"}
	kind := kinds[c.rng.IntN(len(kinds))]
	i := c.rng.IntN(2)
	pause := func(most int) { time.Sleep(time.Duration(c.rng.IntN(most)) * time.Millisecond) }
	switch kind {
	case "kill":
		c.end(i, syscall.SIGKILL)
		c.start(i)
	case "kill both":
		c.end(0, syscall.SIGKILL)
		c.end(1, syscall.SIGKILL)
		c.counts["kill"]++
		pause(100)
		c.start(0)
		c.start(1)
	case "drain":
		c.end(i, syscall.SIGTERM)
		c.start(i)
	case "store":
		c.store.Kill()
		pause(300)
		c.store.Start()
	case "nats":
		c.nats.Kill()
		pause(300)
		c.nats.Start()
	default:
		c.how.Store(int64(slices.Index([]string{"500", "503", "cut", "lost"}, kind)))
		before := c.spoiled.Load()
		c.ill.Store(int64(1 + c.rng.IntN(8)))
		pause(400)
		c.ill.Store(0)
		if c.spoiled.Load() == before {
			return // nobody asked: it was no fault
		}
	}
	c.counts[kind]++
	pause(250)
}

// deliver uploads the company's files one by one, some cut short before they
// come whole, and has a messenger that forgets, repeats and mixes up.
func (c *chaos) deliver(ctx context.Context, logs string, rng *rand.Rand) error {
	var names []string
	err := filepath.WalkDir(logs, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		return err
	}
	bucket, err := blob.OpenBucket(ctx, c.store.Bucket)
	if err != nil {
		return err
	}
	defer bucket.Close()
	conn, err := nats.Connect("nats://"+c.nats.Addr, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var late []string
	say := func(what, text string) error {
		c.mu.Lock()
		c.sent[what]++
		c.mu.Unlock()
		return insist(ctx, func(ctx context.Context) error {
			_, err := js.Publish(ctx, "logs.new", []byte(text))
			return err
		})
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(logs, name)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		put := func(text []byte) error {
			return insist(ctx, func(ctx context.Context) error { return bucket.WriteAll(ctx, key, text, nil) })
		}
		if rng.IntN(8) == 0 {
			if err := errors.Join(put(text[:len(text)/2]), say("cut short", s3Event(key))); err != nil {
				return err
			}
			time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
		}
		if err := put(text); err != nil {
			return err
		}
		switch n := rng.IntN(20); {
		case n < 3:
			c.mu.Lock()
			c.sent["forgotten"]++
			c.mu.Unlock()
		case n < 8:
			late = append(late, key)
		case n < 12:
			err = errors.Join(say("first", s3Event(key)), say("again", s3Event(key)))
		default:
			err = say("first", s3Event(key))
		}
		switch rng.IntN(25) {
		case 0:
			err = errors.Join(err, say("test", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}`))
		case 1:
			err = errors.Join(err, say("poison", "what is this?"))
		case 2:
			err = errors.Join(err, say("foreign", "s3://other/AWSLogs/x.log.gz"))
		case 3:
			err = errors.Join(err, say("gone", s3Event("AWSLogs/none.log.gz")))
		}
		if len(late) > 6 {
			i := rng.IntN(len(late))
			err = errors.Join(err, say("late", s3Event(late[i])))
			late = slices.Delete(late, i, i+1)
		}
		if err != nil {
			return err
		}
		c.uploaded.Add(1)
		time.Sleep(time.Duration(rng.IntN(180)) * time.Millisecond)
	}
	for _, key := range late {
		if err := say("late", s3Event(key)); err != nil {
			return err
		}
	}
	return nil
}

// insist does something until it succeeds: the servers die meanwhile.
func insist(ctx context.Context, f func(context.Context) error) error {
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := f(short)
		cancel()
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

// s3Event is what a store of one's own says of an object.
func s3Event(key string) string {
	b, err := json.Marshal(map[string]any{"EventName": "s3:ObjectCreated:Put", "Records": []any{map[string]any{
		"eventSource": "minio:s3", "eventName": "s3:ObjectCreated:Put",
		"s3": map[string]any{"bucket": map[string]string{"name": "logs"}, "object": map[string]string{"key": url.QueryEscape(key)}},
	}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// newChaos starts the world.
func newChaos(t *testing.T, rng *rand.Rand, dir string) *chaos {
	t.Helper()
	c := &chaos{t: t, rng: rng, store: servers.S3(t), nats: servers.NATS(t), counts: map[string]int{}, sent: map[string]int{}}
	through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: c.store.Addr})
	through.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // the store is dead
	through.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.spoil(w, r, through) }))
	c.proxy.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(c.proxy.Close)
	conn, err := nats.Connect("nats://" + c.nats.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}}); err != nil {
		t.Fatal(err)
	}
	c.env = append(os.Environ(), chaosLake+"="+dir,
		chaosBucket+"="+strings.Replace(c.store.Bucket, c.store.Addr, strings.TrimPrefix(c.proxy.URL, "http://"), 1),
		chaosQueue+"=nats://"+c.nats.Addr+"?stream=LOGS&ack_wait=3s")
	t.Cleanup(func() {
		for _, p := range c.children {
			if p != nil {
				_ = p.cmd.Process.Kill() // it may have ended
			}
		}
	})
	return c
}

// settled waits until the lake has read every object as it is, in whole.
func (c *chaos) settled(dir string, files int64) {
	c.t.Helper()
	bucket, err := source.Open(c.t.Context(), []string{c.store.Bucket}, source.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	defer bucket.Close()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		l, err := lake.Open(c.t.Context(), dir, lake.Fleeting)
		if err != nil {
			c.t.Fatal(err)
		}
		ledger, err := l.Ledger(c.t.Context())
		if err := errors.Join(err, l.Close()); err != nil {
			c.t.Fatal(err)
		}
		var listed, missing int64
		for o, err := range bucket.Objects(c.t.Context()) {
			if err != nil {
				c.t.Fatal(err)
			}
			listed++
			if got := ledger[o.URI]; got.State != periplus.ObjectRead || got.Size != o.Size || got.ETag != o.ETag {
				missing++
			}
		}
		if listed != files || int64(len(ledger)) > files {
			c.t.Fatalf("the bucket has %d objects, the ledger %d, want %d", listed, len(ledger), files)
		}
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%d of %d objects are not read\n%s\n%s", missing, listed, c.children[0].log, c.children[1].log)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// TestChaos lets two watches follow a bucket in which the company's logs arrive,
// kills them, the store and the queue, and lets the store fail, a hundred times.
// In the end the lake holds the truth, and what a plain ingest of the same files
// holds.
func TestChaos(t *testing.T) {
	unraced(t)
	seed := uint64(time.Now().UnixNano())
	if v, err := strconv.ParseUint(os.Getenv("PERIPLUS_CHAOS_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("PERIPLUS_CHAOS_SEED=%d", seed)
	began := time.Now()
	dir := filepath.Join(t.TempDir(), "lake")
	truth, err := small(seed%5).Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := newChaos(t, rand.New(rand.NewPCG(seed, 1)), dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	delivered := make(chan error, 1)
	go func() { delivered <- c.deliver(ctx, truth.Logs, rand.New(rand.NewPCG(seed, 2))) }()
	c.start(0)
	c.start(1)
	all := func() (n int) {
		for _, x := range c.counts {
			n += x
		}
		return n
	}
	for waiting := true; waiting || all() < 100; {
		c.hurt()
		select {
		case err := <-delivered:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		default:
		}
	}
	hurt := time.Since(began)
	c.settled(dir, truth.Files)
	for i := range c.children {
		c.end(i, syscall.SIGTERM)
	}
	t.Logf("%d kills and faults in %s, %v, %d requests spoiled, messages %v; settled after %s", all(), hurt.Round(time.Second), c.counts, c.spoiled.Load(), c.sent,
		(time.Since(began) - hurt).Round(100*time.Millisecond))

	chaotic, plain := harbourAt(t, dir), newHarbour(t)
	plain.take(truth.Logs, rand.New(rand.NewPCG(seed, 3)), 0)
	plain.hold(truth)
	if err := chaotic.keeper.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	books := chaotic.books(truth, 3600)
	report(t, books.against(truth))
	if !equalBooks(books, plain.books(truth, 3600)) {
		t.Error("the conversations are not those of a plain ingest")
	}
	if got, want := ledgerRecords(t, chaotic), ledgerRecords(t, plain); got != want {
		t.Errorf("the ledger counts %d records, a plain ingest's %d", got, want)
	}
}
