package format

import (
	"bytes"
	"errors"
	"io"
)

// maxLine is the longest line or entry that is read; a longer one is bad.
const maxLine = 1 << 20

// gluedPiece is how much without a newline is looked at for glued records.
const gluedPiece = 32 << 10

var errLongLine = errors.New("line too long")

// lineReader cuts a stream into lines over one buffer. A line is valid until
// the next call.
type lineReader struct {
	in       io.Reader
	buf      []byte
	pos, end int
	err      error // of in; met after what is in buf
	// glued reports whether b begins with several records without a newline
	// between them; nil: there is no such thing.
	glued func(b []byte) bool
}

// next is the next line without its newline. errLongLine says that a line was
// left out; the end of a stream that broke off in the middle of a line is no
// line.
func (r *lineReader) next() ([]byte, error) {
	seen := 0 // bytes after pos that hold no newline
	for {
		if i := bytes.IndexByte(r.buf[r.pos+seen:r.end], '\n'); i >= 0 {
			line := r.buf[r.pos : r.pos+seen+i]
			r.pos += seen + i + 1
			return line, nil
		}
		seen = r.end - r.pos
		if r.err != nil {
			if r.err == io.EOF && seen > 0 {
				line := r.buf[r.pos:r.end]
				r.pos = r.end
				return line, nil
			}
			r.pos = r.end
			return nil, r.err
		}
		// A stream without newlines is handed out in pieces, of which unread
		// takes back what is not the first record.
		if seen >= gluedPiece && r.glued != nil && r.glued(r.buf[r.pos:r.end]) {
			line := r.buf[r.pos:r.end]
			r.pos = r.end
			return line, nil
		}
		if seen > maxLine {
			return nil, r.skip()
		}
		r.fill()
	}
}

// unread gives back the last n bytes of the line before, as a line of their own.
func (r *lineReader) unread(n int) {
	if n == 0 {
		return
	}
	if r.pos > 0 && r.buf[r.pos-1] == '\n' {
		n++
	}
	r.pos -= n
}

// fill reads more behind what is left, which moves to the front.
func (r *lineReader) fill() {
	if r.buf == nil {
		r.buf = make([]byte, 128<<10)
	}
	if r.pos > 0 {
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.pos = 0
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for tries := 0; ; tries++ {
		n, err := r.in.Read(r.buf[r.end:])
		r.end += n
		if r.err = err; n > 0 || err != nil {
			return
		}
		if tries == 100 {
			r.err = io.ErrNoProgress
			return
		}
	}
}

// skip leaves out the line at pos, whose end is not in the buffer.
func (r *lineReader) skip() error {
	for {
		r.pos = r.end
		r.fill()
		if i := bytes.IndexByte(r.buf[:r.end], '\n'); i >= 0 {
			r.pos = i + 1
			return errLongLine
		}
		if r.err != nil {
			r.pos = r.end
			return errLongLine
		}
	}
}
