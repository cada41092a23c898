package digest

// fans counts how many peers meet at an end: rule 6.
type fans struct {
	few, many hashSet // ends of 3 to 7 peers, and of 8 or more
}

const (
	fanFew = iota // at most 2 peers
	fanSome
	fanMany
)

const (
	fewPeers  = 2
	manyPeers = 8
)

func (f *fans) class(h uint64) int {
	switch {
	case f.many.has(h):
		return fanMany
	case f.few.has(h):
		return fanSome
	}
	return fanFew
}

func (s *hashSet) has(h uint64) bool {
	if h == 0 {
		h = 1 << 24
	}
	return s.n > 0 && s.slots[s.slot(h)] == h
}

const fanParts = 256

// endLists are ends as hashes, in parts that the cache holds.
type endLists [fanParts]endList

// endList grows without moving what it has.
type endList struct {
	n    int
	full [][]uint64
	now  []uint64
}

// An endList's chunks grow from one size to the other.
const (
	minEnds = 1 << 5
	maxEnds = 1 << 11
)

// add takes an end that is met by another peer.
func (l *endLists) add(h uint64) {
	p := &l[h>>56]
	if len(p.now) == cap(p.now) {
		p.grow()
	}
	p.now = append(p.now, h)
	p.n++
}

func (p *endList) grow() {
	if p.now != nil {
		p.full = append(p.full, p.now)
	}
	p.now = make([]uint64, 0, min(maxEnds, max(minEnds, 2*cap(p.now))))
}

func (p *endList) all(yield func(h uint64) bool) {
	for _, chunk := range append(p.full, p.now) {
		for _, h := range chunk {
			if !yield(h) {
				return
			}
		}
	}
}

// peerCounter counts equal hashes.
type peerCounter struct {
	keys []uint64
	n    []uint8
}

func (c *peerCounter) count(lists []endLists, part int, f *fans) {
	size, want := minIndex, 0
	for i := range lists {
		want += 2 * lists[i][part].n
	}
	for size < want {
		size *= 2
	}
	if cap(c.keys) < size {
		c.keys, c.n = make([]uint64, size), make([]uint8, size)
	}
	c.keys, c.n = c.keys[:size], c.n[:size]
	clear(c.n)
	mask := uint64(size - 1)
	for l := range lists {
		for h := range lists[l][part].all {
			i := h >> 24 & mask
			for c.n[i] != 0 && c.keys[i] != h {
				i = (i + 1) & mask
			}
			c.keys[i] = h
			c.n[i] = min(c.n[i]+1, manyPeers)
		}
	}
	for i, n := range c.n {
		if n >= manyPeers {
			f.many.add(c.keys[i])
		} else if n > fewPeers {
			f.few.add(c.keys[i])
		}
	}
}
