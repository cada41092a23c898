package query

import (
	"fmt"
	"slices"
	"strings"
)

// In SQL a key is one text, its parts between bars: level|kind|scope|network|value.

// internet is the key of every public address that nothing else groups, and
// of an address that has no endpoint.
var internet = Key{Level: "internet", Kind: "public"}

var barEscape, barUnescape = strings.NewReplacer("%", "%25", "|", "%7C"), strings.NewReplacer("%25", "%", "%7C", "|")

// sqlText is the key as statements have it.
func (k Key) sqlText() string {
	e := barEscape.Replace
	return k.Level + "|" + k.Kind + "|" + e(k.Scope) + "|" + e(k.Network) + "|" + e(k.Value)
}

func keyOfSQL(s string) (Key, error) {
	p := strings.Split(s, "|")
	if len(p) != 5 {
		return Key{}, fmt.Errorf("%q is no key", s)
	}
	d := barUnescape.Replace
	return Key{Level: p[0], Kind: p[1], Scope: d(p[2]), Network: d(p[3]), Value: d(p[4])}, nil
}

// bar is a column's part of a key.
func bar(column string) string {
	return "replace(replace(" + column + ", '%', '%25'), '|', '%7C')"
}

// ofNobody is the condition on endpoints AS e that they lie in the internet.
const ofNobody = "e.kind = 'public' AND e.service IN ('', 'internet')"

// keySQL is the key of an endpoint AS e at a level. public is false where
// public and special addresses stand for themselves.
func keySQL(level string, public bool) string {
	host := "'host|||' || " + bar("e.network") + " || '|' || e.address"
	own := ""
	switch level {
	case "host":
		return host
	case "provider":
		own = "'provider|own|||' || " + bar("e.provider")
	case "subnet":
		own = "'subnet|own|' || " + bar("e.provider") + " || '|' || " + bar("e.network") + " || '|' || " + bar("e.subnet")
	case "service":
		own = "CASE WHEN e.service = '' THEN " + host + " ELSE 'service|own|' || " + bar("e.provider") + " || '|' || " + bar("e.network") + " || '|' || " + bar("e.service") + " END"
	default: // account, region, network
		own = "'" + level + "|own|' || " + bar("e.provider") + " || '||' || " + bar("e."+level)
	}
	if !public {
		return "CASE WHEN e.kind = 'own' THEN " + own + " ELSE " + host + " END"
	}
	return "CASE WHEN e.kind = 'own' THEN " + own +
		" WHEN e.kind = 'special' THEN 'special|special|||' || " + bar("e.service") +
		" WHEN " + ofNobody + " THEN '" + internet.sqlText() + "'" +
		" WHEN e.service = e.country THEN 'country|public|||' || " + bar("e.country") +
		" ELSE 'service|public|' || " + bar("e.provider") + " || '||' || " + bar("e.service") + " END"
}

// grouping says how ends become groups.
type grouping struct {
	level    string
	expanded []string // keys as SQL has them
	missing  string   // key of an address t.client or t.server without endpoint, %s for the column
}

func groupingOf(a Ask) (grouping, error) {
	g := grouping{level: a.Level, missing: "'" + internet.sqlText() + "'"}
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

// hosts reports whether every end stands for itself, so that no name is needed
// to count.
func (g grouping) hosts() bool { return g.level == "host" }

// names is the select of (address, network, valid_from, valid_to, key): the
// group of every endpoint. A group that is expanded gives way to its members'
// groups at the next level. What would be `missing` anyway is left out.
func (g grouping) names() Where {
	const columns = "address, network, valid_from, valid_to, "
	rest := " WHERE NOT (" + ofNobody + ")"
	if g.open(internet) {
		rest = ""
	}
	if len(g.expanded) == 0 {
		return build("SELECT e.address, e.network, e.valid_from, e.valid_to, ", keySQL(g.level, true), " AS key FROM endpoints AS e", rest)
	}
	levels := Levels[slices.Index(Levels, g.level):]
	var inner strings.Builder
	for i, level := range levels {
		fmt.Fprintf(&inner, ", %s AS k%d", keySQL(level, i == 0), i)
	}
	from := " FROM (SELECT e.address, e.network, e.valid_from, e.valid_to" + inner.String() + " FROM endpoints AS e" + rest + ") AS k"
	var branches, before []Where
	for i := range levels {
		k := fmt.Sprintf("k%d", i)
		conditions := before
		if i < len(levels)-1 {
			conditions = append(slices.Clone(before), build(k, " NOT IN ", list(g.expanded)))
		}
		branches = append(branches, build("SELECT ", columns, k, " AS key", from, whereAll(conditions...)))
		before = append(before, build(k, " IN ", list(g.expanded)))
	}
	return joined(" UNION ALL ", branches...)
}

// joinNames brings names to one end of rows of traffic AS t, as c or s.
func joinNames(end side) string {
	as := string(end[:1])
	return fmt.Sprintf(" LEFT JOIN names AS %[1]s ON %[1]s.address = t.%[2]s AND %[1]s.network = t.%[2]s_network AND %[1]s.valid_from <= t.bucket AND t.bucket < %[1]s.valid_to", as, end)
}

// column is the group of one end of rows of traffic AS t.
func (g grouping) column(end side) string {
	if g.hosts() {
		return "'host|||' || " + bar("t."+string(end)+"_network") + " || '|' || t." + string(end)
	}
	missing := g.missing
	if strings.Contains(missing, "%[1]s") {
		missing = strings.ReplaceAll(missing, "%[1]s", "t."+string(end))
	}
	return "coalesce(" + string(end[:1]) + ".key, " + missing + ")"
}

// with is the WITH that column and join need, "" for none.
func (g grouping) with() Where {
	if g.hosts() {
		return Where{}
	}
	return build("names AS (", g.names(), "), ")
}

// joins brings both ends' names.
func (g grouping) joins() string {
	if g.hosts() {
		return ""
	}
	return joinNames(client) + joinNames(server)
}

// at is the condition that an end of rows of traffic lies in a group.
func (k Key) at(end side) func(*sqlFor) Where {
	return func(q *sqlFor) Where {
		address := "t." + string(end)
		if q.flows {
			return k.atFlow(address)
		}
		if k.Level == "host" {
			return build("(", address, " = ", arg(k.Value), " AND ", address, "_network = ", arg(k.Network), ")")
		}
		if k == internet {
			return build("NOT (", q.joined(end, build("NOT (", ofNobody, ")")), ")")
		}
		return q.joined(end, k.members())
	}
}

// atFlow is the same over rows of flows.
func (k Key) atFlow(address string) Where {
	switch {
	case k.Level == "host":
		return build("(", address, " = ", arg(k.Value), " AND ", endpointOfFlow(address, k.members()), ")")
	case k == internet:
		return build("NOT ", endpointOfFlow(address, build("NOT (", ofNobody, ")")))
	}
	return endpointOfFlow(address, k.members())
}

// notAt is its negation.
func (k Key) notAt(end side) func(*sqlFor) Where {
	return func(q *sqlFor) Where { return build("NOT (", k.at(end)(q), ")") }
}

// members is the condition on endpoints AS e that they lie in a group.
func (k Key) members() Where {
	is := func(column, v string) Where { return build("e.", column, " = ", arg(v)) }
	all := func(conditions ...Where) Where { return joined(" AND ", conditions...) }
	own := is("kind", "own")
	switch k.Level {
	case "host":
		return all(is("address", k.Value), is("network", k.Network))
	case "internet":
		return build(ofNobody)
	case "country":
		return all(is("kind", "public"), build("e.service = e.country"), is("country", k.Value))
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
