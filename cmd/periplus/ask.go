package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/query"
)

// askFlags are the flags of every question.
type askFlags struct {
	deskFlags
	ingestFlags
	filter, hide   string
	from, to       string
	show, metric   string
	json, csv, sql bool
}

func (f *askFlags) add(c *cobra.Command) {
	f.deskFlags.add(c)
	f.ingestFlags.add(c)
	c.Flags().StringVarP(&f.filter, "filter", "q", "", "filter: 'port = 443 and verdict = denied'; see docs/filter.md")
	c.Flags().StringVar(&f.hide, "hide", "", "leave out what matches this filter")
	c.Flags().StringVar(&f.from, "from", "", "start: 2026-11-01T10:00:00Z, 2026-11-01, -6h (default: the first record)")
	c.Flags().StringVar(&f.to, "to", "", "end, not part of the range (default: after the last record)")
	c.Flags().StringVar(&f.show, "show", "", "only one verdict: allowed, denied, dropped, unknown")
	c.Flags().BoolVar(&f.json, "json", false, "as JSON")
	c.Flags().BoolVar(&f.csv, "csv", false, "as CSV")
	c.Flags().BoolVar(&f.sql, "sql", false, "print the SQL statement, which runs on DuckDB, Trino and Athena, and stop")
}

// desk opens what is asked: the lake, or the logs that the arguments name, read
// into a lake that goes away.
func (f *askFlags) desk(ctx context.Context, e *env, cmd *cobra.Command, paths []string) (*desk, error) {
	if f.json && f.csv {
		return nil, wrong(cmd, errors.New("--json and --csv exclude each other"))
	}
	if f.lake == "" && len(paths) == 0 {
		return nil, wrong(cmd, errors.New("nothing to ask: name log files or folders, or a lake with --lake DIR"))
	}
	if f.lake != "" && len(paths) > 0 {
		return nil, wrong(cmd, errors.New("--lake and log files exclude each other; 'periplus ingest' adds logs to a lake"))
	}
	d, err := openDesk(ctx, &f.deskFlags, false)
	if err != nil {
		return nil, err
	}
	if len(paths) > 0 {
		s, err := f.ingest(ctx, e, d, paths)
		if err == nil && s.nothing() {
			err = s.empty(paths)
		}
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

// settle makes the question that the flags say, before anything is read. Its
// range is empty where the flags leave it open; ask fills it in.
func (f *askFlags) settle(cmd *cobra.Command) (query.Ask, error) {
	a := query.Ask{Metric: f.metric, Show: f.show}
	now := time.Now()
	var err error
	for _, p := range []struct {
		text string
		to   **query.Filter
	}{{f.filter, &a.Filter}, {f.hide, &a.Hide}} {
		if p.text != "" {
			if *p.to, err = query.Parse(p.text, now); err != nil {
				return a, wrong(cmd, filterError(p.text, err))
			}
		}
	}
	for _, p := range []struct {
		name, text string
		to         *time.Time
	}{{"from", f.from, &a.From}, {"to", f.to, &a.To}} {
		if p.text != "" {
			if *p.to, err = query.ParseTime(p.text, now); err != nil {
				return a, wrong(cmd, fmt.Errorf("--%s: %w", p.name, err))
			}
		}
	}
	if f.from != "" && f.to != "" && !a.From.Before(a.To) {
		return a, wrong(cmd, fmt.Errorf("the range begins at %s and ends at %s", stamp(a.From), stamp(a.To)))
	}
	f.ingestFlags.from, f.ingestFlags.to = a.From, a.To
	return a, nil
}

// some gives an open question a range, so that its other words can be checked.
func some(a query.Ask) query.Ask {
	a.From, a.To = time.Unix(0, 0), time.Unix(300, 0)
	return a
}

// ask fills in the range that the flags leave open: all there is.
func (d *desk) ask(ctx context.Context, q *query.Questions, a query.Ask) (query.Ask, error) {
	if !a.From.IsZero() && !a.To.IsZero() {
		return a, nil
	}
	x, err := q.Extent(ctx)
	if err != nil {
		return a, err
	}
	if x.From.IsZero() && d.remove != "" {
		return a, hint{errors.New("the logs hold no record of traffic"), "their windows were empty, or every line was bad; see the summary above"}
	}
	if x.From.IsZero() {
		return a, hint{errors.New("the lake holds no traffic"), "'periplus ingest --lake DIR SOURCE' reads logs into it"}
	}
	if a.From.IsZero() {
		a.From = x.From
	}
	if a.To.IsZero() {
		a.To = x.To.Add(time.Second)
	}
	if !a.From.Before(a.To) {
		return a, hint{fmt.Errorf("there is no traffic in the range; the lake holds %s to %s", stamp(x.From), stamp(x.To)), "choose another --from and --to"}
	}
	return a, nil
}

// filterError shows where in the filter something is wrong.
func filterError(text string, err error) error {
	f, ok := errors.AsType[*query.FilterError](err)
	if !ok {
		return err
	}
	n := len([]rune(text[:min(max(f.Pos, 0), len(text))]))
	msg := fmt.Sprintf("filter: %s\n  %s\n  %s^", f.Msg, text, strings.Repeat(" ", n))
	if f.Suggest != "" {
		msg += fmt.Sprintf(" did you mean %q?", f.Suggest)
	}
	return errors.New(msg)
}

// statement prints a question's SQL.
func statement(e *env, s query.Statement, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.out, s.Literal())
	return err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// table prints rows of text: aligned, or as CSV with foreign text guarded.
type table struct {
	head []string
	// right has true for columns of numbers.
	right []bool
	rows  [][]string
}

func (t *table) csv(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(t.head); err != nil {
		return err
	}
	for _, row := range t.rows {
		safe := make([]string, len(row))
		for i, c := range row {
			safe[i] = graph.Cell(c)
		}
		if err := w.Write(safe); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// widest is how far a column is aligned, and longest how much of a cell is
// shown: one endless name must not pad every line. --csv and --json have all.
const (
	widest  = 80
	longest = 400
)

func (t *table) print(out io.Writer) error {
	width := make([]int, len(t.head))
	lines := append([][]string{t.head}, t.rows...)
	for n, row := range lines {
		shown := make([]string, len(row))
		for i, c := range row {
			if c = printable(c); len(c) > longest {
				if r := []rune(c); len(r) > longest {
					c = string(r[:longest]) + "…"
				}
			}
			shown[i] = c
			width[i] = min(max(width[i], len([]rune(c))), widest)
		}
		lines[n] = shown
	}
	for _, row := range lines {
		var b strings.Builder
		for i, c := range row {
			gap := strings.Repeat(" ", max(0, width[i]-len([]rune(c))))
			if t.right[i] {
				c = gap + c
			} else if i < len(row)-1 {
				c += gap
			}
			b.WriteString(c)
			if i < len(row)-1 {
				b.WriteString("  ")
			}
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
