// Package names decides who an address is: what the user calls it, what the
// logs themselves say of it, else what kind of address it is. Its answer is
// the table endpoints.
package names

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// Seen is an address of the traffic, in the network that it belongs to.
type Seen struct {
	Addr    netip.Addr
	Network string // "" where it belongs to none
	Service string // the cloud service that the logs put there, "" for none
}

// Book is all that is known of addresses, the strongest first: the user's
// file, then the logs.
type Book struct {
	File  *File // nil: none
	Owned []digest.Owned
	Named []digest.Named

	owned map[key][]digest.Owned
	named map[key][]digest.Named
}

type key struct {
	addr    netip.Addr
	network string
}

// Endpoints returns a row for each address and network seen, or several where
// the logs' name for it changed. The rows are sorted by address, network and
// time. Not safe for concurrent use.
func (b *Book) Endpoints(seen []Seen) []periplus.Endpoint {
	b.index()
	seen = slices.Clone(seen)
	slices.SortFunc(seen, func(x, y Seen) int {
		return cmp.Or(x.Addr.Compare(y.Addr), strings.Compare(x.Network, y.Network), strings.Compare(y.Service, x.Service))
	})
	seen = slices.CompactFunc(seen, func(x, y Seen) bool { return x.Addr == y.Addr && x.Network == y.Network })
	rows := make([]periplus.Endpoint, 0, len(seen))
	for _, s := range seen {
		rows = b.rows(rows, s)
	}
	return rows
}

func (b *Book) index() {
	b.owned, b.named = map[key][]digest.Owned{}, map[key][]digest.Named{}
	for _, o := range b.Owned {
		k := key{o.Addr, o.Place.Home()}
		b.owned[k] = append(b.owned[k], o)
	}
	for _, n := range b.Named {
		k := key{n.Addr, n.Network}
		b.named[k] = append(b.named[k], n)
	}
	for _, list := range b.owned {
		slices.SortFunc(list, func(x, y digest.Owned) int {
			return cmp.Or(x.First.Compare(y.First), strings.Compare(x.Place.Interface, y.Place.Interface))
		})
	}
	for _, list := range b.named {
		slices.SortFunc(list, func(x, y digest.Named) int {
			return cmp.Or(x.First.Compare(y.First), strings.Compare(x.Identity.Name, y.Identity.Name))
		})
	}
}

// rows adds the rows of one address: one for each span of time in which the
// logs called it the same.
func (b *Book) rows(rows []periplus.Endpoint, s Seen) []periplus.Endpoint {
	e := periplus.Endpoint{Address: s.Addr, Network: s.Network, ValidFrom: time.Unix(0, 0).UTC(), ValidTo: periplus.Forever}
	iface := ""
	if own := b.owned[key{s.Addr, s.Network}]; len(own) > 0 {
		p := own[len(own)-1].Place
		iface = p.Interface
		e.Kind, e.Provider, e.Account, e.Region, e.Subnet = "own", p.Provider, p.Account, p.Region, p.Subnet
		e.Role = roleOfPlace(p)
	} else {
		e.Kind = kindOf(s.Addr)
	}
	if s.Network != "" {
		e.Kind = "own"
	}
	named := b.named[key{s.Addr, s.Network}]
	if len(named) == 0 && s.Network != "" {
		named = b.named[key{s.Addr, ""}]
	}
	if len(named) == 0 {
		b.finish(&e, s, iface)
		return append(rows, e)
	}
	start := len(rows)
	for i := range named {
		n := e
		identity(&n, &named[i])
		b.finish(&n, s, iface)
		if len(rows) > start {
			last := &rows[len(rows)-1]
			if same(last, &n) {
				continue
			}
			if !named[i].First.After(last.ValidFrom) {
				continue // two names at once: the first by name stays
			}
			n.ValidFrom, last.ValidTo = named[i].First, named[i].First
		}
		rows = append(rows, n)
	}
	return rows
}

func same(a, b *periplus.Endpoint) bool {
	return a.Name == b.Name && a.Service == b.Service && a.Role == b.Role && a.Subnet == b.Subnet &&
		a.Country == b.Country && periplus.TagText(a.Tags) == periplus.TagText(b.Tags)
}

// identity writes what the logs say of an address.
func identity(e *periplus.Endpoint, n *digest.Named) {
	id := n.Identity
	for _, s := range []struct {
		to   *string
		from string
	}{{&e.Name, id.Name}, {&e.Service, id.Service}, {&e.Role, id.Kind}, {&e.Account, id.Account}, {&e.Region, id.Region},
		{&e.Subnet, id.Subnet}, {&e.Country, id.Country}, {&e.Provider, n.Provider}} {
		if s.from != "" {
			*s.to = s.from
		}
	}
	if id.Name == "" && id.Service == "" && id.Kind == "" && id.Network == "" {
		e.Provider = "" // the log only tells where in the world it is
	}
	if id.ASN != 0 {
		e.ASN = int64(id.ASN)
	}
	e.Tags = id.Tags
	e.NamedBy = "log"
}

// finish lets the user's file speak and fills what nobody said.
func (b *Book) finish(e *periplus.Endpoint, s Seen, iface string) {
	if s.Service != "" && e.Kind == "public" && e.Service == "" {
		e.Service, e.Role, e.Provider = cloudService(s.Service)
		e.NamedBy = "cloud"
	}
	b.File.apply(e, iface)
	if e.NamedBy == "file" && e.Network == "" && e.Kind == "public" && e.Role == "" {
		e.Role = "net.user"
	}
	switch {
	case e.Service != "":
	case e.Name != "":
		e.Service = group(e.Name)
	case e.Kind == "public" && e.Country != "":
		e.Service = e.Country
	case e.Kind == "public":
		e.Service = "internet"
	case e.Kind == "special":
		e.Service = specialName(e.Address)
	default:
		e.Service = e.Address.String()
	}
	if e.Role == "" {
		e.Role = map[string]string{"public": "net.internet", "special": "gen.unknown", "own": "gen.server"}[e.Kind]
		if e.Kind == "public" && e.Country != "" {
			e.Role = "net.country"
		}
		if e.Kind == "own" && e.Network == "" {
			e.Role = "net.onprem"
		}
	}
}

// group is the service that a numbered name belongs to: web-12 is one of web.
// A name of digits only is its own.
func group(name string) string {
	g := strings.TrimRight(name, "0123456789")
	g = strings.TrimRight(g, "-_.")
	if g == "" || g == name {
		return name
	}
	return g
}
