package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/periplus/periplus/periplus"
)

// parent is the id of the group that a key lies in by its own nature.
func (k Key) parent() string {
	if k.Level == "subnet" && k.Network != "" {
		return Key{Level: "network", Kind: "own", Scope: k.Scope, Value: k.Network}.ID()
	}
	return ""
}

// described are the columns of endpoints that a group tells where its members
// share them.
var described = []string{"name", "service", "role", "provider", "account", "region", "network", "subnet", "country", "kind", "tags"}

// describe says what is known of groups: who lies in them in a range, and what
// all of them share.
func (q *Questions) describe(ctx context.Context, r Range, keys []Key) (map[Key]Group, error) {
	groups := map[Key]Group{}
	for _, k := range keys {
		groups[k] = k.group()
	}
	if len(keys) == 0 {
		return groups, nil
	}
	s := statement(describeSQL(r, keys), []Span{{Table: "endpoints"}})
	err := q.ask(ctx, s, func(row *reader) {
		k, err := keyOfSQL(row.text())
		if err != nil {
			row.fail(err.Error())
			return
		}
		g := k.group()
		g.Endpoints = row.int()
		g.Addresses = []string{row.text()}
		shared := make([]string, len(described))
		for i := range described {
			if low, high := row.text(), row.text(); low == high {
				shared[i] = low
			}
		}
		if g.Endpoints != 1 {
			g.Addresses = nil
		}
		g.share(shared)
		groups[k] = g
	})
	return groups, err
}

// describeSQL is one select for each level that the keys are of. Endpoints are
// those at the end of the range. Of the internet only these are counted: there
// may be a million, and they share nothing.
func describeSQL(r Range, keys []Key) Where {
	texts, values := map[string][]string{}, map[string][]string{}
	for _, k := range keys {
		level, v := k.Level, k.Value
		if level == "country" || level == "special" {
			level = "service"
		}
		texts[level], values[level] = append(texts[level], k.sqlText()), append(values[level], v)
	}
	number := fmt.Sprintf("CAST(sum(CASE WHEN e.valid_to > from_unixtime(%d) THEN 1 ELSE 0 END) AS bigint) AS endpoints", r.To.Unix()-1)
	columns, nothing := "", ""
	for _, c := range described {
		columns += ", min(e." + c + ") AS " + c + ", max(e." + c + ") AS " + c + "_too"
		nothing += ", '' AS " + c + ", '' AS " + c + "_too"
	}
	valid := build("e.valid_from < ", arg(r.To), " AND e.valid_to > ", arg(r.From))
	var selects []Where
	if len(texts["internet"]) > 0 {
		selects = append(selects, build("SELECT '", internet.sqlText(), "' AS key, ", number, ", '' AS address", nothing, " FROM endpoints AS e WHERE ", valid, " AND ", ofNobody))
	}
	for _, level := range Levels {
		if len(texts[level]) == 0 {
			continue
		}
		column := map[string]string{"host": "address"}[level]
		if column == "" {
			column = level
		}
		selects = append(selects, build("SELECT e.key, ", number, ", min(e.address) AS address", columns, " FROM (SELECT e.*, ", keySQL(level, true),
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
	g := Group{ID: k.ID(), Key: k, Label: k.Value, Parent: k.parent(), Expandable: k.Level != "host"}
	switch k.Level {
	case "internet":
		g.Label, g.Role = "Internet", "net.internet"
	case "country":
		g.Country, g.Role = k.Value, "net.country"
	case "provider":
		g.Provider = k.Value
	case "host":
		g.Addresses, g.Endpoints, g.Network = []string{k.Value}, 1, k.Network
	case "network":
		g.Provider, g.Network = k.Scope, k.Value
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
	if (g.Key.Level == "host" || g.Key.Level == "service") && of("kind") == "own" {
		scope := g.Provider
		switch {
		case g.Network == "":
		case g.Subnet != "":
			g.Parent = Key{Level: "subnet", Kind: "own", Scope: scope, Network: g.Network, Value: g.Subnet}.ID()
		default:
			g.Parent = Key{Level: "network", Kind: "own", Scope: scope, Value: g.Network}.ID()
		}
	}
	g.tags = periplus.ParseTags(of("tags"))
}

// serviceKey is the service that an address of the user's belongs to.
func (g *Group) serviceKey() Key {
	return Key{Level: "service", Kind: "own", Scope: g.Provider, Network: g.Network, Value: g.service}
}
