package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/periplus/periplus/periplus"
)

// Reading on where an object was left: periplus.OffsetOpener. Where a source
// stands before another, it asks that.

// errNoOffset says that a source knows no offsets.
var errNoOffset = fmt.Errorf("open at an offset: %w", errors.ErrUnsupported)

// openAt asks src, if it can be asked.
func openAt(ctx context.Context, src periplus.Source, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	if s, ok := src.(periplus.OffsetOpener); ok {
		return s.OpenAt(ctx, o, offset)
	}
	return nil, errNoOffset
}

func pieces(ctx context.Context, src periplus.Source, o *periplus.Object) ([]periplus.Piece, error) {
	if s, ok := src.(periplus.OffsetOpener); ok {
		return s.Pieces(ctx, o)
	}
	return nil, errNoOffset
}

// OpenAt implements periplus.OffsetOpener.
func (f *Files) OpenAt(_ context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	path, ok := FilePath(o.URI)
	if !ok || o.Size < 0 {
		return nil, errNoOffset
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := in.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// Pieces implements periplus.OffsetOpener: a file has none.
func (f *Files) Pieces(context.Context, *periplus.Object) ([]periplus.Piece, error) { return nil, nil }

// OpenAt implements periplus.OffsetOpener.
func (f *Filter) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	return openAt(ctx, f.Source, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (f *Filter) Pieces(ctx context.Context, o *periplus.Object) ([]periplus.Piece, error) {
	return pieces(ctx, f.Source, o)
}

// OpenAt implements periplus.OffsetOpener. What was expected of the object is
// not fetched any more.
func (p *Prefetch) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	return openAt(ctx, p.Source, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (p *Prefetch) Pieces(ctx context.Context, o *periplus.Object) ([]periplus.Piece, error) {
	return pieces(ctx, p.Source, o)
}

// OpenAt implements periplus.OffsetOpener.
func (s *Set) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	src, err := s.of(o)
	if err != nil {
		return nil, err
	}
	return openAt(ctx, src, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (s *Set) Pieces(ctx context.Context, o *periplus.Object) ([]periplus.Piece, error) {
	src, err := s.of(o)
	if err != nil {
		return nil, err
	}
	return pieces(ctx, src, o)
}

// OpenAt implements periplus.OffsetOpener. The object has to be the one that
// was listed.
func (b *Bucket) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	key, err := b.key(o.URI)
	if err != nil {
		return nil, err
	}
	r := &download{ctx: ctx, b: b, key: key, etag: o.ETag, at: offset}
	return r, r.open()
}

// Pieces implements periplus.OffsetOpener: the blocks of a block blob in Azure.
func (b *Bucket) Pieces(ctx context.Context, o *periplus.Object) (list []periplus.Piece, err error) {
	var client *container.Client
	if b.scheme != "azblob" || !b.bucket.As(&client) {
		return nil, nil
	}
	key, err := b.key(o.URI)
	if err != nil {
		return nil, err
	}
	err = b.try(ctx, "list the blocks of "+key, func() error {
		got, err := client.NewBlockBlobClient(key).GetBlockList(ctx, blockblob.BlockListTypeCommitted, nil)
		if err != nil {
			return b.explain("read", key, err)
		}
		if got.ETag != nil && bare(string(*got.ETag)) != bare(o.ETag) {
			return fmt.Errorf("%s: it was written anew while it was read; the next run reads it", b.uri(key))
		}
		list = nil
		for _, x := range got.CommittedBlocks {
			if x.Name == nil || x.Size == nil {
				return fmt.Errorf("%s: a block without name or size", b.uri(key))
			}
			list = append(list, periplus.Piece{Name: *x.Name, Size: *x.Size})
		}
		return nil
	})
	return list, err
}
