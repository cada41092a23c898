package format

import (
	"bytes"
	"fmt"
	"time"

	"github.com/periplus/periplus/periplus"
)

// tupleReader makes records of tuples. Place, id and rule are of the group
// that the tuple stands in.
type tupleReader struct {
	opt   Options
	now   time.Time // the latest time that a record may have
	place *periplus.Place
	id    *periplus.Identity // of the NIC's end
	nic   uint32

	rule     string
	note     *periplus.Note // the last tuple's, for noteEnc
	noteEnc  []byte
	notes    map[periplus.Note]*periplus.Note
	places   map[azurePlaceKey]azurePlace
	same     map[periplus.Place]azurePlace
	ids      map[string]*periplus.Identity
	words    map[string]string
	last     tupleTimes
	changed  func(tupleKey) // told before a key of last changes; nil: nobody asks
	columns  [16][]byte
	defaults periplus.Place // what the blob's name says
}

func newTupleReader(opt Options) tupleReader {
	now := opt.Now
	if now.IsZero() {
		now = time.Now()
	}
	u := tupleReader{
		opt: opt, now: now.Add(24 * time.Hour),
		notes:  map[periplus.Note]*periplus.Note{},
		places: map[azurePlaceKey]azurePlace{},
		same:   map[periplus.Place]azurePlace{},
		ids:    map[string]*periplus.Identity{},
		words:  map[string]string{},
	}
	if opt.Object != nil {
		u.defaults = opt.Object.Hint
	}
	return u
}

// fill reads one tuple. VNet flow logs and the two versions of NSG flow logs
// differ behind the direction: A or D is an NSG's decision, B, C and E are the
// state in a VNet's, and a D is the one or the other by what follows it.
func (u *tupleReader) fill(r *periplus.Record, s []byte) (periplus.BadKind, string) {
	f, n := u.split(s)
	extra := r.Extra[:0]
	*r = periplus.Record{Place: u.place, Initiator: true, Extra: extra}
	if n < 8 {
		return periplus.BadColumns, fmt.Sprintf("%d columns, want 8 or more: %.80q", n, s)
	}
	if kind, msg := u.time(r, f[0]); kind != "" {
		return kind, msg
	}
	if kind, msg := fillEnds(r, f); kind != "" {
		return kind, msg
	}
	switch string(f[6]) {
	case "I":
		r.Direction, r.DstID = periplus.Ingress, u.id
	case "O":
		r.Direction, r.SrcID = periplus.Egress, u.id
	default:
		return periplus.BadSyntax, fmt.Sprintf("direction %.20q, want I or O", f[6])
	}
	nsg := isNSGTuple(f, n)
	var encryption []byte
	counters := f[9:13]
	switch {
	case nsg && string(f[7]) == "A":
		r.Verdict = periplus.Allowed
		u.state(r, f[8])
	case nsg:
		r.Verdict = periplus.Denied
		if n > 8 {
			r.State = periplus.StateDenied
		}
	case string(f[7]) == "D":
		r.Verdict, r.State = periplus.Denied, periplus.StateDenied
		encryption = f[8]
	default:
		r.Verdict = periplus.Allowed
		if !u.state(r, f[7]) {
			r.Verdict = periplus.Unknown
		}
		encryption = f[8]
	}
	if kind, msg := fillCounters(r, counters); kind != "" {
		return kind, msg
	}
	for i := 13; i < n; i++ {
		r.Extra = append(r.Extra, periplus.Column{Name: azureColumnNames[i-13], Value: u.word(f[i])})
	}
	u.span(r)
	r.Note = u.noteOf(encryption)
	return "", ""
}

// azureColumnNames are the names of columns that nobody knows yet.
var azureColumnNames = [...]string{"column-14", "column-15", "column-16"}

// split cuts s at its commas; what lies behind the sixteenth column stays in it.
func (u *tupleReader) split(s []byte) (*[16][]byte, int) {
	f := &u.columns
	n, from := 0, 0
	for i := 0; i < len(s) && n < len(f)-1; i++ {
		if s[i] == ',' {
			f[n] = s[from:i]
			n, from = n+1, i+1
		}
	}
	f[n] = s[from:]
	n++
	for i := n; i < len(f); i++ {
		f[i] = nil
	}
	return f, n
}

func isNSGTuple(f *[16][]byte, n int) bool {
	switch string(f[7]) {
	case "A":
		return true
	case "D":
		switch string(f[8]) {
		case "B", "C", "E":
			return true
		case "":
			return n == 8 || len(f[5]) == 1 && f[5][0] > '9'
		}
	}
	return false
}

// state of a tuple that was not denied. One that nobody knows is kept as it is.
func (u *tupleReader) state(r *periplus.Record, s []byte) bool {
	switch string(s) {
	case "B":
		r.State = periplus.StateBegin
	case "C":
		r.State = periplus.StateContinue
	case "E":
		r.State = periplus.StateEnd
	case "": // version 1 of NSG flow logs
	default:
		r.Extra = append(r.Extra, periplus.Column{Name: "state", Value: u.word(s)})
		return false
	}
	return true
}

// time reads seconds or milliseconds, told apart by their size.
func (u *tupleReader) time(r *periplus.Record, s []byte) (periplus.BadKind, string) {
	n, ok := jsonUint(s)
	switch {
	case !ok:
		return periplus.BadSyntax, fmt.Sprintf("time %.20q is no number", s)
	case n >= 1e14:
		return periplus.BadTime, fmt.Sprintf("time %d is in no unit that we know", n)
	case n < 1e11:
		r.Booked = time.Unix(int64(n), 0).UTC()
	default:
		r.Booked = time.UnixMilli(int64(n)).UTC()
	}
	if r.Booked.Before(azureFirst) {
		return periplus.BadTime, "before 2000: " + r.Booked.Format(time.RFC3339)
	}
	if r.Booked.After(u.now) {
		return periplus.BadTime, "more than a day ahead: " + r.Booked.Format(time.RFC3339)
	}
	return "", ""
}

var azureFirst = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func fillEnds(r *periplus.Record, f *[16][]byte) (periplus.BadKind, string) {
	var ok bool
	if r.Src, ok = jsonAddr(f[1]); !ok {
		return periplus.BadAddress, fmt.Sprintf("source %.60q", f[1])
	}
	if r.Dst, ok = jsonAddr(f[2]); !ok {
		return periplus.BadAddress, fmt.Sprintf("destination %.60q", f[2])
	}
	switch string(f[5]) {
	case "T":
		r.Protocol = 6
	case "U":
		r.Protocol = 17
	default:
		n, ok := jsonUint(f[5])
		if !ok || n > 255 {
			return periplus.BadRange, fmt.Sprintf("protocol %.20q", f[5])
		}
		r.Protocol = uint8(n)
	}
	r.Has |= periplus.HasProtocol
	if r.SrcPort, ok = fillPort(r, f[3], periplus.HasSrcPort); !ok {
		return periplus.BadRange, fmt.Sprintf("source port %.20q", f[3])
	}
	if r.DstPort, ok = fillPort(r, f[4], periplus.HasDstPort); !ok {
		return periplus.BadRange, fmt.Sprintf("destination port %.20q", f[4])
	}
	return "", ""
}

func fillPort(r *periplus.Record, s []byte, bit periplus.Has) (uint16, bool) {
	if len(s) == 0 {
		return 0, true
	}
	n, ok := jsonUint(s)
	if !ok || n > 65535 {
		return 0, false
	}
	r.Has |= bit
	return uint16(n), true
}

// fillCounters reads packets and bytes of both directions. B and D measure
// nothing whatever stands there: their zeros are no measurement.
func fillCounters(r *periplus.Record, f [][]byte) (periplus.BadKind, string) {
	sum := uint64(0)
	to := [...]*uint64{&r.Packets, &r.Bytes, &r.RevPackets, &r.RevBytes}
	bits := [...]periplus.Has{periplus.HasPackets, periplus.HasBytes, periplus.HasRevPackets, periplus.HasRevBytes}
	var has periplus.Has
	for i, s := range f {
		if len(s) == 0 || len(s) == 1 && s[0] == '-' {
			continue
		}
		n, ok := jsonUint(s)
		if !ok || n > maxCounter {
			return periplus.BadRange, fmt.Sprintf("counter %.30q", s)
		}
		*to[i] = n
		sum |= n
		has |= bits[i]
	}
	if (r.State == periplus.StateBegin || r.State == periplus.StateDenied) && sum == 0 {
		return "", ""
	}
	r.Has |= has
	return "", ""
}

// span sets start and end. C and E tell what came since the last tuple of the
// connection at this NIC, or in the five minutes that are Azure's interval.
func (u *tupleReader) span(r *periplus.Record) {
	r.Start, r.End = r.Booked, r.Booked
	if r.State == periplus.StateUnknown || r.State == periplus.StateDenied {
		return
	}
	k := tupleKey{src: r.Src.As16(), dst: r.Dst.As16(), sport: r.SrcPort, dport: r.DstPort, protocol: r.Protocol, nic: u.nic}
	at := r.Booked.UnixMilli()
	if u.changed != nil {
		u.changed(k)
	}
	if r.State == periplus.StateBegin {
		u.last.set(k, at)
		return
	}
	before, ok := u.last.get(k)
	if !ok || before > at {
		before = at - periplus.Bucket.Milliseconds()
	}
	r.Start = time.UnixMilli(before).UTC()
	if r.State == periplus.StateEnd {
		u.last.drop(k)
	} else {
		u.last.set(k, at)
	}
}

type tupleKey struct {
	src, dst     [16]byte
	sport, dport uint16
	nic          uint32
	protocol     uint8
}

// tupleTimes remembers when a connection was last told of. It holds the last
// tupleTimesMax to twice as many of them; who was silent for longer counts as
// not met.
type tupleTimes struct{ young, old map[tupleKey]int64 }

const tupleTimesMax = 1 << 16

func (m *tupleTimes) get(k tupleKey) (int64, bool) {
	if t, ok := m.young[k]; ok {
		return t, true
	}
	t, ok := m.old[k]
	return t, ok
}

func (m *tupleTimes) set(k tupleKey, at int64) {
	if m.young == nil {
		m.young, m.old = map[tupleKey]int64{}, map[tupleKey]int64{}
	}
	if len(m.young) >= tupleTimesMax {
		m.young, m.old = m.old, m.young
		clear(m.young)
	}
	m.young[k] = at
}

func (m *tupleTimes) drop(k tupleKey) {
	delete(m.young, k)
	delete(m.old, k)
}

// setRule begins a group of tuples.
func (u *tupleReader) setRule(f *azureFlow) {
	u.rule = f.rule
	if u.rule == "" && f.acl == "unspecified" {
		u.rule = f.acl
	}
	u.note, u.noteEnc = nil, u.noteEnc[:0]
}

func (u *tupleReader) noteOf(encryption []byte) *periplus.Note {
	if u.rule == "" && len(encryption) == 0 {
		return nil
	}
	if u.note != nil && bytes.Equal(encryption, u.noteEnc) {
		return u.note
	}
	key := periplus.Note{Reason: u.rule, Encryption: u.word(encryption)}
	note := u.notes[key]
	if note == nil {
		if len(u.notes) >= gcpNamesMax {
			clear(u.notes)
		}
		note = &periplus.Note{Reason: key.Reason, Encryption: key.Encryption}
		u.notes[key] = note
	}
	u.note, u.noteEnc = note, append(u.noteEnc[:0], encryption...)
	return note
}

// word returns b as a string that is made once.
func (u *tupleReader) word(b []byte) string {
	if s, ok := u.words[string(b)]; ok {
		return s
	}
	if len(u.words) >= gcpNamesMax {
		clear(u.words)
	}
	s := string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	u.words[s] = s
	return s
}
