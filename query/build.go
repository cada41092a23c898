package query

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// build puts SQL together: a string is SQL of ours, a Where brings its values
// along, a number or an address is written out. Nothing else gets in, so
// foreign text cannot become SQL.
func build(parts ...any) Where {
	var sql strings.Builder
	var args []any
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			sql.WriteString(p)
		case int, int64:
			fmt.Fprint(&sql, p)
		case netip.Addr: // hexadecimal, dots and colons
			sql.WriteString("'" + p.WithZone("").String() + "'")
		case Where:
			sql.WriteString(p.SQL)
			args = append(args, p.Args...)
		default:
			panic(fmt.Sprintf("query: %T is no part of a statement", p))
		}
	}
	return Where{SQL: sql.String(), Args: args}
}

// arg is one value.
func arg(v any) Where { return Where{SQL: "?", Args: []any{v}} }

// list is "(?, ?, …)".
func list[T any](values []T) Where {
	w := Where{SQL: "(" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")"}
	for _, v := range values {
		w.Args = append(w.Args, v)
	}
	return w
}

// joined puts conditions together; empty ones are left out. "" for none.
func joined(by string, conditions ...Where) Where {
	var parts []any
	for _, c := range conditions {
		if c.SQL == "" {
			continue
		}
		if len(parts) > 0 {
			parts = append(parts, by)
		}
		parts = append(parts, c)
	}
	return build(parts...)
}

// whereAll is " WHERE a AND b", "" for no condition.
func whereAll(conditions ...Where) Where {
	w := joined(" AND ", conditions...)
	if w.SQL != "" {
		w.SQL = " WHERE " + w.SQL
	}
	return w
}

func between(column string, from, to time.Time) Where {
	return build(column, " >= ", arg(from), " AND ", column, " < ", arg(to))
}

// traffic is the rows of traffic that cover the range, as a table to select
// from.
func (r Range) traffic() Where {
	var parts []any
	for i, s := range r.Steps {
		if i > 0 {
			parts = append(parts, " UNION ALL ")
		}
		parts = append(parts, "SELECT * FROM traffic WHERE step = ", s.Step, " AND ", between("bucket", s.From, s.To))
	}
	return build(append(append([]any{"("}, parts...), ")")...)
}

// spans are what a statement over the range reads of traffic, with the names
// of the ends.
func (r Range) spans() []Span {
	var spans []Span
	for _, s := range r.Steps {
		spans = append(spans, Span{Table: "traffic", Step: s.Step, From: s.From, To: s.To})
	}
	return append(spans, Span{Table: "endpoints"})
}

// both is a + b, the known one where only one is, NULL where none is.
func both(a, b string) string { return "coalesce(" + a + " + " + b + ", " + a + ", " + b + ")" }

// amounts are the metrics of a row of traffic AS t.
var amounts = map[string]string{
	"bytes":   both("t.request_bytes", "t.response_bytes"),
	"packets": both("t.request_packets", "t.response_packets"),
	"records": "t.records",
	"opened":  "t.opened",
}

// sums are the columns of Totals over rows of traffic AS t, in the order in
// which readTotals wants them.
const sums = `CAST(sum(t.request_bytes) AS bigint) AS request_bytes, CAST(sum(t.request_packets) AS bigint) AS request_packets,
  CAST(sum(t.response_bytes) AS bigint) AS response_bytes, CAST(sum(t.response_packets) AS bigint) AS response_packets,
  CAST(sum(t.opened) AS bigint) AS opened, CAST(sum(t.records) AS bigint) AS records, CAST(sum(t.connections) AS bigint) AS connections,
  CAST(sum(CASE WHEN ` + unmeasured + ` THEN t.records ELSE 0 END) AS bigint) AS unmeasured`

const unmeasured = "coalesce(t.request_packets, t.request_bytes, t.response_packets, t.response_bytes) IS NULL"

// resums adds them up again from rows AS t.
var resums = strings.Replace(sums, "CASE WHEN "+unmeasured+" THEN t.records ELSE 0 END", "t.unmeasured", 1)

// shown is the condition that Show stands for.
func (a Ask) shown() Where {
	if a.Show == "all" {
		return Where{}
	}
	return build("t.verdict = ", arg(a.Show))
}

// cover is the range of the ask in steps that its filter can tell apart.
func (a Ask) cover(steps ...int64) Range {
	r := Range{AskedFrom: a.From.UTC(), AskedTo: a.To.UTC()}
	r.From, r.To = floor(r.AskedFrom, 300), ceil(r.AskedTo, 300)
	if len(steps) == 0 {
		steps = Steps
	}
	at := r.From
	for _, cut := range append(sortedTimes(a.Filter.instants()), r.To) {
		if cut.After(at) && !cut.After(r.To) {
			r.Steps = cover(r.Steps, at, cut, steps)
			at = cut
		}
	}
	return r
}

// statement wraps a finished text.
func statement(w Where, spans []Span) Statement {
	return Statement{SQL: w.SQL, Args: w.Args, Spans: spans}
}
