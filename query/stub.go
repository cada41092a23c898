package query

import (
	"context"
	"errors"
)

var errStub = errors.New("query: not written yet")

// Timeline is how much in each of about so many bins.
func (q *Questions) Timeline(ctx context.Context, a Ask, bins int) (*Timeline, error) {
	return nil, errStub
}

// Top is the table of the n largest by the asked metric, grouped by fields:
// port, protocol, verdict, reason, seen_by, stopped_at, answer, hour, or a field of an
// end (client.service, server.ip).
func (q *Questions) Top(ctx context.Context, a Ask, by []string, n int) (*Top, error) {
	return nil, errStub
}

// Rows is a page of the evidence; cursor "" begins.
func (q *Questions) Rows(ctx context.Context, a Ask, cursor string, n int) (*Rows, error) {
	return nil, errStub
}

// Conversations calls row for every merged conversation of the range, sorted
// by client, server, port, protocol, verdict. c is reused.
func (q *Questions) Conversations(ctx context.Context, a Ask, row func(c *Conversation) error) (Range, error) {
	return Range{}, errStub
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

// TimelineSQL is the statement of Timeline.
func (a Ask) TimelineSQL(bins int) (Statement, error) { return Statement{}, errStub }

// TopSQL is the statement of Top.
func (a Ask) TopSQL(by []string, n int) (Statement, error) { return Statement{}, errStub }

// RowsSQL is the statement of Rows.
func (a Ask) RowsSQL(cursor string, n int) (Statement, error) { return Statement{}, errStub }

// ConversationsSQL is the statement of Conversations.
func (a Ask) ConversationsSQL() (Statement, error) { return Statement{}, errStub }

// FacetsSQL is the statement of Facets.
func (a Ask) FacetsSQL(fields []string, prefix string, n int) (Statement, error) {
	return Statement{}, errStub
}
