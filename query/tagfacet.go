package query

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// tagSQL is rows of the two ends' tags and what went between them. A tag's key
// is foreign text, which may stand in WHERE only, so endpoints without it are
// left out there, and its values are read from the lines of tags by Go. tags
// of an end that is not asked for are ”.
func (a Ask) tagSQL(r Range, key string, end side) Where {
	holds := "%\n" + escapeLike(url.QueryEscape(key)) + "=%"
	columns, joins, by := "", []any{}, 0
	for _, s := range []side{client, server} {
		if end != either && end != s {
			continue
		}
		as, t := string(s[:1]), "t."+string(s)
		joins = append(joins, build(" LEFT JOIN (SELECT e.address, e.network, e.valid_from, e.valid_to, e.tags FROM endpoints AS e WHERE chr(10) || e.tags LIKE ", arg(holds), ` ESCAPE '\') AS `, as,
			" ON ", as, ".address = ", t, " AND ", as, ".network = ", t, "_network AND ", as, ".valid_from <= t.bucket AND t.bucket < ", as, ".valid_to"))
		columns += "coalesce(" + as + ".tags, '') AS " + as + "_tags, "
		by++
	}
	numbers := strings.Join([]string{"1", "2"}[:by], ", ")
	parts := []any{"SELECT ", columns, "CAST(sum(", amounts["bytes"], ") AS bigint) AS bytes, CAST(sum(t.records) AS bigint) AS records, CAST(sum(", stoppedRecords, ") AS bigint) AS stopped FROM ", a.rows(r)}
	return build(append(append(parts, joins...), " GROUP BY ", numbers, " ORDER BY ", numbers)...)
}

// tagFacet are the top n values of a tag. A row counts for each value that one
// of its ends has, once.
func (q *Questions) tagFacet(ctx context.Context, a Ask, r Range, key string, end side, prefix string, n int) (Facet, error) {
	ends := 1
	if end == either {
		ends = 2
	}
	sums := map[string]*FacetValue{}
	err := q.ask(ctx, statement(a.tagSQL(r, key, end), r.spans()), func(row *reader) {
		var values []string
		for range ends {
			for _, t := range periplus.ParseTags(row.text()) {
				if t.Name == key {
					values = append(values, t.Value)
				}
			}
		}
		bytes, records, stopped := row.count(), row.int(), row.int()
		for _, v := range unique(values) {
			s := sums[v]
			if s == nil {
				s = &FacetValue{Value: v}
				sums[v] = s
			}
			s.Bytes.Add(bytes)
			s.Records += records
			s.Stopped += stopped
		}
	})
	f := Facet{}
	for v, s := range sums {
		if strings.HasPrefix(strings.ToLower(v), strings.ToLower(prefix)) {
			f.Values = append(f.Values, *s)
		}
	}
	slices.SortFunc(f.Values, func(x, y FacetValue) int {
		if a.Metric == "bytes" && x.Bytes != y.Bytes { // unknown ones last
			return cmp.Or(-compareBool(x.Bytes.Known, y.Bytes.Known), cmp.Compare(y.Bytes.N, x.Bytes.N))
		}
		return cmp.Or(cmp.Compare(y.Records, x.Records), strings.Compare(x.Value, y.Value))
	})
	f.All = int64(len(f.Values))
	f.Values = f.Values[:min(len(f.Values), n)]
	return f, err
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}
