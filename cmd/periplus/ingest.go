package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/own"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/source"
)

// ingestFlags are the flags of every command that reads logs.
type ingestFlags struct {
	awsFormat string
	format    string
	accounts  []string
	regions   []string
	logs      []string
	glob      string
	strict    bool
	quiet     bool
	asJSON    bool // the summary, on standard output
	workers   int

	fetch      int  // objects of buckets on their way at once
	fetchBytes size // of these together

	from, to time.Time // of the objects; zero: no bound

	excludeSelf bool
}

func (f *ingestFlags) add(c *cobra.Command) {
	f.addSource(c)
	f.addWork(c)
	c.Flags().BoolVar(&f.strict, "strict", false, "exit with 3 when a line or file was bad")
}

// addWork adds what says how it is read.
func (f *ingestFlags) addWork(c *cobra.Command) {
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no progress, no summary")
	c.Flags().IntVar(&f.workers, "workers", 0, "how many objects are read at once (default: one a core)")
}

// addSource adds what says which objects are read, and as what.
func (f *ingestFlags) addSource(c *cobra.Command) {
	c.Flags().StringVar(&f.awsFormat, "aws-format", "", "columns of AWS text without a header: '${version} ${srcaddr} …'")
	c.Flags().StringVar(&f.format, "log-format", "", "format of all objects, where their content does not tell; see 'periplus formats'")
	c.Flags().StringSliceVar(&f.accounts, "account", nil, "only objects of these accounts, as far as their paths say it")
	c.Flags().StringSliceVar(&f.regions, "region", nil, "only objects of these regions, as far as their paths say it")
	c.Flags().StringSliceVar(&f.logs, "flow-log", nil, "only objects of these flow logs, as far as their paths say it")
	c.Flags().StringVar(&f.glob, "glob", "", "only objects whose name matches, such as '*.log.gz'")
	f.fetchBytes = source.PrefetchBytes
	c.Flags().IntVar(&f.fetch, "prefetch", source.PrefetchCount, "how many objects of buckets are downloaded ahead")
	c.Flags().Var(&f.fetchBytes, "prefetch-bytes", "how much they may be together, such as 256MiB")
}

// addTime adds --from and --to to a command that reads logs and asks nothing.
func (f *ingestFlags) addTime(c *cobra.Command) {
	c.Flags().Var((*moment)(&f.from), "from", "only objects that may hold records since then: 2026-11-01T10:00:00Z, 2026-11-01, -6h")
	c.Flags().Var((*moment)(&f.to), "to", "only objects that may hold records before then")
}

// moment is a flag that holds a time.
type moment time.Time

func (m *moment) Set(text string) error {
	t, err := query.ParseTime(text, time.Now())
	*m = moment(t)
	return err
}

func (m *moment) String() string {
	if time.Time(*m).IsZero() {
		return ""
	}
	return stamp(time.Time(*m))
}

func (m *moment) Type() string { return "time" }

func ingestCommand(e *env) *cobra.Command {
	var d deskFlags
	var f ingestFlags
	var flowsOnly bool
	c := &cobra.Command{
		Use: "ingest --lake DIR SOURCE…", Short: "Read logs into a lake, only what is new", Args: cobra.MinimumNArgs(1),
		Long: `Reads log files, folders, standard input (-), buckets (s3://, gs://,
azblob://) and log groups (cloudwatch:GROUP; see docs/sources.md) into a lake:
Apache Iceberg tables in a folder, made if there is none. What was read before
is not read again; a changed file replaces its rows. Stopped at any instant, it
goes on where it was: nothing is lost and nothing counted twice. Standard input
has no name to be known by: what it brings is new each time.

Exit code 0: something was read, or there was nothing new; 1: nothing could be
read; 2: wrong usage; 3: --strict and something was bad.`,
		Example: "  periplus ingest --lake ./lake ./AWSLogs\n  periplus ingest --lake ./lake --from -24h --region eu-west-1 s3://my-logs/AWSLogs/\n  periplus ingest --lake ./lake --from -24h cloudwatch:/vpc/flow-logs\n  zcat x.log.gz | periplus ingest --lake ./lake -",
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.lake == "" {
				return wrong(cmd, errors.New("no lake: give its folder with --lake DIR"))
			}
			k, err := openDesk(cmd.Context(), &d, true)
			if err != nil {
				return err
			}
			defer k.Close()
			s, err := f.ingest(cmd.Context(), e, k, args)
			if err != nil {
				return err
			}
			if f.asJSON {
				if err := writeJSON(e.out, s.json()); err != nil {
					return err
				}
			}
			if s.nothing() {
				return s.empty(args)
			}
			// The questions that follow find traffic built. What is asked of it
			// while it is not builds it too.
			if flowsOnly {
				return f.verdict(s)
			}
			if err := k.build(cmd.Context(), e, f.quiet); err != nil {
				return err
			}
			return f.verdict(s)
		},
	}
	d.add(c)
	f.add(c)
	f.addTime(c)
	f.addSelf(c)
	c.Flags().BoolVar(&flowsOnly, "flows-only", false, "leave traffic to be built when it is asked for")
	c.Flags().BoolVar(&f.asJSON, "json", false, "the summary as JSON on standard output")
	return c
}

// verdict is the error that --strict asks for.
func (f *ingestFlags) verdict(s *summary) error {
	if f.strict && s.bad() {
		return exit{exitStrict, errors.New("--strict: something was bad; see the summary")}
	}
	return nil
}

// build makes traffic and endpoints for all that the lake holds.
func (d *desk) build(ctx context.Context, e *env, quiet bool) error {
	x, err := (&query.Questions{Engine: d.db}).Extent(ctx)
	if err != nil || x.From.IsZero() {
		return err
	}
	if e.terminal && !quiet {
		fmt.Fprintln(e.errOut, "merging observers …")
	}
	return d.current(ctx, x.From, x.To.Add(time.Second))
}

// summary is what one ingest read.
type summary struct {
	*lake.Summary
	took time.Duration
	own  []own.Peer // what --exclude-self left out
}

// nothing: not one object could be read, and there was not one to skip.
func (s *summary) nothing() bool { return s.Objects == 0 && s.Skipped == 0 }

func (s *summary) bad() bool { return s.Failed+s.Partly > 0 || s.Stats.BadTotal() > 0 }

// empty says why nothing was read.
func (s *summary) empty(paths []string) error {
	what := strings.Join(paths, ", ")
	if len(s.Failures) > 0 {
		for kind, do := range map[error]string{
			fs.ErrNotExist:   "check the path: nothing is there",
			fs.ErrPermission: "this user may not read them; change their permissions, or run as one who may",
		} {
			if !slices.ContainsFunc(s.Failures, func(f lake.Failure) bool { return !errors.Is(f.Err, kind) }) {
				return hint{fmt.Errorf("%s: nothing could be read; %d failed", what, s.Failed), do}
			}
		}
		if !slices.ContainsFunc(s.Failures, func(f lake.Failure) bool {
			return errors.Is(f.Err, format.ErrUnknown) || errors.Is(f.Err, lake.ErrNoLine)
		}) {
			return hint{fmt.Errorf("%s: nothing could be read; %d failed", what, s.Failed), "the first are named above; 'periplus doctor SOURCE' looks at address, credentials, permissions and a sample"}
		}
		return hint{fmt.Errorf("%s: nothing could be read; %d failed", what, s.Failed), "the first are named above; 'periplus formats' lists what is read, --aws-format names the columns of text without a header"}
	}
	return hint{fmt.Errorf("%s: no flow logs", what), "name a file, folder, bucket or log group; 'periplus formats' lists what is read, 'periplus demo DIR' writes an example"}
}

// ingest reads sources into the desk's lake, with progress and a summary.
func (f *ingestFlags) ingest(ctx context.Context, e *env, d *desk, paths []string) (*summary, error) {
	if err := f.check(); err != nil {
		return nil, exit{exitUsage, err}
	}
	me, err := f.openSelf(d)
	if err != nil {
		return nil, err
	}
	ctx = me.trace(ctx)
	src, err := f.source(ctx, e, paths)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	job := lake.Ingest{Lake: d.Lake, Source: f.ahead(src, me.source(src)), Workers: f.workers, Memory: d.memory, Options: format.Options{AWSFormat: f.awsFormat, Format: f.format},
		Conversations: !f.quiet || f.asJSON}
	me.exclude(&job)
	stop := func() {}
	if e.terminal && !f.quiet {
		job.Progress, stop = progress(e)
	}
	start := time.Now()
	got, err := job.Run(ctx)
	stop()
	s := &summary{got, time.Since(start), me.peers()}
	if err = errors.Join(err, me.close()); err != nil {
		return s, err
	}
	if !f.quiet {
		s.print(e)
	}
	return s, nil
}

func (f *ingestFlags) check() error {
	if f.workers < 0 {
		return errors.New("--workers: give 1 or more, or 0 for one a core")
	}
	if f.fetch < 0 || f.fetchBytes < 0 {
		return errors.New("--prefetch and --prefetch-bytes: give 1 or more")
	}
	if f.format != "" {
		if _, err := formatNamed(f.format); err != nil {
			return err
		}
	}
	return format.CheckAWSFormat(f.awsFormat)
}

// source is what paths and addresses name, as far as the flags choose it.
func (f *ingestFlags) source(ctx context.Context, e *env, paths []string) (*source.Set, error) {
	src, err := source.Open(ctx, paths, source.Options{
		Choice: source.Choice{From: f.from, To: f.to, Accounts: f.accounts, Regions: f.regions, Logs: f.logs, Glob: f.glob},
		Stdin:  e.in, Columns: f.awsFormat,
		Notice: func(text string) {
			if !f.quiet {
				fmt.Fprintf(e.errOut, "periplus: %s\n", printable(text))
			}
		},
		Retried: func(what string, err error, wait time.Duration) {
			if !f.quiet {
				fmt.Fprintf(e.errOut, "periplus: %s: %s; again in %s\n", printable(what), printable(err.Error()), wait.Round(10*time.Millisecond))
			}
		},
	})
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return src, nil
}

// ahead is the source with its next objects on their way, where they come from
// afar.
func (f *ingestFlags) ahead(set *source.Set, src periplus.Source) periplus.Source {
	if !set.Remote() {
		return src
	}
	return &source.Prefetch{Source: src, Count: f.fetch, Bytes: int64(f.fetchBytes)}
}

// progress draws a bar on a terminal.
func progress(e *env) (func(lake.Progress), func()) {
	p := mpb.New(mpb.WithOutput(e.errOut), mpb.WithWidth(40), mpb.WithAutoRefresh())
	var now atomic.Pointer[lake.Progress] // the bar is drawn by a goroutine of its own
	now.Store(&lake.Progress{})
	bar := p.AddBar(0, mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
		n := now.Load()
		return fmt.Sprintf("%-6s %d of %d objects ", n.Stage, n.Done, n.Objects)
	})), mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
		return fmt.Sprintf(" %d records", now.Load().Records)
	})))
	return func(next lake.Progress) {
			now.Store(&next)
			bar.SetTotal(max(next.Bytes, 1), false)
			bar.SetCurrent(next.DoneBytes)
		}, func() {
			bar.Abort(true)
			p.Wait()
		}
}

func (s *summary) print(e *env) {
	out := func(name, format string, args ...any) {
		fmt.Fprintf(e.errOut, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	out("objects", "%d read, %d unchanged since the last time, %d failed", s.Objects, s.Skipped, s.Failed)
	if s.Changed+s.Partly+s.Empty > 0 {
		out("", "%d of them had changed, %d ended early, %d held no record", s.Changed, s.Partly, s.Empty)
	}
	if s.Grown > 0 {
		out("", "%d had only grown and were read on from near their old end", s.Grown)
	}
	out("records", "%d, %.0f a second", s.Stats.Records, float64(s.Stats.Records)/max(s.took.Seconds(), 1e-3))
	if s.Stats.NoData+s.Stats.SkipData > 0 {
		out("windows", "%d without traffic, %d that lost records", s.Stats.NoData, s.Stats.SkipData)
	}
	if s.Repeats > 0 {
		out("repeats", "%d entries were delivered again and are not counted", s.Repeats)
	}
	for i, p := range s.own {
		name := ""
		if i == 0 {
			name = "own traffic"
		}
		out(name, "%s, %s with %s left out", several(p.Records, "record"), graph.Bytes(p.Bytes), p.Remote)
	}
	if s.Stats.Records > 0 {
		least := ""
		if s.ConversationsAtLeast {
			least = "at least "
		}
		out("time", "%s to %s", stamp(s.First), stamp(s.Last))
		out("conversations", "%s%d", least, s.Conversations)
		for _, v := range []periplus.Verdict{periplus.Allowed, periplus.Denied, periplus.Dropped, periplus.Unknown} {
			if b, ok := s.Bytes[v]; ok {
				out(v.String(), "%s as each observer saw it, not merged yet", graph.Bytes(b))
			}
		}
	}
	printStats(e, &s.Stats)
	for _, f := range s.Failures {
		out(string(f.State), "%s", printable(f.Error()))
	}
	if more := s.Failed + s.Partly - int64(len(s.Failures)); more > 0 {
		out("", "… and %d more", more)
	}
}

// printStats tells of unknown columns, and of bad lines and where the first are.
func printStats(e *env, s *periplus.Stats) {
	out := func(name, format string, args ...any) {
		fmt.Fprintf(e.errOut, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Unknown)) {
		values := several(s.Unknown[name], "value")
		if name == periplus.OtherColumns {
			out("columns", "more than %d unknown columns kept: %s of those not named here", periplus.MaxUnknown, values)
			continue
		}
		out("columns", "1 unknown column kept: %s, %s", printable(name), values)
	}
	if n := s.BadTotal(); n > 0 {
		out("bad lines", "%d (%s)", n, strings.ReplaceAll(periplus.BadText(s.Bad), ",", ", "))
		for _, b := range s.First {
			out("", "%s:%d: %s: %s", printable(b.URI), b.Line, b.Kind, printable(b.Msg))
		}
	}
}

func (s *summary) json() any {
	type badLine struct {
		Kind string `json:"kind"`
		URI  string `json:"uri"`
		Line int64  `json:"line"`
		Msg  string `json:"message"`
	}
	out := struct {
		Objects       int64                      `json:"objects"`
		Skipped       int64                      `json:"skipped"`
		Failed        int64                      `json:"failed"`
		Failures      []string                   `json:"failures"`
		Records       int64                      `json:"records"`
		NoData        int64                      `json:"nodata"`
		SkipData      int64                      `json:"skipdata"`
		Repeats       int64                      `json:"repeats"`
		Conversations int64                      `json:"conversations"`
		Bytes         map[string]graph.Int       `json:"bytes_as_logged"`
		Unknown       map[string]int64           `json:"unknown_columns"`
		Bad           map[periplus.BadKind]int64 `json:"bad"`
		First         []badLine                  `json:"first_bad"`
		From          *time.Time                 `json:"first_seen"`
		To            *time.Time                 `json:"last_seen"`
		Seconds       float64                    `json:"seconds"`
		Own           []ownJSON                  `json:"excluded_own"`
	}{s.Objects, s.Skipped, s.Failed, []string{}, s.Stats.Records, s.Stats.NoData, s.Stats.SkipData, s.Repeats, s.Conversations, map[string]graph.Int{}, s.Stats.Unknown, s.Stats.Bad, []badLine{}, nil, nil, s.took.Seconds(), []ownJSON{}}
	for _, p := range s.own {
		out.Own = append(out.Own, ownJSON{p.Remote.String(), p.Records, graph.Int(p.Bytes)})
	}
	for _, f := range s.Failures {
		out.Failures = append(out.Failures, string(f.State)+": "+f.Error())
	}
	for v, n := range s.Bytes {
		out.Bytes[v.String()] = graph.Int(n)
	}
	for _, b := range s.Stats.First {
		out.First = append(out.First, badLine{string(b.Kind), b.URI, b.Line, b.Msg})
	}
	if !s.Summary.First.IsZero() {
		out.From, out.To = &s.Summary.First, &s.Summary.Last
	}
	return out
}
