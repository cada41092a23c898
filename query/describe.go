package query

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// described are the columns of endpoints that a group tells where its members
// share them.
var described = []string{"name", "service", "role", "provider", "account", "region", "network", "subnet", "country", "kind", "tags", "owner", "named_by"}

// describe says what is known of groups: who lies in them in a range, and what
// all of them share. scanners are those of the range, in brackets.
func (q *Questions) describe(ctx context.Context, r Range, scanners Where, keys []Key) (map[Key]Group, error) {
	groups := map[Key]Group{}
	for _, k := range keys {
		groups[k] = k.group()
	}
	if len(keys) == 0 {
		return groups, nil
	}
	s := statement(describeSQL(r, scanners, keys), []Span{{Table: "endpoints"}})
	err := q.ask(ctx, s, func(row *reader) {
		k, err := keyOfSQL(row.text())
		if err != nil {
			row.fail(err.Error())
			return
		}
		g := k.group()
		g.Endpoints = row.int()
		g.Addresses = []string{row.text()}
		low, high := row.int(), row.int()
		v4, v6 := [2]string{row.text(), row.text()}, [2]string{row.text(), row.text()}
		g.Gates = row.int()
		shared := make([]string, len(described))
		for i := range described {
			if low, high := row.text(), row.text(); low == high {
				shared[i] = low
			}
		}
		if k == internet && g.Addresses[0] != "" {
			g.Label = "Unlisted"
		}
		if g.Endpoints != 1 || k == internet {
			g.Addresses = nil
		}
		if low == high && low > 0 {
			g.ASN = low
		}
		g.share(shared)
		if g.Seen, err = covering(v4, v6); err != nil {
			row.fail(err.Error())
		}
		groups[k] = g
	})
	return groups, err
}

// gates are the roles of what lets traffic in or out of a network.
var gates = []string{"aws.alb", "aws.nlb", "aws.gwlb", "aws.elb", "aws.nat", "aws.igw", "aws.tgw", "aws.vpn", "aws.dx", "aws.nfw", "aws.peering",
	"gcp.lb", "gcp.nat", "gcp.router", "gcp.vpn", "gcp.interconnect", "azure.lb", "azure.appgw", "azure.nat", "azure.fw", "azure.vpn", "azure.er", "azure.bastion", "azure.pip", "azure.vwan", "azure.fd", "gen.lb"}

// IsGate reports whether a role is of what lets traffic in or out of a network:
// a balancer, a NAT, a gateway.
func IsGate(role string) bool { return slices.Contains(gates, role) }

// covering is the tightest prefixes, of IPv4 and of IPv6, that hold what lies
// between two addresses in hexadecimal. A single address needs none.
func covering(ranges ...[2]string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, of := range ranges {
		if of[0] == of[1] {
			continue
		}
		var ends [2]netip.Addr
		for i, s := range of {
			b, err := hex.DecodeString(s)
			a, ok := netip.AddrFromSlice(b)
			if err != nil || !ok {
				return nil, fmt.Errorf("%q is no address", s)
			}
			ends[i] = a.Unmap()
		}
		bits := ends[0].BitLen()
		for ; ; bits-- {
			if p := netip.PrefixFrom(ends[0], bits).Masked(); p.Contains(ends[1]) {
				list = append(list, p)
				break
			}
		}
	}
	return list, nil
}

// describeSQL is one select for each level that the keys are of. Endpoints are
// those at the end of the range. Strangers are only counted: there may be a
// million, and they share nothing.
func describeSQL(r Range, scanners Where, keys []Key) Where {
	texts, values := map[string][]string{}, map[string][]string{}
	for _, k := range keys {
		level, v := k.Level, k.Value
		if level == "special" {
			level = "service"
		}
		texts[level], values[level] = append(texts[level], k.sqlText()), append(values[level], v)
	}
	number := fmt.Sprintf("CAST(sum(CASE WHEN e.valid_to > from_unixtime(%d) THEN 1 ELSE 0 END) AS bigint) AS endpoints", r.To.Unix()-1)
	const asn = ", min(coalesce(e.asn, 0)) AS asn, max(coalesce(e.asn, 0)) AS asn_too"
	box := ""
	for _, p := range []struct{ name, is string }{{"v4", "="}, {"v6", "<>"}} {
		ip := "CASE WHEN substr(to_hex(e.ip), 1, 24) " + p.is + " '" + mapped4 + "' THEN to_hex(e.ip) END"
		box += ", coalesce(min(" + ip + "), '') AS " + p.name + ", coalesce(max(" + ip + "), '') AS " + p.name + "_too"
	}
	box += ", CAST(sum(CASE WHEN e.role IN ('" + strings.Join(gates, "', '") + "') THEN 1 ELSE 0 END) AS bigint) AS gates"
	const noBox = ", '' AS v4, '' AS v4_too, '' AS v6, '' AS v6_too, 0 AS gates"
	shared, nothing := "", ""
	for _, c := range described {
		shared += ", min(e." + c + ") AS " + c + ", max(e." + c + ") AS " + c + "_too"
		nothing += ", '' AS " + c + ", '' AS " + c + "_too"
	}
	columns, boxed := asn+noBox+shared, asn+box+shared
	nothing = ", '' AS address, 0 AS asn, 0 AS asn_too" + noBox + nothing
	valid := build("e.valid_from < ", arg(r.To), " AND e.valid_to > ", arg(r.From))
	var selects []Where
	others := grouping{scanners: scanners}.notScanning()
	if len(texts["internet"]) > 0 { // its address is a country that somebody named, so that who is in none can be called so
		unlisted := strings.Replace(number, "THEN 1", "AND e.service IN ('', 'internet') THEN 1", 1)
		selects = append(selects, build("SELECT '", internet.sqlText(), "' AS key, ", unlisted, strings.Replace(nothing, "'' AS address", "max("+countryOf+") AS address", 1),
			" FROM endpoints AS e WHERE ", joined(" AND ", valid, build(stranger), others)))
	}
	for _, of := range []struct{ level, key string }{{"country", rootKey}, {"asn", asnKey}, {"net", netKey}, {"scanners", "'" + scannersKey.sqlText() + "'"}} {
		if len(texts[of.level]) == 0 {
			continue
		}
		who := joined(" AND ", build(stranger), others)
		if of.level == "scanners" {
			who = scannersKey.members(scanners)
		}
		selects = append(selects, build("SELECT e.key, ", number, nothing, " FROM (SELECT ", of.key, " AS key, e.valid_to FROM endpoints AS e WHERE ", joined(" AND ", valid, who),
			") AS e WHERE e.key IN ", list(unique(texts[of.level])), " GROUP BY e.key"))
	}
	for _, level := range Levels {
		if len(texts[level]) == 0 {
			continue
		}
		columns := columns
		if level == "network" || level == "subnet" {
			columns = boxed
		}
		column, key := level, keySQL(level, true)
		if level == "host" {
			column, key = "address", hostKey
		}
		selects = append(selects, build("SELECT e.key, ", number, ", min(e.address) AS address", columns, " FROM (SELECT e.*, ", key,
			" AS key FROM endpoints AS e WHERE ", valid, " AND e.", column, " IN ", list(unique(values[level])), ") AS e WHERE e.key IN ", list(unique(texts[level])), " GROUP BY e.key"))
	}
	return joined("\nUNION ALL ", selects...)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// group is what a key says by itself.
func (k Key) group() Group {
	g := Group{ID: k.ID(), Key: k, Label: k.Value, Expandable: k.Level != "host"}
	switch k.Level {
	case "internet":
		g.Label, g.Role = "Internet", "net.internet"
	case "country":
		g.Country, g.Role = k.Value, "net.country"
	case "asn":
		g.Label, g.Country, g.Role = "AS"+k.Value, k.Scope, "net.asn"
		g.ASN, _ = strconv.ParseInt(k.Value, 10, 64) // ParseKey and the engine read it
	case "net":
		g.Country, g.Role = k.Scope, "net.internet"
		g.ASN, _ = strconv.ParseInt(k.Network, 10, 64) // "" is 0: not known
	case "scanners":
		g.Label, g.Role = "Scanners", "net.scanner"
	case "provider":
		g.Provider = k.Value
	case "host":
		g.Addresses, g.Endpoints, g.Network = []string{k.Value}, 1, k.Network
	case "network":
		g.Provider, g.Network = k.Scope, k.Value
		g.Label = k.Value[strings.LastIndexByte(k.Value, '/')+1:] // without whose it is
	case "subnet":
		g.Provider, g.Network, g.Subnet = k.Scope, k.Network, k.Value
	case "account":
		g.Provider, g.Account = k.Scope, k.Value
	case "region":
		g.Provider, g.Region = k.Scope, k.Value
	case "service":
		g.Provider, g.Network = k.Scope, k.Network
	}
	if g.Label == "" {
		g.Label = "no " + k.Level
	}
	return g
}

// share puts in what all members share, in the order of described.
func (g *Group) share(values []string) {
	of := func(column string) string { return values[slices.Index(described, column)] }
	g.Role = cmp.Or(g.Role, of("role"))
	g.Provider, g.Account, g.Region = cmp.Or(g.Provider, of("provider")), cmp.Or(g.Account, of("account")), cmp.Or(g.Region, of("region"))
	g.service = of("service")
	g.Network, g.Subnet, g.Country = cmp.Or(g.Network, of("network")), cmp.Or(g.Subnet, of("subnet")), cmp.Or(g.Country, of("country"))
	if g.Key.Level == "host" {
		g.Key.Kind = of("kind") // an address does not say whose it is
		g.Label = cmp.Or(of("name"), g.Label)
	}
	g.Owner, g.NamedBy = of("owner"), of("named_by")
	g.tags = periplus.ParseTags(of("tags"))
}

// boxes are what groups lie in where a level is shown; a group that is
// expanded is a box too.
var boxes = map[string][]string{"service": {"subnet", "network"}, "host": {"subnet", "network"}, "subnet": {"network"},
	"network": {"account"}, "region": {"account"}, "account": {"provider"}}

// parent is the nearest box that a group lies in, "" for none.
func (a Ask) parent(g *Group) string {
	if list := a.boxesOf(g); len(list) > 0 {
		return list[0].ID()
	}
	return ""
}

// boxesOf are all boxes that a group lies in, as far as it can tell, the
// nearest first.
func (a Ask) boxesOf(g *Group) []Key {
	return slices.DeleteFunc(a.around(g), func(k Key) bool {
		return !slices.Contains(a.Expand, k.ID()) && (k.Value == "" || !slices.Contains(boxes[a.Level], k.Level))
	})
}

// around is what a group lies in by its nature, the nearest first.
func (a Ask) around(g *Group) []Key {
	k := g.Key
	if k.Kind == "" && k.Network == "" { // of no endpoint
		return []Key{internet}
	}
	if k.Kind == "public" || k.Kind == "special" {
		return a.aroundFar(g)
	}
	var list []Key
	narrower := true
	for _, level := range slices.Backward(Levels) {
		if !narrower {
			of := Key{Level: level, Kind: "own", Scope: g.Provider}
			switch level {
			case "service":
				of.Network, of.Value = g.Network, g.service
			case "subnet":
				of.Network, of.Value = g.Network, g.Subnet
			case "network":
				of.Value = g.Network
			case "account":
				of.Value = g.Account
			case "region":
				of.Value = g.Region
			case "provider":
				of.Scope, of.Value = "", g.Provider
			}
			list = append(list, of)
		}
		narrower = narrower && level != k.Level
	}
	return list
}

// aroundFar is the same for what is not the user's.
func (a Ask) aroundFar(g *Group) []Key {
	k := g.Key
	if k.Level != "asn" && k.Level != "net" && k.Level != "host" {
		return nil
	}
	country, asn := g.Country, ""
	if g.ASN > 0 {
		asn = strconv.FormatInt(g.ASN, 10)
	}
	if k.Level == "host" {
		switch {
		case k.Kind == "special":
			return []Key{{Level: "special", Kind: "special", Value: g.service}}
		case g.service == "" || g.service == "internet":
			country = ""
		case g.service != country:
			return []Key{{Level: "service", Kind: "public", Scope: g.Provider, Value: g.service}}
		}
		if slices.Contains(a.scanners.Args, any(k.Value)) {
			return []Key{scannersKey}
		}
	}
	list := []Key{internet}
	if country != "" {
		list[0] = Key{Level: "country", Kind: "public", Value: country}
	}
	if asn != "" && (k.Level == "host" || k.Level == "net") {
		list = append(list, Key{Level: "asn", Kind: "public", Scope: country, Value: asn})
	}
	if address, err := netip.ParseAddr(k.Value); k.Level == "host" && err == nil {
		list = append(list, Key{Level: "net", Kind: "public", Scope: country, Network: asn, Value: block(address).String()})
	}
	slices.Reverse(list)
	return slices.DeleteFunc(list, func(of Key) bool { return of == k })
}

// above is the id of the group at level service that an address belongs to,
// "" where it stands for itself there.
func (a Ask) above(g *Group) string {
	for _, k := range a.around(g) {
		wide := k.Level == "service" || k.Level == "country" || k == scannersKey
		if wide && (k.Value != "" || k == scannersKey) && k.Value != g.Key.Value {
			return k.ID()
		}
	}
	return ""
}
