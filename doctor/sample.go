package doctor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// Sample is what the first part of an object shows.
type Sample struct {
	URI     string
	Size    int64 // -1: not known
	Read    int64 // bytes that were downloaded
	Whole   bool  // that was all of it
	Format  string
	Title   string
	Columns []string // nil: the format fixes them
	Records int64    // in what was read
	Bad     int64
	First   time.Time // of the records; zero: there was none
	Last    time.Time
	// Missing are recommended fields that it does not hold.
	Missing []Field
	// Recommended is what the flow log should be set to.
	Recommended string
	Estimated   int64 // records of the whole object
	Early       error // why it ends in the middle; the records before that are read
	Err         error // why it could not be read

	refused bool // Err is the source's
}

const part = 1 << 20

// parter is a source that can open a part of an object, so that the rest stays
// where it is.
type parter interface {
	OpenPart(ctx context.Context, o *periplus.Object, from, n int64) (io.ReadCloser, error)
}

// open returns n bytes of an object from a place on.
func (c *Check) open(ctx context.Context, o *periplus.Object, from, n int64) ([]byte, error) {
	var in io.ReadCloser
	var err error
	if p, ok := c.Source.(parter); ok {
		in, err = p.OpenPart(ctx, o, from, n)
	} else if in, err = c.Source.Open(ctx, o); err == nil && from > 0 {
		_, err = io.CopyN(io.Discard, in, from)
	}
	if err != nil {
		if in != nil {
			err = errors.Join(err, in.Close())
		}
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, n))
	return b, errors.Join(err, in.Close())
}

// look reads the first part of an object.
func (c *Check) look(ctx context.Context, o *periplus.Object) Sample {
	s := Sample{URI: o.URI, Size: o.Size}
	n := c.Part
	if n <= 0 {
		n = part
	}
	b, err := c.open(ctx, o, 0, n)
	s.Read, s.Err = int64(len(b)), err
	if err != nil {
		s.refused = true
		return s
	}
	s.Whole = s.Read < n || s.Read == o.Size
	if bytes.HasPrefix(b, []byte("PAR1")) && !s.Whole {
		c.parquet(ctx, o, &s)
	} else {
		c.stream(o, b, &s)
	}
	if s.Err == nil && s.Format != "" {
		var fields []Field
		fields, s.Recommended = recommended(s.Format, s.Columns)
		if len(s.Columns) == 0 {
			fields = nil
		}
		for _, f := range fields {
			if !format.Names(s.Columns, f.Name) && (f.Or == "" || !format.Names(s.Columns, f.Or)) {
				s.Missing = append(s.Missing, f)
			}
		}
	}
	return s
}

// stream reads records until the part ends.
func (c *Check) stream(o *periplus.Object, b []byte, s *Sample) {
	opt := c.Options
	opt.Object, opt.Shared = o, new(format.Shared)
	opened, err := format.Open(bytes.NewReader(b), opt)
	if errors.Is(err, format.ErrEmpty) {
		return
	}
	if err != nil {
		s.Err = err
		return
	}
	s.Format, s.Title = opened.Format.Name, opened.Format.Title
	recs := make([]periplus.Record, 256)
	for {
		n, err := opened.Reader.Read(recs)
		for i := range recs[:n] {
			s.see(&recs[i])
		}
		if err == nil {
			continue
		}
		switch {
		case !s.Whole || err == io.EOF:
		case opened.Reader.Stats().Records > 0:
			s.Early = err
		default:
			s.Err = err
		}
		break
	}
	stats := opened.Reader.Stats()
	s.Records, s.Bad = stats.Records, stats.BadTotal()
	if !s.Whole { // the last line of the part is cut
		s.Bad -= stats.Bad[periplus.BadCut]
		if s.Bad > 0 {
			s.Bad--
		}
	}
	s.Estimated = s.Records
	if !s.Whole && s.Size > 0 {
		s.Estimated = int64(float64(s.Records) / float64(s.Read) * float64(s.Size))
	}
	s.Columns = opened.Columns()
	if strings.HasPrefix(s.Format, "gcp-") {
		s.Columns, err = format.Fields(bytes.NewReader(b), 200)
		if err != nil && s.Err == nil && s.Early == nil && s.Whole {
			s.Err = err
		}
	}
}

func (s *Sample) see(r *periplus.Record) {
	if r.Mark != periplus.MarkFlow && r.Mark != periplus.MarkEvent {
		return
	}
	if s.First.IsZero() || r.Start.Before(s.First) {
		s.First = r.Start
	}
	if r.End.After(s.Last) {
		s.Last = r.End
	}
}

// parquet reads the end of a Parquet file, where its columns stand.
func (c *Check) parquet(ctx context.Context, o *periplus.Object, s *Sample) {
	f, err := format.ReadParquetFooter(&ranges{ctx: ctx, c: c, o: o, s: s})
	if err != nil {
		s.Err = err
		return
	}
	s.Format, s.Title = "aws-parquet", "AWS flow logs, Parquet"
	s.Columns, s.Records, s.Estimated = f.Columns, f.Rows, f.Rows
}

// ranges is an object that is read where it is asked for.
type ranges struct {
	ctx context.Context
	c   *Check
	o   *periplus.Object
	s   *Sample
	at  int64
}

func (r *ranges) ReadAt(p []byte, at int64) (int, error) {
	b, err := r.c.open(r.ctx, r.o, at, int64(len(p)))
	r.s.Read += int64(len(b))
	n := copy(p, b)
	if err == nil && n < len(p) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (r *ranges) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		r.at = offset
	case io.SeekCurrent:
		r.at += offset
	case io.SeekEnd:
		r.at = r.o.Size + offset
	}
	return r.at, nil
}

// without names the missing fields without which something is not known, not
// those that only add detail, or tell of what not everybody has.
func (s *Sample) without() string {
	var why []string
	for _, f := range s.Missing {
		switch {
		case f.Why == "", f.With != "":
		case f.Or != "":
			why = append(why, f.Name+" and "+f.Or)
		default:
			why = append(why, f.Name)
		}
	}
	return strings.Join(why, ", ")
}
