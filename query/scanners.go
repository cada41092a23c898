package query

import "context"

// A stranger is a scanner where the rows of the range show one: it tried at
// least scanTargets doors (an address and a port), and at least nine of ten
// never let it through. The filter does not change who that is.
const (
	scanTargets  = 16
	mostScanners = 1000 // who tried most; the rest stay with their countries
)

// scannersSQL selects the addresses of scanners.
func scannersSQL(r Range) Where {
	return build("SELECT c.client FROM (SELECT d.client, count(*) AS doors FROM (SELECT t.client, t.server, t.server_network, coalesce(t.server_port, -1) AS port, t.protocol,",
		" min(CASE WHEN t.verdict IN ('denied', 'dropped') THEN 1 ELSE 0 END) AS shut FROM ", r.traffic(), " AS t WHERE t.client_network = '' AND t.client IN (",
		// most are ruled out by the few rows that were stopped
		"SELECT s.client FROM ", r.traffic(), " AS s WHERE s.client_network = '' AND s.verdict IN ('denied', 'dropped') GROUP BY s.client HAVING 10 * count(*) >= 9 * ", scanTargets, ") GROUP BY 1, 2, 3, 4, 5) AS d",
		" GROUP BY d.client HAVING count(*) >= ", scanTargets, " AND 10 * sum(d.shut) >= 9 * count(*)) AS c",
		" WHERE c.client IN (SELECT e.address FROM endpoints AS e WHERE e.network = '' AND "+stranger+") ORDER BY doors DESC, client LIMIT ", mostScanners)
}

// scanners finds who scans in the range of an ask.
func (q *Questions) scanners(ctx context.Context, a Ask) (Where, error) {
	var found []string
	r := a.cover()
	err := q.ask(ctx, statement(scannersSQL(r), r.spans()), func(row *reader) { found = append(found, row.text()) })
	if err != nil || len(found) == 0 {
		return Where{}, err
	}
	return list(found), nil
}

// ofStrangers reports whether a filter asks for a group of the internet, which
// depends on who scans.
func (f *Filter) ofStrangers() bool {
	if f.Empty() {
		return false
	}
	found := false
	walk(f.root, func(c *condition) {
		for _, v := range c.values {
			found = found || c.field.typ == typeNode && v.node.strange()
		}
	})
	return found
}

// strange reports whether a key is of strangers.
func (k Key) strange() bool {
	switch k.Level {
	case "internet", "country", "asn", "net", "scanners":
		return true
	}
	return false
}
