package format

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// The default order of v2 is most of what there is in the world, so it has a
// path of its own: words are found and read eight bytes at a time, without a
// branch on how many digits there are, which is what costs the general path
// most (wrongly predicted branches). Whatever is unusual in a line ("-", IPv6,
// two spaces, a bad number) makes it give up, and the general path decides.

const (
	ones  = 0x0101010101010101
	tops  = 0x8080808080808080
	zeros = 0x3030303030303030 // eight '0'
)

// notDigits has the top bit set of each byte of '0'-xored x that is no digit;
// true up to and including the lowest such byte.
func notDigits(x uint64) uint64 { return (x + 0x76*ones | x) & tops }

// eight is the number of up to eight digits in the low n bytes of x, which is
// xored with '0'.
func eight(x uint64, n int) uint64 {
	x <<= uint(64-8*n) & 63
	x = x*10 + x>>8
	return (x&0x000000ff000000ff*(100+1000000<<32) + x>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
}

// fastUint reads up to eight digits and the space after them; next is 0 when
// it cannot.
func fastUint(b []byte, i int) (v uint64, next int) {
	if i+9 > len(b) {
		return 0, 0
	}
	x := binary.LittleEndian.Uint64(b[i:]) ^ zeros
	m := notDigits(x)
	n := bits.TrailingZeros64(m) >> 3 // 8 where all are digits
	if n == 0 || b[i+n] != ' ' {
		return 0, 0
	}
	return eight(x, n), i + n + 1
}

// fastSeconds reads ten digits and the space after them.
func fastSeconds(b []byte, i int) (v int64, next int) {
	if i+11 > len(b) || b[i+10] != ' ' {
		return 0, 0
	}
	x := binary.LittleEndian.Uint64(b[i:]) ^ zeros
	c, d := b[i+8]-'0', b[i+9]-'0'
	if notDigits(x) != 0 || c > 9 || d > 9 {
		return 0, 0
	}
	return int64(eight(x, 8)*100 + uint64(c)*10 + uint64(d)), i + 11
}

// fastIPv4 reads an IPv4 address and the space after it.
func fastIPv4(b []byte, i int) (addr netip.Addr, next int) {
	var w *middle
	if i+20 > len(b) || cap(b)-i < len(w) {
		return addr, 0
	}
	w = (*middle)(b[i : i+len(w)])
	m := w.mark(0) | w.mark(8)
	d1, m := lowest(m)
	d2, m := lowest(m)
	d3, m := lowest(m)
	end, _ := lowest(m)
	if end > 15 || (w[d1]^'.')|(w[d2]^'.')|(w[d3]^'.')|(w[end]^' ') != 0 {
		return addr, 0
	}
	addr, ok := w.ipv4(0, d1, d2, d3, end)
	if !ok {
		return addr, 0
	}
	return addr, i + end + 1
}

// lowest is the place of the lowest bit of m, 64 where there is none, and m
// without it.
func lowest(m uint64) (at int, rest uint64) { return bits.TrailingZeros64(m), m & (m - 1) }

// middle is a part of a line, such as that whose words have no fixed width, and
// what lies behind it: it is read eight bytes at a time wherever a word begins.
type middle [maxMiddle + 8]byte

const maxMiddle = 64

// marks has a bit for each of the first 64 bytes that is no digit. To know where
// all words end before the first is read lets the processor read them at once.
func (w *middle) marks() uint64 {
	return w.mark(0) | w.mark(8) | w.mark(16) | w.mark(24) | w.mark(32) | w.mark(40) | w.mark(48) | w.mark(56)
}

// mark is the bits of the eight bytes from i on.
func (w *middle) mark(i int) uint64 {
	x := binary.LittleEndian.Uint64(w[i:i+8]) ^ zeros
	over := (x&^uint64(tops) + 0x76*ones | x) & tops // exact for every byte, unlike notDigits
	return over >> 7 * 0x0102040810204080 >> 56 << i
}

// uint is the number of the digits from i to end; false: there are none, or
// more than eight.
func (w *middle) uint(i, end int) (uint64, bool) {
	n := end - i
	return eight(binary.LittleEndian.Uint64(w[i&63:])^zeros, n), uint(n-1) < 8
}

// ipv4 is the address from i to end with dots at d1, d2 and d3.
func (w *middle) ipv4(i, d1, d2, d3, end int) (netip.Addr, bool) {
	n1, n2, n3, n4 := d1-i, d2-d1-1, d3-d2-1, end-d3-1
	x, bad1 := octets(w.octet(i, n1), w.octet(d1+1, n2), n1, n2)
	y, bad2 := octets(w.octet(d2+1, n3), w.octet(d3+1, n4), n3, n4)
	ok := bad1|bad2|uint64((n1|n2|n3|n4)&^3) == 0
	return netip.AddrFrom4([4]byte{byte(x), byte(x >> 32), byte(y), byte(y >> 32)}), ok
}

// octet is n digits at i in the upper bytes, as many as there are.
func (w *middle) octet(i, n int) uint64 {
	return uint64((binary.LittleEndian.Uint32(w[i&63:]) ^ zeros&(1<<32-1)) << (uint(32-8*n) & 31))
}

// leastOctet is the least number that so many digits are for. None are for any.
var leastOctet = [4]uint64{1 << 12, 0, 10, 100}

// octets are two numbers of n and m digits, in the halves of v. bad is 0 where
// both are 0 to 255 and begin with no zero that says nothing.
func octets(x, y uint64, n, m int) (v, bad uint64) {
	const (
		lanes = 0x00ff00ff00ff00ff
		over  = 0x0000ff000000ff00
		under = 0x0000800000008000
	)
	x |= y << 32
	x = (x*10 + x>>8) & lanes
	v = (x*100 + x>>16) & 0x0000ffff0000ffff
	least := leastOctet[n&3] | leastOctet[m&3]<<32
	return v, v&over | ^(v|under-least)&under
}

// A fastTable has so many slots, and so many of them may hold a place.
const (
	fastBits  = 13
	fastTries = 8
)

// maxFastPlaces is how many it remembers at most.
const maxFastPlaces = 1 << 17

// fastTable finds places by the words of a line that name them,
// "111122223333 eni-0aaa ", by 128 bits of their hash. The words themselves
// would take three times the cache, which is what finding a place costs. The
// keys are drawn by lot, so nobody can write logs whose words collide.
type fastTable struct {
	keys  [6]uint64
	slots []fastSlot // by hash; a place that another took the slot of is in all
	all   map[string]*periplus.Place
}

// fastSlot is a place by the hash of its words.
type fastSlot struct {
	hash  [2]uint64
	place *periplus.Place
}

func newFastTable() *fastTable {
	t := &fastTable{slots: make([]fastSlot, 1<<fastBits), all: map[string]*periplus.Place{}}
	for i := range t.keys {
		t.keys[i] = rand.Uint64()
	}
	return t
}

// How many bytes of words a hash takes.
const (
	minFastWords = 18
	maxFastWords = 40
)

// hash takes words of minFastWords to maxFastWords bytes.
func (t *fastTable) hash(words []byte) [2]uint64 {
	n := len(words)
	at := func(i int) uint64 { return binary.LittleEndian.Uint64(words[i:]) }
	h1, l1 := bits.Mul64(at(0)^t.keys[0], at(8)^t.keys[1])
	h2, l2 := bits.Mul64(at(min(16, n-8))^t.keys[2], at(n-16)^t.keys[3])
	h3, l3 := bits.Mul64(at(n-8)^t.keys[4], uint64(n)^t.keys[5])
	return [2]uint64{h1 ^ bits.RotateLeft64(l2, 21) ^ h3, l1 ^ bits.RotateLeft64(h2, 43) ^ l3}
}

// fastV2 reads a line of the default order. False: read it the other way.
func (p *awsParser) fastV2(b []byte, rec *periplus.Record) bool {
	if len(b) < 80 || b[1] != ' ' || b[0]-'2' > 7 {
		return false
	}
	// Both words of the place together, and the slot that they hash to. An
	// account has 12 digits, an interface mostly 21 letters.
	i := 2
	if b[14] == ' ' {
		i = 14
	}
	for i < len(b)-40 && b[i] != ' ' {
		i++
	}
	i++
	if b[i+21] == ' ' && b[i+3] == '-' {
		i += 21
	}
	for i < len(b)-40 && b[i] != ' ' {
		i++
	}
	i++
	who := b[2:i]
	if len(who) < minFastWords || len(who) > maxFastWords {
		return false
	}
	hash := p.fast.hash(who)
	f := p.fast.find(hash)
	if f.place == nil || f.hash != hash {
		place := p.fastMiss(who)
		if place == nil {
			return false
		}
		f.place, f.hash = place, hash
	}
	// What follows ends with words of fixed width.
	tail := len(b) - len("1700000000 1700000060 ACCEPT OK")
	n := tail - i
	if n <= 0 || n > maxMiddle {
		return false
	}
	var w *middle
	if cap(b)-i >= len(w) {
		w = (*middle)(b[i : i+len(w)]) // what follows the line is not looked at
	} else {
		var room middle
		copy(room[:], b[i:])
		w = &room
	}
	m := w.marks() & (1<<n - 1)
	next := func() (k int) {
		k, m = lowest(m)
		return k
	}
	s1, s2, s3, s4 := next(), next(), next(), next()
	src, ok1 := w.ipv4(0, s1, s2, s3, s4)
	d1, d2, d3, d4 := next(), next(), next(), next()
	dst, ok2 := w.ipv4(s4+1, d1, d2, d3, d4)
	e1, e2, e3, e4, e5 := next(), next(), next(), next(), next()
	if e5 != n-1 || !ok1 || !ok2 {
		return false
	}
	// ^ binds no tighter than |.
	dots := (w[s1] ^ '.') | (w[s2] ^ '.') | (w[s3] ^ '.') | (w[d1] ^ '.') | (w[d2] ^ '.') | (w[d3] ^ '.')
	spaces := (w[s4] ^ ' ') | (w[d4] ^ ' ') | (w[e1] ^ ' ') | (w[e2] ^ ' ') | (w[e3] ^ ' ') | (w[e4] ^ ' ') | (w[e5] ^ ' ')
	sport, ok1 := w.uint(d4+1, e1)
	dport, ok2 := w.uint(e1+1, e2)
	proto, ok3 := w.uint(e2+1, e3)
	packets, ok4 := w.uint(e3+1, e4)
	bytes, ok5 := w.uint(e4+1, e5)
	if dots|spaces != 0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || sport|dport > 65535 || proto > 255 {
		return false
	}
	start, i := fastSeconds(b, tail)
	end, j := fastSeconds(b, tail+11)
	if i == 0 || j == 0 || end < start || start*1000 < p.minMilli || end*1000 > p.maxMilli {
		return false
	}
	verdict := periplus.Allowed
	switch string(b[tail+22:]) {
	case "ACCEPT OK":
	case "REJECT OK":
		verdict = periplus.Denied
	default:
		return false
	}
	*rec = periplus.Record{}
	rec.Place = f.place
	rec.Src, rec.Dst = src, dst
	rec.SrcPort, rec.DstPort, rec.Protocol = uint16(sport), uint16(dport), uint8(proto)
	rec.Packets, rec.Bytes = packets, bytes
	rec.Has = periplus.HasSrcPort | periplus.HasDstPort | periplus.HasProtocol | periplus.HasPackets | periplus.HasBytes
	rec.Start, rec.End = time.Unix(start, 0).UTC(), time.Unix(end, 0).UTC()
	rec.Booked = rec.Start
	rec.Verdict = verdict
	return true
}

// find returns the slot of a hash, or the one that it may take.
func (t *fastTable) find(hash [2]uint64) *fastSlot {
	first := hash[0] >> (64 - fastBits)
	for i := range uint64(fastTries) {
		f := &t.slots[(first+i)&(1<<fastBits-1)]
		if f.place == nil || f.hash == hash {
			return f
		}
	}
	return &t.slots[first]
}

// fastMiss finds the place of words, "account interface ", or nil when they are
// no such thing.
func (p *awsParser) fastMiss(words []byte) *periplus.Place {
	if f := p.fast.all[string(words)]; f != nil {
		return f
	}
	a, end := tokenEnd(words, 0), len(words)-1
	if a == 0 || a+1 >= end || tokenEnd(words, a+1) != end || words[end] != ' ' || words[0] == '#' || words[a+1] == '#' {
		return nil
	}
	p.share.set(awsAccount, words[:a])
	p.share.set(awsInterface, words[a+1:end])
	p.share.lookup(p.dirty|dirtyPlace, false)
	p.dirty = 0
	if len(p.fast.all) >= maxFastPlaces {
		clear(p.fast.all)
	}
	p.fast.all[string(words)] = p.share.place
	return p.share.place
}
