package digest

import (
	"encoding/binary"
	"io"

	"github.com/periplus/periplus/periplus"
)

// Who is the client of a 5-tuple that waits is known when the whole batch was
// read. Its rows are put in order at once, under the likelier orientation, and
// beside them goes an entry for each: a hash, what the row knows, and where it
// lies in its run. Settling goes over the entries, in parts that the cache
// holds, and leaves a ruling for each row; only rows that were guessed wrong
// are put in order again.
type entry struct {
	hash uint64 // of the 5-tuple; its low bits are the row's evid
	a    uint64 // hash of end a in the upper bits, then what is known of both ends
	b    uint64 // hash of end b, then the row's number in its run
}

const (
	entrySize = 24
	tupleBits = 1<<6 - 1 // of a 5-tuple's hash: left to evid
	endBits   = 1<<24 - 1
)

// What an entry's a says below the hash.
const (
	entryAServes    = 1 << iota // known from an earlier batch
	entryBServes                // likewise
	entryPrivileged             // one port is privileged …
	entryPrivA                  // … and it is a's
	entryLateA                  // a is the server by rules 7 to 9
	entryGuessA                 // the row lies as if a were the server
	entryFan                    // both ends have a port, so peers may be counted
	entryRank       = 8         // the shift of the rank of rules 7 to 9
)

// A row's ruling; 0: it was settled where it was read.
const (
	ruledRank  = 1<<4 - 1
	ruled      = 1 << 5
	ruledRev   = 1 << 6 // b is the client
	ruledMoved = 1 << 7 // the guess was wrong
)

// entryOf is the entry of a waiting row and the likelier orientation.
func (b *Batch) entryOf(r *row) (e entry, rev bool) {
	t := r.tuple()
	e.hash = t.hash()&^tupleBits | uint64(r.evid)
	e.a = t.a.hash(r.protocol) &^ endBits
	e.b = t.b.hash(r.protocol) &^ endBits
	if b.Known != nil {
		if b.known(t.a, r.protocol) {
			e.a |= entryAServes
		}
		if b.known(t.b, r.protocol) {
			e.a |= entryBServes
		}
	}
	late := lateByEnds(&t)
	e.a |= uint64(late.rank) << entryRank
	if late.rev {
		e.a |= entryLateA
	}
	rev = late.rev
	if t.a.port != noPort && t.b.port != noPort {
		e.a |= entryFan
	}
	if ab, ba := r.evid&evidAB != 0, r.evid&evidBA != 0; ab != ba {
		rev = ba
	}
	if aServes, ok := byPrivileged(t.a.port, t.b.port); ok {
		e.a |= entryPrivileged
		if aServes {
			e.a |= entryPrivA
		}
		rev = aServes
	}
	if a, b := e.a&entryAServes != 0, e.a&entryBServes != 0; a != b {
		rev = a
	}
	if rev {
		e.a |= entryGuessA
	}
	return e, rev
}

func (b *Batch) known(e end, protocol uint8) bool {
	return e.port != noPort && b.Known(e.addr.addr(), uint16(e.port-1), protocol)
}

// lateByEnds is rules 7 to 9, which need the 5-tuple alone.
func lateByEnds(t *tuple) ruling {
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

// parts is into how many parts 5-tuples are divided by their hash.
const parts = 256

func partOf(hash uint64) int { return int(hash >> 56) }

// parted is a run of entries or hashes, part after part.
type parted struct {
	run
	at [parts + 1]uint32 // where in it a part begins
}

// keepEntries stores entries by part.
func (s *runs) keepEntries(es []entry, scratch *[]byte) (*parted, error) {
	p := &parted{}
	for i := range es {
		p.at[partOf(es[i].hash)+1] += entrySize
	}
	next := p.begin()
	buf := sized(scratch, len(es)*entrySize)
	for i := range es {
		e := &es[i]
		n := &next[partOf(e.hash)]
		to := buf[*n : *n+entrySize]
		binary.LittleEndian.PutUint64(to, e.hash)
		binary.LittleEndian.PutUint64(to[8:], e.a)
		binary.LittleEndian.PutUint64(to[16:], e.b)
		*n += entrySize
	}
	var err error
	p.run, err = s.keep(buf, len(es))
	return p, err
}

// keepHashes stores hashes by part.
func (s *runs) keepHashes(slots []uint64, n int, scratch *[]byte) (*parted, error) {
	p := &parted{}
	for _, h := range slots {
		if h != 0 {
			p.at[partOf(h)+1] += 8
		}
	}
	next := p.begin()
	buf := sized(scratch, n*8)
	for _, h := range slots {
		if h != 0 {
			at := &next[partOf(h)]
			binary.LittleEndian.PutUint64(buf[*at:], h)
			*at += 8
		}
	}
	var err error
	p.run, err = s.keep(buf, n)
	return p, err
}

// begin makes places of sizes and returns a copy of them.
func (p *parted) begin() [parts + 1]uint32 {
	for i := range parts {
		p.at[i+1] += p.at[i]
	}
	return p.at
}

func (p *parted) len(part int) int { return int(p.at[part+1] - p.at[part]) }

// part returns the bytes of a part, read into room where they are in a file.
func (p *parted) part(part int, room *[]byte) ([]byte, error) {
	from, to := p.at[part], p.at[part+1]
	if p.file == nil {
		return p.mem[from:to], nil
	}
	if from == to {
		return nil, nil
	}
	buf := sized(room, int(to-from))
	if n, err := p.file.ReadAt(buf, p.from+int64(from)); n < len(buf) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, spillError(err)
	}
	return buf, nil
}

// sized is a buffer of n bytes that lies in room, which grows.
func sized(room *[]byte, n int) []byte {
	if cap(*room) < n {
		*room = make([]byte, n)
	}
	*room = (*room)[:n]
	return *room
}
