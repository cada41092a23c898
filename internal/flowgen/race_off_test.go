//go:build !race

package flowgen_test

const raced = false
