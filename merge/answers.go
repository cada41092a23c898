package merge

import (
	"hash/maphash"
	"net/netip"

	"github.com/periplus/periplus/periplus"
)

// Answers tell which rows have the two ends the wrong way round because the
// batch that they come from held one direction only: who sent was taken for the
// client (rule 5), and sent an answer. Where a row of another batch shows the
// requests, the rule does not apply. First Want is called with all rows, then
// See with those of the conversations that are wanted. The zero value works.
type Answers struct {
	seed maphash.Seed
	// wanted are hashes of what Want was called with: in an hour of heavy
	// scanning those are millions, of which hardly any is an answer.
	wanted map[uint64]struct{}
	asked  map[asking]*asked
}

// asking is the conversation that a row belongs to if it is an answer.
type asking struct {
	client, server netip.Addr
	port           uint16
	protocol       uint8
}

// asked is what is known of one.
type asked struct {
	settled bool     // by several client ports, or by a rule that saw both directions
	ports   []uint16 // of clients that are only known to have sent
}

// Want takes note of a row that may be an answer.
func (a *Answers) Want(f *periplus.Flow) {
	if !oneWay(f) {
		return
	}
	if a.wanted == nil {
		a.seed, a.wanted, a.asked = maphash.MakeSeed(), map[uint64]struct{}{}, map[asking]*asked{}
	}
	a.wanted[a.hash(askingOf(f))] = struct{}{}
}

func (a *Answers) hash(k asking) uint64 {
	var b [35]byte
	client, server := k.client.As16(), k.server.As16()
	copy(b[:], client[:])
	copy(b[16:], server[:])
	b[32], b[33], b[34] = byte(k.port), byte(k.port>>8), k.protocol
	return maphash.Bytes(a.seed, b[:])
}

func oneWay(f *periplus.Flow) bool {
	return f.OrientedBy == periplus.ByOneWay && f.HasClientPort && f.HasPort
}

func askingOf(f *periplus.Flow) asking {
	return asking{f.Server, f.Client, f.ClientPort, f.Protocol}
}

// Wants reports whether rows of a conversation could be what was answered.
func (a *Answers) Wants(client, server netip.Addr, port uint16, protocol uint8) bool {
	if a.wanted == nil {
		return false
	}
	_, ok := a.wanted[a.hash(asking{client, server, port, protocol})]
	return ok
}

// See takes a row of a conversation of which Wants says so.
func (a *Answers) See(f *periplus.Flow) {
	if !f.HasPort {
		return
	}
	of := asking{f.Client, f.Server, f.ServerPort, f.Protocol}
	k := a.asked[of]
	if k == nil {
		k = &asked{}
		a.asked[of] = k
	}
	switch {
	case k.settled:
	case oneWay(f):
		k.ports = append(k.ports, f.ClientPort)
	default:
		k.settled = true
	}
}

// Has reports whether a row is an answer.
func (a *Answers) Has(f *periplus.Flow) bool {
	if a == nil || !oneWay(f) {
		return false
	}
	k := a.asked[askingOf(f)]
	if k == nil || k.settled {
		return k != nil
	}
	for _, p := range k.ports {
		if p == f.ServerPort {
			return serves(f)
		}
	}
	return false
}

// serves reports whether the client that a row names is the server by the rules
// for a 5-tuple that has both directions, as far as a row can tell: 7 to 9.
func serves(f *periplus.Flow) bool {
	if a, b := periplus.ServiceRegistered(f.ClientPort, f.Protocol), periplus.ServiceRegistered(f.ServerPort, f.Protocol); a != b {
		return a
	}
	if f.ClientPort != f.ServerPort {
		return f.ClientPort < f.ServerPort
	}
	return f.Client.Less(f.Server)
}
