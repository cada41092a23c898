package digest

import (
	"cmp"
	"slices"
)

// fanIn is how many runs in files are merged at once, about. More are merged in
// steps.
const fanIn = 256

// compact makes the settled runs that lie in files few enough to be read at
// once. Each step takes the smaller half, so that a row is copied as often as
// the logarithm of its batch's size.
func (s *runs) compact(t *tables) error {
	for {
		slices.SortStableFunc(s.settled, func(a, b run) int {
			if a.file == nil || b.file == nil {
				return cmp.Compare(b2i(a.file != nil), b2i(b.file != nil))
			}
			return cmp.Compare(b.rows, a.rows)
		})
		first := 0
		for first < len(s.settled) && s.settled[first].file == nil {
			first++
		}
		n := len(s.settled) - first
		if n < 2*fanIn {
			return nil
		}
		todo := slices.Clone(s.settled[len(s.settled)-min(n/2, 2*fanIn):])
		r, err := s.merge(todo, t)
		if err != nil {
			return err
		}
		s.settled = append(s.settled[:len(s.settled)-len(todo)], r)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// merge makes one of settled runs. Rows of the same key become one.
func (s *runs) merge(rs []run, t *tables) (run, error) {
	w, err := s.writer()
	if err != nil {
		return run{}, err
	}
	for _, h := range byHour(rs) {
		if err := w.mergeHour(h, t); err != nil {
			return run{}, err
		}
	}
	s.free(rs)
	return w.run()
}

func (w *runWriter) mergeHour(h hourParts, t *tables) error {
	m, err := mergeHour(h)
	if err != nil {
		return err
	}
	var acc row
	var set ports
	have := false
	for c := m.head(); c != nil; c = m.head() {
		if have && acc.compareSettled(&c.row) == 0 {
			unitePorts(&acc, &set, &c.row, &c.set)
			if acc.note != c.row.note {
				acc.note = t.mergeNotes(acc.note, c.row.note)
			}
			acc.add(&c.row)
		} else {
			if err := w.addIf(have, &acc, &set); err != nil {
				return err
			}
			acc, have = c.row, true
			set.reset()
			set.addAll(&c.set)
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	return w.addIf(have, &acc, &set)
}

func (w *runWriter) addIf(have bool, r *row, set *ports) error {
	if !have {
		return nil
	}
	if set.len() == 0 {
		set = nil
	}
	return w.add(r, set)
}

// unitePorts adds the client ports of s to those of r. A row of at most one
// port has it in aPort and an empty set.
func unitePorts(r *row, rs *ports, s *row, ss *ports) {
	if ss.len() == 0 {
		if s.aPort == noPort || s.aPort == r.aPort && rs.len() == 0 {
			return
		}
		if r.aPort == noPort && rs.len() == 0 {
			r.aPort = s.aPort
			return
		}
	}
	if rs.len() == 0 && r.aPort != noPort {
		rs.add(uint16(r.aPort - 1))
	}
	if ss.len() == 0 {
		rs.add(uint16(s.aPort - 1))
		return
	}
	rs.addAll(ss)
	if r.aPort == noPort {
		r.aPort = s.aPort
	}
}
