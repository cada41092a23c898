package lake

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go"

	"github.com/periplus/periplus/periplus"
)

const keyOf = "periplus.of" // endpoints: what they were made of

// FactsMark changes whenever something changes that endpoints are made of: the
// evidence with its facts, or the addresses of the traffic.
func (l *Lake) FactsMark(ctx context.Context) (string, error) {
	mark := ""
	for _, name := range []string{Flows, Traffic} {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return "", err
		}
		if s := tbl.CurrentSnapshot(); s != nil {
			mark += fmt.Sprintf("%s-%d ", name, s.SnapshotID)
		}
	}
	return mark, nil
}

// EndpointsMark is what WriteEndpoints was told last; "" before.
func (l *Lake) EndpointsMark(ctx context.Context) (string, error) {
	tbl, err := l.load(ctx, Endpoints)
	if err != nil {
		return "", err
	}
	s := tbl.CurrentSnapshot()
	if s == nil || s.Summary == nil {
		return "", nil
	}
	return s.Summary.Properties[keyOf], nil
}

// WriteEndpoints replaces the table endpoints in one commit, and remembers in
// mark what they were made of.
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
		return e.commit(ctx, iceberg.Properties{keyOf: mark})
	})
}
