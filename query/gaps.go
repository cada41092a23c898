package query

import (
	"context"
	"slices"
	"time"
)

// Gap is a span in which records of a log are missing, told to the hour.
type Gap struct {
	From, To time.Time
	// Lost: the log says itself that it lost records (SKIPDATA). Else it had
	// entries before and after, and none here: its objects are missing, or were
	// not read.
	Lost bool
	Logs int64 // how many logs, at most in any of its hours
}

// gapsSQL is rows of from, to (hours since 1970, to is not part), lost, logs.
// A window without traffic (NODATA) is an entry, so it is no gap. A log that
// has entries in less than half of the hours between its first and its last
// writes only when there is traffic: its silence says nothing.
func gapsSQL(from, to int64) Where {
	const of = "PARTITION BY h.provider, h.account, h.log"
	hours := "SELECT DISTINCT c.provider, c.account, c.log, CAST(floor(to_unixtime(c.hour) / 3600) AS bigint) AS at FROM coverage AS c WHERE c.records > 0 OR c.nodata > 0 OR c.skipdata > 0"
	silent := build("SELECT h.provider, h.account, h.log, h.at, lag(h.at) OVER (", of, " ORDER BY h.at) AS before, count(*) OVER (", of,
		") AS present, max(h.at) OVER (", of, ") - min(h.at) OVER (", of, ") + 1 AS hours FROM (", hours, ") AS h")
	lost := build("SELECT DISTINCT c.provider, c.account, c.log, CAST(floor(to_unixtime(c.hour) / 3600) AS bigint) AS at FROM coverage AS c WHERE c.skipdata > 0")
	return build("SELECT s.before + 1 AS first, s.at AS last, 0 AS lost, count(*) AS logs FROM (", silent, ") AS s WHERE s.at - s.before > 1 AND s.present * 2 >= s.hours AND s.at > ", from,
		" AND s.before + 1 < ", to, " GROUP BY 1, 2\nUNION ALL SELECT l.at AS first, l.at + 1 AS last, 1 AS lost, count(*) AS logs FROM (", lost, ") AS l WHERE l.at >= ", from, " AND l.at < ", to,
		" GROUP BY 1, 2\nORDER BY lost, first, last")
}

// GapsSQL is the statement of Gaps.
func (a Ask) GapsSQL() (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	r := a.cover()
	return statement(gapsSQL(r.From.Unix()/3600, (r.To.Unix()+3599)/3600), []Span{{Table: "coverage"}}), nil
}

// Gaps are the spans of a range, whatever the filter, in which logs lack
// records: in order of time, those that touch as one.
func (q *Questions) Gaps(ctx context.Context, a Ask) ([]Gap, error) {
	s, err := a.GapsSQL()
	if err != nil {
		return nil, err
	}
	var gaps []Gap
	err = q.ask(ctx, s, func(r *reader) {
		hour := func() time.Time { return time.Unix(r.int()*3600, 0).UTC() }
		g := Gap{From: hour(), To: hour(), Lost: r.int() > 0, Logs: r.int()}
		if n := len(gaps) - 1; n >= 0 && gaps[n].Lost == g.Lost && !g.From.After(gaps[n].To) {
			gaps[n].To = later(gaps[n].To, g.To)
			gaps[n].Logs = max(gaps[n].Logs, g.Logs)
			return
		}
		gaps = append(gaps, g)
	})
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	return gaps, err
}
