package digest

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/periplus/periplus/periplus"
)

// Rows that wait or are settled are kept as bytes, in memory and on disk alike:
// about 35 of them, as neighbours in a sorted run share most of their key. A
// row begins with six bytes of flags and small values and with how wide its
// numbers are; what equals the row before, or is nothing, is left out. Numbers
// are read eight bytes at a time and cut to their width, as a branch a byte
// would cost more than the rest.

// Bits of a row's first byte.
const (
	sameA = 1 << iota
	sameB
	samePort // and protocol
	sameBucket
	sameObject
	samePlace
	withNAT
	withPorts
)

// Bits of its third byte, above verdict and stand, and of its fourth, above orient.
const (
	aIs4      = 1 << 6
	bIs4      = 1 << 7
	withNote  = 1 << 4
	withEvid  = 1 << 5
	withOpens = 1 << 6
	inSeconds = 1 << 7
)

// maxRow is more than any row takes.
const maxRow = 16 << 10

// slackBytes lie behind the last row of a run, so that a number may be read
// eight bytes at a time.
const slackBytes = 8

const microsPerBucket = int64(300e6)

func zigzag(n int64) uint64   { return uint64(n<<1) ^ uint64(n>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// appendRow writes r, which comes after prev in its run; alone: so that it can be
// read where of prev only the bucket is known. set is its ports, nil where aPort
// says all.
func appendRow(to []byte, r, prev *row, set *ports, alone bool) []byte {
	var b0, b2, b3 byte
	b2 = byte(r.verdict) | byte(r.stand)<<2
	b3 = r.orient
	if !alone {
		b0 = shared(r, prev)
	}
	if r.bucket == prev.bucket {
		b0 |= sameBucket
	}
	if !r.natA.zero() || !r.natB.zero() {
		b0 |= withNAT
	}
	if set != nil {
		b0 |= withPorts
	}
	if r.a.v4() {
		b2 |= aIs4
	}
	if r.b.v4() {
		b2 |= bIs4
	}
	if r.note|r.reason != 0 {
		b3 |= withNote
	}
	if r.evid != 0 {
		b3 |= withEvid
	}
	if r.aOpened|r.bOpened != 0 {
		b3 |= withOpens
	}
	first, dur := r.first-int64(r.bucket)*microsPerBucket, r.last-r.first
	if first%1e6 == 0 && dur%1e6 == 0 {
		b3 |= inSeconds
		first, dur = first/1e6, dur/1e6
	}
	to = append(to, b0, byte(r.has), b2, b3, r.tcpFlags, r.minutes)
	to = appendNumbers(to, &numbers{uint64(r.aPort), zigzag(first), zigzag(dur), uint64(r.records),
		r.ab.packets, r.ab.bytes, r.ba.packets, r.ba.bytes})
	to = appendKey(to, r, prev, b0, b2)
	if b3&withNote != 0 {
		to = binary.AppendUvarint(to, uint64(r.note))
		to = binary.AppendUvarint(to, uint64(r.reason))
	}
	if b3&withEvid != 0 {
		to = append(to, byte(r.evid))
	}
	if b3&withOpens != 0 {
		to = binary.AppendUvarint(to, uint64(r.aOpened))
		to = binary.AppendUvarint(to, uint64(r.bOpened))
	}
	if r.has&hasID != 0 {
		to = binary.LittleEndian.AppendUint64(to, r.id)
	}
	if b0&withNAT != 0 {
		to = appendIP(appendIP(to, r.natA, false), r.natB, false)
	}
	if set != nil {
		to = set.append(to)
	}
	return to
}

// shared is what r has in common with the row before, but for the bucket.
func shared(r, prev *row) (b0 byte) {
	if r.a == prev.a {
		b0 |= sameA
	}
	if r.b == prev.b {
		b0 |= sameB
	}
	if r.bPort == prev.bPort && r.protocol == prev.protocol {
		b0 |= samePort
	}
	if r.object == prev.object {
		b0 |= sameObject
	}
	if r.place == prev.place {
		b0 |= samePlace
	}
	return b0
}

// numbers are what every row has: a's port, times, records, counters.
type numbers [8]uint64

// appendNumbers writes how many bytes each takes, four bits each, and then
// those bytes.
func appendNumbers(to []byte, n *numbers) []byte {
	at := len(to)
	to = slices.Grow(to, 4+9*len(n))[:at+4+8*len(n)]
	end := at + 4
	var widths uint32
	for i, v := range n {
		w := (bits.Len64(v) + 7) / 8
		widths |= uint32(w) << (4 * i)
		binary.LittleEndian.PutUint64(to[end:end+8], v)
		end += w
	}
	binary.LittleEndian.PutUint32(to[at:], widths)
	return to[:end]
}

func appendKey(to []byte, r, prev *row, b0, b2 byte) []byte {
	if b0&sameA == 0 {
		to = appendIP(to, r.a, b2&aIs4 != 0)
	}
	if b0&sameB == 0 {
		to = appendIP(to, r.b, b2&bIs4 != 0)
	}
	if b0&samePort == 0 {
		to = append(binary.LittleEndian.AppendUint16(to, uint16(r.bPort)), byte(r.bPort>>16), r.protocol)
	}
	if b0&sameBucket == 0 {
		to = binary.AppendUvarint(to, zigzag(int64(r.bucket)-int64(prev.bucket)))
	}
	if b0&sameObject == 0 {
		to = binary.LittleEndian.AppendUint64(to, uint64(r.object))
	}
	if b0&samePlace == 0 {
		to = binary.AppendUvarint(to, uint64(r.place))
	}
	return to
}

func appendIP(to []byte, a ip, is4 bool) []byte {
	if is4 {
		return binary.BigEndian.AppendUint32(to, uint32(a.lo))
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(to, a.hi), a.lo)
}

// decoder reads what appendRow wrote.
type decoder struct{ buf []byte }

func (d *decoder) uvarint() uint64 {
	if b := d.buf[0]; b < 0x80 {
		d.buf = d.buf[1:]
		return uint64(b)
	}
	n, k := binary.Uvarint(d.buf)
	d.buf = d.buf[k:]
	return n
}

func (d *decoder) uint64() uint64 {
	n := binary.LittleEndian.Uint64(d.buf)
	d.buf = d.buf[8:]
	return n
}

func (d *decoder) ip(is4 bool) ip {
	if is4 {
		n := binary.BigEndian.Uint32(d.buf)
		d.buf = d.buf[4:]
		return ip{0, v4Prefix<<32 | uint64(n)}
	}
	a := ip{binary.BigEndian.Uint64(d.buf), binary.BigEndian.Uint64(d.buf[8:])}
	d.buf = d.buf[16:]
	return a
}

// numbers reads what appendNumbers wrote.
func (d *decoder) numbers(n *numbers) {
	buf := d.buf
	widths := binary.LittleEndian.Uint32(buf)
	at := uint(4)
	for i := range n {
		w := uint(widths & 15)
		widths >>= 4
		n[i] = binary.LittleEndian.Uint64(buf[at:]) & (1<<(8*w) - 1)
		at += w
	}
	d.buf = buf[at:]
}

// row reads the next row over the one before it, and its ports into set. A row
// of one port leaves set empty.
func (d *decoder) row(r *row, set *ports) {
	h := d.buf[:6]
	b0, b2, b3 := h[0], h[2], h[3]
	r.has, r.tcpFlags, r.minutes = has(h[1]), h[4], h[5]
	r.verdict, r.stand, r.orient = periplus.Verdict(b2&3), stand(b2>>2&15), b3&15
	d.buf = d.buf[6:]
	var n numbers
	d.numbers(&n)
	d.key(r, b0, b2)
	r.note, r.reason, r.evid, r.aOpened, r.bOpened = 0, 0, 0, 0, 0
	if b3&withNote != 0 {
		r.note, r.reason = uint32(d.uvarint()), uint32(d.uvarint())
	}
	if b3&withEvid != 0 {
		r.evid = evid(d.buf[0])
		d.buf = d.buf[1:]
	}
	if b3&withOpens != 0 {
		r.aOpened, r.bOpened = uint32(d.uvarint()), uint32(d.uvarint())
	}
	first, dur := unzigzag(n[1]), unzigzag(n[2])
	if b3&inSeconds != 0 {
		first, dur = first*1e6, dur*1e6
	}
	r.aPort, r.records = uint32(n[0]), uint32(n[3])
	r.first = first + int64(r.bucket)*microsPerBucket
	r.last = r.first + dur
	r.ab, r.ba = counter{n[4], n[5]}, counter{n[6], n[7]}
	r.id, r.natA, r.natB = 0, ip{}, ip{}
	if r.has&hasID != 0 {
		r.id = d.uint64()
	}
	if b0&withNAT != 0 {
		r.natA, r.natB = d.ip(false), d.ip(false)
	}
	set.reset()
	if b0&withPorts != 0 {
		d.buf = set.read(d.buf)
	}
}

func (d *decoder) key(r *row, b0, b2 byte) {
	if b0&sameA == 0 {
		r.a = d.ip(b2&aIs4 != 0)
	}
	if b0&sameB == 0 {
		r.b = d.ip(b2&bIs4 != 0)
	}
	if b0&samePort == 0 {
		p := d.buf[:4]
		r.bPort, r.protocol = uint32(binary.LittleEndian.Uint16(p))|uint32(p[2])<<16, p[3]
		d.buf = d.buf[4:]
	}
	if b0&sameBucket == 0 {
		r.bucket += int32(unzigzag(d.uvarint()))
	}
	if b0&sameObject == 0 {
		r.object = int64(d.uint64())
	}
	if b0&samePlace == 0 {
		r.place = uint32(d.uvarint())
	}
}
