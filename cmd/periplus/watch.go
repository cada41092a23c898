package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/queue"
	"github.com/periplus/periplus/source"
	"github.com/periplus/periplus/watch"
)

// watchFlags say how sources are followed.
type watchFlags struct {
	queue         string
	metrics       string
	every         time.Duration
	recent, whole time.Duration
	commitEvery   time.Duration
	commitRecords int64
	flowsOnly     bool
	wait          bool
}

func (f *watchFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.queue, "queue", "", "address of a queue of notifications: awssqs://, gcppubsub://, azuresb://, nats://")
	c.Flags().DurationVar(&f.every, "every", 0, "how often what is recent is listed (default 1m; 15m of what a queue may name)")
	c.Flags().DurationVar(&f.recent, "recent", watch.Recent, "how late logs may come; what is older is looked for at --whole-every")
	c.Flags().DurationVar(&f.whole, "whole-every", watch.Whole, "how often all of a source is listed")
	c.Flags().DurationVar(&f.commitEvery, "commit-every", watch.CommitEvery, "the longest that a new object waits for its commit to begin")
	c.Flags().Int64Var(&f.commitRecords, "commit-records", watch.CommitRecords, "commit earlier when about so many records wait")
	c.Flags().StringVar(&f.metrics, "metrics", "", "serve /metrics, /healthz and /readyz at [HOST]:PORT; without a host 127.0.0.1")
	c.Flags().BoolVar(&f.wait, "wait", false, "wait for a source that is not there yet, or may not be read, instead of ending with 1")
	c.Flags().BoolVar(&f.flowsOnly, "flows-only", false, "leave traffic to be built when it is asked for")
}

func (f *watchFlags) check() error {
	for name, d := range map[string]time.Duration{"--every": f.every, "--recent": f.recent, "--whole-every": f.whole, "--commit-every": f.commitEvery} {
		if d < 0 || d == 0 && name != "--every" {
			return fmt.Errorf("%s: give a time above 0, such as 5m", name)
		}
	}
	if f.commitRecords < 1 {
		return errors.New("--commit-records: give 1 or more")
	}
	if f.queue != "" {
		if err := queue.Check(f.queue); err != nil {
			return err
		}
	}
	_, err := f.listen()
	return err
}

// listen is where the metrics are served; "": nowhere.
func (f *watchFlags) listen() (string, error) {
	at := f.metrics
	if at == "" {
		return "", nil
	}
	if !strings.Contains(at, ":") {
		at = ":" + at
	}
	host, port, err := net.SplitHostPort(at)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("--metrics %q: write [HOST]:PORT, such as :9464", f.metrics)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

func watchCommand(e *env) *cobra.Command {
	var d deskFlags
	var f ingestFlags
	var w watchFlags
	c := &cobra.Command{
		Use: "watch --lake DIR SOURCE…", Short: "Follow sources into a lake", Args: cobra.MinimumNArgs(1),
		Long: `Reads what comes new to folders, buckets and log groups into a lake, until it is
stopped. It lists what is recent every minute, all now and then, and with
--queue takes notice at once of what a store says was written; a message is
acknowledged when the lake holds what it names. Several of these may run on one lake and share a
queue. Killed at any instant, the next start goes on: nothing is lost and
nothing counted twice. A source that is not there at the start, or that may not
be read, is an error (--wait waits for it); one that was read before, or that
does not answer, is asked again. docs/watch.md tells how to set it up.

Ctrl-C or SIGTERM: what was begun is committed and acknowledged, then it ends
with 0. A second signal ends it at once.`,
		Example: "  periplus watch --lake ./lake s3://my-logs/AWSLogs/ --queue 'awssqs://sqs.eu-west-1.amazonaws.com/111122223333/flow-logs?region=eu-west-1' --metrics :9464",
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.lake == "" {
				return wrong(cmd, errors.New("no lake: give its folder with --lake DIR"))
			}
			if err := errors.Join(w.check(), f.check()); err != nil {
				return wrong(cmd, err)
			}
			err := w.run(cmd.Context(), e, &d, &f, args)
			if cmd.Context().Err() != nil && errors.Is(err, context.Canceled) {
				return nil // asked to end before it had begun
			}
			return err
		},
	}
	d.add(c)
	f.addSource(c)
	f.addWork(c)
	c.Flags().Var((*moment)(&f.from), "from", "only objects that may hold records since then: 2026-11-01T10:00:00Z, 2026-11-01, -6h")
	w.add(c)
	f.addSelf(c)
	return c
}

func (f *watchFlags) run(ctx context.Context, e *env, d *deskFlags, in *ingestFlags, args []string) error {
	level := slog.LevelInfo
	if in.quiet {
		level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(e.errOut, &slog.HandlerOptions{Level: level}))
	w := &watch.Watch{Every: f.every, Recent: f.recent, Whole: f.whole, CommitEvery: f.commitEvery, CommitRecords: f.commitRecords,
		Outside: source.ErrOutside, Patient: f.wait, Metrics: watch.NewMetrics(), Log: log}
	for _, a := range args {
		src, err := in.follow(ctx, w.Metrics, log, a)
		if err != nil {
			return err
		}
		defer src.Close()
		w.Sources = append(w.Sources, watch.Named{Name: sourceName(a), Source: src})
	}
	if f.queue != "" {
		w.Open = func(ctx context.Context) (watch.Queue, error) { return queue.Open(ctx, f.queue) }
	}
	k, err := openDesk(ctx, d, true)
	if err != nil {
		return err
	}
	defer k.Close()
	me, err := in.openSelf(k)
	if err != nil {
		return err
	}
	ctx = me.trace(ctx)
	w.Ingest = &lake.Ingest{Lake: k.Lake, Workers: in.workers, Memory: k.memory, Options: format.Options{AWSFormat: in.awsFormat, Format: in.format}}
	me.exclude(w.Ingest)
	w.Ahead = func(src periplus.Source) periplus.Source {
		return &source.Prefetch{Source: me.source(src), Count: in.fetch, Bytes: int64(in.fetchBytes)}
	}
	if !f.flowsOnly {
		w.Build = func(ctx context.Context, until time.Time) error { return k.current(ctx, time.Time{}, until) }
	}
	stop, err := f.serve(ctx, e, w)
	if err != nil {
		return err
	}
	defer stop()
	log.Info("watching", "lake", k.Dir(), "sources", strings.Join(args, " "))
	err = errors.Join(w.Run(ctx), me.close())
	if errors.Is(err, watch.ErrMissing) {
		err = hint{err, "check the address; with --wait the source is waited for"}
	}
	for _, p := range me.peers() {
		log.Info("own traffic left out", "peer", p.Remote, "records", p.Records, "bytes", p.Bytes)
	}
	return err
}

// follow opens one source.
func (f *ingestFlags) follow(ctx context.Context, m *watch.Metrics, log *slog.Logger, address string) (*source.Set, error) {
	if address == "-" {
		return nil, exit{exitUsage, errors.New("standard input cannot be watched; read it with 'periplus ingest'")}
	}
	refused := seldom{every: 10 * time.Second}
	src, err := source.Open(ctx, []string{address}, source.Options{
		Choice:  source.Choice{From: f.from, Accounts: f.accounts, Regions: f.regions, Logs: f.logs, Glob: f.glob},
		Columns: f.awsFormat,
		Notice:  func(text string) { log.Warn("notice", "source", sourceName(address), "text", text) },
		Retried: func(what string, err error, wait time.Duration) {
			m.Retried()
			if n := refused.now(); n > 0 {
				log.Warn("the store refused; again", "what", what, "error", err, "wait", wait.Round(10*time.Millisecond), "times", n)
			}
		},
	})
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return src, nil
}

// seldom keeps what happens often from filling the log.
type seldom struct {
	every time.Duration

	mu   sync.Mutex
	last time.Time
	n    int
}

// now is how often it has happened since it was said last; 0: say nothing.
func (s *seldom) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if time.Since(s.last) < s.every {
		return 0
	}
	n := s.n
	s.last, s.n = time.Now(), 0
	return n
}

// sourceName is an address without what only opening it needs.
func sourceName(address string) string {
	name, _, _ := strings.Cut(address, "?")
	return name
}

// serve answers for the watch at --metrics.
func (f *watchFlags) serve(ctx context.Context, e *env, w *watch.Watch) (stop func(), err error) {
	at, err := f.listen()
	if at == "" || err != nil {
		return func() {}, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if err != nil {
		return nil, hint{err, "another program listens there; choose another port with --metrics :PORT"}
	}
	server := &http.Server{Handler: health(w.Ready, w.Metrics), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	fmt.Fprintf(e.errOut, "metrics        http://%s/metrics\n", l.Addr())
	return func() {
		server.Close()
		<-done
	}, nil
}
