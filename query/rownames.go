package query

import (
	"context"
	"net/netip"
)

// Names are what addresses are called in a range, where all networks that have
// the address agree.
func (q *Questions) Names(ctx context.Context, r Range, addresses []netip.Addr) (map[netip.Addr]string, error) {
	names := map[netip.Addr]string{}
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	if len(texts) == 0 {
		return names, nil
	}
	w := build("SELECT e.address, min(e.name) AS name, max(e.name) AS other FROM endpoints AS e", whereAll(build("e.valid_from < ", arg(r.To)), build("e.valid_to > ", arg(r.From)),
		build("e.address IN ", list(unique(texts)))), " GROUP BY e.address ORDER BY e.address")
	err := q.ask(ctx, statement(w, []Span{{Table: "endpoints"}}), func(row *reader) {
		text, name, other := row.text(), row.text(), row.text()
		if a, err := netip.ParseAddr(text); err == nil && name == other && name != "" {
			names[a] = name
		}
	})
	return names, err
}
