package lake

import (
	"slices"
	"unsafe"

	"github.com/periplus/periplus/periplus"
)

// placeFields are what the columns of placeColumns hold.
func placeFields(p *periplus.Place) [8]*string {
	return [8]*string{&p.Provider, &p.Account, &p.Region, &p.Zone, &p.Network, &p.Subnet, &p.Interface, &p.Log}
}

// placeTexts is one of the columns that tell rows' places. A row costs it
// nothing: what the places say is looked up when the row group is encoded, once
// for each.
type placeTexts struct {
	texts
	of     *rowPlaces
	column int     // of placeColumns
	now    []int32 // indices by place
}

func (b *placeTexts) encode(c *chunk) error {
	b.now = b.now[:0]
	x := &b.index
	x.n, x.mixed = len(b.of.rows), false
	for _, p := range b.of.list {
		i := b.again(*placeFields(p)[b.column])
		x.mixed = x.mixed || len(b.now) > 0 && i != b.now[0]
		b.now = append(b.now, i)
	}
	switch {
	case x.mixed:
		x.list = slices.Grow(x.list[:0], x.n)[:x.n]
		for i, p := range b.of.rows {
			x.list[i] = b.now[p]
		}
	case x.n > 0:
		x.one = b.now[0]
	}
	return b.texts.encode(c)
}

// rowPlaces are the places of a row group's rows, each by its number. They are
// found by their pointers, which stay known from row group to row group.
type rowPlaces struct {
	rows []int32
	list []*periplus.Place // by number

	last  *periplus.Place
	now   int32 // its number
	slots []placeSlot
	used  int
	group uint32
}

type placeSlot struct {
	place *periplus.Place
	group uint32 // that number is of
	now   int32
}

// maxPlaceSlots is how many slots are kept from row group to row group.
const maxPlaceSlots = 1 << 16

// put adds a row.
func (x *rowPlaces) put(p *periplus.Place) {
	if p != x.last || len(x.rows) == 0 {
		x.last, x.now = p, x.number(p)
	}
	if len(x.rows) == cap(x.rows) {
		x.rows = double(x.rows)
	}
	x.rows = append(x.rows, x.now)
}

// forget ends the row group.
func (x *rowPlaces) forget() {
	if len(x.slots) > maxPlaceSlots {
		x.slots, x.used = nil, 0
	}
	x.group++
	x.last, x.rows, x.list = nil, x.rows[:0], x.list[:0]
}

func (x *rowPlaces) number(p *periplus.Place) int32 {
	if x.used*2 >= len(x.slots) {
		x.grow()
	}
	s := x.slot(p)
	if s.place == nil {
		s.place, s.group = p, x.group-1
		x.used++
	}
	if s.group != x.group {
		s.group, s.now = x.group, int32(len(x.list))
		x.list = append(x.list, p)
	}
	return s.now
}

// slot is where a place is or belongs.
func (x *rowPlaces) slot(p *periplus.Place) *placeSlot {
	mask := uint64(len(x.slots) - 1)
	for i := uint64(uintptr(unsafe.Pointer(p))) * 0x9e3779b97f4a7c15 >> 32 & mask; ; i = (i + 1) & mask {
		if s := &x.slots[i]; s.place == p || s.place == nil {
			return s
		}
	}
}

func (x *rowPlaces) grow() {
	old := x.slots
	x.slots = emptied[placeSlot](max(64, 2*len(old)))
	for _, s := range old {
		if s.place != nil {
			*x.slot(s.place) = s
		}
	}
}
