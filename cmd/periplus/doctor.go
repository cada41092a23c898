package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/periplus/periplus/doctor"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
)

func doctorCommand(e *env) *cobra.Command {
	var f ingestFlags
	var asJSON bool
	var most int64
	var samples int
	c := &cobra.Command{
		Use: "doctor SOURCE…", Short: "Look at logs before they are read", Args: cobra.MinimumNArgs(1),
		Long: `Says what would be read, without reading it: how many objects and bytes of
which logs and hours, the formats seen in a sample (the first part of a few
objects), recommended fields that are missing, permissions that are missing (in
the cloud's words, with what grants them), gaps, the newest object and how late
logs are delivered, and an estimate of records, time and the lake's size.

Exit code 0: there is something to read; 1: there is nothing that can be read;
2: wrong usage; 3: --strict and there is a problem. To lack a field that tells
of what not everybody has, such as ECS, is none.`,
		Example: "  periplus doctor ./AWSLogs\n  periplus doctor --from -24h s3://my-logs/AWSLogs/\n  periplus doctor --max-objects 10000 --json gs://my-sink",
		RunE: func(cmd *cobra.Command, args []string) error {
			if most < 0 || samples < 1 {
				return wrong(cmd, errors.New("--max-objects and --samples: give a number above 0"))
			}
			r, err := f.examine(cmd, e, args, most, samples)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(e.out, doctorJSON(r))
			} else {
				err = printReport(e.out, r)
			}
			switch {
			case err != nil:
				return err
			case !r.Readable():
				return exit{exitNothing, hint{fmt.Errorf("%s: nothing can be read", strings.Join(args, ", ")), "the problems above say why, and what to do"}}
			case f.strict && len(r.Problems) > 0:
				return exit{exitStrict, fmt.Errorf("--strict: %s", several(int64(len(r.Problems)), "problem"))}
			}
			return nil
		},
	}
	f.add(c)
	f.addTime(c)
	for _, name := range []string{"prefetch", "prefetch-bytes"} { // nothing is read ahead
		if err := c.Flags().MarkHidden(name); err != nil {
			panic(err)
		}
	}
	c.Flags().Lookup("strict").Usage = "exit with 3 when there is a problem"
	c.Flags().Lookup("workers").Usage = "how many cores the estimate is for (default: all)"
	c.Flags().Int64Var(&most, "max-objects", 0, "list no more than so many objects; what is told is then a lower bound")
	c.Flags().IntVar(&samples, "samples", 8, "how many objects are looked into")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (f *ingestFlags) examine(cmd *cobra.Command, e *env, args []string, most int64, samples int) (*doctor.Report, error) {
	if f.workers < 0 {
		return nil, wrong(cmd, errors.New("--workers: give 1 or more, or 0 for one a core"))
	}
	if f.format != "" {
		if _, err := formatNamed(f.format); err != nil {
			return nil, wrong(cmd, err)
		}
	}
	src, err := f.source(cmd.Context(), e, args)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	check := doctor.Check{Source: src, Options: format.Options{AWSFormat: f.awsFormat, Format: f.format}, MaxObjects: most, Samples: samples, Until: f.to, Cores: f.workers}
	if check.Cores == 0 {
		check.Cores = runtime.GOMAXPROCS(0)
	}
	stop := func() {}
	if e.terminal && !f.quiet {
		check.Progress, stop = listed(e)
	}
	r, err := check.Run(cmd.Context())
	stop()
	return r, err
}

// listed tells on a terminal how far a listing is.
func listed(e *env) (func(objects, bytes int64), func()) {
	p := mpb.New(mpb.WithOutput(e.errOut), mpb.WithWidth(10), mpb.WithAutoRefresh())
	var objects, bytes atomic.Int64 // the bar is drawn by a goroutine of its own
	bar := p.New(0, mpb.SpinnerStyle(), mpb.BarRemoveOnComplete(), mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
		return fmt.Sprintf(" %d objects, %s listed", objects.Load(), graph.Bytes(bytes.Load()))
	})))
	return func(o, b int64) {
			objects.Store(o)
			bytes.Store(b)
		}, func() {
			bar.Abort(true)
			p.Wait()
		}
}

func printReport(w io.Writer, r *doctor.Report) error {
	var b strings.Builder
	say := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	least := ""
	if r.AtLeast {
		least = "at least "
	}
	if r.Unknown == 0 {
		say("objects", "%s%d, %s%s", least, r.Objects, least, graph.Bytes(r.Bytes))
	} else {
		say("objects", "%s%d, %s%s, the size of %d is not known", least, r.Objects, least, graph.Bytes(r.Bytes), r.Unknown)
	}
	if len(r.Groups) > 0 {
		b.WriteByte('\n')
		tab := groupRows(r.Groups)
		if err := tab.print(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	for _, a := range r.Acts {
		say(a.Name, "%s", tried(a))
	}
	if n := r.Newest; n != nil {
		say("newest", "%s to %s, %s ago: %s", stamp(n.Window), stamp(n.Window.Add(n.Length)), span(n.Age), printable(n.URI))
	}
	if d := r.Delivery; d.Objects > 0 {
		say("delivery", "half of the objects within %s of the end of their window, the latest after %s", span(d.Median), span(d.Worst))
	}
	for i := range r.Samples {
		sampleLines(say, &r.Samples[i])
	}
	for i := range r.Samples {
		if s := &r.Samples[i]; len(s.Missing) > 0 && !strings.Contains(b.String(), "\nrecommend") {
			say("recommend", "%s", s.Recommended)
		} else if len(s.Missing) > 0 && !strings.Contains(b.String(), s.Recommended) {
			say("", "%s", s.Recommended)
		}
	}
	estimateLine(say, r)
	for _, p := range r.Problems {
		say("problem", "%s: %s", p.Kind, printable(p.Text))
		say("", "%s", printable(p.Do))
	}
	if len(r.Problems) == 0 {
		say("problems", "none")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tried says how an act went.
func tried(a doctor.Act) string {
	switch {
	case a.Err == nil:
		return "works"
	case a.Done:
		return "works in part: " + printable(a.Err.Error())
	}
	return "does not work: " + printable(a.Err.Error())
}

func groupRows(groups []doctor.Group) *table {
	tab := &table{head: []string{"layout", "provider", "account", "region", "log", "objects", "bytes", "hours", "from", "to"}, right: make([]bool, 10)}
	for i := 5; i < 8; i++ {
		tab.right[i] = true
	}
	for _, g := range groups {
		row := []string{g.Layout, g.Provider, g.Account, g.Region, g.Log, fmt.Sprint(g.Objects), graph.Bytes(g.Bytes), "", "", ""}
		if g.Layout == "" {
			row[0] = "(none that a cloud writes)"
		}
		if !g.From.IsZero() {
			row[7], row[8], row[9] = fmt.Sprint(g.Hours), stamp(g.From), stamp(g.To)
		}
		tab.rows = append(tab.rows, row)
	}
	return tab
}

func sampleLines(say func(name, format string, args ...any), s *doctor.Sample) {
	say("sample", "%s", printable(s.URI))
	if s.Err != nil {
		say("", "cannot be read: %s", printable(s.Err.Error()))
		return
	}
	if s.Format == "" {
		say("", "empty")
		return
	}
	read := fmt.Sprintf("all of %s", graph.Bytes(s.Read))
	if !s.Whole {
		read = fmt.Sprintf("%s of %s", graph.Bytes(s.Read), graph.Bytes(s.Size))
	}
	say("", "%s (%s): %s in %s", s.Title, s.Format, several(s.Records, "record"), read)
	if s.Early != nil {
		say("", "ends early: %s", printable(s.Early.Error()))
	}
	if !s.First.IsZero() {
		say("", "%s to %s", stamp(s.First), stamp(s.Last))
	}
	if len(s.Columns) > 0 {
		say("", "fields: %s", printable(strings.Join(s.Columns, " ")))
	}
	why := map[string][]string{}
	var order, detail []string
	for _, f := range s.Missing {
		name := f.Name
		if f.Or != "" {
			name += " or " + f.Or
		}
		if f.Why == "" {
			detail = append(detail, name)
			continue
		}
		what := f.Why
		if f.With != "" {
			what += "; only for who has " + f.With
		}
		if why[what] == nil {
			order = append(order, what)
		}
		why[what] = append(why[what], name)
	}
	for _, w := range order {
		say("", "missing: %s: %s", strings.Join(why[w], ", "), w)
	}
	if len(detail) > 0 {
		say("", "missing, less important: %s", strings.Join(detail, ", "))
	}
}

func estimateLine(say func(name, format string, args ...any), r *doctor.Report) {
	x := r.Estimate
	if x.Records == 0 {
		return
	}
	about := "about "
	if x.Exact {
		about = ""
	}
	if r.AtLeast {
		about = "at least about "
	}
	say("estimate", "%s%s; %s to read and build with %s, downloads apart; a lake of about %s", about, several(x.Records, "record"), atMost(x.Time), several(int64(x.Cores), "core"), graph.Bytes(x.Lake))
	say("", "the sample's records a byte, with what docs/benchmarks.md measured a record: no more than a guess")
}

// atMost is span for what was not measured.
func atMost(d time.Duration) string {
	if d < time.Second {
		return span(d)
	}
	return "about " + span(d)
}

// span is a duration for people.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return d.Round(time.Minute).String()
	case d >= time.Second:
		return d.Round(time.Second).String()
	}
	return "less than a second"
}
