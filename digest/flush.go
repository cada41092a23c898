package digest

import (
	"time"
	"unsafe"

	"github.com/periplus/periplus/periplus"
)

// flush turns the object's rows into sorted runs and forgets them.
func (o *Object) flush() error {
	t := o.t
	if len(t.settled.rows)+len(t.waiting.rows) > 0 {
		if err := o.flushRows(); err != nil {
			return err
		}
		t.settled.reset()
		t.waiting.reset()
	}
	if len(t.grouped.rows) > 0 {
		if err := o.flushGrouped(); err != nil {
			return err
		}
		t.grouped.reset()
	}
	if t.evidence.n >= o.limit {
		return o.flushEvidence()
	}
	return nil
}

// flushRows makes a run of the settled rows and of those that wait, as if they
// were settled the way that is likelier.
func (o *Object) flushRows() error {
	b, t := o.batch, o.t
	t.gatherLegs()
	t.entries = t.entries[:0]
	for i := range t.waiting.rows {
		r := &t.waiting.rows[i]
		e, rev := b.entryOf(r)
		t.entries = append(t.entries, e)
		if rev {
			r.swap(&b.tables)
		}
	}
	t.sortRows()
	r, err := b.keepRows(t)
	if err != nil {
		return err
	}
	if len(t.entries) > 0 {
		if r.entries, err = b.runs.keepEntries(t.entries, &t.scratch); err != nil {
			return err
		}
	}
	b.runs.push(&b.runs.settled, r)
	return nil
}

// flushGrouped makes a run for each part of the hashes.
func (o *Object) flushGrouped() error {
	b, t := o.batch, o.t
	t.sortGrouped()
	for rest := t.order; len(rest) > 0; {
		part := rest[0].key >> 62
		t.entries = t.entries[:0]
		n := 0
		for ; n < len(rest) && rest[n].key>>62 == part; n++ {
			e, _ := b.entryOf(&t.grouped.rows[rest[n].row])
			e.b |= uint64(n)
			t.entries = append(t.entries, e)
		}
		r, err := b.runs.keep(t.encodeGrouped(rest[:n]), n)
		if err == nil {
			r.entries, err = b.runs.keepEntries(t.entries, &t.scratch)
		}
		if err != nil {
			return err
		}
		b.runs.push(&b.runs.waiting[part], r)
		rest = rest[n:]
	}
	return nil
}

func (o *Object) flushEvidence() error {
	s, t := &o.batch.runs, o.t
	if t.evidence.n == 0 {
		return nil
	}
	p, err := s.keepHashes(t.evidence.slots, t.evidence.n, &t.scratch)
	t.evidence.reset()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evidence = append(s.evidence, p)
	return nil
}

// keepRows makes a run of the settled and the waiting rows in their order.
func (b *Batch) keepRows(t *objectTables) (run, error) {
	var at run
	t.encode(&at)
	r, err := b.runs.keep(t.scratch, len(t.order))
	r.hours, r.marks = at.hours, at.marks
	return r, err
}

// encode writes the settled and the waiting rows in their order into the
// scratch buffer, and tells the entries where their rows lie, and the run where
// hours and marks do.
func (t *objectTables) encode(to *run) {
	t.scratch = t.scratch[:0]
	to.marks = make([]rowMark, 0, len(t.order)/markRows+1)
	prev := &row{}
	settled := uint32(len(t.settled.rows))
	for i := range t.order {
		// The rows lie in the order they came: what comes soon is fetched while
		// this one is written.
		prefetch(unsafe.Pointer(t.rowOf(t.order[min(i+encodeAhead, len(t.order)-1)].row)))
		alone := i%markRows == 0
		if alone {
			to.marks = append(to.marks, rowMark{uint32(len(t.scratch)), prev.bucket})
		}
		if h := t.order[i].hour; i == 0 || h != t.order[i-1].hour {
			to.hours = append(to.hours, hourMark{h, int32(i), int64(len(t.scratch)), prev.bucket})
			alone = true
		}
		n := t.order[i].row
		var r *row
		var set *ports
		if n < settled {
			if r = &t.settled.rows[n]; r.ports != 0 {
				set = &t.settled.sets[r.ports-1]
			}
		} else {
			r = &t.waiting.rows[n-settled]
			t.entries[n-settled].b |= uint64(i)
		}
		t.scratch = appendRow(t.scratch, r, prev, set, alone)
		prev = r
	}
}

// encodeAhead is how many rows ahead are fetched.
const encodeAhead = 8

func (t *objectTables) encodeGrouped(order []sortKey) []byte {
	t.scratch = t.scratch[:0]
	prev := &row{}
	for i := range order {
		r := &t.grouped.rows[order[i].row]
		t.scratch = appendRow(t.scratch, r, prev, nil, false)
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
	if err == nil {
		err = o.flushWindows()
	}
	for i := range o.t.places.states {
		s := &o.t.places.states[i]
		if s.rest != 0 {
			rest := o.t.places.rest(s)
			o.keepOwn(s, &rest.own[0])
			o.keepOwn(s, &rest.own[1])
		}
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
		silent: map[windowKey]windows{},
	}
	t.waiting.waiting, t.grouped.waiting = true, true
	return t
}

// reset empties the tables for the next object and keeps their room.
func (t *objectTables) reset() {
	t.settled.reset()
	t.waiting.reset()
	t.grouped.reset()
	t.evidence.reset()
	clear(t.servers)
	t.places.reset()
	clear(t.notes)
	clear(t.names)
	clear(t.named)
	clear(t.owned)
	clear(t.legs)
	clear(t.cover)
	clear(t.silent)
	t.ids, t.nstaged = t.ids[:0], 0
}
