package format

import (
	"time"

	"github.com/periplus/periplus/periplus"
)

// A Checkpoint is a place in a log that is written on, from which it may be
// read again without what stands before.
type Checkpoint struct {
	Offset int64 // in the text: where a whole record ended
	// After is later than every bucket that a record before Offset is booked
	// in, and the start of a bucket.
	After time.Time
	Stats periplus.Stats // of what stands before Offset: Lines, Records, Bad
	// First and Last are the span of the records before Offset; zero: there is
	// none.
	First, Last time.Time
	State       []byte // what the reader has to remember of them
	Before      int64  // what the reader makes After of

	// End is where the last whole record ended that was read, and Records is
	// how many there are between Offset and End.
	End     int64
	Records int64
}

// A Resumer is a Reader whose log may be read on from a Checkpoint. It keeps
// them where Options.Grows says so.
type Resumer interface {
	// Checkpoint is the last one that is some way from the end, for what a log
	// is written on with is not quite in order; nil: there is none. It is asked
	// at the end.
	Checkpoint() *Checkpoint
}
