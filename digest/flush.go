package digest

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// sortKey is a row's place in the order, near enough that few comparisons need
// the row itself.
type sortKey struct {
	k0, k1 uint64
	row    uint32
	hour   int32
}

// flush turns the object's rows into sorted runs and forgets them.
func (o *Object) flush() error {
	b, t := o.batch, o.t
	if len(t.settled.rows) > 0 {
		t.gatherLegs()
		t.sortSettled()
		r, err := b.runs.keep(t.encode(&t.settled, t.order), len(t.order))
		if err == nil {
			err = b.addSettled(r)
		}
		if err != nil {
			return err
		}
		t.settled.reset()
	}
	if len(t.waiting.rows) > 0 {
		if err := o.flushWaiting(); err != nil {
			return err
		}
		t.waiting.reset()
	}
	if t.evidence.n >= o.limit {
		return o.flushEvidence()
	}
	return nil
}

// flushWaiting makes a run for each part of the hashes.
func (o *Object) flushWaiting() error {
	b, t := o.batch, o.t
	t.sortWaiting()
	for rest := t.order; len(rest) > 0; {
		part := partOf(rest[0].k0)
		n := 1
		for n < len(rest) && partOf(rest[n].k0) == part {
			n++
		}
		r, err := b.runs.keep(t.encode(&t.waiting, rest[:n]), n)
		if err == nil {
			err = b.addWaiting(part, r)
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (o *Object) flushEvidence() error {
	b, t := o.batch, o.t
	t.hashes = t.evidence.sorted(t.hashes)
	t.evidence.reset()
	for rest := t.hashes; len(rest) > 0; {
		part := partOf(rest[0])
		t.scratch = t.scratch[:0]
		n := 0
		for ; n < len(rest) && partOf(rest[n]) == part; n++ {
			t.scratch = binary.LittleEndian.AppendUint64(t.scratch, rest[n])
		}
		r, err := b.runs.keep(t.scratch, n)
		if err == nil {
			err = b.addEvidence(part, r)
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (t *objectTables) sortSettled() {
	rows := t.settled.rows
	t.order = t.order[:0]
	for i := range rows {
		r := &rows[i]
		k := sortKey{k0: r.a.prefix(), row: uint32(i), hour: r.hour()}
		if r.a.v4() {
			k.k1 = r.b.prefix() // else k0 does not settle the client
		}
		t.order = append(t.order, k)
	}
	slices.SortFunc(t.order, func(a, b sortKey) int {
		switch {
		case a.hour != b.hour:
			return cmp.Compare(a.hour, b.hour)
		case a.k0 != b.k0:
			return cmp.Compare(a.k0, b.k0)
		case a.k1 != b.k1:
			return cmp.Compare(a.k1, b.k1)
		}
		return rows[a.row].compareSettled(&rows[b.row])
	})
}

func (t *objectTables) sortWaiting() {
	rows := t.waiting.rows
	t.order = t.order[:0]
	for i := range rows {
		u := rows[i].tuple()
		t.order = append(t.order, sortKey{k0: u.hash(), row: uint32(i)})
	}
	slices.SortFunc(t.order, func(a, b sortKey) int {
		if a.k0 != b.k0 {
			return cmp.Compare(a.k0, b.k0)
		}
		return compareWaiting(&rows[a.row], &rows[b.row], a.k0, b.k0)
	})
}

// encode writes rows in an order into the scratch buffer.
func (t *objectTables) encode(rt *rowTable, order []sortKey) []byte {
	t.scratch = t.scratch[:0]
	prev := &row{}
	for i := range order {
		r := &rt.rows[order[i].row]
		var set *ports
		if r.ports != 0 {
			set = &rt.sets[r.ports-1]
		}
		t.scratch = appendRow(t.scratch, r, prev, set)
		prev = r
	}
	return t.scratch
}

// gatherLegs keeps where settled rows passed through under another name.
func (t *objectTables) gatherLegs() {
	for i := range t.settled.rows {
		r := &t.settled.rows[i]
		if r.stand&standOther != 0 {
			t.addLegs(r)
		}
	}
}

func (t *objectTables) addLegs(r *row) {
	if r.verdict.Stopped() {
		return
	}
	k := legKey{place: r.place, port: r.bPort, protocol: r.protocol, stand: r.stand}
	if !r.natA.zero() {
		k.far, k.nat, k.isClient = r.a, r.natA, true
		t.legs[k] = t.legs[k].add(seen{r.first, r.last})
	}
	if !r.natB.zero() {
		k.far, k.nat, k.isClient = r.b, r.natB, false
		t.legs[k] = t.legs[k].add(seen{r.first, r.last})
	}
}

// Close ends the object. The batch takes over what it found.
func (o *Object) Close() error {
	if o.closed {
		return nil
	}
	o.closed = true
	err := o.flush()
	if err == nil {
		err = o.flushEvidence()
	}
	for i := range o.t.places.states {
		s := &o.t.places.states[i]
		o.keepOwn(s, &s.own[0])
		o.keepOwn(s, &s.own[1])
	}
	if o.first != noTime {
		o.span.First, o.span.Last = fromMicros(o.first), fromMicros(o.last)
	}
	o.batch.take(o)
	o.t.reset()
	o.batch.giveBack(o.t)
	o.t = nil
	return err
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func newObjectTables() *objectTables {
	t := &objectTables{
		servers: map[serverEnd]struct{}{},
		notes:   map[*periplus.Note]noteRef{}, names: map[*periplus.Identity]uint32{},
		merged: map[uint64]uint32{}, named: map[namedKey]seen{}, owned: map[ownedKey]seen{},
		legs: map[legKey]intervals{}, cover: map[coverKey]coverage{},
	}
	t.waiting.waiting = true
	return t
}

// reset empties the tables for the next object and keeps their room.
func (t *objectTables) reset() {
	t.settled.reset()
	t.waiting.reset()
	t.evidence.reset()
	clear(t.servers)
	t.places.reset()
	clear(t.notes)
	clear(t.names)
	clear(t.named)
	clear(t.owned)
	clear(t.legs)
	clear(t.cover)
	t.ids = t.ids[:0]
}
