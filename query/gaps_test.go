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
