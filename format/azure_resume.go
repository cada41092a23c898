package format

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"maps"
	"time"

	"github.com/periplus/periplus/periplus"
)

// azureMarks is what a reader of a blob that grows keeps of the way that it has
// come: where it can be gone on from.
type azureMarks struct {
	base   periplus.Stats // of what stands before the stream
	at     azureMark      // behind the last whole record
	closed []*Checkpoint  // the last two places before a later bucket began
	max    int64          // the latest bucket; noBucket: none
	first  time.Time      // span of the records
	last   time.Time
	undo   []tupleUndo // what they changed in tupleTimes since at
	off    bool        // no later place can be gone on from
}

// azureMark is a place behind a whole record.
type azureMark struct {
	ok          bool
	offset      int64
	line        int64
	max         int64
	first, last time.Time
	stats       periplus.Stats // of all before offset
	frames      []azureFrameState
}

type tupleUndo struct {
	key tupleKey
	at  int64
	had bool
}

const noBucket = -1 // tuples are of this century

// azureState is what a reader takes with it, as gob.
type azureState struct {
	Line   int64
	Frames []azureFrameState // from stack[1]
	Places []periplus.Place  // by the number of the NIC
	Times  []byte            // keys and times of tupleTimes
}

type azureFrameState struct {
	Kind                   uint8
	Begun, Record, Wrapper bool
}

var errAzureState = errors.New("what was kept of a growing blob is damaged")

// keepMarks makes a reader keep where it can be gone on from.
func (a *azureReader) keepMarks() {
	m := &azureMarks{max: noBucket}
	a.marks = m
	a.changed = func(k tupleKey) {
		if m.off {
			return
		}
		at, had := a.last.get(k)
		m.undo = append(m.undo, tupleUndo{k, at, had})
	}
}

// resume sets a reader to where a checkpoint was.
func (a *azureReader) resume(c *Checkpoint) error {
	var s azureState
	if err := gob.NewDecoder(bytes.NewReader(c.State)).Decode(&s); err != nil || len(s.Frames) >= azureDepth || len(s.Times)%tupleTimeSize != 0 {
		return errAzureState
	}
	a.line = s.Line
	for i, f := range s.Frames {
		if f.Kind > uint8(azureTuples) {
			return errAzureState
		}
		a.stack[i+1] = azureFrame{kind: azureKind(f.Kind), begun: f.Begun, record: f.Record, wrapper: f.Wrapper}
	}
	a.depth = len(s.Frames)
	for i := range s.Places {
		a.same[s.Places[i]] = azurePlace{&s.Places[i], uint32(i)}
	}
	for b := s.Times; len(b) > 0; b = b[tupleTimeSize:] {
		k, at := tupleTime(b)
		a.last.set(k, at)
	}
	m := a.marks
	m.base, m.max, m.first, m.last = c.Stats, c.Before, c.First, c.Last
	kept := *c
	m.closed = []*Checkpoint{&kept}
	a.from, a.whole = c.Offset, c.Offset
	a.mark()
	return nil
}

const tupleTimeSize = 16 + 16 + 2 + 2 + 1 + 4 + 8

func appendTupleTime(b []byte, k tupleKey, at int64) []byte {
	b = append(append(b, k.src[:]...), k.dst[:]...)
	b = binary.LittleEndian.AppendUint16(b, k.sport)
	b = binary.LittleEndian.AppendUint16(b, k.dport)
	b = append(b, k.protocol)
	b = binary.LittleEndian.AppendUint32(b, k.nic)
	return binary.LittleEndian.AppendUint64(b, uint64(at))
}

func tupleTime(b []byte) (k tupleKey, at int64) {
	copy(k.src[:], b)
	copy(k.dst[:], b[16:])
	k.sport, k.dport = binary.LittleEndian.Uint16(b[32:]), binary.LittleEndian.Uint16(b[34:])
	k.protocol, k.nic = b[36], binary.LittleEndian.Uint32(b[37:])
	return k, int64(binary.LittleEndian.Uint64(b[41:]))
}

// mark remembers that a whole record has ended, if that is a place where a
// reader that knows little could begin: nothing outside of it says more of the
// records to come.
func (a *azureReader) mark() {
	m := a.marks
	if m == nil || m.off {
		return
	}
	if a.whole < 0 || len(a.last.old) > 0 {
		m.off = true // something was lost before, or is forgotten already
		return
	}
	for i := range a.depth + 1 {
		if f := &a.stack[i]; !f.head.empty() || !f.flow.empty() {
			return
		}
	}
	if !a.head.empty() || !a.flow.empty() {
		return
	}
	stats := periplus.Stats{Lines: m.base.Lines + a.stats.Lines, Records: m.base.Records + a.stats.Records, Bad: maps.Clone(m.base.Bad)}
	if len(a.stats.Bad) > 0 {
		stats.Add(&periplus.Stats{Bad: a.stats.Bad})
	}
	frames := m.at.frames[:0]
	for i := 1; i <= a.depth; i++ {
		f := &a.stack[i]
		frames = append(frames, azureFrameState{uint8(f.kind), f.begun, f.record, f.wrapper})
	}
	m.at = azureMark{true, a.whole, a.line, m.max, m.first, m.last, stats, frames}
	m.undo = m.undo[:0]
}

func (h *azureHead) empty() bool {
	return h.mac == "" && h.resource == "" && h.target == "" && h.flowLog == "" && len(h.extra) == 0
}

func (f *azureFlow) empty() bool {
	return f.rule == "" && f.acl == "" && f.mac == "" && len(f.extra) == 0
}

// met counts a tuple. The first of a later bucket makes a checkpoint of the
// last whole record before it.
func (a *azureReader) met(r *periplus.Record) {
	m := a.marks
	if bucket := r.Booked.Unix() / int64(periplus.Bucket/time.Second); bucket > m.max {
		if m.at.ok && !m.off && m.at.max != noBucket && (len(m.closed) == 0 || m.closed[len(m.closed)-1].Offset != m.at.offset) {
			a.close()
		}
		m.max = bucket
	}
	if m.first.IsZero() || r.Start.Before(m.first) {
		m.first = r.Start
	}
	if r.End.After(m.last) {
		m.last = r.End
	}
}

// close makes a checkpoint of the last mark.
func (a *azureReader) close() {
	m := a.marks
	times := maps.Clone(a.last.young)
	for i := len(m.undo) - 1; i >= 0; i-- {
		if u := &m.undo[i]; u.had {
			times[u.key] = u.at
		} else {
			delete(times, u.key)
		}
	}
	s := azureState{Line: m.at.line, Frames: m.at.frames, Places: make([]periplus.Place, len(a.same))}
	for k, at := range times {
		s.Times = appendTupleTime(s.Times, k, at)
	}
	for _, p := range a.same {
		s.Places[p.nic] = *p.place
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		m.off = true
		return
	}
	c := &Checkpoint{Offset: m.at.offset, Stats: m.at.stats, First: m.at.first, Last: m.at.last, State: b.Bytes(), Before: m.at.max}
	m.closed = append(m.closed, c)
	if len(m.closed) > 2 {
		m.closed = m.closed[1:]
	}
}

// Checkpoint implements Resumer: the last place before a bucket that is one
// away from the latest.
func (a *azureReader) Checkpoint() *Checkpoint {
	m := a.marks
	if m == nil || !m.at.ok {
		return nil
	}
	for i := len(m.closed) - 1; i >= 0; i-- {
		if c := *m.closed[i]; c.Before <= m.max-2 { // its buckets are before After
			c.After = time.Unix((m.max-1)*int64(periplus.Bucket/time.Second), 0).UTC()
			c.End, c.Records = m.at.offset, m.at.stats.Records-c.Stats.Records
			return &c
		}
	}
	return nil
}
