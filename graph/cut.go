package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periplus/periplus/query"
)

// cut divides edges into those that stay and those that Options cut away.
func (o *Options) cut(all []query.Edge, metric string) (edges, cut []query.Edge) {
	edges = slices.Clone(all)
	sums := map[[2]string]query.Totals{}
	for i := range edges {
		k := o.unit(&edges[i])
		t := sums[k]
		t.Add(edges[i].Verdicts.All())
		sums[k] = t
	}
	if o.MinRecords > 0 {
		edges = slices.DeleteFunc(edges, func(e query.Edge) bool {
			small := sums[o.unit(&e)].Records < o.MinRecords
			if small {
				cut = append(cut, e)
			}
			return small
		})
	}
	if o.Top <= 0 {
		return edges, cut
	}
	slices.SortFunc(edges, func(x, y query.Edge) int {
		j, k := o.unit(&x), o.unit(&y)
		a, c := sums[j], sums[k]
		return cmp.Or(cmp.Compare(c.Metric(metric).N, a.Metric(metric).N), cmp.Compare(c.Records, a.Records),
			strings.Compare(j[0], k[0]), strings.Compare(j[1], k[1]), strings.Compare(x.Source, y.Source))
	})
	n, units := 0, 0
	for ; n < len(edges); n++ {
		if n == 0 || o.unit(&edges[n]) != o.unit(&edges[n-1]) {
			if units == o.Top {
				break
			}
			units++
		}
	}
	return edges[:n], append(cut, edges[n:]...)
}

// unit is what is cut together: an edge, or with Pairs those of two nodes.
func (o *Options) unit(e *query.Edge) [2]string {
	if o.Pairs && e.Target < e.Source {
		return [2]string{e.Target, e.Source}
	}
	return [2]string{e.Source, e.Target}
}
