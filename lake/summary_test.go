package lake

import (
	"math"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// Sums that 64 bits do not hold stop; they never wrap.
func TestSummaryTooMany(t *testing.T) {
	rows := makeFlows(1, 3, 1)
	for i := range rows {
		rows[i].Verdict = periplus.Allowed
		rows[i].RequestBytes = periplus.Count{N: 1<<62 - 1, Known: true}
		rows[i].ResponseBytes = rows[i].RequestBytes
	}
	var all Summary
	for range 2 {
		var s Summary
		for _, err := range s.count(seq(rows), new(distinct)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		all.add(&s)
	}
	if got := all.Bytes[periplus.Allowed]; got != math.MaxInt64 {
		t.Errorf("%d bytes; want %d", got, int64(math.MaxInt64))
	}
}
