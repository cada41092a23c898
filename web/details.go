package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/graph"
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
	Peer       *ref       `json:"peer,omitempty"`
	Dir        string     `json:"dir,omitempty"`
	Bytes      *graph.Int `json:"b"`
	Packets    *graph.Int `json:"p"`
	Records    graph.Int  `json:"r"`
	Opened     *graph.Int `json:"o,omitempty"`
}

func (s *Server) portRows(uses []query.PortUse) []portRow {
	rows := []portRow{}
	for _, u := range uses {
		for _, p := range graph.PortsOf([]query.PortUse{u}) {
			row := portRow{Protocol: p.Protocol, Port: p.Port, Name: p.Name, Verdict: p.Verdict, Reason: u.Reason, At: u.StoppedAt, Answer: p.Answer, Unanswered: p.Unanswered,
				Bytes: p.Bytes, Packets: p.Packets, Records: p.Records, Opened: p.Opened}
			if u.Peer != nil {
				peer := s.ref(*u.Peer)
				row.Peer, row.Dir = &peer, "out"
				if u.In {
					row.Dir = "in"
				}
			}
			rows = append(rows, row)
		}
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
	Zone          string            `json:"zone,omitempty"`
	Network       string            `json:"network,omitempty"`
	Subnet        string            `json:"subnet,omitempty"`
	Service       string            `json:"service,omitempty"`
	Country       string            `json:"country,omitempty"`
	ASN           string            `json:"asn,omitempty"`
	Owner         string            `json:"owner,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	NamedBy       string            `json:"namedBy"`
	In            graph.Verdicts    `json:"in"`
	Out           graph.Verdicts    `json:"out"`
	Series        timeline          `json:"series"`
	Peers         []peer            `json:"peers"`
	MorePeers     graph.Int         `json:"morePeers,omitempty"`
	Ports         []portRow         `json:"ports"`
	MorePorts     graph.Int         `json:"morePorts,omitempty"`
	Stops         []stop            `json:"stops"`
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
		Addresses: g.Addresses, Account: g.Account, Region: g.Region, Zone: n.Zone, Network: g.Network, Subnet: g.Subnet, Service: n.Service, Country: g.Country, Owner: g.Owner, NamedBy: g.NamedBy,
		In: graph.VerdictsOf(n.In, ""), Out: graph.VerdictsOf(n.Out, ""), Series: series(n.Timeline),
		Peers: []peer{}, MorePeers: graph.Int(n.AllClients + n.AllServers), Ports: s.portRows(n.Ports), MorePorts: graph.Int(n.AllPorts - int64(len(n.Ports))), Stops: stopsOf(n.Stops),
		First: n.FirstSeen, Last: n.LastSeen, Filter: filterOf(g.Key, "")}
	if d.Addresses == nil {
		d.Addresses = []string{}
	}
	if len(d.Addresses) >= query.PanelAddresses {
		d.MoreAddresses = max(d.Count-graph.Int(len(d.Addresses)), 0)
	}
	if g.ASN > 0 {
		d.ASN = strconv.FormatInt(g.ASN, 10)
	}
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
	add("network", g.Network, g.Network[strings.LastIndexByte(g.Network, '/')+1:])
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
	Source     ref              `json:"s"`
	Target     ref              `json:"t"`
	Verdicts   graph.Verdicts   `json:"verdicts"`
	Answer     string           `json:"answer,omitempty"`
	Unanswered graph.Int        `json:"unanswered,omitempty"`
	Series     timeline         `json:"series"`
	Ports      []portRow        `json:"ports"`
	MorePorts  graph.Int        `json:"morePorts,omitempty"`
	Stops      []stop           `json:"stops"`
	SeenBy     map[string]int64 `json:"seenBy"`
	First      time.Time        `json:"first"`
	Last       time.Time        `json:"last"`
	Sampled    bool             `json:"sampled,omitempty"`
	Incomplete bool             `json:"incomplete,omitempty"`
	Filter     string           `json:"filter"`
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
		Series: series(e.Timeline), Ports: s.portRows(e.Edge.Ports), MorePorts: graph.Int(e.Edge.MorePorts), Stops: stopsOf(e.Stops), SeenBy: e.SeenBy,
		First: e.Edge.FirstSeen, Last: e.Edge.LastSeen, Sampled: e.Edge.Sampled, Incomplete: e.Edge.Incomplete,
		Filter: filterOf(from, "client.") + " and " + filterOf(to, "server.")}
	return d, nil
}

func stopsOf(list []query.Stop) []stop {
	stops := []stop{}
	for _, x := range list {
		stops = append(stops, stop{x.Verdict.String(), x.StoppedAt, x.Reason, graph.Int(x.Records)})
	}
	return stops
}
