package digest

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// smallest takes the smaller half of the runs out, so that a row is copied as
// often as the logarithm of its batch's size.
func smallest(rs []run) (todo, rest []run) {
	slices.SortFunc(rs, func(a, b run) int { return cmp.Compare(b.rows, a.rows) })
	n := len(rs) / 2
	return slices.Clone(rs[n:]), rs[:n:n]
}

// compact merges runs into one. Rows of the same key become one.
func (s *runs) compact(rs []run, waiting bool, t *tables) (run, error) {
	m, err := newMerger(rs, waiting)
	if err != nil {
		return run{}, err
	}
	w, err := s.writer()
	if err != nil {
		return run{}, err
	}
	var acc row
	var set ports
	have := false
	for c := m.head(); c != nil; c = m.head() {
		if have && sameKey(&acc, &c.row, waiting) {
			if !waiting {
				unitePorts(&acc, &set, &c.row, &c.set)
			}
			if acc.note != c.row.note {
				acc.note = t.mergeNotes(acc.note, c.row.note)
			}
			acc.add(&c.row)
		} else {
			if err := w.addIf(have, &acc, &set); err != nil {
				return run{}, err
			}
			acc, have = c.row, true
			set.reset()
			set.addAll(&c.set)
		}
		if err := m.advance(); err != nil {
			return run{}, err
		}
	}
	if err := w.addIf(have, &acc, &set); err != nil {
		return run{}, err
	}
	s.free(rs)
	return w.run()
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

// sameKey reports whether two rows of runs are one. Entries that may come
// again stay apart until their repeats are dropped.
func sameKey(r, s *row, waiting bool) bool {
	if waiting {
		return r.id|s.id == 0 && r.has&hasID == 0 && s.has&hasID == 0 && r.object == s.object &&
			r.bucket == s.bucket && sameTuple(r, s) && r.compareRest(s) == 0
	}
	return r.compareSettled(s) == 0
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

// compactEvidence merges runs of hashes into one, each hash once.
func (s *runs) compactEvidence(rs []run) (run, error) {
	e, err := newEvidenceReader(rs)
	if err != nil {
		return run{}, err
	}
	w, err := s.writer()
	if err != nil {
		return run{}, err
	}
	last := uint64(0)
	for h, ok := e.head(); ok; h, ok = e.head() {
		if h != last {
			w.buf = binary.LittleEndian.AppendUint64(w.buf, h)
			w.rows++
			last = h
		}
		if len(w.buf) >= writeSize {
			if err := w.flush(); err != nil {
				return run{}, err
			}
		}
		if err := e.advance(); err != nil {
			return run{}, err
		}
	}
	s.free(rs)
	return w.run()
}
