package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Map is who speaks to whom: the largest edges between groups at the asked
// level and what they leave out. What was stopped is ranked apart, by records,
// and has a quarter of the edges to itself; so it is always seen.
func (q *Questions) Map(ctx context.Context, a Ask) (*Map, error) {
	a, err := q.prepareGroups(ctx, a)
	if err != nil {
		return nil, err
	}
	g, err := groupingOf(a)
	if err != nil {
		return nil, err
	}
	m := &Map{Range: a.cover(), Level: a.Level, Metric: a.Metric}
	// What the edges do not need is asked beside them.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var l LeftOut
	left := beside(func() (err error) { l, err = q.leftOut(ctx, a, m.Range); return err })
	p := &picture{ask: a, edges: map[[2]string]*drawn{}, nodes: map[string]*MapNode{}}
	s := statement(a.groupMap(g, m.Range), m.Range.spans())
	var named <-chan error
	if g.hosts() {
		if s, err = q.pairsOfHosts(ctx, a, g, m, p); err != nil {
			return nil, err
		}
		// What is shown is known already.
		shown := slices.Collect(maps.Values(p.edges))
		named = beside(func() (err error) { p.keys, p.groups, err = q.name(ctx, m.Range, a, shown); return err })
	}
	if err := q.ask(ctx, s, func(r *reader) { p.row(r, m) }); err != nil {
		return nil, err
	}
	p.choose(g.hosts())
	if named == nil {
		named = beside(func() (err error) { p.keys, p.groups, err = q.name(ctx, m.Range, a, p.shown); return err })
	}
	if err := <-named; err != nil {
		return nil, err
	}
	if m.AllEdges > int64(len(p.shown)) {
		m.Higher = wider[a.Level]
	}
	err = q.finish(ctx, p, m)
	if err := errors.Join(err, <-left); err != nil {
		return nil, err
	}
	m.LeftOut = l
	m.LeftOut.Unmeasured = m.Totals.All().Unmeasured
	return m, nil
}

// beside runs a question while others are asked; its error comes by the
// channel.
func beside(ask func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- ask() }()
	return done
}

// picture collects the rows of a map.
type picture struct {
	ask   Ask
	edges map[[2]string]*drawn // by both keys as SQL has them
	nodes map[string]*MapNode
	shown []*drawn

	keys   map[string]Key // of the ends of what is shown, by their text in SQL
	groups map[Key]Group
}

// drawn is an edge while it is read.
type drawn struct {
	Edge
	from, to        string // keys as SQL has them
	metric, stopped int64
	at              [3]int64 // stopped records at client, middle, server
	marks           int64
}

// pairsOfHosts ranks the pairs of hosts, chooses among them and returns the
// statement that tells all of the chosen.
func (q *Questions) pairsOfHosts(ctx context.Context, a Ask, g grouping, m *Map, p *picture) (Statement, error) {
	key := func(column, network string) string {
		if strings.Contains(column, "|") {
			return column
		}
		return Key{Level: "host", Value: column, Network: network}.sqlText()
	}
	err := q.ask(ctx, statement(a.hostPairs(g, m.Range), m.Range.spans()), func(r *reader) {
		line := r.int()
		from, to := key(r.text(), r.text()), key(r.text(), r.text())
		metric, stopped := r.int(), r.int()
		switch line {
		case lineEdges:
			m.AllEdges = metric
		case lineNodes:
			m.AllNodes = metric
		default:
			p.edges[[2]string{from, to}] = &drawn{from: from, to: to, metric: metric, stopped: stopped}
		}
	})
	if err != nil {
		return Statement{}, err
	}
	p.choose(false)
	var e ends
	kept := map[[2]string]*drawn{}
	for _, d := range p.shown {
		kept[[2]string{d.from, d.to}] = d
		for _, text := range []string{d.from, d.to} {
			if err := e.add(text); err != nil {
				return Statement{}, err
			}
		}
	}
	p.edges, p.shown = kept, nil
	e.settle()
	return statement(a.hostMap(g, m.Range, e), m.Range.spans()), nil
}

// row reads one row of groupMap or hostMap.
func (p *picture) row(r *reader, m *Map) {
	line, from, to := r.int(), r.text(), r.text()
	verdictText, place, port, protocol, ports := r.text(), r.int(), r.int(), r.int(), r.int()
	t := r.totals()
	if line == lineEdges || line == lineNodes {
		if line == lineEdges {
			m.AllEdges = ports
		} else {
			m.AllNodes = ports
		}
		r.skip(nExtras)
		return
	}
	v, err := periplus.ParseVerdict(verdictText)
	if err != nil {
		r.fail(err.Error())
		return
	}
	if line == lineEdge {
		p.edge(r, from, to, v, place, port, protocol, ports, t)
		return
	}
	r.skip(nExtras)
	switch line {
	case lineAll:
		m.Totals[v].Add(t)
	case lineIn:
		p.node(to).In[v].Add(t)
	case lineOut:
		p.node(from).Out[v].Add(t)
	case lineSelf:
		p.node(from).Self[v].Add(t)
	}
}

func (p *picture) node(key string) *MapNode {
	n := p.nodes[key]
	if n == nil {
		n = &MapNode{}
		p.nodes[key] = n
	}
	return n
}

func (p *picture) edge(r *reader, from, to string, v periplus.Verdict, place, port, protocol, ports int64, t Totals) {
	d := p.edges[[2]string{from, to}]
	if d == nil {
		if p.ask.Level == "host" {
			r.skip(nExtras)
			return // between hosts that are shown, but not chosen itself
		}
		d = &drawn{from: from, to: to}
		p.edges[[2]string{from, to}] = d
	}
	marks, unanswered := d.extra(r)
	d.Verdicts[v].Add(t)
	d.MorePorts = max(d.MorePorts, ports-3)
	if place > 3 {
		return
	}
	use := PortUse{HasPort: port >= 0, Protocol: uint8(protocol)}
	if use.HasPort {
		use.Port = uint16(port)
	}
	i := slices.IndexFunc(d.Ports, func(u PortUse) bool {
		return u.Port == use.Port && u.HasPort == use.HasPort && u.Protocol == use.Protocol
	})
	if i < 0 {
		i = len(d.Ports)
		d.Ports = append(d.Ports, use)
	}
	d.Ports[i].Verdicts[v].Add(t)
	d.Ports[i].Unanswered[v] += unanswered
	d.Ports[i].Answer[v] = answerOf(marks) // one row a port and verdict
}

// answerOf is what marks say of answers.
func answerOf(marks int64) string {
	switch {
	case marks&markAnswered != 0:
		return "seen"
	case marks&markUnanswered != 0:
		return "none"
	}
	return "unknown"
}

// extra reads what extras selects, and returns the marks and the unanswered
// records of the row.
func (d *drawn) extra(r *reader) (marks, unanswered int64) {
	first, last := r.time(), r.time()
	marks = r.int()
	at := [3]int64{r.int(), r.int(), r.int()}
	unanswered = r.int()
	d.Unanswered += unanswered
	if d.FirstSeen.IsZero() || first.Before(d.FirstSeen) {
		d.FirstSeen = first
	}
	d.LastSeen = later(d.LastSeen, last)
	d.marks |= marks
	for i := range at {
		d.at[i] += at[i]
	}
	return marks, unanswered
}

// choose picks what is shown of the edges, within both caps: a quarter of each
// for what was stopped most, then the largest by the metric, then what was
// stopped again. known: the ranks are given, else they are computed.
func (p *picture) choose(known bool) {
	all := slices.Collect(maps.Values(p.edges))
	for _, d := range all {
		if t := d.Verdicts.All(); !known && t.Records > 0 {
			d.metric, d.stopped = t.Metric(p.ask.Metric).N, d.Verdicts.Stopped().Records
		}
	}
	rank := func(of func(*drawn) int64) []*drawn {
		list := slices.Clone(all)
		slices.SortFunc(list, func(x, y *drawn) int {
			return cmp.Or(cmp.Compare(of(y), of(x)), strings.Compare(x.from, y.from), strings.Compare(x.to, y.to))
		})
		return list
	}
	stopped := rank(func(d *drawn) int64 { return d.stopped })
	if i := slices.IndexFunc(stopped, func(d *drawn) bool { return d.stopped == 0 }); i >= 0 {
		stopped = stopped[:i]
	}
	shown, nodes := map[*drawn]bool{}, map[string]bool{}
	take := func(list []*drawn, maxEdges, maxNodes int) {
		for _, d := range list {
			more := 0
			for _, k := range slices.Compact([]string{d.from, d.to}) {
				if !nodes[k] {
					more++
				}
			}
			if len(shown) >= maxEdges {
				return
			}
			if shown[d] || len(nodes)+more > maxNodes {
				continue
			}
			shown[d], nodes[d.from], nodes[d.to] = true, true, true
			p.shown = append(p.shown, d)
		}
	}
	take(stopped, (p.ask.MaxEdges+3)/4, min(p.ask.MaxNodes, max(2, (p.ask.MaxNodes+3)/4)))
	take(rank(func(d *drawn) int64 { return d.metric }), p.ask.MaxEdges, p.ask.MaxNodes)
	take(stopped, p.ask.MaxEdges, p.ask.MaxNodes)
}

// settle says what the rows of an edge come to.
func (d *drawn) settle() {
	d.Answer, d.SeenBy = answerOf(d.marks), ""
	for i, name := range seenBy {
		switch {
		case d.marks&(1<<i) == 0:
		case d.SeenBy == "":
			d.SeenBy = name
		default:
			d.SeenBy = "mixed"
		}
	}
	d.Sampled, d.Incomplete = d.marks&markSampled != 0, d.marks&markIncomplete != 0
	if most := max(d.at[0], d.at[1], d.at[2]); most > 0 {
		d.StoppedAt = []string{"client", "middle", "server"}[slices.Index(d.at[:], most)]
	}
}

// name describes the ends of edges.
func (q *Questions) name(ctx context.Context, r Range, a Ask, edges []*drawn) (map[string]Key, map[Key]Group, error) {
	keys := map[string]Key{}
	for _, d := range edges {
		for _, text := range []string{d.from, d.to} {
			k, err := keyOfSQL(text)
			if err != nil {
				return nil, nil, err
			}
			keys[text] = k
		}
	}
	groups, err := q.describe(ctx, r, a.scanners, slices.Collect(maps.Values(keys)))
	return keys, groups, err
}

// finish puts names to the chosen edges and their ends, and counts the rest.
func (q *Questions) finish(ctx context.Context, p *picture, m *Map) error {
	var shown Verdicts
	ends := map[string]bool{}
	for _, d := range p.shown {
		ends[d.from], ends[d.to] = true, true
		d.Source, d.Target = p.keys[d.from].ID(), p.keys[d.to].ID()
		d.settle()
		d.Ports = sorted(d.Ports, m.Metric)
		shown.Add(d.Verdicts)
		m.Edges = append(m.Edges, d.Edge)
	}
	slices.SortFunc(m.Edges, func(x, y Edge) int {
		return cmp.Or(strings.Compare(x.Source, y.Source), strings.Compare(x.Target, y.Target))
	})
	for text := range ends {
		n, k := p.node(text), p.keys[text]
		n.Group = p.groups[k]
		n.Parent = p.ask.parent(&n.Group)
		if k.Level == "host" {
			n.Service = p.ask.above(&n.Group)
		}
		m.Nodes = append(m.Nodes, *n)
	}
	slices.SortFunc(m.Nodes, func(x, y MapNode) int { return strings.Compare(x.ID, y.ID) })
	m.Rest = m.Totals.minus(shown)
	m.Coverage = map[string]Share{"denied": {shown.Stopped().Records, m.Totals.Stopped().Records}}
	for _, metric := range Metrics {
		m.Coverage[metric] = Share{shown.All().Metric(metric).N, m.Totals.All().Metric(metric).N}
	}
	var err error
	m.Groups, err = q.parents(ctx, p.ask, m.Range, m.Nodes)
	return err
}

// sorted puts the ports of an edge in order, the largest by the metric first.
func sorted(ports []PortUse, metric string) []PortUse {
	of := func(u PortUse) int64 { return u.Verdicts.All().Metric(metric).N }
	slices.SortFunc(ports, func(x, y PortUse) int {
		return cmp.Or(cmp.Compare(of(y), of(x)), cmp.Compare(y.Verdicts.Stopped().Records, x.Verdicts.Stopped().Records),
			cmp.Compare(x.Port, y.Port), cmp.Compare(x.Protocol, y.Protocol))
	})
	return ports
}

// parents describes what nodes lie in, and what that lies in. Most often all of
// it can be told from the nodes and is asked at once.
func (q *Questions) parents(ctx context.Context, a Ask, r Range, nodes []MapNode) ([]Group, error) {
	next, ahead, groups, known := map[Key]bool{}, map[Key]bool{}, map[Key]Group{}, map[Key]Group{}
	add := func(id string) error {
		if id == "" {
			return nil
		}
		k, err := ParseKey(id)
		if _, done := groups[k]; err == nil && !done {
			next[k] = true
		}
		return err
	}
	for _, n := range nodes {
		if err := add(n.Parent); err != nil {
			return nil, err
		}
		for _, k := range a.boxesOf(&n.Group) {
			ahead[k] = true
		}
	}
	for len(next) > 0 {
		for k := range next {
			if _, asked := known[k]; !asked {
				ahead[k] = true
			}
		}
		described, err := q.describe(ctx, r, a.scanners, slices.Collect(maps.Keys(ahead)))
		if err != nil {
			return nil, err
		}
		maps.Copy(known, described)
		clear(ahead)
		list := slices.Collect(maps.Keys(next))
		clear(next)
		for _, k := range list {
			g := known[k]
			g.Parent = a.parent(&g)
			groups[k] = g
			if err := add(g.Parent); err != nil {
				return nil, err
			}
		}
	}
	list := slices.Collect(maps.Values(groups))
	slices.SortFunc(list, func(x, y Group) int { // a network, its subnets, their services
		return cmp.Or(cmp.Compare(slices.Index(Levels, x.Key.Level), slices.Index(Levels, y.Key.Level)), strings.Compare(x.ID, y.ID))
	})
	return list, nil
}

// minus is what is left when a part is taken away.
func (v Verdicts) minus(part Verdicts) Verdicts {
	sub := func(a *periplus.Count, b periplus.Count) { a.N -= b.N }
	for i := range v {
		a, b := &v[i], part[i]
		sub(&a.RequestBytes, b.RequestBytes)
		sub(&a.RequestPackets, b.RequestPackets)
		sub(&a.ResponseBytes, b.ResponseBytes)
		sub(&a.ResponsePackets, b.ResponsePackets)
		sub(&a.Opened, b.Opened)
		a.Records -= b.Records
		a.Connections -= b.Connections
		a.Unmeasured -= b.Unmeasured
	}
	return v
}

// leftOut asks what the answer does not hold.
func (q *Questions) leftOut(ctx context.Context, a Ask, r Range) (LeftOut, error) {
	var l LeftOut
	last := floor(r.To.Add(-time.Second), 3600)
	l.Hours = int64(last.Sub(floor(r.From, 3600))/time.Hour) + 1
	for _, ask := range []struct {
		s   Statement
		row func(*reader)
	}{
		{statement(build("SELECT CAST(coalesce(sum(CASE WHEN t.incomplete THEN t.records ELSE 0 END), 0) AS bigint) AS incomplete, CAST(coalesce(sum(CASE WHEN t.sampled THEN t.records ELSE 0 END), 0) AS bigint) AS sampled FROM ",
			a.rows(r)), r.spans()),
			func(r *reader) { l.IncompleteRecords, l.SampledRecords = r.int(), r.int() }},
		{statement(build("SELECT CAST(coalesce(sum(", both("t.request_bytes", "t.response_bytes"), "), 0) AS bigint) AS bytes, CAST(coalesce(sum(t.records), 0) AS bigint) AS records FROM flows AS t",
			whereAll(between("t.bucket", r.From, r.To), build("t.observer = ", arg("leg")), a.flows(r), a.shown())), r.evidence()),
			func(r *reader) { l.LegBytes, l.LegRecords = r.int(), r.int() }},
		{statement(build("SELECT CAST(coalesce(sum(skipdata), 0) AS bigint) AS skipdata, CAST(coalesce(sum(late), 0) AS bigint) AS late, CAST(coalesce(sum(bad), 0) AS bigint) AS bad,",
			" count(DISTINCT CASE WHEN records > 0 OR nodata > 0 THEN hour END) AS hours FROM coverage WHERE ", between("hour", floor(r.From, 3600), r.To)),
			[]Span{{Table: "coverage", From: floor(r.From, 3600), To: r.To}}),
			func(r *reader) { l.SkipData, l.Late, l.Bad, l.HoursCovered = r.int(), r.int(), r.int(), r.int() }},
	} {
		if err := q.ask(ctx, ask.s, ask.row); err != nil {
			return l, fmt.Errorf("what is left out: %w", err)
		}
	}
	return l, nil
}

// evidence is what a statement over flows in the range reads, with what its
// filter may ask.
func (r Range) evidence() []Span {
	return append([]Span{{Table: "flows", From: r.From, To: r.To}, {Table: "objects"}}, r.spans()...)
}

// wider is the level that a map which is too large is best shown at. An
// account's networks are fewer than its regions' would be.
var wider = map[string]string{"host": "service", "service": "subnet", "subnet": "network", "network": "account", "region": "account", "account": "provider"}
