package merge

import "github.com/periplus/periplus/periplus"

// decide gives rows that do not say it the verdict of a firewall's entries, and
// leaves those entries out that a row tells: Google Cloud's flow entries count
// and its firewall entries decide. What one batch holds of a 5-tuple the digest
// has joined; this is for entries that came in another one, where the client's
// port is no longer known. A firewall's rules do not ask for it either.
func (m *Merger) decide(rows []row) []row {
	m.events = m.events[:0]
	for i := range rows {
		if rows[i].event() {
			m.events = append(m.events, i)
		}
	}
	if len(m.events) == 0 {
		return rows
	}
	for i := range rows {
		f := &rows[i]
		if f.Verdict != periplus.Unknown || !f.measured() {
			continue
		}
		best := -1
		for _, k := range m.events {
			if rows[k].decides(f) && (best < 0 || rows[k].after(&rows[best])) {
				best = k
			}
		}
		if best >= 0 {
			f.Flow = withVerdict(f.Flow, rows[best].Flow)
		}
	}
	out := rows[:0]
	for i := range rows {
		if !rows[i].event() || !rows[i].isTold(rows[i+1:]) && !rows[i].isTold(out) {
			out = append(out, rows[i])
		}
	}
	return out
}

// measured reports whether a row counts anything.
func (r *row) measured() bool {
	return r.RequestPackets.Known || r.RequestBytes.Known || r.ResponsePackets.Known || r.ResponseBytes.Known
}

// event reports whether a row is an entry of Google Cloud's firewall log, which
// decides and counts nothing. Tuples of other clouds that count nothing (Azure
// begins with one) are of the log that counts.
func (r *row) event() bool {
	return r.Place.Provider == "gcp" && !r.measured() &&
		(r.Observer == periplus.ObserverClient || r.Observer == periplus.ObserverServer)
}

// beside reports whether firewall entry e may be of what flow row f counts: it
// stands at the same end, in the same network, and is not after it. What was
// let through stays so, a denial is for its own moment.
func (e *row) beside(f *row) bool {
	p, q := e.Place, f.Place
	return e.Observer == f.Observer && p.Provider == q.Provider &&
		(p.Network == q.Network || p.Network == "" || q.Network == "") &&
		!e.FirstSeen.After(f.LastSeen.Add(widen)) &&
		(!e.Verdict.Stopped() || !e.LastSeen.Before(f.FirstSeen.Add(-widen)))
}

// decides reports whether e let through or stopped what f counts. It stopped
// only what left the client and got no answer: what a firewall stops on its way
// in is in no flow entry.
func (e *row) decides(f *row) bool {
	return e.beside(f) && (!e.Verdict.Stopped() || e.Observer == periplus.ObserverClient && f.ResponsePackets.N == 0)
}

// after reports whether e is the later of two decisions; where they are at once
// the one that stopped counts.
func (e *row) after(o *row) bool {
	if c := e.LastSeen.Compare(o.LastSeen); c != 0 {
		return c > 0
	}
	if a, b := e.Verdict.Stopped(), o.Verdict.Stopped(); a != b {
		return a
	}
	return e.reason() < o.reason()
}

func (r *row) reason() string {
	if r.Note == nil {
		return ""
	}
	return r.Note.Reason
}

// withVerdict is f with the verdict and the reason of a decision.
func withVerdict(f, decision *periplus.Flow) *periplus.Flow {
	t := *f
	t.Verdict = decision.Verdict
	var n periplus.Note
	if f.Note != nil {
		n = *f.Note
	}
	n.Reason = ""
	if decision.Note != nil {
		n.Reason = decision.Note.Reason
	}
	if n != (periplus.Note{}) {
		t.Note = &n
	}
	return &t
}

// isTold reports whether one of the rows counts what firewall entry e decided.
func (e *row) isTold(rows []row) bool {
	for i := range rows {
		f := &rows[i]
		if f.Verdict == e.Verdict && f.reason() == e.reason() && f.measured() && e.beside(f) {
			return true
		}
	}
	return false
}
