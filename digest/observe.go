package digest

import (
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// view is what the whole batch says of its interfaces: which addresses are
// their own, and what passed through them under another name.
type view struct {
	t       *tables
	iface   []uint32 // of a place
	between []between
	one     [][2]ip // of an interface: its own address, where it has one of the family
	own     map[ifaceAddr]struct{}
	rank    []uint32      // of a place, in the order of comparePlaces
	owner   map[ip]uint32 // the interface that has it; severalOwners
	common  map[uint32]*[2]common
	legs    map[farEnd]intervals
}

type ifaceAddr struct {
	iface uint32
	addr  ip
}

const severalOwners = ^uint32(0)

var severalAddrs = ip{^uint64(0), ^uint64(0)}

// farEnd is an end that an interface talked to for others.
type farEnd struct {
	iface    uint32
	addr     ip
	port     uint32
	protocol uint8
}

// between says whether an interface that shows packet addresses other than its
// own stands in between.
type between uint8

const (
	betweenAsk between = iota // the addresses decide
	betweenYes
	betweenNo
)

func newView(b *Batch) *view {
	v := &view{
		t: &b.tables, own: map[ifaceAddr]struct{}{}, owner: map[ip]uint32{},
		common: map[uint32]*[2]common{}, legs: map[farEnd]intervals{},
	}
	ids := map[[6]string]uint32{}
	for _, p := range b.tables.places {
		k := ifaceKey(p)
		id, ok := ids[k]
		if !ok {
			id = uint32(len(ids))
			ids[k] = id
		}
		if !ok {
			v.one = append(v.one, [2]ip{})
		}
		v.iface = append(v.iface, id)
		v.between = append(v.between, standsBetween(p))
	}
	v.rank = rankPlaces(b.tables.places)
	v.findOwn(b)
	for k, spans := range b.legs {
		if v.passes(k) {
			f := farEnd{v.iface[k.place], k.far, k.port, k.protocol}
			v.legs[f] = append(v.legs[f], spans...)
		}
	}
	for k, spans := range v.legs {
		v.legs[k] = spans.tidy()
	}
	return v
}

// ifaceKey tells interfaces apart. An AWS interface id says all; other names
// are good within their network only, and what has no name stands for itself.
func ifaceKey(p *periplus.Place) [6]string {
	switch {
	case strings.HasPrefix(p.Interface, "eni-"):
		return [6]string{p.Provider, p.Interface}
	case p.Interface == "" || p.Interface == "-":
		return [6]string{p.Provider, p.Account, p.Region, p.Network, p.Subnet, "log " + p.Log}
	}
	return [6]string{p.Provider, p.Account, p.Zone, p.Network, p.Interface}
}

// standsBetween reads interface-type, else instance-id.
func standsBetween(p *periplus.Place) between {
	if t := p.InterfaceType; t != "" && t != "-" {
		for _, word := range []string{"nat_gateway", "natgateway", "load_balancer", "elb", "endpoint", "transit_gateway", "accelerator", "api_gateway"} {
			if strings.Contains(t, word) {
				return betweenYes
			}
		}
		return betweenNo
	}
	switch p.Instance {
	case "":
		return betweenAsk
	case "-":
		return betweenYes
	}
	return betweenNo
}

// findOwn decides the interfaces' own addresses: by direction where a log says
// it, else the one that all records have, for each family apart.
func (v *view) findOwn(b *Batch) {
	var direct [2]map[uint32]bool
	direct[0], direct[1] = map[uint32]bool{}, map[uint32]bool{}
	for k := range b.owned {
		if k.nat.zero() {
			i := v.iface[k.place]
			direct[family(k.addr)][i] = true
			v.addOwn(i, k.addr)
		}
	}
	for place := range b.common {
		c := &b.common[place]
		i := v.iface[place]
		all := v.common[i]
		if all == nil {
			all = new([2]common)
			v.common[i] = all
		}
		all[0].merge(&c[0])
		all[1].merge(&c[1])
	}
	for i, all := range v.common {
		for f := range all {
			if all[f].n == 1 && !direct[f][i] {
				v.addOwn(i, all[f].a)
			}
		}
	}
}

func (v *view) addOwn(iface uint32, a ip) {
	if o := &v.one[iface][family(a)]; o.zero() {
		*o = a
	} else if *o != a {
		*o = severalAddrs
	}
	v.own[ifaceAddr{iface, a}] = struct{}{}
	if was, ok := v.owner[a]; ok && was != iface {
		iface = severalOwners
	}
	v.owner[a] = iface
}

func (v *view) owns(iface uint32, a ip) bool {
	if o := v.one[iface][family(a)]; o != severalAddrs {
		return o == a && !a.zero()
	}
	_, ok := v.own[ifaceAddr{iface, a}]
	return ok
}

// side is where a place stands whose record did not say it: at the end whose
// address is its interface's own.
func (v *view) side(place uint32, s stand, a, b ip) stand {
	if s &= standSide; s != standUnknown {
		return s
	}
	i := v.iface[place]
	atA, atB := v.owns(i, a), v.owns(i, b)
	switch {
	case atA && !atB:
		return standA
	case atB && !atA:
		return standB
	}
	return standUnknown
}

// inBetween decides for a record whose packet has another address than the
// interface. packet is the packet's address on the interface's side, nat what
// the interface has in its place; zero where they are one.
func (v *view) inBetween(place uint32, side stand, packet, nat ip) bool {
	switch v.between[place] {
	case betweenYes:
		return true
	case betweenNo:
		return false
	}
	if side == standUnknown || nat.zero() {
		return false
	}
	if packet.public() {
		return true
	}
	owner, ok := v.owner[packet]
	return ok && owner != v.iface[place]
}

// observer says where a settled row's interface stands, but for legs.
func (v *view) observer(r *row) periplus.Observer {
	if r.stand&standSide == standThrough {
		return periplus.ObserverMiddle
	}
	a, b := r.a, r.b
	if !r.natA.zero() {
		a = r.natA
	}
	if !r.natB.zero() {
		b = r.natB
	}
	side := v.side(r.place, r.stand, a, b)
	if r.stand&standOther != 0 {
		packet, nat := r.a, r.natA
		if side == standB {
			packet, nat = r.b, r.natB
		}
		if v.inBetween(r.place, side, packet, nat) {
			return periplus.ObserverMiddle
		}
	}
	switch side {
	case standA:
		return periplus.ObserverClient
	case standB:
		return periplus.ObserverServer
	}
	return periplus.ObserverUnknown
}

// passes reports whether what a place saw under another name went through it.
func (v *view) passes(k legKey) bool {
	farSide := standB
	if k.isClient {
		farSide = standA
	}
	side := k.stand & standSide
	switch side {
	case standThrough:
		return true
	case standUnknown:
		if v.owns(v.iface[k.place], k.nat) {
			side = farSide
		}
	}
	if side != farSide {
		return v.between[k.place] == betweenYes
	}
	return v.inBetween(k.place, side, k.far, k.nat)
}

// isLeg reports whether a row that its observer wrote in its own name is the
// far leg of what it passed on: the same far end, port and protocol at the same
// time. What was stopped is never one.
func (v *view) isLeg(r *row, o periplus.Observer) bool {
	if len(v.legs) == 0 || r.verdict.Stopped() || r.stand&standOther != 0 {
		return false
	}
	var far ip
	switch o {
	case periplus.ObserverClient:
		far = r.b
	case periplus.ObserverServer:
		far = r.a
	default:
		return false
	}
	spans := v.legs[farEnd{v.iface[r.place], far, r.bPort, r.protocol}]
	return spans.touches(seen{r.first, r.last})
}

// ownedList is every interface's own addresses, pods and secondary ones too.
func (v *view) ownedList(b *Batch) []Owned {
	all := map[ownedKey]seen{}
	for k, s := range b.owned {
		// The side is known here: direction said it.
		if !k.nat.zero() && v.inBetween(k.place, standA, k.addr, k.nat) {
			continue
		}
		addSeen(all, ownedKey{place: k.place, addr: k.addr}, s)
	}
	for place := range b.common {
		c := &b.common[place]
		i := v.iface[place]
		for f := range c {
			if a := v.common[i][f]; a.n == 1 && c[f].n != 0 && v.owns(i, a.a) {
				addSeen(all, ownedKey{place: uint32(place), addr: a.a}, c[f].seen)
			}
		}
	}
	out := make([]Owned, 0, len(all))
	for k, s := range all {
		out = append(out, Owned{k.addr.addr(), v.t.places[k.place], fromMicros(s.first), fromMicros(s.last)})
	}
	slices.SortFunc(out, compareOwned)
	return out
}
