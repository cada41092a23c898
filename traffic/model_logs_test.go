package traffic

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// modelLogs are random logs of a few hours of few machines: so few that
// everything meets, the rules of ports most of all. Connections run in several
// batches and over the ends of hours; directions and whole interfaces are
// missing, packets are stopped on either side, and some logs keep denials only,
// for good or at first.
type modelLogs struct {
	r                 *rand.Rand
	flags, directions bool             // whether the logs have these columns
	dense             bool             // three machines that meet again and again
	vague             bool             // by ports that say nothing
	passedFrom        [modelLogged]int // the batch from which on an interface's logs keep what passed
	batches           [][]modelRecord
}

// The first logged machines have an interface of their own number; the others
// are strangers.
const (
	modelLogged   = 6
	modelMachines = 12
)

var (
	modelDay         = time.Date(2026, 10, 31, 22, 0, 0, 0, time.UTC) // its logs run into the next month
	modelServerPorts = []int{443, 22, 3306, 8080, 50051, 2049, 0, 123, 40001}
	modelClientPorts = []int{40000, 40001, 40002, 3306, 700, 50051, 123, 0}
	modelVaguePorts  = []int{40000, 40001, 50051, 60000} // nothing but flags says whose they are
	modelProtocols   = []int{6, 6, 6, 17, 1, 47}
)

func newModelLogs(r *rand.Rand) *modelLogs {
	w := &modelLogs{r: r, flags: r.IntN(3) > 0, directions: r.IntN(2) == 0}
	w.batches = make([][]modelRecord, 1+r.IntN(3))
	w.dense, w.vague = r.IntN(2) == 0, r.IntN(3) == 0
	if r.IntN(3) == 0 {
		for iface := range w.passedFrom {
			w.passedFrom[iface] = max(0, r.IntN(5)-1)
		}
	}
	for range 1 + r.IntN(60) {
		w.connection()
	}
	if r.IntN(3) == 0 {
		w.crowd()
	}
	return w
}

func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func modelAddr(machine int, v6 bool) netip.Addr {
	text := fmt.Sprintf("10.0.0.%d", machine+1)
	if v6 {
		text = fmt.Sprintf("2001:db8::%x", machine+1)
	} else if machine >= modelLogged {
		text = fmt.Sprintf("198.51.100.%d", machine)
	}
	return netip.MustParseAddr(text)
}

// modelFate is what happens to a connection's packets.
type modelFate int

const (
	stoppedAtServer modelFate = iota
	stoppedAnywhere           // by any interface, in a third of its windows
	answerStopped             // at the client
	_
	_
	_
	modelFates // all others pass
)

// connection is between any two machines, by ports that contradict each other.
func (w *modelLogs) connection() {
	client, server := w.r.IntN(modelMachines), w.r.IntN(modelLogged)
	if w.dense {
		client, server = w.r.IntN(3), w.r.IntN(3)
	}
	x := modelRecord{dstPort: oneOf(w.r, modelServerPorts...), srcPort: oneOf(w.r, modelClientPorts...), protocol: oneOf(w.r, modelProtocols...)}
	if w.vague {
		x.srcPort, x.dstPort = oneOf(w.r, modelVaguePorts...), oneOf(w.r, modelVaguePorts...)
	}
	if w.r.IntN(4) == 0 {
		x.srcPort = 49152 + w.r.IntN(3000)
	}
	w.meet(client, server, x)
}

// crowd meets at one end, or not quite, whose port is larger than any client's;
// or at several, so that a client's end has more than one peer.
func (w *modelLogs) crowd() {
	first, servers, ports := w.r.IntN(modelLogged), 1+w.r.IntN(4), 4+w.r.IntN(9)
	for range 8 + w.r.IntN(30) {
		x := modelRecord{dstPort: 60000, srcPort: 49152 + w.r.IntN(ports), protocol: 17}
		w.meet(w.r.IntN(modelMachines), (first+w.r.IntN(servers))%modelLogged, x)
	}
}

// meet writes what two machines say to each other in up to four windows.
func (w *modelLogs) meet(client, server int, x modelRecord) {
	if client == server {
		return
	}
	v6 := w.r.IntN(8) == 0
	x.src, x.dst, x.flags = modelAddr(client, v6), modelAddr(server, v6), -1
	fate := modelFate(w.r.IntN(int(modelFates)))
	for range 1 + w.r.IntN(4) {
		batch := w.r.IntN(len(w.batches))
		x.start = modelDay.Unix() + w.r.Int64N(3*3600)
		if w.r.IntN(4) == 0 { // around the end of an hour
			x.start = modelDay.Unix() + 3600*(1+w.r.Int64N(2)) - 100 + w.r.Int64N(200)
		}
		x.end = x.start + w.r.Int64N(60)
		if w.r.IntN(4) == 0 {
			x.end = x.start + w.r.Int64N(600)
		}
		for _, machine := range []int{client, server} {
			if machine < modelLogged && w.r.IntN(5) > 0 {
				x.iface = machine
				w.window(batch, x, machine == client, fate)
			}
		}
	}
}

// window writes what one interface saw of a connection: a record for what the
// client sent and one for the answer, of which some are missing.
func (w *modelLogs) window(batch int, of modelRecord, atClient bool, fate modelFate) {
	for _, answer := range []bool{false, true} {
		if w.r.IntN(4) == 0 {
			continue
		}
		x := of
		x.object = batch*10 + w.r.IntN(3)
		x.packets = 1 + w.r.Int64N(20)
		x.bytes = x.packets * 100
		late := w.r.Int64N(20)
		x.start, x.end = x.start+late, x.end+late
		if answer {
			x.src, x.dst, x.srcPort, x.dstPort = x.dst, x.src, x.dstPort, x.srcPort
		}
		switch fate {
		case stoppedAtServer:
			x.denied = !atClient && !answer
		case stoppedAnywhere:
			x.denied = w.r.IntN(3) == 0
		case answerStopped:
			x.denied = atClient && answer
		}
		if !x.denied && batch < w.passedFrom[x.iface] {
			continue
		}
		if w.flags {
			x.flags = w.someFlags(x.protocol, answer)
			if w.vague && batch < len(w.batches)-1 {
				x.flags = 0 // who serves is told at last
			}
		}
		if w.directions && w.r.IntN(12) > 0 {
			x.direction = ingress
			if atClient != answer {
				x.direction = egress
			}
		}
		w.batches[batch] = append(w.batches[batch], x)
	}
}

// someFlags are mostly none: of a long connection most windows have no SYN.
func (w *modelLogs) someFlags(protocol int, answer bool) int {
	const fin, syn, rst, psh, ack = 1, 2, 4, 8, 16
	switch {
	case protocol != 6 || w.r.IntN(3) > 0:
		return 0
	case w.r.IntN(6) == 0:
		return oneOf(w.r, fin, rst, syn|psh|ack, ack)
	case answer:
		return syn | ack
	}
	return oneOf(w.r, syn, syn|fin)
}

func (w *modelLogs) header() string {
	h := "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	if w.flags {
		h += " tcp-flags"
	}
	if w.directions {
		h += " flow-direction"
	}
	return h
}

func (w *modelLogs) line(x *modelRecord) string {
	action := "ACCEPT"
	if x.denied {
		action = "REJECT"
	}
	s := fmt.Sprintf("5 111122223333 eni-%02d %s %s %d %d %d %d %d %d %d %s OK",
		x.iface, x.src, x.dst, x.srcPort, x.dstPort, x.protocol, x.packets, x.bytes, x.start, x.end, action)
	if w.flags {
		s += " " + fmt.Sprint(x.flags)
	}
	if w.directions {
		s += " " + [...]string{"-", "ingress", "egress"}[x.direction]
	}
	return s
}

// text is an object of these records.
func (w *modelLogs) text(records []modelRecord) string {
	lines := []string{w.header()}
	for i := range records {
		lines = append(lines, w.line(&records[i]))
	}
	return strings.Join(lines, "\n") + "\n"
}
