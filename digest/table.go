package digest

// rowTable finds rows by key: open addressing over a slice of rows, no
// allocation once it has grown. Keys are compared in the rows themselves; the
// index holds the hash's upper half, so that most misses never touch a row.
type rowTable struct {
	waiting bool // its rows are
	rows    []row
	index   []uint64 // hash's upper half, then the row's number and 1; 0: free
	sets    []ports
	nsets   int
}

const minIndex = 1 << 10

func (t *rowTable) reset() {
	if len(t.rows)*16 < len(t.index) {
		t.index = t.index[:0] // grown for a larger object: grow again
	}
	clear(t.index)
	t.rows, t.nsets = t.rows[:0], 0
}

// touch reads where in the index a hash belongs, so that it is near when it is
// looked up.
func (t *rowTable) touch(hash uint64) uint64 {
	if len(t.index) == 0 {
		return 0
	}
	return t.index[hash&uint64(len(t.index)-1)]
}

// find returns the row with the key of k and whether it is new: then it is a
// copy of k. The pointer is good until the next find.
func (t *rowTable) find(k *row, hash uint64) (*row, bool) {
	if len(t.rows)*4 >= len(t.index)*3 {
		t.grow()
	}
	mask := uint64(len(t.index) - 1)
	tag := hash &^ (1<<32 - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		e := t.index[i]
		if e == 0 {
			t.rows = append(t.rows, *k)
			t.index[i] = tag | uint64(len(t.rows))
			return &t.rows[len(t.rows)-1], true
		}
		if e&^(1<<32-1) == tag {
			if r := &t.rows[uint32(e)-1]; t.same(r, k) {
				return r, false
			}
		}
	}
}

func (t *rowTable) grow() {
	n := max(minIndex, 2*len(t.index))
	if cap(t.index) >= n {
		t.index = t.index[:n]
		clear(t.index)
	} else {
		t.index = make([]uint64, n)
	}
	// The place in the index comes from the hash's lower half, which the index
	// does not hold: hash again.
	mask := uint64(len(t.index) - 1)
	for n := range t.rows {
		h := t.hash(&t.rows[n])
		i := h & mask
		for t.index[i] != 0 {
			i = (i + 1) & mask
		}
		t.index[i] = h&^(1<<32-1) | uint64(n+1)
	}
}

// hash of what tells rows of one object apart.
func (t *rowTable) hash(r *row) uint64 {
	h := mix(mix(r.a.hi, r.a.lo), mix(r.b.hi, r.b.lo))
	h = mix(h, uint64(r.bPort)<<40|uint64(r.protocol)<<32|uint64(uint32(r.bucket)))
	h = mix(h, uint64(r.place)<<32|uint64(r.reason)<<8|uint64(r.verdict)<<4|uint64(r.stand))
	if t.waiting {
		h = mix(h, uint64(r.aPort)^r.id)
	}
	return h
}

func (t *rowTable) same(r, s *row) bool {
	return r.a == s.a && r.b == s.b && r.bPort == s.bPort && r.bucket == s.bucket && r.place == s.place &&
		r.protocol == s.protocol && r.verdict == s.verdict && r.stand == s.stand && r.reason == s.reason &&
		(!t.waiting || r.aPort == s.aPort && r.id == s.id)
}

// portsOf returns the set of a settled row's client ports, made of its one port
// where it has none yet.
func (t *rowTable) portsOf(r *row) *ports {
	if r.ports != 0 {
		return &t.sets[r.ports-1]
	}
	if t.nsets == len(t.sets) {
		t.sets = append(t.sets, ports{})
	}
	s := &t.sets[t.nsets]
	s.reset()
	t.nsets++
	r.ports = uint32(t.nsets)
	if r.aPort != noPort {
		s.add(uint16(r.aPort - 1))
	}
	return s
}

// addPort adds a client port to a settled row.
func (t *rowTable) addPort(r *row, port uint32) {
	if port == noPort || port == r.aPort {
		return
	}
	if r.aPort == noPort && r.ports == 0 {
		r.aPort = port
		return
	}
	t.portsOf(r).add(uint16(port - 1))
}
