package lake

import (
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Lists that are added up in order tell what their rows tell one by one.
func TestCoveredAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	start := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	for round := range 200 {
		sum, days := coverageSum{}, coverageDays{}
		for range r.IntN(4) {
			var list covered
			for range r.IntN(40) {
				c := periplus.Coverage{Hour: start.Add(time.Duration(r.IntN(8)) * time.Hour), Provider: pick("aws", "gcp"),
					Account: pick("", "1"), Region: pick("a", "b"), Network: pick("", "n"), Subnet: pick("", "s"),
					Interface: pick("eni-1", "eni-2"), Log: pick("", "l"), KeepsPassed: r.IntN(2) == 0,
					Records: r.Int64N(9) - 4, NoData: r.Int64N(3), SkipData: r.Int64N(3), Late: r.Int64N(3), Bad: r.Int64N(3)}
				sum.add(c)
				list = append(list, c)
			}
			days.add(list.inOrder())
		}
		want, got := sum.inOrder(), days.inOrder()
		if len(want)+len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: %v\nwant %v", round, got, want)
		}
		for i := range want {
			if i > 0 && want[i-1].Compare(&want[i]) >= 0 {
				t.Fatalf("round %d: row %d is not after the one before", round, i)
			}
			if c := got.find(&want[i]); c == nil || *c != want[i] {
				t.Fatalf("round %d: find(%v) = %v", round, want[i], c)
			}
		}
		if got.find(&periplus.Coverage{Hour: start, Interface: "none"}) != nil {
			t.Fatal("found what is not there")
		}
	}
}

// What replaced objects take back comes in no order.
func TestWholeCoverageOfWhatGoes(t *testing.T) {
	l, err := Create(t.Context(), filepath.Join(t.TempDir(), "lake"), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	hour := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	of := func(name string, records int64) periplus.Coverage {
		return periplus.Coverage{Hour: hour, Provider: "aws", Interface: name, Records: records}
	}
	got, err := l.wholeCoverage(t.Context(), Batch{Coverage: []periplus.Coverage{of("eni-1", 9), of("eni-2", 9), of("eni-3", 9)}}, nil,
		[]periplus.Coverage{of("eni-2", -1), of("eni-3", -2), of("eni-1", -3), of("eni-2", -4)})
	want := []periplus.Coverage{of("eni-1", 6), of("eni-2", 4), of("eni-3", 7)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v\nwant %v", got, err, want)
	}
}
