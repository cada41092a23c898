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

// decision is what a firewall entry says of its 5-tuple.
type decision struct {
	side        stand
	network     string
	verdict     periplus.Verdict
	reason      uint32
	first, last int64
}

// join gives the flow entries of one 5-tuple the verdict of the firewall
// entries at the same end, of this batch or of earlier ones. Firewall entries
// stay rows, for flow entries of other batches may be theirs too; merge leaves
// those out of totals that a flow tells.
func (e *emitter) join(hash uint64, rows []row) {
	e.said = e.said[:0]
	open := false
	for i := range rows {
		r := &rows[i]
		switch {
		case r.stand&standEvent != 0:
			e.decides(hash, r)
		case r.verdict == periplus.Unknown && r.stand&standSide != standUnknown:
			open = true
		}
	}
	if !open {
		return
	}
	if e.b.Decided != nil {
		for _, d := range e.b.Decided(hash) {
			at := d.Time.UnixMicro()
			side := standA
			if d.AtB {
				side = standB
			}
			e.said = append(e.said, decision{side, d.Network, periplus.Allowed, e.b.tables.reason(d.Reason), at, at})
		}
	}
	if len(e.said) == 0 {
		return
	}
	for i := range rows {
		if f := &rows[i]; f.stand&standEvent == 0 && f.verdict == periplus.Unknown {
			e.decide(f)
		}
	}
}

// decides takes the decision of a firewall entry, and keeps it for later
// batches if it let the connection through: then all that follows was too.
func (e *emitter) decides(hash uint64, r *row) {
	side := r.stand & standSide
	if side == standUnknown {
		return
	}
	network, reason := e.b.tables.said(r)
	e.said = append(e.said, decision{side, network, r.verdict, r.reason, r.first, r.last})
	if r.verdict == periplus.Allowed {
		e.allowed = append(e.allowed, Decision{hash, side == standB, network, reason, fromMicros(r.first), r.object})
	}
}

// decide gives a flow entry the last decision that may be its.
func (e *emitter) decide(f *row) {
	t := &e.b.tables
	network, _ := t.said(f)
	best := -1
	for i := range e.said {
		d := &e.said[i]
		if d.may(f, network) && (best < 0 || d.after(&e.said[best], t)) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	d := &e.said[best]
	f.verdict = d.verdict
	if d.reason != f.reason {
		f.reason = d.reason
		f.note = t.withReason(f.note, d.reason)
	}
}

// may reports whether the decision may be what let flow entry f through or
// stopped it: at the same end, in the same network, and not after it. A
// connection that was let through stays so; a denial is for its own moment.
func (d *decision) may(f *row, network string) bool {
	if d.side != f.stand&standSide || d.network != network && d.network != "" && network != "" {
		return false
	}
	if d.first > f.last+slack {
		return false
	}
	return !d.verdict.Stopped() || d.last >= f.first-slack
}

// after reports whether d is the later of two; where they are at once the one
// that stopped counts.
func (d *decision) after(o *decision, t *tables) bool {
	if d.last != o.last {
		return d.last > o.last
	}
	if d.verdict.Stopped() != o.verdict.Stopped() {
		return d.verdict.Stopped()
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return strings.Compare(t.reasons[d.reason], t.reasons[o.reason]) < 0
}
