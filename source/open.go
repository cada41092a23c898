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

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/periplus"
)

// Set is several sources as one: the files, buckets and log groups that a person
// named. Close it at the end.
type Set struct {
	files   periplus.Source // nil: none was named
	remotes []remote
}

// A remote is a source that is not of this machine.
type remote interface {
	periplus.Source
	io.Closer
	// Name is where the URIs of its objects begin, as far as they are sorted by it.
	Name() string
	// Owns reports whether a URI is of one of its objects.
	Owns(uri string) bool
}

// Options are what Open needs beside the addresses. The zero value works.
type Options struct {
	Choice
	Stdin   io.Reader                                        // for "-"; nil: os.Stdin
	Retried func(what string, err error, wait time.Duration) // as Bucket has it
	// Notice, when set, is told what a person should know of a source that is no
	// error. It may be called by several goroutines at once.
	Notice func(text string)
	// Columns are those of AWS text without a header (--aws-format): a log group's
	// are then not asked for.
	Columns string
	Now     func() time.Time // by which windows of log groups are open; nil: time.Now
}

// Open makes one source of addresses: files, folders, "-" for standard input,
// buckets (s3://, gs://, azblob://) and log groups (cloudwatch:).
func Open(ctx context.Context, addresses []string, opt Options) (*Set, error) {
	s := &Set{}
	var paths []string
	for _, a := range addresses {
		var r remote
		var err error
		switch {
		case aws.IsGroup(a):
			var g *group
			if g, err = openGroup(ctx, a, opt); err == nil {
				r = g
			}
		case !strings.Contains(a, "://"):
			paths = append(paths, a)
			continue
		case IsBucket(a):
			var b *Bucket
			if b, err = OpenBucket(ctx, a, opt.Choice); err == nil {
				b.Retried = opt.Retried
				r = b
			}
		default:
			err = fmt.Errorf("%s: Periplus reads files, folders, -, s3://, gs:// and azblob:// addresses and cloudwatch:GROUP", a)
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.remotes = append(s.remotes, r)
	}
	if len(paths) > 0 {
		s.files = &Filter{Source: &Files{Paths: paths, Stdin: opt.Stdin}, Choice: opt.Choice}
	}
	slices.SortStableFunc(s.remotes, func(a, b remote) int { return cmp.Compare(a.Name(), b.Name()) })
	return s, nil
}

// Remote reports whether anything in it is not of this machine.
func (s *Set) Remote() bool { return len(s.remotes) > 0 }

// Objects yields the objects of all: those of buckets and log groups, then files.
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
	for _, r := range s.remotes {
		out = append(out, r)
	}
	if s.files != nil {
		out = append(out, s.files)
	}
	return out
}

// Open opens an object of Objects.
func (s *Set) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	src, err := s.of(o)
	if err != nil {
		return nil, err
	}
	return src.Open(ctx, o)
}

// of is the source that an object is of.
func (s *Set) of(o *periplus.Object) (periplus.Source, error) {
	for _, r := range s.remotes {
		if r.Owns(o.URI) {
			return r, nil
		}
	}
	if s.files == nil {
		return nil, fmt.Errorf("%s: in none of the sources", o.URI)
	}
	return s.files, nil
}

// OpenPart opens n bytes of an object from a place on.
func (s *Set) OpenPart(ctx context.Context, o *periplus.Object, from, n int64) (io.ReadCloser, error) {
	for _, r := range s.remotes {
		if b, ok := r.(*Bucket); ok && b.Owns(o.URI) {
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
	for _, r := range s.remotes {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
