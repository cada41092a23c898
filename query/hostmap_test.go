package query

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestHostMap: the map of hosts, which asks for its pairs first and then for
// what is shown, says of its edges and nodes what the map of groups says, which
// adds up everything.
func TestHostMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	l, _ := randomLake(t, rnd, 2500)
	q := &Questions{Engine: l}
	expanded := [][]string{nil, {"inet:"}, {"inet:cc:DE"}, {"inet:", "inet:cc:DE", "inet:scanners"}}
	for i := range 12 {
		a := Ask{From: t0.Add(time.Duration(rnd.Int64N(int64(40 * time.Hour)))), Level: "host", Metric: Metrics[i%4], Expand: expanded[i%len(expanded)],
			MaxNodes: 1 + rnd.IntN(40), MaxEdges: 1 + rnd.IntN(400)}
		a.To = a.From.Add(time.Hour + time.Duration(rnd.Int64N(int64(50*time.Hour))))
		if i%3 == 0 {
			a.Filter = mustParse(t, "not client.ip = 10.0.0.3 and port != 22")
		}
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		want, p := allOfHosts(t, q, a)
		if m.Totals != want.Totals || m.AllEdges != want.AllEdges || m.AllNodes != want.AllNodes {
			t.Fatalf("%+v: %d edges, %d nodes, totals %+v\nwant %d, %d, %+v", a, m.AllEdges, m.AllNodes, m.Totals, want.AllEdges, want.AllNodes, want.Totals)
		}
		for _, e := range m.Edges {
			d := p.edges[[2]string{sqlOf(t, e.Source), sqlOf(t, e.Target)}]
			if d == nil {
				t.Fatalf("%+v: %s -> %s is no edge", a, e.Source, e.Target)
			}
			d.settle()
			d.Source, d.Target, d.Ports = e.Source, e.Target, sorted(d.Ports, m.Metric)
			if !reflect.DeepEqual(e, d.Edge) {
				t.Errorf("%+v: edge\n%+v\nwant\n%+v", a, e, d.Edge)
			}
		}
		for _, n := range m.Nodes {
			of := p.node(sqlOf(t, n.ID))
			if n.In != of.In || n.Out != of.Out || n.Self != of.Self {
				t.Errorf("%+v: %s\n%+v\n%+v\n%+v\nwant\n%+v\n%+v\n%+v", a, n.ID, n.In, n.Out, n.Self, of.In, of.Out, of.Self)
			}
		}
	}
}

// allOfHosts is the whole map of hosts by the statement for groups.
func allOfHosts(t *testing.T, q *Questions, a Ask) (*Map, *picture) {
	t.Helper()
	a.MaxEdges, a.MaxNodes = MaxEdges, MaxNodes
	a, err := q.prepareGroups(bg, a)
	if err != nil {
		t.Fatal(err)
	}
	g, err := groupingOf(a)
	if err != nil {
		t.Fatal(err)
	}
	m, p := &Map{Range: a.cover()}, &picture{edges: map[[2]string]*drawn{}, nodes: map[string]*MapNode{}}
	if err := q.ask(bg, statement(a.groupMap(g, m.Range), m.Range.spans()), func(r *reader) { p.row(r, m) }); err != nil {
		t.Fatal(err)
	}
	return m, p
}

func sqlOf(t *testing.T, id string) string {
	t.Helper()
	k, err := ParseKey(id)
	if err != nil {
		t.Fatal(err)
	}
	return k.sqlText()
}

func TestEnds(t *testing.T) {
	var e ends
	for _, text := range []string{"host|||vpc-1|10.0.0.2", "internet|public|||", "host|||vpc-2|10.0.0.2", "host||||203.0.113.7", "host|||vpc-1|10.0.0.1"} {
		if err := e.add(text); err != nil {
			t.Fatal(err)
		}
	}
	e.settle()
	hosts := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("203.0.113.7")}
	if groups := []string{"host||||203.0.113.7", "internet|public|||"}; !slices.Equal(e.hosts, hosts) || !slices.Equal(e.groups, groups) {
		t.Errorf("%v, %q; want %v, %q", e.hosts, e.groups, hosts, groups)
	}
	if err := e.add("host|||vpc-1|'; DROP"); err == nil {
		t.Error("text that is no address was taken for a host")
	}
	if got, want := build(netip.MustParseAddr("fe80::1%eth'0")).SQL, "'fe80::1'"; got != want {
		t.Errorf("an address as SQL is %s; want %s", got, want)
	}
}
