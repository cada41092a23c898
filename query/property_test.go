package query

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// randomLake is three days of random traffic between a few hosts of two
// networks, whose addresses overlap, and strangers. It returns the rows of 5
// minutes.
func randomLake(t testing.TB, rnd *rand.Rand, n int) (*lake, []periplus.Traffic) {
	l := newLake(t)
	var ends []periplus.Endpoint
	for i := range 30 {
		e := periplus.Endpoint{ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever, Provider: "aws", Kind: "own"}
		switch {
		case i < 10:
			e.Address, e.Network = netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "vpc-1"
			e.Service, e.Subnet = fmt.Sprintf("s|%d%%", i%3), fmt.Sprint("sub-", i%2)
		case i < 20:
			e.Address, e.Network = netip.AddrFrom4([4]byte{10, 0, 0, byte(i - 10)}), "vpc-2"
			e.Service = fmt.Sprint("s", i%4)
		default:
			e.Address, e.Kind, e.Provider = netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), "public", ""
			e.Service, e.Country = []string{"internet", "DE", "S3"}[i%3], "DE"
		}
		ends = append(ends, e)
	}
	insert(l, "endpoints", periplus.EndpointFields, ends[:28]) // two are unknown
	rows := map[string]periplus.Traffic{}
	for range n {
		c, s := ends[rnd.IntN(30)], ends[rnd.IntN(30)]
		bucket := t0.Add(time.Duration(rnd.IntN(3*288)) * 5 * time.Minute)
		x := periplus.Traffic{Step: 300, Bucket: bucket, Client: c.Address, ClientNetwork: c.Network, Server: s.Address, ServerNetwork: s.Network,
			ServerPort: []uint16{22, 80, 443, 5432, 6379}[rnd.IntN(5)], HasPort: true, Protocol: 6, Verdict: periplus.Verdict(rnd.IntN(4)), Records: 1 + rnd.Int64N(9),
			Connections: rnd.Int64N(4), FirstSeen: bucket, LastSeen: bucket.Add(time.Minute), SeenBy: "server", Answer: "seen", Sampled: rnd.IntN(9) == 0}
		if x.Answer = []string{"seen", "none", "unknown"}[rnd.IntN(3)]; x.Verdict.Stopped() {
			x.Answer = "unknown"
		}
		count := func() periplus.Count { return periplus.Count{N: rnd.Int64N(1000), Known: true} }
		if rnd.IntN(5) > 0 {
			x.RequestBytes, x.RequestPackets = count(), count()
		}
		if rnd.IntN(3) > 0 {
			x.ResponseBytes, x.ResponsePackets, x.Opened = count(), count(), count()
		}
		for _, c := range []*periplus.Count{&x.RequestBytes, &x.RequestPackets, &x.ResponseBytes, &x.ResponsePackets, &x.Opened} {
			if !c.Known {
				c.N = 0
			}
		}
		rows[fmt.Sprint(bucket, x.Client, x.ClientNetwork, x.Server, x.ServerNetwork, x.ServerPort, x.Verdict)] = x
	}
	list := slices.SortedFunc(maps.Values(rows), func(x, y periplus.Traffic) int {
		return cmp.Or(x.Bucket.Compare(y.Bucket), x.Client.Compare(y.Client), x.Server.Compare(y.Server))
	})
	insert(l, "traffic", periplus.TrafficFields, list)
	l.steps()
	return l, list
}

// added are the totals of rows in a range, in Go.
func added(rows []periplus.Traffic, r Range) Verdicts {
	var v Verdicts
	for _, x := range rows {
		if x.Bucket.Before(r.From) || !x.Bucket.Before(r.To) {
			continue
		}
		v[x.Verdict].Add(Totals{RequestBytes: x.RequestBytes, RequestPackets: x.RequestPackets, ResponseBytes: x.ResponseBytes, ResponsePackets: x.ResponsePackets,
			Opened: x.Opened, Records: x.Records, Connections: x.Connections})
	}
	return v
}

// measured leaves out what depends on how long a row is: a sum of rows is
// unmeasured only where none of them was measured.
func measured(v Verdicts) Verdicts {
	for i := range v {
		v[i].Unmeasured = 0
	}
	return v
}

func TestSums(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	l, rows := randomLake(t, rnd, 3000)
	q := &Questions{Engine: l}
	for i := range 40 {
		a := Ask{From: t0.Add(time.Duration(rnd.Int64N(int64(60 * time.Hour)))), Level: Levels[i%len(Levels)], Metric: Metrics[i%4], MaxNodes: 1 + rnd.IntN(12), MaxEdges: 1 + rnd.IntN(30)}
		a.To = a.From.Add(time.Minute + time.Duration(rnd.Int64N(int64(50*time.Hour))))
		if i%3 == 0 {
			a.Expand = []string{"aws:provider", "aws:network:vpc-1", "svc:aws:vpc-1/s%7C1%25", "inet:"}
		}
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		want := added(rows, m.Range)
		if got := measured(m.Totals); got != want {
			t.Fatalf("%+v: totals\n%+v\nwant\n%+v", a, got, want)
		}
		sum := m.Rest
		for _, e := range m.Edges {
			sum.Add(e.Verdicts)
			var ports Verdicts
			for _, p := range e.Ports {
				ports.Add(p.Verdicts)
			}
			if e.MorePorts == 0 && ports != e.Verdicts {
				t.Fatalf("%+v: the ports of %s -> %s are %+v, want %+v", a, e.Source, e.Target, ports, e.Verdicts)
			}
		}
		if sum != m.Totals {
			t.Fatalf("%+v: edges and rest\n%+v\nwant\n%+v", a, sum, m.Totals)
		}
		if len(m.Edges) > a.MaxEdges || len(m.Nodes) > a.MaxNodes || int64(len(m.Edges)) > m.AllEdges || int64(len(m.Nodes)) > m.AllNodes {
			t.Fatalf("%+v: %d of %d edges, %d of %d nodes", a, len(m.Edges), m.AllEdges, len(m.Nodes), m.AllNodes)
		}
		line, err := q.Timeline(bg, a, 1+rnd.IntN(100))
		if err != nil {
			t.Fatal(err)
		}
		var bins Verdicts
		for _, b := range line.Bins {
			bins.Add(b)
		}
		if measured(bins) != want {
			t.Fatalf("%+v: bins\n%+v\nwant\n%+v", a, bins, want)
		}
		top, err := q.Top(bg, a, []string{"client.ip", "server.service", "port"}, 5)
		if err != nil {
			t.Fatal(err)
		}
		lines := top.Rest
		for _, r := range top.Rows {
			lines.Add(r.Verdicts)
		}
		if lines != top.Totals || measured(lines) != want {
			t.Fatalf("%+v: top\n%+v\nwant\n%+v", a, lines, want)
		}
	}
}

// TestSteps: which steps cover a range does not change the answer.
func TestSteps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	l, _ := randomLake(t, rnd, 1500)
	q := &Questions{Engine: l}
	of := func(a Ask, r Range) (edges map[[2]string]Verdicts, m *Map) {
		g, err := groupingOf(a)
		if err != nil {
			t.Fatal(err)
		}
		m, p := &Map{}, &picture{ask: a, edges: map[[2]string]*drawn{}, nodes: map[string]*MapNode{}}
		if err := q.ask(bg, statement(a.groupMap(g, r), nil), func(row *reader) { p.row(row, m) }); err != nil {
			t.Fatal(err)
		}
		edges = map[[2]string]Verdicts{}
		for k, d := range p.edges {
			edges[k] = measured(d.Verdicts)
		}
		m.Totals = measured(m.Totals)
		return edges, m
	}
	for i := range 10 {
		a, err := Ask{From: t0.Add(time.Duration(rnd.Int64N(int64(20 * time.Hour)))), To: t0.Add(time.Duration(24+rnd.IntN(40)) * time.Hour), MaxEdges: 6000}.settle()
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			a.Filter = mustParse(t, "client.network = vpc-1 and port != 22 or service ~ s3 or records > 30")
		}
		edges, m := of(a, a.cover())
		for _, steps := range [][]int64{{3600, 300}, {300}} {
			others, other := of(a, a.cover(steps...))
			if !reflect.DeepEqual(edges, others) || !reflect.DeepEqual(m, other) {
				t.Errorf("%s to %s: steps %v give another answer", a.From, a.To, steps)
			}
		}
	}
}

func TestCover(t *testing.T) {
	f := func(from, to, want string) {
		t.Helper()
		parse := func(s string) time.Time {
			at, err := time.Parse("02T15:04:05", s)
			if err != nil {
				t.Fatal(err)
			}
			return time.Date(2026, 11, at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		}
		var parts []string
		for _, s := range Cover(parse(from), parse(to)).Steps {
			parts = append(parts, fmt.Sprintf("%d %s-%s", s.Step, s.From.Format("02T15:04"), s.To.Format("02T15:04")))
		}
		if got := strings.Join(parts, ", "); got != want {
			t.Errorf("Cover(%s, %s) = %s, want %s", from, to, got, want)
		}
	}
	f("01T00:00:00", "02T00:00:00", "86400 01T00:00-02T00:00")
	f("01T10:00:00", "01T10:00:01", "300 01T10:00-01T10:05")
	f("01T10:07:30", "01T10:57:30", "300 01T10:05-01T11:00")
	f("01T10:00:00", "01T10:57:30", "3600 01T10:00-01T11:00")
	f("01T10:57:00", "01T12:02:00", "300 01T10:55-01T11:00, 3600 01T11:00-01T12:00, 300 01T12:00-01T12:05")
	f("01T22:50:00", "04T01:20:00", "300 01T22:50-01T23:00, 3600 01T23:00-02T00:00, 86400 02T00:00-04T00:00, 3600 04T00:00-04T01:00, 300 04T01:00-04T01:20")
	f("01T23:58:00", "02T00:01:00", "300 01T23:55-02T00:05")
}

func TestKey(t *testing.T) {
	for _, id := range []string{"aws:provider", ":provider", "aws:account:1", "aws:region:eu-1", "aws:network:vpc-1", "azure:network:%2Fsubs%2Fx", "aws:subnet:vpc-1/s%2F1", "svc:aws:vpc-1/web",
		"svc:aws:/web", "svc:aws::S3", "svc:::partner", "inet:", "inet:cc:DE", "special:multicast", "host:10.0.0.1@vpc-1", "host:2001:db8::1", "host:10.0.0.1@a%40b", "aws:network:",
		"inet:as:3320@DE", "inet:as:3320", "inet:net:192.0.2.0/24", "inet:net:192.0.2.0/24@DE", "inet:net:192.0.2.0/24@/3320", "inet:net:192.0.2.0/24@D%2FE/3320", "inet:net:2001:db8::/48", "inet:scanners"} {
		k, err := ParseKey(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if again, err := keyOfSQL(k.sqlText()); err != nil || again.ID() != id {
			t.Errorf("%s: %q, %v", id, again.ID(), err)
		}
	}
	for _, id := range []string{"", "x", "host:", "host:010.0.0.1", "host:10.0.0.1@", "aws:vpc:x", "aws:network:a b", "inet", "inet:x", "%zz:provider",
		"inet:as:03", "inet:as:0", "inet:as:3320@", "inet:as:x", "inet:as:1@DE/2", "inet:net:192.0.2.1/24", "inet:net:192.0.2.0/25", "inet:net:192.0.2.0", "inet:net:::ffff:1.2.3.0/120", "inet:net:192.0.2.0/24@DE/x", "inet:scanners:x"} {
		if k, err := ParseKey(id); err == nil {
			t.Errorf("ParseKey(%q) = %+v, want an error", id, k)
		}
	}
}

// TestLiteral: the text with its values in it gives the same rows, whatever
// stands in the values.
func TestLiteral(t *testing.T) {
	l := town(t)
	a := ask("")
	a.Filter = mustParse(t, `name != "it's ? -- /* \" */" and ip in (10.0.0.0/8, 198.51.100.0/24) and tag.Env !~ "x?" and time >= 2026-11-01`)
	s, err := a.ConversationsSQL()
	if err != nil {
		t.Fatal(err)
	}
	rows := func(s Statement) (list []string) {
		if err := l.Query(bg, s, func(_ []string, values []any) error { list = append(list, fmt.Sprint(values)); return nil }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	want := rows(s)
	var got []string
	r, err := l.db.Query(s.Literal())
	if err != nil {
		t.Fatal(err, s.Literal())
	}
	for r.Next() {
		got = append(got, "")
	}
	if r.Err() != nil || len(got) != len(want) || len(want) != 8 {
		t.Errorf("%d rows, %d with values in the text, %v; want 8", len(want), len(got), r.Err())
	}
}
