package query

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// In SQL a key is one text, its parts between bars: level|kind|scope|network|value.

// internet is the key of every public address that nothing else groups, and
// of an address that has no endpoint.
var internet = Key{Level: "internet", Kind: "public"}

// scannersKey is the key of strangers who try many doors and find them shut.
var scannersKey = Key{Level: "scanners", Kind: "public"}

var barEscape, barUnescape = strings.NewReplacer("%", "%25", "|", "%7C"), strings.NewReplacer("%25", "%", "%7C", "|")

// sqlText is the key as statements have it.
func (k Key) sqlText() string {
	e := barEscape.Replace
	if p, err := netip.ParsePrefix(k.Value); k.Level == "net" && err == nil {
		return k.Level + "|" + k.Kind + "|" + e(k.Scope) + "|" + k.Network + "|" + hexOfBlock(p)
	}
	return k.Level + "|" + k.Kind + "|" + e(k.Scope) + "|" + e(k.Network) + "|" + e(k.Value)
}

func keyOfSQL(s string) (Key, error) {
	p := strings.Split(s, "|")
	if len(p) != 5 {
		return Key{}, fmt.Errorf("%q is no key", s)
	}
	d := barUnescape.Replace
	if p[0] == "net" {
		prefix, err := blockOfHex(p[4])
		return Key{Level: "net", Kind: p[1], Scope: d(p[2]), Network: p[3], Value: prefix.String()}, err
	}
	return Key{Level: p[0], Kind: p[1], Scope: d(p[2]), Network: d(p[3]), Value: d(p[4])}, nil
}

// bar is a column's part of a key.
func bar(column string) string {
	return "replace(replace(" + column + ", '%', '%25'), '|', '%7C')"
}

// ofNobody is the condition on endpoints AS e that they lie in the internet,
// in no country that anybody named; stranger, in any.
const (
	ofNobody = "e.kind = 'public' AND e.service IN ('', 'internet')"
	stranger = "e.kind = 'public' AND (e.service IN ('', 'internet') OR e.service = e.country)"
)

// hostKey is the key of an endpoint AS e by itself.
var hostKey = "'host|||' || " + bar("e.network") + " || '|' || e.address"

// The keys of a stranger AS e, the widest first.
var (
	countryOf = "CASE WHEN e.service IN ('', 'internet') THEN '' ELSE " + bar("e.country") + " END"
	rootKey   = "CASE WHEN e.service IN ('', 'internet') THEN '" + internet.sqlText() + "' ELSE 'country|public|||' || " + bar("e.country") + " END"
	asnKey    = "CASE WHEN e.asn > 0 THEN 'asn|public|' || " + countryOf + " || '||' || CAST(e.asn AS varchar) ELSE '' END"
	netKey    = "'net|public|' || " + countryOf + " || '|' || CASE WHEN e.asn > 0 THEN CAST(e.asn AS varchar) ELSE '' END || '|' || " + blockOf
)

// blockOf is the first bytes of an address in hexadecimal: 15 of IPv4 as it
// lies in IPv6, 6 of IPv6.
const blockOf = "CASE WHEN substr(to_hex(e.ip), 1, 24) = '" + mapped4 + "' THEN substr(to_hex(e.ip), 1, 30) ELSE substr(to_hex(e.ip), 1, 12) END"

const mapped4 = "00000000000000000000FFFF"

// hexOfBlock is a prefix as blockOf writes it.
func hexOfBlock(p netip.Prefix) string {
	a := p.Addr().As16()
	n := 6
	if p.Addr().Is4() {
		n = 15
	}
	return fmt.Sprintf("%X", a[:n])
}

// blockOfHex is its inverse.
func blockOfHex(s string) (netip.Prefix, error) {
	b, err := hex.DecodeString(s)
	var a [16]byte
	if copy(a[:], b); err != nil || len(b) != 15 && len(b) != 6 {
		return netip.Prefix{}, fmt.Errorf("%q is no part of an address", s)
	}
	return block(netip.AddrFrom16(a).Unmap()), nil
}

// keySQL is the key of an endpoint AS e at a level. public is false where
// public and special addresses stand for themselves. At the host level the
// clouds' services and the internet stay groups: they are not the user's, and
// may have any number of addresses.
func keySQL(level string, public bool) string {
	own := ""
	switch level {
	case "host":
		own = hostKey
	case "provider":
		own = "'provider|own|||' || " + bar("e.provider")
	case "subnet":
		own = "'subnet|own|' || " + bar("e.provider") + " || '|' || " + bar("e.network") + " || '|' || " + bar("e.subnet")
	case "service":
		own = "CASE WHEN e.service = '' THEN " + hostKey + " ELSE 'service|own|' || " + bar("e.provider") + " || '|' || " + bar("e.network") + " || '|' || " + bar("e.service") + " END"
	default: // account, region, network
		own = "'" + level + "|own|' || " + bar("e.provider") + " || '||' || " + bar("e."+level)
	}
	if !public {
		return "CASE WHEN e.kind = 'own' THEN " + own + " ELSE " + hostKey + " END"
	}
	named := ""
	if level == "host" {
		named = " WHEN e.kind = 'special' OR e.provider = '' AND NOT (" + stranger + ") THEN " + hostKey
	}
	return "CASE WHEN e.kind = 'own' THEN " + own + named +
		" WHEN e.kind = 'special' THEN 'special|special|||' || " + bar("e.service") +
		" WHEN " + stranger + " THEN " + rootKey +
		" ELSE 'service|public|' || " + bar("e.provider") + " || '||' || " + bar("e.service") + " END"
}

// grouping says how ends become groups.
type grouping struct {
	level    string
	expanded []string // keys as SQL has them
	missing  string   // key of an address t.client or t.server without endpoint, %s for the column
	scanners Where    // addresses, in brackets; "" for none
}

func groupingOf(a Ask) (grouping, error) {
	g := grouping{level: a.Level, missing: "'" + internet.sqlText() + "'", scanners: a.scanners}
	if len(a.Expand) > maxValues {
		return g, mistake("more than %d groups expanded: close some or ask for the next level", maxValues)
	}
	for _, id := range a.Expand {
		k, err := ParseKey(id)
		if err != nil {
			return g, err
		}
		g.expanded = append(g.expanded, k.sqlText())
	}
	if g.open(internet) {
		g.missing = "'host|||' || " + bar("%[1]s_network") + " || '|' || %[1]s"
	}
	return g, nil
}

func (g grouping) open(k Key) bool { return slices.Contains(g.expanded, k.sqlText()) }

// hosts reports whether every own end stands for itself, so that its name is
// not needed to count.
func (g grouping) hosts() bool { return g.level == "host" }

// with is the WITH that column and join need: names, rows of (address, network,
// valid_from, valid_to, key), the group of every endpoint. What would be
// `missing` anyway is left out, and so are hosts that need no name.
func (g grouping) with() Where {
	if len(g.expanded) == 0 {
		return build("names AS (", joined("\nUNION ALL ", g.near(), g.shut()), "), ")
	}
	return build("far AS (", g.far(), "),\nnames AS (", joined("\nUNION ALL ", g.near(), g.shut(), g.opened()), "), ")
}

const nameColumns = "address, network, valid_from, valid_to, "

// scanning is the condition that an endpoint AS e is a scanner.
func (g grouping) scanning() Where {
	if g.scanners.SQL == "" {
		return Where{}
	}
	return build("(", stranger, " AND e.address IN ", g.scanners, ")")
}

func (g grouping) notScanning() Where {
	if s := g.scanning(); s.SQL != "" {
		return build("NOT ", s)
	}
	return Where{}
}

// near is the names of who is no stranger. A group that is expanded gives way
// to its members' groups at the next level.
func (g grouping) near() Where {
	levels := g.levels()
	if len(g.expanded) == 0 {
		levels = levels[:1]
	}
	var inner strings.Builder
	for i, level := range levels {
		fmt.Fprintf(&inner, ", %s AS k%d", keySQL(level, i == 0), i)
	}
	where := "NOT (" + stranger + ")"
	if g.hosts() {
		where += " AND e.network = ''"
		if len(g.expanded) > 0 {
			inner.WriteString(", " + hostKey + " AS k1")
			levels = append(levels, "host")
		}
	}
	from := " FROM (SELECT e.address, e.network, e.valid_from, e.valid_to" + inner.String() + " FROM endpoints AS e WHERE " + where + ") AS k"
	var branches, before []Where
	for i := range levels {
		k := fmt.Sprintf("k%d", i)
		conditions := before
		if i < len(levels)-1 {
			conditions = append(slices.Clone(before), build(k, " NOT IN ", list(g.expanded)))
		}
		branches = append(branches, build("SELECT ", nameColumns, k, " AS key", from, whereAll(conditions...)))
		before = append(before, build(k, " IN ", list(g.expanded)))
	}
	return joined(" UNION ALL ", branches...)
}

// levels are what a group opens to, one after the other. An account opens to
// its networks: a region is of many accounts, and its key would not say which
// part of it is meant.
func (g grouping) levels() []string {
	levels := slices.Clone(Levels[slices.Index(Levels, g.level):])
	return slices.DeleteFunc(levels, func(s string) bool { return s == "region" && g.level != "region" })
}

// far is the strangers of what is opened, with their keys: k0 the widest, k1
// their system, ” where nobody knows, k2 their prefix, k3 themselves.
func (g grouping) far() Where {
	w := build("SELECT e.address, e.network, e.valid_from, e.valid_to, ", rootKey, " AS k0, ", asnKey, " AS k1, ", netKey, " AS k2, ", hostKey, " AS k3 FROM endpoints AS e",
		whereAll(build(stranger), g.notScanning(), build(rootKey, " IN ", list(g.expanded))))
	if s := g.scanning(); s.SQL != "" && g.open(scannersKey) {
		w = build(w, " UNION ALL SELECT e.address, e.network, e.valid_from, e.valid_to, '', '', '', ", hostKey, " FROM endpoints AS e WHERE ", s)
	}
	return w
}

// opened is the names of strangers where something is expanded. A step that
// would show a single child is skipped: a country with one system opens to its
// prefixes, a prefix of which one address was seen is that address.
func (g grouping) opened() Where {
	shut := func(k string) Where { return build(k, " NOT IN ", list(g.expanded)) }
	system := build("(k1 <> '' AND k0 NOT IN (SELECT k0 FROM far GROUP BY k0 HAVING count(DISTINCT k1) = 1) AND ", shut("k1"), ")")
	prefix := build("(k2 <> '' AND ", shut("k2"), " AND k2 NOT IN (SELECT k2 FROM far GROUP BY k2 HAVING count(DISTINCT address) = 1)",
		" AND k2 NOT IN (SELECT min(k2) FROM far GROUP BY k0, k1 HAVING count(DISTINCT k2) = 1))")
	part := func(key string, where ...Where) Where {
		return build("SELECT ", nameColumns, key, " AS key FROM far", whereAll(where...))
	}
	not := func(w Where) Where { return build("NOT ", w) }
	return joined(" UNION ALL ", part("k1", system), part("k2", not(system), prefix), part("k3", not(system), not(prefix)))
}

// shut is the names of strangers that are not opened.
func (g grouping) shut() Where {
	const columns = "SELECT e.address, e.network, e.valid_from, e.valid_to, "
	where := []Where{build(stranger + " AND NOT (" + ofNobody + ")"), g.notScanning()}
	if len(g.expanded) > 0 {
		where = append(where, build(rootKey, " NOT IN ", list(g.expanded)))
	}
	w := build(columns, rootKey, " AS key FROM endpoints AS e", whereAll(where...))
	if s := g.scanning(); s.SQL != "" && !g.open(scannersKey) {
		w = build(w, " UNION ALL ", columns, "'", scannersKey.sqlText(), "' AS key FROM endpoints AS e WHERE ", s)
	}
	return w
}

// joinNames brings names to one end of rows of traffic AS t, as c or s.
func joinNames(end side) string {
	as := string(end[:1])
	return fmt.Sprintf(" LEFT JOIN names AS %[1]s ON %[1]s.address = t.%[2]s AND %[1]s.network = t.%[2]s_network AND %[1]s.valid_from <= t.bucket AND t.bucket < %[1]s.valid_to", as, end)
}

// column is the group of one end of rows of traffic AS t.
func (g grouping) column(end side) string {
	if g.hosts() {
		return keyOfEnd(g.endColumns(end))
	}
	return g.named(end)
}

// named is the group that names and missing say.
func (g grouping) named(end side) string {
	return "coalesce(" + string(end[:1]) + ".key, " + strings.ReplaceAll(g.missing, "%[1]s", "t."+string(end)) + ")"
}

// joins brings both ends' names.
func (g grouping) joins() string { return joinNames(client) + joinNames(server) }

// at is the condition that an end of rows of traffic lies in a group.
func (k Key) at(end side) func(*sqlFor) Where {
	return func(q *sqlFor) Where {
		address := "t." + string(end)
		if q.flows {
			return k.atFlow(q, address)
		}
		if k.Level == "host" {
			return build("(", address, " = ", arg(k.Value), " AND ", address, "_network = ", arg(k.Network), ")")
		}
		if k == internet {
			return build("NOT (", q.joined(end, build("NOT (", k.members(q.scanners), ")")), ")")
		}
		return q.joined(end, k.members(q.scanners))
	}
}

// atFlow is the same over rows of flows.
func (k Key) atFlow(q *sqlFor, address string) Where {
	switch {
	case k.Level == "host":
		return build("(", address, " = ", arg(k.Value), " AND ", endpointOfFlow(address, k.members(Where{})), ")")
	case k == internet:
		return build("NOT ", endpointOfFlow(address, build("NOT (", k.members(q.scanners), ")")))
	}
	return endpointOfFlow(address, k.members(q.scanners))
}

// notAt is its negation.
func (k Key) notAt(end side) func(*sqlFor) Where {
	return func(q *sqlFor) Where { return build("NOT (", k.at(end)(q), ")") }
}

// members is the condition on endpoints AS e that they lie in a group. of are
// the scanners, in brackets.
func (k Key) members(of Where) Where {
	is := func(column, v string) Where { return build("e.", column, " = ", arg(v)) }
	all := func(conditions ...Where) Where { return joined(" AND ", conditions...) }
	own := is("kind", "own")
	others := grouping{scanners: of}.notScanning()
	switch k.Level {
	case "host":
		return all(is("address", k.Value), is("network", k.Network))
	case "internet":
		return all(build(ofNobody), others)
	case "country":
		return all(build(stranger), is("country", k.Value), is("service", k.Value), others)
	case "asn", "net":
		return all(k.strangers(), others)
	case "scanners":
		if of.SQL == "" {
			return build("e.address = ''") // there are none
		}
		return grouping{scanners: of}.scanning()
	case "special":
		return all(is("kind", "special"), is("service", k.Value))
	case "provider":
		return all(own, is("provider", k.Value))
	case "subnet":
		return all(own, is("provider", k.Scope), is("network", k.Network), is("subnet", k.Value))
	case "service":
		if k.Kind == "public" {
			return all(is("kind", "public"), is("provider", k.Scope), is("service", k.Value), build("e.service <> e.country"))
		}
		return all(own, is("provider", k.Scope), is("network", k.Network), is("service", k.Value))
	}
	return all(own, is("provider", k.Scope), is(k.Level, k.Value)) // account, region, network
}

// strangers is the condition on endpoints AS e that they lie in a system or a
// prefix.
func (k Key) strangers() Where {
	where := []Where{build(stranger)}
	if k.Scope == "" {
		where = append(where, build("e.service IN ('', 'internet')"))
	} else {
		where = append(where, build("e.service = ", arg(k.Scope)), build("e.country = ", arg(k.Scope)))
	}
	number := func(s string) Where {
		n, _ := strconv.ParseInt(s, 10, 64) // "" is 0: not known
		return build("coalesce(e.asn, 0) = ", arg(n))
	}
	if k.Level == "asn" {
		return joined(" AND ", append(where, number(k.Value))...)
	}
	first, last := bounds(netip.MustParsePrefix(k.Value)) // ParseKey and keyOfSQL read it
	return joined(" AND ", append(where, number(k.Network), build("e.ip BETWEEN ", arg(first), " AND ", arg(last)))...)
}
