package graph

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/periplus/periplus/periplus"
)

var mermaidExport = Export{"mermaid", "text/vnd.mermaid", "Mermaid flowchart", writeMermaid}

// entity writes foreign text for a quoted Mermaid label: everything that could
// end the quotes, start HTML or be read as Markdown is a character code.
func entity(s string) string {
	var b strings.Builder
	for _, r := range cut(s, mermaidText) {
		if periplus.Steers(r) && !unicode.IsControl(r) {
			b.WriteByte(' ') // as a code it would still turn the text around
			continue
		}
		if strings.ContainsRune("\"#<>&;`\\[]{}|*_~%", r) || unicode.IsControl(r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// strokes are the verdicts' looks.
var strokes = map[string]string{
	"allowed": "stroke:#2e7d32",
	"denied":  "stroke:#c62828,stroke-dasharray:6 4",
	"dropped": "stroke:#c05600,stroke-dasharray:2 4",
	"unknown": "stroke:#666",
}

func writeMermaid(w io.Writer, g *Graph) error {
	p := &printer{w: w}
	p.f("%%%% %s\nflowchart LR\n", strings.ReplaceAll(g.Summary(), "\n", " "))
	// Ids are numbered: Mermaid allows little in them, and two must never meet.
	ids := map[string]string{}
	for i, n := range g.Nodes {
		ids[n.ID] = fmt.Sprintf("n%d", i)
	}
	boxes := map[string]string{}
	for i, b := range g.Groups {
		boxes[b.ID] = fmt.Sprintf("g%d", i)
	}
	names := labels(g)
	var box func(parent, indent string)
	box = func(parent, indent string) {
		for _, b := range g.Groups {
			if deref(b.Parent) == parent {
				p.f("%ssubgraph %s[\"%s\"]\n", indent, boxes[b.ID], entity(b.Label))
				box(b.ID, indent+"  ")
				p.f("%send\n", indent)
			}
		}
		for _, n := range g.Nodes {
			if deref(n.Parent) == parent {
				p.f("%s%s[\"%s\"]\n", indent, ids[n.ID], entity(names[n.ID]))
			}
		}
	}
	box("", "  ")
	line := 0
	for i := range g.Edges {
		e := &g.Edges[i]
		for _, v := range e.Verdicts.list() {
			p.f("  %s -->|\"%s\"| %s\n  linkStyle %d %s\n", ids[e.Source], entity(v.name+" "+e.text(v)), ids[e.Target], line, strokes[v.name])
			line++
		}
	}
	return p.err
}
