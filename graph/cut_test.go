package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

func TestCut(t *testing.T) {
	var all []query.Edge
	for _, e := range []struct {
		pair    string
		records int64
	}{{"a>b", 6}, {"b>a", 5}, {"a>c", 9}, {"c>d", 10}, {"d>e", 10}, {"d>d", 3}} {
		s, d, _ := strings.Cut(e.pair, ">")
		all = append(all, query.Edge{Source: s, Target: d, Verdicts: query.Verdicts{periplus.Allowed: totals(100*e.records, e.records)}})
	}
	names := func(edges []query.Edge) string {
		var out []string
		for _, e := range edges {
			out = append(out, e.Source+">"+e.Target)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	f := func(o Options, want string) {
		t.Helper()
		kept, cut := o.cut(all, "records")
		if got := names(kept); got != want {
			t.Errorf("%+v keeps %s; want %s", o, got, want)
		}
		if len(kept)+len(cut) != len(all) || fmt.Sprint(names(append(kept, cut...))) != names(all) {
			t.Errorf("%+v keeps %d and cuts %d of %d edges", o, len(kept), len(cut), len(all))
		}
	}
	f(Options{}, "a>b a>c b>a c>d d>d d>e")
	f(Options{MinRecords: 10}, "c>d d>e")
	f(Options{MinRecords: 10, Pairs: true}, "a>b b>a c>d d>e")
	f(Options{Top: 1}, "c>d")
	f(Options{Top: 1, Pairs: true}, "a>b b>a")
	f(Options{Top: 2, Pairs: true}, "a>b b>a c>d")
	f(Options{Top: 3, MinRecords: 6}, "a>c c>d d>e")
	f(Options{Top: 50, MinRecords: 3}, "a>b a>c b>a c>d d>d d>e")
}
