package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// Internet and Services are the boxes of what lies in no network of the user's.
const (
	Internet = "internet:"
	Services = "services:" // and the provider
)

// Build makes the graph of an answer.
func Build(m *query.Map, opt Options) *Graph {
	all := m.Totals.All()
	g := &Graph{
		Range: Range{m.Range.From, m.Range.To}, Level: m.Level, Metric: m.Metric,
		Groups: []Group{}, Nodes: []Node{}, Edges: []Edge{}, Notes: []string{},
		Coverage: map[string]float64{},
		Totals: Totals{Bytes: Known(all.Bytes()), Packets: Known(all.Packets()), Records: Int(all.Records), Opened: Known(all.Opened),
			Denied: Int(m.Totals[periplus.Denied].Records), Dropped: Int(m.Totals[periplus.Dropped].Records), Unknown: Int(m.Totals[periplus.Unknown].Records)},
	}
	b := builder{Graph: g, opt: opt, groups: map[string]bool{}}
	b.boxes(m.Groups)
	for i := range m.Nodes {
		b.node(&m.Nodes[i])
		g.Totals.Endpoints += g.Nodes[len(g.Nodes)-1].Count
	}
	cut := b.edges(m)
	b.rest(m, cut)
	b.tiers(m)
	b.notes(m)
	g.sort()
	return g
}

type builder struct {
	*Graph
	opt    Options
	groups map[string]bool
}

func (b *builder) label(id, otherwise string) string {
	if b.opt.Label != nil {
		if l := b.opt.Label(id); l != "" {
			return l
		}
	}
	return otherwise
}

func (b *builder) boxes(groups []query.Group) {
	for _, q := range groups {
		b.groups[q.ID] = true
	}
	for _, q := range groups {
		g := Group{ID: q.ID, Kind: q.Key.Level, Label: b.label(q.Key.Value, q.Label), Provider: q.Provider,
			Region: q.Region, Account: q.Account, Country: q.Country, Endpoints: Int(q.Endpoints)}
		g.CIDR, g.CIDRSeen = b.cidr(&q)
		if q.Key.Level == "service" || q.Key.Level == "host" {
			g.Icon = q.Role
		}
		g.Parent = b.parent(q)
		b.Groups = append(b.Groups, g)
	}
}

// parent is the box of a group: the one the query says, else the internet or a
// cloud's services.
func (b *builder) parent(q query.Group) *string {
	if q.Parent != "" && b.groups[q.Parent] {
		return &q.Parent
	}
	k := q.Key
	if k.Kind != "public" && k.Level != "internet" && k.Level != "country" {
		return nil
	}
	id, g := Internet, Group{ID: Internet, Kind: "internet", Label: "Internet"}
	if k.Level == "service" && k.Scope != "" || k.Level == "host" && q.Provider != "" {
		p := cmp.Or(k.Scope, q.Provider)
		id = Services + p
		g = Group{ID: id, Kind: "services", Label: ProviderName(p) + " services", Provider: p}
	}
	if !b.groups[id] {
		b.groups[id] = true
		b.Groups = append(b.Groups, g)
	}
	return &id
}

// ProviderName is what people call a cloud.
func ProviderName(p string) string {
	switch p {
	case "aws":
		return "AWS"
	case "gcp":
		return "Google"
	case "azure":
		return "Azure"
	}
	return p
}

// kinds are the icons of groups that have no role of their own.
var kinds = map[string]string{"internet": "net.internet", "country": "net.country", "asn": "net.asn", "net": "net.internet", "scanners": "net.scanner", "special": "gen.unknown", "service": "gen.server", "host": "gen.server", "subnet": "gen.group", "network": "gen.group", "region": "gen.group", "account": "gen.group", "provider": "gen.group"}

// Kind is the icon key of a group.
func Kind(g query.Group) string { return cmp.Or(g.Role, kinds[g.Key.Level], "gen.unknown") }

func (b *builder) node(q *query.MapNode) {
	n := Node{ID: q.ID, Parent: b.parent(q.Group), Kind: Kind(q.Group),
		Label: b.label(q.Key.Value, q.Label), Provider: q.Provider, Service: q.Service, Country: q.Country,
		Count: Int(max(q.Endpoints, 1)), Expandable: q.Expandable,
		In: CounterOf(q.In.All()), Out: CounterOf(q.Out.All()), Self: CounterOf(q.Self.All()),
		Denied: InOut{Int(q.In.Stopped().Records), Int(q.Out.Stopped().Records)}}
	n.Flags = flags(&q.Group)
	if q.Key.Kind == "own" {
		n.Region, n.Account = q.Region, q.Account
	}
	n.CIDR, n.CIDRSeen = b.cidr(&q.Group)
	switch {
	case q.Key.Level == "net" && q.ASN > 0:
		n.Detail = "AS" + strconv.FormatInt(q.ASN, 10)
	case q.Key.Level == "host" && q.Label != q.Key.Value:
		n.Detail = q.Key.Value
	case q.Key.Level == "network", q.Key.Level == "subnet":
		n.Detail = q.Region
	}
	b.Nodes = append(b.Nodes, n)
}

// cidr is what a network or subnet is said to hold, else what was seen of it.
func (b *builder) cidr(q *query.Group) (list []string, seen bool) {
	k := q.Key
	if k.Level != "network" && k.Level != "subnet" {
		return nil, false
	}
	if b.opt.CIDR != nil {
		network, subnet := k.Value, ""
		if k.Level == "subnet" {
			network, subnet = k.Network, k.Value
		}
		if list = b.opt.CIDR(network, subnet); len(list) > 0 {
			return list, false
		}
	}
	for _, p := range q.Seen {
		list = append(list, p.String())
	}
	return list, len(list) > 0
}

// flags are what one may want out of the way: who scans, and who only looks
// whether a service is there.
func flags(q *query.Group) []string {
	switch {
	case q.Key.Level == "scanners", q.Role == "net.scanner":
		return []string{"scanner"}
	case q.Role == "net.health", q.Key.Kind == "public" && strings.HasSuffix(strings.ToLower(q.Key.Value), "health checks"):
		return []string{"health"}
	}
	return nil
}

// edges adds the edges and returns what Options cut away.
func (b *builder) edges(m *query.Map) []query.Edge {
	edges, cut := b.opt.cut(m.Edges, m.Metric)
	touched := map[string]bool{}
	for i := range edges {
		e := &edges[i]
		touched[e.Source], touched[e.Target] = true, true
		b.Edges = append(b.Edges, Edge{Source: e.Source, Target: e.Target, Verdicts: VerdictsOf(e.Verdicts, e.StoppedAt),
			Answer: e.Answer, Unanswered: Int(e.Unanswered), Ports: PortsOf(e.Ports), MorePorts: Int(e.MorePorts), First: e.FirstSeen, Last: e.LastSeen,
			Sampled: e.Sampled, Incomplete: e.Incomplete})
	}
	if len(cut) > 0 {
		b.Nodes = slices.DeleteFunc(b.Nodes, func(n Node) bool { return !touched[n.ID] && n.Self.Records == 0 })
		b.prune()
	}
	return cut
}

// prune leaves out boxes that hold nothing any more.
func (b *builder) prune() {
	for {
		used := map[string]bool{}
		for _, n := range b.Nodes {
			if n.Parent != nil {
				used[*n.Parent] = true
			}
		}
		for _, g := range b.Groups {
			if g.Parent != nil {
				used[*g.Parent] = true
			}
		}
		before := len(b.Groups)
		b.Groups = slices.DeleteFunc(b.Groups, func(g Group) bool { return !used[g.ID] })
		if len(b.Groups) == before {
			return
		}
	}
}

// rest says what is in the totals and on no edge.
func (b *builder) rest(m *query.Map, cut []query.Edge) {
	rest := m.Rest
	for i := range cut {
		rest.Add(cut[i].Verdicts)
	}
	left := m.AllEdges - int64(len(b.Edges))
	if left > 0 || rest.All().Records > 0 {
		t := rest.All()
		b.Other = &Other{Edges: Int(left), Nodes: Int(max(m.AllNodes-int64(len(b.Nodes)), 0)), Bytes: Known(t.Bytes()), Packets: Known(t.Packets()), Records: Int(t.Records), Opened: Known(t.Opened), Denied: Int(rest.Stopped().Records)}
		b.Higher = m.Higher
	}
	all := m.Totals
	for name, of := range map[string]func(query.Verdicts) int64{
		"bytes":   func(v query.Verdicts) int64 { return v.All().Bytes().N },
		"packets": func(v query.Verdicts) int64 { return v.All().Packets().N },
		"records": func(v query.Verdicts) int64 { return v.All().Records },
		"denied":  func(v query.Verdicts) int64 { return v.Stopped().Records },
	} {
		b.Coverage[name] = 1
		if n := of(all); n > 0 {
			b.Coverage[name] = float64(n-of(rest)) / float64(n)
		}
	}
}

func (b *builder) notes(m *query.Map) {
	l := m.LeftOut
	if l.LegRecords > 0 {
		n := Int(l.LegBytes)
		b.BehindNAT = &Counter{Bytes: &n, Records: Int(l.LegRecords)}
	}
	for _, n := range []struct {
		code string
		when bool
	}{{"sampled", l.SampledRecords > 0}, {"gaps", l.SkipData > 0 || l.IncompleteRecords > 0 || l.HoursCovered < l.Hours}, {"unmeasured", l.Unmeasured > 0},
		{"widened", m.Range.Widened()}, {"capped", b.Other != nil}} {
		if n.when {
			b.Notes = append(b.Notes, n.code)
		}
	}
}
