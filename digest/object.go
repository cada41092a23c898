package digest

import (
	"github.com/periplus/periplus/periplus"
)

// Object takes the records of one object in. One goroutine at a time.
type Object struct {
	batch *Batch
	id    int64
	limit int // rows before they become a run
	t     *objectTables

	span    Span
	first   int64 // of the span; noTime: none
	last    int64
	repeats int64
	closed  bool
}

// objectTables are what an object needs while it is written; the next object
// takes them over.
type objectTables struct {
	settled  rowTable
	waiting  rowTable // who is the client is not known
	grouped  rowTable // nor can it be told for one row alone: entries that come again, that join others, that pass on
	evidence hashSet
	entries  []entry
	servers  map[serverEnd]struct{}

	places placeTable
	notes  map[*periplus.Note]noteRef
	names  map[*periplus.Identity]uint32
	merged map[uint64]uint32
	named  map[namedKey]seen
	owned  map[ownedKey]seen
	legs   map[legKey]intervals
	cover  map[coverKey]coverage
	silent map[windowKey]windows
	ids    []ID

	staged  [stageSize]staged
	nstaged int

	order, other []sortKey
	scratch      []byte
}

type noteRef struct{ id, swapped, reason uint32 }

type serverEnd struct {
	end
	protocol uint8
}

type namedKey struct {
	addr  ip
	name  uint32
	place uint32
}

// seen is a span of time in microseconds.
type seen struct{ first, last int64 }

const noTime = int64(^uint64(0) >> 1)

func (s *seen) add(first, last int64) {
	s.first, s.last = min(s.first, first), max(s.last, last)
}

// Write takes records in and keeps nothing of recs but what Record allows.
func (o *Object) Write(recs []periplus.Record) error {
	var at [batchSize]int32
	for len(recs) > batchSize {
		if err := o.Write(recs[:batchSize]); err != nil {
			return err
		}
		recs = recs[batchSize:]
	}
	// Places are looked up for many records together: the processor then waits
	// for several of them at once.
	states := o.places(recs, at[:len(recs)])
	for i := range recs {
		o.record(&recs[i], &states[at[i]])
		if o.t.nstaged == stageSize {
			if err := o.addStaged(); err != nil {
				return err
			}
		}
	}
	return o.addStaged()
}

// batchSize is how many records are looked at together.
const batchSize = 256

// stageSize is how many rows are looked up together: they stay in the nearest
// cache.
const stageSize = 32

// staged is a record's row on its way into its table.
type staged struct {
	row
	table  *rowTable
	hash   uint64
	place  *placeState
	booked int64
}

// addStaged adds the staged rows to their tables.
func (o *Object) addStaged() error {
	t := o.t
	var touched uint64
	for i := range t.staged[:t.nstaged] {
		s := &t.staged[i]
		s.hash = s.table.hash(&s.row)
		touched += s.table.touch(s.hash)
	}
	t.places.touched += int64(touched)
	for i := range t.staged[:t.nstaged] {
		s := &t.staged[i]
		if r, isNew := s.table.find(&s.row, s.hash); !isNew {
			o.again(r, s)
		} else if len(t.settled.rows)+len(t.waiting.rows)+len(t.grouped.rows) >= o.limit {
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
	t.nstaged = 0
	return nil
}

// again adds a record to the row that it belongs to.
func (o *Object) again(r *row, s *staged) {
	if s.has&hasID != 0 {
		// The same entry twice in one object.
		o.repeats++
		o.span.Records -= int64(s.records)
		o.coverage(s.place, s.booked).records -= int64(s.records)
		return
	}
	if r.note != s.note {
		r.note = o.mergeNotes(r.note, s.note)
	}
	if s.table == &o.t.settled {
		s.table.addPort(r, s.aPort)
	}
	r.add(&s.row)
}

func (o *Object) record(r *periplus.Record, p *placeState) {
	first, last, booked := micros(r)
	switch r.Mark {
	case periplus.MarkNoData:
		o.coverage(p, booked).noData++
		o.window(p, booked, windows{noData: 1})
		return
	case periplus.MarkSkipData:
		o.coverage(p, booked).skipData++
		o.window(p, booked, windows{skipData: 1})
		return
	}
	if r.Has&periplus.HasID != 0 {
		if o.batch.Seen != nil && o.batch.Seen(r.ID) {
			o.repeats++
			return
		}
		o.t.ids = append(o.t.ids, ID{r.ID, r.Booked, o.id})
	}
	c := o.coverage(p, booked)
	if !r.Part {
		c.records++
		o.span.Records++
	}
	if r.Mark == periplus.MarkFlow && !r.Verdict.Stopped() {
		c.keepsPassed = true
	}
	o.first, o.last = min(o.first, first), max(o.last, last)

	s := &o.t.staged[o.t.nstaged]
	o.t.nstaged++
	*s = staged{place: p, booked: booked}
	k := &s.row
	o.fill(k, r, p, booked)
	k.first, k.last = first, last
	k.minutes = minutesOf(first, last, int64(k.bucket)*microsPerBucket)
	if r.SrcID != nil || r.DstID != nil {
		o.names(r, p, k)
	}
	o.owner(p, r, k)
	rule := o.rule(r, k)
	if !rule.ok || p.joins || k.has&hasID != 0 {
		s.table = o.wait(r, k, p)
		return
	}
	o.settle(k, rule)
	s.table = &o.t.settled
}

// micros are a record's times; what it lacks is taken from what it has.
func micros(r *periplus.Record) (first, last, booked int64) {
	if r.Booked.IsZero() {
		booked = r.Start.UnixMicro()
	} else {
		booked = r.Booked.UnixMicro()
	}
	first = booked
	if !r.Start.IsZero() {
		first = r.Start.UnixMicro()
	}
	last = first
	if !r.End.IsZero() {
		last = max(first, r.End.UnixMicro())
	}
	return first, last, booked
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// fill makes a row of a record: a is its source, b its destination.
func (o *Object) fill(k *row, r *periplus.Record, p *placeState, booked int64) {
	bucket := floorDiv(booked, microsPerBucket)
	src, dst := ipOf(r.Src), ipOf(r.Dst)
	k.a, k.b = src, dst
	if r.PktSrc.IsValid() {
		if a := ipOf(r.PktSrc); a != src {
			k.a, k.natA = a, src
			k.stand = standOther
		}
	}
	if r.PktDst.IsValid() {
		if a := ipOf(r.PktDst); a != dst {
			k.b, k.natB = a, dst
			k.stand = standOther
		}
	}
	switch r.Direction {
	case periplus.Egress:
		k.stand |= standA
	case periplus.Ingress:
		k.stand |= standB
	case periplus.Through:
		k.stand |= standThrough
	}
	if r.Has&periplus.HasProtocol == 0 || !periplus.Portless(r.Protocol) {
		if r.Has&periplus.HasSrcPort != 0 {
			k.aPort = uint32(r.SrcPort) + 1
		}
		if r.Has&periplus.HasDstPort != 0 {
			k.bPort = uint32(r.DstPort) + 1
		}
	}
	k.bucket, k.place, k.protocol, k.verdict, k.object = int32(bucket), p.id, r.Protocol, r.Verdict, o.id
	n := o.note(r.Note)
	k.note, k.reason = n.id, n.reason
	k.tcpFlags = r.TCPFlags
	if r.Has&periplus.HasPackets != 0 {
		k.has, k.ab.packets = k.has|hasABPackets, r.Packets
	}
	if r.Has&periplus.HasBytes != 0 {
		k.has, k.ab.bytes = k.has|hasABBytes, r.Bytes
	}
	if r.Has&periplus.HasRevPackets != 0 {
		k.has, k.ba.packets = k.has|hasBAPackets, r.RevPackets
	}
	if r.Has&periplus.HasRevBytes != 0 {
		k.has, k.ba.bytes = k.has|hasBABytes, r.RevBytes
	}
	if r.Sampled {
		k.has |= hasSampled
	}
	o.opened(k, r)
	if !r.Part {
		k.records = 1
	}
}

// opened counts the connection that a record's source began.
func (o *Object) opened(k *row, r *periplus.Record) {
	switch {
	case r.State != periplus.StateUnknown:
		k.has |= hasOpened
		if r.State == periplus.StateBegin && !r.Part {
			k.aOpened = 1
		}
	case r.Has&periplus.HasTCPFlags != 0 && r.Protocol == 6:
		k.has |= hasOpened
		if r.TCPFlags&periplus.SYN != 0 && !r.Part {
			k.aOpened = 1
		}
	}
}

// minutesOf are the minutes of its bucket in which a record began or ended.
func minutesOf(first, last, bucket int64) uint8 {
	var m uint8
	if n := first - bucket; n >= 0 && n < microsPerBucket {
		m = 1 << (n / 60e6)
	}
	if n := last - bucket; n >= 0 && n < microsPerBucket {
		m |= 1 << (n / 60e6)
	}
	return m
}

// rule tries what settles a record by itself: its flags, the provider, a
// privileged port. What was known before of an end settles nothing alone: flags
// of the same 5-tuple, or what they tell of the other end, may say otherwise.
func (o *Object) rule(r *periplus.Record, k *row) ruling {
	if rev, ok := byFlags(r); ok {
		o.evidence(k, rev, 0)
		if rev || !r.Verdict.Stopped() {
			o.server(k, rev)
		}
		return ruling{rank(periplus.ByFlags), rev, true}
	}
	if r.Initiator {
		o.evidence(k, false, evidenceProvider)
		if !r.Verdict.Stopped() {
			o.server(k, false)
		}
		return ruling{rank(periplus.ByProvider), false, true}
	}
	return o.byPorts(k)
}

// byPorts settles a row by a privileged port alone, where nothing that was
// known before speaks against it.
func (o *Object) byPorts(k *row) ruling {
	aServes, ok := byPrivileged(k.aPort, k.bPort)
	if !ok || mayWait(k.aPort, k.bPort, k.protocol) {
		return ruling{}
	}
	by := rank(periplus.ByPrivileged)
	if b := o.batch; b.Known != nil {
		if a := b.known(end{k.a, k.aPort}, k.protocol); a != b.known(end{k.b, k.bPort}, k.protocol) {
			if a != aServes {
				return ruling{}
			}
			by = rank(periplus.ByKnown)
		}
	}
	return ruling{by, aServes, true}
}

// evidence remembers how a 5-tuple is oriented, for its records that wait.
func (o *Object) evidence(k *row, rev bool, by uint64) {
	if o.byPorts(k).ok {
		return // none waits
	}
	t := k.tuple()
	if t.b.less(t.a) {
		t.a, t.b = t.b, t.a
		rev = !rev
	}
	h := t.hash() | by
	if rev {
		h |= evidenceBReq
	}
	o.t.evidence.add(h)
}

// server remembers an end that was a server by flags or provider.
func (o *Object) server(k *row, rev bool) {
	e := end{k.b, k.bPort}
	if rev {
		e = end{k.a, k.aPort}
	}
	if e.port == noPort {
		return
	}
	s := serverEnd{e, k.protocol}
	if _, ok := o.t.servers[s]; !ok {
		o.t.servers[s] = struct{}{}
	}
}

// settle turns a record's row as it is settled.
func (o *Object) settle(k *row, rule ruling) {
	k.orient = rule.rank
	if rule.rev {
		o.turn(k)
	}
	k.bOpened = 0
}

// turn swaps a row whose note is that of its record.
func (o *Object) turn(k *row) {
	note := k.note
	k.note = 0
	k.swap(nil)
	if note != 0 {
		k.note = o.batch.tables.swapped(note)
	}
}

// wait makes a record's row one that waits and returns the table for it.
func (o *Object) wait(r *periplus.Record, k *row, p *placeState) *rowTable {
	k.evid = evidAB
	if r.Has&periplus.HasPackets != 0 && r.Packets == 0 {
		k.evid = 0
	}
	if r.Has&periplus.HasRevPackets != 0 && r.RevPackets > 0 {
		k.evid |= evidBA
	}
	if rev, ok := byFlags(r); ok && rev {
		k.evid |= evidFlagsB
	} else if ok {
		k.evid |= evidFlagsA
	}
	if r.Initiator {
		k.evid |= evidNamedA
	}
	if r.Has&periplus.HasID != 0 {
		k.has |= hasID
		k.id = r.ID
	}
	if r.Mark == periplus.MarkEvent {
		k.stand |= standEvent
	}
	if (end{k.b, k.bPort}).less(end{k.a, k.aPort}) {
		o.turn(k)
		k.evid = k.evid.swap()
	}
	if p.joins || k.has&hasID != 0 || k.stand&(standEvent|standOther) != 0 {
		return &o.t.grouped
	}
	return &o.t.waiting
}

// swap exchanges the ends.
func (e evid) swap() evid {
	const a = evidAB | evidFlagsA | evidNamedA
	return e&a<<1 | e>>1&a
}
