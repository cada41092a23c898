package format

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/periplus/periplus/periplus"
)

// What Open can say of an object that is no log.
var (
	// ErrEmpty: there is nothing in it.
	ErrEmpty = errors.New("empty")
	// ErrUnknown: no format recognises it.
	ErrUnknown = errors.New("unknown log format")
	// ErrCut: it ends in the middle or is damaged; a Reader returns it after the
	// records that stand before.
	ErrCut = errors.New("the object ends in the middle")
)

// hint is an error with the way out.
type hint struct {
	error
	way string
}

func (h hint) Error() string { return h.error.Error() + ": " + h.way }
func (h hint) Unwrap() error { return h.error }
func (h hint) Hint() string  { return h.way }

// Opened is a log that is ready to be read.
type Opened struct {
	Format *Format
	Reader periplus.Reader
	// Plain: it is stored without compression, so offsets in the text are those
	// in the object.
	Plain bool
}

// headSize is how many bytes a Guess sees.
const headSize = 64 << 10

// Open decompresses in (plain, gzip, zstd, told by their first bytes, also
// within each other), guesses the format unless opt names it, and opens it. It
// does not close in. The error is ErrEmpty, ErrUnknown, ErrCut or that of in,
// wrapped.
func Open(in io.Reader, opt Options) (*Opened, error) {
	head, rest, depth, err := inflate(in)
	if err != nil {
		return nil, err
	}
	f, err := choose(head, opt)
	if err != nil {
		return nil, err
	}
	r, err := f.Open(rest, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return &Opened{f, r, depth == 0}, nil
}

// choose is the format that opt names, or else the first whose Guess says so.
func choose(head []byte, opt Options) (*Format, error) {
	if opt.Format != "" {
		for i := range Formats {
			if Formats[i].Name == opt.Format {
				return &Formats[i], nil
			}
		}
		return nil, hint{fmt.Errorf("%w %q", ErrUnknown, opt.Format), "see 'periplus formats'"}
	}
	for i := range Formats {
		if Formats[i].Guess(head, opt) {
			return &Formats[i], nil
		}
	}
	return nil, hint{ErrUnknown, "name it with --log-format; see 'periplus formats'"}
}

// inflate takes compression off, layer by layer (CloudWatch gzips what
// Firehose gzips again), and returns the first bytes beside the whole stream,
// and how many layers there were.
func inflate(in io.Reader) (head []byte, all io.Reader, depth int, err error) {
	src := &stored{in: in}
	in = src
	for ; ; depth++ {
		b := bufio.NewReaderSize(in, headSize)
		head, err = b.Peek(headSize)
		if len(head) == 0 || len(bytes.TrimSpace(head)) == 0 && err == io.EOF {
			if err == nil || err == io.EOF {
				err = ErrEmpty
			}
			return nil, nil, depth, err
		}
		// Another error than the end comes again after what stands before it.
		var next io.Reader
		switch {
		case depth == 3:
			return head, b, depth, nil
		case bytes.HasPrefix(head, []byte("\x1f\x8b")):
			next, err = newGzip(b)
		case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
			next, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		default:
			return head, b, depth, nil
		}
		if err != nil {
			return nil, nil, depth, src.cut(err)
		}
		in = inflated{next, src}
	}
}

// stored is the stream as it is stored. It remembers its own failure, so that
// a decompressor's complaint about a disk is not taken for damaged data.
type stored struct {
	in  io.Reader
	err error
}

func (s *stored) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// cut says of a decompressor's error that the object is cut or damaged, unless
// the stream below failed.
func (s *stored) cut(err error) error {
	if errors.Is(err, ErrCut) {
		return err
	}
	if s.err != nil {
		return s.err
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}

// inflated is what a decompressor makes of src.
type inflated struct {
	in  io.Reader
	src *stored
}

func (r inflated) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err != nil && err != io.EOF {
		err = r.src.cut(err)
	}
	return n, err
}
