package periplus

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Object is one file, blob or stream of log lines: what is known of it before
// it is read. URI names it for good ("file:///…", "s3://…", "stdin:").
type Object struct {
	URI  string
	Size int64 // bytes as stored; -1 when not known
	// ETag is another one when the object may be another. Open may add to it,
	// behind a space, what it found: that is kept with it and not compared.
	ETag    string
	ModTime time.Time
	// Held is the ETag as which it was read before by who opens it, "" if never.
	// An Open that finds nothing new since then may answer ErrHeld.
	Held string

	// What its name says, each "" or zero where it does not.
	Hint   Place
	Time   time.Time     // start of the delivery window
	Window time.Duration // its length: 5 minutes, an hour or a day
}

// Source lists objects and opens them.
type Source interface {
	// Objects yields the objects in the order of their URIs. An error beside an
	// object (a folder that may not be read) does not end the sequence.
	Objects(ctx context.Context) iter.Seq2[Object, error]
	// Open returns the object's bytes as stored, not decompressed.
	Open(ctx context.Context, o *Object) (io.ReadCloser, error)
}

// ErrHeld is Open's answer that an object holds nothing but what was read of it
// as Held. The ETag that it has by then is the one to know it by.
var ErrHeld = errors.New("nothing new since it was read")

// An Expecter is a Source that wants to know which objects will be opened next,
// in this order, so that it can fetch ahead.
type Expecter interface {
	Expect(ctx context.Context, objects []Object)
}

// An OffsetOpener is a Source that opens objects that are written on at the
// place where they were left. errors.ErrUnsupported: not this object.
type OffsetOpener interface {
	// OpenAt is Open from an offset in the stored bytes on.
	OpenAt(ctx context.Context, o *Object, offset int64) (io.ReadCloser, error)
	// Pieces are those that the store made the object of, in order; none where
	// it tells of none. Who writes an object on leaves the earlier ones as they
	// are.
	Pieces(ctx context.Context, o *Object) ([]Piece, error)
}

// A Piece of an object is known to its store by a name.
type Piece struct {
	Name string
	Size int64
}
