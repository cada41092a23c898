package digest

// tupleGroups yields the waiting rows of one 5-tuple after the other: those
// that are looked at together before they are settled.
type tupleGroups struct {
	m     *merger
	rows  []row // of the current 5-tuple
	hash  uint64
	ruled uint8
}

func (b *Batch) tupleGroups(part int) (*tupleGroups, error) {
	m, err := mergeTuples(b.runs.waiting[part])
	return &tupleGroups{m: m}, err
}

// next goes to the next 5-tuple; false at the end.
func (g *tupleGroups) next() (bool, error) {
	c := g.m.head()
	if c == nil {
		return false, nil
	}
	g.rows, g.hash, g.ruled = g.rows[:0], c.hash, c.ruled
	for c != nil && c.hash == g.hash && (len(g.rows) == 0 || sameTuple(&g.rows[0], &c.row)) {
		g.rows = append(g.rows, c.row)
		if err := g.m.advance(); err != nil {
			return false, err
		}
		c = g.m.head()
	}
	return true, nil
}
