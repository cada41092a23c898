package lake

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The values of pages as Parquet wants them. arrow-go's own encoders take one
// value after the other and copy each page twice; these take a column at once,
// and a column that holds one value costs nothing.

// levels say which rows of a column have a value, a bit for each.
type levels struct {
	n, known int
	words    []uint64
}

// put adds a row: 1 where it has a value, else 0.
func (l *levels) put(known uint64) {
	if l.n&63 == 0 {
		l.words = append(l.words, 0)
	}
	l.words[l.n>>6] |= known << (l.n & 63)
	l.known += int(known)
	l.n++
}

func (l *levels) nulls() int { return l.n - l.known }

func (l *levels) reset() { l.n, l.known, l.words = 0, 0, l.words[:0] }

// append writes the definition levels of a page: their length, then one run.
func (l *levels) append(to []byte) []byte {
	at := len(to)
	to = append(to, 0, 0, 0, 0)
	if l.known == 0 || l.known == l.n {
		to = binary.AppendUvarint(to, uint64(l.n)<<1)
		to = append(to, byte(min(l.known, 1)))
	} else {
		bytes := (l.n + 7) / 8 // of eight levels each
		to = binary.AppendUvarint(to, uint64(bytes)<<1|1)
		end := len(to) + bytes
		for _, w := range l.words {
			to = binary.LittleEndian.AppendUint64(to, w)
		}
		to = to[:end]
	}
	binary.LittleEndian.PutUint32(to[at:], uint32(len(to)-at-4))
	return to
}

// indices are where in its dictionary a column's values are. While all are the
// same only their number is kept.
type indices struct {
	n     int
	one   int32
	mixed bool // list has them all
	list  []int32
}

func (x *indices) put(i int32) {
	if x.n == 0 {
		x.one = i
	}
	x.n++
	if x.mixed {
		if len(x.list) == cap(x.list) {
			x.list = double(x.list)
		}
		x.list = append(x.list, i)
	} else if i != x.one {
		x.mix(i)
	}
}

// mix takes the first index that differs.
func (x *indices) mix(i int32) {
	x.mixed = true
	x.list = slices.Grow(x.list[:0], x.n)
	for range x.n - 1 {
		x.list = append(x.list, x.one)
	}
	x.list = append(x.list, i)
}

func (x *indices) reset() { x.n, x.mixed, x.list = 0, false, x.list[:0] }

// longRun is from how many equal indices on they are counted, not written.
const longRun = 8

// append writes the indices into a dictionary of so many values: how many bits
// each has, then runs of equal ones and of others in turn.
func (x *indices) append(to []byte, values int) []byte {
	width := max(1, bits.Len(uint(max(0, values-1))))
	if values == 0 {
		width = 0
	}
	to = append(to, byte(width))
	if !x.mixed {
		if x.n > 0 {
			to = appendRun(to, x.one, x.n, width)
		}
		return to
	}
	list := x.list
	from := 0 // what is not written yet
	// Others are written eight at a time, so only eight equal ones in such a place
	// can begin a run.
	for i := 0; i+longRun <= len(list); {
		if !equal8((*[longRun]int32)(list[i:])) {
			i += longRun
			continue
		}
		end := i + longRun
		for end < len(list) && list[end] == list[i] {
			end++
		}
		to = appendPacked(to, list[from:i], width)
		to = appendRun(to, list[i], end-i, width)
		from, i = end, end
	}
	return appendPacked(to, list[from:], width)
}

func equal8(v *[longRun]int32) bool {
	return v[0] == v[7] && v[0] == v[1] && v[0] == v[2] && v[0] == v[3] && v[0] == v[4] && v[0] == v[5] && v[0] == v[6]
}

func appendRun(to []byte, v int32, n, width int) []byte {
	to = binary.AppendUvarint(to, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		to = append(to, byte(v))
		v >>= 8
	}
	return to
}

func appendPacked(to []byte, list []int32, width int) []byte {
	if len(list) == 0 {
		return to
	}
	groups := (len(list) + 7) / 8
	to = binary.AppendUvarint(to, uint64(groups)<<1|1)
	end := len(to) + groups*width
	to = slices.Grow(to, groups*width+8)
	var word uint64
	n := 0
	for _, v := range list {
		word |= uint64(v) << n
		if n += width; n >= 64 {
			to = binary.LittleEndian.AppendUint64(to, word)
			n -= 64
			word = uint64(v) >> (width - n)
		}
	}
	return closePacked(to, word, end)
}

// closePacked writes the last bits and fills up with zeros.
func closePacked(to []byte, word uint64, end int) []byte {
	for len(to) < end {
		to = binary.LittleEndian.AppendUint64(to, word)
		word = 0
	}
	return to[:end]
}

// The shape of DELTA_BINARY_PACKED: blocks of four parts, each as wide as it
// must be.
const (
	deltaBlock = 128
	deltaParts = 4
	deltaPart  = deltaBlock / deltaParts
)

// appendDeltas writes numbers as DELTA_BINARY_PACKED. Differences wrap as T
// does.
func appendDeltas[T int32 | int64](to []byte, values []T) []byte {
	to = binary.AppendUvarint(to, deltaBlock)
	to = binary.AppendUvarint(to, deltaParts)
	to = binary.AppendUvarint(to, uint64(len(values)))
	if len(values) == 0 {
		return append(to, 0)
	}
	to = binary.AppendVarint(to, int64(values[0]))
	var deltas [deltaBlock]T
	prev := values[0]
	for rest := values[1:]; len(rest) > 0; {
		n := min(len(rest), deltaBlock)
		least := rest[0] - prev
		for i, v := range rest[:n] {
			d := v - prev
			prev = v
			deltas[i] = d
			least = min(least, d)
		}
		rest = rest[n:]
		to = appendDeltaBlock(to, deltas[:n], least)
	}
	return to
}

func appendDeltaBlock[T int32 | int64](to []byte, deltas []T, least T) []byte {
	to = binary.AppendVarint(to, int64(least))
	widths := len(to)
	to = append(to, 0, 0, 0, 0)
	for p := 0; p < deltaParts && p*deltaPart < len(deltas); p++ {
		part := deltas[p*deltaPart : min(len(deltas), (p+1)*deltaPart)]
		var all uint64
		for _, d := range part {
			all |= uint64(d) - uint64(least)
		}
		width := bits.Len64(all)
		to[widths+p] = byte(width)
		end := len(to) + deltaPart/8*width
		to = slices.Grow(to, deltaPart/8*width+8)
		var word uint64
		n := 0
		for _, d := range part {
			v := uint64(d) - uint64(least)
			word |= v << n
			if n += width; n >= 64 {
				to = binary.LittleEndian.AppendUint64(to, word)
				n -= 64
				word = v >> (width - n)
			}
		}
		to = closePacked(to, word, end)
	}
	return to
}
