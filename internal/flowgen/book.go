package flowgen

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// book gathers the truth. It sees what the interfaces decided about packets,
// before any of it becomes a record.
type book struct {
	convs map[Key]*account
	// shared holds the addresses that exist in more than one network.
	shared map[netip.Addr]bool
}

// account is one conversation while it is being added up.
type account struct {
	hours       map[int64]*Hour
	none        []nothing
	first, last time.Time
	sampled     bool
}

// nothing is a direction of an hour in which an observer saw packets that were
// all stopped further on: what got through is known to be 0.
type nothing struct {
	at   time.Time
	back bool
}

// speaker is a log at a hop that can say how much went through.
type speaker struct {
	hop   int
	log   *flowLog
	rank  int // server 3, client 2, else 1
	bytes int64
	role  periplus.Observer
}

// record names one record to be: what is counted together.
type record struct {
	hop     int
	log     *flowLog
	back    bool
	stopped bool
	reason  string
	slot    int64
}

func (x *sight) record() record {
	both := x.log.azure() || x.log.kind == firewallLog // one record for both directions
	return record{x.hop, x.log, x.b.back && !both, x.verdict.Stopped(), x.reason, x.slot}
}

// enter adds one connection's packets to the truth, as merge.md says what is
// true.
func (t *book) enter(c *conn, seen []sight) {
	starts := make(map[record]time.Time, 8)
	var ids []ident
	for i := range seen {
		x := &seen[i]
		r := x.record()
		if s, ok := starts[r]; !ok || x.b.at.Before(s) {
			starts[r] = x.b.at
		}
		id, _, leg := c.tells(&c.hops[x.hop], x.log, x.verdict.Stopped())
		if !leg && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		t.enterIdent(c, id, seen, starts)
	}
}

// enterIdent tells one conversation: c itself, or what a log without
// packet-level addresses takes for one.
func (t *book) enterIdent(c *conn, id ident, seen []sight, starts map[record]time.Time) {
	speakers := c.speakers(id, seen)
	allowed := false
	for i := range seen {
		x := &seen[i]
		if is, _, leg := c.tells(&c.hops[x.hop], x.log, false); !leg && is == id && x.log.says(x.verdict) == periplus.Allowed {
			allowed = true
		}
	}
	for i := range c.bursts {
		b := &c.bursts[i]
		if x := stopOf(c, id, seen, b); x != nil {
			m := measureOf(seen, x)
			t.add(c, id, m, seen, starts, x.verdict)
			for _, s := range speakers {
				if y := sightOf(seen, b, s); y != nil && s.log.on(b.at) && m.log.measures(x.verdict) {
					t.passedNone(c, id, y, starts, allowed)
					break
				}
			}
			continue
		}
		for _, s := range speakers {
			if !s.log.on(b.at) {
				continue
			}
			if x := sightOf(seen, b, s); x != nil {
				v := x.log.says(x.verdict)
				if allowed {
					v = periplus.Allowed
				}
				t.add(c, id, x, seen, starts, v)
			}
			break
		}
	}
}

// speakers lists who can say what went through, the most trusted first.
func (c *conn) speakers(id ident, seen []sight) []speaker {
	var list []speaker
	for i := range seen {
		x := &seen[i]
		is, role, leg := c.tells(&c.hops[x.hop], x.log, false)
		if x.verdict.Stopped() || leg || is != id {
			continue
		}
		at := slices.IndexFunc(list, func(s speaker) bool { return s.hop == x.hop && s.log == x.log })
		if at < 0 {
			rank := 1
			switch role {
			case periplus.ObserverServer:
				rank = 3
			case periplus.ObserverClient:
				rank = 2
			}
			list = append(list, speaker{hop: x.hop, log: x.log, rank: rank, role: role})
			at = len(list) - 1
		}
		list[at].bytes += x.packets
	}
	slices.SortFunc(list, func(a, b speaker) int {
		return cmp.Or(
			cmp.Compare(b.rank, a.rank),
			cmp.Compare(truth01(b.log.measures(periplus.Allowed)), truth01(a.log.measures(periplus.Allowed))),
			cmp.Compare(b.bytes, a.bytes),
			cmp.Compare(a.hop, b.hop),
			cmp.Compare(a.log.id, b.log.id))
	})
	return list
}

func truth01(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stopOf is the sight that tells of the burst's end, if a log has one.
func stopOf(c *conn, id ident, seen []sight, b *burst) *sight {
	var best *sight
	for i := range seen {
		x := &seen[i]
		if x.b != b || !x.verdict.Stopped() {
			continue
		}
		if is, _, leg := c.tells(&c.hops[x.hop], x.log, true); leg || is != id {
			continue
		}
		if best == nil || !best.log.measures(x.verdict) && x.log.measures(x.verdict) ||
			best.log.measures(x.verdict) == x.log.measures(x.verdict) && x.log.id < best.log.id {
			best = x
		}
	}
	return best
}

// measureOf is the sight that counts what x stopped: x itself, or that of
// another log of the same interface (GCP samples what leaves before its
// firewall decides, and the firewall's log counts nothing).
func measureOf(seen []sight, x *sight) *sight {
	if x.log.measures(x.verdict) {
		return x
	}
	for i := range seen {
		if y := &seen[i]; y.b == x.b && y.hop == x.hop && y.log.kind == gcpLog {
			return y
		}
	}
	return x
}

func sightOf(seen []sight, b *burst, s speaker) *sight {
	for i := range seen {
		if x := &seen[i]; x.b == b && x.hop == s.hop && x.log == s.log && !x.verdict.Stopped() {
			return x
		}
	}
	return nil
}

// add books one burst as one log counted it.
func (t *book) add(c *conn, id ident, x *sight, seen []sight, starts map[record]time.Time, v periplus.Verdict) {
	n := c.hops[x.hop].nic
	at := starts[x.record()]
	if x.log.azure() {
		at = time.UnixMilli(x.slot).UTC()
	}
	a := t.account(t.key(c, id, v))
	a.count(at, x)
	if x.log.azure() && !v.Stopped() {
		first, _ := c.span(seen, x)
		a.hour(first) // a B tuple stands there, though it measures nothing
	}
	if x.log.incomplete(n, at) {
		a.hour(at).Incomplete = true
	}
	a.sampled = a.sampled || x.log.rate > 1
	if a.first.IsZero() || x.b.at.Before(a.first) {
		a.first = x.b.at
	}
	if x.b.at.After(a.last) {
		a.last = x.b.at
	}
}

// passedNone notes that y's record counts packets of which b got no further.
func (t *book) passedNone(c *conn, id ident, y *sight, starts map[record]time.Time, allowed bool) {
	k := t.key(c, id, y.log.says(y.verdict))
	if allowed {
		k.Verdict = periplus.Allowed
	}
	a := t.account(k)
	a.none = append(a.none, nothing{starts[y.record()], y.b.back})
}

func (t *book) key(c *conn, id ident, v periplus.Verdict) Key {
	k := Key{Client: id.client, Server: id.server, Port: id.port, HasPort: id.has, Protocol: id.proto, Verdict: v}
	k.ClientNetwork, k.ServerNetwork = t.networks(c, id)
	return k
}

func (t *book) account(k Key) *account {
	a := t.convs[k]
	if a == nil {
		a = &account{hours: map[int64]*Hour{}}
		t.convs[k] = a
	}
	return a
}

// networks names the ends' networks where the address alone does not.
func (t *book) networks(c *conn, id ident) (client, server string) {
	for i := range c.hops {
		n := c.hops[i].nic
		if n.subnet == nil || n.addr != id.client && n.addr != id.server {
			continue
		}
		if !t.shared[n.addr] {
			continue
		}
		if n.addr == id.client && c.hops[i].role == periplus.ObserverClient {
			client = n.network.id
		}
		if n.addr == id.server && c.hops[i].role == periplus.ObserverServer {
			server = n.network.id
		}
	}
	return client, server
}

func (a *account) hour(at time.Time) *Hour {
	start := at.Truncate(time.Hour)
	h := a.hours[start.Unix()]
	if h == nil {
		h = &Hour{Start: start.UTC()}
		a.hours[start.Unix()] = h
	}
	return h
}

// count adds a burst to its hour. A log that counts both directions at once
// knows of the other one too, even if it is 0.
func (a *account) count(at time.Time, x *sight) {
	h := a.hour(at)
	if !x.log.measures(x.verdict) {
		return
	}
	p := periplus.Count{N: x.packets, Known: true}
	b := periplus.Count{N: x.bytes, Known: x.log.kind != tgwLog || !x.verdict.Stopped()}
	none := periplus.Count{Known: x.log.azure()}
	if x.b.back {
		h.Add(Counters{ResponsePackets: p, ResponseBytes: b, RequestPackets: none, RequestBytes: none})
		return
	}
	h.Add(Counters{RequestPackets: p, RequestBytes: b, ResponsePackets: none, ResponseBytes: none})
}

// zeros enters what is known to be 0 into hours that exist.
func (a *account) zeros() {
	zero := periplus.Count{Known: true}
	for _, n := range a.none {
		h := a.hours[n.at.Truncate(time.Hour).Unix()]
		switch {
		case h == nil:
		case n.back:
			h.Add(Counters{ResponsePackets: zero, ResponseBytes: zero})
		default:
			h.Add(Counters{RequestPackets: zero, RequestBytes: zero})
		}
	}
}

// close makes the truth of all that was entered.
func (t *book) close(out *Truth) {
	for k, a := range t.convs {
		if len(a.hours) == 0 {
			continue // nothing of it got through
		}
		a.zeros()
		v := Conversation{Key: k, First: a.first, Last: a.last, Sampled: a.sampled}
		for _, h := range a.hours {
			v.Hours = append(v.Hours, *h)
			v.Counters.Add(h.Counters)
			v.Incomplete = v.Incomplete || h.Incomplete
		}
		slices.SortFunc(v.Hours, func(a, b Hour) int { return a.Start.Compare(b.Start) })
		out.Conversations = append(out.Conversations, v)
	}
	slices.SortFunc(out.Conversations, func(a, b Conversation) int { return a.Key.compare(b.Key) })
}

func (k Key) compare(o Key) int {
	return cmp.Or(k.Client.Compare(o.Client), k.Server.Compare(o.Server),
		cmp.Compare(k.Port, o.Port), cmp.Compare(k.Protocol, o.Protocol), cmp.Compare(k.Verdict, o.Verdict),
		cmp.Compare(k.ClientNetwork, o.ClientNetwork), cmp.Compare(k.ServerNetwork, o.ServerNetwork))
}
