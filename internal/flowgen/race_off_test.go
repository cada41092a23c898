//go:build !race

package flowgen_test

import (
	"testing"

	"github.com/periplus/periplus/internal/flowgen"
)

func scenarios() []flowgen.Scenario { return flowgen.Scenarios() }

func unraced(*testing.T) {}
