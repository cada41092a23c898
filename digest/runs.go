package digest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// run is a sorted sequence of rows as bytes, in memory or in a file.
type run struct {
	mem  []byte
	file *os.File // nil: mem
	from int64
	size int64
	rows int
	hour int32 // of the first row, where rows are in the order of the result

	entries *parted // of rows that wait
	ruled   []uint8 // what became of every row; nil: all were settled
}

// waitParts is into how many parts rows that are settled 5-tuple by 5-tuple are
// divided by their hash, so that several goroutines can do it.
const waitParts = 4

// runs keeps the runs of a batch within its memory. Safe for several goroutines.
type runs struct {
	temp  string
	limit int64 // bytes in memory, of both kinds

	mu       sync.Mutex
	settled  []run
	waiting  [waitParts][]run // rows that are settled 5-tuple by 5-tuple
	evidence []*parted        // hashes, eight bytes each
	inMem    int64
	spill    *os.File // what did not fit
	end      int64
	files    []*os.File
	names    []string // where a file cannot go while it is open
}

// push adds a run to a list.
func (s *runs) push(list *[]run, r run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, r)
}

// keep stores bytes that are a whole run. It copies them.
func (s *runs) keep(data []byte, rows int) (run, error) {
	n := int64(len(data))
	s.mu.Lock()
	if s.inMem+n <= s.limit {
		s.inMem += n
		s.mu.Unlock()
		return run{mem: append([]byte(nil), data...), size: n, rows: rows}, nil
	}
	if s.spill == nil {
		f, err := s.create()
		if err != nil {
			s.mu.Unlock()
			return run{}, err
		}
		s.spill = f
	}
	f, from := s.spill, s.end
	s.end += n
	s.mu.Unlock()
	if _, err := f.WriteAt(data, from); err != nil {
		return run{}, spillError(err)
	}
	return run{file: f, from: from, size: n, rows: rows}, nil
}

// create makes a temporary file that goes away by itself. The caller holds mu.
func (s *runs) create() (*os.File, error) {
	f, err := os.CreateTemp(s.temp, "periplus-digest-*")
	if err != nil {
		return nil, spillError(err)
	}
	s.files = append(s.files, f)
	if err := os.Remove(f.Name()); err != nil {
		s.names = append(s.names, f.Name())
	}
	return f, nil
}

func spillError(err error) error {
	return fmt.Errorf("digest's temporary file: %w; point TMPDIR to a disk with room or raise --memory", err)
}

// free gives the memory of runs that were merged back.
func (s *runs) free(rs []run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rs {
		if rs[i].file == nil {
			s.inMem -= rs[i].size
		}
		rs[i].mem = nil
	}
}

func (s *runs) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	for _, n := range s.names {
		errs = append(errs, os.Remove(n))
	}
	s.files, s.names, s.spill, s.settled, s.inMem = nil, nil, nil, nil, 0
	s.waiting, s.evidence = [waitParts][]run{}, nil
	return errors.Join(errs...)
}

// runWriter writes a run of any length, in a file of its own.
type runWriter struct {
	file *os.File
	buf  []byte
	off  int64
	rows int
	hour int32
	prev row
}

const writeSize = 256 << 10

func (s *runs) writer() (*runWriter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.create()
	if err != nil {
		return nil, err
	}
	return &runWriter{file: f}, nil
}

func (w *runWriter) add(r *row, set *ports) error {
	if w.rows == 0 {
		w.hour = r.hour()
	}
	w.buf = appendRow(w.buf, r, &w.prev, set)
	w.prev = *r
	w.rows++
	if len(w.buf) < writeSize {
		return nil
	}
	return w.flush()
}

func (w *runWriter) flush() error {
	n, err := w.file.WriteAt(w.buf, w.off)
	w.off += int64(n)
	w.buf = w.buf[:0]
	if err != nil {
		return spillError(err)
	}
	return nil
}

func (w *runWriter) run() (run, error) {
	err := w.flush()
	return run{file: w.file, size: w.off, rows: w.rows, hour: w.hour}, err
}

// cursor reads one run.
type cursor struct {
	row  row
	set  ports
	hash uint64 // of a waiting row's tuple; of a settled row its client's prefix
	hour int32  // of a settled row
	done bool

	d      decoder
	left   int // rows
	file   *os.File
	window []byte
	off    int64
	end    int64
	hashes bool
	all    []uint8 // rulings
	ruled  uint8   // that of row
	moved  bool    // yield only rows that were guessed wrong
}

const windowSize = 3 * maxRow

// newCursor opens a run: of rows that are settled but for those that are not
// where their ruling wants them, or with hashes of rows by 5-tuple.
func newCursor(r *run, hashes bool) *cursor {
	c := &cursor{left: r.rows, file: r.file, off: r.from, end: r.from + r.size, hashes: hashes, all: r.ruled}
	if r.file == nil {
		c.d.buf = r.mem
	} else {
		c.window = make([]byte, min(windowSize, r.size))
	}
	return c
}

// next goes to the next row.
func (c *cursor) next() error {
	for {
		if c.left == 0 {
			c.done = true
			return nil
		}
		c.left--
		if c.file != nil && len(c.d.buf) < maxRow && c.off < c.end {
			if err := c.fill(); err != nil {
				return err
			}
		}
		c.d.row(&c.row, &c.set)
		if c.all != nil {
			c.ruled, c.all = c.all[0], c.all[1:]
		}
		if c.hashes {
			t := c.row.tuple()
			c.hash = t.hash()
			return nil
		}
		if c.moved != (c.ruled&ruledMoved != 0) {
			continue
		}
		if c.ruled != 0 && !c.moved {
			c.row.orient, c.row.bOpened = c.ruled&ruledRank, 0
		}
		c.hash, c.hour = c.row.a.prefix(), c.row.hour()
		return nil
	}
}

func (c *cursor) fill() error {
	n := copy(c.window, c.d.buf)
	want := min(len(c.window)-n, int(min(c.end-c.off, int64(len(c.window)))))
	m, err := c.file.ReadAt(c.window[n:n+want], c.off)
	c.off += int64(m)
	c.d.buf = c.window[:n+m]
	if m < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return spillError(err)
	}
	return nil
}
