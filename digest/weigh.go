package digest

import (
	"context"
	"encoding/binary"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/periplus"
)

// weigher decides the 5-tuples that wait, a part at a time.
type weigher struct {
	b       *Batch
	runs    []*run  // that have entries
	servers hashSet // of ends
	fans    fans
}

// tupleTable is the 5-tuples of a part with the evidence of the whole batch:
// open addressing. A slot is an entry whose b holds no number but the ruling.
type tupleTable struct {
	slots  []entry
	mask   uint64
	room   []byte
	worker int
}

// weigh leaves a ruling for every row that waits.
func (b *Batch) weigh(ctx context.Context, waiting []*run) error {
	w := &weigher{b: b, runs: waiting}
	var rows int64
	for _, r := range waiting {
		r.ruled = make([]uint8, r.rows)
		rows += int64(r.entries.rows)
	}
	for s := range b.servers {
		w.servers.add(s.end.hash(s.protocol) &^ endBits)
	}
	// Ends take 16 bytes a 5-tuple while they are counted: in several passes
	// where that is more than memory allows.
	passes := uint64(1 + rows*16/(b.runs.limit/2))
	for pass := range passes {
		if need, err := w.count(ctx, passes, pass); err != nil || !need {
			if err != nil {
				return err
			}
			break
		}
	}
	return w.each(ctx, func(t *tupleTable, part int) error {
		for i := range t.slots {
			if e := &t.slots[i]; e.hash != 0 {
				r := w.early(e)
				if !r.ok {
					r = w.late(e)
				}
				e.b = e.b&^endBits | uint64(r.code())
			}
		}
		return w.rule(t, part)
	})
}

func (r ruling) code() uint8 {
	c := ruled | r.rank
	if r.rev {
		c |= ruledRev
	}
	return c
}

// each calls f for every part, on all cores.
func (w *weigher) each(ctx context.Context, f func(t *tupleTable, part int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for n := range workers {
		g.Go(func() error {
			t := &tupleTable{worker: n}
			for part := n; part < parts; part += workers {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := w.load(t, part); err != nil {
					return err
				}
				if err := f(t, part); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// load fills t with the 5-tuples of a part.
func (w *weigher) load(t *tupleTable, part int) error {
	n := 0
	for _, r := range w.runs {
		n += r.entries.len(part) / entrySize
	}
	t.begin(n)
	for _, r := range w.runs {
		data, err := r.entries.part(part, &t.room)
		if err != nil {
			return err
		}
		for ; len(data) > 0; data = data[entrySize:] {
			hash := binary.LittleEndian.Uint64(data)
			e := t.find(hash)
			if e.hash == 0 {
				e.a, e.b = binary.LittleEndian.Uint64(data[8:]), binary.LittleEndian.Uint64(data[16:])
			}
			e.hash |= hash
		}
	}
	for _, r := range w.b.runs.evidence {
		data, err := r.part(part, &t.room)
		if err != nil {
			return err
		}
		for ; len(data) > 0; data = data[8:] {
			hash := binary.LittleEndian.Uint64(data)
			if e := t.find(hash); e.hash != 0 {
				e.hash |= uint64(evidenceOf(hash))
			}
		}
	}
	return nil
}

func (t *tupleTable) begin(n int) {
	size := 64
	for size < n+n/2 {
		size *= 2
	}
	if cap(t.slots) < size {
		t.slots = make([]entry, size)
	}
	t.slots, t.mask = t.slots[:size], uint64(size-1)
	clear(t.slots)
}

// find returns the slot of a hash, or the free one where it belongs. Another
// 5-tuple of the same hash is next to impossible: let it pass.
func (t *tupleTable) find(hash uint64) *entry {
	for i := hash >> 24 & t.mask; ; i = (i + 1) & t.mask {
		if e := &t.slots[i]; e.hash == 0 || (e.hash^hash)&^tupleBits == 0 {
			return e
		}
	}
}

// early tries rules 1 to 5 on a 5-tuple with all of its evidence.
func (w *weigher) early(e *entry) ruling {
	v := evid(e.hash & tupleBits)
	if a, b := v&evidFlagsA != 0, v&evidFlagsB != 0; a != b {
		return ruling{rank(periplus.ByFlags), b, true}
	}
	if a, b := v&evidNamedA != 0, v&evidNamedB != 0; a != b {
		return ruling{rank(periplus.ByProvider), b, true}
	}
	a := e.a&entryAServes != 0 || w.servers.has(e.a&^endBits)
	b := e.a&entryBServes != 0 || w.servers.has(e.b&^endBits)
	switch {
	case a != b:
		return ruling{rank(periplus.ByKnown), a, true}
	case e.a&entryPrivileged != 0:
		return ruling{rank(periplus.ByPrivileged), e.a&entryPrivA != 0, true}
	}
	if ab, ba := v&evidAB != 0, v&evidBA != 0; ab != ba {
		return ruling{rank(periplus.ByOneWay), ba, true}
	}
	return ruling{}
}

// late goes on with rules 6 to 9.
func (w *weigher) late(e *entry) ruling {
	if e.a&entryFan != 0 {
		a, b := w.fans.class(e.a&^endBits), w.fans.class(e.b&^endBits)
		if a == fanMany && b == fanFew {
			return ruling{rank(periplus.ByFanIn), true, true}
		}
		if b == fanMany && a == fanFew {
			return ruling{rank(periplus.ByFanIn), false, true}
		}
	}
	return ruling{uint8(e.a >> entryRank & ruledRank), e.a&entryLateA != 0, true}
}

// count counts the peers of every end that rules 1 to 4 do not settle, and
// tells whether any 5-tuple needs it. An end that only sent to a peer is not
// met by it: a scanner's fixed source port is no server. Each 5-tuple is
// another peer, so counting is enough.
func (w *weigher) count(ctx context.Context, passes, pass uint64) (bool, error) {
	lists := make([]endLists, runtime.GOMAXPROCS(0))
	need := make([]bool, len(lists))
	err := w.each(ctx, func(t *tupleTable, _ int) error {
		l := &lists[t.worker]
		add := func(h uint64) {
			if passes == 1 || h>>32%passes == pass {
				l.add(h)
			}
		}
		for i := range t.slots {
			e := &t.slots[i]
			if e.hash == 0 || e.a&entryFan == 0 {
				continue
			}
			r := w.early(e)
			switch {
			case !r.ok:
				need[t.worker] = true
				add(e.a &^ endBits)
				add(e.b &^ endBits)
			case r.rank == rank(periplus.ByOneWay) && r.rev:
				add(e.a &^ endBits)
			case r.rank == rank(periplus.ByOneWay):
				add(e.b &^ endBits)
			}
		}
		return nil
	})
	if err != nil || !slices.Contains(need, true) {
		return false, err
	}
	var c peerCounter
	for i := range fanParts {
		c.count(lists, i, &w.fans)
	}
	return true, nil
}

// rule writes the rulings of a part beside the rows.
func (w *weigher) rule(t *tupleTable, part int) error {
	for _, r := range w.runs {
		data, err := r.entries.part(part, &t.room)
		if err != nil {
			return err
		}
		for ; len(data) > 0; data = data[entrySize:] {
			code := uint8(t.find(binary.LittleEndian.Uint64(data)).b)
			guessA := data[8]&entryGuessA != 0
			if guessA != (code&ruledRev != 0) {
				code |= ruledMoved
			}
			r.ruled[binary.LittleEndian.Uint32(data[16:])&endBits] = code
		}
	}
	return nil
}
