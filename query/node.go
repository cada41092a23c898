package query

import (
	"context"
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// How many peers and ports a panel shows.
const (
	panelPeers = 10
	panelPorts = 50
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
	n.Tags = n.Group.tags
	if err := q.nodeTotals(ctx, a, key, n); err != nil {
		return nil, err
	}
	if n.Clients, n.AllClients, err = q.peers(ctx, a, g, n.Range, client, key.at(server), key.notAt(client)); err != nil {
		return nil, err
	}
	if n.Servers, n.AllServers, err = q.peers(ctx, a, g, n.Range, server, key.at(client), key.notAt(server)); err != nil {
		return nil, err
	}
	if n.Ports, n.AllPorts, err = q.portsOf(ctx, a, n.Range, key.at(server)); err != nil {
		return nil, err
	}
	line, err := q.timeline(ctx, a, panelBins, func(s *sqlFor) Where { return build("(", key.at(client)(s), " OR ", key.at(server)(s), ")") })
	if err != nil {
		return nil, err
	}
	n.Timeline = *line
	return n, nil
}

// nodeSides is rows of traffic AS t at either end of which a group lies, with
// their line: what was asked of it, what it asked, what its members asked of
// one another.
func (a Ask) nodeSides(r Range, key Key) Where {
	if key.Level == "host" { // its address is a value and may only stand in WHERE; there are few rows
		part := func(line int, where ...func(*sqlFor) Where) Where {
			return build("SELECT t.*, ", line, " AS line FROM ", a.rows(r, where...))
		}
		return build("(", part(lineIn, key.at(server), key.notAt(client)), "\nUNION ALL ", part(lineOut, key.at(client), key.notAt(server)),
			"\nUNION ALL ", part(lineSelf, key.at(client), key.at(server)), ") AS t")
	}
	q := &sqlFor{rng: r, scanners: a.scanners}
	of := []Where{a.Filter.sql(q), a.shown()}
	asks, serves := key.at(client)(q), key.at(server)(q)
	of = append(of, build("(", asks, " OR ", serves, ")"))
	return build("(SELECT t.*, CASE WHEN ", asks, " AND ", serves, " THEN ", lineSelf, " WHEN ", serves, " THEN ", lineIn, " ELSE ", lineOut, " END AS line FROM ",
		r.traffic(), " AS t", joined("", q.joins...), whereAll(of...), ") AS t")
}

func (q *Questions) nodeTotals(ctx context.Context, a Ask, key Key, n *NodeAnswer) error {
	w := build("SELECT t.line, t.verdict, ", sums, ", min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen FROM ",
		a.nodeSides(n.Range, key), " GROUP BY t.line, t.verdict ORDER BY line, verdict")
	return q.ask(ctx, statement(w, n.Range.spans()), func(r *reader) {
		line, v, t := r.int(), r.verdict(), r.totals()
		first, last := r.time(), r.time()
		switch line {
		case lineIn:
			n.In[v].Add(t)
		case lineOut:
			n.Out[v].Add(t)
		case lineSelf:
			n.Self[v].Add(t)
		}
		if n.FirstSeen.IsZero() || first.Before(n.FirstSeen) {
			n.FirstSeen = first
		}
		n.LastSeen = later(n.LastSeen, last)
	})
}

// peers are the groups at one end of the rows that a condition lets through.
func (q *Questions) peers(ctx context.Context, a Ask, g grouping, r Range, end side, where ...func(*sqlFor) Where) ([]Peer, int64, error) {
	t := &Top{Range: r, By: []string{"key"}}
	if err := q.readTop(ctx, t, a.topOf(g.with(), []string{g.column(end)}, joinNames(end), r, panelPeers, where...), panelPeers); err != nil {
		return nil, 0, err
	}
	peers := make([]Peer, len(t.Rows))
	keys := make([]Key, len(t.Rows))
	for i, row := range t.Rows {
		k, err := keyOfSQL(row.Values[0])
		if err != nil {
			return nil, 0, err
		}
		keys[i], peers[i].Verdicts = k, row.Verdicts
	}
	groups, err := q.describe(ctx, r, a.scanners, keys)
	for i, k := range keys {
		peers[i].Group = groups[k]
	}
	return peers, t.All, err
}

// portsOf are the ports of the rows that a condition lets through.
func (q *Questions) portsOf(ctx context.Context, a Ask, r Range, where ...func(*sqlFor) Where) ([]PortUse, int64, error) {
	t := &Top{Range: r, By: []string{"port", "protocol"}}
	w := a.topOf(Where{}, []string{"coalesce(t.server_port, -1)", "t.protocol"}, "", r, panelPorts, where...)
	if err := q.readTop(ctx, t, w, panelPorts); err != nil {
		return nil, 0, err
	}
	uses := make([]PortUse, len(t.Rows))
	for i, row := range t.Rows {
		port, err := strconv.ParseUint(row.Values[0], 10, 16)
		protocol, _ := strconv.ParseUint(row.Values[1], 10, 8)
		uses[i] = PortUse{Port: uint16(port), HasPort: err == nil, Protocol: uint8(protocol), Verdicts: row.Verdicts}
	}
	return uses, t.All, nil
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
	of := map[key]*PortUse{}
	for i := range e.Edge.Ports {
		u := &e.Edge.Ports[i]
		k := key{-1, int64(u.Protocol)}
		if u.HasPort {
			k.port = int64(u.Port)
		}
		of[k] = u
	}
	return q.ask(ctx, statement(w, e.Range.spans()), func(r *reader) {
		k := key{r.int(), r.int()}
		v, marks, n := r.verdict(), r.int(), r.int()
		if u := of[k]; u != nil {
			u.Answer[v], u.Unanswered[v] = answerOf(marks), n
		}
	})
}

func (q *Questions) edgeTotals(ctx context.Context, a Ask, e *EdgeAnswer, ends ...func(*sqlFor) Where) error {
	w := build("SELECT t.verdict, t.stopped_at, t.reason, ", sums, ",\n ", extras, "\nFROM ", a.rows(e.Range, ends...), "\nGROUP BY t.verdict, t.stopped_at, t.reason ORDER BY records DESC, verdict, stopped_at, reason")
	d := &drawn{}
	err := q.ask(ctx, statement(w, e.Range.spans()), func(r *reader) {
		v, at, reason, t := r.verdict(), r.text(), r.text(), r.totals()
		d.extra(r)
		d.Verdicts[v].Add(t)
		if v.Stopped() && len(e.Stops) < panelStops {
			e.Stops = append(e.Stops, Stop{Verdict: v, StoppedAt: at, Reason: reason, Records: t.Records})
		}
	})
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
	logs := build("SELECT c.provider, c.account, c.network, c.interface, CAST(sum(c.skipdata) AS bigint) AS skipdata, CAST(sum(c.nodata) AS bigint) AS nodata, CAST(sum(c.late) AS bigint) AS late",
		" FROM coverage AS c GROUP BY 1, 2, 3, 4 ORDER BY provider, account, network, interface")
	interfaces, networks := map[[3]string]bool{}, map[[2]string]bool{}
	err = q.ask(ctx, statement(logs, []Span{{Table: "coverage"}}), func(r *reader) {
		provider, account, network, iface := r.text(), r.text(), r.text(), r.text()
		x.SkipData, x.NoData, x.Late = x.SkipData+r.int(), x.NoData+r.int(), x.Late+r.int()
		if len(x.Providers) == 0 || x.Providers[len(x.Providers)-1] != provider {
			x.Providers = append(x.Providers, provider)
		}
		interfaces[[3]string{provider, account, iface}] = true
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
