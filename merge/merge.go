// Package merge makes traffic rows of flow rows: it says which packets count
// when several observers saw them. It is pure and keeps the rule that the page
// on merging defines.
package merge

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// widen is how far an observer speaks before its first and after its last
// packet; two rows touch when both, so widened, overlap.
const widen = time.Minute

// Around is what must be read before and after a range for it to be right: the
// longest window of a log and a bucket.
const Around = 20 * time.Minute

// Owner is a network that owns an address: one of its interfaces has it.
// Network is the interface's Place.Home.
type Owner struct{ Network, Account, Region string }

// Options say what the rows themselves cannot. The zero value works: nothing
// else is known. The functions are called by the goroutine that merges.
type Options struct {
	// From and To bound the buckets that are wanted; rows of other buckets
	// only tell what was seen around them. Zero: no bound.
	From, To time.Time
	// KeepsPassed reports whether a log also holds what was not stopped.
	// Nil: all do.
	KeepsPassed func(*periplus.Place) bool
	// SkipData reports whether a log lost records in the hour. Nil: none did.
	SkipData func(p *periplus.Place, hour time.Time) bool
	// Known reports whether flags or a provider have named a server by now.
	// Nil: none.
	Known func(server netip.Addr, port uint16, protocol uint8) bool
	// Answers are rows to be turned round. Nil: there are none.
	Answers *Answers
	// Owns returns the networks that own an address. Nil: none.
	Owns func(netip.Addr) []Owner
}

// Merge returns the rows of the step of a bucket that the flow rows of one
// conversation make, sorted by Compare. The order of rows does not matter; they
// are not changed. Rows that Options turn round or put into different networks
// make several conversations, so both directions of a pair may be given at once.
func Merge(rows []periplus.Flow, opt Options) []periplus.Traffic {
	m := Merger{Options: opt}
	return m.Merge(rows)
}

// Merger merges one conversation after the other and keeps its memory. It is
// used by one goroutine at a time.
type Merger struct {
	Options
	// Below counts stopped rows that hold more packets than observers before
	// them had let through: somebody lost records.
	Below int64

	rows    []row
	events  []int
	watch   []observer
	spoken  []interval
	logs    []logTotal
	stopped []stopped
	out     []periplus.Traffic
	told    [][3]told // beside out
	owned   [2]owned  // of one call
}

// row is a flow row on its way through the merge.
type row struct {
	*periplus.Flow
	clientNet, serverNet string
	watch                int  // index of its observer
	out                  bool // left out: another log of the interface tells it, or a better observer
	left                 [4]periplus.Count
	cut                  bool // something was subtracted
}

// The counters of a row that belong to a direction, as indexes of row.left.
var directions = [2][2]int{{0, 1}, {2, 3}}

// Merge is the function of that name; what it returns is reused by the next
// call.
func (m *Merger) Merge(rows []periplus.Flow) []periplus.Traffic {
	m.rows, m.out, m.told = m.rows[:0], m.out[:0], m.told[:0]
	m.owned = [2]owned{}
	for i := range rows {
		if rows[i].Observer == periplus.ObserverLeg {
			continue
		}
		f := m.turn(&rows[i])
		r := row{Flow: f, left: [4]periplus.Count{f.RequestPackets, f.RequestBytes, f.ResponsePackets, f.ResponseBytes}}
		r.clientNet, r.serverNet = m.networks(f)
		m.rows = append(m.rows, r)
	}
	sortFew(m.rows, compareRows)
	for all := m.rows; len(all) > 0; {
		n := 1
		for n < len(all) && compareConversation(&all[0], &all[n]) == 0 {
			n++
		}
		m.conversation(all[:n])
		all = all[n:]
	}
	sortFew(m.out, Compare)
	return m.out
}

// conversation merges rows of one conversation, sorted.
func (m *Merger) conversation(rows []row) {
	rows = m.decide(rows)
	m.observers(rows)
	m.chooseLogs(rows)
	m.leaveOut(rows)
	m.subtract(rows)
	for i := range rows {
		r := &rows[i]
		if r.out || r.cut && r.empty() || !m.wanted(r.Bucket) {
			continue
		}
		m.add(rows, r)
	}
}

func (m *Merger) wanted(bucket time.Time) bool {
	return !bucket.Before(m.From) && (m.To.IsZero() || bucket.Before(m.To))
}

// empty reports whether nothing is left of a row.
func (r *row) empty() bool {
	for _, c := range r.left {
		if c.N > 0 {
			return false
		}
	}
	return true
}

// leaveOut marks the passed rows that a better observer tells already: either
// it let them through too, or it stopped them and says so itself.
func (m *Merger) leaveOut(rows []row) {
	m.spoken = m.spoken[:0]
	for w := range m.watch {
		if w > 0 && len(m.spoken) > 0 {
			for i := range rows {
				r := &rows[i]
				if r.watch == w && !r.Verdict.Stopped() && spoken(m.spoken, r.FirstSeen, r.LastSeen) {
					r.out = true
				}
			}
		}
		if w+1 == len(m.watch) {
			return
		}
		// Another log of the interface that was not chosen speaks as well, but no
		// firewall that let something through: it tells of no packet.
		for i := range rows {
			if r := &rows[i]; r.watch == w && m.keepsPassed(r.Place) && (r.Verdict.Stopped() || !r.event()) {
				m.spoken = append(m.spoken, interval{r.FirstSeen.Add(-widen), r.LastSeen.Add(widen)})
			}
		}
		m.spoken = union(m.spoken)
	}
}

// subtract takes from what observers let through what was stopped further on:
// first from rows of the same bucket, so that no hour is charged with another
// one's, then from what else touches. What a stopped row has more than one
// passed row is taken from the next, because their windows need not be the same.
func (m *Merger) subtract(rows []row) {
	m.stopped = m.stopped[:0]
	for i := range rows {
		if rows[i].Verdict.Stopped() && !rows[i].out {
			m.stopped = append(m.stopped, stopped{row: i, rest: rows[i].left})
		}
	}
	for _, near := range [...]bool{true, false} {
		for i := range m.stopped {
			for d := range directions {
				m.take(rows, &m.stopped[i], d, near)
			}
		}
	}
	for i := range m.stopped {
		for d, counters := range directions {
			if s := &m.stopped[i]; s.touched[d] && s.rest[counters[0]].N > 0 {
				m.Below++
			}
		}
	}
}

// stopped is a row of what was stopped and what is left of it to take.
type stopped struct {
	row     int
	rest    [4]periplus.Count
	touched [2]bool
}

// take takes one direction of s from the rows before it on the packet's path.
func (m *Merger) take(rows []row, s *stopped, direction int, near bool) {
	by, counters := &rows[s.row], directions[direction]
	if !by.left[counters[0]].Known && !by.left[counters[1]].Known {
		return // not measured: what left the client is not copied into it
	}
	for j := range rows {
		x := &rows[j]
		if x.FirstSeen.Add(-2 * widen).After(by.LastSeen) {
			return
		}
		if x.out || x.Verdict.Stopped() || near && !x.Bucket.Equal(by.Bucket) || x.LastSeen.Add(2*widen).Before(by.FirstSeen) ||
			!further(direction, m.watch[x.watch].kind, m.watch[by.watch].kind) {
			continue
		}
		s.touched[direction] = s.touched[direction] || x.left[counters[0]].Known
		cut := false
		for _, c := range counters {
			take := min(x.left[c].N, s.rest[c].N)
			x.left[c].N -= take
			s.rest[c].N -= take
			cut = cut || take > 0
		}
		if cut && x.left[counters[0]].Known && x.left[counters[0]].N == 0 {
			x.left[counters[1]].N = 0 // a gateway counts what it lost in packets only
		}
		x.cut = x.cut || cut
	}
}

// place on the path from client to server.
func along(o periplus.Observer) int {
	switch o {
	case periplus.ObserverClient:
		return 0
	case periplus.ObserverServer:
		return 2
	}
	return 1
}

// further reports whether packets of a direction (0: request) come to b after a.
func further(direction int, a, b periplus.Observer) bool {
	if direction == 0 {
		return along(b) > along(a)
	}
	return along(b) < along(a)
}

func (m *Merger) keepsPassed(p *periplus.Place) bool {
	return m.KeepsPassed == nil || m.KeepsPassed(p)
}
