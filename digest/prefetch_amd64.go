package digest

import "unsafe"

// prefetch asks the processor for the three cache lines from p on and does not
// wait for them. It reads nothing: p may point anywhere.
//
//go:noescape
func prefetch(p unsafe.Pointer)
