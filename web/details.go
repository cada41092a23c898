package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// ref is a group by name.
type ref struct {
	ID       string `json:"id"`
	Label    string `json:"label"`
	Kind     string `json:"kind"`
	Provider string `json:"provider,omitempty"`
}

func (s *Server) label(id, otherwise string) string {
	if s.Label != nil {
		if l := s.Label(id); l != "" {
			return l
		}
	}
	return otherwise
}

func (s *Server) ref(g query.Group) ref {
	return ref{g.ID, s.label(g.Key.Value, g.Label), graph.Kind(g), g.Provider}
}

// portRow is a line of the tables of ports.
type portRow struct {
	Protocol   string     `json:"proto"`
	Port       *int       `json:"port"`
	Name       string     `json:"name,omitempty"`
	Verdict    string     `json:"v"`
	Reason     string     `json:"reason,omitempty"`
	At         string     `json:"at,omitempty"`
	Answer     string     `json:"answer,omitempty"`
	Unanswered graph.Int  `json:"unanswered,omitempty"`
	Dir        string     `json:"dir,omitempty"`
	Bytes      *graph.Int `json:"b"`
	Packets    *graph.Int `json:"p"`
	Records    graph.Int  `json:"r"`
	Opened     *graph.Int `json:"o,omitempty"`
}

func portRows(uses []query.PortUse, dir string) []portRow {
	rows := []portRow{}
	for _, p := range graph.PortsOf(uses) {
		rows = append(rows, portRow{Protocol: p.Protocol, Port: p.Port, Name: p.Name, Verdict: p.Verdict, Dir: dir,
			Bytes: p.Bytes, Packets: p.Packets, Records: p.Records, Opened: p.Opened, Answer: p.Answer, Unanswered: p.Unanswered})
	}
	return rows
}

type peer struct {
	ref
	Dir      string         `json:"dir"`
	Verdicts graph.Verdicts `json:"verdicts"`
}

type step struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Label string `json:"label"`
}

type nodeDetails struct {
	ref
	Level         string            `json:"level"`
	Path          []step            `json:"path"`
	Count         graph.Int         `json:"count"`
	Addresses     []string          `json:"addresses"`
	MoreAddresses graph.Int         `json:"moreAddresses,omitempty"`
	Account       string            `json:"account,omitempty"`
	Region        string            `json:"region,omitempty"`
	Network       string            `json:"network,omitempty"`
	Subnet        string            `json:"subnet,omitempty"`
	Country       string            `json:"country,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	In            graph.Verdicts    `json:"in"`
	Out           graph.Verdicts    `json:"out"`
	Series        timeline          `json:"series"`
	Peers         []peer            `json:"peers"`
	MorePeers     graph.Int         `json:"morePeers,omitempty"`
	Ports         []portRow         `json:"ports"`
	MorePorts     graph.Int         `json:"morePorts,omitempty"`
	First         time.Time         `json:"first"`
	Last          time.Time         `json:"last"`
	Filter        string            `json:"filter"`
}

func (s *Server) node(r *http.Request) (any, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if _, err := query.ParseKey(id); err != nil {
		return nil, problem{http.StatusNotFound, "not_found", err.Error(), ""}
	}
	n, err := s.Questions.Node(r.Context(), a, id)
	if err != nil {
		return nil, err
	}
	if n.In.All().Records+n.Out.All().Records+n.Self.All().Records == 0 {
		return nil, problem{http.StatusNotFound, "not_found", "nothing of it is in this range and filter", ""}
	}
	g := n.Group
	d := nodeDetails{ref: s.ref(g), Level: g.Key.Level, Path: s.path(g), Count: graph.Int(max(g.Endpoints, 1)),
		Addresses: g.Addresses, Account: g.Account, Region: g.Region, Network: g.Network, Subnet: g.Subnet, Country: g.Country,
		In: graph.VerdictsOf(n.In, ""), Out: graph.VerdictsOf(n.Out, ""), Series: series(n.Timeline),
		Peers: []peer{}, MorePeers: graph.Int(n.AllClients + n.AllServers), Ports: portRows(n.Ports, "in"), MorePorts: graph.Int(n.AllPorts - int64(len(n.Ports))),
		First: n.FirstSeen, Last: n.LastSeen, Filter: filterOf(g.Key, "")}
	if d.Addresses == nil {
		d.Addresses = []string{}
	}
	d.MoreAddresses = max(d.Count-graph.Int(len(d.Addresses)), 0)
	for _, t := range n.Tags {
		if d.Tags == nil {
			d.Tags = map[string]string{}
		}
		d.Tags[t.Name] = t.Value
	}
	for _, side := range []struct {
		dir  string
		list []query.Peer
	}{{"in", n.Clients}, {"out", n.Servers}} {
		for _, p := range side.list {
			d.Peers = append(d.Peers, peer{s.ref(p.Group), side.dir, graph.VerdictsOf(p.Verdicts, "")})
		}
	}
	d.MorePeers -= graph.Int(len(d.Peers))
	return d, nil
}

// path is where a group lies, the outermost first.
func (s *Server) path(g query.Group) []step {
	var p []step
	add := func(kind, value, label string) {
		if value != "" && kind != g.Key.Level {
			p = append(p, step{kind, query.Key{Level: kind, Value: value, Scope: g.Provider, Network: g.Network}.ID(), s.label(value, label)})
		}
	}
	if g.Provider != "" && g.Key.Level != "provider" {
		p = append(p, step{"provider", query.Key{Level: "provider", Value: g.Provider}.ID(), graph.ProviderName(g.Provider)})
	}
	add("account", g.Account, g.Account)
	add("network", g.Network, g.Network)
	add("subnet", g.Subnet, g.Subnet)
	if p == nil {
		p = []step{}
	}
	return p
}

// filterOf is the filter that selects exactly a group; side is "client.",
// "server." or "" for either.
func filterOf(k query.Key, side string) string { return k.Filter(side) }

type edgeDetails struct {
	Source     ref            `json:"s"`
	Target     ref            `json:"t"`
	Verdicts   graph.Verdicts `json:"verdicts"`
	Answer     string         `json:"answer,omitempty"`
	Unanswered graph.Int      `json:"unanswered,omitempty"`
	Series     timeline       `json:"series"`
	Ports      []portRow      `json:"ports"`
	MorePorts  graph.Int      `json:"morePorts,omitempty"`
	Stops      []stop         `json:"stops"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	Sampled    bool           `json:"sampled,omitempty"`
	Incomplete bool           `json:"incomplete,omitempty"`
	Filter     string         `json:"filter"`
}

type stop struct {
	Verdict string    `json:"v"`
	At      string    `json:"at"`
	Reason  string    `json:"reason"`
	Records graph.Int `json:"r"`
}

func (s *Server) edge(r *http.Request) (any, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	source, target := r.URL.Query().Get("s"), r.URL.Query().Get("t")
	from, err1 := query.ParseKey(source)
	to, err2 := query.ParseKey(target)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, problem{http.StatusNotFound, "not_found", err.Error(), ""}
	}
	e, err := s.Questions.Edge(r.Context(), a, source, target)
	if err != nil {
		return nil, err
	}
	if e.Edge.Verdicts.All().Records == 0 {
		return nil, problem{http.StatusNotFound, "not_found", "nothing of it is in this range and filter", ""}
	}
	d := edgeDetails{Source: s.ref(e.Source), Target: s.ref(e.Target), Verdicts: graph.VerdictsOf(e.Edge.Verdicts, e.Edge.StoppedAt), Answer: e.Edge.Answer, Unanswered: graph.Int(e.Edge.Unanswered),
		Series: series(e.Timeline), Ports: portRows(e.Edge.Ports, ""), MorePorts: graph.Int(e.Edge.MorePorts), Stops: []stop{},
		First: e.Edge.FirstSeen, Last: e.Edge.LastSeen, Sampled: e.Edge.Sampled, Incomplete: e.Edge.Incomplete,
		Filter: filterOf(from, "client.") + " and " + filterOf(to, "server.")}
	for _, x := range e.Stops {
		d.Stops = append(d.Stops, stop{x.Verdict.String(), x.StoppedAt, x.Reason, graph.Int(x.Records)})
	}
	for i := range d.Ports {
		if p := &d.Ports[i]; p.Verdict == periplus.Denied.String() || p.Verdict == periplus.Dropped.String() {
			p.At, p.Reason = e.Edge.StoppedAt, reasons(e.Stops, p.Verdict)
		}
	}
	return d, nil
}

// reasons are why packets with a verdict were stopped, the most frequent first.
func reasons(stops []query.Stop, verdict string) string {
	var list []string
	for _, x := range stops {
		if x.Verdict.String() == verdict && x.Reason != "" && len(list) < 3 {
			list = append(list, fmt.Sprintf("%s (%d)", x.Reason, x.Records))
		}
	}
	return strings.Join(list, ", ")
}
