package digest

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// ip is an address as 16 bytes, IPv4 mapped: half of a netip.Addr's size, no
// pointer, and addresses spelled in several ways are one.
type ip struct{ hi, lo uint64 }

const v4Prefix = 0xffff

func ipOf(a netip.Addr) ip {
	if a.Is4() {
		b := a.As4()
		return ip{0, v4Prefix<<32 | uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return ip{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a ip) addr() netip.Addr {
	if a.v4() {
		return netip.AddrFrom4([4]byte{byte(a.lo >> 24), byte(a.lo >> 16), byte(a.lo >> 8), byte(a.lo)})
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

func (a ip) zero() bool { return a.hi|a.lo == 0 }

func (a ip) v4() bool { return a.hi == 0 && a.lo>>32 == v4Prefix }

func (a ip) less(b ip) bool { return a.compare(b) < 0 }

// compare orders as netip.Addr.Compare does: IPv4 first.
func (a ip) compare(b ip) int {
	switch {
	case a.hi != b.hi:
		return cmp.Compare(a.hi, b.hi)
	case a.lo == b.lo:
		return 0
	case a.hi == 0 && a.v4() != b.v4():
		if a.v4() {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.lo, b.lo)
}

// prefix is 64 bits that order addresses as compare does, but for ties: exact
// for IPv4, the network half for IPv6.
func (a ip) prefix() uint64 {
	if a.v4() {
		return uint64(uint32(a.lo))
	}
	return a.hi>>1 | 1<<63
}

// public reports whether an address is reachable on the internet by its range.
func (a ip) public() bool {
	n := a.addr()
	return n.IsGlobalUnicast() && !n.IsPrivate() && !cgnat.Contains(n)
}

var cgnat = netip.MustParsePrefix("100.64.0.0/10")

// mix folds two words into one; every bit of both counts.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	return hi ^ lo
}

// A port is kept as its number and one, so that "no port" is 0 and sorts first.
const noPort = 0

// end is one end of a 5-tuple.
type end struct {
	addr ip
	port uint32
}

func (e end) less(o end) bool {
	if e.addr != o.addr {
		return e.addr.less(o.addr)
	}
	return e.port < o.port
}

// hash of an end, for one protocol.
func (e end) hash(protocol uint8) uint64 {
	return mix(mix(e.addr.hi, e.addr.lo), uint64(e.port)<<8|uint64(protocol))
}

// tuple is a 5-tuple with its ends in order, so that both directions are one.
type tuple struct {
	a, b     end
	protocol uint8
}

// hash leaves its low bits to evidence.
func (t *tuple) hash() uint64 {
	h := mix(mix(t.a.addr.hi, t.a.addr.lo), mix(t.b.addr.hi, t.b.addr.lo))
	return mix(h, uint64(t.a.port)<<32|uint64(t.b.port)<<8|uint64(t.protocol)) &^ tupleBits
}
