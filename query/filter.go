package query

import "fmt"

// Filter is a condition on traffic, in the language that docs/filter.md
// describes. The nil Filter lets everything through. It is never changed.
type Filter struct {
	root node
}

// FilterError says what is wrong with a filter, and where.
type FilterError struct {
	Pos, Len int // bytes of the text
	Msg      string
	Suggest  string // what was probably meant, "" for no idea
}

func (e *FilterError) Error() string {
	s := fmt.Sprintf("filter, position %d: %s", e.Pos+1, e.Msg)
	if e.Suggest != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Suggest)
	}
	return s
}

// Where is a condition in SQL. Args are the values of its `?` in order.
type Where struct {
	SQL  string // "" for no condition
	Args []any
}

// Chip is one condition of a flat "and" list.
type Chip struct {
	Text    string // normalised
	Without string // the filter that is left when the chip is taken away
}

// Candidate is one way to go on with a filter.
type Candidate struct {
	Text string // to put between From and To
	Kind string // field, operator, value, keyword
	Doc  string
}

// Completion says what may stand at a place of a filter.
type Completion struct {
	From, To   int // bytes of the text that a candidate replaces
	Candidates []Candidate
	// Field is not "" where a value of it is wanted: ask Facets for what the
	// data holds, with Prefix.
	Field, Prefix string
}

// FilterField is what may stand at the left of a condition.
type FilterField struct {
	Name      string
	Ends      bool // also after client. and server.; alone it means either end
	Type      string
	Operators []string
	Enum      []string
	Doc       string
}
