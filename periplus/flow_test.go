package periplus

import (
	"math"
	"testing"
)

func TestCountAdd(t *testing.T) {
	f := func(a, b, want Count) {
		t.Helper()
		got := a
		if got.Add(b); got != want {
			t.Errorf("%v and %v are %v; want %v", a, b, got, want)
		}
	}
	known := func(n int64) Count { return Count{N: n, Known: true} }
	f(known(2), known(3), known(5))
	f(known(2), Count{}, known(2))
	f(Count{}, known(3), known(3))
	f(Count{}, Count{}, Count{})
	f(known(math.MaxInt64-1), known(1), known(TooMany))
	f(known(math.MaxInt64-1), known(2), known(TooMany))
	f(known(TooMany), known(TooMany), known(TooMany))
	f(known(math.MinInt64), known(math.MaxInt64), known(-1))
}
