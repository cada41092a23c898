package graph

import (
	"cmp"
	"io"
	"slices"
	"strings"
)

var viewerExport = Export{"viewer", "application/json", "nodes and unordered edges with a count of records", writeViewer}

// writeViewer writes the shape of the TypeScript viewer: an edge is a pair
// without direction, the larger name first; its count is records.
func writeViewer(w io.Writer, g *Graph) error {
	type pair struct {
		Source string `json:"src"`
		Target string `json:"dst"`
		Count  int64  `json:"count"`
	}
	names := labels(g)
	counts := map[[2]string]int64{}
	for i := range g.Edges {
		a, b := names[g.Edges[i].Source], names[g.Edges[i].Target]
		if a < b {
			a, b = b, a
		}
		counts[[2]string{a, b}] += int64(g.Edges[i].Verdicts.total().Records)
	}
	out := struct {
		Nodes []string `json:"nodes"`
		Edges []pair   `json:"edges"`
	}{[]string{}, []pair{}}
	for k, n := range counts {
		out.Edges = append(out.Edges, pair{k[0], k[1], n})
	}
	slices.SortFunc(out.Edges, func(x, y pair) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Source, y.Source), strings.Compare(x.Target, y.Target))
	})
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, names[n.ID])
	}
	slices.Sort(out.Nodes)
	enc := NewJSON(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
