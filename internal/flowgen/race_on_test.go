//go:build race

package flowgen_test

import (
	"testing"

	"github.com/periplus/periplus/internal/flowgen"
)

// scenarios are one in five: the race detector makes the whole way five times
// slower and sees the same code in every scenario. `make test` takes all of
// them without it.
func scenarios() []flowgen.Scenario {
	var some []flowgen.Scenario
	for i, s := range flowgen.Scenarios() {
		if i%5 == 0 {
			some = append(some, s)
		}
	}
	return some
}

// unraced leaves out a test of many processes: `make test` runs it without the
// race detector, and the tests of watch and queue see the same code with it.
func unraced(t *testing.T) {
	t.Helper()
	t.Skip("runs without -race")
}
