//go:build race

package lake

import "testing"

// unraced leaves out a test of many processes or many commits: what dies is no
// matter of races, and with the race detector it takes minutes. `make test`
// runs it without.
func unraced(t *testing.T) {
	t.Helper()
	t.Skip("runs without the race detector")
}
