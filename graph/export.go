package graph

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An Export writes a graph in one file format. Its output depends on the graph
// alone: the same graph gives the same bytes.
type Export struct {
	Name  string // dot
	Type  string // media type
	Title string
	Write func(w io.Writer, g *Graph) error
}

// Exports are the file formats, in the order in which they are offered.
var Exports = []Export{dotExport, jsonExport, csvExport, graphmlExport, mermaidExport, viewerExport}

// ExportNamed finds an export.
func ExportNamed(name string) (Export, error) {
	names := make([]string, len(Exports))
	for i, e := range Exports {
		if e.Name == name {
			return e, nil
		}
		names[i] = e.Name
	}
	return Export{}, fmt.Errorf("unknown graph format %q: use one of %s", name, strings.Join(names, ", "))
}

var jsonExport = Export{"json", "application/json", "JSON, as the page reads it", writeJSON}

func writeJSON(w io.Writer, g *Graph) error {
	enc := NewJSON(w)
	enc.SetIndent("", "  ")
	return enc.Encode(g)
}

// printer remembers the first error of many small writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// labels gives every node a text that no other node has: its label, with the
// detail or the id where two are called the same.
func labels(g *Graph) map[string]string {
	times := map[string]int{}
	for _, n := range g.Nodes {
		times[n.Label]++
	}
	out := make(map[string]string, len(g.Nodes))
	for _, n := range g.Nodes {
		out[n.ID] = n.Label
		if times[n.Label] > 1 {
			out[n.ID] = n.Label + " (" + n.ID + ")"
		}
	}
	return out
}

// text is an edge's label: what it carried and by which ports.
func (e *Edge) text(v verdict) string {
	var ports []string
	for _, p := range e.Ports {
		if p.Verdict != v.name {
			continue
		}
		s := p.Protocol
		if p.Port != nil {
			s += "/" + strconv.Itoa(*p.Port)
		}
		ports = append(ports, s)
	}
	if e.MorePorts > 0 {
		ports = append(ports, fmt.Sprintf("+%d", e.MorePorts))
	}
	s := strings.Join(ports, " ")
	if s != "" {
		s += ": "
	}
	s += size(v)
	if v.at != "" {
		s += ", stopped at " + v.at
	}
	return s
}

// size is the bytes of a verdict for people, or its records where bytes are
// not known.
func size(v verdict) string {
	if v.Bytes == nil || *v.Bytes == 0 {
		return fmt.Sprintf("%d records", v.Records)
	}
	return Bytes(int64(*v.Bytes))
}

// Bytes writes a number of bytes as people read it, in powers of 1000.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, i := float64(n)/1000, 0
	for ; f >= 999.5 && i < 5; i++ {
		f /= 1000
	}
	digits := 0
	if f < 9.995 {
		digits = 2
	} else if f < 99.95 {
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + [...]string{"kB", "MB", "GB", "TB", "PB", "EB"}[i]
}

// digits is a counter that may be unknown, "" then.
func digits(n *Int) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}
