//go:build race

package flowgen_test

// The race detector makes the whole way five times slower and sees the same
// code in every scenario.
const raced = true
