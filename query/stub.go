package query

import (
	"context"
	"errors"
)

var errStub = errors.New("query: not written yet")

// Rows is a page of the evidence; cursor "" begins.
func (q *Questions) Rows(ctx context.Context, a Ask, cursor string, n int) (*Rows, error) {
	return nil, errStub
}

// Node is one group and whom it speaks to (at the asked level).
func (q *Questions) Node(ctx context.Context, a Ask, id string) (*NodeAnswer, error) {
	return nil, errStub
}

// Edge is what clients of one group ask of servers of another.
func (q *Questions) Edge(ctx context.Context, a Ask, source, target string) (*EdgeAnswer, error) {
	return nil, errStub
}

// Facets are the top n values of fields. prefix cuts to the values that begin
// with it.
func (q *Questions) Facets(ctx context.Context, a Ask, fields []string, prefix string, n int) ([]Facet, error) {
	return nil, errStub
}

// Extent is what the lake holds, whatever the range.
func (q *Questions) Extent(ctx context.Context) (*Extent, error) { return nil, errStub }

// Search finds groups by name, address, id or tag.
func (q *Questions) Search(ctx context.Context, text string, n int) ([]Group, error) {
	return nil, errStub
}

// RowsSQL is the statement of Rows.
func (a Ask) RowsSQL(cursor string, n int) (Statement, error) { return Statement{}, errStub }

// FacetsSQL is the statement of Facets.
func (a Ask) FacetsSQL(fields []string, prefix string, n int) (Statement, error) {
	return Statement{}, errStub
}
