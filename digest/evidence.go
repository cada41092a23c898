package digest

import (
	"github.com/periplus/periplus/periplus"
)

// A 5-tuple's evidence is its hash with what was found in the low bits: eight
// bytes for each tuple that flags or the provider oriented and that may wait
// elsewhere.
const (
	evidenceBReq     = 1 << 0 // b began it, else a
	evidenceProvider = 1 << 1 // by the provider's order, else by flags
)

// evidenceOf is what a hash of evidence says.
func evidenceOf(h uint64) evid {
	switch h & (evidenceBReq | evidenceProvider) {
	case 0:
		return evidFlagsA
	case evidenceBReq:
		return evidFlagsB
	case evidenceProvider:
		return evidNamedA
	}
	return evidNamedB
}

// hashSet is a set of hashes: open addressing, no allocation once it has grown.
type hashSet struct {
	slots []uint64
	n     int
}

func (s *hashSet) add(h uint64) {
	if h == 0 {
		h = 1 << 24
	}
	if s.n*4 >= len(s.slots)*3 {
		old := s.slots
		s.slots = make([]uint64, max(minIndex, 2*len(old)))
		for _, h := range old {
			if h != 0 {
				s.slots[s.slot(h)] = h
			}
		}
	}
	if i := s.slot(h); s.slots[i] == 0 {
		s.slots[i] = h
		s.n++
	}
}

// slot is where h is or belongs.
func (s *hashSet) slot(h uint64) uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := (h ^ h>>32) & mask; ; i = (i + 1) & mask {
		if e := s.slots[i]; e == 0 || e == h {
			return i
		}
	}
}

func (s *hashSet) reset() {
	if s.n*16 < len(s.slots) {
		s.slots = nil // grown for a larger object
	}
	clear(s.slots)
	s.n = 0
}

// ruling is how a record's 5-tuple is oriented and by what.
type ruling struct {
	rank uint8
	rev  bool // dst is the client
	ok   bool // else it waits
}

const privilegedBelow = 1024 + 1 // as ports are kept

// byFlags reads a record's own TCP flags: SYN alone is the client's. Where PSH
// or URG are logged too, ACK may have come later than SYN and says nothing.
func byFlags(r *periplus.Record) (rev, ok bool) {
	if r.Has&periplus.HasTCPFlags == 0 || r.Protocol != 6 || r.TCPFlags&periplus.SYN == 0 {
		return false, false
	}
	if r.TCPFlags&periplus.ACK == 0 {
		return false, true
	}
	return true, r.TCPFlags&(periplus.PSH|periplus.URG) == 0
}

// byPrivileged is rule 4 for two ports as they are kept: whether exactly one
// is below 1024, and whether it is a's.
func byPrivileged(a, b uint32) (aServes, ok bool) {
	x := a != noPort && a < privilegedBelow
	y := b != noPort && b < privilegedBelow
	return x, x != y
}

// registered is rule 7's list for a port as it is kept.
func registered(port uint32, protocol uint8) bool {
	return port != noPort && periplus.ServiceRegistered(uint16(port-1), protocol)
}

// mayWait reports whether records of such ports wait for the batch's end where
// nothing of their own settles them. A privileged port settles them but for one
// against a registered service: NFS clients have ports below 1024.
func mayWait(a, b uint32, protocol uint8) bool {
	aServes, ok := byPrivileged(a, b)
	if !ok {
		return true
	}
	if aServes {
		return registered(b, protocol)
	}
	return registered(a, protocol)
}
