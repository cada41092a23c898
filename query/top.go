package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// grouped is a field that a table can be grouped by: its column over traffic
// AS t with endpoints AS c and s, and whether it needs these.
type grouped struct {
	name, column string
	end          side // whose endpoint it needs
	hour         bool // of a timeline, so that no coarser step may stand for it
}

// groupedBy resolves a field of --group-by.
func groupedBy(name string) (grouped, error) {
	switch strings.ToLower(name) {
	case "hour":
		return grouped{name: "hour", column: "CAST(to_unixtime(date_trunc('hour', t.bucket)) AS bigint)", hour: true}, nil
	case "client", "src", "server", "dst":
		name += ".ip"
	}
	f, end, key, ok := lookup(name)
	switch {
	case !ok:
		return grouped{}, mistake("there is no field %q%s", name, didYouMean(nearest(name, groupNames())))
	case f == &tagField:
		return grouped{}, mistake("tag.%s cannot group: tags are several for each end", key)
	case f.typ == typeNode:
		return grouped{}, mistake("node cannot group: use service, subnet, network, account, region, provider or ip")
	case f.typ == typeQuantity || f.typ == typeTime:
		return grouped{}, mistake("%s cannot group: it is an amount; use one of %s", f.name, strings.Join(groupNames(), ", "))
	case f.ends && end == either:
		return grouped{}, mistake("%s belongs to both ends: write client.%s or server.%s", f.name, f.name, f.name)
	}
	if !f.ends {
		column := map[string]string{"port": "coalesce(t.server_port, -1)"}[f.name]
		if column == "" {
			column = "t." + f.name
		}
		return grouped{name: f.name, column: column}, nil
	}
	column, needs := endColumn(f, end)
	return grouped{name: string(end) + "." + f.name, column: column, end: needs}, nil
}

// endColumn is a field of an end over traffic AS t; the side is not "" where
// it needs endpoints AS c or s.
func endColumn(f *field, end side) (string, side) {
	switch f.name {
	case "ip":
		return "t." + string(end), either
	case "network":
		return "t." + string(end) + "_network", either
	case "asn":
		return "coalesce(" + string(end[:1]) + ".asn, 0)", end
	}
	return "coalesce(" + string(end[:1]) + "." + f.name + ", '')", end
}

func didYouMean(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", s)
}

// Groups are the names that Top groups by.
func Groups() []string { return groupNames() }

func groupNames() []string {
	names := []string{"hour"}
	for _, f := range fields {
		switch {
		case f == &tagField || f.typ == typeQuantity || f.typ == typeTime || f.typ == typeNode:
		case f.ends:
			names = append(names, "client."+f.name, "server."+f.name)
		default:
			names = append(names, f.name)
		}
	}
	return names
}

// endpointsAt brings the whole endpoint of an end to rows of traffic AS t.
func endpointsAt(end side) string {
	return strings.Replace(joinNames(end), "names AS", "endpoints AS", 1)
}

// topParts resolves what a table is grouped by.
func (a Ask) topParts(by []string) (groups []grouped, r Range, err error) {
	if len(by) == 0 || len(by) > 8 {
		return nil, r, mistake("group by one to eight of %s", strings.Join(groupNames(), ", "))
	}
	steps := Steps
	for _, name := range by {
		g, err := groupedBy(name)
		if err != nil {
			return nil, r, err
		}
		if g.hour {
			steps = Steps[1:]
		}
		groups = append(groups, g)
	}
	return groups, a.cover(steps...), nil
}

// TopSQL is the statement of Top. The first n lines are the largest by the
// metric, the next is the rest.
func (a Ask) TopSQL(by []string, n int) (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	groups, r, err := a.topParts(by)
	if err != nil {
		return Statement{}, err
	}
	return statement(a.topSQL(groups, r, limit(n, 20, 100_000)), r.spans()), nil
}

func (a Ask) topSQL(groups []grouped, r Range, n int, more ...func(*sqlFor) Where) Where {
	var columns []string
	joins := ""
	for _, g := range groups {
		columns = append(columns, g.column)
		if g.end != either && !strings.Contains(joins, endpointsAt(g.end)) {
			joins += endpointsAt(g.end)
		}
	}
	return a.topOf(lines{n: n}, Where{}, columns, joins, r, more...)
}

// lines is how many lines a table has: the first by the metric, and of those
// with stopped records, which often hold no byte, some more.
type lines struct{ n, stopped int }

// topOf is the top lines of rows of traffic AS t by columns that are never NULL:
// rows of line, verdict, columns, number of lines, sums, first_seen,
// last_seen. with is what stands before its own WITH.
func (a Ask) topOf(cut lines, with Where, columns []string, joins string, r Range, more ...func(*sqlFor) Where) Where {
	all := valueNames(len(columns))
	return build("WITH ", with, a.summed(columns, joins, r, more...), ",\n", a.chosen("", all, cut), "\n", picked("", all, all, cut), " ORDER BY line, verdict")
}

// valueNames are v1, v2 …: what columns are called that rows are summed by.
func valueNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("v%d", i+1)
	}
	return names
}

// summed is the WITH of rows of traffic AS t summed by columns and verdict.
func (a Ask) summed(columns []string, joins string, r Range, more ...func(*sqlFor) Where) Where {
	var selected, numbers []string
	for i, v := range valueNames(len(columns)) {
		selected, numbers = append(selected, columns[i]+" AS "+v), append(numbers, fmt.Sprint(i+1))
	}
	return build("summed AS (SELECT ", strings.Join(selected, ", "), ", t.verdict,\n ", sums, ",\n min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen\n FROM ",
		a.rows(r, more...), joins, "\n GROUP BY ", strings.Join(numbers, ", "), ", ", len(columns)+1, ")")
}

// chosen is the WITH of the lines of a table over summed by some of its
// values; as goes before its names.
func (a Ask) chosen(as string, by []string, cut lines) Where {
	list := strings.Join(by, ", ")
	const order = "weight DESC, weight_too DESC, "
	first := build("SELECT * FROM ", as, "weighed ORDER BY ", order, list, " LIMIT ", cut.n)
	if cut.stopped > 0 {
		first = build("SELECT * FROM (", first, ") AS a UNION SELECT * FROM (SELECT * FROM ", as, "weighed WHERE stopped > 0 ORDER BY stopped DESC, ", list, " LIMIT ", cut.stopped, ") AS b")
	}
	return build(as, "weighed AS (SELECT ", list, ", CAST(coalesce(sum(", amounts[a.Metric], "), 0) AS bigint) AS weight, CAST(sum(t.records) AS bigint) AS weight_too, CAST(sum(", stoppedRecords, ") AS bigint) AS stopped FROM summed AS t GROUP BY ", list, "),\n",
		as, "chosen AS (SELECT ", list, ", row_number() OVER (ORDER BY ", order, list, ") AS place FROM (", first, ") AS w),\n",
		as, "counted AS (SELECT count(*) AS places FROM ", as, "weighed)")
}

// picked is the SELECT of such a table; the values that it is not by are NULL.
func picked(as string, by, all []string, cut lines) Where {
	on := strings.Join(mapped(by, func(v string) string { return "c." + v + " = t." + v }), " AND ")
	shown := strings.Join(mapped(all, func(v string) string {
		if !slices.Contains(by, v) {
			return "NULL AS " + v
		}
		return "min(c." + v + ") AS " + v
	}), ", ")
	return build("SELECT coalesce(c.place, ", cut.n+cut.stopped+1, ") AS line, t.verdict, ", shown, ", max(k.places) AS places,\n ", resums,
		",\n min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen\nFROM summed AS t LEFT JOIN ", as, "chosen AS c ON ", on, " CROSS JOIN ", as, "counted AS k\nGROUP BY 1, 2")
}

func mapped(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

// Top is the table of the n largest by the asked metric (0: 20), grouped by
// fields: port, protocol, verdict, reason, seen_by, stopped_at, answer, hour,
// or a field of an end (client.service, server.ip). Hours are seconds since
// 1970.
func (q *Questions) Top(ctx context.Context, a Ask, by []string, n int) (*Top, error) {
	a, err := q.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	groups, r, err := a.topParts(by)
	if err != nil {
		return nil, err
	}
	n = limit(n, 20, 100_000)
	t := &Top{Range: r}
	for _, g := range groups {
		t.By = append(t.By, g.name)
	}
	return t, q.readTop(ctx, t, a.topSQL(groups, r, n), lines{n: n})
}

// readTop runs a statement of topOf whose columns t.By names.
func (q *Questions) readTop(ctx context.Context, t *Top, w Where, cut lines) error {
	return q.ask(ctx, statement(w, t.Range.spans()), func(r *reader) { t.read(r, cut) })
}

// read reads a row of picked.
func (t *Top) read(r *reader, cut lines) {
	line, v := r.int(), r.verdict()
	values := make([]string, len(t.By))
	for i := range values {
		if x := r.next(); x != nil && !(t.By[i] == "port" && x == int64(-1)) {
			values[i] = fmt.Sprint(x)
		}
	}
	t.All = max(t.All, r.int())
	sum, first, last := r.totals(), r.time(), r.time()
	t.Totals[v].Add(sum)
	if line > int64(cut.n+cut.stopped) {
		t.Rest[v].Add(sum)
		return
	}
	for int64(len(t.Rows)) < line {
		t.Rows = append(t.Rows, TopRow{Values: slices.Clone(values), FirstSeen: first, LastSeen: last})
	}
	row := &t.Rows[line-1]
	row.Verdicts[v].Add(sum)
	if first.Before(row.FirstSeen) {
		row.FirstSeen = first
	}
	if last.After(row.LastSeen) {
		row.LastSeen = last
	}
}
