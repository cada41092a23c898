package digest

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// rowWriter makes flow rows of settled rows.
type rowWriter struct {
	v     *view
	t     *tables
	group []outRow
	n     int // of group in use
	flow  periplus.Flow
}

// outRow is a settled row whose observer is decided.
type outRow struct {
	row
	set      ports
	observer periplus.Observer
}

// hourRows merges the settled runs, each hour for itself.
func (b *Batch) hourRows(ctx context.Context, v *view) []iter.Seq2[*periplus.Flow, error] {
	var out []iter.Seq2[*periplus.Flow, error]
	for _, h := range byHour(b.runs.settled) {
		out = append(out, func(yield func(*periplus.Flow, error) bool) {
			if err := b.mergeRows(ctx, v, h, yield); err != nil {
				yield(nil, err)
			}
		})
	}
	return out
}

// inOrder is one hour after the other.
func inOrder(hours []iter.Seq2[*periplus.Flow, error]) iter.Seq2[*periplus.Flow, error] {
	return func(yield func(*periplus.Flow, error) bool) {
		for _, rows := range hours {
			for f, err := range rows {
				if !yield(f, err) || err != nil {
					return
				}
			}
		}
	}
}

// mergeRows yields the rows of an hour. After yield said no it returns nil.
func (b *Batch) mergeRows(ctx context.Context, v *view, h hourParts, yield func(*periplus.Flow, error) bool) error {
	m, err := mergeHour(h)
	if err != nil {
		return err
	}
	w := &rowWriter{v: v, t: &b.tables}
	for n := 0; ; n++ {
		c := m.head()
		if c == nil {
			break
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if w.n > 0 && !w.group[0].sameGroup(&c.row) && !w.emit(yield) {
			return nil
		}
		w.add(c)
		if err := m.advance(); err != nil {
			return err
		}
	}
	w.emit(yield)
	return nil
}

// add takes a row into the group of those that ids do not tell apart.
func (w *rowWriter) add(c *cursor) {
	o := w.v.observer(&c.row)
	for i := range w.group[:w.n] {
		g := &w.group[i]
		if g.place == c.row.place && g.reason == c.row.reason && g.verdict == c.row.verdict && g.observer == o {
			unitePorts(&g.row, &g.set, &c.row, &c.set)
			if g.note != c.row.note {
				g.note = w.t.mergeNotes(g.note, c.row.note)
			}
			g.row.add(&c.row)
			g.stand &= c.row.stand | ^standOther
			return
		}
	}
	if w.n == len(w.group) {
		w.group = append(w.group, outRow{})
	}
	g := &w.group[w.n]
	w.n++
	g.row, g.observer = c.row, o
	g.set.reset()
	g.set.addAll(&c.set)
}

// emit yields the group in an order that ids have no part in.
func (w *rowWriter) emit(yield func(*periplus.Flow, error) bool) bool {
	group := w.group[:w.n]
	w.n = 0
	for i := range group {
		if g := &group[i]; w.v.isLeg(&g.row, g.observer) {
			g.observer = periplus.ObserverLeg
		}
	}
	if len(group) > 1 {
		slices.SortFunc(group, w.compare)
	}
	for i := range group {
		w.fill(&group[i])
		if !yield(&w.flow, nil) {
			return false
		}
	}
	return true
}

func (w *rowWriter) compare(x, y outRow) int {
	if c := cmp.Compare(w.v.rank[x.place], w.v.rank[y.place]); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(x.observer, y.observer), cmp.Compare(x.verdict, y.verdict),
		strings.Compare(w.t.reasons[x.reason], w.t.reasons[y.reason]))
}

func (w *rowWriter) fill(g *outRow) {
	r := &g.row
	by := orientation(r.orient)
	f := &w.flow
	*f = periplus.Flow{}
	f.Object = r.object
	f.Bucket = fromMicros(int64(r.bucket) * microsPerBucket)
	f.FirstSeen, f.LastSeen = fromMicros(r.first), fromMicros(r.last)
	f.Minutes, f.Place, f.Observer = int64(r.minutes), w.t.places[r.place], g.observer
	f.Client, f.Server, f.Protocol, f.OrientedBy = r.a.addr(), r.b.addr(), r.protocol, by
	f.Verdict = r.verdict
	f.RequestPackets = count(r.ab.packets, r.has&hasABPackets)
	f.RequestBytes = count(r.ab.bytes, r.has&hasABBytes)
	f.ResponsePackets = count(r.ba.packets, r.has&hasBAPackets)
	f.ResponseBytes = count(r.ba.bytes, r.has&hasBABytes)
	f.Records, f.Connections = int64(r.records), int64(max(1, g.set.len()))
	f.Opened = count(uint64(r.aOpened), r.has&hasOpened)
	f.TCPFlags, f.Sampled = r.tcpFlags, r.has&hasSampled != 0
	if r.bPort != noPort {
		f.ServerPort, f.HasPort = uint16(r.bPort-1), true
	}
	if by.Weak() && r.aPort != noPort && g.set.len() <= 1 {
		f.ClientPort, f.HasClientPort = uint16(r.aPort-1), true
	}
	if !r.natA.zero() {
		f.NATClient = r.natA.addr()
	}
	if !r.natB.zero() {
		f.NATServer = r.natB.addr()
	}
	if r.note != 0 {
		n := w.t.entry(r.note).note
		f.Note, f.Service = n, n.DstService
		if f.Service == "" {
			f.Service = n.SrcService
		}
	}
}

func count(n uint64, known has) periplus.Count {
	if known == 0 || n >= tooMany {
		return periplus.Count{}
	}
	return periplus.Count{N: int64(n), Known: true}
}
