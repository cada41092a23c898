package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func coverageLake(t *testing.T) *Questions {
	l := newLake(t)
	var rows []periplus.Coverage
	add := func(provider, account, network, iface, log string, hour int, c periplus.Coverage) {
		c.Hour, c.Provider, c.Account, c.Network, c.Interface, c.Log = t0.Add(time.Duration(hour)*time.Hour), provider, account, network, iface, log
		rows = append(rows, c)
	}
	for h := range 6 {
		if h != 3 {
			add("aws", "1", "vpc-1", "eni-1", "fl-1", h, periplus.Coverage{Records: 10, NoData: 1})
			add("aws", "1", "vpc-1", "eni-2", "fl-1", h, periplus.Coverage{Records: 5, Late: 2})
		}
		add("azure", "s", "s/rg/hub", "00AA", "hub-log", h, periplus.Coverage{Records: 1})
	}
	add("aws", "1", "", "", "fl-1", 3, periplus.Coverage{Bad: 4}) // lines that nobody could read
	add("aws", "1", "vpc-1", "eni-3", "fl-1", 5, periplus.Coverage{SkipData: 7})
	insert(l, "coverage", periplus.CoverageFields, rows)
	return &Questions{Engine: l}
}

func TestCoverage(t *testing.T) {
	q := coverageLake(t)
	f := func(filter, by string, from, to int, want ...string) {
		t.Helper()
		a := CoverageAsk{From: t0.Add(time.Duration(from) * time.Hour), To: t0.Add(time.Duration(to) * time.Hour)}
		if by != "" {
			a.By = strings.Split(by, ",")
		}
		var err error
		if a.Filter, err = ParseCoverage(filter, t0); err != nil {
			t.Fatal(err)
		}
		got, err := q.Coverage(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, r := range got.Rows {
			lines = append(lines, fmt.Sprintf("%s: %dh %d %d %d %d %d", strings.Join(r.Values, "/"), r.Hours, r.Records, r.NoData, r.SkipData, r.Late, r.Bad))
		}
		for _, g := range got.Gaps {
			lines = append(lines, fmt.Sprintf("gap %s %d-%d %v", g.Log, int(g.From.Sub(t0).Hours()), int(g.To.Sub(t0).Hours()), g.Lost))
		}
		lines = append(lines, fmt.Sprintf("all: %d logs %dh %d missing, %d %d %d %d %d", got.Logs, got.Hours, got.Missing, got.Totals.Records, got.Totals.NoData, got.Totals.SkipData, got.Totals.Late, got.Totals.Bad))
		if g, w := strings.Join(lines, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("%s by %s:\n%s\nwant\n%s", filter, by, g, w)
		}
	}
	f("", "", 0, 6, "aws/1//fl-1: 5h 75 5 7 10 4", "azure/s//hub-log: 6h 6 0 0 0 0", "gap fl-1 3-4 false", "gap fl-1 5-6 true", "all: 2 logs 11h 1 missing, 81 5 7 10 4")
	f("interface in (eni-1, eni-3)", "interface", 0, 6, "eni-1: 5h 50 5 0 0 0", "eni-3: 1h 0 0 7 0 0", "gap fl-1 3-4 false", "gap fl-1 5-6 true", "all: 1 logs 5h 1 missing, 50 5 7 0 0")
	f("network = hub", "provider", 0, 6, "azure: 6h 6 0 0 0 0", "all: 1 logs 6h 0 missing, 6 0 0 0 0")
	f("provider = amazon", "day,provider", 1, 3, t0.Format("2006-01-02")+"T00:00:00Z/aws: 2h 30 2 0 4 0", "all: 1 logs 2h 0 missing, 30 2 0 4 0")
	f("log = none", "", 0, 6, "all: 0 logs 0h 0 missing, 0 0 0 0 0")
}

// The first and the last hour of a group are those with entries: bad lines stand
// in an hour that nobody vouches for.
func TestCoverageFirstAndLast(t *testing.T) {
	l := newLake(t)
	at := func(h int) time.Time { return t0.Add(time.Duration(h) * time.Hour) }
	insert(l, "coverage", periplus.CoverageFields, []periplus.Coverage{
		{Hour: at(0), Provider: "aws", Log: "fl-1", Bad: 2},
		{Hour: at(2), Provider: "aws", Log: "fl-1", Interface: "eni-1", NoData: 1},
		{Hour: at(4), Provider: "aws", Log: "fl-1", Interface: "eni-1", Records: 1},
		{Hour: at(9), Provider: "aws", Log: "fl-1", Bad: 1},
		{Hour: at(5), Provider: "aws", Log: "junk", Bad: 1},
		{Hour: at(7), Provider: "aws", Log: "junk", Bad: 1},
	})
	got, err := (&Questions{Engine: l}).Coverage(t.Context(), CoverageAsk{By: []string{"log"}})
	if err != nil || len(got.Rows) != 2 {
		t.Fatalf("%+v, %v; want two rows", got, err)
	}
	for i, want := range []string{"fl-1 2h 2-4", "junk 0h 5-7"} {
		r := got.Rows[i]
		if s := fmt.Sprintf("%s %dh %d-%d", r.Values[0], r.Hours, int(r.First.Sub(t0).Hours()), int(r.Last.Sub(t0).Hours())); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
}

// Bad lines of objects that tell no time stand in no hour; they are told where
// all is asked.
func TestCoverageWithoutAnHour(t *testing.T) {
	l := newLake(t)
	insert(l, "coverage", periplus.CoverageFields, []periplus.Coverage{{Hour: t0, Provider: "aws", Log: "fl-1", Bad: 3}})
	insert(l, "objects", periplus.ObjectFields, []periplus.ReadObject{
		{ID: 1, URI: "a", Bad: map[periplus.BadKind]int64{periplus.BadSyntax: 1, periplus.BadTime: 2}, FirstSeen: t0},
		{ID: 2, URI: "b", Bad: map[periplus.BadKind]int64{periplus.BadTime: 5}},
		{ID: 3, URI: "c", Bad: map[periplus.BadKind]int64{periplus.BadTime: 5}},
		{ID: 4, URI: "d"},
	})
	q := &Questions{Engine: l}
	some, err := ParseCoverage("log = fl-1", t0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ask  CoverageAsk
		want int64
	}{{CoverageAsk{}, 10}, {CoverageAsk{Filter: some}, 0}, {CoverageAsk{From: t0}, 0}} {
		got, err := q.Coverage(t.Context(), c.ask)
		if err != nil || got.Totals.Bad != 3 || got.NoHour != c.want {
			t.Errorf("%+v: %+v, %v; want 3 bad lines, %d without an hour", c.ask, got, err, c.want)
		}
	}
}

func TestCoverageMistakes(t *testing.T) {
	f := func(filter, by, want string) {
		t.Helper()
		a := CoverageAsk{By: strings.Split(by, ",")}
		var err error
		if a.Filter, err = ParseCoverage(filter, t0); err == nil {
			_, err = a.SQL()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q by %q: %v, want %s", filter, by, err, want)
		}
	}
	f("port = 443", "log", `there is no field "port"`)
	f("lgo = x", "log", `there is no field "lgo"`)
	f("log > 3", "log", "does not know >")
	f("log = x", "intreface", `did you mean "interface"?`)
	_, err := ParseCoverage("lgo = x", t0)
	if fe, ok := errors.AsType[*FilterError](err); !ok || fe.Suggest != "log" {
		t.Errorf("lgo: %+v, want the suggestion log", err)
	}
	a := CoverageAsk{From: t0, To: t0.Add(-time.Hour)}
	if _, err := a.SQL(); err == nil {
		t.Error("a range that ends before it begins was taken")
	}
}
