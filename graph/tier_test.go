package graph

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// town is two subnets and what lies in no subnet, met by the internet and by
// one another; change may alter it.
func town(change func(m *query.Map)) *Graph {
	network := query.Group{ID: "aws:network:vpc-1", Key: query.Key{Level: "network", Kind: "own", Scope: "aws", Value: "vpc-1"}}
	subnet := func(name string) query.Group {
		k := query.Key{Level: "subnet", Kind: "own", Scope: "aws", Network: "vpc-1", Value: name}
		return query.Group{ID: k.ID(), Key: k, Label: name, Parent: network.ID}
	}
	host := func(address, parent, role string) query.MapNode {
		k := query.Key{Level: "host", Kind: "own", Value: address, Network: "vpc-1"}
		return query.MapNode{Group: query.Group{ID: k.ID(), Key: k, Label: address, Parent: parent, Role: role, Network: "vpc-1"}}
	}
	a, b := subnet("subnet-a"), subnet("subnet-b")
	m := &query.Map{Level: "host", Metric: "bytes", Groups: []query.Group{network, a, b}, Nodes: []query.MapNode{
		{Group: query.Group{ID: "inet:", Key: query.Key{Level: "internet", Kind: "public"}}},
		host("10.0.0.1", a.ID, "aws.ec2"), host("10.0.0.2", a.ID, "aws.ec2"), host("10.0.1.1", b.ID, "aws.ec2"), host("10.0.9.9", network.ID, "aws.rds"), host("10.0.9.8", network.ID, ""),
	}}
	edge := func(from, to int, port uint16, v periplus.Verdict) {
		var of query.Verdicts
		of[v] = totals(100, 10)
		m.Edges = append(m.Edges, query.Edge{Source: m.Nodes[from].ID, Target: m.Nodes[to].ID, Verdicts: of, Ports: []query.PortUse{{Port: port, HasPort: true, Protocol: 6, Verdicts: of}}})
	}
	edge(0, 1, 443, periplus.Allowed)
	edge(0, 3, 22, periplus.Denied) // not met: it was kept out
	edge(1, 2, 8080, periplus.Allowed)
	edge(2, 3, 5432, periplus.Unknown)
	edge(3, 5, 80, periplus.Allowed)
	m.Edges[4].Verdicts[periplus.Allowed].Records = 2
	if change != nil {
		change(m)
	}
	return Build(m, Options{})
}

func TestTiers(t *testing.T) {
	f := func(what, want string, change func(m *query.Map)) {
		t.Helper()
		g := town(change)
		var got []string
		for _, x := range g.Groups {
			if x.Kind == "subnet" {
				got = append(got, x.Label+"="+x.Tier)
			}
		}
		for _, n := range g.Nodes {
			if n.Tier != "" {
				got = append(got, n.Label+"="+n.Tier)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %s\nwant %s", what, s, want)
		}
	}
	f("facts", "subnet-a=app subnet-b=data 10.0.9.8=app 10.0.9.9=data", nil)
	f("met by the internet", "subnet-a=public subnet-b=data 10.0.9.8=app 10.0.9.9=data", func(m *query.Map) { m.Edges[2].Source = "inet:" })
	f("a name", "subnet-a=app private-db=data 10.0.9.8=app 10.0.9.9=data", func(m *query.Map) { m.Groups[2].Label = "private-db" })
	f("a balancer in it", "subnet-a=public subnet-b=data 10.0.9.8=app 10.0.9.9=data", func(m *query.Map) { m.Groups[1].Gates = 1 })
	f("a name goes before a balancer", "app-1=app subnet-b=data 10.0.9.8=app 10.0.9.9=data", func(m *query.Map) { m.Groups[1].Label, m.Groups[1].Gates = "app-1", 1 })
	f("nothing but stores", "subnet-a=data subnet-b=data 10.0.9.8=app 10.0.9.9=data", func(m *query.Map) { m.Groups[1].Role = "aws.redis" })
	f("nothing known", "subnet-a= subnet-b= 10.0.9.9=data", func(m *query.Map) { m.Edges = nil })
}

// TestCIDR: what the user says of a network or a subnet, else what was seen,
// and that is told apart.
func TestCIDR(t *testing.T) {
	m := &query.Map{Level: "subnet", Nodes: []query.MapNode{{Group: query.Group{ID: "aws:subnet:vpc-1/s-2", Key: query.Key{Level: "subnet", Kind: "own", Scope: "aws", Network: "vpc-1", Value: "s-2"},
		Parent: "aws:network:vpc-1", Seen: []netip.Prefix{netip.MustParsePrefix("10.0.4.0/23")}}}},
		Groups: []query.Group{{ID: "aws:network:vpc-1", Key: query.Key{Level: "network", Kind: "own", Scope: "aws", Value: "vpc-1"},
			Seen: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/19"), netip.MustParsePrefix("2001:db8::/64")}}}}
	f := func(opt Options, network, subnet string, networkSeen, subnetSeen bool) {
		t.Helper()
		g := Build(m, opt)
		b, n := g.Groups[0], g.Nodes[0]
		if strings.Join(b.CIDR, " ") != network || b.CIDRSeen != networkSeen || strings.Join(n.CIDR, " ") != subnet || n.CIDRSeen != subnetSeen {
			t.Errorf("network %v (seen %v), subnet %v (seen %v); want %s (%v), %s (%v)", b.CIDR, b.CIDRSeen, n.CIDR, n.CIDRSeen, network, networkSeen, subnet, subnetSeen)
		}
	}
	f(Options{}, "10.0.0.0/19 2001:db8::/64", "10.0.4.0/23", true, true)
	said := func(network, subnet string) []string {
		return map[string][]string{"vpc-1/": {"10.0.0.0/16"}, "vpc-1/s-2": nil}[network+"/"+subnet]
	}
	f(Options{CIDR: said}, "10.0.0.0/16", "10.0.4.0/23", false, true)
}

func TestFlags(t *testing.T) {
	f := func(want string, k query.Key, role string) {
		t.Helper()
		if got := strings.Join(flags(&query.Group{Key: k, Role: role}), " "); got != want {
			t.Errorf("flags of %s, a %q: %q, want %q", k.ID(), role, got, want)
		}
	}
	f("scanner", query.Key{Level: "scanners", Kind: "public"}, "")
	f("scanner", query.Key{Level: "service", Kind: "public", Value: "Known scanners"}, "net.scanner")
	f("health", query.Key{Level: "service", Kind: "public", Scope: "aws", Value: "Route 53 health checks"}, "aws.r53")
	f("health", query.Key{Level: "service", Kind: "public", Value: "uptime"}, "net.health")
	f("", query.Key{Level: "service", Kind: "own", Value: "health checks"}, "")
	f("", query.Key{Level: "internet", Kind: "public"}, "net.internet")
}
