package digest

import (
	"cmp"

	"github.com/periplus/periplus/periplus"
)

// row is a flow row on its way: settled (a is the client, b the server) or
// waiting (a and b in order, the orientation open). It holds numbers only, so
// that millions of them mean nothing to the garbage collector.
type row struct {
	// What tells rows apart. An id is that of the batch's tables.
	a, b          ip
	aPort, bPort  uint32 // and 1; 0: none. A settled row's aPort is one of its client ports
	bucket        int32  // in units of periplus.Bucket
	place, reason uint32
	protocol      uint8
	verdict       periplus.Verdict
	stand         stand

	// What adds up.
	orient      uint8 // a settled row's rank of periplus.Orientation
	tcpFlags    uint8
	minutes     uint8
	has         has
	evid        evid // waiting rows only
	first, last int64
	ab, ba      counter
	records     uint32
	aOpened     uint32 // connections that a began
	bOpened     uint32 // waiting rows only
	note        uint32
	ports       uint32 // settled rows of more than one client port: a set

	object     int64
	id         uint64 // waiting rows that may come again
	natA, natB ip     // what the interface saw in place of a and b
}

type counter struct{ packets, bytes uint64 }

// has says which values of a row are known.
type has uint8

const (
	hasABPackets has = 1 << iota
	hasABBytes
	hasBAPackets
	hasBABytes
	hasOpened
	hasSampled // not a presence: the counters are estimates
	hasID
)

// swap exchanges the directions.
func (h has) swap() has {
	return h&^(hasABPackets|hasABBytes|hasBAPackets|hasBABytes) |
		h&(hasABPackets|hasABBytes)<<2 | h&(hasBAPackets|hasBABytes)>>2
}

// stand is where the interface stands by what the record says: at a, at b, in
// between, or not said; and whether packet and interface disagree on an address.
type stand uint8

const (
	standUnknown stand = iota
	standA
	standB
	standThrough
	standSide  stand = 3
	standOther stand = 4 // the packet's addresses are not the interface's
	standEvent stand = 8 // waiting rows: a firewall's decision, which measures nothing
)

func (s stand) swap() stand {
	if side := s & standSide; side == standA || side == standB {
		return s ^ standSide
	}
	return s
}

// evid is what a waiting row knows of its 5-tuple's orientation.
type evid uint8

const (
	evidAB     evid = 1 << iota // packets from a to b
	evidBA                      // packets from b to a
	evidFlagsA                  // a began it, by its flags
	evidFlagsB                  // b did
	evidNamedA                  // a began it, by the provider's order
	evidNamedB                  // b did
)

// rank orders the rules of orientation from the strongest, as a row keeps the
// strongest of its records.
func rank(o periplus.Orientation) uint8 {
	if o == periplus.ByUndecided {
		return uint8(periplus.ByPort) + 1
	}
	return uint8(o)
}

func orientation(rank uint8) periplus.Orientation {
	if rank > uint8(periplus.ByPort) {
		return periplus.ByUndecided
	}
	return periplus.Orientation(rank)
}

const bucketsPerHour = 12

func (r *row) hour() int32 {
	if r.bucket < 0 {
		return (r.bucket - bucketsPerHour + 1) / bucketsPerHour
	}
	return r.bucket / bucketsPerHour
}

// compareGroup orders settled rows as the result does, as far as ids do not
// matter: their numbers depend on who came first.
func (r *row) compareGroup(s *row) int {
	if r.bucket != s.bucket {
		if c := cmp.Compare(r.hour(), s.hour()); c != 0 {
			return c
		}
	}
	if r.a != s.a {
		return r.a.compare(s.a)
	}
	if r.b != s.b {
		return r.b.compare(s.b)
	}
	if r.bPort != s.bPort {
		return cmp.Compare(r.bPort, s.bPort)
	}
	if r.protocol != s.protocol {
		return cmp.Compare(r.protocol, s.protocol)
	}
	if r.bucket != s.bucket {
		return cmp.Compare(r.bucket, s.bucket)
	}
	return cmp.Compare(r.object, s.object)
}

// sameGroup reports whether compareGroup finds no difference.
func (r *row) sameGroup(s *row) bool {
	return r.a == s.a && r.b == s.b && r.bPort == s.bPort && r.protocol == s.protocol && r.bucket == s.bucket && r.object == s.object
}

// sortedKey orders the settled rows of one hour as compareGroup does, but for
// ties: all of a, b, port, protocol and bucket and half of the object where
// both ends are IPv4.
func (r *row) sortedKey() sortedKey {
	if !r.a.v4() {
		return sortedKey{r.a.hi>>1 | 1<<63, 0}
	}
	hi := r.a.lo << 32 >> 1
	if !r.b.v4() {
		return sortedKey{hi | 1<<30 | r.b.hi>>34, 0}
	}
	b := r.b.lo & (1<<32 - 1)
	inHour := uint64(r.bucket - r.hour()*bucketsPerHour)
	return sortedKey{hi | b>>2, b<<62 | uint64(r.bPort)<<45 | uint64(r.protocol)<<37 | inHour<<33 | (uint64(r.object)^1<<63)>>31}
}

// compareSettled goes on to everything that tells rows apart.
func (r *row) compareSettled(s *row) int {
	if c := r.compareGroup(s); c != 0 {
		return c
	}
	return r.compareRest(s)
}

func (r *row) compareRest(s *row) int {
	if r.place != s.place {
		return cmp.Compare(r.place, s.place)
	}
	if r.reason != s.reason {
		return cmp.Compare(r.reason, s.reason)
	}
	if r.verdict != s.verdict {
		return cmp.Compare(r.verdict, s.verdict)
	}
	return cmp.Compare(r.stand, s.stand)
}

// tuple is that of a waiting row.
func (r *row) tuple() tuple {
	return tuple{end{r.a, r.aPort}, end{r.b, r.bPort}, r.protocol}
}

// compareWaiting orders waiting rows by their 5-tuple's hash, and rows of one
// 5-tuple by what tells them apart.
func compareWaiting(r, s *row, rh, sh uint64) int {
	if rh != sh {
		return cmp.Compare(rh, sh)
	}
	if r.a != s.a {
		return r.a.compare(s.a)
	}
	if r.b != s.b {
		return r.b.compare(s.b)
	}
	if r.aPort != s.aPort {
		return cmp.Compare(r.aPort, s.aPort)
	}
	if r.bPort != s.bPort {
		return cmp.Compare(r.bPort, s.bPort)
	}
	if r.protocol != s.protocol {
		return cmp.Compare(r.protocol, s.protocol)
	}
	if r.bucket != s.bucket {
		return cmp.Compare(r.bucket, s.bucket)
	}
	if r.object != s.object {
		return cmp.Compare(r.object, s.object)
	}
	if r.id != s.id {
		return cmp.Compare(r.id, s.id)
	}
	return r.compareRest(s)
}

func sameTuple(r, s *row) bool {
	return r.a == s.a && r.b == s.b && r.aPort == s.aPort && r.bPort == s.bPort && r.protocol == s.protocol
}

// tooMany is where counters stop: a sum that reaches it is no longer known, and
// none ever wraps.
const tooMany = 1 << 62

// add adds the values of s, whose orientation is r's. Notes and ports are not
// numbers: see tables.merge and portsOf.
func (r *row) add(s *row) {
	r.orient = min(r.orient, s.orient)
	r.tcpFlags |= s.tcpFlags
	r.minutes |= s.minutes
	r.has |= s.has
	r.evid |= s.evid
	r.first, r.last = min(r.first, s.first), max(r.last, s.last)
	r.ab.packets = min(r.ab.packets+s.ab.packets, tooMany)
	r.ab.bytes = min(r.ab.bytes+s.ab.bytes, tooMany)
	r.ba.packets = min(r.ba.packets+s.ba.packets, tooMany)
	r.ba.bytes = min(r.ba.bytes+s.ba.bytes, tooMany)
	r.records += s.records
	r.aOpened += s.aOpened
	r.bOpened += s.bOpened
	r.natA, r.natB = firstNAT(r.natA, s.natA), firstNAT(r.natB, s.natB)
}

// firstNAT picks one of two addresses, the same in any order.
func firstNAT(a, b ip) ip {
	if a.zero() || !b.zero() && b.less(a) {
		return b
	}
	return a
}

// swap turns a row round.
func (r *row) swap(t *tables) {
	r.a, r.b = r.b, r.a
	r.aPort, r.bPort = r.bPort, r.aPort
	r.ab, r.ba = r.ba, r.ab
	r.aOpened, r.bOpened = r.bOpened, r.aOpened
	r.natA, r.natB = r.natB, r.natA
	r.has, r.stand = r.has.swap(), r.stand.swap()
	r.note = t.swapped(r.note)
}
