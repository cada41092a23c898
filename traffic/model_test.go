package traffic

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/periplus/periplus/periplus"
)

// model says what traffic must hold, by the rules themselves and by nobody's code:
// slow, over all records at once, in the order in which the rules are told. It
// shares two tables with the code, which protocols have no ports and which
// ports are registered, and nothing else.
//
// It is of AWS logs, and leaves out NAT and whatever else stands in the middle
// (packet-level addresses, traffic-path), lost records (SKIPDATA), addresses
// that several networks own, Google Cloud and Azure: no rule 2, no entries that
// decide but do not count, nothing sampled.
type model struct {
	servers map[modelServer]bool // that flags named so far
	keeps   map[string]bool      // logs and interfaces that are known to keep what passed
	rows    []modelRow
	reached map[string]bool // what the logs made it do, so that a test can tell that they ask enough
}

// modelRecord is a line of a log. Logs write ports for every protocol.
type modelRecord struct {
	object           int
	log              string // as the source names it; "" when it does not
	iface            int
	src, dst         netip.Addr
	srcPort, dstPort int
	protocol         int
	packets, bytes   int64
	start, end       int64
	denied           bool
	flags            int // -1: not written
	direction        modelDirection
}

type modelDirection int

const (
	noDirection modelDirection = iota
	ingress
	egress
)

// modelEnd is an address with a port; -1 where the protocol has none.
type modelEnd struct {
	addr netip.Addr
	port int
}

// modelTuple is a 5-tuple, its smaller end first.
type modelTuple struct {
	a, b     modelEnd
	protocol int
}

type modelServer struct {
	modelEnd
	protocol int
}

type modelConversation struct {
	client, server netip.Addr
	port           int // -1: none
	protocol       int
}

// modelRow is a row of flows.
type modelRow struct {
	modelConversation
	bucket, first, last int64
	iface, object       int
	log                 string
	denied              bool
	observer            periplus.Observer
	rule                modelRule
	clientPorts         map[int]bool
	counts              [2]modelCount // of requests and of responses
}

// modelCount is what was counted in one direction. AWS counts both or none.
type modelCount struct {
	known          bool
	packets, bytes int64
}

// modelRule is which rule oriented a row, by the order in which they apply.
type modelRule int

const (
	ruleFlags modelRule = 1 + iota
	ruleProvider
	ruleKnown
	rulePrivileged
	ruleOneWay
	ruleFanIn
	ruleService
	rulePort
	ruleUndecided
)

var ruleNames = [...]string{"", "flags", "provider", "known", "privileged", "one_way", "fan_in", "service", "port", "undecided"}

func newModel() *model {
	return &model{servers: map[modelServer]bool{}, keeps: map[string]bool{}, reached: map[string]bool{}}
}

func endOf(addr netip.Addr, port, protocol int) modelEnd {
	if periplus.Portless(uint8(protocol)) {
		port = -1
	}
	return modelEnd{addr, port}
}

func (r *modelRecord) source() modelEnd      { return endOf(r.src, r.srcPort, r.protocol) }
func (r *modelRecord) destination() modelEnd { return endOf(r.dst, r.dstPort, r.protocol) }

// tuple returns the record's 5-tuple and whether its source is b.
func (r *modelRecord) tuple() (t modelTuple, fromB bool) {
	t = tupleOf(r.source(), r.destination(), r.protocol)
	return t, t.a != r.source()
}

func tupleOf(a, b modelEnd, protocol int) modelTuple {
	if c := a.addr.Compare(b.addr); c > 0 || c == 0 && a.port > b.port {
		a, b = b, a
	}
	return modelTuple{a, b, protocol}
}

// logKeeps and ifaceKeeps are keys of model.keeps.
func logKeeps(log string) string  { return "log " + log }
func ifaceKeeps(iface int) string { return fmt.Sprint("interface ", iface) }

func (m *model) reach(what string) { m.reached[what] = true }

// modelBatch is the evidence of what one ingest reads.
type modelBatch struct {
	*model
	named  map[modelServer]bool          // by flags in this batch
	began  map[modelTuple][2]bool        // whether flags say that a began it, or that b did
	sent   map[modelTuple][2]bool        // whether a sent anything, or b; of waiting records only
	peers  map[modelServer]int           // how many meet at an end
	owned  map[int]map[netip.Addr]bool   // an interface's own addresses
	direct map[int]map[bool]bool         // whether flow-direction told them, by whether they are IPv4
	shared map[int]map[bool][]netip.Addr // the addresses that all of its other records have
}

// object takes an object out that is to be read again: its rows go, what it
// taught stays.
func (m *model) object(id int) {
	m.rows = slices.DeleteFunc(m.rows, func(r modelRow) bool { return r.object == id })
}

// batch takes what one ingest reads.
func (m *model) batch(records []modelRecord) {
	b := &modelBatch{model: m, named: map[modelServer]bool{}, began: map[modelTuple][2]bool{}, sent: map[modelTuple][2]bool{},
		peers: map[modelServer]int{}, owned: map[int]map[netip.Addr]bool{}, direct: map[int]map[bool]bool{},
		shared: map[int]map[bool][]netip.Addr{}}
	for i := range records {
		b.notePassed(&records[i])
		b.noteFlags(&records[i])
		b.noteAddresses(&records[i])
	}
	b.ownShared()
	b.noteSent(records)
	b.meet()
	b.makeRows(records)
	for s := range b.named {
		m.servers[s] = true
	}
}

// A log of which no passed record is known keeps only denials.
func (b *modelBatch) notePassed(r *modelRecord) {
	if r.denied {
		return
	}
	b.keeps[ifaceKeeps(r.iface)] = true
	if r.log != "" {
		b.keeps[logKeeps(r.log)] = true
	}
}

// Rule 1: SYN without ACK is the client's, SYN with ACK the server's. With PSH
// or URG in it, the flags are of more than one packet: ACK came later, maybe.
func (r *modelRecord) byFlags() (sourceServes, ok bool) {
	const syn, psh, ack, urg = 2, 8, 16, 32
	if r.protocol != 6 || r.flags < 0 || r.flags&syn == 0 {
		return false, false
	}
	if r.flags&ack == 0 {
		return false, true
	}
	return true, r.flags&(psh|urg) == 0
}

// noteFlags keeps who began a 5-tuple, and the server that it names: by an
// answer of its own, or by a request that was not stopped.
func (b *modelBatch) noteFlags(r *modelRecord) {
	sourceServes, ok := r.byFlags()
	if !ok {
		return
	}
	t, fromB := r.tuple()
	began := b.began[t]
	if sourceServes != fromB {
		began[1] = true
	} else {
		began[0] = true
	}
	b.began[t] = began
	if sourceServes {
		b.named[modelServer{r.source(), r.protocol}] = true
	} else if !r.denied {
		b.named[modelServer{r.destination(), r.protocol}] = true
	}
}

// noteAddresses keeps what tells where an interface is, for IPv4 and IPv6 apart.
func (b *modelBatch) noteAddresses(r *modelRecord) {
	v4 := r.src.Is4()
	if b.owned[r.iface] == nil {
		b.owned[r.iface], b.direct[r.iface], b.shared[r.iface] = map[netip.Addr]bool{}, map[bool]bool{}, map[bool][]netip.Addr{}
	}
	switch r.direction {
	case ingress:
		b.owned[r.iface][r.dst], b.direct[r.iface][v4] = true, true
	case egress:
		b.owned[r.iface][r.src], b.direct[r.iface][v4] = true, true
	default:
		shared, met := b.shared[r.iface][v4]
		if !met {
			shared = []netip.Addr{r.src, r.dst}
		}
		b.shared[r.iface][v4] = slices.DeleteFunc(shared, func(a netip.Addr) bool { return a != r.src && a != r.dst })
	}
}

// An interface's own address is the one that all of its records have. With a
// single peer there are two, and nobody can tell.
func (b *modelBatch) ownShared() {
	for iface, families := range b.shared {
		for v4, shared := range families {
			if len(shared) == 1 && !b.direct[iface][v4] {
				b.owned[iface][shared[0]] = true
			}
		}
	}
}

// observer is where the record's interface stands: flow-direction says it, else
// its own address does.
func (b *modelBatch) observer(r *modelRecord, sourceServes bool) periplus.Observer {
	var atSource bool
	switch owned := b.owned[r.iface]; {
	case r.direction == egress:
		atSource = true
	case r.direction == ingress:
	case owned[r.src] == owned[r.dst]:
		return periplus.ObserverUnknown
	default:
		atSource = owned[r.src]
	}
	if atSource == sourceServes {
		return periplus.ObserverServer
	}
	return periplus.ObserverClient
}

// makeRows adds the batch's rows: one for each conversation, bucket, interface,
// object, verdict and observer.
func (b *modelBatch) makeRows(records []modelRecord) {
	rows := map[string]*modelRow{}
	var keys []string
	for i := range records {
		r := &records[i]
		sourceServes, rule := b.orient(r)
		b.reach("rule " + ruleNames[rule])
		client, server, direction := r.source(), r.destination(), 0
		if sourceServes {
			client, server, direction = server, client, 1
		}
		of := modelConversation{client.addr, server.addr, server.port, r.protocol}
		const bucket = 300
		observer := b.observer(r, sourceServes)
		key := fmt.Sprint(of, r.start/bucket, r.iface, r.object, r.log, r.denied, observer)
		row := rows[key]
		if row == nil {
			row = &modelRow{modelConversation: of, bucket: r.start / bucket * bucket, first: r.start, last: r.end,
				iface: r.iface, object: r.object, log: r.log, denied: r.denied, observer: observer,
				rule: rule, clientPorts: map[int]bool{}}
			rows[key], keys = row, append(keys, key)
		}
		row.first, row.last, row.rule = min(row.first, r.start), max(row.last, r.end), min(row.rule, rule)
		row.clientPorts[client.port] = true
		c := &row.counts[direction]
		c.known, c.packets, c.bytes = true, c.packets+r.packets, c.bytes+r.bytes
	}
	for _, k := range keys {
		b.rows = append(b.rows, *rows[k])
	}
}
