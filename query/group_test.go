package query

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// exact checks that what a map says of each node is what its filter selects,
// what its panel says, and what hiding it takes away.
func exact(t *testing.T, q *Questions, a Ask) *Map {
	t.Helper()
	m, err := q.Map(bg, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range m.Nodes {
		of := n.In
		of.Add(n.Out)
		of.Add(n.Self)
		f := mustParse(t, n.Key.Filter(""))
		total := func(filter, hide *Filter) Verdicts {
			t.Helper()
			b := a
			b.Filter, b.Hide, b.MaxEdges = filter, hide, 1
			m, err := q.Map(bg, b)
			if err != nil {
				t.Fatal(err)
			}
			return m.Totals
		}
		if got := total(f, nil); got != of {
			t.Errorf("%s: %s selects\n%+v\nwant\n%+v", a.Level, f, got, of)
		}
		if got, want := total(nil, f), m.Totals.minus(of); got.All().Records != want.All().Records {
			t.Errorf("%s: hiding %s leaves %d records, want %d", a.Level, f, got.All().Records, want.All().Records)
		}
		p, err := q.Node(bg, a, n.ID)
		if err != nil {
			t.Fatal(err)
		}
		if p.In != n.In || p.Out != n.Out || p.Self != n.Self {
			t.Errorf("%s: the panel of %s says\n%+v\nwant\n%+v", a.Level, n.ID, p.In, n.In)
		}
	}
	return m
}

func TestGroupsAreExact(t *testing.T) {
	l, _ := randomLake(t, rand.New(rand.NewPCG(5, 6)), 400)
	q := &Questions{Engine: l}
	for _, level := range []string{"account", "subnet", "service", "host"} {
		if m := exact(t, q, Ask{From: t0, To: t0.Add(72 * time.Hour), Level: level}); len(m.Nodes) < 3 {
			t.Fatalf("%s: %d nodes", level, len(m.Nodes))
		}
	}
}

// abroad is one host of ours and the internet around it: a system in two
// countries, a country with one system, one with none known, who is nowhere,
// both families, a group that the user named, and a scanner.
func abroad(t testing.TB) *Questions {
	l := newLake(t)
	var ends []periplus.Endpoint
	var rows []periplus.Traffic
	add := func(address, service, country string, asn int64) {
		e := periplus.Endpoint{Address: netip.MustParseAddr(address), ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever, Kind: "public", Service: service, Country: country, ASN: asn, Role: "net.country"}
		ends = append(ends, e)
		rows = append(rows, periplus.Traffic{Step: 300, Bucket: t0.Add(10 * time.Hour), Client: e.Address, Server: netip.MustParseAddr("10.0.0.1"), ServerNetwork: "vpc-1", ServerPort: 443, HasPort: true,
			Protocol: 6, Verdict: periplus.Allowed, Records: int64(len(rows) + 1), FirstSeen: t0.Add(10 * time.Hour), LastSeen: t0.Add(10 * time.Hour), SeenBy: "server", Answer: "seen"})
	}
	add("192.0.2.1", "DE", "DE", 3320)
	add("192.0.2.2", "DE", "DE", 3320)
	add("198.51.100.1", "DE", "DE", 3320) // alone in its prefix
	add("203.0.113.1", "DE", "DE", 64500)
	add("203.0.113.2", "DE", "DE", 64500)
	add("203.0.113.9", "DE", "DE", 0) // in the prefix of another's, of no known system
	add("192.0.2.130", "FR", "FR", 3320)
	add("192.0.2.131", "FR", "FR", 3320)
	add("198.51.100.130", "FR", "FR", 3320)
	add("198.51.100.131", "FR", "FR", 3320)
	add("198.51.100.60", "internet", "", 0)
	add("198.51.100.61", "internet", "", 0)
	add("2001:db8:1::1", "", "", 0)
	add("2001:db8:1:2::1", "", "", 0)
	add("192.0.2.77", "internet", "", 64501)
	add("192.0.2.78", "internet", "", 64501)
	add("198.51.100.200", "partner", "DE", 3320)
	for port := range uint16(20) {
		r := rows[6] // FR
		r.ServerPort, r.Verdict, r.StoppedAt, r.Answer, r.Client = 1000+port, periplus.Denied, "server", "unknown", netip.MustParseAddr("192.0.2.199")
		if port == 0 {
			r.Verdict = periplus.Allowed
		}
		rows = append(rows, r)
	}
	add("192.0.2.199", "FR", "FR", 3320)
	rows = rows[:len(rows)-1]
	ends = append(ends, periplus.Endpoint{Address: netip.MustParseAddr("10.0.0.1"), Network: "vpc-1", ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever, Kind: "own", Provider: "aws", Service: "web"})
	insert(l, "endpoints", periplus.EndpointFields, ends)
	insert(l, "traffic", periplus.TrafficFields, rows)
	l.steps()
	return &Questions{Engine: l}
}

func TestInternet(t *testing.T) {
	q := abroad(t)
	f := func(level string, expand []string, want string) {
		t.Helper()
		a := ask(level)
		a.Expand = expand
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range m.Nodes {
			if n.Key.Kind != "own" {
				s := n.ID + "×" + fmt.Sprint(n.Endpoints)
				if n.Parent != "" {
					s += "<" + n.Parent
				}
				got = append(got, s)
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s %v: got\n%s\nwant\n%s", level, expand, got, want)
		}
		for _, n := range m.Nodes {
			if again, err := ParseKey(n.ID); err != nil || n.Key.Level != "host" && again != n.Key {
				t.Errorf("%s is %+v, %v; want %+v", n.ID, again, err, n.Key)
			}
		}
	}
	const rest = " inet:cc:FR×4 inet:scanners×1 svc:::partner×1"
	for _, level := range []string{"provider", "account", "network", "subnet", "service"} {
		f(level, nil, "inet:×6 inet:cc:DE×6"+rest)
	}
	f("host", nil, "host:198.51.100.200×1 inet:×6 inet:cc:DE×6 inet:cc:FR×4 inet:scanners×1")
	// Two systems and an address of none.
	f("service", []string{"inet:cc:DE"}, "host:203.0.113.9×1<inet:cc:DE inet:×6 inet:as:3320@DE×3<inet:cc:DE inet:as:64500@DE×2<inet:cc:DE"+rest)
	f("service", []string{"inet:cc:DE", "inet:as:3320@DE"}, "host:198.51.100.1×1<inet:as:3320@DE host:203.0.113.9×1<inet:cc:DE inet:×6 inet:as:64500@DE×2<inet:cc:DE inet:cc:FR×4 inet:net:192.0.2.0/24@DE/3320×2<inet:as:3320@DE inet:scanners×1 svc:::partner×1")
	// A system of one prefix opens to its addresses.
	f("host", []string{"inet:cc:DE", "inet:as:64500@DE", "svc:::partner"}, "host:198.51.100.200×1<svc:::partner host:203.0.113.1×1<inet:as:64500@DE host:203.0.113.2×1<inet:as:64500@DE host:203.0.113.9×1<inet:cc:DE inet:×6 inet:as:3320@DE×3<inet:cc:DE inet:cc:FR×4 inet:scanners×1")
	// A country of one system opens to prefixes.
	f("network", []string{"inet:cc:FR"}, "inet:×6 inet:cc:DE×6 inet:net:192.0.2.0/24@FR/3320×2<inet:cc:FR inet:net:198.51.100.0/24@FR/3320×2<inet:cc:FR inet:scanners×1 svc:::partner×1")
	f("service", []string{"inet:cc:FR", "inet:net:192.0.2.0/24@FR/3320"}, "host:192.0.2.130×1<inet:net:192.0.2.0/24@FR/3320 host:192.0.2.131×1<inet:net:192.0.2.0/24@FR/3320 inet:×6 inet:cc:DE×6 inet:net:198.51.100.0/24@FR/3320×2<inet:cc:FR inet:scanners×1 svc:::partner×1")
	// Who is nowhere, with and without a system, of both families.
	f("service", []string{"inet:"}, "inet:as:64501×2<inet: inet:cc:DE×6 inet:cc:FR×4 inet:net:198.51.100.0/24×2<inet: inet:net:2001:db8:1::/48×2<inet: inet:scanners×1 svc:::partner×1")
	a := ask("service")
	a.Expand = []string{"inet:cc:DE", "inet:as:3320@DE", "inet:net:192.0.2.0/24@DE/3320", "inet:"}
	exact(t, q, a)
	f("service", []string{"inet:scanners"}, "host:192.0.2.199×1<inet:scanners inet:×6 inet:cc:DE×6 inet:cc:FR×4 svc:::partner×1")
}

// TestScanners: many doors, nearly all shut, and none of it depends on the
// filter.
func TestScanners(t *testing.T) {
	q := abroad(t)
	a := ask("service")
	a.Filter = mustParse(t, "verdict = allowed")
	m, err := q.Map(bg, a)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range m.Nodes {
		if n.ID == "inet:scanners" {
			if got := n.Out.All().Records; got != 7 {
				t.Errorf("%d records of the scanner were allowed, want 7", got)
			}
			return
		}
	}
	t.Error("no scanners where only what was allowed is asked")
}

// TestHide: what is hidden is in no answer, and only that.
func TestHide(t *testing.T) {
	q := &Questions{Engine: town(t)}
	a := ask("service")
	f := func(filter, hide, same string) {
		t.Helper()
		one, two := a, a
		one.Filter, one.Hide, two.Filter = mustParse(t, filter), mustParse(t, hide), mustParse(t, same)
		m, err := q.Map(bg, one)
		if err != nil {
			t.Fatal(err)
		}
		n, err := q.Map(bg, two)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := draw(m), draw(n); got != want {
			t.Errorf("%q without %q: got\n%s\nwant that of %q\n%s", filter, hide, got, same, want)
		}
		x, err := q.Timeline(bg, one, 1)
		if err != nil {
			t.Fatal(err)
		}
		if x.Bins[0] != m.Totals {
			t.Errorf("the timeline without %q: %+v, want %+v", hide, x.Bins[0], m.Totals)
		}
	}
	f("", "", "")
	f("", "port = 443", "not port = 443")
	f("verdict = allowed", "port = 443 or port = 5432", "verdict = allowed and port not in (443, 5432)")
	f("", `node = "svc:aws::S3"`, "not server.service = S3")
	f("", `not node = "svc:aws::S3"`, "server.service = S3")
}

// TestUnanswered: what an edge and its ports say was let through and never
// answered is what the filter finds.
func TestUnanswered(t *testing.T) {
	l, _ := randomLake(t, rand.New(rand.NewPCG(7, 8)), 600)
	q := &Questions{Engine: l}
	for _, level := range []string{"service", "host"} {
		a := Ask{From: t0.Add(time.Hour), To: t0.Add(50 * time.Hour), Level: level, MaxNodes: MaxNodes, MaxEdges: MaxEdges}
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		none := a
		none.Filter = mustParse(t, "answer = none")
		n, err := q.Map(bg, none)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{}
		for _, e := range n.Edges {
			want[e.Source+" "+e.Target] = e.Verdicts.All().Records
			if e.Answer != "none" || e.Unanswered != e.Verdicts.All().Records {
				t.Errorf("%s: asked for what was not answered, %s -> %s says %s and %d of %d", level, e.Source, e.Target, e.Answer, e.Unanswered, e.Verdicts.All().Records)
			}
		}
		if len(want) < 10 || n.Totals.Stopped().Records > 0 {
			t.Fatalf("%s: %d edges, %d records that were stopped", level, len(want), n.Totals.Stopped().Records)
		}
		for i, e := range m.Edges {
			if e.Unanswered != want[e.Source+" "+e.Target] {
				t.Errorf("%s: %s -> %s has %d records without an answer, want %d", level, e.Source, e.Target, e.Unanswered, want[e.Source+" "+e.Target])
			}
			if i > 3 {
				continue
			}
			d, err := q.Edge(bg, a, e.Source, e.Target)
			if err != nil {
				t.Fatal(err)
			}
			sum := int64(0)
			for _, p := range d.Edge.Ports {
				for v, n := range p.Unanswered {
					sum += n
					if n > 0 && (periplus.Verdict(v).Stopped() || p.Answer[v] == "unknown") {
						t.Errorf("%s: %s -> %s, port %d: %d unanswered, answer %q", level, e.Source, e.Target, p.Port, n, p.Answer[v])
					}
				}
			}
			if d.Edge.Unanswered != e.Unanswered || sum != e.Unanswered {
				t.Errorf("%s: the panel of %s -> %s has %d, its ports %d, want %d", level, e.Source, e.Target, d.Edge.Unanswered, sum, e.Unanswered)
			}
		}
	}
}

// TestHigher: a map that leaves edges out names the next wider level, which has
// fewer.
func TestHigher(t *testing.T) {
	l, _ := randomLake(t, rand.New(rand.NewPCG(7, 8)), 300)
	q := &Questions{Engine: l}
	for _, level := range Levels {
		a := Ask{From: t0, To: t0.Add(72 * time.Hour), Level: level, MaxEdges: 1, Filter: mustParse(t, "port != 22")}
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		if level == "provider" {
			if m.Higher != "" {
				t.Errorf("above the providers is %q", m.Higher)
			}
			continue
		}
		a.Level, a.MaxEdges = m.Higher, MaxEdges
		w, err := q.Map(bg, a)
		if err != nil {
			t.Fatalf("%s: %v", level, err)
		}
		if w.AllEdges == 0 || w.AllEdges > m.AllEdges || w.Higher != "" {
			t.Errorf("%s: %d edges, %d by %s; that one names %q", level, m.AllEdges, w.AllEdges, m.Higher, w.Higher)
		}
	}
}

// TestNetworkNames: a network that is told with whose it is answers to its name
// alone too, and two of one name stay apart.
func TestNetworkNames(t *testing.T) {
	l := newLake(t)
	var ends []periplus.Endpoint
	var rows []periplus.Traffic
	for i, network := range []string{"sub-1/rg/prod", "sub-2/rg/prod", "sub-2/rg/my_prod", "prod"} {
		e := periplus.Endpoint{Address: netip.MustParseAddr("10.0.0.4"), Network: network, ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever, Kind: "own", Provider: "azure", Service: "web"}
		ends = append(ends, e)
		rows = append(rows, periplus.Traffic{Step: 300, Bucket: t0, Client: e.Address, ClientNetwork: network, Server: e.Address, ServerNetwork: network, Protocol: 6, Verdict: periplus.Allowed,
			Records: 1 << i, FirstSeen: t0, LastSeen: t0, SeenBy: "both", Answer: "seen"})
	}
	insert(l, "endpoints", periplus.EndpointFields, ends)
	insert(l, "traffic", periplus.TrafficFields, rows)
	l.steps()
	q := &Questions{Engine: l}
	f := func(filter string, want int64) {
		t.Helper()
		a := ask("network")
		a.Filter = mustParse(t, filter)
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Totals.All().Records; got != want {
			t.Errorf("%s: %d, want %d", filter, got, want)
		}
	}
	f("network = prod", 1+2+8)
	f("client.network in (prod, my_prod)", 15)
	f("network = sub-2/rg/prod", 2)
	f("network != prod", 4)
	f("network = od", 0)
	f(`node = "azure:network:sub-1%2Frg%2Fprod"`, 1)
	m, err := q.Map(bg, ask("network"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range m.Nodes {
		if n.Label != "prod" && n.Label != "my_prod" {
			t.Errorf("%s is called %q", n.ID, n.Label)
		}
	}
	if len(m.Nodes) != 4 {
		t.Errorf("%d networks, want 4", len(m.Nodes))
	}
}

// TestBoxes: a network or subnet says the tightest prefixes of what was seen in
// it, of both families, and how many gates are among its members.
func TestBoxes(t *testing.T) {
	l := newLake(t)
	var ends []periplus.Endpoint
	var rows []periplus.Traffic
	for _, e := range []struct{ address, subnet, role string }{{"10.0.0.1", "a", "aws.ec2"}, {"10.0.0.6", "a", "aws.nat"}, {"2001:db8::1", "a", "aws.ec2"}, {"2001:db8::ff", "a", "aws.ec2"}, {"10.0.3.1", "b", "aws.rds"}} {
		x := periplus.Endpoint{Address: netip.MustParseAddr(e.address), Network: "vpc-1", Subnet: e.subnet, Role: e.role, ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever, Kind: "own", Provider: "aws", Service: e.subnet}
		ends = append(ends, x)
		rows = append(rows, periplus.Traffic{Step: 300, Bucket: t0, Client: x.Address, ClientNetwork: "vpc-1", Server: x.Address, ServerNetwork: "vpc-1", Protocol: 6, Verdict: periplus.Allowed,
			Records: 1, FirstSeen: t0, LastSeen: t0, SeenBy: "both", Answer: "seen"})
	}
	insert(l, "endpoints", periplus.EndpointFields, ends)
	insert(l, "traffic", periplus.TrafficFields, rows)
	l.steps()
	m, err := (&Questions{Engine: l}).Map(bg, ask("host"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range m.Groups {
		got = append(got, fmt.Sprint(g.Label, g.Seen, g.Gates))
	}
	if s, want := strings.Join(got, " "), "vpc-1[10.0.0.0/22 2001:db8::/120] 1 a[10.0.0.0/29 2001:db8::/120] 1 b[] 0"; s != want {
		t.Errorf("boxes %s, want %s", s, want)
	}
}
