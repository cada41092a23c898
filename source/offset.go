package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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

func pieces(ctx context.Context, src periplus.Source, o *periplus.Object, offset int64) (string, error) {
	if s, ok := src.(periplus.OffsetOpener); ok {
		return s.Pieces(ctx, o, offset)
	}
	return "", errNoOffset
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
func (f *Files) Pieces(context.Context, *periplus.Object, int64) (string, error) { return "", nil }

// OpenAt implements periplus.OffsetOpener.
func (f *Filter) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	return openAt(ctx, f.Source, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (f *Filter) Pieces(ctx context.Context, o *periplus.Object, offset int64) (string, error) {
	return pieces(ctx, f.Source, o, offset)
}

// OpenAt implements periplus.OffsetOpener. What was expected of the object is
// not fetched any more.
func (p *Prefetch) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	return openAt(ctx, p.Source, o, offset)
}

// Pieces implements periplus.OffsetOpener.
func (p *Prefetch) Pieces(ctx context.Context, o *periplus.Object, offset int64) (string, error) {
	return pieces(ctx, p.Source, o, offset)
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
func (s *Set) Pieces(ctx context.Context, o *periplus.Object, offset int64) (string, error) {
	src, err := s.of(o)
	if err != nil {
		return "", err
	}
	return pieces(ctx, src, o, offset)
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

// Pieces implements periplus.OffsetOpener: the blocks of a block blob in Azure,
// as far as all of them lies before the offset. Who appends to a blob leaves
// them as they are.
func (b *Bucket) Pieces(ctx context.Context, o *periplus.Object, offset int64) (mark string, err error) {
	var client *container.Client
	if b.scheme != "azblob" || !b.bucket.As(&client) {
		return "", nil
	}
	key, err := b.key(o.URI)
	if err != nil {
		return "", err
	}
	err = b.try(ctx, "list the blocks of "+key, func() error {
		list, err := client.NewBlockBlobClient(key).GetBlockList(ctx, blockblob.BlockListTypeCommitted, nil)
		if err != nil {
			return b.explain("read", key, err)
		}
		if list.ETag != nil && bare(string(*list.ETag)) != bare(o.ETag) {
			return fmt.Errorf("%s: it was written anew while it was read; the next run reads it", b.uri(key))
		}
		var names strings.Builder
		end := int64(0)
		for _, x := range list.CommittedBlocks {
			if x.Name == nil || x.Size == nil || end+*x.Size > offset {
				break
			}
			end += *x.Size
			fmt.Fprintf(&names, "%s %d\n", *x.Name, *x.Size)
		}
		mark = ""
		if names.Len() > 0 {
			sum := sha256.Sum256([]byte(names.String()))
			mark = hex.EncodeToString(sum[:])
		}
		return nil
	})
	return mark, err
}
