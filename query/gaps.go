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
	// entries before, and none here: its objects are missing, or were not read.
	Lost bool
	Logs int64 // how many logs, at most in any of its hours
}

// entries is the condition that a row of coverage tells of the log's own
// entries. A window without traffic (NODATA) is one.
func entries(as string) string {
	return "(" + as + ".records > 0 OR " + as + ".nodata > 0 OR " + as + ".skipdata > 0)"
}

// silences are the spans in which a log has no entry though some are expected:
// rows of provider, account, log, first, last (hours since 1970, last is not
// part). There are two kinds. Between two hours with entries; a log that has
// some in less than half of the hours from its first to its last writes only
// when there is traffic, and its silence says nothing. And after its last
// entry, as long as other logs go on; a log that by then has entries in less
// than half of the hours since its first has ended.
func silences() Where {
	const of = "PARTITION BY h.provider, h.account, h.log"
	hours := "(SELECT DISTINCT c.provider, c.account, c.log, CAST(floor(to_unixtime(c.hour) / 3600) AS bigint) AS at FROM coverage AS c WHERE " + entries("c") + ") AS h"
	inner := build("SELECT h.provider, h.account, h.log, h.at, lag(h.at) OVER (", of, " ORDER BY h.at) AS before, count(*) OVER (", of,
		") AS present, max(h.at) OVER (", of, ") - min(h.at) OVER (", of, ") + 1 AS hours FROM ", hours)
	last := build("SELECT h.provider, h.account, h.log, min(h.at) AS since, max(h.at) + 1 AS first, count(*) AS present FROM ", hours, " GROUP BY 1, 2, 3")
	end := "SELECT CAST(floor(to_unixtime(max(c.hour)) / 3600) AS bigint) AS at FROM coverage AS c WHERE " + entries("c")
	tail := build("SELECT l.provider, l.account, l.log, l.since, l.first, l.present, e.at - ", lateHours, " AS last FROM (", last, ") AS l CROSS JOIN (", end, ") AS e")
	return build("SELECT s.provider, s.account, s.log, s.before + 1 AS first, s.at AS last FROM (", inner, ") AS s WHERE s.at - s.before > 1 AND s.present * 2 >= s.hours",
		"\nUNION ALL SELECT t.provider, t.account, t.log, t.first, t.last FROM (", tail, ") AS t WHERE t.last > t.first AND t.present * 2 >= t.last - t.since")
}

// lateHours is how many hours before the newest entry of all logs a log of row
// l may lack some because they are not delivered yet: Google Cloud's hour files
// come up to three hours later, Azure's grow by the minute, AWS writes every
// five minutes. The hour of the newest entry itself is never expected.
const lateHours = "CASE l.provider WHEN 'gcp' THEN 3 WHEN 'azure' THEN 1 ELSE 0 END"

// losses are the hours in which logs say that they lost records, as silences
// has them.
func losses() Where {
	return build("SELECT DISTINCT c.provider, c.account, c.log, CAST(floor(to_unixtime(c.hour) / 3600) AS bigint) AS first, CAST(floor(to_unixtime(c.hour) / 3600) AS bigint) + 1 AS last FROM coverage AS c WHERE c.skipdata > 0")
}

// gapsSQL is rows of from, to (hours since 1970, to is not part), lost, logs.
func gapsSQL(from, to int64) Where {
	return build("SELECT s.first, s.last, 0 AS lost, count(*) AS logs FROM (", silences(), ") AS s WHERE s.last > ", from, " AND s.first < ", to,
		" GROUP BY 1, 2\nUNION ALL SELECT l.first, l.last, 1 AS lost, count(*) AS logs FROM (", losses(), ") AS l WHERE l.last > ", from, " AND l.first < ", to,
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
	var gaps, open []Gap // open: of the last one's those that are not over
	err = q.ask(ctx, s, func(r *reader) {
		g := Gap{From: r.hour(), To: r.hour(), Lost: r.int() > 0, Logs: r.int()}
		n := len(gaps) - 1
		if n < 0 || gaps[n].Lost != g.Lost || g.From.After(gaps[n].To) {
			gaps, open = append(gaps, g), append(open[:0], g)
			return
		}
		open = append(slices.DeleteFunc(open, func(o Gap) bool { return !o.To.After(g.From) }), g)
		logs := int64(0)
		for _, o := range open {
			logs += o.Logs
		}
		gaps[n].To, gaps[n].Logs = later(gaps[n].To, g.To), max(gaps[n].Logs, logs)
	})
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	return gaps, err
}

func (r *reader) hour() time.Time { return time.Unix(r.int()*3600, 0).UTC() }

// GapsSQL is the statement of LogGaps.
func (a CoverageAsk) GapsSQL() (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	chosen := Where{}
	if a.Filter != nil && !a.Filter.of.Empty() {
		chosen = build("(g.provider, g.account, g.log) IN (SELECT t.provider, t.account, t.log FROM coverage AS t WHERE ", a.Filter.of.sql(&sqlFor{coverage: true}), ")")
	}
	var from, to Where
	if !a.From.IsZero() {
		from = build("g.last > ", a.From.Unix()/3600)
	}
	if !a.To.IsZero() {
		to = build("g.first < ", a.To.Unix()/3600)
	}
	all := build("SELECT s.provider, s.account, s.log, s.first, s.last, 0 AS lost FROM (", silences(), ") AS s\nUNION ALL SELECT l.provider, l.account, l.log, l.first, l.last, 1 AS lost FROM (", losses(), ") AS l")
	w := build("SELECT g.provider, g.account, g.log, g.first, g.last, g.lost FROM (", all, ") AS g", whereAll(from, to, chosen), "\nORDER BY provider, account, log, lost, first")
	return statement(w, []Span{{Table: "coverage"}}), nil
}

// LogGaps are the same gaps, told of each log that has rows which the filter
// lets through, cut to the range.
func (q *Questions) LogGaps(ctx context.Context, a CoverageAsk) ([]LogGap, error) {
	a, err := a.settle()
	if err != nil {
		return nil, err
	}
	s, err := a.GapsSQL()
	if err != nil {
		return nil, err
	}
	var gaps []LogGap
	err = q.ask(ctx, s, func(r *reader) {
		g := LogGap{Provider: r.text(), Account: r.text(), Log: r.text(), From: r.hour(), To: r.hour(), Lost: r.int() > 0}
		g.From = later(g.From, a.From)
		if !a.To.IsZero() && g.To.After(a.To) {
			g.To = a.To
		}
		if n := len(gaps) - 1; n >= 0 && g.Lost {
			if o := &gaps[n]; o.Lost && o.Log == g.Log && o.Account == g.Account && o.Provider == g.Provider && o.To.Equal(g.From) {
				o.To = g.To
				return
			}
		}
		gaps = append(gaps, g)
	})
	slices.SortStableFunc(gaps, func(a, b LogGap) int { return a.From.Compare(b.From) })
	return gaps, err
}
