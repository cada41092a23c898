package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/receive"
	"github.com/periplus/periplus/web"
)

// serveFlags say where the page listens and what it takes.
type serveFlags struct {
	addr     string
	open     bool
	readOnly bool
	maxDrop  size
	icons    []string

	pushed *receive.Receiver // whose counts are among the metrics; nil: none
}

func (f *serveFlags) add(c *cobra.Command, open bool) {
	f.maxDrop = 4 << 30
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:7070", "address to listen on; only loopback is served")
	c.Flags().BoolVar(&f.open, "open", open, "open the browser")
	c.Flags().BoolVar(&f.readOnly, "read-only", false, "take no files that are dropped on the page, save no views")
	c.Flags().Var(&f.maxDrop, "max-drop", "how much may be dropped on the page at once, such as 500MiB")
	c.Flags().StringArrayVar(&f.icons, "icons", nil, "folder with a pack of official icons; see docs/icons.md")
}

func mapCommand(e *env) *cobra.Command {
	var d deskFlags
	var f ingestFlags
	var s serveFlags
	var demo bool
	c := &cobra.Command{
		Use: "map [SOURCE…]", Short: "Draw the traffic of logs in the browser",
		Long: `Reads log files, folders, standard input (-), buckets (s3://, gs://,
azblob://) and log groups (cloudwatch:GROUP; see docs/sources.md), any mix of
clouds and formats, and serves the map on 127.0.0.1. Without --lake what was
read goes away at the end; with it, it is kept, and only what is new is read the
next time. Files that are dropped on the page are read too; without a source it
waits for them.`,
		Example: "  periplus map ./logs\n  periplus map --lake ./lake --names names.csv ./AWSLogs\n  periplus map --demo",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if demo && len(args) > 0 {
				return wrong(cmd, errors.New("--demo and log files exclude each other"))
			}
			if err := s.check(); err != nil {
				return wrong(cmd, err)
			}
			if demo {
				dir, err := os.MkdirTemp("", "periplus-demo-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				truth, err := writeDemo(ctx, e, flowgen.Options{}, dir)
				if err != nil {
					return err
				}
				args = []string{truth.Logs}
				if d.names == "" {
					d.names = truth.Names
				}
			}
			k, err := openDesk(ctx, &d, true)
			if err != nil {
				return err
			}
			defer k.Close()
			if len(args) == 0 {
				return s.serve(ctx, e, k, &f, d.sources())
			}
			got, err := f.ingest(ctx, e, k, args)
			if err != nil {
				return err
			}
			if got.nothing() {
				return got.empty(args)
			}
			if f.strict && got.bad() {
				return exit{exitStrict, errors.New("--strict: something was bad; see the summary")}
			}
			return s.serve(ctx, e, k, &f, args)
		},
	}
	d.add(c)
	f.add(c)
	f.addTime(c)
	s.add(c, true)
	c.Flags().BoolVar(&demo, "demo", false, "the logs of a simulated company")
	return c
}

// sources is the lake, where there is one to come back to.
func (f *deskFlags) sources() []string {
	if f.lake == "" {
		return nil
	}
	return []string{f.lake}
}

func serveCommand(e *env) *cobra.Command {
	var d deskFlags
	var f ingestFlags
	var s serveFlags
	var push receiveFlags
	c := &cobra.Command{
		Use: "serve --lake DIR", Short: "Serve the map of a lake", Args: cobra.NoArgs,
		Long: `Serves the page and its JSON API (/api/v1/) over a lake, on 127.0.0.1. What
'periplus ingest' reads into the lake meanwhile is shown, and so are files that
are dropped on the page, which are read into the lake. /metrics (Prometheus),
/healthz and /readyz are for who looks after it.

With --receive it takes logs that are pushed, too, at an address of its own:
deliveries of Amazon Data Firehose and messages of Google Cloud Pub/Sub. They
are answered when they are committed. Others may reach that address; it needs a
key then, while the page stays on 127.0.0.1. See docs/receive.md.`,
		Example: "  periplus serve --lake ./lake\n  periplus serve --lake ./lake --receive :8443 --firehose-key-file key --tls-cert cert.pem --tls-key key.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.lake == "" {
				return wrong(cmd, errors.New("no lake: give its folder with --lake DIR"))
			}
			if err := s.check(); err != nil {
				return wrong(cmd, err)
			}
			if push.addr == "" {
				k, err := openDesk(cmd.Context(), &d, false)
				if err != nil {
					return err
				}
				defer k.Close()
				return s.serve(cmd.Context(), e, k, &f, d.sources())
			}
			r, t, err := push.receiver(e, format.Options{AWSFormat: f.awsFormat})
			if err != nil {
				return wrong(cmd, err)
			}
			k, err := openDesk(cmd.Context(), &d, true)
			if err != nil {
				return err
			}
			defer k.Close()
			s.pushed = r
			g, ctx := errgroup.WithContext(cmd.Context())
			g.Go(func() error { return push.receive(ctx, e, k, r, t) })
			g.Go(func() error { return s.serve(ctx, e, k, &f, d.sources()) })
			return g.Wait()
		},
	}
	d.add(c)
	c.Flags().StringVar(&f.awsFormat, "aws-format", "", "columns of dropped or pushed AWS text without a header: '${version} ${srcaddr} …'")
	s.add(c, false)
	push.add(c)
	return c
}

// check refuses addresses that others can reach: the page has no login.
func (s *serveFlags) check() error {
	host, _, err := net.SplitHostPort(s.addr)
	if err != nil {
		return fmt.Errorf("--addr %q: write HOST:PORT, such as 127.0.0.1:7070", s.addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--addr %s: the page has no login yet, so it listens on loopback only; use an SSH tunnel", s.addr)
	}
	return nil
}

func (s *serveFlags) serve(ctx context.Context, e *env, d *desk, f *ingestFlags, sources []string) error {
	q := d.questions()
	icons, err := s.packs(e)
	if err != nil {
		return err
	}
	// All is merged before the address is told, so that the first picture is
	// there at once.
	if err := d.build(ctx, e, false); err != nil {
		return err
	}
	totals(ctx, e, q)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return hint{err, "another program listens there; choose another port with --addr 127.0.0.1:0"}
	}
	server := s.server(e, d, f)
	server.Icons = icons
	state := &lakeState{q}
	figures := []prometheus.Collector{state}
	if s.pushed != nil {
		figures = append(figures, pushState{s.pushed})
	}
	server.Health = health(state.ready, figures...)
	server.Sources = func() []web.Source {
		var list []web.Source
		x, err := q.Extent(ctx)
		for _, name := range sources {
			w := web.Source{Name: filepath.Base(name), State: "ok"}
			if err != nil {
				w.State, w.Message = "error", err.Error()
			} else if len(sources) == 1 { // what was dropped stands for itself
				dropped := server.Dropped()
				w.Objects, w.Records, w.Bad = x.Objects-dropped.Objects, x.Records-dropped.Records, x.Bad-dropped.Bad
			}
			list = append(list, w)
		}
		return list
	}
	at := "http://" + strings.Replace(l.Addr().String(), "[::1]", "localhost", 1)
	fmt.Fprintf(e.errOut, "map            %s   (Ctrl-C ends it)\n", at)
	if s.open && e.terminal {
		browse(at)
	}
	return server.Serve(ctx, l)
}

// server is the page over a desk, with what it may change.
func (s *serveFlags) server(e *env, d *desk, f *ingestFlags) *web.Server {
	server := &web.Server{Questions: d.questions(), Version: version, Log: slog.New(slog.NewTextHandler(e.errOut, nil)),
		Label: d.label, CIDR: d.cidrs, Called: d.called, Mark: d.Mark, Temporary: d.remove != ""}
	if s.readOnly || !d.Writable() {
		return server
	}
	k := &dropper{desk: d, env: e, flags: f}
	server.Drop = web.Drop{Read: k.read, Limit: int64(s.maxDrop)}
	if server.Temporary {
		server.Drop.Demo = k.demo // it goes away with the rest
	} else {
		server.Shelf = d.Lake
	}
	return server
}

// packs are the icons that the page may draw: the one that the binary holds,
// and those of --icons, also in its place.
func (s *serveFlags) packs(e *env) ([]*web.IconPack, error) {
	packs := []*web.IconPack{web.AWSIcons()}
	for _, dir := range s.icons {
		p, err := web.OpenIcons(dir)
		if err != nil {
			return nil, exit{exitUsage, fmt.Errorf("--icons: %w", err)}
		}
		if len(p.Missing) > 0 {
			fmt.Fprintf(e.errOut, "icons          %s: no file for %s; their glyphs are drawn\n", p.Name, strings.Join(p.Missing, ", "))
		}
		packs = slices.DeleteFunc(packs, func(old *web.IconPack) bool { return old.Name == p.Name })
		packs = append(packs, p)
	}
	return packs, nil
}

// totals prints what is true after the merge.
func totals(ctx context.Context, e *env, q *query.Questions) {
	x, err := q.Extent(ctx)
	if err != nil || x.From.IsZero() {
		return // the page says it
	}
	t, err := q.Top(ctx, query.Ask{From: x.From, To: x.To.Add(time.Second)}, []string{"verdict"}, 4)
	if err != nil {
		return
	}
	for _, r := range t.Rows {
		all := r.Verdicts.All()
		fmt.Fprintf(e.errOut, "%-14s %s, %d records, each packet once\n", r.Values[0], human(all.Bytes()), all.Records)
	}
}

// browse opens a browser where there is one; the address is printed anyway.
func browse(at string) {
	name := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if name == "" {
		name = "xdg-open"
	}
	if path, err := exec.LookPath(name); err == nil {
		_ = exec.Command(path, at).Start()
	}
}

// writeDemo writes the simulated company and says so.
func writeDemo(ctx context.Context, e *env, opt flowgen.Options, dir string) (*flowgen.Truth, error) {
	fmt.Fprintf(e.errOut, "demo           writing the logs of a simulated company to %s\n", dir)
	truth, err := opt.Write(ctx, dir)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(e.errOut, "demo           %d files, %d records, %s to %s\n", truth.Files, truth.Records, stamp(truth.From), stamp(truth.To))
	return truth, nil
}
