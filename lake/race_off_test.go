//go:build !race

package lake

import "testing"

func unraced(*testing.T) {}
