package merge

import (
	"cmp"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// observer is one interface, whichever of its logs wrote the rows.
type observer struct {
	place   *periplus.Place // of its first row
	kind    periplus.Observer
	packets int64
	first   int // where it was found; becomes its place in m.watch
}

func sameInterface(a, b *periplus.Place) bool {
	return a == b || a.Interface == b.Interface && a.Account == b.Account && a.Provider == b.Provider &&
		(a.Interface != "" || a.Log == b.Log)
}

// rank orders observers by trust. A row of each kind may come from one
// interface, when one batch of logs told less of it than another.
func rank(o periplus.Observer) int {
	switch o {
	case periplus.ObserverServer:
		return 3
	case periplus.ObserverClient:
		return 2
	}
	return 1
}

// observers finds who wrote the rows, in order of trust.
func (m *Merger) observers(rows []row) {
	m.watch = m.watch[:0]
	for i := range rows {
		r := &rows[i]
		w := slices.IndexFunc(m.watch, func(o observer) bool { return sameInterface(o.place, r.Place) })
		if w < 0 {
			w = len(m.watch)
			m.watch = append(m.watch, observer{place: r.Place, first: w})
		}
		r.watch = w
		o := &m.watch[w]
		o.packets = periplus.Plus(o.packets, periplus.Plus(r.RequestPackets.N, r.ResponsePackets.N))
		if rank(r.Observer) > rank(o.kind) || o.kind == periplus.ObserverUnknown {
			o.kind = r.Observer
		}
		if r.Place.Log < o.place.Log {
			o.place = r.Place
		}
	}
	if len(m.watch) == 1 {
		return
	}
	slices.SortFunc(m.watch, func(a, b observer) int {
		return cmp.Or(cmp.Compare(rank(b.kind), rank(a.kind)), cmp.Compare(b.packets, a.packets),
			cmp.Compare(a.place.Account, b.place.Account), cmp.Compare(a.place.Interface, b.place.Interface),
			cmp.Compare(a.place.Log, b.place.Log), cmp.Compare(a.place.Provider, b.place.Provider))
	})
	for i := range rows {
		w := rows[i].watch
		rows[i].watch = slices.IndexFunc(m.watch, func(o observer) bool { return o.first == w })
	}
}

// logTotal is what one log of an interface held, of what passed or of what was
// stopped.
type logTotal struct {
	watch   int
	stopped bool
	log     string
	counts  bool
	sampled bool
	partial bool // it holds less than half of what another one holds
	packets int64
}

// chooseLogs leaves out what another log of the same interface tells: never
// the sum. What passed and what was stopped is chosen apart: a packet is only
// one of them, and an interface may have a log for each. The logs have one
// order for the whole range, because their windows cut the hours at different
// packets: one that counts before one that does not (a firewall's), what is
// not sampled, one that is not far from whole, the name. A row is left out
// where a log before its own speaks, so a log that begins or ends in the
// middle is followed by the other.
func (m *Merger) chooseLogs(rows []row) {
	several := false
	for i := 1; i < len(rows) && !several; i++ {
		several = rows[i].Place.Log != rows[0].Place.Log
	}
	if !several {
		return
	}
	m.totals(rows)
	for k := 1; k < len(m.logs); k++ {
		l := &m.logs[k]
		m.spoken = m.spoken[:0]
		for i := range rows {
			r := &rows[i]
			if better := m.logOf(r); better < k && m.logs[better].same(l) {
				m.spoken = append(m.spoken, interval{r.FirstSeen.Add(-widen), r.LastSeen.Add(widen)})
			}
		}
		if len(m.spoken) == 0 {
			continue
		}
		m.spoken = union(m.spoken)
		for i := range rows {
			if r := &rows[i]; m.logOf(r) == k {
				r.out = spoken(m.spoken, r.FirstSeen, r.LastSeen)
			}
		}
	}
}

// totals adds the logs up, the best of an interface first.
func (m *Merger) totals(rows []row) {
	m.logs = m.logs[:0]
	for i := range rows {
		r := &rows[i]
		k := m.logOf(r)
		if k < 0 {
			k = len(m.logs)
			m.logs = append(m.logs, logTotal{watch: r.watch, stopped: r.Verdict.Stopped(), log: r.Place.Log})
		}
		t := &m.logs[k]
		t.packets = periplus.Plus(t.packets, periplus.Plus(r.RequestPackets.N, r.ResponsePackets.N))
		t.counts = t.counts || r.RequestPackets.Known || r.ResponsePackets.Known
		t.sampled = t.sampled || r.Sampled
	}
	for i := range m.logs {
		for j := range m.logs {
			if a, b := &m.logs[i], &m.logs[j]; a.same(b) && a.packets < b.packets-a.packets {
				a.partial = true
			}
		}
	}
	slices.SortFunc(m.logs, func(a, b logTotal) int { // the best first
		return cmp.Or(compareBool(b.counts, a.counts), compareBool(a.sampled, b.sampled), compareBool(a.partial, b.partial),
			cmp.Compare(a.log, b.log), cmp.Compare(a.watch, b.watch), compareBool(a.stopped, b.stopped))
	})
}

// logOf is the index of a row's log; -1: not yet in m.logs.
func (m *Merger) logOf(r *row) int {
	return slices.IndexFunc(m.logs, func(l logTotal) bool {
		return l.watch == r.watch && l.stopped == r.Verdict.Stopped() && l.log == r.Place.Log
	})
}

func (l *logTotal) same(o *logTotal) bool { return l.watch == o.watch && l.stopped == o.stopped }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// interval is a time in which somebody speaks, both ends included.
type interval struct{ from, to time.Time }

// union sorts intervals and joins those that overlap.
func union(all []interval) []interval {
	slices.SortFunc(all, func(a, b interval) int { return a.from.Compare(b.from) })
	out := all[:0]
	for _, i := range all {
		if n := len(out); n > 0 && !i.from.After(out[n-1].to) {
			if i.to.After(out[n-1].to) {
				out[n-1].to = i.to
			}
			continue
		}
		out = append(out, i)
	}
	return out
}

// spoken reports whether an interval of a union overlaps first to last.
func spoken(all []interval, first, last time.Time) bool {
	i, _ := slices.BinarySearchFunc(all, first, func(i interval, t time.Time) int { return i.to.Compare(t) })
	return i < len(all) && !all[i].from.After(last)
}
