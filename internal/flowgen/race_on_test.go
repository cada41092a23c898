//go:build race

package flowgen_test

import "github.com/periplus/periplus/internal/flowgen"

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
