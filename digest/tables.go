package digest

import (
	"strconv"
	"strings"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// tables give numbers to what rows share. Readers hand out their own pointers,
// so things are told apart by value. Numbers depend on who came first and
// decide nothing in the result.
type tables struct {
	mu       sync.RWMutex
	places   []*periplus.Place
	placeID  map[string][]uint32 // by interface, which is nearly all of it
	notes    []noteEntry
	noteID   map[periplus.Note]uint32
	merged   map[uint64]uint32
	reasons  []string
	reasonID map[string]uint32
	names    []*periplus.Identity
	nameID   map[string]uint32
}

// noteEntry is a note whose services are those of a and b.
type noteEntry struct {
	note    *periplus.Note
	swapped uint32
	reason  uint32
}

func (t *tables) begin() {
	t.placeID, t.noteID = map[string][]uint32{}, map[periplus.Note]uint32{}
	t.merged, t.reasonID, t.nameID = map[uint64]uint32{}, map[string]uint32{}, map[string]uint32{}
	t.addNote(periplus.Note{})
}

// place returns the number of a place.
func (t *tables) place(p *periplus.Place) uint32 {
	t.mu.RLock()
	id, ok := t.findPlace(p)
	t.mu.RUnlock()
	if ok {
		return id
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, ok := t.findPlace(p); ok {
		return id
	}
	id = uint32(len(t.places))
	t.places = append(t.places, p)
	t.placeID[p.Interface] = append(t.placeID[p.Interface], id)
	return id
}

func (t *tables) findPlace(p *periplus.Place) (uint32, bool) {
	for _, id := range t.placeID[p.Interface] {
		if *t.places[id] == *p {
			return id, true
		}
	}
	return 0, false
}

// note returns the number of a note; nil has number 0.
func (t *tables) note(n *periplus.Note) uint32 {
	if n == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addNote(*n)
}

func (t *tables) addNote(n periplus.Note) uint32 {
	if id, ok := t.noteID[n]; ok {
		return id
	}
	id := uint32(len(t.notes))
	t.notes = append(t.notes, noteEntry{&n, id, t.addReason(n.Reason)})
	t.noteID[n] = id
	if n.SrcService != n.DstService {
		o := n
		o.SrcService, o.DstService = n.DstService, n.SrcService
		s := t.addNote(o)
		t.notes[id].swapped, t.notes[s].swapped = s, id
	}
	return id
}

func (t *tables) addReason(text string) uint32 {
	id, ok := t.reasonID[text]
	if !ok {
		id = uint32(len(t.reasons))
		t.reasons = append(t.reasons, text)
		t.reasonID[text] = id
	}
	return id
}

// reason returns the number of a reason.
func (t *tables) reason(text string) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addReason(text)
}

// said returns the network and the reason of a row.
func (t *tables) said(r *row) (network, reason string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.places[r.place].Network, t.reasons[r.reason]
}

func (t *tables) entry(id uint32) noteEntry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.notes[id]
}

func (t *tables) swapped(id uint32) uint32 {
	if id == 0 {
		return 0
	}
	return t.entry(id).swapped
}

// mergeNotes says what two notes of one row say together: what only one of
// them says, and of two different things the first in the alphabet, so that the
// order does not matter.
func (t *tables) mergeNotes(a, b uint32) uint32 {
	if a == b {
		return a
	}
	k := uint64(min(a, b))<<32 | uint64(max(a, b))
	t.mu.RLock()
	id, ok := t.merged[k]
	t.mu.RUnlock()
	if ok {
		return id
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x, y := t.notes[a].note, t.notes[b].note
	id = t.addNote(periplus.Note{
		Reason:     firstText(x.Reason, y.Reason),
		SrcService: firstText(x.SrcService, y.SrcService),
		DstService: firstText(x.DstService, y.DstService),
		Path:       firstText(x.Path, y.Path),
		Encryption: firstText(x.Encryption, y.Encryption),
	})
	t.merged[k] = id
	return id
}

// withReason is the note with another reason.
func (t *tables) withReason(id, reason uint32) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := *t.notes[id].note
	n.Reason = t.reasons[reason]
	return t.addNote(n)
}

func firstText(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// name returns the number of an identity.
func (t *tables) name(n *periplus.Identity) uint32 {
	k := nameKey(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.nameID[k]
	if !ok {
		id = uint32(len(t.names))
		t.names = append(t.names, n)
		t.nameID[k] = id
	}
	return id
}

// nameKey is an identity as text that orders and tells apart.
func nameKey(n *periplus.Identity) string {
	return strings.Join([]string{n.Network, n.Name, n.Kind, n.Service, n.Account, n.Region, n.Zone,
		n.Subnet, n.Country, strconv.FormatUint(uint64(n.ASN), 10), periplus.TagText(n.Tags)}, "\x00")
}
