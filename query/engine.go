// Package query turns a filter and a question into one SQL statement, written
// once in the dialect of Trino, and reads the answer.
package query

import (
	"context"
	"time"
)

// Span is the part of one table that a statement reads, so that an engine can
// leave out files that cannot matter. Zero times: no bound.
type Span struct {
	Table    string // flows, traffic, endpoints, objects, coverage
	Step     int64  // traffic only: 300, 3600, 86400; 0: all
	From, To time.Time
}

// Statement is a question as SQL. Foreign text stands in Args only, and `?`
// only in WHERE.
type Statement struct {
	SQL   string
	Args  []any // string, int64, bool, time.Time, []byte
	Spans []Span
}

// Engine answers SQL over the tables of a lake.
type Engine interface {
	// Query calls row for each row of the answer. Values are string, int64,
	// float64, bool, time.Time in UTC, []byte, or nil; both slices are reused.
	Query(ctx context.Context, s Statement, row func(columns []string, values []any) error) error
}

// A Marker is an engine that tells whether tables changed: while the mark of
// spans stays the same, so do the answers to what reads them.
type Marker interface {
	Mark(ctx context.Context, spans []Span) (string, error)
}
