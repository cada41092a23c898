package query

import (
	"context"
	"fmt"
	"time"

	"github.com/periplus/periplus/periplus"
)

// reader takes the columns of a row one after the other. The first column of
// another type than wanted is kept as the error.
type reader struct {
	columns []string
	values  []any
	at      int
	err     error
}

func (r *reader) next() any {
	if r.at >= len(r.values) {
		r.fail("a column is missing")
		return nil
	}
	v := r.values[r.at]
	r.at++
	return v
}

func (r *reader) fail(what string) {
	if r.err == nil {
		name := ""
		if 0 < r.at && r.at <= len(r.columns) {
			name = r.columns[r.at-1]
		}
		r.err = fmt.Errorf("query: column %d %s of the answer: %s", r.at, name, what)
	}
}

func (r *reader) text() string {
	switch v := r.next().(type) {
	case string:
		return v
	case nil:
	default:
		r.fail(fmt.Sprintf("%T is no text", v))
	}
	return ""
}

func (r *reader) count() periplus.Count {
	switch v := r.next().(type) {
	case int64:
		return periplus.Count{N: v, Known: true}
	case nil:
	default:
		r.fail(fmt.Sprintf("%T is no integer", v))
	}
	return periplus.Count{}
}

func (r *reader) int() int64 { return r.count().N }

func (r *reader) bool() bool {
	switch v := r.next().(type) {
	case bool:
		return v
	case nil:
	default:
		r.fail(fmt.Sprintf("%T is no boolean", v))
	}
	return false
}

func (r *reader) time() time.Time {
	switch v := r.next().(type) {
	case time.Time:
		return v.UTC()
	case nil:
	default:
		r.fail(fmt.Sprintf("%T is no time", v))
	}
	return time.Time{}
}

func (r *reader) verdict() periplus.Verdict {
	v, err := periplus.ParseVerdict(r.text())
	if err != nil {
		r.fail(err.Error())
	}
	return v
}

// totals reads what sums selects.
func (r *reader) totals() Totals {
	return Totals{RequestBytes: r.count(), RequestPackets: r.count(), ResponseBytes: r.count(), ResponsePackets: r.count(),
		Opened: r.count(), Records: r.int(), Connections: r.int(), Unmeasured: r.int()}
}

// skip leaves out n columns.
func (r *reader) skip(n int) {
	for range n {
		r.next()
	}
}

// ask runs a statement and hands each row on.
func (q *Questions) ask(ctx context.Context, s Statement, row func(r *reader)) error {
	var r reader
	return q.Engine.Query(ctx, s, func(columns []string, values []any) error {
		r = reader{columns: columns, values: values}
		row(&r)
		if r.err == nil && r.at != len(values) {
			r.fail("not all columns were read")
		}
		return r.err
	})
}

// prepare settles an ask and makes its range current.
func (q *Questions) prepare(ctx context.Context, a Ask) (Ask, error) {
	a, err := a.settle()
	if err != nil {
		return a, err
	}
	if q.Current != nil {
		r := a.cover()
		if err := q.Current(ctx, r.From, r.To); err != nil {
			return a, err
		}
	}
	if a.Filter.ofStrangers() {
		a.scanners, err = q.scanners(ctx, a)
	}
	return a, err
}

// prepareGroups is the same for answers that group strangers.
func (q *Questions) prepareGroups(ctx context.Context, a Ask) (Ask, error) {
	a, err := q.prepare(ctx, a)
	if err == nil && !a.Filter.ofStrangers() {
		a.scanners, err = q.scanners(ctx, a)
	}
	return a, err
}
