// Package format reads flow logs: bytes in, records out. One file a format;
// the list below is the order in which they are tried.
package format

import (
	"io"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Options is what a reader may be told. The zero value is right for most.
type Options struct {
	Object *periplus.Object // where the bytes come from; nil: not known
	// AWSFormat names the columns of AWS text without a header, as in the flow
	// log's own settings: "${version} ${srcaddr} …".
	AWSFormat string
	// Format names the format ("aws-text"); "" guesses by content.
	Format string
	// Shared is what the readers of one goroutine have in common; nil: nothing.
	Shared *Shared
	// Grows says that the object is written on: its reader keeps Checkpoints, if
	// it is a Resumer. From is the one where the bytes begin; nil: at the start.
	// It goes with the Format that made it.
	Grows bool
	From  *Checkpoint
	// Now is what "absurd" is measured against; zero: time.Now.
	Now time.Time
}

// A Format is one kind of log.
type Format struct {
	Name    string // aws-text
	Title   string // AWS VPC flow logs, text
	About   string // what it can and cannot say, for people
	Columns []Column
	// Guess reports whether head, the first bytes of an object after
	// decompression (at most 64 KiB), is of this format.
	Guess func(head []byte, opt Options) bool
	// Open reads decompressed bytes. It does not close in.
	Open func(in io.Reader, opt Options) (periplus.Reader, error)
	// Explain names every field of one raw line or entry.
	Explain func(line []byte, opt Options) (*Explanation, error)
}

// Column is a field of a format, for `periplus explain` and the docs.
type Column struct {
	Name  string
	Since string // version that brought it; "" where there are none
	Unit  string
	Doc   string
}

// Explanation is one raw line in words.
type Explanation struct {
	Format string
	Fields []ExplainedField
	Record *periplus.Record // nil for a header
	Says   []string         // the verdict and what follows from the line, in sentences
	Silent []string         // what the line does not say
}

// ExplainedField is one value of a line.
type ExplainedField struct{ Name, Value, Unit, Doc string }
