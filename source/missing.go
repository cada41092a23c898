package source

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Missing says which of the sources are not there, or may not be read, as far as
// that is certain now: a path that does not exist, a store that answers that
// there is no such bucket, or not for these credentials. It is nil where nobody
// can tell: a store that does not answer, or not yet.
func (s *Set) Missing(ctx context.Context) error {
	var errs []error
	for _, r := range s.remotes {
		var err error
		switch own := r.(type) {
		case *Bucket:
			err = own.missing(ctx)
		case *group:
			if err = groupRefused("list", own.Exists(ctx)); !definite(err) {
				err = nil
			}
		}
		errs = append(errs, err)
	}
	if f, ok := s.files.(*Filter); ok {
		if files, ok := f.Source.(*Files); ok {
			errs = append(errs, files.missing())
		}
	}
	return errors.Join(errs...)
}

func (b *Bucket) missing(ctx context.Context) error {
	_, _, err := b.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: b.prefix})
	if err = b.explain("list", b.prefix, err); !definite(err) {
		return nil
	}
	return err
}

// definite reports whether a store's error is its answer to what was asked.
func definite(err error) bool {
	switch code(err) {
	case "ResourceNotFoundException":
		return true
	case "RequestTimeTooSkewed": // the clock may be set yet
		return false
	}
	var r *Refused
	return errors.As(err, &r) || gcerrors.Code(err) == gcerrors.NotFound
}

func (f *Files) missing() error {
	var errs []error
	for _, path := range f.Paths {
		if path == "-" {
			continue
		}
		info, err := os.Stat(path)
		if err == nil && (info.IsDir() || info.Mode().IsRegular()) { // to open a pipe would wait
			var in *os.File
			if in, err = os.Open(path); err == nil {
				in.Close()
			}
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
