package lake

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// The side tables of a list: what a batch taught beside its flows. They are
// not Iceberg tables, only files that the lake reads back.

func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (r *record) addr(name string) netip.Addr {
	a, err := netip.ParseAddr(r.text(name))
	if err != nil {
		return netip.Addr{} // "": there was none
	}
	return a
}

var serverFields = []periplus.Field[digest.Server]{
	{Name: "address", Get: func(s *digest.Server) any { return address(s.Addr) }},
	{Name: "port", Type: periplus.Integer, Get: func(s *digest.Server) any { return int64(s.Port) }},
	{Name: "protocol", Type: periplus.Integer, Get: func(s *digest.Server) any { return int64(s.Protocol) }},
}

func readServer(r *record) digest.Server {
	return digest.Server{Addr: r.addr("address"), Port: uint16(r.number("port")), Protocol: uint8(r.number("protocol"))}
}

func ownedPlace(name string, get func(*periplus.Place) string) periplus.Field[digest.Owned] {
	return periplus.Field[digest.Owned]{Name: name, Get: func(o *digest.Owned) any { return get(o.Place) }}
}

var ownedFields = []periplus.Field[digest.Owned]{
	{Name: "address", Get: func(o *digest.Owned) any { return address(o.Addr) }},
	ownedPlace("provider", func(p *periplus.Place) string { return p.Provider }),
	ownedPlace("account", func(p *periplus.Place) string { return p.Account }),
	ownedPlace("region", func(p *periplus.Place) string { return p.Region }),
	ownedPlace("zone", func(p *periplus.Place) string { return p.Zone }),
	ownedPlace("network", func(p *periplus.Place) string { return p.Network }),
	ownedPlace("subnet", func(p *periplus.Place) string { return p.Subnet }),
	ownedPlace("interface", func(p *periplus.Place) string { return p.Interface }),
	ownedPlace("interface_type", func(p *periplus.Place) string { return p.InterfaceType }),
	ownedPlace("instance", func(p *periplus.Place) string { return p.Instance }),
	ownedPlace("log", func(p *periplus.Place) string { return p.Log }),
	{Name: "first_seen", Type: periplus.Timestamptz, Null: true, Get: func(o *digest.Owned) any { return when(o.First) }},
	{Name: "last_seen", Type: periplus.Timestamptz, Null: true, Get: func(o *digest.Owned) any { return when(o.Last) }},
}

func readOwned(r *record) digest.Owned {
	return digest.Owned{Addr: r.addr("address"), First: r.time("first_seen"), Last: r.time("last_seen"),
		Place: &periplus.Place{Provider: r.text("provider"), Account: r.text("account"), Region: r.text("region"),
			Zone: r.text("zone"), Network: r.text("network"), Subnet: r.text("subnet"), Interface: r.text("interface"),
			InterfaceType: r.text("interface_type"), Instance: r.text("instance"), Log: r.text("log")}}
}

func namedText(name string, get func(*periplus.Identity) string) periplus.Field[digest.Named] {
	return periplus.Field[digest.Named]{Name: name, Get: func(n *digest.Named) any { return get(n.Identity) }}
}

var namedFields = []periplus.Field[digest.Named]{
	{Name: "address", Get: func(n *digest.Named) any { return address(n.Addr) }},
	{Name: "in_network", Get: func(n *digest.Named) any { return n.Network }},
	{Name: "provider", Get: func(n *digest.Named) any { return n.Provider }},
	namedText("name", func(i *periplus.Identity) string { return i.Name }),
	namedText("kind", func(i *periplus.Identity) string { return i.Kind }),
	namedText("service", func(i *periplus.Identity) string { return i.Service }),
	namedText("account", func(i *periplus.Identity) string { return i.Account }),
	namedText("region", func(i *periplus.Identity) string { return i.Region }),
	namedText("zone", func(i *periplus.Identity) string { return i.Zone }),
	namedText("network", func(i *periplus.Identity) string { return i.Network }),
	namedText("subnet", func(i *periplus.Identity) string { return i.Subnet }),
	namedText("country", func(i *periplus.Identity) string { return i.Country }),
	{Name: "asn", Type: periplus.Bigint, Get: func(n *digest.Named) any { return int64(n.Identity.ASN) }},
	namedText("tags", func(i *periplus.Identity) string { return periplus.TagText(i.Tags) }),
	{Name: "first_seen", Type: periplus.Timestamptz, Null: true, Get: func(n *digest.Named) any { return when(n.First) }},
	{Name: "last_seen", Type: periplus.Timestamptz, Null: true, Get: func(n *digest.Named) any { return when(n.Last) }},
}

func readNamed(r *record) digest.Named {
	return digest.Named{Addr: r.addr("address"), Network: r.text("in_network"), Provider: r.text("provider"),
		First: r.time("first_seen"), Last: r.time("last_seen"),
		Identity: &periplus.Identity{Name: r.text("name"), Kind: r.text("kind"), Service: r.text("service"),
			Account: r.text("account"), Region: r.text("region"), Zone: r.text("zone"), Network: r.text("network"),
			Subnet: r.text("subnet"), Country: r.text("country"), ASN: uint32(r.number("asn")),
			Tags: periplus.ParseTags(r.text("tags"))}}
}

var idFields = []periplus.Field[digest.ID]{
	// The bits of the id: the lake has no unsigned type.
	{Name: "id", Type: periplus.Bigint, Get: func(i *digest.ID) any { return int64(i.ID) }},
	{Name: "time", Type: periplus.Timestamptz, Null: true, Get: func(i *digest.ID) any { return when(i.Time) }},
	{Name: "object", Type: periplus.Bigint, Get: func(i *digest.ID) any { return i.Object }},
}

func readID(r *record) digest.ID {
	return digest.ID{ID: uint64(r.number("id")), Time: r.time("time"), Object: r.number("object")}
}

var decisionFields = []periplus.Field[digest.Decision]{
	{Name: "tuple", Type: periplus.Bigint, Get: func(d *digest.Decision) any { return int64(d.Tuple) }},
	{Name: "at_b", Type: periplus.Boolean, Get: func(d *digest.Decision) any { return d.AtB }},
	{Name: "network", Get: func(d *digest.Decision) any { return d.Network }},
	{Name: "reason", Get: func(d *digest.Decision) any { return d.Reason }},
	{Name: "time", Type: periplus.Timestamptz, Null: true, Get: func(d *digest.Decision) any { return when(d.Time) }},
	{Name: "object", Type: periplus.Bigint, Get: func(d *digest.Decision) any { return d.Object }},
}

func readDecision(r *record) digest.Decision {
	return digest.Decision{Tuple: uint64(r.number("tuple")), AtB: r.truth("at_b"), Network: r.text("network"),
		Reason: r.text("reason"), Time: r.time("time"), Object: r.number("object")}
}

// Servers returns the ends that batches so far knew for servers, each once.
func (l *Lake) Servers(ctx context.Context) ([]digest.Server, error) {
	seen := map[digest.Server]bool{}
	var out []digest.Server
	err := eachListed(ctx, l, "servers", readServer, func(s digest.Server) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	})
	return out, err
}

// Owned returns the addresses that interfaces have, each (address, place) once
// with the span over all batches.
func (l *Lake) Owned(ctx context.Context) ([]digest.Owned, error) {
	type key struct {
		addr  netip.Addr
		place periplus.Place
	}
	at := map[key]int{}
	var out []digest.Owned
	err := eachListed(ctx, l, "owned", readOwned, func(o digest.Owned) {
		k := key{o.Addr, *o.Place}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, o)
			return
		}
		out[i].First, out[i].Last = span(out[i].First, out[i].Last, o.First, o.Last)
	})
	return out, err
}

// Named returns what the logs say of addresses, each (address, network,
// identity) once with the span over all batches.
func (l *Lake) Named(ctx context.Context) ([]digest.Named, error) {
	type key struct {
		addr                    netip.Addr
		network, provider, tags string
		identity                comparableIdentity
	}
	at := map[key]int{}
	var out []digest.Named
	err := eachListed(ctx, l, "named", readNamed, func(n digest.Named) {
		k := key{n.Addr, n.Network, n.Provider, periplus.TagText(n.Identity.Tags), comparable(n.Identity)}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, n)
			return
		}
		out[i].First, out[i].Last = span(out[i].First, out[i].Last, n.First, n.Last)
	})
	return out, err
}

// comparableIdentity is an Identity without its tags.
type comparableIdentity struct {
	name, kind, service, account, region, zone, network, subnet, country string
	asn                                                                  uint32
}

func comparable(i *periplus.Identity) comparableIdentity {
	return comparableIdentity{i.Name, i.Kind, i.Service, i.Account, i.Region, i.Zone, i.Network, i.Subnet, i.Country, i.ASN}
}

func span(first, last, f, t time.Time) (time.Time, time.Time) {
	if first.IsZero() || !f.IsZero() && f.Before(first) {
		first = f
	}
	if t.After(last) {
		last = t
	}
	return first, last
}

// keepIDs is how long after the newest an entry may be delivered again.
const keepIDs = 72 * time.Hour

// recentIDs leaves out what is too old to come again.
func recentIDs(ids []digest.ID) []digest.ID {
	var last time.Time
	for _, i := range ids {
		if i.Time.After(last) {
			last = i.Time
		}
	}
	return slices.DeleteFunc(ids, func(i digest.ID) bool { return i.Time.Before(last.Add(-keepIDs)) })
}

// keepDecisions is how many decisions are remembered, some 80 bytes each. Not
// their age bounds them: who reads the logs of a month at once may come to all
// firewall entries first.
const keepDecisions = 2_000_000

// recentDecisions leaves out the oldest where there are more than so many. It
// makes room for some, as to sort them costs.
func recentDecisions(decisions []digest.Decision, keep int) []digest.Decision {
	if len(decisions) <= keep {
		return decisions
	}
	slices.SortFunc(decisions, func(a, b digest.Decision) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Tuple, b.Tuple), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Clone(decisions[:keep-keep/8])
}

// IDs returns the log entries since a time, which a provider may deliver
// again, with the object whose rows they are in.
func (l *Lake) IDs(ctx context.Context, since time.Time) ([]digest.ID, error) {
	ids, err := ofObjects(ctx, l, "ids", readID, func(i *digest.ID) int64 { return i.Object })
	return slices.DeleteFunc(ids, func(i digest.ID) bool { return i.Time.Before(since) }), err
}

// Decisions returns what firewalls are known to have let through.
func (l *Lake) Decisions(ctx context.Context) ([]digest.Decision, error) {
	return ofObjects(ctx, l, "decisions", readDecision, func(d *digest.Decision) int64 { return d.Object })
}

// ofObjects reads one side table of all lists, whose rows are of objects: what
// an object held before it was read again counts no more.
func ofObjects[T any](ctx context.Context, l *Lake, name string, read func(*record) T, object func(*T) int64) ([]T, error) {
	dirs, err := l.lists(ctx)
	if err != nil {
		return nil, err
	}
	var out []T
	for _, dir := range dirs {
		if len(out) > 0 {
			objects, err := readListed(ctx, dir, "objects", func(r *record) int64 { return r.number("id") })
			if err != nil {
				return nil, err
			}
			again := make(map[int64]bool, len(objects))
			for _, id := range objects {
				again[id] = true
			}
			out = slices.DeleteFunc(out, func(e T) bool { return again[object(&e)] })
		}
		rows, err := readListed(ctx, dir, name, read)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// eachListed calls row for every row of one side table of all lists.
func eachListed[T any](ctx context.Context, l *Lake, name string, read func(*record) T, row func(T)) error {
	dirs, err := l.lists(ctx)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		rows, err := readListed(ctx, dir, name, read)
		if err != nil {
			return err
		}
		for _, r := range rows {
			row(r)
		}
	}
	return nil
}
