package digest

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// ports is a set of client ports: a sorted list while it is small, a bit for
// every port when it is not. It is exact throughout: 8 KiB is the most it takes.
// The zero value is empty.
type ports struct {
	list []uint16
	bits *[1024]uint64
	n    int // when bits is there
}

// maxPortList is where the bits become smaller than the list.
const maxPortList = 4096

func (s *ports) reset() {
	s.list, s.n = s.list[:0], 0
	s.bits = nil
}

func (s *ports) len() int {
	if s.bits != nil {
		return s.n
	}
	return len(s.list)
}

func (s *ports) add(p uint16) {
	if s.bits == nil {
		if n := len(s.list); n == 0 || s.list[n-1] < p {
			s.list = append(s.list, p)
		} else if i, ok := slices.BinarySearch(s.list, p); !ok {
			s.list = slices.Insert(s.list, i, p)
		}
		if len(s.list) > maxPortList {
			s.widen()
		}
		return
	}
	if w := &s.bits[p>>6]; *w&(1<<(p&63)) == 0 {
		*w |= 1 << (p & 63)
		s.n++
	}
}

func (s *ports) widen() {
	s.bits = new([1024]uint64)
	for _, p := range s.list {
		s.bits[p>>6] |= 1 << (p & 63)
	}
	s.n, s.list = len(s.list), s.list[:0]
}

func (s *ports) addAll(o *ports) {
	if o.bits == nil {
		for _, p := range o.list {
			s.add(p)
		}
		return
	}
	if s.bits == nil {
		s.widen()
	}
	s.n = 0
	for i := range s.bits {
		s.bits[i] |= o.bits[i]
		s.n += bits.OnesCount64(s.bits[i])
	}
}

// append writes the set: its size, then the steps from port to port, or all
// the bits.
func (s *ports) append(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(s.len()))
	if s.bits != nil {
		for _, w := range s.bits {
			to = binary.LittleEndian.AppendUint64(to, w)
		}
		return to
	}
	last := uint16(0)
	for _, p := range s.list {
		to = binary.AppendUvarint(to, uint64(p-last))
		last = p
	}
	return to
}

// read is the inverse of append; it returns what is left of from.
func (s *ports) read(from []byte) []byte {
	s.reset()
	n, k := binary.Uvarint(from)
	from = from[k:]
	if n > maxPortList {
		s.bits, s.n = new([1024]uint64), int(n)
		for i := range s.bits {
			s.bits[i] = binary.LittleEndian.Uint64(from[8*i:])
		}
		return from[8192:]
	}
	last := uint16(0)
	for range n {
		d, k := binary.Uvarint(from)
		last += uint16(d)
		s.list = append(s.list, last)
		from = from[k:]
	}
	return from
}
