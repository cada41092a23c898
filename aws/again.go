package aws

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"github.com/periplus/periplus/internal/scratch"
	"github.com/periplus/periplus/periplus"
)

// found is what a look found in a window, in whatever order: two looks with the
// same events have the same.
type found struct {
	events int64
	sum    uint64
}

// add takes the line of an event in. Other columns make it another line.
func (f *found) add(l *layout, line []byte) {
	h := fnv.New64a()
	if l != nil {
		_, _ = io.WriteString(h, l.header()+"\n") // a hash takes all
	}
	_, _ = h.Write(line)
	f.events++
	f.sum += h.Sum64()
}

func (f found) String() string { return fmt.Sprintf("%d-%x", f.events, f.sum) }

// foundAt is what stands behind the look in a window's ETag. What was read to
// its end has that.
func foundAt(etag string) (f found, ok bool) {
	_, text, _ := strings.Cut(etag, " ")
	n, err := fmt.Sscanf(text, "%d-%x", &f.events, &f.sum)
	return f, err == nil && n == 2
}

// again reads a window that was read before, to see whether it holds anything
// new. Events do not change: there are more of them, or they are gone because
// the group keeps them no longer, and then what was read of them stays.
func (e *events) again() (io.ReadCloser, error) {
	held, ok := foundAt(e.object.Held)
	s := &spool{}
	for first := true; first || !e.done; first = false {
		err := e.page()
		if err == nil {
			_, err = e.text.WriteTo(s)
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if e.found.events == 0 || ok && (e.found == held || e.found.events < held.events) {
		e.object.ETag = e.look + " " + held.String()
		return nil, errors.Join(periplus.ErrHeld, s.Close())
	}
	if err := s.rewind(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// A spool holds a text until it is known whether anybody wants it: the beginning
// in memory, the rest in a file.
type spool struct {
	head bytes.Buffer
	file *scratch.File // nil: there is no rest
}

// spoolMemory is some pages of events.
const spoolMemory = 4 << 20

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.head.Len()+len(p) <= spoolMemory {
		return s.head.Write(p)
	}
	if s.file == nil {
		f, err := scratch.Create("", "periplus-window-*")
		if err != nil {
			return 0, err
		}
		s.file = f
	}
	return s.file.Write(p)
}

// rewind ends the writing: what follows is read.
func (s *spool) rewind() error {
	if s.file == nil {
		return nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	return err
}

func (s *spool) Read(p []byte) (int, error) {
	if s.head.Len() > 0 || s.file == nil {
		return s.head.Read(p)
	}
	return s.file.Read(p)
}

func (s *spool) Close() error {
	s.head = bytes.Buffer{}
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
