package source

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/periplus/periplus/periplus"
)

// counting counts what is opened.
type counting struct {
	periplus.Source
	opened atomic.Int64
}

func (c *counting) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	c.opened.Add(1)
	return c.Source.Open(ctx, o)
}
