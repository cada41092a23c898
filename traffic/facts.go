package traffic

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// server is an end that asks are made of.
type server struct {
	address        string
	port, protocol int64
}

// facts are what the lake knows beside flows.
type facts struct {
	servers map[digest.Server]bool
	owners  map[netip.Addr][]owner
	silent  map[logKey]bool // logs that keep denials only
	heard   map[logKey]bool // interfaces of which some log keeps what passed; log is ""
	skipped map[skipKey]bool
	// alone: every interface has a name that no other has, and one log, so the
	// name tells sources apart.
	alone bool
}

// owner is a network that owns an address for some time.
type owner struct {
	merge.Owner
	first, last time.Time
}

// logKey names a flow log; where it has no name, the interface does.
type logKey struct{ provider, account, iface, log string }

func keyOf(provider, account, iface, log string) logKey {
	if log != "" {
		iface = ""
	}
	return logKey{provider, account, iface, log}
}

type skipKey struct {
	provider, account, iface, log string
	hour                          int64
}

// newFacts puts what the lake knows as the builder asks for it.
func newFacts(known *lake.Facts) *facts {
	f := &facts{servers: known.Servers, silent: map[logKey]bool{}, heard: map[logKey]bool{}, skipped: map[skipKey]bool{}}
	f.owners = owners(known.Owned)
	names := map[string]bool{}
	for l, keeps := range known.Logs {
		names[l.Interface] = true
		key := keyOf(l.Provider, l.Account, l.Interface, l.Log)
		silent, more := f.silent[key]
		f.silent[key] = (silent || !more) && !keeps
		if keeps {
			f.heard[keyOf(l.Provider, l.Account, l.Interface, "")] = true
		}
	}
	f.alone = len(names) > 0 && len(names) == len(known.Logs)
	for s := range known.Skipped {
		f.skipped[skipKey{s.Provider, s.Account, s.Interface, s.Log.Log, s.Hour}] = true
	}
	return f
}

// owners sorts out which networks own an address. Logs of one interface may
// name its network or not: then the network is the one that is named.
func owners(owned map[lake.Owner]lake.Span) map[netip.Addr][]owner {
	out := map[netip.Addr][]owner{}
	for o, seen := range owned {
		p := periplus.Place{Account: o.Account, Region: o.Region, Network: o.Network}
		n := owner{merge.Owner{Network: p.Home(), Account: p.Account, Region: p.Region}, seen.First, seen.Last}
		if n.Network != "" {
			out[o.Addr] = append(out[o.Addr], n)
		}
	}
	for a, all := range out {
		if len(all) == 1 {
			continue
		}
		slices.SortFunc(all, func(x, y owner) int {
			return cmp.Or(cmp.Compare(x.Network, y.Network), cmp.Compare(x.Account, y.Account), cmp.Compare(x.Region, y.Region),
				x.first.Compare(y.first), x.last.Compare(y.last))
		})
		named := func(o owner) bool { return o.Network != home(o) }
		var kept []owner
		for _, o := range all {
			if !named(o) && slices.ContainsFunc(all, func(x owner) bool {
				return named(x) && x.Account == o.Account && (x.Region == o.Region || o.Region == "")
			}) {
				continue
			}
			if n := len(kept) - 1; n >= 0 && kept[n].Network == o.Network {
				if o.first.Before(kept[n].first) {
					kept[n].first = o.first
				}
				if o.last.After(kept[n].last) {
					kept[n].last = o.last
				}
				continue
			}
			kept = append(kept, o)
		}
		out[a] = kept
	}
	return out
}

// home is what stands for the network of an owner whose log names none.
func home(o owner) string {
	p := periplus.Place{Account: o.Account, Region: o.Region}
	return p.Home()
}

// at returns the networks that own an address in an hour: those that were seen
// to, else the last before it, else the first after it.
func at(all []owner, hour time.Time) []merge.Owner {
	var out []merge.Owner
	var before, after *owner
	for i := range all {
		o := &all[i]
		switch {
		case o.last.Before(hour.Add(-merge.Around)):
			if before == nil || o.last.After(before.last) {
				before = o
			}
		case !o.first.Before(hour.Add(time.Hour + merge.Around)):
			if after == nil || o.first.Before(after.first) {
				after = o
			}
		default:
			out = append(out, o.Owner)
		}
	}
	switch {
	case len(out) > 0:
	case before != nil:
		out = append(out, before.Owner)
	case after != nil:
		out = append(out, after.Owner)
	}
	return out
}

// network is where an address belongs that one network owns.
func (f *facts) network(a netip.Addr, t time.Time) string {
	all := f.owners[a]
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0].Network
	}
	return at(all, t.Truncate(time.Hour))[0].Network
}

// ownersAt is Options.Owns in an hour.
func (f *facts) ownersAt(hour time.Time) func(netip.Addr) []merge.Owner {
	return func(a netip.Addr) []merge.Owner {
		all := f.owners[a]
		if len(all) == 0 {
			return nil
		}
		return at(all, hour)
	}
}

// options are the facts as the rule asks them.
func (f *facts) options() merge.Options {
	o := merge.Options{
		// A log of denials only (a firewall's) is silent about the rest, its
		// interface is not when another of its logs keeps what passed.
		KeepsPassed: func(p *periplus.Place) bool {
			return !f.silent[keyOf(p.Provider, p.Account, p.Interface, p.Log)] ||
				p.Interface != "" && f.heard[keyOf(p.Provider, p.Account, p.Interface, "")]
		},
		Known: func(a netip.Addr, port uint16, protocol uint8) bool {
			return f.servers[digest.Server{Addr: a, Port: port, Protocol: protocol}]
		},
	}
	if len(f.skipped) > 0 {
		o.SkipData = func(p *periplus.Place, hour time.Time) bool {
			return f.skipped[skipKey{p.Provider, p.Account, p.Interface, p.Log, hour.Unix()}]
		}
	}
	return o
}

// weak are the rules of orientation that later evidence may overrule.
const weak = "('undecided', 'one_way', 'fan_in', 'service', 'port')"

// special finds the conversations of a job that need the rule for another
// reason than their rows.
func (b *builder) special(ctx context.Context) (special, error) {
	var s special
	f := b.facts
	for a, all := range f.owners {
		for h := b.job.from; len(all) > 1 && h.Before(b.job.to); h = h.Add(time.Hour) {
			if len(at(all, h)) > 1 {
				s.addresses = append(s.addresses, a.String())
				break
			}
		}
	}
	slices.Sort(s.addresses)
	for k := range f.skipped {
		s.skipped = s.skipped || k.hour >= b.job.from.Unix() && k.hour < b.job.to.Unix()
	}
	if len(f.servers) == 0 {
		return s, nil
	}
	from, to := b.job.from.Add(-merge.Around), b.job.to.Add(merge.Around)
	var r record
	err := b.k.Engine.Query(ctx, query.Statement{
		SQL: "SELECT client, client_port, protocol FROM flows WHERE bucket >= ? AND bucket < ?" +
			" AND client_port IS NOT NULL AND observer <> 'leg' AND oriented_by IN " + weak +
			" GROUP BY client, client_port, protocol ORDER BY client, client_port, protocol",
		Args:  []any{from, to},
		Spans: []query.Span{{Table: "flows", From: from, To: to}},
	}, func(_ []string, v []any) error {
		r.take(v)
		v0 := server{r.text(0), r.number(1), r.number(2)}
		if f.servers[digest.Server{Addr: r.addr(v0.address), Port: uint16(v0.port), Protocol: uint8(v0.protocol)}] {
			s.servers = append(s.servers, v0)
		}
		return r.err
	})
	return s, err
}
