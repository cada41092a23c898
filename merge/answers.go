package merge

import (
	"net/netip"

	"github.com/periplus/periplus/periplus"
)

// Answers tell which rows have the two ends the wrong way round because the
// batch that they come from held one direction only: who sent was taken for the
// client (rule 5), and sent an answer. Where a row of another batch shows the
// requests, the rule does not apply. First Want is called with all rows, then
// See with those of the conversations that are wanted. The zero value works.
type Answers struct {
	asked map[asking]*asked
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
	if a.asked == nil {
		a.asked = map[asking]*asked{}
	}
	if k := askingOf(f); a.asked[k] == nil {
		a.asked[k] = &asked{}
	}
}

func oneWay(f *periplus.Flow) bool {
	return f.OrientedBy == periplus.ByOneWay && f.HasClientPort && f.HasPort
}

func askingOf(f *periplus.Flow) asking {
	return asking{f.Server, f.Client, f.ClientPort, f.Protocol}
}

// Wants reports whether rows of a conversation could be what was answered.
func (a *Answers) Wants(client, server netip.Addr, port uint16, protocol uint8) bool {
	return a.asked[asking{client, server, port, protocol}] != nil
}

// See takes a row of a conversation that is wanted.
func (a *Answers) See(f *periplus.Flow) {
	if !f.HasPort {
		return
	}
	k := a.asked[asking{f.Client, f.Server, f.ServerPort, f.Protocol}]
	switch {
	case k == nil || k.settled:
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
