package graph

import (
	"encoding/xml"
	"io"
	"strings"
	"time"
)

var graphmlExport = Export{"graphml", "application/graphml+xml", "GraphML (yEd, Gephi, networkx)", writeGraphML}

// x escapes foreign text for XML; what XML cannot hold, and what steers a
// terminal, becomes U+FFFD.
func x(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(plain(s))) // a Builder does not fail
	return b.String()
}

func writeGraphML(w io.Writer, g *Graph) error {
	p := &printer{w: w}
	p.f("%s<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n", xml.Header)
	for _, k := range [][3]string{{"node", "label", "string"}, {"node", "kind", "string"}, {"node", "provider", "string"}, {"node", "group", "string"}, {"node", "endpoints", "long"},
		{"edge", "verdict", "string"}, {"edge", "stopped_at", "string"}, {"edge", "answer", "string"}, {"edge", "bytes", "long"}, {"edge", "packets", "long"}, {"edge", "records", "long"}, {"edge", "opened", "long"},
		{"edge", "paths", "string"}, {"edge", "first_seen", "string"}, {"edge", "last_seen", "string"}, {"graph", "summary", "string"}} {
		p.f("  <key id=\"%s_%s\" for=\"%s\" attr.name=\"%s\" attr.type=\"%s\"/>\n", k[0], k[1], k[0], k[1], k[2])
	}
	p.f("  <graph id=\"periplus\" edgedefault=\"directed\">\n")
	data := func(of, key, value string) {
		if value != "" {
			p.f("<data key=\"%s_%s\">%s</data>", of, key, x(value))
		}
	}
	p.f("    ")
	data("graph", "summary", g.Summary())
	p.f("\n")
	boxes := map[string]string{}
	for _, b := range g.Groups {
		boxes[b.ID] = b.Label
	}
	for _, n := range g.Nodes {
		p.f("    <node id=\"%s\">", x(ident(n.ID)))
		data("node", "label", n.Label)
		data("node", "kind", n.Kind)
		data("node", "provider", n.Provider)
		data("node", "group", boxes[deref(n.Parent)])
		data("node", "endpoints", digits(&n.Count))
		p.f("</node>\n")
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		for _, v := range e.Verdicts.list() {
			p.f("    <edge source=\"%s\" target=\"%s\">", x(ident(e.Source)), x(ident(e.Target)))
			data("edge", "verdict", v.name)
			data("edge", "stopped_at", v.at)
			data("edge", "answer", e.Answer)
			data("edge", "bytes", digits(v.Bytes))
			data("edge", "packets", digits(v.Packets))
			data("edge", "records", digits(&v.Records))
			data("edge", "opened", digits(v.Opened))
			data("edge", "paths", e.text(v))
			data("edge", "first_seen", e.First.UTC().Format(time.RFC3339))
			data("edge", "last_seen", e.Last.UTC().Format(time.RFC3339))
			p.f("</edge>\n")
		}
	}
	p.f("  </graph>\n</graphml>\n")
	return p.err
}
