package digest

import (
	"cmp"
	"slices"
)

// merger yields the rows of several runs in order: a tree of losers, one
// comparison a level.
type merger struct {
	cursors []*cursor
	losers  []int32
	compare func(a, b *cursor) int
	top     int32
	hashes  bool
	later   []run // of later hours, the first one last
}

func settledOrder(a, b *cursor) int {
	switch {
	case a.hour != b.hour:
		return cmp.Compare(a.hour, b.hour)
	case a.hash != b.hash:
		return cmp.Compare(a.hash, b.hash)
	}
	return a.row.compareSettled(&b.row)
}

func waitingOrder(a, b *cursor) int { return compareWaiting(&a.row, &b.row, a.hash, b.hash) }

// newMerger opens runs: by 5-tuple where hashes says it, else in the result's
// order, hour by hour.
func newMerger(rs []run, hashes bool) (*merger, error) {
	m := &merger{compare: settledOrder, hashes: hashes, top: -1}
	if hashes {
		m.compare = waitingOrder
		return m, m.open(rs)
	}
	m.later = slices.Clone(rs)
	slices.SortStableFunc(m.later, func(a, b run) int { return cmp.Compare(b.hour, a.hour) })
	return m, m.openNext()
}

// openNext opens the runs whose hour has come, in the place of those that are
// done.
func (m *merger) openNext() error {
	for len(m.later) > 0 {
		n := len(m.later)
		hour := m.later[n-1].hour
		if h := m.head(); h != nil && h.hour < hour {
			return nil
		}
		for n > 0 && m.later[n-1].hour == hour {
			n--
		}
		now := m.later[n:]
		m.later = m.later[:n]
		m.cursors = slices.DeleteFunc(m.cursors, func(c *cursor) bool { return c.done })
		if err := m.open(now); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) open(rs []run) error {
	for i := range rs {
		c := newCursor(&rs[i], m.hashes)
		if err := c.next(); err != nil {
			return err
		}
		if !c.done {
			m.cursors = append(m.cursors, c)
		}
	}
	m.build()
	return nil
}

func (m *merger) build() {
	n := len(m.cursors)
	m.losers = make([]int32, max(n, 1))
	for i := range m.losers {
		m.losers[i] = -1
	}
	m.top = -1
	for i := range n {
		m.play(int32(i))
	}
}

// play lets cursor i go up from its leaf. While the tree is being built an
// empty place is waited in.
func (m *merger) play(i int32) {
	n := int32(len(m.cursors))
	for p := (i + n) / 2; p > 0; p /= 2 {
		l := m.losers[p]
		if l < 0 {
			m.losers[p] = i
			return
		}
		if m.beats(l, i) {
			m.losers[p], i = i, l
		}
	}
	m.top = i
}

// beats reports whether cursor a comes before b; ties go by number, so that
// the order is total.
func (m *merger) beats(a, b int32) bool {
	x, y := m.cursors[a], m.cursors[b]
	if x.done || y.done {
		return !x.done && y.done
	}
	c := m.compare(x, y)
	return c < 0 || c == 0 && a < b
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
	if err := m.cursors[m.top].next(); err != nil {
		return err
	}
	m.play(m.top)
	if len(m.later) > 0 {
		return m.openNext()
	}
	return nil
}
