package graph

import (
	"io"
	"strings"

	"github.com/periplus/periplus/periplus"
)

var dotExport = Export{"dot", "text/vnd.graphviz", "Graphviz", writeDOT}

// colours tell the verdicts apart, and styles do for who sees no colours.
var colours = map[string]struct{ colour, style string }{
	"allowed": {"green4", "solid"},
	"denied":  {"red3", "dashed"},
	"dropped": {"darkorange3", "dotted"},
	"unknown": {"gray40", "solid"},
}

// quote makes a DOT string of foreign text. Backslashes are doubled, so that
// Graphviz's own escapes (\N, \G, \l) do not come from outside.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range cut(s, dotText) {
		switch {
		case r == '"':
			b.WriteString(`\"`)
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case periplus.Steers(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func writeDOT(w io.Writer, g *Graph) error {
	p := &printer{w: w}
	// newrank: without it Graphviz gives up on many boxes in one another
	// ("trouble in init_rank") and loses edges.
	p.f("digraph periplus {\n\trankdir=LR newrank=true\n\tlabel=%s\n\tnode [shape=box style=rounded]\n", quote(g.Summary()))
	names := labels(g)
	nodes, groups := map[string][]Node{}, map[string][]Group{}
	for _, n := range g.Nodes {
		nodes[deref(n.Parent)] = append(nodes[deref(n.Parent)], n)
	}
	for _, b := range g.Groups {
		groups[deref(b.Parent)] = append(groups[deref(b.Parent)], b)
	}
	var box func(parent, indent string)
	box = func(parent, indent string) {
		for _, b := range groups[parent] {
			p.f("%ssubgraph %s {\n%s\tlabel=%s\n", indent, quote("cluster_"+ident(b.ID)), indent, quote(b.Label))
			box(b.ID, indent+"\t")
			p.f("%s}\n", indent)
		}
		for _, n := range nodes[parent] {
			label := names[n.ID]
			if n.Count > 1 {
				label += " ×" + digits(&n.Count)
			}
			p.f("%s%s [label=%s]\n", indent, quote(ident(n.ID)), quote(label))
		}
	}
	box("", "\t")
	for i := range g.Edges {
		e := &g.Edges[i]
		for _, v := range e.Verdicts.list() {
			c := colours[v.name]
			p.f("\t%s -> %s [color=%s style=%s label=%s]\n", quote(ident(e.Source)), quote(ident(e.Target)), c.colour, c.style, quote(e.text(v)))
		}
	}
	p.f("}\n")
	return p.err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// inner is quote without its quotes.
func inner(s string) string {
	q := quote(s)
	return q[1 : len(q)-1]
}
