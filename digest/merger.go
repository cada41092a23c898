package digest

// merger yields the rows of several runs in order: a tree of losers, one
// comparison a level. The keys lie in the tree, so that it stays in the cache.
type merger struct {
	cursors []*cursor
	losers  []contender
	compare func(a, b *cursor) int // where keys do not tell
	top     int32
}

// contender is a cursor's row in the tree.
type contender struct {
	key sortedKey
	i   int32 // of the cursor; -1: an empty place
}

// sortedKey orders rows as their full comparison does, but for ties.
type sortedKey struct{ hi, lo uint64 }

func settledOrder(a, b *cursor) int { return a.row.compareSettled(&b.row) }

func waitingOrder(a, b *cursor) int { return compareWaiting(&a.row, &b.row, a.hash, b.hash) }

// mergeHour opens what runs hold of one hour, in the result's order.
func mergeHour(h hourParts) (*merger, error) {
	m := &merger{compare: settledOrder}
	for _, p := range h.parts {
		if err := m.open(newCursor(p)); err != nil {
			return nil, err
		}
	}
	m.build()
	return m, nil
}

// mergeTuples opens runs in the order of their 5-tuples' hashes.
func mergeTuples(rs []run) (*merger, error) {
	m := &merger{compare: waitingOrder}
	for i := range rs {
		if err := m.open(newTupleCursor(&rs[i])); err != nil {
			return nil, err
		}
	}
	m.build()
	return m, nil
}

func (m *merger) open(c *cursor) error {
	if err := c.next(); err != nil {
		return err
	}
	if !c.done {
		m.cursors = append(m.cursors, c)
	}
	return nil
}

func (m *merger) build() {
	n := len(m.cursors)
	m.losers = make([]contender, max(n, 1))
	for i := range m.losers {
		m.losers[i].i = -1
	}
	m.top = -1
	for i := range n {
		m.play(int32(i))
	}
}

// play lets cursor i go up from its leaf. While the tree is being built an
// empty place is waited in.
func (m *merger) play(i int32) {
	now := contender{m.cursors[i].key, i}
	for p := (int(i) + len(m.cursors)) / 2; p > 0; p /= 2 {
		l := &m.losers[p]
		if l.i < 0 {
			*l = now
			return
		}
		if m.beats(l, &now) {
			*l, now = now, *l
		}
	}
	m.top = now.i
}

// beats reports whether a comes before b; ties go by number, so that the order
// is total.
func (m *merger) beats(a, b *contender) bool {
	if a.key.hi != b.key.hi {
		return a.key.hi < b.key.hi
	}
	if a.key.lo != b.key.lo {
		return a.key.lo < b.key.lo
	}
	x, y := m.cursors[a.i], m.cursors[b.i]
	if x.done || y.done {
		return !x.done && y.done
	}
	c := m.compare(x, y)
	return c < 0 || c == 0 && a.i < b.i
}

// head is the cursor whose row is next; nil at the end.
func (m *merger) head() *cursor {
	if m.top < 0 || m.cursors[m.top].done {
		return nil
	}
	return m.cursors[m.top]
}

// advance goes past the head's row.
func (m *merger) advance() error {
	c := m.cursors[m.top]
	if err := c.next(); err != nil {
		return err
	}
	if c.done {
		c.key = lastKey
	}
	m.play(m.top)
	return nil
}

// lastKey is after every row's.
var lastKey = sortedKey{^uint64(0), ^uint64(0)}
