package digest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

func compareServers(a, b Server) int {
	return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol))
}

func comparePlaces(a, b *periplus.Place) int {
	if a == b {
		return 0
	}
	return cmp.Or(
		strings.Compare(a.Provider, b.Provider), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region),
		strings.Compare(a.Zone, b.Zone), strings.Compare(a.Network, b.Network), strings.Compare(a.Subnet, b.Subnet),
		strings.Compare(a.Interface, b.Interface), strings.Compare(a.InterfaceType, b.InterfaceType),
		strings.Compare(a.Instance, b.Instance), strings.Compare(a.Log, b.Log))
}

// rankPlaces gives every place its number in their order.
func rankPlaces(places []*periplus.Place) []uint32 {
	order := make([]uint32, len(places))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return comparePlaces(places[a], places[b]) })
	rank := make([]uint32, len(places))
	for i, p := range order {
		rank[p] = uint32(i)
	}
	return rank
}

func compareOwned(a, b Owned) int {
	if c := a.Addr.Compare(b.Addr); c != 0 {
		return c
	}
	return comparePlaces(a.Place, b.Place)
}

func compareNamed(a, b Named) int {
	if c := a.Addr.Compare(b.Addr); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.Provider, b.Provider),
		strings.Compare(nameKey(a.Identity), nameKey(b.Identity)))
}

// compareCovered orders places as coverage of one hour is.
func compareCovered(a, b *periplus.Place) int {
	return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Account, b.Account),
		strings.Compare(a.Region, b.Region), strings.Compare(a.Network, b.Network), strings.Compare(a.Subnet, b.Subnet),
		strings.Compare(a.Interface, b.Interface), strings.Compare(a.Log, b.Log))
}

func compareIDs(a, b ID) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), a.Time.Compare(b.Time), cmp.Compare(a.Object, b.Object))
}

func compareDecisions(a, b Decision) int {
	second := func(d Decision) int {
		if d.AtB {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Tuple, b.Tuple), a.Time.Compare(b.Time), second(a)-second(b),
		strings.Compare(a.Network, b.Network), strings.Compare(a.Reason, b.Reason), cmp.Compare(a.Object, b.Object))
}
