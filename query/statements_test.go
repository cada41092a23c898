package query

import (
	"regexp"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// ours are all words that a statement may hold: SQL, our tables' columns and
// the names that the builder gives.
var ours = func() map[string]bool {
	m := map[string]bool{}
	add := func(words ...string) {
		for _, w := range words {
			m[w] = true
		}
	}
	for _, f := range periplus.TrafficFields {
		add(f.Name)
	}
	for _, f := range periplus.FlowFields {
		add(f.Name)
	}
	for _, f := range periplus.EndpointFields {
		add(f.Name)
	}
	add(strings.Fields(`SELECT FROM WHERE AND OR NOT IN EXISTS AS GROUP BY UNION ALL BETWEEN LIKE ESCAPE IS NULL CASE WHEN THEN ELSE END
		CAST sum coalesce lower chr regexp_like bigint traffic flows endpoints t e o c r totals amount port step bucket`)...)
	return m
}()

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*|[0-9]+|'[^']*'|[^\sA-Za-z_0-9']`)

// foreign is the first word of a condition that is not ours.
func foreign(sql string) string {
	for _, w := range word.FindAllString(sql, -1) {
		switch {
		case ours[w], strings.Contains("(),.=<>!?+-|*", w), slices.Contains([]string{`'\'`, "1", "2", "3", "4", "5", "6", "7", "10", "300", "3600", "86400", "'denied'", "'dropped'"}, w):
		default:
			return w
		}
	}
	return ""
}
