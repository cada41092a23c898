package format

import (
	"context"
	"errors"
	"io"

	"github.com/periplus/periplus/periplus"
)

// A Stream reads all objects of a source as one log: whatever their formats
// and however they are compressed, in the order of their URIs.
type Stream struct {
	Source  periplus.Source
	Options Options // for every object; Object is filled in

	// Trouble, when set, is told of each folder or object that could not be
	// read, or not to its end; what came before stands and the stream goes on
	// with the next.
	Trouble func(uri string, err error)
	// Read, when set, is told of each object that was read, to its end or not.
	Read func(o *periplus.Object, s *periplus.Stats)

	recs   []periplus.Record
	shared Shared
}

// How a stream looks ahead: so many objects are listed and told to a source
// that fetches before it is asked, and so many records are read at once.
const (
	streamObjects = 1024
	streamRecords = 1024
)

// Each hands all records to write, some at a time: the slice is reused, and
// what a record points to is valid as Record says. It ends with the first
// error of write, or that of ctx.
func (s *Stream) Each(ctx context.Context, write func([]periplus.Record) error) error {
	if s.recs == nil {
		s.recs = make([]periplus.Record, streamRecords)
	}
	var next []periplus.Object
	for o, err := range s.Source.Objects(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.trouble(o.URI, err)
			continue
		}
		if next = append(next, o); len(next) < streamObjects {
			continue
		}
		if err := s.objects(ctx, next, write); err != nil {
			return err
		}
		next = next[:0]
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.objects(ctx, next, write)
}

func (s *Stream) trouble(uri string, err error) {
	if s.Trouble != nil {
		s.Trouble(uri, err)
	}
}

func (s *Stream) objects(ctx context.Context, list []periplus.Object, write func([]periplus.Record) error) error {
	if ahead, ok := s.Source.(periplus.Expecter); ok {
		ahead.Expect(ctx, list)
	}
	for i := range list {
		stats, bad, err := s.object(ctx, &list[i], write)
		if err != nil {
			return err
		}
		if bad != nil {
			s.trouble(list[i].URI, bad)
		}
		if stats != nil && s.Read != nil {
			s.Read(&list[i], stats)
		}
	}
	return nil
}

// object reads one. bad is the object's own trouble; stats are nil where
// nothing of it could be read.
func (s *Stream) object(ctx context.Context, o *periplus.Object, write func([]periplus.Record) error) (stats *periplus.Stats, bad, err error) {
	in, bad := s.Source.Open(ctx, o)
	if bad != nil {
		return nil, bad, ctx.Err()
	}
	defer in.Close()
	opt := s.Options
	opt.Object, opt.Shared = o, &s.shared
	opened, bad := Open(in, opt)
	if errors.Is(bad, ErrEmpty) {
		return &periplus.Stats{}, nil, ctx.Err()
	}
	if bad != nil {
		return nil, bad, ctx.Err()
	}
	stats = opened.Reader.Stats()
	for {
		n, bad := opened.Reader.Read(s.recs)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if n > 0 {
			if err := write(s.recs[:n]); err != nil {
				return nil, nil, err
			}
		}
		if errors.Is(bad, io.EOF) {
			return stats, nil, nil
		}
		if bad != nil {
			return stats, bad, nil
		}
	}
}
