package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// size is a number of bytes that people write as 512MiB or 1.5GB.
type size int64

// memorySize is a size that is enough to work in.
type memorySize struct{ size }

var sizeUnits = []struct {
	name string
	n    float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1}}

// leastMemory is what a question of a small lake needs.
const leastMemory = 64 << 20

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(strings.TrimSpace(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || n*u.n < 1 || n*u.n > 1<<50 {
			break
		}
		*s = size(n * u.n)
		return nil
	}
	return fmt.Errorf("%q is no size: write 512MiB or 1.5GB", text)
}

// Set implements pflag.Value.
func (m *memorySize) Set(text string) error {
	var s size
	if err := s.Set(text); err != nil {
		return err
	}
	if s < leastMemory {
		return fmt.Errorf("%q is too little: give at least 64MiB", text)
	}
	m.size = s
	return nil
}

// bind makes the garbage collector work harder rather than let the heap outgrow
// the size. DuckDB's memory is not the heap's, and a limit that the environment
// sets is the user's word.
func (m memorySize) bind() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m.size))
	}
}

// Type implements pflag.Value.
func (*size) Type() string { return "size" }

func (s *size) String() string {
	n := float64(*s)
	for _, u := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 || u == "GiB" {
			return strconv.FormatFloat(n, 'f', -1, 64) + u
		}
		n /= 1024
	}
	return ""
}
