package merge

import (
	"net/netip"
	"slices"

	"github.com/periplus/periplus/periplus"
)

// Turns reports whether a row is turned round: a weak rule gives way when the
// other end was named as a server since, and this one was not, or when the row
// is the answer to what another row shows.
func (o *Options) Turns(f *periplus.Flow) bool {
	return o.known(f) || o.Answers.Has(f) && !(o.Known != nil && o.Known(f.Server, f.ServerPort, f.Protocol))
}

func (o *Options) known(f *periplus.Flow) bool {
	return f.HasClientPort && f.HasPort && o.Known != nil && f.OrientedBy.Weak() &&
		o.Known(f.Client, f.ClientPort, f.Protocol) && !o.Known(f.Server, f.ServerPort, f.Protocol)
}

// turn returns the row as what is known by now orients it.
func (m *Merger) turn(f *periplus.Flow) *periplus.Flow {
	if !m.Turns(f) {
		return f
	}
	t := *f
	t.OrientedBy = periplus.ByKnown
	t.Client, t.Server = f.Server, f.Client
	t.ClientPort, t.ServerPort = f.ServerPort, f.ClientPort
	t.NATClient, t.NATServer = f.NATServer, f.NATClient
	t.RequestPackets, t.ResponsePackets = f.ResponsePackets, f.RequestPackets
	t.RequestBytes, t.ResponseBytes = f.ResponseBytes, f.RequestBytes
	switch f.Observer {
	case periplus.ObserverClient:
		t.Observer = periplus.ObserverServer
	case periplus.ObserverServer:
		t.Observer = periplus.ObserverClient
	}
	return &t
}

// networks says where the two ends of a row belong. Only an address that
// several networks own depends on who wrote the row.
func (m *Merger) networks(f *periplus.Flow) (client, server string) {
	if m.Owns == nil {
		return "", ""
	}
	return m.network(f, f.Observer == periplus.ObserverClient, m.owners(0, f.Client)),
		m.network(f, f.Observer == periplus.ObserverServer, m.owners(1, f.Server))
}

// owned is who owns the address that an end of the last row had: the next one
// mostly has it too.
type owned struct {
	by   []Owner
	addr netip.Addr
}

func (m *Merger) owners(end int, a netip.Addr) []Owner {
	o := &m.owned[end]
	if o.addr != a {
		o.addr, o.by = a, m.Owns(a)
	}
	return o.by
}

func (m *Merger) network(f *periplus.Flow, own bool, owners []Owner) string {
	switch len(owners) {
	case 0:
		return ""
	case 1:
		return owners[0].Network
	}
	i := slices.IndexFunc(owners, func(o Owner) bool { return o.is(f.Place) })
	switch {
	case i >= 0:
		return owners[i].Network
	case own:
		return f.Place.Home()
	}
	return "" // several others: nobody can tell which
}

// is reports whether a place lies in the network. One log of an interface may
// name the network and another may not.
func (o *Owner) is(p *periplus.Place) bool {
	if p.Network != "" {
		return o.Network == p.Network
	}
	return o.Account == p.Account && (o.Region == p.Region || p.Region == "")
}
