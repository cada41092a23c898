package query

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// How many peers and ports a panel shows: by the metric, and of what was
// stopped, which has few bytes.
var (
	panelPeers = lines{n: 10, stopped: 5}
	panelPorts = lines{n: 14, stopped: 6} // of a node, in each direction
	edgePorts  = lines{n: 40, stopped: 10}
)

// PanelAddresses is how many addresses of a group a panel shows.
const PanelAddresses = 20

const (
	panelStops = 20
	// A day in 32 bins is its hours: the sparkline need not read the finest step.
	panelBins = 32
)

// Node is one group: what it sent and received, with whom (groups of the asked
// level) and on which ports it serves.
func (q *Questions) Node(ctx context.Context, a Ask, id string) (*NodeAnswer, error) {
	key, err := ParseKey(id)
	if err != nil {
		return nil, err
	}
	if a, err = q.prepareGroups(ctx, a); err != nil {
		return nil, err
	}
	g, err := groupingOf(a)
	if err != nil {
		return nil, err
	}
	n := &NodeAnswer{Range: a.cover()}
	groups, err := q.describe(ctx, n.Range, a.scanners, []Key{key})
	if err != nil {
		return nil, err
	}
	n.Group = groups[key]
	n.Tags, n.Service = n.Group.tags, n.Group.service
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var line *Timeline
	drawn := beside(func() (err error) {
		line, err = q.timeline(ctx, a, panelBins, func(s *sqlFor) Where { return build("(", key.at(client)(s), " OR ", key.at(server)(s), ")") })
		return err
	})
	stops := stopped{}
	if err := q.nodeSelf(ctx, a, key, n, stops); err != nil {
		return nil, err
	}
	if err := q.nodePeers(ctx, a, g, key, n, stops); err != nil {
		return nil, err
	}
	n.Stops = stops.list()
	if err := q.nodeFacts(ctx, a, key, n); err != nil {
		return nil, err
	}
	if err := <-drawn; err != nil {
		return nil, err
	}
	n.Timeline = *line
	return n, nil
}

// nodeSelf is what the members of a group asked of one another.
func (q *Questions) nodeSelf(ctx context.Context, a Ask, key Key, n *NodeAnswer, stops stopped) error {
	w := build("SELECT t.verdict, t.stopped_at, t.reason, ", sums, ", min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen FROM ",
		a.rows(n.Range, key.at(client), key.at(server)), " GROUP BY t.verdict, t.stopped_at, t.reason ORDER BY verdict, stopped_at, reason")
	return q.ask(ctx, statement(w, n.Range.spans()), func(r *reader) {
		v, at, reason, t := r.verdict(), r.text(), r.text(), r.totals()
		n.Self[v].Add(t)
		stops.add(v, at, reason, t.Records)
		n.seen(r.time(), r.time())
	})
}

// seen widens the span in which the group was seen.
func (n *NodeAnswer) seen(first, last time.Time) {
	if n.FirstSeen.IsZero() || first.Before(n.FirstSeen) {
		n.FirstSeen = first
	}
	n.LastSeen = later(n.LastSeen, last)
}

// stopped adds up why and where packets were stopped.
type stopped map[Stop]int64

func (s stopped) add(v periplus.Verdict, at, reason string, records int64) {
	if v.Stopped() {
		s[Stop{Verdict: v, StoppedAt: at, Reason: reason}] += records
	}
}

// list is the most frequent first.
func (s stopped) list() []Stop {
	var list []Stop
	for x, n := range s {
		x.Records = n
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Stop) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Verdict, b.Verdict), strings.Compare(a.Reason, b.Reason), strings.Compare(a.StoppedAt, b.StoppedAt))
	})
	return list[:min(len(list), panelStops)]
}

// nodeFacts are the addresses of a group, and of a host where it stands.
func (q *Questions) nodeFacts(ctx context.Context, a Ask, key Key, n *NodeAnswer) error {
	r := n.Range
	if key.Level != "host" {
		n.Group.Addresses = nil
		w := build("SELECT e.address FROM (SELECT DISTINCT e.address, e.ip FROM endpoints AS e", whereAll(build("e.valid_from < ", arg(r.To)), build("e.valid_to > ", arg(r.From)), key.members(a.scanners)),
			") AS e ORDER BY e.ip LIMIT ", PanelAddresses)
		return q.ask(ctx, statement(w, []Span{{Table: "endpoints"}}), func(r *reader) { n.Group.Addresses = append(n.Group.Addresses, r.text()) })
	}
	if n.LastSeen.IsZero() {
		return nil
	}
	// Names do not hold zones, so the evidence of the last hour is asked.
	to := ceil(n.LastSeen.Add(time.Second), 300)
	from := to.Add(-time.Hour)
	side := func(end side) Where {
		return build("t.observer = ", arg(string(end)), " AND t.", string(end), " = ", arg(key.Value), " AND t.network = ", arg(key.Network))
	}
	w := build("SELECT coalesce(max(t.zone), '') AS zone FROM flows AS t", whereAll(between("t.bucket", from, to), build("((", side(client), ") OR (", side(server), "))"), build("t.zone <> ''")))
	return q.ask(ctx, statement(w, []Span{{Table: "flows", From: from, To: to}}), func(r *reader) { n.Zone = r.text() })
}

// portColumns are port, protocol, why and where it was stopped.
var portColumns = []string{"coalesce(t.server_port, -1)", "t.protocol", onlyStopped("t.reason"), onlyStopped("t.stopped_at")}

func onlyStopped(column string) string {
	return "CASE WHEN t.verdict IN ('denied', 'dropped') THEN " + column + " ELSE '' END"
}

// portsOf are the ports of the rows that a condition lets through.
func (q *Questions) portsOf(ctx context.Context, a Ask, r Range, where ...func(*sqlFor) Where) ([]PortUse, int64, error) {
	t := &Top{Range: r, By: []string{"port", "protocol", "reason", "stopped_at"}}
	if err := q.readTop(ctx, t, a.topOf(edgePorts, Where{}, portColumns, "", r, where...), edgePorts); err != nil {
		return nil, 0, err
	}
	uses := make([]PortUse, len(t.Rows))
	for i, row := range t.Rows {
		uses[i] = portUse(row)
	}
	return uses, t.All, nil
}

func portUse(row TopRow) PortUse {
	port, err := strconv.ParseUint(row.Values[0], 10, 16)
	protocol, _ := strconv.ParseUint(row.Values[1], 10, 8)
	use := PortUse{Port: uint16(port), HasPort: err == nil, Protocol: uint8(protocol), Reason: row.Values[2], StoppedAt: row.Values[3], Verdicts: row.Verdicts}
	if len(row.Values) > 4 { // its answer
		for v := range use.Verdicts {
			if n := use.Verdicts[v].Records; n > 0 && row.Values[4] != "" {
				use.Answer[v] = row.Values[4]
				if row.Values[4] == "none" {
					use.Unanswered[v] = n
				}
			}
		}
	}
	return use
}

// nodePeers are what was asked of a group and what it asked: in all, the groups
// at the other end, and the ports, each direction in one scan. What its members
// said to one another has ports, and itself as peer.
func (q *Questions) nodePeers(ctx context.Context, a Ask, g grouping, key Key, n *NodeAnswer, stops stopped) error {
	columns := append(slices.Clone(portColumns), "CASE WHEN t.verdict IN ('denied', 'dropped') THEN '' ELSE t.answer END")
	by := []string{"port", "protocol", "reason", "stopped_at", "answer", "peer"}
	var keys []Key
	peer := func(row TopRow) (Key, error) {
		k, err := keyOfSQL(row.Values[len(by)-1])
		keys = append(keys, k)
		return k, err
	}
	for _, s := range []struct {
		mine, other side
		totals      *Verdicts
		peers       *[]Peer
		all         *int64
	}{{server, client, &n.In, &n.Clients, &n.AllClients}, {client, server, &n.Out, &n.Servers, &n.AllServers}} {
		all := valueNames(len(by))
		last := all[len(all)-1:]
		w := build("WITH ", g.with(), a.summed(append(slices.Clone(columns), g.column(s.other)), joinNames(s.other), n.Range, key.at(s.mine), key.notAt(s.other)), ",\n",
			a.chosen("port_", all, panelPorts), ",\n", a.chosen("peer_", last, panelPeers),
			"\nSELECT 0 AS part, p.* FROM (", picked("port_", all, all, panelPorts), ") AS p\nUNION ALL SELECT 1 AS part, p.* FROM (", picked("peer_", last, all, panelPeers),
			") AS p\nUNION ALL SELECT 2 AS part, 0 AS line, t.verdict, NULL AS v1, NULL AS v2, t.v3, t.v4, NULL AS v5, NULL AS v6, 0 AS places, ", resums,
			", min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen FROM summed AS t GROUP BY t.verdict, t.v3, t.v4 ORDER BY part, line, verdict, v3, v4")
		ports, peers := &Top{Range: n.Range, By: by}, &Top{Range: n.Range, By: by}
		err := q.ask(ctx, statement(w, n.Range.spans()), func(r *reader) {
			switch r.int() {
			case 0:
				ports.read(r, panelPorts)
			case 1:
				peers.read(r, panelPeers)
			default:
				r.skip(1)
				v := r.verdict()
				r.skip(2)
				reason, at := r.text(), r.text()
				r.skip(3)
				t := r.totals()
				s.totals[v].Add(t)
				stops.add(v, at, reason, t.Records)
				n.seen(r.time(), r.time())
			}
		})
		if err != nil {
			return err
		}
		*s.all, n.AllPorts = peers.All, n.AllPorts+ports.All
		for _, row := range peers.Rows {
			k, err := peer(row)
			if err != nil {
				return err
			}
			*s.peers = append(*s.peers, Peer{Group: Group{Key: k}, Verdicts: row.Verdicts})
		}
		for _, row := range ports.Rows {
			k, err := peer(row)
			if err != nil {
				return err
			}
			use := portUse(row)
			use.In, use.Peer = s.mine == server, &Group{Key: k}
			n.Ports = append(n.Ports, use)
		}
	}
	if n.Self.All().Records > 0 {
		t := &Top{Range: n.Range, By: by[:len(by)-1]}
		if err := q.readTop(ctx, t, a.topOf(panelPorts, Where{}, columns, "", n.Range, key.at(server), key.at(client)), panelPorts); err != nil {
			return err
		}
		for _, row := range t.Rows {
			use := portUse(row)
			use.In, use.Peer = true, &n.Group
			n.Ports = append(n.Ports, use)
		}
		n.AllPorts += t.All
	}
	groups, err := q.describe(ctx, n.Range, a.scanners, keys)
	for _, list := range [][]Peer{n.Clients, n.Servers} {
		for i := range list {
			list[i].Group = groups[list[i].Key]
		}
	}
	for i := range n.Ports {
		if p := &n.Ports[i]; p.Peer != &n.Group {
			*p.Peer = groups[p.Peer.Key]
		}
	}
	slices.SortStableFunc(n.Ports, func(x, y PortUse) int {
		v, w := x.Verdicts.All(), y.Verdicts.All()
		return cmp.Or(cmp.Compare(w.Metric(a.Metric).N, v.Metric(a.Metric).N), cmp.Compare(w.Records, v.Records))
	})
	return err
}

// Edge is what clients of one group ask of servers of another: totals, ports,
// and where and why packets were stopped.
func (q *Questions) Edge(ctx context.Context, a Ask, source, target string) (*EdgeAnswer, error) {
	from, err := ParseKey(source)
	if err != nil {
		return nil, err
	}
	to, err := ParseKey(target)
	if err != nil {
		return nil, err
	}
	if a, err = q.prepareGroups(ctx, a); err != nil {
		return nil, err
	}
	e := &EdgeAnswer{Range: a.cover(), Edge: Edge{Source: source, Target: target}}
	groups, err := q.describe(ctx, e.Range, a.scanners, []Key{from, to})
	if err != nil {
		return nil, err
	}
	e.Source, e.Target = groups[from], groups[to]
	ends := []func(*sqlFor) Where{from.at(client), to.at(server)}
	if err := q.edgeTotals(ctx, a, e, ends...); err != nil {
		return nil, err
	}
	all := int64(0)
	if e.Edge.Ports, all, err = q.portsOf(ctx, a, e.Range, ends...); err != nil {
		return nil, err
	}
	e.Edge.MorePorts = all - int64(len(e.Edge.Ports))
	if err := q.answers(ctx, a, e, ends...); err != nil {
		return nil, err
	}
	line, err := q.timeline(ctx, a, panelBins, ends...)
	if err != nil {
		return nil, err
	}
	e.Timeline = *line
	return e, nil
}

// answers says of each port of an edge whether it was answered.
func (q *Questions) answers(ctx context.Context, a Ask, e *EdgeAnswer, ends ...func(*sqlFor) Where) error {
	w := build("SELECT coalesce(t.server_port, -1) AS port, t.protocol, t.verdict, bitwise_or_agg(", marks, ") AS marks, CAST(sum(CASE WHEN ", unanswered, " THEN t.records ELSE 0 END) AS bigint) AS unanswered\nFROM ",
		a.rows(e.Range, ends...), "\nGROUP BY 1, 2, 3 ORDER BY port, protocol, verdict")
	type key struct{ port, protocol int64 }
	of := map[key][]*PortUse{} // a port stands there for each reason
	for i := range e.Edge.Ports {
		u := &e.Edge.Ports[i]
		k := key{-1, int64(u.Protocol)}
		if u.HasPort {
			k.port = int64(u.Port)
		}
		of[k] = append(of[k], u)
	}
	return q.ask(ctx, statement(w, e.Range.spans()), func(r *reader) {
		k := key{r.int(), r.int()}
		v, marks, n := r.verdict(), r.int(), r.int()
		for _, u := range of[k] {
			if u.Verdicts[v].Records > 0 {
				u.Answer[v], u.Unanswered[v] = answerOf(marks), n
			}
		}
	})
}

func (q *Questions) edgeTotals(ctx context.Context, a Ask, e *EdgeAnswer, ends ...func(*sqlFor) Where) error {
	w := build("SELECT t.verdict, t.stopped_at, t.reason, t.seen_by AS by_whom, ", sums, ",\n ", extras, "\nFROM ", a.rows(e.Range, ends...), "\nGROUP BY t.verdict, t.stopped_at, t.reason, t.seen_by ORDER BY records DESC, verdict, stopped_at, reason, by_whom")
	d := &drawn{}
	stops := stopped{}
	e.SeenBy = map[string]int64{}
	err := q.ask(ctx, statement(w, e.Range.spans()), func(r *reader) {
		v, at, reason, by, t := r.verdict(), r.text(), r.text(), r.text(), r.totals()
		d.extra(r)
		d.Verdicts[v].Add(t)
		stops.add(v, at, reason, t.Records)
		e.SeenBy[by] += t.Records
	})
	e.Stops = stops.list()
	d.settle()
	d.Source, d.Target = e.Edge.Source, e.Edge.Target
	e.Edge = d.Edge
	return err
}

// Extent is what the lake holds, whatever the range.
func (q *Questions) Extent(ctx context.Context) (*Extent, error) {
	x := &Extent{}
	objects := build("SELECT bad, state, count(*) AS objects, CAST(sum(records) AS bigint) AS records, CAST(sum(CASE WHEN size > 0 THEN size ELSE 0 END) AS bigint) AS size,",
		" min(first_seen) AS first_seen, max(last_seen) AS last_seen FROM objects GROUP BY bad, state")
	err := q.ask(ctx, statement(build("SELECT o.bad, o.state, o.objects, o.records, o.size, o.first_seen, o.last_seen FROM (", objects, ") AS o ORDER BY bad, state"), []Span{{Table: "objects"}}), func(r *reader) {
		bad, state, n := r.text(), r.text(), r.int()
		x.Objects += n
		x.Bad += n * badTotal(bad)
		x.Records += r.int()
		x.Size += r.int()
		first, last := r.time(), r.time()
		if !first.IsZero() && (x.From.IsZero() || first.Before(x.From)) {
			x.From = first
		}
		x.To = later(x.To, last)
		switch periplus.ObjectState(state) {
		case periplus.ObjectPartly:
			x.Partly += n
		case periplus.ObjectFailed:
			x.Failed += n
		}
	})
	if err != nil {
		return nil, err
	}
	logs := build("SELECT c.provider, c.account, c.network, c.interface, CAST(sum(c.skipdata) AS bigint) AS skipdata, CAST(sum(c.nodata) AS bigint) AS nodata, CAST(sum(c.late) AS bigint) AS late, count(CASE WHEN ", entries("c"), " THEN 1 END) AS entries",
		" FROM coverage AS c GROUP BY 1, 2, 3, 4 ORDER BY provider, account, network, interface")
	interfaces, networks := map[[3]string]bool{}, map[[2]string]bool{}
	err = q.ask(ctx, statement(logs, []Span{{Table: "coverage"}}), func(r *reader) {
		provider, account, network, iface := r.text(), r.text(), r.text(), r.text()
		x.SkipData, x.NoData, x.Late = x.SkipData+r.int(), x.NoData+r.int(), x.Late+r.int()
		if len(x.Providers) == 0 || x.Providers[len(x.Providers)-1] != provider {
			x.Providers = append(x.Providers, provider)
		}
		if r.int() > 0 { // else bad lines alone
			interfaces[[3]string{provider, account, iface}] = true
		}
		if network != "" {
			networks[[2]string{provider, network}] = true
		}
	})
	x.Interfaces, x.Networks = int64(len(interfaces)), int64(len(networks))
	return x, err
}

// badTotal adds up what periplus.BadText wrote.
func badTotal(s string) int64 {
	var total int64
	for part := range strings.SplitSeq(s, ",") {
		_, count, _ := strings.Cut(part, "=")
		n, _ := strconv.ParseInt(count, 10, 64) // what is no count counts nothing
		total += n
	}
	return total
}
