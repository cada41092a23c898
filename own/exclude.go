package own

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Margin is how long before and after its use a connection's records may begin
// and end: it idles for 90 seconds before it is closed, and logs are up to a
// minute off.
const Margin = 3 * time.Minute

// newsEvery is how often an Exclusion looks for news in the book.
const newsEvery = 30 * time.Second

// Peer is what was left out of the traffic with one address of a store.
type Peer struct {
	Remote  netip.AddrPort
	Records int64
	Bytes   int64 // as logged: a packet that two interfaces saw counts twice
}

// Exclusion leaves out the records of the connections in a book. It is used by
// several goroutines at once.
type Exclusion struct {
	book *Book

	mu      sync.Mutex
	looked  time.Time
	made    int64 // what the book had counted then
	conns   map[pair][]Conn
	remotes map[netip.Addr]bool // most records are of none of them
	peers   map[netip.AddrPort]*Peer
}

// Exclusion begins with what the book holds now, and follows it.
func (b *Book) Exclusion() (*Exclusion, error) {
	x := &Exclusion{book: b, peers: map[netip.AddrPort]*Peer{}}
	return x, x.look()
}

// look reads the book again; mu is held, or nobody else has x.
func (x *Exclusion) look() error {
	made := x.book.count()
	list, err := x.book.all()
	if err != nil {
		return err
	}
	conns, remotes := map[pair][]Conn{}, map[netip.Addr]bool{}
	for _, c := range list {
		k := pair{c.Local, c.Remote}
		conns[k] = append(conns[k], c)
		remotes[c.Remote.Addr()] = true
	}
	x.conns, x.remotes, x.looked, x.made = conns, remotes, x.book.now(), made
	return nil
}

// Exclude moves the records of own connections behind the others, whose order
// stays, and returns how many others there are.
func (x *Exclusion) Exclude(recs []periplus.Record) int {
	conns, remotes := x.known()
	kept := 0
	for i := range recs {
		if own, ok := find(conns, remotes, &recs[i]); ok {
			x.count(own, &recs[i])
			continue
		}
		if i != kept {
			// Exchanged, not copied: a reader fills both again, and what they
			// point to must stay apart.
			recs[kept], recs[i] = recs[i], recs[kept]
		}
		kept++
	}
	return kept
}

// known is what the book says: of this process what is, of others not older
// than newsEvery. When it cannot be read
// again what was known stays.
func (x *Exclusion) known() (map[pair][]Conn, map[netip.Addr]bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.book.now().Sub(x.looked) > newsEvery || x.book.count() != x.made {
		if x.look() != nil {
			x.looked = x.book.now()
		}
	}
	return x.conns, x.remotes
}

// find reports whether a record is of an own connection, and whose: TCP with
// both ports, either direction, exactly its two addresses (the interface's or
// the packet's) and ports, within its time. What was stopped is never left out:
// that a rule stops Periplus should be seen.
func find(conns map[pair][]Conn, remotes map[netip.Addr]bool, r *periplus.Record) (netip.AddrPort, bool) {
	const need = periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort
	if r.Protocol != 6 || r.Has&need != need || r.Verdict.Stopped() || r.Mark != periplus.MarkFlow && r.Mark != periplus.MarkEvent {
		return netip.AddrPort{}, false
	}
	srcs, dsts := [2]netip.Addr{r.Src, r.PktSrc}, [2]netip.Addr{r.Dst, r.PktDst}
	for _, s := range srcs {
		for _, d := range dsts {
			if !s.IsValid() || !d.IsValid() {
				continue
			}
			from, to := netip.AddrPortFrom(s, r.SrcPort), netip.AddrPortFrom(d, r.DstPort)
			if remotes[d] && during(conns[pair{from, to}], r) {
				return to, true
			}
			if remotes[s] && during(conns[pair{to, from}], r) {
				return from, true
			}
		}
	}
	return netip.AddrPort{}, false
}

// during reports whether a record lies within the use of one of connections.
func during(conns []Conn, r *periplus.Record) bool {
	return slices.ContainsFunc(conns, func(c Conn) bool {
		return !r.Start.Before(c.First.Add(-Margin)) && !r.End.After(c.Last.Add(Margin))
	})
}

func (x *Exclusion) count(remote netip.AddrPort, r *periplus.Record) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.peers[remote]
	if p == nil {
		p = &Peer{Remote: remote}
		x.peers[remote] = p
	}
	if !r.Part {
		p.Records++
	}
	if r.Has&periplus.HasBytes != 0 {
		p.Bytes += int64(r.Bytes)
	}
	if r.Has&periplus.HasRevBytes != 0 {
		p.Bytes += int64(r.RevBytes)
	}
}

// Peers are the counts so far, those with the most bytes first.
func (x *Exclusion) Peers() []Peer {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []Peer
	for _, p := range x.peers {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Records, a.Records), a.Remote.Compare(b.Remote))
	})
	return out
}
