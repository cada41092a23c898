package lake

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go"

	"github.com/periplus/periplus/periplus"
)

// keyMade, in the summary of a snapshot of endpoints, is the mark of what it
// was made from.
const keyMade = "periplus.made-from"

// WriteEndpoints replaces the table endpoints in one commit. The mark tells
// from what the rows were made; EndpointsMark gives it back.
func (l *Lake) WriteEndpoints(ctx context.Context, rows []periplus.Endpoint, mark string) error {
	return l.change(ctx, func(ctx context.Context) (err error) {
		e := edit{l: l, table: Endpoints}
		defer func() {
			if err != nil {
				e.undo()
			}
		}()
		old, err := l.dataFiles(ctx, Endpoints)
		if err != nil {
			return err
		}
		for _, f := range old {
			e.drop = append(e.drop, f.file)
		}
		if err := writeTable(&e, periplus.EndpointFields, rows, nil); err != nil {
			return err
		}
		return e.commit(ctx, iceberg.Properties{keyMade: mark})
	})
}

// EndpointsMark returns the mark that the table endpoints was written with; ""
// where it was not written yet.
func (l *Lake) EndpointsMark(ctx context.Context) (string, error) {
	tbl, err := l.pinned(ctx, Endpoints)
	if err != nil {
		return "", err
	}
	s := tbl.CurrentSnapshot()
	if s == nil || s.Summary == nil {
		return "", nil
	}
	return s.Summary.Properties[keyMade], nil
}

// FactsMark returns a mark that changes with what endpoints are made from: the
// addresses of traffic and what the logs taught.
func (l *Lake) FactsMark(ctx context.Context) (string, error) {
	flows, err := l.pinned(ctx, Flows)
	if err != nil {
		return "", err
	}
	traffic, err := l.pinned(ctx, Traffic)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d.%d", flows.Metadata().LastSequenceNumber(), traffic.Metadata().LastSequenceNumber()), nil
}
