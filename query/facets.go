package query

import (
	"context"
	"fmt"
	"strconv"
)

// FacetsSQL is the statement that Facets runs for each of its fields: the
// fields that hold values to count, so not tags, amounts and times.
func (a Ask) FacetsSQL(field, prefix string, n int) (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	f, end, err := facetField(field)
	if err != nil {
		return Statement{}, err
	}
	r := a.cover()
	return statement(a.facetSQL(r, f, end, prefix, limit(n, 10, 1000)), r.spans()), nil
}

func facetField(name string) (*field, side, error) {
	f, end, _, ok := lookup(name)
	if !ok {
		return nil, end, mistake("there is no field %q%s", name, didYouMean(nearest(name, fieldNames())))
	}
	return f, end, nil
}

func (f *field) countable() bool {
	return f != &tagField && f.typ != typeQuantity && f.typ != typeTime && f.typ != typeNode
}

// facetSQL counts what "field = value" would let through, for every value: a
// field of either end counts a row for both of its values.
func (a Ask) facetSQL(r Range, f *field, end side, prefix string, n int) Where {
	joins, columns, by := "", "", "1"
	values := "SELECT p.a AS value, p.bytes, p.records, p.stopped FROM pairs AS p"
	use := func(s side) string {
		column, needs := endColumn(f, s)
		if needs != either {
			joins += endpointsAt(needs)
		}
		return column
	}
	switch {
	case !f.ends:
		columns = "t." + f.name + " AS a"
		if f.name == "port" {
			columns = "coalesce(t.server_port, -1) AS a"
		}
	case end != either:
		columns = use(end) + " AS a"
	default:
		columns, by = use(client)+" AS a, "+use(server)+" AS b", "1, 2"
		values += " UNION ALL SELECT p.b AS value, p.bytes, p.records, p.stopped FROM pairs AS p WHERE p.b <> p.a"
	}
	var begins Where
	if prefix != "" {
		column := "v.value"
		switch f.typ {
		case typePort, typeProtocol, typeASN:
			column = "CAST(v.value AS varchar)"
		}
		begins = build("lower(", column, ") LIKE ", arg(like(prefix+"*")), ` ESCAPE '\'`)
	}
	order := "records DESC"
	if a.Metric == "bytes" { // values without a byte that is known come last
		order = "bytes DESC, records DESC"
	}
	return build("WITH pairs AS (SELECT ", columns, ", sum(", amounts["bytes"], ") AS bytes, sum(t.records) AS records, sum(", stoppedRecords, ") AS stopped FROM ",
		a.rows(r), joins, " GROUP BY ", by, "),\n",
		"summed AS (SELECT v.value, CAST(sum(v.bytes) AS bigint) AS bytes, CAST(sum(v.records) AS bigint) AS records, CAST(sum(v.stopped) AS bigint) AS stopped FROM (",
		values, ") AS v", whereAll(begins), " GROUP BY v.value)\n",
		"SELECT s.value, s.bytes, s.records, s.stopped, k.number FROM (SELECT * FROM summed ORDER BY ", order, ", value LIMIT ", n,
		") AS s CROSS JOIN (SELECT count(*) AS number FROM summed) AS k ORDER BY ", order, ", value")
}

// Facets are the top n values (0: 10) of fields by bytes, or by records
// where another metric is asked for. prefix cuts to the
// values that begin with it, in any case.
func (q *Questions) Facets(ctx context.Context, a Ask, fields []string, prefix string, n int) ([]Facet, error) {
	a, err := q.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	r := a.cover()
	facets := make([]Facet, len(fields))
	for i, name := range fields {
		f, end, err := facetField(name)
		if err != nil {
			return nil, err
		}
		if f == &tagField {
			_, _, key, _ := lookup(name)
			if facets[i], err = q.tagFacet(ctx, a, r, key, end, prefix, limit(n, 10, 1000)); err != nil {
				return nil, err
			}
		}
		facets[i].Field = name
		if !f.countable() {
			continue
		}
		err = q.ask(ctx, statement(a.facetSQL(r, f, end, prefix, limit(n, 10, 1000)), r.spans()), func(row *reader) {
			v := FacetValue{Value: f.valueText(row.next())}
			v.Bytes, v.Records, v.Stopped = row.count(), row.int(), row.int()
			facets[i].All = row.int()
			facets[i].Values = append(facets[i].Values, v)
		})
		if err != nil {
			return nil, err
		}
	}
	return facets, nil
}

// valueText is a value of the field as a filter writes it; "" for none.
func (f *field) valueText(v any) string {
	n, number := v.(int64)
	switch {
	case !number:
		return fmt.Sprint(v)
	case f.typ == typeProtocol:
		return ProtocolName(uint8(n))
	case f.typ == typePort && n < 0, f.typ == typeASN && n == 0:
		return ""
	}
	return strconv.FormatInt(n, 10)
}
