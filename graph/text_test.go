package graph

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// TestExportsOfEndlessAndSteeringText: names of a megabyte, control characters
// and turned text leave every export whole for its reader, and give a terminal
// no orders. Ids that differ in nothing else stay two.
func TestExportsOfEndlessAndSteeringText(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	m := &query.Map{Level: "host", Metric: "bytes"}
	g := Build(m, Options{})
	for _, id := range []string{long + "1", long + "2", "\x1b[31m", "\x07[31m", "\u202eevil", "\u009b31m", "a\x00b\x7f", "=cmd", "\n=cmd", "\xff", "a\ufffe\uffff"} {
		g.Nodes = append(g.Nodes, Node{ID: id, Label: id, Kind: "own", Count: 1})
	}
	n := Int(1)
	for i := range g.Nodes[1:] {
		e := Edge{Source: g.Nodes[i].ID, Target: g.Nodes[i+1].ID}
		e.Verdicts.Allowed = &Counter{Bytes: &n, Records: 1}
		g.Edges = append(g.Edges, e)
	}
	for _, e := range Exports {
		var b bytes.Buffer
		if err := e.Write(&b, g); err != nil {
			t.Fatal(e.Name, err)
		}
		if at := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && r != '\t' && periplus.Steers(r) }); at >= 0 || !utf8.Valid(b.Bytes()) {
			t.Errorf("%s: it steers at %d, or is no UTF-8", e.Name, at)
		}
		switch e.Name {
		case "json", "viewer":
			var back struct {
				Nodes []json.RawMessage `json:"nodes"`
			}
			if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Nodes) != len(g.Nodes) {
				t.Errorf("%s: %d nodes, %v", e.Name, len(back.Nodes), err)
			}
			if e.Name == "json" && !strings.Contains(b.String(), `\u202eevil`) {
				t.Error("json: a character is lost")
			}
		case "graphml":
			ids := map[string]bool{}
			for d := xml.NewDecoder(&b); ; {
				tok, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if s, ok := tok.(xml.StartElement); ok && s.Name.Local == "node" {
					ids[s.Attr[0].Value] = true
				}
			}
			if len(ids) != len(g.Nodes) {
				t.Errorf("graphml: %d ids of %d nodes", len(ids), len(g.Nodes))
			}
		case "mermaid":
			if b.Len() > 20000 {
				t.Errorf("mermaid: %d bytes, of which it draws 50,000", b.Len())
			}
		case "dot":
			tool, err := exec.LookPath("dot")
			if err != nil {
				t.Log("no Graphviz here")
				continue
			}
			c := exec.Command(tool, "-Tplain")
			c.Stdin = &b
			out, err := c.CombinedOutput()
			if err != nil || strings.Count(string(out), "\nnode ") != len(g.Nodes) {
				t.Errorf("dot: %v, %d nodes\n%.300s", err, strings.Count(string(out), "\nnode "), out)
			}
		}
	}
}

// TestGovpcOfEndlessText: what a line holds may be longer than what Graphviz
// takes in one string.
func TestGovpcOfEndlessText(t *testing.T) {
	var b bytes.Buffer
	d := Govpc{W: &b}
	r := periplus.Record{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
	r.Place = &periplus.Place{Account: strings.Repeat("\"", 1<<20), Interface: strings.Repeat("\\", 1<<20)}
	if err := d.Write([]periplus.Record{r}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(b.String(), " ") {
		if len(part) > 16384 {
			t.Errorf("a string of %d bytes", len(part))
		}
	}
}
