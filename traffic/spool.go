package traffic

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"

	"github.com/periplus/periplus/internal/scratch"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
)

// A spool puts rows of traffic in the order in which they lie. They come with
// addresses ordered as numbers and lie with them ordered as text; rows of one
// hour, client and server come together and in order. The zero value works; it
// is used by one goroutine at a time.
type spool struct {
	dir    string // of its file; "": the system's
	memory int    // bytes of rows before it needs the file; 0: 48 MiB

	data           []byte
	runs           []run
	client, server netip.Addr // of the last run
	code           rowCode

	file  *scratch.File
	parts []int64 // where the sorted parts in it end
}

// A run is rows of one hour, client and server in data.
type run struct {
	key      uint64 // of IPv4: orders client and server as text
	hour     int32
	from, to uint32
	v4       bool
}

func (s *spool) compare(a, b *run) int {
	switch {
	case a.hour != b.hour:
		return cmp.Compare(a.hour, b.hour)
	case a.v4 && b.v4:
		return cmp.Compare(a.key, b.key)
	}
	x, y := rowDecoder{b: s.data[a.from:a.to]}, rowDecoder{b: s.data[b.from:b.to]}
	if c := merge.CompareText(x.addr(), y.addr()); c != 0 {
		return c
	}
	return merge.CompareText(x.addr(), y.addr())
}

// add takes a row in.
func (s *spool) add(t *periplus.Traffic) error {
	hour := int32(t.Bucket.Unix() / stepHour)
	n := len(s.runs) - 1
	if n < 0 || s.server != t.Server || s.client != t.Client || s.runs[n].hour != hour {
		if s.memory == 0 {
			s.memory = 48 << 20
		}
		if len(s.data) >= s.memory {
			if err := s.spill(); err != nil {
				return err
			}
		}
		r := run{hour: hour, from: uint32(len(s.data)), v4: t.Client.Is4() && t.Server.Is4()}
		if r.v4 {
			r.key = uint64(merge.TextKey(t.Client))<<32 | uint64(merge.TextKey(t.Server))
		}
		s.runs = append(s.runs, r)
		s.client, s.server = t.Client, t.Server
		n = len(s.runs) - 1
	}
	s.data = s.code.append(s.data, t)
	s.runs[n].to = uint32(len(s.data))
	return nil
}

// sorted brings the runs in memory in order.
func (s *spool) sorted() []run {
	slices.SortStableFunc(s.runs, func(a, b run) int { return s.compare(&a, &b) })
	return s.runs
}

// spill writes what is in memory to the file, as a part of it.
func (s *spool) spill() error {
	if s.file == nil {
		f, err := scratch.Create(s.dir, "periplus-traffic-")
		if err != nil {
			return fmt.Errorf("a file for traffic that waits: %w; set TMPDIR to a folder that can be written", err)
		}
		s.file = f
	}
	w := bufio.NewWriterSize(s.file, 1<<18)
	end := s.end()
	for _, r := range s.sorted() {
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], r.to-r.from)
		w.Write(size[:]) // an error stays until Flush
		w.Write(s.data[r.from:r.to])
		end += int64(len(size)) + int64(r.to-r.from)
	}
	s.parts = append(s.parts, end)
	s.data, s.runs = s.data[:0], s.runs[:0]
	return w.Flush()
}

func (s *spool) end() int64 {
	if len(s.parts) == 0 {
		return 0
	}
	return s.parts[len(s.parts)-1]
}

// all yields the rows in order; each is reused. Nothing may be added after.
func (s *spool) all() iter.Seq2[*periplus.Traffic, error] {
	return func(yield func(*periplus.Traffic, error) bool) {
		if s.file == nil {
			d := rowDecoder{code: &s.code}
			for _, r := range s.sorted() {
				for d.b = s.data[r.from:r.to]; len(d.b) > 0; {
					if !yield(d.next(), nil) {
						return
					}
				}
			}
			return
		}
		if err := s.merged(func(t *periplus.Traffic) bool { return yield(t, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// merged calls f with the rows of all parts, in one order, until it returns
// false.
func (s *spool) merged(f func(*periplus.Traffic) bool) error {
	if len(s.runs) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	var open []*section
	from := int64(0)
	for _, to := range s.parts {
		p := &section{r: bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 1<<18), d: rowDecoder{code: &s.code}}
		from = to
		if err := p.next(); err != nil {
			return err
		}
		open = append(open, p)
	}
	for len(open) > 0 {
		first := 0
		for i, p := range open {
			if merge.Compare(p.row, open[first].row) < 0 {
				first = i
			}
		}
		if !f(open[first].row) {
			return nil
		}
		err := open[first].next()
		if errors.Is(err, io.EOF) {
			open = slices.Delete(open, first, first+1)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// A section is a sorted part of a spool's file, at its next row.
type section struct {
	r   *bufio.Reader
	d   rowDecoder
	buf []byte
	row *periplus.Traffic
}

// next goes on to the next row; io.EOF: there is none.
func (p *section) next() error {
	if len(p.d.b) == 0 {
		var size [4]byte
		if _, err := io.ReadFull(p.r, size[:]); err != nil {
			return err
		}
		n := int(binary.LittleEndian.Uint32(size[:]))
		p.buf = slices.Grow(p.buf[:0], n)[:n]
		if _, err := io.ReadFull(p.r, p.buf); err != nil {
			return fmt.Errorf("traffic that waited was cut short: %w", io.ErrUnexpectedEOF)
		}
		p.d.b = p.buf
	}
	p.row = p.d.next()
	return nil
}

// reset empties the spool and removes the file.
func (s *spool) reset() error {
	s.data, s.runs, s.parts = s.data[:0], s.runs[:0], s.parts[:0]
	s.code.reset()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
