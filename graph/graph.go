// Package graph is the picture as data: groups, nodes and edges with their
// verdicts, made of a query.Map, as the page draws it and as files hold it.
package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// Graph is one answer to "who talks to whom", ready for JSON. Lists are sorted
// by id and never nil.
type Graph struct {
	Range     Range              `json:"range"`
	Level     string             `json:"level"`
	Metric    string             `json:"metric"`
	Totals    Totals             `json:"totals"`
	Groups    []Group            `json:"groups"`
	Nodes     []Node             `json:"nodes"`
	Edges     []Edge             `json:"edges"`
	Other     *Other             `json:"other"`
	Higher    string             `json:"higher,omitempty"` // the next wider level; only with Other
	Coverage  map[string]float64 `json:"coverage"`
	BehindNAT *Counter           `json:"behindNAT"`
	Notes     []string           `json:"notes"`
	Nearest   *time.Time         `json:"nearest,omitempty"`
}

// Range is a span of time, widened to whole buckets.
type Range struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Counter is both directions together. A nil counter is unknown, never 0.
type Counter struct {
	Bytes   *Int `json:"b"`
	Packets *Int `json:"p"`
	Records Int  `json:"r"`
	Opened  *Int `json:"o,omitempty"`
}

// Int is a counter that stays exact in JavaScript: above 2^53 it is written as
// a string of digits.
type Int int64

// MarshalJSON writes a number, or digits in quotes above 2^53.
func (n Int) MarshalJSON() ([]byte, error) {
	s := strconv.FormatInt(int64(n), 10)
	if n > 1<<53 || n < -(1<<53) {
		s = `"` + s + `"`
	}
	return []byte(s), nil
}

// Stopped is a Counter with the place where it was stopped: client, server,
// middle, or "" where nobody knows.
type Stopped struct {
	Counter
	At string `json:"at,omitempty"`
}

// Verdicts are an edge's counters; a verdict without a record is nil.
type Verdicts struct {
	Allowed *Counter `json:"allowed,omitempty"`
	Denied  *Stopped `json:"denied,omitempty"`
	Dropped *Stopped `json:"dropped,omitempty"`
	Unknown *Counter `json:"unknown,omitempty"`
}

// Totals are of everything asked for, drawn or not.
type Totals struct {
	Bytes     *Int `json:"bytes"`
	Packets   *Int `json:"packets"`
	Records   Int  `json:"records"`
	Opened    *Int `json:"opened"`
	Denied    Int  `json:"denied"`  // records
	Dropped   Int  `json:"dropped"` // records
	Unknown   Int  `json:"unknown"` // records
	Endpoints Int  `json:"endpoints"`
}

// Group is a box that nodes stand in.
type Group struct {
	ID        string   `json:"id"`
	Parent    *string  `json:"parent"`
	Kind      string   `json:"kind"` // a level, or internet, services
	Label     string   `json:"label"`
	Provider  string   `json:"provider,omitempty"`
	Icon      string   `json:"icon,omitempty"`
	CIDR      []string `json:"cidr,omitempty"`
	Region    string   `json:"region,omitempty"`
	Account   string   `json:"account,omitempty"`
	Country   string   `json:"country,omitempty"`
	Tier      string   `json:"tier,omitempty"` // of a subnet: public, app, data
	Endpoints Int      `json:"endpoints,omitempty"`
	// CIDRSeen: cidr is no more than the tightest prefixes that hold the
	// addresses seen.
	CIDRSeen bool `json:"cidrSeen,omitempty"`
}

// Node is what paths begin and end at.
type Node struct {
	ID         string  `json:"id"`
	Parent     *string `json:"parent"`
	Kind       string  `json:"kind"` // icon key
	Label      string  `json:"label"`
	Provider   string  `json:"provider,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	Service    string  `json:"service,omitempty"` // of a host: id of its group at level service
	Country    string  `json:"country,omitempty"`
	Region     string  `json:"region,omitempty"`  // that all its members share
	Account    string  `json:"account,omitempty"` // that all its members share
	Tier       string  `json:"tier,omitempty"`    // of what stands in no subnet, and of subnets
	Count      Int     `json:"count"`
	Expandable bool    `json:"expandable,omitempty"`
	In         Counter `json:"in"`
	Out        Counter `json:"out"`
	Self       Counter `json:"self"`
	Denied     InOut   `json:"denied"` // records, dropped ones too
	// CIDR and CIDRSeen are of networks and subnets, as a Group's.
	CIDR     []string `json:"cidr,omitempty"`
	CIDRSeen bool     `json:"cidrSeen,omitempty"`
	// Flags are scanner and health, for what one wants out of the way.
	Flags []string `json:"flags,omitempty"`
}

// InOut counts what a node was asked and what it asked.
type InOut struct {
	In  Int `json:"in"`
	Out Int `json:"out"`
}

// Edge is an ordered pair, client to server; replies are in it.
type Edge struct {
	Source     string    `json:"s"`
	Target     string    `json:"t"`
	Verdicts   Verdicts  `json:"verdicts"`
	Answer     string    `json:"answer,omitempty"`     // of what was let through
	Unanswered Int       `json:"unanswered,omitempty"` // records let through that a log could have shown an answer of, and did not
	Ports      []Port    `json:"ports"`
	MorePorts  Int       `json:"morePorts,omitempty"`
	First      time.Time `json:"first"`
	Last       time.Time `json:"last"`
	Sampled    bool      `json:"sampled,omitempty"`
	Incomplete bool      `json:"incomplete,omitempty"`
}

// Port is what went to one server port with one verdict.
type Port struct {
	Protocol string `json:"proto"`
	Port     *int   `json:"port"`
	Name     string `json:"name,omitempty"`
	Verdict  string `json:"v"`
	Counter
	Answer     string `json:"answer,omitempty"` // of what was let through
	Unanswered Int    `json:"unanswered,omitempty"`
}

// Other is what the cuts left out.
type Other struct {
	Edges   Int  `json:"edges"`
	Nodes   Int  `json:"nodes"`
	Bytes   *Int `json:"b"`
	Packets *Int `json:"p"`
	Records Int  `json:"r"`
	Opened  *Int `json:"o,omitempty"`
	Denied  Int  `json:"denied"`
}

// total sums an edge's verdicts.
func (v *Verdicts) total() Counter {
	var c Counter
	for _, p := range v.list() {
		c.add(p.Counter)
	}
	return c
}

// Verdict is one verdict of an edge by name.
type verdict struct {
	name string
	at   string
	Counter
}

// list is the verdicts that have records, in a fixed order.
func (v *Verdicts) list() []verdict {
	var list []verdict
	if v.Allowed != nil {
		list = append(list, verdict{"allowed", "", *v.Allowed})
	}
	if v.Unknown != nil {
		list = append(list, verdict{"unknown", "", *v.Unknown})
	}
	if v.Denied != nil {
		list = append(list, verdict{"denied", v.Denied.At, v.Denied.Counter})
	}
	if v.Dropped != nil {
		list = append(list, verdict{"dropped", v.Dropped.At, v.Dropped.Counter})
	}
	return list
}

func (c *Counter) add(o Counter) {
	c.Bytes, c.Packets, c.Opened = sum(c.Bytes, o.Bytes), sum(c.Packets, o.Packets), sum(c.Opened, o.Opened)
	c.Records += o.Records
}

func sum(a, b *Int) *Int {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	n := *a + *b
	return &n
}

// Known is a counter, nil where no log says it.
func Known(c periplus.Count) *Int {
	if !c.Known {
		return nil
	}
	n := Int(c.N)
	return &n
}

// CounterOf makes a Counter of a query's totals.
func CounterOf(t query.Totals) Counter {
	return Counter{Bytes: Known(t.Bytes()), Packets: Known(t.Packets()), Records: Int(t.Records), Opened: Known(t.Opened)}
}

// VerdictsOf makes Verdicts of a query's; stoppedAt is where most of what was
// stopped was.
func VerdictsOf(v query.Verdicts, stoppedAt string) Verdicts {
	var out Verdicts
	one := func(d periplus.Verdict) *Counter {
		if v[d].Records == 0 && !v[d].Bytes().Known && !v[d].Packets().Known {
			return nil
		}
		c := CounterOf(v[d])
		return &c
	}
	out.Allowed, out.Unknown = one(periplus.Allowed), one(periplus.Unknown)
	if c := one(periplus.Denied); c != nil {
		out.Denied = &Stopped{*c, stoppedAt}
	}
	if c := one(periplus.Dropped); c != nil {
		out.Dropped = &Stopped{*c, stoppedAt}
	}
	return out
}

// Options is how a Map becomes a Graph. The zero value is right.
type Options struct {
	// Label is what the user calls an id of a network, subnet or account; nil
	// or "": the id itself.
	Label func(id string) string
	// CIDR is what the user's names say of a network, or of a subnet in it;
	// nil or none: what was seen.
	CIDR func(network, subnet string) []string
	// Top and MinRecords cut edges further: the K largest by the map's metric,
	// and those with fewer records. 0: no cut.
	Top        int
	MinRecords int64
	// Pairs cuts edges without direction: the two between two nodes are one.
	Pairs bool
}

// PortsOf makes the ports of an edge: one entry a verdict.
func PortsOf(uses []query.PortUse) []Port {
	ports := []Port{}
	for _, u := range uses {
		for v := range u.Verdicts {
			t := u.Verdicts[v]
			if t.Records == 0 && !t.Bytes().Known {
				continue
			}
			p := Port{Protocol: query.ProtocolOf(u.Protocol, u.HasPort), Verdict: periplus.Verdict(v).String(), Counter: CounterOf(t)}
			if u.HasPort {
				n := int(u.Port)
				p.Port, p.Name = &n, periplus.ServiceName(u.Port, u.Protocol)
			}
			if !periplus.Verdict(v).Stopped() {
				p.Answer, p.Unanswered = u.Answer[v], Int(u.Unanswered[v])
			}
			ports = append(ports, p)
		}
	}
	return ports
}

// Summary is one line about a graph: what is drawn and what is not.
func (g *Graph) Summary() string {
	s := fmt.Sprintf("%d nodes, %d edges from %s to %s", len(g.Nodes), len(g.Edges),
		g.Range.From.UTC().Format(time.RFC3339), g.Range.To.UTC().Format(time.RFC3339))
	if g.Other != nil {
		s += fmt.Sprintf("; left out %d edges and %d nodes with %d records", g.Other.Edges, g.Other.Nodes, g.Other.Records)
		if g.Other.Bytes != nil {
			s += " and " + Bytes(int64(*g.Other.Bytes))
		}
	}
	if g.BehindNAT != nil && g.BehindNAT.Bytes != nil {
		s += fmt.Sprintf("; %s seen again behind NAT are not counted", Bytes(int64(*g.BehindNAT.Bytes)))
	}
	for _, n := range g.Notes {
		if text := noteTexts[n]; text != "" {
			s += "; " + text
		}
	}
	return s
}

// noteTexts are the notes for people. What is capped is told with numbers.
var noteTexts = map[string]string{
	"sampled":    "some counts are estimates, made of samples",
	"gaps":       "some hours lack records",
	"unmeasured": "some denials carry no counters",
	"widened":    "the range is widened to whole 5-minute buckets",
}

func (g *Graph) sort() {
	slices.SortFunc(g.Groups, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(g.Nodes, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(g.Edges, func(a, b Edge) int {
		if c := strings.Compare(a.Source, b.Source); c != 0 {
			return c
		}
		return strings.Compare(a.Target, b.Target)
	})
}
