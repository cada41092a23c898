package traffic

import (
	"github.com/periplus/periplus/periplus"
)

// orient says whether a record's source is the server, by the first rule that
// applies.
func (b *modelBatch) orient(r *modelRecord) (sourceServes bool, by modelRule) {
	if serves, rule, ok := b.settled(r); ok {
		return serves, rule
	}
	t, fromB := r.tuple()
	aServes, rule := b.weigh(t)
	return aServes != fromB, rule
}

// settled is what a record says by itself: its own flags, or a privileged port
// that nothing speaks against, neither a server that is known from earlier
// batches nor a registered service at the other end. All others wait for the
// batch's end.
func (b *modelBatch) settled(r *modelRecord) (sourceServes bool, by modelRule, ok bool) {
	if serves, ok := r.byFlags(); ok {
		return serves, ruleFlags, true
	}
	from, to := r.source(), r.destination()
	serves, ok := byPrivileged(from, to)
	if !ok {
		return false, 0, false
	}
	other := from
	if serves {
		other = to
	}
	if registered(other, r.protocol) {
		return false, 0, false
	}
	known, is := byKnown(b.servers, modelTuple{from, to, r.protocol})
	if is && known != serves {
		return false, 0, false
	}
	if is {
		return serves, ruleKnown, true
	}
	return serves, rulePrivileged, true
}

// weigh says whether a serves, by all that the batch knows of a 5-tuple.
func (b *modelBatch) weigh(t modelTuple) (aServes bool, by modelRule) {
	if serves, rule, ok := b.byEvidence(t); ok {
		return serves, rule
	}
	if serves, ok := b.byFanIn(t); ok {
		return serves, ruleFanIn
	}
	return byPorts(t)
}

// byEvidence are rules 1 to 5.
func (b *modelBatch) byEvidence(t modelTuple) (aServes bool, by modelRule, ok bool) {
	if began := b.began[t]; began[0] != began[1] {
		return began[1], ruleFlags, true
	}
	servers := map[modelServer]bool{}
	for _, e := range []modelEnd{t.a, t.b} {
		s := modelServer{e, t.protocol}
		servers[s] = b.servers[s] || b.named[s]
	}
	if serves, ok := byKnown(servers, t); ok {
		return serves, ruleKnown, true
	}
	if serves, ok := byPrivileged(t.a, t.b); ok {
		return serves, rulePrivileged, true
	}
	if sent := b.sent[t]; sent[0] != sent[1] {
		return sent[1], ruleOneWay, true
	}
	return false, 0, false
}

// Rule 3: exactly one end is known to be a server.
func byKnown(servers map[modelServer]bool, t modelTuple) (aServes, ok bool) {
	a, b := servers[modelServer{t.a, t.protocol}], servers[modelServer{t.b, t.protocol}]
	return a, a != b
}

// Rule 4: exactly one port is below 1024.
func byPrivileged(a, b modelEnd) (aServes, ok bool) {
	x, y := a.port >= 0 && a.port < 1024, b.port >= 0 && b.port < 1024
	return x, x != y
}

// noteSent keeps in which directions a 5-tuple sent (rule 5), as far as its
// records wait.
func (b *modelBatch) noteSent(records []modelRecord) {
	for i := range records {
		r := &records[i]
		if _, _, ok := b.settled(r); ok {
			continue
		}
		t, fromB := r.tuple()
		sent := b.sent[t]
		if fromB {
			sent[1] = sent[1] || r.packets > 0
		} else {
			sent[0] = sent[0] || r.packets > 0
		}
		b.sent[t] = sent
	}
}

// meet counts the peers of rule 6: of what no rule before it settles, both ends
// meet one; of what went one way only, who was asked does, because a scanner's
// fixed source port is no server.
func (b *modelBatch) meet() {
	for t := range b.sent {
		aServes, rule, ok := b.byEvidence(t)
		if !ok || rule == ruleOneWay && aServes {
			b.peers[modelServer{t.a, t.protocol}]++
		}
		if !ok || rule == ruleOneWay && !aServes {
			b.peers[modelServer{t.b, t.protocol}]++
		}
	}
}

// Rule 6: 8 or more peers meet at one end and at most 2 at the other.
func (b *modelBatch) byFanIn(t modelTuple) (aServes, ok bool) {
	if t.a.port < 0 {
		return false, false
	}
	x, y := b.peers[modelServer{t.a, t.protocol}], b.peers[modelServer{t.b, t.protocol}]
	return x >= 8, x >= 8 && y <= 2 || y >= 8 && x <= 2
}

func registered(e modelEnd, protocol int) bool {
	return e.port >= 0 && periplus.ServiceRegistered(uint16(e.port), uint8(protocol))
}

// byPorts are rules 7 to 9: exactly one port is a registered service's, else the
// smaller port is the server's, else the smaller address.
func byPorts(t modelTuple) (aServes bool, by modelRule) {
	if a, b := registered(t.a, t.protocol), registered(t.b, t.protocol); a != b {
		return a, ruleService
	}
	if t.a.port != t.b.port {
		return t.a.port < t.b.port, rulePort
	}
	return true, ruleUndecided
}

// clientPort is what a row of a weak rule keeps: the port of its only 5-tuple.
func (r *modelRow) clientPort() (port int, ok bool) {
	if r.rule < ruleOneWay || r.port < 0 || len(r.clientPorts) != 1 {
		return 0, false
	}
	for p := range r.clientPorts {
		port = p
	}
	return port, true
}

// turns reports whether a row has its ends the wrong way round by what is known
// now: its client has been named as a server since and its server has not, or
// it is the answer to what another row shows.
func (m *model) turns(r *modelRow, others []modelRow) bool {
	port, ok := r.clientPort()
	if !ok {
		return false
	}
	client, server := modelEnd{r.client, port}, modelEnd{r.server, r.port}
	switch {
	case m.servers[modelServer{server, r.protocol}]:
		return false
	case m.servers[modelServer{client, r.protocol}]:
		m.reach("turned by what is known")
		return true
	case r.rule != ruleOneWay:
		return false
	}
	asked := modelConversation{server.addr, client.addr, port, r.protocol}
	both := false // the 5-tuple went both ways, in two batches
	for i := range others {
		if others[i].modelConversation != asked {
			continue
		}
		p, ok := others[i].clientPort()
		if !ok || others[i].rule != ruleOneWay {
			m.reach("turned as an answer")
			return true // a rule that saw both ways, or several client ports, say who serves
		}
		both = both || p == r.port
	}
	t := tupleOf(client, server, r.protocol)
	aServes, _ := byPorts(t)
	if both && aServes == (t.a == client) {
		m.reach("turned by its ports")
		return true
	}
	return false
}

// turned is the row with its ends the other way round.
func (r modelRow) turned() modelRow {
	port, _ := r.clientPort()
	r.modelConversation = modelConversation{r.server, r.client, port, r.protocol}
	r.counts[0], r.counts[1] = r.counts[1], r.counts[0]
	switch r.observer {
	case periplus.ObserverClient:
		r.observer = periplus.ObserverServer
	case periplus.ObserverServer:
		r.observer = periplus.ObserverClient
	}
	return r
}
