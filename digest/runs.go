package digest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"unsafe"

	"github.com/periplus/periplus/internal/scratch"
)

// run is a sorted sequence of rows as bytes, in memory or in a file.
type run struct {
	mem  []byte
	file *scratch.File // nil: mem
	from int64
	size int64
	rows int

	hours []hourMark // where rows are in the order of the result
	marks []rowMark  // of every markRows-th row; nil: rows are only read in turn

	entries *parted // of rows that wait
	ruled   []uint8 // what became of every row; nil: all were settled
}

// hourMark is where in a run the rows of an hour begin. The first of them leans
// on the row before by its bucket alone, so that each hour can be read by itself.
type hourMark struct {
	hour   int32
	row    int32
	at     int64
	bucket int32 // of the row before
}

// rowMark is where in a run a row lies that leans on the row before by its
// bucket alone. Few rows are guessed wrong: they are read from the mark before
// them on.
type rowMark struct {
	at     uint32
	bucket int32 // of the row before
}

// markRows is how many rows lie from mark to mark.
const markRows = 32

// part is what a run holds of one hour.
type part struct {
	run *run
	n   int // in run.hours
}

// hourParts is what several runs hold of one hour.
type hourParts struct {
	hour  int32
	parts []part
}

// byHour divides runs by hour, in the order of the hours.
func byHour(rs []run) []hourParts {
	var out []hourParts
	at := map[int32]int{}
	for i := range rs {
		for n, m := range rs[i].hours {
			k, ok := at[m.hour]
			if !ok {
				k = len(out)
				at[m.hour] = k
				out = append(out, hourParts{hour: m.hour})
			}
			out[k].parts = append(out[k].parts, part{&rs[i], n})
		}
	}
	slices.SortFunc(out, func(a, b hourParts) int { return cmp.Compare(a.hour, b.hour) })
	return out
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
	spill    *scratch.File // what did not fit
	end      int64
	files    []*scratch.File
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
		mem := append(make([]byte, 0, n+slackBytes), data...)
		return run{mem: mem, size: n, rows: rows}, nil
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
func (s *runs) create() (*scratch.File, error) {
	f, err := scratch.Create(s.temp, "periplus-digest-*")
	if err != nil {
		return nil, spillError(err)
	}
	s.files = append(s.files, f)
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
	s.files, s.spill, s.settled, s.inMem = nil, nil, nil, 0
	s.waiting, s.evidence = [waitParts][]run{}, nil
	return errors.Join(errs...)
}

// runWriter writes a run of any length, in a file of its own.
type runWriter struct {
	file *scratch.File
	buf  []byte
	off  int64
	rows int
	prev row

	hours []hourMark
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
	h := r.hour()
	begins := w.rows == 0 || h != w.hours[len(w.hours)-1].hour
	if begins {
		w.hours = append(w.hours, hourMark{h, int32(w.rows), w.off + int64(len(w.buf)), w.prev.bucket})
	}
	w.buf = appendRow(w.buf, r, &w.prev, set, begins)
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
	return run{file: w.file, size: w.off, rows: w.rows, hours: w.hours}, err
}

// cursor reads a run, or the rows of one hour in it.
type cursor struct {
	row  row
	set  ports
	hash uint64 // of a waiting row's tuple
	key  sortedKey
	done bool

	d      decoder
	left   int // rows
	file   *scratch.File
	window []byte
	off    int64
	end    int64
	hashes bool
	all    []uint8 // rulings
	ruled  uint8   // that of row
}

const windowSize = 3 * maxRow

// newCursor opens what a run holds of an hour: the rows that are settled but
// for those that are not where their ruling wants them.
func newCursor(p part) *cursor {
	r := p.run
	from, to := r.hours[p.n], hourMark{row: int32(r.rows), at: r.size}
	if p.n+1 < len(r.hours) {
		to = r.hours[p.n+1]
	}
	c := openCursor(r, from.at, to.at, int(to.row-from.row))
	c.row.bucket = from.bucket
	if r.ruled != nil {
		c.all = r.ruled[from.row:to.row]
	}
	return c
}

// newTupleCursor opens a run of rows that are looked at 5-tuple by 5-tuple.
func newTupleCursor(r *run) *cursor {
	c := openCursor(r, 0, r.size, r.rows)
	c.hashes, c.all = true, r.ruled
	return c
}

// newMarkCursor opens so many rows of a run from a mark on.
func newMarkCursor(r *run, mark, rows int) *cursor {
	m := r.marks[mark]
	to := r.size
	if mark+1 < len(r.marks) {
		to = int64(r.marks[mark+1].at)
	}
	c := openCursor(r, int64(m.at), to, rows)
	c.row.bucket = m.bucket
	return c
}

func openCursor(r *run, from, to int64, rows int) *cursor {
	c := &cursor{left: rows, file: r.file}
	if r.file == nil {
		c.d.buf = r.mem[from : to+slackBytes]
	} else {
		c.off, c.end = r.from+from, r.from+to
		c.window = make([]byte, min(windowSize, to-from)+slackBytes)
	}
	return c
}

// readAhead is how far ahead of a row the bytes of its run are fetched. Many
// runs are read in turn, too many for the processor to do it by itself.
const readAhead = 384

// next goes to the next row.
func (c *cursor) next() error {
	for {
		if c.left == 0 {
			c.done = true
			return nil
		}
		c.left--
		if c.off < c.end && len(c.d.buf) < maxRow+slackBytes {
			if err := c.fill(); err != nil {
				return err
			}
		}
		if len(c.d.buf) > readAhead {
			prefetch(unsafe.Pointer(&c.d.buf[readAhead]))
		}
		c.d.row(&c.row, &c.set)
		if c.all != nil {
			c.ruled, c.all = c.all[0], c.all[1:]
		}
		if c.hashes {
			t := c.row.tuple()
			c.hash = t.hash()
			c.key = sortedKey{c.hash, 0}
			return nil
		}
		if c.ruled&ruledMoved != 0 {
			continue
		}
		if c.ruled != 0 {
			c.row.orient, c.row.bOpened = c.ruled&ruledRank, 0
		}
		c.key = c.row.sortedKey()
		return nil
	}
}

// fill reads more of a file behind what is left.
func (c *cursor) fill() error {
	left := 0
	if len(c.d.buf) > slackBytes {
		left = copy(c.window, c.d.buf[:len(c.d.buf)-slackBytes])
	}
	room := c.window[left : len(c.window)-slackBytes]
	want := int(min(c.end-c.off, int64(len(room))))
	n, err := c.file.ReadAt(room[:want], c.off)
	c.off += int64(n)
	c.d.buf = c.window[:left+n+slackBytes]
	if n < want {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return spillError(err)
	}
	return nil
}
