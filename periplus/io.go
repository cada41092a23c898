package periplus

import (
	"fmt"
	"maps"
	"slices"
)

// A Reader yields the records of one object.
type Reader interface {
	// Read fills recs from the front and returns how many it filled. What a
	// record points to is valid until the next Read unless Record says that it
	// may be kept. At the end it returns 0 and io.EOF; another error means that
	// the rest cannot be read (a truncated gzip), and what came before stands.
	// A bad line is no error: it is counted in Stats and reading goes on.
	// One goroutine at a time.
	Read(recs []Record) (int, error)
	// Stats is what has been read so far. It is the reader's own and grows with
	// every Read.
	Stats() *Stats
}

// BadKind sorts what can be wrong with a line.
type BadKind string

// The kinds of bad lines.
const (
	BadSyntax  BadKind = "syntax"    // not this format's line, not JSON, not a number
	BadColumns BadKind = "columns"   // more or fewer columns than the header names
	BadRange   BadKind = "range"     // a port, protocol or counter that cannot be
	BadTime    BadKind = "time"      // before 2000, more than a day ahead, end before start
	BadVersion BadKind = "version"   // a version that nobody knows and that could not be read
	BadAddress BadKind = "address"   // not an IP address
	BadCut     BadKind = "truncated" // the object ends in the middle
)

// SyntaxError is one bad line: where it is and what is wrong with it.
type SyntaxError struct {
	Kind BadKind
	URI  string
	Line int64 // from 1
	Msg  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", e.URI, e.Line, e.Msg)
}

// Stats counts what a reader met. The zero value is ready.
type Stats struct {
	Lines    int64 // lines or entries, headers and blanks included
	Records  int64 // flow and event records, Parts not counted
	NoData   int64
	SkipData int64
	Bad      map[BadKind]int64
	First    []SyntaxError // the first few bad lines, at most MaxFirst
	// Unknown counts the values of columns that nobody knows and that were kept, by
	// name: of MaxUnknown columns, and of the rest together as OtherColumns.
	Unknown map[string]int64
}

// MaxFirst is how many bad lines a Stats keeps whole.
const MaxFirst = 5

// AddBad counts a bad line and keeps it if it is among the first.
func (s *Stats) AddBad(e SyntaxError) {
	if s.Bad == nil {
		s.Bad = map[BadKind]int64{}
	}
	s.Bad[e.Kind]++
	if len(s.First) < MaxFirst {
		s.First = append(s.First, e)
	}
}

// MaxUnknown is how many columns that nobody knows a Stats tells apart: a log may
// make up names without end.
const MaxUnknown = 100

// OtherColumns stands for the columns beyond MaxUnknown.
const OtherColumns = "(other columns)"

// AddUnknown counts values of a column that nobody knows.
func (s *Stats) AddUnknown(name string, values int64) {
	if s.Unknown == nil {
		s.Unknown = map[string]int64{}
	}
	_, kept := s.Unknown[name]
	named := len(s.Unknown)
	if _, ok := s.Unknown[OtherColumns]; ok {
		named--
	}
	if !kept && named >= MaxUnknown {
		name = OtherColumns
	}
	s.Unknown[name] += values
}

// BadTotal is the number of bad lines of all kinds.
func (s *Stats) BadTotal() int64 {
	var n int64
	for _, k := range s.Bad {
		n += k
	}
	return n
}

// Add adds what another reader met.
func (s *Stats) Add(o *Stats) {
	s.Lines += o.Lines
	s.Records += o.Records
	s.NoData += o.NoData
	s.SkipData += o.SkipData
	for k, n := range o.Bad {
		if s.Bad == nil {
			s.Bad = map[BadKind]int64{}
		}
		s.Bad[k] += n
	}
	for _, name := range slices.Sorted(maps.Keys(o.Unknown)) {
		s.AddUnknown(name, o.Unknown[name])
	}
	for _, e := range o.First {
		if len(s.First) < MaxFirst {
			s.First = append(s.First, e)
		}
	}
}
