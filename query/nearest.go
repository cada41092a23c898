package query

import (
	"context"
	"fmt"
	"time"
)

// Nearest is the time next to a range at which something matches, wherever in
// the lake that is; the zero time where nothing matches at all. Of what lies
// before the range it is the last, of what lies behind it the first.
func (q *Questions) Nearest(ctx context.Context, a Ask) (time.Time, error) {
	x, err := q.Extent(ctx)
	if err != nil || x.From.IsZero() {
		return time.Time{}, err
	}
	from, to := a.From, a.To
	a.From, a.To = x.From, x.To.Add(time.Second) // To is not part of the range
	if a, err = q.prepare(ctx, a); err != nil {
		return time.Time{}, err
	}
	r := a.cover()
	// Nothing lies in the range, so a coarse row that reaches over it has seen
	// something on both sides.
	w := build(fmt.Sprintf("SELECT max(CASE WHEN t.last_seen < %[1]s THEN t.last_seen WHEN t.first_seen < %[1]s THEN t.first_seen END) AS before,"+
		" min(CASE WHEN t.first_seen >= %[2]s THEN t.first_seen WHEN t.last_seen >= %[2]s THEN t.last_seen END) AS behind\nFROM ", second(from), second(to)), a.rows(r))
	var before, behind time.Time
	err = q.ask(ctx, statement(w, r.spans()), func(row *reader) { before, behind = row.time(), row.time() })
	switch {
	case before.IsZero():
		return behind, err
	case behind.IsZero() || from.Sub(before) <= behind.Sub(to):
		return before, err
	}
	return behind, err
}

// second is a time as SQL makes it: outside of WHERE there are no parameters.
func second(t time.Time) string { return fmt.Sprintf("from_unixtime(%d)", t.Unix()) }
