package traffic

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
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
}

// owner is a network that owns an address for some time.
type owner struct {
	merge.Owner
	first, last time.Time
	alone       []merge.Owner // itself, where no other network owns the address
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
	for l, keeps := range known.Logs {
		key := keyOf(l.Provider, l.Account, l.Interface, l.Log)
		silent, more := f.silent[key]
		f.silent[key] = (silent || !more) && !keeps
		if keeps {
			f.heard[keyOf(l.Provider, l.Account, l.Interface, "")] = true
		}
	}
	for s, n := range known.Skipped {
		if n <= 0 {
			continue
		}
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
		n := owner{merge.Owner{Network: p.Home(), Account: p.Account, Region: p.Region}, seen.First, seen.Last, nil}
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
	for _, all := range out {
		if len(all) == 1 {
			all[0].alone = []merge.Owner{all[0].Owner}
		}
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

// ownersAt is Options.Owns in an hour.
func (f *facts) ownersAt(hour time.Time) func(netip.Addr) []merge.Owner {
	return func(a netip.Addr) []merge.Owner {
		switch all := f.owners[a]; len(all) {
		case 0:
			return nil
		case 1:
			return all[0].alone
		default:
			return at(all, hour)
		}
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
