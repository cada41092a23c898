package query

import (
	"context"
	"sync"
)

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

// scanners finds who scans in the range of an ask. Every answer about strangers
// needs it, so it is remembered while nothing changes.
func (q *Questions) scanners(ctx context.Context, a Ask) (Where, error) {
	r := a.cover()
	s := statement(scannersSQL(r), r.spans())
	key, err := q.marked(ctx, s)
	if err != nil {
		return Where{}, err
	}
	found, ok := q.scans.get(key)
	if !ok {
		if err := q.ask(ctx, s, func(row *reader) { found = append(found, row.text()) }); err != nil {
			return Where{}, err
		}
		// Rows that came in between may be in what was found.
		if again, err := q.marked(ctx, s); err != nil {
			return Where{}, err
		} else if again == key {
			q.scans.put(key, found)
		}
	}
	if len(found) == 0 {
		return Where{}, nil
	}
	return list(found), nil
}

// marked names a statement and what the tables that it reads hold; "" where
// the engine cannot tell.
func (q *Questions) marked(ctx context.Context, s Statement) (string, error) {
	m, ok := q.Engine.(Marker)
	if !ok {
		return "", nil
	}
	mark, err := m.Mark(ctx, s.Spans)
	if err != nil {
		return "", err
	}
	return mark + " " + s.Literal(), nil
}

// keptScans is how many searches for scanners are remembered: a view asks for
// one range, and people go back to the last ones.
const keptScans = 16

// scans are the latest searches for scanners, by what they asked and of what.
// The zero value works, and several goroutines may use it at once.
type scans struct {
	mu    sync.Mutex
	found map[string][]string
	order []string // of the keys, the oldest first
}

func (s *scans) get(key string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.found[key]
	return found, ok
}

// put keeps what was found; nothing without a key.
func (s *scans) put(key string, found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.found[key]; known || key == "" {
		return
	}
	if s.found == nil {
		s.found = map[string][]string{}
	}
	if len(s.order) == keptScans {
		delete(s.found, s.order[0])
		s.order = s.order[1:]
	}
	s.found[key], s.order = found, append(s.order, key)
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
