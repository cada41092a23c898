package digest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// dropRepeats leaves one of the entries that came several times: that of the
// smallest object. It reports those that it dropped.
func dropRepeats(rows []row, dropped func(*row)) []row {
	any := false
	for i := range rows {
		any = any || rows[i].has&hasID != 0
	}
	if !any || len(rows) == 1 {
		return rows
	}
	slices.SortFunc(rows, func(r, s row) int {
		return cmp.Or(cmp.Compare(r.has&hasID, s.has&hasID), cmp.Compare(r.id, s.id), cmp.Compare(r.object, s.object),
			cmp.Compare(r.bucket, s.bucket), cmp.Compare(r.first, s.first), cmp.Compare(r.last, s.last),
			cmp.Compare(r.ab.bytes, s.ab.bytes), cmp.Compare(r.ba.bytes, s.ba.bytes))
	})
	out := rows[:0]
	for i := range rows {
		r := &rows[i]
		if n := len(out); n > 0 && r.has&hasID != 0 && out[n-1].has&hasID != 0 && out[n-1].id == r.id {
			dropped(r)
			continue
		}
		out = append(out, *r)
	}
	return out
}

// join gives the flow entries of one 5-tuple the verdict of the firewall
// entries at the same end, and returns the rows that are left: an event that no
// flow took stays a row.
func join(rows []row, t *tables) []row {
	var events []int
	for i := range rows {
		if rows[i].stand&standEvent != 0 {
			events = append(events, i)
		}
	}
	if len(events) == 0 || len(events) == len(rows) {
		return rows
	}
	taken := make([]bool, len(rows))
	for i := range rows {
		f := &rows[i]
		if f.stand&standEvent != 0 || f.verdict != periplus.Unknown {
			continue
		}
		best := -1
		for _, j := range events {
			if rows[j].decides(f, t) && (best < 0 || rows[j].after(&rows[best], t)) {
				best = j
			}
		}
		if best >= 0 {
			e := &rows[best]
			f.verdict = e.verdict
			if e.reason != f.reason {
				f.reason = e.reason
				f.note = t.withReason(f.note, e.reason)
			}
			taken[best] = true
		}
	}
	out := rows[:0]
	for i := range rows {
		if !taken[i] {
			out = append(out, rows[i])
		}
	}
	return out
}

// decides reports whether firewall entry e may be what let flow entry f through
// or stopped it: at the same end, in the same network, and not after it. A
// connection that was let through stays so; a denial is for its own moment.
func (r *row) decides(f *row, t *tables) bool {
	const side = standSide
	if r.stand&standEvent == 0 || r.stand&side != f.stand&side || r.stand&side == standUnknown {
		return false
	}
	t.mu.RLock()
	x, y := t.places[r.place], t.places[f.place]
	t.mu.RUnlock()
	if x.Network != y.Network && x.Network != "" && y.Network != "" {
		return false
	}
	if r.first > f.last+slack {
		return false
	}
	return !r.verdict.Stopped() || r.last >= f.first-slack
}

// after reports whether firewall entry r is the later of two; where they are
// at once the one that stopped counts.
func (r *row) after(s *row, t *tables) bool {
	if r.last != s.last {
		return r.last > s.last
	}
	if r.verdict.Stopped() != s.verdict.Stopped() {
		return r.verdict.Stopped()
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return strings.Compare(t.reasons[r.reason], t.reasons[s.reason]) < 0
}
