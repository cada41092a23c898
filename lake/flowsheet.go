package lake

import (
	"encoding/binary"
	"net/netip"

	"github.com/periplus/periplus/periplus"
)

// A flowSheet fills a sheet with flow rows. Its order of appending is that of
// periplus.FlowFields; a test holds it against them.
type flowSheet struct {
	*sheet
	object, bucket, minutes       *few
	first, last                   *numbers[int64]
	observer, client, server      *texts
	serverPort                    *numbers[int32]
	protocol                      *few
	orientedBy                    *texts
	clientPort                    *numbers[int32]
	verdict, reason               *texts
	counters                      [4]*numbers[int64] // request and response, packets and bytes
	records, connections, opened  *numbers[int64]
	tcpFlags                      *few
	natClient, natServer, service *texts
	path, encryption              *texts
	sampled                       *bools

	places   rowPlaces
	notes    map[*periplus.Note]noteIndex
	lastNote *periplus.Note
	noteNow  noteIndex
	names    [3][]int32 // of observers, orientations and verdicts; absent until used

	clients, servers, natClients, natServers addresses
}

type noteIndex struct{ reason, path, encryption int32 }

// addresses maps addresses to indices of a column of text. Rows come in the
// order of their clients, so while addresses ascend each is either that of the
// row before or new; once they do not, they are found by open addressing.
type addresses struct {
	ascending []netip.Addr // all, while they ascend
	slots     []addressSlot
	n         int // in slots; 0 while they ascend
	last      netip.Addr
	now       int32
}

type addressSlot struct {
	addr netip.Addr
	next int32 // index and 1; 0: free
}

const minAddresses = 1 << 8

func (a *addresses) reset() {
	if a.n*16 < len(a.slots) {
		a.slots = nil // grown for a row group of more
	}
	if a.n > 0 {
		clear(a.slots)
	}
	a.ascending = a.ascending[:0]
	a.n, a.last, a.now = 0, netip.Addr{}, absent
}

// index returns the index of an address; the zero Addr is "".
func (a *addresses) index(b *texts, addr netip.Addr) int32 {
	if addr == a.last && a.now != absent {
		return a.now
	}
	if a.n == 0 && (a.now == absent || a.last.Less(addr)) {
		a.ascending = append(a.ascending, addr)
		a.last, a.now = addr, b.addAddr(addr)
		return a.now
	}
	if a.n == 0 {
		for i, v := range a.ascending {
			a.put(v, int32(i))
		}
	}
	a.last = addr
	if s := a.slot(addr); s.next != 0 {
		a.now = s.next - 1
	} else {
		a.now = b.addAddr(addr)
		a.put(addr, a.now)
	}
	return a.now
}

// addAddr adds an address to the dictionary.
func (b *texts) addAddr(addr netip.Addr) int32 {
	start := b.openValue()
	if addr.IsValid() {
		b.plain = addr.AppendTo(b.plain)
	}
	return b.closeValue(start)
}

// put adds an address that is not there.
func (a *addresses) put(addr netip.Addr, index int32) {
	if a.n*2 >= len(a.slots) {
		a.grow()
	}
	*a.slot(addr) = addressSlot{addr, index + 1}
	a.n++
}

// slot is where an address is or belongs.
func (a *addresses) slot(addr netip.Addr) *addressSlot {
	b := addr.As16()
	hash := mix(binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:]))
	mask := uint64(len(a.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &a.slots[i]; s.next == 0 || s.addr == addr {
			return s
		}
	}
}

func (a *addresses) grow() {
	old := a.slots
	a.slots = emptied[addressSlot](max(minAddresses, 2*len(old)))
	for _, s := range old {
		if s.next != 0 {
			*a.slot(s.addr) = s
		}
	}
}

func (a *addresses) indexOrAbsent(b *texts, addr netip.Addr) int32 {
	if !addr.IsValid() {
		return absent
	}
	return a.index(b, addr)
}

func newFlowSheet() *flowSheet {
	s := &flowSheet{sheet: newSheet(layouts[Flows].columns), notes: map[*periplus.Note]noteIndex{}}
	i := -1
	long := func() *numbers[int64] { i++; return s.cols[i].(*numbers[int64]) }
	short := func() *numbers[int32] { i++; return s.cols[i].(*numbers[int32]) }
	rare := func() *few { i++; return s.cols[i].(*few) }
	text := func() *texts { i++; return s.cols[i].(*texts) }
	s.object, s.bucket, s.first, s.last, s.minutes = rare(), rare(), long(), long(), rare()
	for k := range placeColumns {
		i++
		s.cols[i] = &placeTexts{of: &s.places, column: k}
	}
	s.observer, s.client, s.server = text(), text(), text()
	s.serverPort, s.protocol = short(), rare()
	s.orientedBy = text()
	s.clientPort = short()
	s.verdict, s.reason = text(), text()
	for k := range s.counters {
		s.counters[k] = long()
	}
	s.records, s.connections, s.opened = long(), long(), long()
	s.tcpFlags = rare()
	s.natClient, s.natServer, s.service, s.path, s.encryption = text(), text(), text(), text(), text()
	i++
	s.sampled = s.cols[i].(*bools)
	s.forget()
	return s
}

// forget drops what was cached of the row group before.
func (s *flowSheet) forget() {
	s.places.forget()
	clear(s.notes)
	s.lastNote = nil
	s.noteNow = noteIndex{absent, absent, absent}
	for k := range s.names {
		s.names[k] = s.names[k][:0]
	}
	for _, a := range []*addresses{&s.clients, &s.servers, &s.natClients, &s.natServers} {
		a.reset()
	}
}

func (s *flowSheet) reset() {
	s.sheet.reset()
	s.forget()
}

func (s *flowSheet) add(f *periplus.Flow) {
	s.object.put(f.Object)
	s.bucket.put(f.Bucket.UnixMicro())
	s.first.put(f.FirstSeen.UnixMicro())
	s.last.put(f.LastSeen.UnixMicro())
	s.minutes.put(f.Minutes)
	s.places.put(f.Place)
	s.observer.put(s.name(0, s.observer, uint8(f.Observer)))
	s.client.put(s.clients.index(s.client, f.Client))
	s.server.put(s.servers.index(s.server, f.Server))
	s.serverPort.putIf(int32(f.ServerPort), f.HasPort)
	s.protocol.put(int64(f.Protocol))
	s.orientedBy.put(s.name(1, s.orientedBy, uint8(f.OrientedBy)))
	s.clientPort.putIf(int32(f.ClientPort), f.HasClientPort)
	s.verdict.put(s.name(2, s.verdict, uint8(f.Verdict)))
	if f.Note != s.lastNote || s.noteNow.reason == absent {
		s.seekNote(f.Note)
	}
	s.reason.put(s.noteNow.reason)
	s.counters[0].putIf(f.RequestPackets.N, f.RequestPackets.Known)
	s.counters[1].putIf(f.RequestBytes.N, f.RequestBytes.Known)
	s.counters[2].putIf(f.ResponsePackets.N, f.ResponsePackets.Known)
	s.counters[3].putIf(f.ResponseBytes.N, f.ResponseBytes.Known)
	s.records.put(f.Records)
	s.connections.put(f.Connections)
	s.opened.putIf(f.Opened.N, f.Opened.Known)
	s.tcpFlags.put(int64(f.TCPFlags))
	s.natClient.putNull(s.natClients.indexOrAbsent(s.natClient, f.NATClient))
	s.natServer.putNull(s.natServers.indexOrAbsent(s.natServer, f.NATServer))
	s.service.putNull(s.service.internOrAbsent(f.Service))
	s.path.putNull(s.noteNow.path)
	s.encryption.putNull(s.noteNow.encryption)
	s.sampled.put(f.Sampled)
	s.rows++
}

func (s *flowSheet) seekNote(n *periplus.Note) {
	s.lastNote = n
	now, ok := s.notes[n]
	if !ok {
		var v periplus.Note
		if n != nil {
			v = *n
		}
		now = noteIndex{s.reason.intern(v.Reason), s.path.internOrAbsent(v.Path), s.encryption.internOrAbsent(v.Encryption)}
		s.notes[n] = now
	}
	s.noteNow = now
}

// name returns the index of one of the words that a small number stands for.
func (s *flowSheet) name(kind int, b *texts, v uint8) int32 {
	known := s.names[kind]
	if int(v) < len(known) && known[v] != absent {
		return known[v]
	}
	for int(v) >= len(known) {
		known = append(known, absent)
	}
	var word string
	switch kind {
	case 0:
		word = periplus.Observer(v).String()
	case 1:
		word = periplus.Orientation(v).String()
	default:
		word = periplus.Verdict(v).String()
	}
	known[v] = b.intern(word)
	s.names[kind] = known
	return known[v]
}
