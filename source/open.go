package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Set is several sources as one: the files and buckets that a person named.
// Close it at the end.
type Set struct {
	files   periplus.Source // nil: none was named
	buckets []*Bucket
}

// Options are what Open needs beside the addresses. The zero value works.
type Options struct {
	Choice
	Stdin   io.Reader                                        // for "-"; nil: os.Stdin
	Retried func(what string, err error, wait time.Duration) // as Bucket has it
}

// Open makes one source of addresses: files, folders, "-" for standard input,
// and buckets (s3://, gs://, azblob://).
func Open(ctx context.Context, addresses []string, opt Options) (*Set, error) {
	s := &Set{}
	var paths []string
	for _, a := range addresses {
		if !strings.Contains(a, "://") {
			paths = append(paths, a)
			continue
		}
		if !IsBucket(a) {
			return nil, errors.Join(fmt.Errorf("%s: Periplus reads files, folders, - and s3://, gs:// and azblob:// addresses", a), s.Close())
		}
		b, err := OpenBucket(ctx, a, opt.Choice)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		b.Retried = opt.Retried
		s.buckets = append(s.buckets, b)
	}
	if len(paths) > 0 {
		s.files = &Filter{Source: &Files{Paths: paths, Stdin: opt.Stdin}, Choice: opt.Choice}
	}
	slices.SortStableFunc(s.buckets, func(a, b *Bucket) int { return cmp.Compare(a.uri(a.prefix), b.uri(b.prefix)) })
	return s, nil
}

// Remote reports whether anything in it is not of this machine.
func (s *Set) Remote() bool { return len(s.buckets) > 0 }

// Objects yields the objects of all: those of buckets, then files.
func (s *Set) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, src := range s.all() {
			for o, err := range src.Objects(ctx) {
				if !yield(o, err) {
					return
				}
			}
		}
	}
}

func (s *Set) all() []periplus.Source {
	var out []periplus.Source
	for _, b := range s.buckets {
		out = append(out, b)
	}
	if s.files != nil {
		out = append(out, s.files)
	}
	return out
}

// Open opens an object of Objects.
func (s *Set) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	for _, b := range s.buckets {
		if strings.HasPrefix(o.URI, b.name) {
			return b.Open(ctx, o)
		}
	}
	if s.files == nil {
		return nil, fmt.Errorf("%s: in none of the sources", o.URI)
	}
	return s.files.Open(ctx, o)
}

// OpenPart opens n bytes of an object from a place on.
func (s *Set) OpenPart(ctx context.Context, o *periplus.Object, from, n int64) (io.ReadCloser, error) {
	for _, b := range s.buckets {
		if strings.HasPrefix(o.URI, b.name) {
			return b.OpenPart(ctx, o, from, n)
		}
	}
	r, err := s.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if from > 0 {
		if f, ok := r.(io.Seeker); ok {
			_, err = f.Seek(from, io.SeekStart)
		} else {
			_, err = io.CopyN(io.Discard, r, from)
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return part{io.LimitReader(r, n), r}, nil
}

// part is the beginning of a stream.
type part struct {
	io.Reader
	io.Closer
}

// Close ends the connections.
func (s *Set) Close() error {
	var errs []error
	for _, b := range s.buckets {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}
