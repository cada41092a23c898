package digest

import (
	"slices"
	"unsafe"

	"github.com/periplus/periplus/periplus"
)

// placeState is what an object knows of one of its places: two lines of the
// cache, for there are many.
type placeState struct {
	id    uint32
	rest  int32 // where in placeTable.rests the rest is, from 1; 0: there is none
	hour  int64
	cover coverage // of hour; what it held of others is in objectTables.cover
	all   common   // what its IPv4 records without a direction have in common
	joins bool     // its flow entries wait for firewall entries: GCP
	_     [23]byte
}

// placeRest is what places of many logs have no use for.
type placeRest struct {
	all common     // as in placeState, IPv6
	own [2]ownSlot // the address by direction that was seen last: IPv4, IPv6
}

// rest is good until the next call.
func (t *placeTable) rest(p *placeState) *placeRest {
	if p.rest == 0 {
		t.rests = append(t.rests, placeRest{})
		p.rest = int32(len(t.rests))
	}
	return &t.rests[p.rest-1]
}

// common is of the records without a direction, by family.
func (t *placeTable) common(p *placeState, a ip) *common {
	if a.v4() {
		return &p.all
	}
	return &t.rest(p).all
}

// ownSlot is an address that direction says is the interface's own.
type ownSlot struct {
	addr ip
	seen
}

// common is what is left of an interface's addresses: those that all of its
// records had.
type common struct {
	n    uint8 // 0: no record yet; 1, 2: a, b; 3: none
	a, b ip
	seen
}

const noneCommon = 3

func (c *common) add(x, y ip, s seen) {
	switch {
	case c.n == noneCommon:
		return
	case c.n == 0:
		c.a, c.b, c.seen, c.n = x, y, s, 2
		if x == y {
			c.n = 1
		}
		return
	}
	c.seen.add(s.first, s.last)
	a := c.a == x || c.a == y
	b := c.n == 2 && (c.b == x || c.b == y)
	switch {
	case a && b:
	case a:
		c.n = 1
	case b:
		c.n, c.a = 1, c.b
	default:
		c.n = noneCommon
	}
}

// merge is add for what another object knows of the same interface.
func (c *common) merge(o *common) {
	switch o.n {
	case 0:
	case 1:
		c.add(o.a, o.a, o.seen)
	case 2:
		c.add(o.a, o.b, o.seen)
	default:
		c.n = noneCommon
	}
}

type ownedKey struct {
	place uint32
	addr  ip
	nat   ip // not zero: what the interface called it, so it is its own only if it is not in between
}

type coverKey struct {
	place uint32
	hour  int64
}

type coverage struct {
	records, noData, skipData int64
	keepsPassed               bool
}

// placeTable finds what an object knows of a place by the pointer that its
// reader hands out: one record in two has another than the record before. The
// slots stay from object to object, as readers share places.
type placeTable struct {
	slots  []placeSlot
	used   int          // slots
	now    uint32       // the object's number here
	states []placeState // in use, in the order they came
	rests  []placeRest

	touched int64 // keeps reads that only bring states into the cache
}

type placeSlot struct {
	place *periplus.Place
	id    uint32 // in the batch's tables
	now   uint32 // the last object that met it …
	state int32  // … and where it is in states
	joins bool   // beside the rest, so that the place itself need not be looked at
}

// maxPlaceSlots is how many places are remembered between objects.
const maxPlaceSlots = 1 << 16

func (t *placeTable) slot(p *periplus.Place) *placeSlot {
	mask := uint64(len(t.slots) - 1)
	for i := mix(uint64(uintptr(unsafe.Pointer(p))), 1) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.place == p || s.place == nil {
			return s
		}
	}
}

// grow makes sure that one more place has a slot.
func (t *placeTable) grow() {
	old := t.slots
	t.slots = make([]placeSlot, max(64, 2*len(old)))
	clear(t.slots) // memory that is read before it is written is faulted twice
	for _, s := range old {
		if s.place != nil {
			*t.slot(s.place) = s
		}
	}
}

func (t *placeTable) reset() {
	if t.used > maxPlaceSlots/2 {
		t.slots, t.used = nil, 0
	}
	t.now++
	t.states, t.rests = t.states[:0], t.rests[:0]
}

// places returns the states of the records' places and where in them each is.
func (o *Object) places(recs []periplus.Record, at []int32) []placeState {
	t := &o.t.places
	var touched int64
	for i := range recs {
		if t.used*2 >= len(t.slots) {
			t.grow()
		}
		p := recs[i].Place
		s := t.slot(p)
		if s.place == nil {
			*s = placeSlot{place: p, id: o.batch.tables.place(p), now: t.now - 1, joins: p.Provider == "gcp"}
			t.used++
		}
		if s.now != t.now {
			t.begin(s)
		}
		at[i] = s.state
	}
	for _, i := range at {
		touched += t.states[i].hour + t.states[i].all.first
	}
	t.touched = touched
	return t.states
}

// begin is the first time that an object meets a place.
func (t *placeTable) begin(s *placeSlot) {
	s.now, s.state = t.now, int32(len(t.states))
	t.states = append(t.states, placeState{id: s.id, joins: s.joins})
}

func (o *Object) coverage(p *placeState, booked int64) *coverage {
	hour := booked / 3600e6
	if booked < 0 {
		hour = floorDiv(booked, 3600e6)
	}
	if p.hour != hour {
		o.keepCoverage(p)
		p.hour, p.cover = hour, coverage{}
	}
	return &p.cover
}

// keepCoverage puts a place's current hour aside.
func (o *Object) keepCoverage(p *placeState) {
	if p.cover != (coverage{}) {
		k := coverKey{p.id, p.hour}
		c := o.t.cover[k]
		c.add(&p.cover)
		o.t.cover[k] = c
	}
}

func (c *coverage) add(o *coverage) {
	c.records += o.records
	c.noData += o.noData
	c.skipData += o.skipData
	c.keepsPassed = c.keepsPassed || o.keepsPassed
}

func (o *Object) note(n *periplus.Note) noteRef {
	if n == nil {
		return noteRef{}
	}
	r, ok := o.t.notes[n]
	if !ok {
		r.id = o.batch.tables.note(n)
		e := o.batch.tables.entry(r.id)
		r.swapped, r.reason = e.swapped, e.reason
		o.t.notes[n] = r
	}
	return r
}

// mergeNotes is the tables' own, without their lock where it was asked before.
func (o *Object) mergeNotes(a, b uint32) uint32 {
	k := uint64(a)<<32 | uint64(b)
	id, ok := o.t.merged[k]
	if !ok {
		id = o.batch.tables.mergeNotes(a, b)
		o.t.merged[k] = id
	}
	return id
}

// names keeps what a record says of its ends.
func (o *Object) names(r *periplus.Record, p *placeState, k *row) {
	if r.SrcID != nil {
		o.name(r.SrcID, namedKey{addr: k.a, place: p.id}, k)
	}
	if r.DstID != nil {
		o.name(r.DstID, namedKey{addr: k.b, place: p.id}, k)
	}
}

func (o *Object) name(n *periplus.Identity, nk namedKey, k *row) {
	id, ok := o.t.names[n]
	if !ok {
		id = o.batch.tables.name(n)
		o.t.names[n] = id
	}
	nk.name = id
	addSeen(o.t.named, nk, seen{k.first, k.last})
}

func addSeen[K comparable](m map[K]seen, k K, s seen) {
	if was, ok := m[k]; ok {
		if s.first >= was.first && s.last <= was.last {
			return
		}
		s.add(was.first, was.last)
	}
	m[k] = s
}

// owner keeps what a record says of its interface's own address, which is one
// of the interface level.
func (o *Object) owner(p *placeState, r *periplus.Record, k *row) {
	src, dst := k.a, k.b
	if k.stand&standOther != 0 {
		if !k.natA.zero() {
			src = k.natA
		}
		if !k.natB.zero() {
			dst = k.natB
		}
	}
	own, packet, nat := src, k.a, k.natA
	switch k.stand & standSide {
	case standUnknown:
		if r.Mark == periplus.MarkFlow {
			o.t.places.common(p, src).add(src, dst, seen{k.first, k.last})
		}
		return
	case standThrough:
		return
	case standB:
		own, packet, nat = dst, k.b, k.natB
	}
	if !nat.zero() {
		addSeen(o.t.owned, ownedKey{p.id, packet, nat}, seen{k.first, k.last})
	}
	s := &o.t.places.rest(p).own[family(own)]
	if s.addr == own {
		s.add(k.first, k.last)
		return
	}
	o.keepOwn(p, s)
	*s = ownSlot{own, seen{k.first, k.last}}
}

func (o *Object) keepOwn(p *placeState, s *ownSlot) {
	if !s.addr.zero() {
		addSeen(o.t.owned, ownedKey{place: p.id, addr: s.addr}, s.seen)
	}
}

func family(a ip) int {
	if a.v4() {
		return 0
	}
	return 1
}

// legKey is one end of a conversation that passed through a place under
// another name: the far end of what the place then writes in its own name.
type legKey struct {
	place    uint32
	far, nat ip
	isClient bool // the far end is
	port     uint32
	protocol uint8
	stand    stand
}

// intervals are spans of time, joined where they are so near that nothing
// between them can tell.
type intervals []seen

const (
	slack   = int64(60e6) // each interval is widened by this on both sides
	joinGap = 4 * slack   // two slacks of the intervals and two of what is asked
	tidyAt  = 64          // intervals that a key may have before they are sorted
)

func (v intervals) add(s seen) intervals {
	if n := len(v); n > 0 && v[n-1].near(s, joinGap) {
		v[n-1].add(s.first, s.last)
		return v
	}
	v = append(v, s)
	if len(v)%tidyAt == 0 {
		v = v.tidy()
	}
	return v
}

func (s seen) near(o seen, gap int64) bool { return s.first-gap <= o.last && o.first-gap <= s.last }

// tidy sorts and joins.
func (v intervals) tidy() intervals {
	slices.SortFunc(v, func(a, b seen) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
	out := v[:0]
	for _, s := range v {
		if n := len(out); n > 0 && out[n-1].near(s, joinGap) {
			out[n-1].add(s.first, s.last)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// touches reports whether s is within the slack of one of the intervals, both
// widened.
func (v intervals) touches(s seen) bool {
	i, _ := slices.BinarySearchFunc(v, s.first-2*slack, func(a seen, t int64) int {
		if a.last < t {
			return -1
		}
		return 1
	})
	return i < len(v) && v[i].near(s, 2*slack)
}
