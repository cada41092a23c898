package query

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// found is one level that a search looks at: a group is found by these columns.
var found = []struct {
	level   string
	columns []string
	own     bool
}{
	{"host", []string{"e.name", "e.address", "e.tags"}, false},
	{"service", []string{"e.service"}, false},
	{"subnet", []string{"e.subnet"}, true},
	{"network", []string{"e.network"}, true},
	{"account", []string{"e.account"}, true},
	{"region", []string{"e.region"}, true},
	{"provider", []string{"e.provider"}, true},
}

// searchSQL is a select for each level: rows of key and what was found, the
// shortest first, which is the nearest to the text.
func searchSQL(text string, n int) Where {
	pattern, inTags := "%"+escapeLike(strings.ToLower(text))+"%", "%"+escapeLike(strings.ToLower(url.QueryEscape(text)))+"%"
	var selects []Where
	for _, f := range found {
		var hits []Where
		for _, c := range f.columns {
			p := pattern
			if c == "e.tags" {
				p = inTags
			}
			hits = append(hits, build("lower(", c, ") LIKE ", arg(p), ` ESCAPE '\'`))
		}
		where := []Where{build("(", joined(" OR ", hits...), ")")}
		if f.own {
			where = append(where, build("e.kind = 'own'"))
		}
		selects = append(selects, build("SELECT * FROM (SELECT DISTINCT ", keySQL(f.level, true), " AS key, ", f.columns[0], " AS text FROM endpoints AS e", whereAll(where...),
			") AS f ORDER BY length(text), text, key LIMIT ", n))
	}
	for i, s := range selects {
		selects[i] = build("SELECT key, text FROM (", s, ") AS f", i)
	}
	return joined("\nUNION ALL ", selects...)
}

// Search finds groups by name, address, id or tag: n at most (0: 20), the best
// first.
func (q *Questions) Search(ctx context.Context, text string, n int) ([]Group, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 200 || !valid(text) {
		return nil, nil
	}
	n = limit(n, 20, 200)
	scores := map[Key]int{}
	if k, err := ParseKey(text); err == nil {
		scores[k] = 0
	}
	lower := strings.ToLower(text)
	err := q.ask(ctx, statement(searchSQL(text, n), []Span{{Table: "endpoints"}}), func(r *reader) {
		k, err := keyOfSQL(r.text())
		if err != nil {
			r.fail(err.Error())
			return
		}
		score := 4
		for _, s := range []string{strings.ToLower(r.text()), strings.ToLower(k.Value)} {
			switch {
			case s == lower:
				score = min(score, 1)
			case strings.HasPrefix(s, lower):
				score = min(score, 2)
			case strings.Contains(s, lower):
				score = min(score, 3)
			}
		}
		if old, ok := scores[k]; !ok || score < old {
			scores[k] = score
		}
	})
	if err != nil {
		return nil, err
	}
	keys := make([]Key, 0, len(scores))
	for k := range scores {
		keys = append(keys, k)
	}
	wide := func(k Key) int { return slices.Index(Levels, k.Level) }
	slices.SortFunc(keys, func(x, y Key) int {
		return cmp.Or(cmp.Compare(scores[x], scores[y]), cmp.Compare(wide(x), wide(y)), cmp.Compare(len(x.Value), len(y.Value)), strings.Compare(x.ID(), y.ID()))
	})
	keys = keys[:min(len(keys), n)]
	groups, err := q.describe(ctx, Range{From: time.Unix(0, 0).UTC(), To: periplus.Forever}, Where{}, keys)
	list := make([]Group, len(keys))
	for i, k := range keys {
		list[i] = groups[k]
	}
	return list, err
}
