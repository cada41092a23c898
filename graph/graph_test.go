package graph

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

var update = flag.Bool("update", false, "rewrite testdata")

func count(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }

func totals(bytes, records int64) query.Totals {
	return query.Totals{RequestBytes: count(bytes), RequestPackets: count(bytes / 100), Records: records}
}

func own(level, network, value, label, role string) query.Group {
	k := query.Key{Level: level, Kind: "own", Value: value, Scope: "aws", Network: network}
	g := query.Group{ID: k.ID(), Key: k, Label: label, Role: role, Provider: "aws", Network: network, Endpoints: 3}
	if level == "service" {
		g.Parent = query.Key{Level: "network", Kind: "own", Scope: "aws", Value: network}.ID()
	}
	return g
}

// sample is a map with everything that can go wrong in a file: hostile names,
// two nodes of one label, every verdict, unknown counters, something left out.
func sample() *query.Map {
	hostile := "<img src=x onerror=alert(1)>\"\\N];\n}=cmd|' /C calc'!A0 -->"
	web, web2, db := own("service", "vpc-1", "web", "web", "aws.ec2"), own("service", "vpc-2", "web", "web", "aws.ec2"), own("service", "vpc-1", "db", hostile, "aws.rds")
	inet := query.Group{ID: "inet:", Key: query.Key{Level: "internet", Kind: "public"}, Label: "Internet"}
	s3key := query.Key{Level: "service", Kind: "public", Scope: "aws", Value: "S3"}
	s3 := query.Group{ID: s3key.ID(), Key: s3key, Label: "=S3()", Role: "aws.s3", Provider: "aws", Endpoints: 2}
	t0 := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	edge := func(s, t query.Group, v query.Verdicts, at string) query.Edge {
		return query.Edge{Source: s.ID, Target: t.ID, Verdicts: v, StoppedAt: at, Answer: "seen", FirstSeen: t0, LastSeen: t0.Add(time.Minute),
			Ports: []query.PortUse{{Port: 443, HasPort: true, Protocol: 6, Verdicts: v}}, MorePorts: 2}
	}
	m := &query.Map{Range: query.Cover(t0, t0.Add(time.Hour)), Level: "service", Metric: "bytes",
		Groups: []query.Group{own("network", "", "vpc-1", "vpc-1", ""), own("network", "", "vpc-2", "vpc-2", "")},
		Edges: []query.Edge{
			edge(inet, web, query.Verdicts{periplus.Allowed: totals(5000, 20), periplus.Denied: {Records: 7}}, "server"),
			edge(web, db, query.Verdicts{periplus.Unknown: totals(1<<60, 12)}, ""),
			edge(web2, db, query.Verdicts{periplus.Dropped: totals(100, 3)}, "middle"),
			edge(web, s3, query.Verdicts{periplus.Allowed: totals(900, 5)}, ""),
		},
		AllEdges: 6, AllNodes: 7, Rest: query.Verdicts{periplus.Allowed: totals(11, 2)},
		LeftOut: query.LeftOut{LegBytes: 2100, LegRecords: 4, SampledRecords: 1},
	}
	m.Totals.Add(m.Rest)
	for _, e := range m.Edges {
		m.Totals.Add(e.Verdicts)
	}
	for _, g := range []query.Group{inet, web, web2, db, s3} {
		m.Nodes = append(m.Nodes, query.MapNode{Group: g})
	}
	return m
}

func label(id string) string {
	return map[string]string{"vpc-1": "prod-eu"}[id]
}

func write(t *testing.T, name string, g *Graph) string {
	t.Helper()
	e, err := ExportNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.Write(&b, g); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.String()
}

func TestExports(t *testing.T) {
	g := Build(sample(), Options{Label: label})
	for _, e := range Exports {
		got := write(t, e.Name, g)
		path := filepath.Join("testdata", "sample."+e.Name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s (go test ./graph -update rewrites it)\n%s", e.Name, path, got)
		}
	}
}

func TestExportsAreWellFormed(t *testing.T) {
	g := Build(sample(), Options{Label: label})
	if !json.Valid([]byte(write(t, "json", g))) || !json.Valid([]byte(write(t, "viewer", g))) {
		t.Error("json or viewer is no JSON")
	}
	dec := xml.NewDecoder(strings.NewReader(write(t, "graphml", g)))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("graphml is no XML: %v", err)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv", g))).ReadAll()
	if err != nil || len(rows) != 1+5+1 {
		t.Errorf("csv: %d rows, %v; want a header, 5 edges by verdict and the rest", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("csv: a spreadsheet would run %q", cell)
			}
		}
	}
	mermaid := write(t, "mermaid", g)
	if strings.Contains(mermaid, "<img") || strings.Count(mermaid, "\"") != 2*(len(g.Nodes)+len(g.Groups)+5) {
		t.Errorf("mermaid: foreign text gets out of its quotes\n%s", mermaid)
	}
}

// tangled is what a network looks like: boxes in boxes, and hosts that talk in
// circles.
func tangled() *Graph {
	const hosts, edges, boxes = 100, 300, 6
	rnd := rand.New(rand.NewPCG(1, 1))
	g := &Graph{}
	id := func(kind string, n int) string { return kind + strconv.Itoa(n) }
	for i := range boxes {
		outer := id("network", i)
		g.Groups = append(g.Groups, Group{ID: outer, Label: outer})
		for j := range 3 {
			g.Groups = append(g.Groups, Group{ID: id("subnet", i*3+j), Parent: &outer, Label: "subnet"})
		}
	}
	for i := range hosts {
		parent := id("subnet", i%(boxes*3))
		g.Nodes = append(g.Nodes, Node{ID: id("host", i), Parent: &parent, Label: "host " + strconv.Itoa(i), Count: 1})
	}
	for range edges {
		g.Edges = append(g.Edges, Edge{Source: id("host", rnd.IntN(hosts)), Target: id("host", rnd.IntN(hosts)), Verdicts: Verdicts{Allowed: &Counter{Records: 1}}})
	}
	return g
}

// Graphviz must take every DOT that we write.
func TestDotIsAccepted(t *testing.T) {
	f := func(name, text string, wants ...string) {
		t.Helper()
		dot, err := exec.LookPath("dot")
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("dot of Graphviz is not installed: 'make test' installs it")
			}
			t.Skip("dot of Graphviz is not installed")
		}
		cmd := exec.Command(dot, "-Tsvg")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: dot: %v\n%s\n%s", name, err, out, text)
		}
		for _, w := range wants {
			if !strings.Contains(string(out), w) {
				t.Errorf("%s: the picture lacks %q", name, w)
			}
		}
		if strings.Contains(string(out), "<img") {
			t.Errorf("%s: foreign text became markup", name)
		}
	}
	f("sample", write(t, "dot", Build(sample(), Options{Label: label})), "prod&#45;eu", "&lt;img src=x", "#cd0000", "web (svc:aws:vpc&#45;2/web)")
	var dot strings.Builder
	if err := writeDOT(&dot, tangled()); err != nil {
		t.Fatal(err)
	}
	f("tangled", dot.String(), "host 99")
	f("empty", write(t, "dot", Build(&query.Map{Level: "service", Metric: "bytes"}, Options{})))
	var b bytes.Buffer
	g := Govpc{W: &b}
	if err := g.Write([]periplus.Record{record("10.0.11.0", "10.0.1.10"), record("1.0.0.110", "2001:db8::1")}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	f("govpc", b.String(), "10.0.11.0", "2001:db8::1")
}

func TestBuildSaysWhatIsLeftOut(t *testing.T) {
	g := Build(sample(), Options{Top: 2})
	if len(g.Edges) != 2 || g.Other == nil || g.Other.Edges != 4 || g.Other.Records != 2+3+5 {
		t.Fatalf("top 2 of 6 edges: %d edges, other %+v; want 4 left out with 10 records", len(g.Edges), g.Other)
	}
	for _, n := range g.Nodes {
		if n.Label == "=S3()" {
			t.Error("a node without a drawn edge is still there")
		}
	}
	if g := Build(sample(), Options{MinRecords: 12}); len(g.Edges) != 2 || g.Other.Denied != 3 {
		t.Errorf("at least 12 records: %d edges, other %+v; want 2 and 3 denied left out", len(g.Edges), g.Other)
	}
	full := Build(sample(), Options{})
	if got, want := strings.Join(full.Notes, " "), "sampled capped"; got != want {
		t.Errorf("notes %q, want %q", got, want)
	}
	if full.BehindNAT == nil || *full.BehindNAT.Bytes != 2100 {
		t.Errorf("behind NAT %+v, want 2100 bytes", full.BehindNAT)
	}
}

func TestIntStaysExact(t *testing.T) {
	f := func(n Int, want string) {
		t.Helper()
		if b, err := json.Marshal(n); err != nil || string(b) != want {
			t.Errorf("%d is %s, %v; want %s", n, b, err, want)
		}
	}
	f(5, "5")
	f(1<<53, "9007199254740992")
	f(1<<53+1, `"9007199254740993"`)
}

func TestBytes(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	f(0, "0 B")
	f(999, "999 B")
	f(1000, "1.00 kB")
	f(12345, "12.3 kB")
	f(999600, "1.00 MB")
	f(1<<62, "4.61 EB")
}

// Escapes of a terminal, the old and the new kind, do not get through.
func TestControlCharacters(t *testing.T) {
	const evil = "a\x1b[31m\u009b1m\x7fb"
	if got, want := quote(evil), `"a [31m 1m b"`; got != want {
		t.Errorf("quote gives %q, want %q", got, want)
	}
	if got, want := entity(evil), "a#27;#91;31m#155;1m#127;b"; got != want {
		t.Errorf("entity gives %q, want %q", got, want)
	}
}

// At host level too, a cloud's own addresses stand with its services, and
// strangers on the internet.
func TestHostsOutsideNetworks(t *testing.T) {
	f := func(kind, provider, want string) {
		t.Helper()
		k := query.Key{Level: "host", Kind: kind, Value: "198.51.100.7"}
		m := &query.Map{Level: "host", Metric: "bytes", Nodes: []query.MapNode{{Group: query.Group{ID: k.ID(), Key: k, Provider: provider}}}}
		if got := deref(Build(m, Options{}).Nodes[0].Parent); got != want {
			t.Errorf("an address that is %q of %q stands in %q, want %q", kind, provider, got, want)
		}
	}
	f("public", "gcp", "services:gcp")
	f("public", "", "internet:")
	f("own", "", "")
}
