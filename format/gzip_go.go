//go:build !isal || !cgo

package format

import (
	"io"

	"github.com/klauspost/compress/gzip"
)

// newGzip inflates one or more members.
func newGzip(in io.Reader) (io.Reader, error) { return gzip.NewReader(in) }

// Inflate names what decompresses gzip in this build.
const Inflate = "klauspost/compress"
