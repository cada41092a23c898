package flowgen

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// network is a VPC or VNet.
type network struct {
	provider string // aws, gcp, azure
	account  string // AWS account, GCP project, Azure subscription
	region   string
	id       string // vpc-…, VPC name, VNet name
	group    string // Azure resource group
}

// subnet is a part of a network in one zone.
type subnet struct {
	*network
	name string
	zone string
}

// nic is an interface: what logs, where there is a log.
type nic struct {
	*subnet
	id       string // eni-…, MAC without colons, VM name
	instance string // i-…; "-": nobody's machine
	kind     string // AWS interface-type
	name     string // of the machine
	service  string // instance group, ECS service
	addr     netip.Addr
	addr6    netip.Addr
	gke      string // GCP: the pod's workload; "" for a plain VM
	attach   *attachment
	shift    time.Duration // when its windows begin
	logs     []*flowLog
}

// attachment is what a transit gateway knows of a flow that enters it.
type attachment struct {
	gateway, id, pair          string
	srcAccount, dstAccount     string
	srcNetwork, dstNetwork     string
	srcSubnet, dstSubnet       string
	srcInterface, dstInterface string
	srcZone, dstZone           string
}

// logKind is which cloud's rules a flow log follows.
type logKind uint8

const (
	awsLog logKind = iota
	tgwLog
	gcpLog
	firewallLog // GCP: decisions on connections, no counters
	nsgLog      // Azure NSG flow log
	vnetLog     // Azure VNet flow log
)

// keep is which packets a log writes about.
type keep uint8

const (
	keepAll keep = iota
	keepPassed
	keepStopped
)

// flowLog is one flow log: what it keeps of what its interfaces see.
type flowLog struct {
	kind   logKind
	id     string // fl-…, configuration, flow log's name
	window time.Duration
	keep   keep
	pkt    bool // it has packet-level addresses
	v1     bool // NSG version 1: no states, no counters
	rate   int64
	// from and to bound when it is on; zero: always.
	from, to time.Time
	// skips are windows of an interface whose records were lost.
	skips []skip
	out   writer
}

// skip is one SKIPDATA window.
type skip struct {
	nic      *nic
	from, to time.Time
}

// writer takes what a log has to say about one connection at one hop.
type writer interface {
	write(w *world, e *entry)
	// flush writes the files that nothing can be added to any more; a zero
	// time: all of them.
	flush(w *world, now time.Time) error
}

func (l *flowLog) on(t time.Time) bool {
	return (l.from.IsZero() || !t.Before(l.from)) && (l.to.IsZero() || t.Before(l.to))
}

func (l *flowLog) lost(n *nic, t time.Time) bool {
	for _, s := range l.skips {
		if s.nic == n && !t.Before(s.from) && t.Before(s.to) {
			return true
		}
	}
	return false
}

// incomplete reports whether records of n were lost in the hour of t.
func (l *flowLog) incomplete(n *nic, t time.Time) bool {
	hour := t.Truncate(time.Hour)
	for _, s := range l.skips {
		if s.nic == n && s.from.Before(hour.Add(time.Hour)) && s.to.After(hour) {
			return true
		}
	}
	return false
}

// measures reports whether the log counts packets with that verdict.
func (l *flowLog) measures(v periplus.Verdict) bool {
	switch l.kind {
	case firewallLog:
		return false
	case nsgLog, vnetLog:
		return !l.v1 && !v.Stopped()
	}
	return true
}

// says is the verdict as the log words it.
func (l *flowLog) says(v periplus.Verdict) periplus.Verdict {
	if v == periplus.Allowed && (l.kind == gcpLog || l.kind == tgwLog) {
		return periplus.Unknown
	}
	return v
}

func (l *flowLog) azure() bool { return l.kind == nsgLog || l.kind == vnetLog }

// knowsStop reports whether a stop by this interface shows in the log at all:
// GCP flow entries hold drops but no denials.
func (l *flowLog) knowsStop(v periplus.Verdict) bool {
	return l.kind != gcpLog || v == periplus.Dropped
}

// burst is some packets of one direction at one instant.
type burst struct {
	at      time.Time
	back    bool // from server to client
	packets int64
	bytes   int64
	flags   uint8
	lost    int // 1 + index of the hop that it never reaches, of those in its direction's order; 0: none
}

// stop is a hop's decision against one direction while it holds.
type stop struct {
	verdict  periplus.Verdict
	reason   string
	from, to time.Time // zero: always
}

func (s *stop) holds(t time.Time) bool {
	return s.verdict != periplus.Unknown && (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || t.Before(s.to))
}

// hop is an interface on a connection's way, in the order of requests.
type hop struct {
	nic  *nic
	role periplus.Observer
	// src and dst are what the interface itself says of a request, where that
	// differs from the ends (NAT, secondary address, pod); else zero.
	src, dst netip.AddrPort
	own      bool // src and dst are the packets' addresses too: the far leg
	request  stop
	response stop
	path     int    // AWS traffic-path of what leaves here
	rule     string // Azure or GCP rule that let it through
	next     *nic
	srcSvc   string
	dstSvc   string
}

func (h *hop) decide(b *burst) *stop {
	s := &h.request
	if b.back {
		s = &h.response
	}
	if s.holds(b.at) {
		return s
	}
	return nil
}

// end is one end of a connection as GCP tells of it.
type end struct {
	nic     *nic
	country string // alpha-3, lower case
	city    string
	asn     int
	service string // Google service
}

// conn is one connection (or one exchange of a portless protocol).
type conn struct {
	client, server netip.AddrPort
	proto          uint8
	hops           []hop
	bursts         []burst // by time
	from, to       end     // client's and server's
	// delivery is the delivery with which its records arrive, from 1; 0: 1.
	delivery int
	late     bool // its records come late
	repeat   bool // GCP: its entries are delivered twice
	spelling int  // how the addresses are spelled: 0 plain
	encrypt  string
}

// ident is what a log makes of the ends: which conversation it speaks of.
type ident struct {
	client, server netip.Addr
	port           uint16
	has            bool
	proto          uint8
}

// sight is one burst seen and kept by one log at one hop.
type sight struct {
	b       *burst
	hop     int
	log     *flowLog
	verdict periplus.Verdict
	reason  string
	packets int64 // as the log counts them
	bytes   int64
	slot    int64 // which record of this hop, log, direction and verdict it goes into
}

// walk sends every burst over the hops and returns what the logs kept.
func (c *conn) walk(w *world) []sight {
	seen := w.seen[:0]
	for i := range c.bursts {
		b := &c.bursts[i]
		for k := range c.hops {
			at := k
			if b.back {
				at = len(c.hops) - 1 - k
			}
			if b.lost == k+1 {
				break
			}
			h := &c.hops[at]
			verdict, reason := periplus.Allowed, ""
			s := h.decide(b)
			if s != nil {
				verdict, reason = s.verdict, s.reason
			}
			for _, l := range h.nic.logs {
				if x, ok := l.see(w, c, at, b, verdict, reason); ok {
					seen = append(seen, x)
				}
			}
			if s != nil {
				break
			}
		}
	}
	w.seen = seen
	c.slots(seen)
	return seen
}

// see is what a log keeps of one burst at one hop.
func (l *flowLog) see(w *world, c *conn, at int, b *burst, v periplus.Verdict, reason string) (sight, bool) {
	n := c.hops[at].nic
	x := sight{b: b, hop: at, log: l, verdict: v, reason: reason, packets: b.packets, bytes: b.bytes}
	switch {
	case !l.on(b.at) || l.lost(n, b.at):
		return x, false
	case v.Stopped() && (l.keep == keepPassed || !l.knowsStop(v)):
		// An egress that the firewall stops is sampled before it: a GCP flow
		// entry shows it as if it had gone.
		if l.kind != gcpLog || c.hops[at].role != periplus.ObserverClient || b.back {
			return x, false
		}
		x.verdict, x.reason = periplus.Allowed, ""
	case !v.Stopped() && l.keep == keepStopped:
		return x, false
	}
	if l.rate > 1 {
		x.packets, x.bytes = w.sample(l.rate, b.packets, b.bytes)
	}
	return x, true
}

// slots gives every sight the record that it belongs to.
func (c *conn) slots(seen []sight) {
	for i := range seen {
		x := &seen[i]
		if !x.log.azure() {
			x.slot = (x.b.at.UnixNano() + int64(c.hops[x.hop].nic.shift)) / int64(x.log.window)
			if x.log.kind == firewallLog {
				x.slot = 0 // one entry a connection
			}
			continue
		}
		if x.verdict.Stopped() {
			x.slot = x.b.at.UnixMilli() // a tuple for each attempt
			continue
		}
		first, last := c.span(seen, x)
		x.slot = tupleTime(x.log, c.hops[x.hop].nic, first, last, x.b.at).UnixMilli()
	}
}

// span is when the log at x's hop saw the first and the last that it let pass.
func (c *conn) span(seen []sight, x *sight) (first, last time.Time) {
	for i := range seen {
		y := &seen[i]
		if y.hop != x.hop || y.log != x.log || y.verdict.Stopped() {
			continue
		}
		if first.IsZero() {
			first = y.b.at
		}
		last = y.b.at
	}
	return first, last
}

// tupleTime is the time of the C or E tuple that counts what an Azure
// interface saw at t, of a flow that it saw from first to last.
func tupleTime(l *flowLog, n *nic, first, last, t time.Time) time.Time {
	if l.v1 {
		return first
	}
	ended := last.Add(l.window/20 + n.shift/8)
	every := first.Add(l.window + n.shift)
	for every.Before(t) {
		every = every.Add(l.window)
	}
	if every.Before(ended) {
		return every
	}
	return ended
}

// view is the addresses of hop h for one direction: what the interface says
// and what the packets say.
func (c *conn) view(h *hop, back bool) (src, dst, pktSrc, pktDst netip.AddrPort) {
	pktSrc, pktDst = c.client, c.server
	src, dst = pktSrc, pktDst
	if h.src.IsValid() {
		src = h.src
	}
	if h.dst.IsValid() {
		dst = h.dst
	}
	if h.own {
		pktSrc, pktDst = src, dst
	}
	if back {
		return dst, src, pktDst, pktSrc
	}
	return src, dst, pktSrc, pktDst
}

// tells is which conversation a log at h speaks of, where it stands in it, and
// whether it repeats a gateway's other side.
func (c *conn) tells(h *hop, l *flowLog, stopped bool) (id ident, role periplus.Observer, leg bool) {
	src, dst, pktSrc, pktDst := c.view(h, false)
	role = h.role
	if l.pkt || l.kind == tgwLog {
		if role == periplus.ObserverLeg {
			if !stopped {
				return id, role, true
			}
			role = periplus.ObserverClient
		}
		src, dst = pktSrc, pktDst
	} else if h.src.IsValid() || h.dst.IsValid() {
		switch {
		case src.Addr() == h.nic.addr || src.Addr() == h.nic.addr6:
			role = periplus.ObserverClient
		case dst.Addr() == h.nic.addr || dst.Addr() == h.nic.addr6:
			role = periplus.ObserverServer
		}
	}
	id = ident{client: src.Addr(), server: dst.Addr(), proto: c.proto}
	if !periplus.Portless(c.proto) {
		id.port, id.has = dst.Port(), true
	}
	return id, role, false
}
