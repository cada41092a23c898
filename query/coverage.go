package query

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// coverageFields are what rows of the table coverage can be chosen and grouped
// by.
var coverageFields = []*field{
	{"provider", false, typeEnum, []string{"aws", "gcp", "azure"}, "cloud"},
	{"account", false, typeText, nil, "AWS account, GCP project, Azure subscription"},
	{"region", false, typeText, nil, ""},
	{"network", false, typeText, nil, "VPC or VNet"},
	{"subnet", false, typeText, nil, ""},
	{"interface", false, typeText, nil, "eni-…, MAC, GCP instance"},
	{"log", false, typeText, nil, "fl-…, log name, NSG or VNet flow log"},
}

// coverageField is lookup over coverageFields.
func coverageField(name string) (*field, side, string, bool) {
	name = strings.ToLower(name)
	switch name {
	case "flow-log", "flow_log":
		name = "log"
	default:
		if a, is := aliases[name]; is {
			name = a
		}
	}
	i := slices.IndexFunc(coverageFields, func(f *field) bool { return f.name == name })
	if i < 0 {
		return nil, either, "", false
	}
	return coverageFields[i], either, "", true
}

func coverageNames() []string {
	names := make([]string, len(coverageFields))
	for i, f := range coverageFields {
		names[i] = f.name
	}
	return names
}

// CoverageGroups are the names that coverage can be grouped by.
func CoverageGroups() []string { return append([]string{"hour", "day"}, coverageNames()...) }

// CoverageFilter chooses rows of the table coverage: the filter language over
// provider, account, region, network, subnet, interface and log.
type CoverageFilter struct{ of *Filter }

// ParseCoverage reads such a filter. An error is a *FilterError.
func ParseCoverage(text string, now time.Time) (*CoverageFilter, error) {
	f, err := parse(text, &parser{now: now, find: coverageField, names: coverageNames})
	if err != nil {
		return nil, err
	}
	return &CoverageFilter{f}, nil
}

// CoverageAsk is what of the table coverage is asked. The zero value asks all.
type CoverageAsk struct {
	From, To time.Time // widened to whole hours; zero: no bound
	Filter   *CoverageFilter
	By       []string // of CoverageGroups; nil: provider, account, region, log
	Limit    int      // rows; 0: 1000, never more than 100,000
}

// CoverageRow is what the logs of a group held.
type CoverageRow struct {
	Values      []string  // of By; an hour or a day as RFC 3339
	Hours       int64     // hours in which any of them had entries
	First, Last time.Time // of these hours; of those with bad lines where there is none
	CoverageSum
}

// CoverageSum is what was counted.
type CoverageSum struct {
	Records  int64
	NoData   int64 // windows without traffic
	SkipData int64 // windows that lost records
	Late     int64 // records that came after their hour was built
	Bad      int64 // bad lines
}

// CoverageTable is an answer: the rows in the order of their values.
type CoverageTable struct {
	By      []string
	Rows    []CoverageRow
	Groups  int64 // rows without the limit
	Totals  CoverageSum
	Logs    int64 // that had entries in the range
	Hours   int64 // hours of logs: an hour of two logs counts twice
	NoHour  int64 // bad lines of objects that tell no time; 0 unless all is asked
	Missing int64 // hours of logs without entries where some are expected: those of Gaps
	Gaps    []LogGap
}

// LogGap is a span in which one log lacks records.
type LogGap struct {
	Provider, Account, Log string
	From, To               time.Time
	Lost                   bool // as Gap has it
}

func (a CoverageAsk) settle() (CoverageAsk, error) {
	if len(a.By) == 0 {
		a.By = []string{"provider", "account", "region", "log"}
	}
	by := make([]string, len(a.By))
	for i, name := range a.By {
		by[i] = strings.ToLower(name)
		if by[i] == "hour" || by[i] == "day" {
			continue
		}
		f, _, _, ok := coverageField(name)
		if !ok {
			return a, mistake("there is no field %q%s; use one of %s", name, didYouMean(nearest(name, CoverageGroups())), strings.Join(CoverageGroups(), ", "))
		}
		by[i] = f.name
	}
	a.By = by
	if !a.From.IsZero() && !a.To.IsZero() && !a.From.Before(a.To) {
		return a, mistake("the range ends at %s and begins at %s: it must end after it begins", a.To.UTC().Format(time.RFC3339), a.From.UTC().Format(time.RFC3339))
	}
	if !a.From.IsZero() {
		a.From = floor(a.From, 3600)
	}
	if !a.To.IsZero() {
		a.To = ceil(a.To, 3600)
	}
	a.Limit = limit(a.Limit, 1000, 100_000)
	return a, nil
}

// where is the condition of the ask over coverage AS t.
func (a CoverageAsk) where() Where {
	var conditions []Where
	if !a.From.IsZero() {
		conditions = append(conditions, build("t.hour >= ", arg(a.From)))
	}
	if !a.To.IsZero() {
		conditions = append(conditions, build("t.hour < ", arg(a.To)))
	}
	if a.Filter != nil {
		conditions = append(conditions, a.Filter.of.sql(&sqlFor{coverage: true}))
	}
	return whereAll(conditions...)
}

func (a CoverageAsk) span() Span { return Span{Table: "coverage", From: a.From, To: a.To} }

const coverageSums = `CAST(sum(t.records) AS bigint) AS records, CAST(sum(t.nodata) AS bigint) AS nodata, CAST(sum(t.skipdata) AS bigint) AS skipdata,
 CAST(sum(t.late) AS bigint) AS late, CAST(sum(t.bad) AS bigint) AS bad`

// SQL is the statement of the rows.
func (a CoverageAsk) SQL() (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	return statement(a.rows(), []Span{a.span()}), nil
}

func (a CoverageAsk) rows() Where {
	var columns, numbers []string
	for i, by := range a.By {
		column := "t." + by
		if by == "hour" || by == "day" {
			column = "CAST(to_unixtime(date_trunc('" + by + "', t.hour)) AS bigint)"
		}
		columns = append(columns, column+" AS v"+strconv.Itoa(i+1))
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	groups := strings.Join(numbers, ", ")
	grouped := build("SELECT ", strings.Join(columns, ", "), ", count(DISTINCT CASE WHEN ", entries("t"), " THEN t.hour END) AS hours,\n coalesce(min(CASE WHEN ", entries("t"), " THEN t.hour END), min(t.hour)) AS first_hour, coalesce(max(CASE WHEN ", entries("t"), " THEN t.hour END), max(t.hour)) AS last_hour,\n ",
		coverageSums, "\nFROM coverage AS t", a.where(), " GROUP BY ", groups)
	return build("SELECT g.*, count(*) OVER () AS groups FROM (", grouped, ") AS g ORDER BY ", strings.Join(valueNames(len(a.By)), ", "), " LIMIT ", a.Limit)
}

// totals is one row: the sums, and how many logs and hours of logs there are.
func (a CoverageAsk) totals() Where {
	logs := build("SELECT t.provider, t.account, t.log, count(DISTINCT CASE WHEN ", entries("t"), " THEN t.hour END) AS hours,\n ", coverageSums, "\nFROM coverage AS t", a.where(), " GROUP BY 1, 2, 3")
	return build("SELECT count(CASE WHEN t.hours > 0 THEN 1 END) AS logs, CAST(sum(t.hours) AS bigint) AS hours, ", coverageSums, " FROM (", logs, ") AS t")
}

// Coverage tells what the logs held, and where they lack records.
func (q *Questions) Coverage(ctx context.Context, a CoverageAsk) (*CoverageTable, error) {
	a, err := a.settle()
	if err != nil {
		return nil, err
	}
	t := &CoverageTable{By: a.By}
	err = q.ask(ctx, statement(a.rows(), []Span{a.span()}), func(r *reader) {
		row := CoverageRow{Values: make([]string, len(a.By))}
		for i, by := range a.By {
			if by == "hour" || by == "day" {
				row.Values[i] = time.Unix(r.int(), 0).UTC().Format(time.RFC3339)
			} else {
				row.Values[i] = r.text()
			}
		}
		row.Hours, row.First, row.Last, row.CoverageSum = r.int(), r.time(), r.time(), r.coverage()
		t.Groups = r.int()
		t.Rows = append(t.Rows, row)
	})
	if err != nil {
		return nil, err
	}
	err = q.ask(ctx, statement(a.totals(), []Span{a.span()}), func(r *reader) {
		t.Logs, t.Hours, t.Totals = r.int(), r.int(), r.coverage()
	})
	if err != nil {
		return nil, err
	}
	if a.From.IsZero() && a.To.IsZero() && (a.Filter == nil || a.Filter.of.Empty()) {
		all, err := q.badLines(ctx)
		if err != nil {
			return nil, err
		}
		t.NoHour = max(0, all-t.Totals.Bad)
	}
	t.Gaps, err = q.LogGaps(ctx, a)
	for _, g := range t.Gaps {
		if !g.Lost {
			t.Missing += int64(g.To.Sub(g.From) / time.Hour)
		}
	}
	return t, err
}

// badLines are those of all objects.
func (q *Questions) badLines(ctx context.Context) (n int64, err error) {
	bad := build("SELECT o.bad, count(*) AS objects FROM objects AS o WHERE o.bad <> '' GROUP BY o.bad ORDER BY bad")
	err = q.ask(ctx, statement(bad, []Span{{Table: "objects"}}), func(r *reader) {
		kinds := r.text()
		n += r.int() * badTotal(kinds)
	})
	return n, err
}

func (r *reader) coverage() CoverageSum {
	return CoverageSum{Records: r.int(), NoData: r.int(), SkipData: r.int(), Late: r.int(), Bad: r.int()}
}
