package digest

import (
	"context"

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

// countFans goes over the waiting 5-tuples and counts the peers of every end
// that rules 1 to 4 do not settle. An end that only sent to a peer is not met
// by it: a scanner's fixed source port is no server. Each 5-tuple is another
// peer, so counting is enough; ends are counted in parts that the cache holds,
// and in several passes where they are more than memory allows.
func (b *Batch) countFans(ctx context.Context) (*fans, error) {
	var rows int64
	for i := range b.runs.waiting {
		rows += int64(b.runs.waiting[i].rows)
	}
	f := &fans{}
	if rows == 0 {
		return f, nil
	}
	passes := uint64(1 + rows*16/(b.runs.limit/2))
	for pass := range passes {
		parts, err := b.ends(ctx, passes, pass)
		if err != nil {
			return nil, err
		}
		var c peerCounter
		for _, p := range parts {
			c.count(p, f)
		}
	}
	return f, nil
}

// ends lists the ends that are met, as hashes, in parts.
func (b *Batch) ends(ctx context.Context, passes, pass uint64) (parts [fanParts][]uint64, err error) {
	g, err := b.tupleGroups()
	if err != nil {
		return parts, err
	}
	need := false
	add := func(e end, protocol uint8) {
		if h := e.hash(protocol); h>>8%passes == pass {
			parts[h%fanParts] = append(parts[h%fanParts], h)
		}
	}
	for n := 0; ; n++ {
		ok, err := g.next()
		if err != nil {
			return parts, err
		}
		if !ok {
			break
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return parts, ctx.Err()
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
	if !need {
		return [fanParts][]uint64{}, nil
	}
	return parts, nil
}

// peerCounter counts equal hashes.
type peerCounter struct {
	keys []uint64
	n    []uint8
}

func (c *peerCounter) count(hashes []uint64, f *fans) {
	size := minIndex
	for size < 2*len(hashes) {
		size *= 2
	}
	if cap(c.keys) < size {
		c.keys, c.n = make([]uint64, size), make([]uint8, size)
	}
	c.keys, c.n = c.keys[:size], c.n[:size]
	clear(c.n)
	mask := uint64(size - 1)
	for _, h := range hashes {
		i := h >> 8 & mask
		for c.n[i] != 0 && c.keys[i] != h {
			i = (i + 1) & mask
		}
		c.keys[i] = h
		c.n[i] = min(c.n[i]+1, manyPeers)
	}
	for i, n := range c.n {
		if n >= manyPeers {
			f.many.add(c.keys[i])
		} else if n > fewPeers {
			f.few.add(c.keys[i])
		}
	}
}
