package watch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/periplus/periplus/periplus"
)

// OpenAt implements periplus.OffsetOpener: blobs of Azure's grow by the minute,
// and are read on where they were left.
func (b *batch) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	src, err := b.offsets(o)
	if err != nil {
		return nil, err
	}
	return src.OpenAt(ctx, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (b *batch) Pieces(ctx context.Context, o *periplus.Object) ([]periplus.Piece, error) {
	src, err := b.offsets(o)
	if err != nil {
		return nil, err
	}
	return src.Pieces(ctx, o)
}

func (b *batch) offsets(o *periplus.Object) (periplus.OffsetOpener, error) {
	for _, e := range b.entries {
		if e.object.URI != o.URI {
			continue
		}
		if src, ok := e.source.Source.(periplus.OffsetOpener); ok {
			return src, nil
		}
	}
	return nil, fmt.Errorf("%s: open at an offset: %w", o.URI, errors.ErrUnsupported)
}
