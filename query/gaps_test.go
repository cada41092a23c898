package query

import (
	"fmt"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func TestGaps(t *testing.T) {
	l := newLake(t)
	hour := func(h int) time.Time { return t0.Add(time.Duration(h) * time.Hour) }
	var rows []periplus.Coverage
	add := func(log string, change func(*periplus.Coverage), hours ...int) {
		for _, h := range hours {
			c := periplus.Coverage{Hour: hour(h), Provider: "aws", Account: "1", Log: log, Interface: "eni-1", Records: 5}
			if change != nil {
				change(&c)
			}
			rows = append(rows, c)
		}
	}
	add("steady", nil, 0, 1, 2, 3, 6, 7, 8, 9, 20, 21, 22, 23, 24, 25, 26, 27)
	add("steady", func(c *periplus.Coverage) { c.Interface = "eni-2" }, 0, 4) // another interface writes the same log
	add("quiet", func(c *periplus.Coverage) { c.Records, c.NoData = 0, 12 }, 0, 1, 2, 3, 4, 5, 6)
	add("rare", nil, 0, 9, 18)
	add("ended", nil, 0, 1)
	add("loser", func(c *periplus.Coverage) { c.SkipData = 2 }, 7, 8)
	add("loser", nil, 9)
	add("other", func(c *periplus.Coverage) { c.SkipData = 1 }, 8)
	insert(l, "coverage", periplus.CoverageFields, rows)
	q := &Questions{Engine: l}
	f := func(from, to int, want string) {
		t.Helper()
		gaps, err := q.Gaps(t.Context(), Ask{From: hour(from), To: hour(to)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, g := range gaps {
			got += fmt.Sprintf("%d-%d lost=%v logs=%d; ", int(g.From.Sub(t0).Hours()), int(g.To.Sub(t0).Hours()), g.Lost, g.Logs)
		}
		if got != want {
			t.Errorf("%d to %d: %s, want %s", from, to, got, want)
		}
	}
	f(0, 28, "5-6 lost=false logs=1; 7-9 lost=true logs=2; 10-20 lost=false logs=1; ")
	f(0, 5, "")
	f(5, 6, "5-6 lost=false logs=1; ")
	f(11, 12, "10-20 lost=false logs=1; ")
	f(8, 9, "8-9 lost=true logs=2; ")
	f(20, 28, "")
}

// TestGapsAtTheEnd: a log that stops while others go on has a gap, until it is
// silent for longer than it ever wrote; what is not delivered yet is none.
func TestGapsAtTheEnd(t *testing.T) {
	l := newLake(t)
	var rows []periplus.Coverage
	add := func(provider, log string, from, to int) {
		for h := from; h <= to; h++ {
			rows = append(rows, periplus.Coverage{Hour: t0.Add(time.Duration(h) * time.Hour), Provider: provider, Account: "1", Log: log, Interface: "eni-1", Records: 1})
		}
	}
	add("aws", "steady", 0, 40)
	add("aws", "stopped", 0, 29)
	add("aws", "ended", 0, 18)
	add("aws", "delayed", 0, 39)
	add("gcp", "hourly", 0, 37)
	add("gcp", "stuck", 20, 35)
	add("azure", "growing", 0, 38)
	// Bad lines alone are no entry: nobody knows what they were of.
	rows = append(rows, periplus.Coverage{Hour: t0.Add(60 * time.Hour), Provider: "aws", Account: "1", Log: "stopped", Bad: 3})
	insert(l, "coverage", periplus.CoverageFields, rows)
	q := &Questions{Engine: l}
	f := func(filter, want string) {
		t.Helper()
		var a CoverageAsk
		if filter != "" {
			of, err := ParseCoverage(filter, t0)
			if err != nil {
				t.Fatal(err)
			}
			a.Filter = of
		}
		gaps, err := q.LogGaps(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, g := range gaps {
			got += fmt.Sprintf("%s %d-%d; ", g.Log, int(g.From.Sub(t0).Hours()), int(g.To.Sub(t0).Hours()))
		}
		if got != want {
			t.Errorf("%q: %s, want %s", filter, got, want)
		}
	}
	f("", "stopped 30-40; stuck 36-37; ")
	f("provider = gcp", "stuck 36-37; ")
	f("log ~ st* and not region = x", "stopped 30-40; stuck 36-37; ")
	f("interface = eni-2", "")
	gaps, err := q.Gaps(t.Context(), Ask{From: t0, To: t0.Add(41 * time.Hour)})
	if got := fmt.Sprint(len(gaps)); err != nil || got != "1" || gaps[0].Logs != 2 || gaps[0].To.Sub(gaps[0].From) != 10*time.Hour {
		t.Errorf("the page is told %+v, %v; want one span of 10 hours, in one of which two logs lack records", gaps, err)
	}
}

// Where gaps of several logs overlap, one span tells how many logs lack records
// in the worst of its hours.
func TestGapsThatOverlap(t *testing.T) {
	l := newLake(t)
	var rows []periplus.Coverage
	add := func(log string, but ...[2]int) {
	hours:
		for h := range 60 {
			for _, gap := range but {
				if h >= gap[0] && h < gap[1] {
					continue hours
				}
			}
			rows = append(rows, periplus.Coverage{Hour: t0.Add(time.Duration(h) * time.Hour), Provider: "aws", Account: "1", Log: log, Interface: "eni-1", Records: 1})
		}
	}
	add("a", [2]int{10, 20}, [2]int{30, 35})
	add("b", [2]int{12, 15}, [2]int{33, 40})
	add("c", [2]int{14, 16}, [2]int{40, 44})
	add("d", [2]int{16, 22}, [2]int{40, 44})
	insert(l, "coverage", periplus.CoverageFields, rows)
	gaps, err := (&Questions{Engine: l}).Gaps(t.Context(), Ask{From: t0, To: t0.Add(60 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, g := range gaps {
		got += fmt.Sprintf("%d-%d logs=%d; ", int(g.From.Sub(t0).Hours()), int(g.To.Sub(t0).Hours()), g.Logs)
	}
	if want := "10-22 logs=3; 30-44 logs=2; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
