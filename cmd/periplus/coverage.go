package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/query"
)

// coverageFlags are those of askFlags that coverage knows, and its own.
type coverageFlags struct {
	askFlags
	by    []string
	limit int
	gaps  bool
}

func coverageCommand(e *env) *cobra.Command {
	var f coverageFlags
	c := &cobra.Command{
		Use: "coverage [FILE…]", Short: "What the logs held, and where they lack records",
		Long: `What each log held, by hour and interface: records, windows without traffic
(NODATA), windows that lost records (SKIPDATA), records that came late, bad
lines; and the gaps: hours without an entry of a log that has some before and
after, or that has stopped while others go on, and hours that lost records.

Group by hour, day, provider, account, region, network, subnet, interface or
log; --filter takes these fields but the times. --gaps prints the gaps alone.

Exit code 3: --strict, and there is a gap, a lost window or a bad line.`,
		Example: "  periplus coverage --lake DIR\n  periplus coverage --lake DIR --group-by interface,hour --filter 'log = fl-0a1b' --from -24h\n  periplus coverage --lake DIR --gaps --csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := f.coverage(cmd)
			if err != nil {
				return err
			}
			d, err := f.desk(cmd.Context(), e, cmd, args)
			if err != nil {
				return err
			}
			defer d.Close()
			if f.sql {
				s, err := a.SQL()
				if f.gaps {
					s, err = a.GapsSQL()
				}
				return statement(e, s, err)
			}
			t, err := (&query.Questions{Engine: d.db}).Coverage(cmd.Context(), a)
			if err != nil {
				return err
			}
			if err := f.print(e, t); err != nil {
				return err
			}
			if f.strict && len(t.Gaps)+int(t.Totals.SkipData+t.Totals.Bad+t.NoHour) > 0 {
				return exit{exitStrict, errors.New("--strict: the logs have gaps or bad lines")}
			}
			return nil
		},
	}
	f.deskFlags.add(c)
	f.ingestFlags.add(c)
	c.Flags().StringVarP(&f.filter, "filter", "q", "", "filter: 'provider = aws and log in (fl-0a1b, fl-0c2d)'")
	c.Flags().StringVar(&f.askFlags.from, "from", "", "start: 2026-11-01T10:00:00Z, 2026-11-01, -6h (default: the first hour)")
	c.Flags().StringVar(&f.askFlags.to, "to", "", "end, not part of the range (default: after the last hour)")
	c.Flags().StringSliceVarP(&f.by, "group-by", "g", []string{"provider", "account", "region", "log"}, "what to group by")
	c.Flags().IntVarP(&f.limit, "limit", "n", 1000, "how many rows")
	c.Flags().BoolVar(&f.gaps, "gaps", false, "only the gaps")
	c.Flags().BoolVar(&f.json, "json", false, "as JSON")
	c.Flags().BoolVar(&f.csv, "csv", false, "as CSV")
	c.Flags().BoolVar(&f.sql, "sql", false, "print the SQL statement, which runs on DuckDB, Trino and Athena, and stop")
	return c
}

// coverage makes the question that the flags say.
func (f *coverageFlags) coverage(cmd *cobra.Command) (query.CoverageAsk, error) {
	a := query.CoverageAsk{By: f.by, Limit: f.limit}
	if f.limit < 1 {
		return a, wrong(cmd, errors.New("--limit: give a number above 0"))
	}
	filter := f.filter
	f.filter = "" // not one of traffic
	times, err := f.settle(cmd)
	if err != nil {
		return a, err
	}
	a.From, a.To = times.From, times.To
	if a.Filter, err = query.ParseCoverage(filter, time.Now()); err != nil {
		return a, wrong(cmd, filterError(filter, err))
	}
	if _, err := a.SQL(); err != nil {
		return a, wrong(cmd, err)
	}
	return a, nil
}

func (f *coverageFlags) print(e *env, t *query.CoverageTable) error {
	if f.json {
		return writeJSON(e.out, f.coverageJSON(t))
	}
	tab := coverageRows(t)
	if f.gaps {
		tab = gapRows(t.Gaps)
	}
	if f.csv {
		return tab.csv(e.out)
	}
	if !f.gaps || len(tab.rows) > 0 {
		if err := tab.print(e.out); err != nil {
			return err
		}
	}
	if !f.gaps && len(t.Gaps) > 0 {
		const most = 20
		fmt.Fprintln(e.out)
		if err := gapRows(t.Gaps[:min(most, len(t.Gaps))]).print(e.out); err != nil {
			return err
		}
		if more := len(t.Gaps) - most; more > 0 {
			fmt.Fprintf(e.out, "(%d more: --gaps prints all)\n", more)
		}
	}
	_, err := fmt.Fprintln(e.errOut, coverageSummary(t))
	return err
}

func coverageRows(t *query.CoverageTable) *table {
	tab := &table{head: append(append([]string{}, t.By...), "hours", "first_hour", "last_hour", "records", "nodata", "skipdata", "late", "bad")}
	tab.right = make([]bool, len(tab.head))
	for i := len(t.By); i < len(tab.head); i++ {
		tab.right[i] = true
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, r := range t.Rows {
		tab.rows = append(tab.rows, append(append([]string{}, r.Values...), n(r.Hours), stamp(r.First), stamp(r.Last), n(r.Records), n(r.NoData), n(r.SkipData), n(r.Late), n(r.Bad)))
	}
	return tab
}

func gapRows(gaps []query.LogGap) *table {
	tab := &table{head: []string{"gap", "provider", "account", "log", "from", "to", "hours"}, right: make([]bool, 7)}
	tab.right[6] = true
	for _, g := range gaps {
		tab.rows = append(tab.rows, []string{gapKind(g), g.Provider, g.Account, g.Log, stamp(g.From), stamp(g.To), strconv.Itoa(int(g.To.Sub(g.From) / time.Hour))})
	}
	return tab
}

func gapKind(g query.LogGap) string {
	if g.Lost {
		return "lost"
	}
	return "missing"
}

// noHour is said of bad lines of objects that tell no time.
const noHour = " of unknown time (table objects)"

// coverageSummary is one line.
func coverageSummary(t *query.CoverageTable) string {
	if t.Logs == 0 {
		none := "no log has an entry in the range"
		if t.NoHour > 0 {
			none += "; " + several(t.NoHour, "bad line") + noHour
		}
		return none
	}
	logs := map[[3]string]bool{}
	for _, g := range t.Gaps {
		logs[[3]string{g.Provider, g.Account, g.Log}] = true
	}
	parts := []string{fmt.Sprintf("%s, %s with entries", several(t.Logs, "log"), several(t.Hours, "hour"))}
	if len(t.Gaps) == 0 {
		parts = append(parts, "no gap")
	} else {
		parts = append(parts, fmt.Sprintf("%s in %s: %s missing", several(int64(len(t.Gaps)), "gap"), several(int64(len(logs)), "log"), several(t.Missing, "hour")))
	}
	for _, c := range []struct {
		n    int64
		what string
	}{{t.Totals.SkipData, "window that lost records"}, {t.Totals.Late, "late record"}, {t.Totals.Bad, "bad line"}} {
		if c.n > 0 {
			parts = append(parts, several(c.n, c.what))
		}
	}
	if t.NoHour > 0 {
		parts = append(parts, several(t.NoHour, "bad line")+noHour)
	}
	if more := t.Groups - int64(len(t.Rows)); more > 0 {
		parts = append(parts, fmt.Sprintf("%d rows left out: raise --limit", more))
	}
	return strings.Join(parts, "; ")
}

// several is a number with what it counts.
func several(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	first, rest, _ := strings.Cut(what, " that ")
	if rest != "" {
		rest = " that " + rest
	}
	return fmt.Sprintf("%d %ss%s", n, first, rest)
}

func (f *coverageFlags) coverageJSON(t *query.CoverageTable) any {
	type sum struct {
		Records  graph.Int `json:"records"`
		NoData   graph.Int `json:"nodata"`
		SkipData graph.Int `json:"skipdata"`
		Late     graph.Int `json:"late"`
		Bad      graph.Int `json:"bad"`
	}
	type row struct {
		Values map[string]string `json:"values"`
		Hours  int64             `json:"hours"`
		First  time.Time         `json:"first_hour"`
		Last   time.Time         `json:"last_hour"`
		sum
	}
	type gap struct {
		Kind     string    `json:"kind"` // missing, lost
		Provider string    `json:"provider"`
		Account  string    `json:"account"`
		Log      string    `json:"log"`
		From     time.Time `json:"from"`
		To       time.Time `json:"to"`
	}
	sums := func(s query.CoverageSum) sum {
		return sum{graph.Int(s.Records), graph.Int(s.NoData), graph.Int(s.SkipData), graph.Int(s.Late), graph.Int(s.Bad)}
	}
	out := struct {
		By      []string `json:"by"`
		Rows    []row    `json:"rows"`
		Groups  int64    `json:"groups"`
		Totals  sum      `json:"totals"`
		Logs    int64    `json:"logs"`
		Hours   int64    `json:"hours"`
		NoHour  int64    `json:"bad_without_hour"`
		Missing int64    `json:"hours_missing"`
		Gaps    []gap    `json:"gaps"`
	}{t.By, []row{}, t.Groups, sums(t.Totals), t.Logs, t.Hours, t.NoHour, t.Missing, []gap{}}
	for _, r := range t.Rows {
		values := map[string]string{}
		for i, v := range r.Values {
			values[t.By[i]] = v
		}
		out.Rows = append(out.Rows, row{values, r.Hours, r.First, r.Last, sums(r.CoverageSum)})
	}
	for _, g := range t.Gaps {
		out.Gaps = append(out.Gaps, gap{gapKind(g), g.Provider, g.Account, g.Log, g.From, g.To})
	}
	return out
}
