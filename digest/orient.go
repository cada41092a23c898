package digest

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/periplus"
)

// early tries rules 1 to 5 on a 5-tuple with all of its evidence.
func (b *Batch) early(t *tuple, e evid) ruling {
	a, bb := e&evidFlagsA != 0, e&evidFlagsB != 0
	if a != bb {
		return ruling{rank(periplus.ByFlags), bb, true}
	}
	if a, bb := e&evidNamedA != 0, e&evidNamedB != 0; a != bb {
		return ruling{rank(periplus.ByProvider), bb, true}
	}
	if aServes, bServes := b.serves(t.a, t.protocol), b.serves(t.b, t.protocol); aServes != bServes {
		return ruling{rank(periplus.ByKnown), aServes, true}
	}
	if aServes, ok := byPrivileged(t.a.port, t.b.port); ok {
		return ruling{rank(periplus.ByPrivileged), aServes, true}
	}
	if ab, ba := e&evidAB != 0, e&evidBA != 0; ab != ba {
		return ruling{rank(periplus.ByOneWay), ba, true}
	}
	return ruling{}
}

// serves is rule 3: known from an earlier batch, or by flags or provider in
// this one.
func (b *Batch) serves(e end, protocol uint8) bool {
	if e.port == noPort {
		return false
	}
	if _, ok := b.servers[serverEnd{e, protocol}]; ok {
		return true
	}
	return b.Known != nil && b.Known(e.addr.addr(), uint16(e.port-1), protocol)
}

// late goes on with rules 6 to 9.
func (f *fans) late(t *tuple) ruling {
	if t.a.port != noPort && t.b.port != noPort {
		a, b := f.class(t.a, t.protocol), f.class(t.b, t.protocol)
		if a == fanMany && b == fanFew {
			return ruling{rank(periplus.ByFanIn), true, true}
		}
		if b == fanMany && a == fanFew {
			return ruling{rank(periplus.ByFanIn), false, true}
		}
	}
	if a, b := registered(t.a.port, t.protocol), registered(t.b.port, t.protocol); a != b {
		return ruling{rank(periplus.ByService), a, true}
	}
	if t.a.port != t.b.port {
		// A missing port is larger than any.
		aServes := t.a.port != noPort && (t.b.port == noPort || t.a.port < t.b.port)
		return ruling{rank(periplus.ByPort), aServes, true}
	}
	return ruling{rank(periplus.ByUndecided), t.a.addr.compare(t.b.addr) <= 0, true}
}

// fans counts how many peers meet at an end: rule 6.
type fans struct {
	few, many hashSet // ends of 3 to 7 peers, and of 8 or more
}

const (
	fanFew = iota // at most 2 peers
	fanSome
	fanMany
)

const (
	fewPeers  = 2
	manyPeers = 8
)

func (f *fans) class(e end, protocol uint8) int {
	h := e.hash(protocol)
	switch {
	case f.many.has(h):
		return fanMany
	case f.few.has(h):
		return fanSome
	}
	return fanFew
}

func (s *hashSet) has(h uint64) bool {
	if h == 0 {
		h = 1 << 2
	}
	return s.n > 0 && s.slots[s.slot(h)] == h
}

const fanParts = 256

// endLists are ends as hashes, in parts that the cache holds.
type endLists [fanParts][]uint64

// countFans goes over the waiting 5-tuples and counts the peers of every end
// that rules 1 to 4 do not settle. An end that only sent to a peer is not met
// by it: a scanner's fixed source port is no server. Each 5-tuple is another
// peer, so counting is enough; in several passes where the ends are more than
// memory allows.
func (b *Batch) countFans(ctx context.Context) (*fans, error) {
	var rows int64
	for _, part := range b.runs.waiting {
		for i := range part {
			rows += int64(part[i].rows)
		}
	}
	f := &fans{}
	passes := uint64(1 + rows*16/(b.runs.limit/2))
	for pass := range passes {
		var lists [waitParts]endLists
		var need [waitParts]bool
		err := eachPart(ctx, func(ctx context.Context, part int) (err error) {
			need[part], err = b.ends(ctx, part, &lists[part], func(h uint64) bool { return h>>8%passes == pass })
			return err
		})
		if err != nil {
			return nil, err
		}
		if !slices.Contains(need[:], true) {
			return f, nil
		}
		var c peerCounter
		for i := range fanParts {
			c.count(&lists, i, f)
		}
	}
	return f, nil
}

// eachPart calls f for every part of the waiting 5-tuples, on all cores.
func eachPart(ctx context.Context, f func(ctx context.Context, part int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for part := range waitParts {
		g.Go(func() error { return f(ctx, part) })
	}
	return g.Wait()
}

// ends lists the ends of a part that are met, as far as want says, and tells
// whether any 5-tuple needs them counted.
func (b *Batch) ends(ctx context.Context, part int, to *endLists, want func(uint64) bool) (need bool, err error) {
	g, err := b.tupleGroups(part)
	if err != nil {
		return false, err
	}
	add := func(e end, protocol uint8) {
		if h := e.hash(protocol); want(h) {
			to[h%fanParts] = append(to[h%fanParts], h)
		}
	}
	for n := 0; ; n++ {
		ok, err := g.next()
		if err != nil || !ok {
			return need, err
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		t := g.rows[0].tuple()
		if t.a.port == noPort || t.b.port == noPort {
			continue
		}
		r := b.early(&t, g.evid)
		switch {
		case !r.ok:
			need = true
			add(t.a, t.protocol)
			add(t.b, t.protocol)
		case r.rank == rank(periplus.ByOneWay) && r.rev:
			add(t.a, t.protocol)
		case r.rank == rank(periplus.ByOneWay):
			add(t.b, t.protocol)
		}
	}
}

// peerCounter counts equal hashes.
type peerCounter struct {
	keys []uint64
	n    []uint8
}

func (c *peerCounter) count(lists *[waitParts]endLists, part int, f *fans) {
	size, want := minIndex, 0
	for i := range lists {
		want += 2 * len(lists[i][part])
	}
	for size < want {
		size *= 2
	}
	if cap(c.keys) < size {
		c.keys, c.n = make([]uint64, size), make([]uint8, size)
	}
	c.keys, c.n = c.keys[:size], c.n[:size]
	clear(c.n)
	mask := uint64(size - 1)
	for l := range lists {
		for _, h := range lists[l][part] {
			i := h >> 8 & mask
			for c.n[i] != 0 && c.keys[i] != h {
				i = (i + 1) & mask
			}
			c.keys[i] = h
			c.n[i] = min(c.n[i]+1, manyPeers)
		}
	}
	for i, n := range c.n {
		if n >= manyPeers {
			f.many.add(c.keys[i])
		} else if n > fewPeers {
			f.few.add(c.keys[i])
		}
	}
}
