//go:build !race

package flowgen_test

import "github.com/periplus/periplus/internal/flowgen"

func scenarios() []flowgen.Scenario { return flowgen.Scenarios() }
