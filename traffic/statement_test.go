package traffic

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/query"
)

// What no statement may hold: it means something else on another engine, or
// fails there.
var forbidden = map[string]*regexp.Regexp{
	"bytes in quotes":       regexp.MustCompile(`\bX'`),
	"a TIMESTAMP literal":   regexp.MustCompile(`TIMESTAMP '`),
	"::, // or ;":           regexp.MustCompile(`::|//|;`),
	"a dialect's word":      regexp.MustCompile(`(?i)\b(ILIKE|QUALIFY|ANY_VALUE|ARBITRARY|STRING_AGG|GROUP BY ALL|DISTINCT ON)\b`),
	"FILTER after a macro":  regexp.MustCompile(`\b(bitwise_or_agg|bitwise_and_agg)\([^()]*\) FILTER`),
	"an alias without AS":   regexp.MustCompile(`\) [a-z]+ (WHERE|ON|GROUP|LEFT|JOIN)\b`),
	"foreign text":          regexp.MustCompile(`10\.0\.0|2026`),
	"a window, which costs": regexp.MustCompile(`\bOVER\b`),
}

func TestStatements(t *testing.T) {
	clause := regexp.MustCompile(`\b(SELECT|FROM|WHERE|GROUP BY|HAVING|ORDER BY|ON)\b|[()?]`)
	f := func(name string, s query.Statement) {
		t.Helper()
		for what, re := range forbidden {
			if m := re.FindString(s.SQL); m != "" {
				t.Errorf("%s holds %s: %s\n%s", name, what, m, s.SQL)
			}
		}
		for _, on := range regexp.MustCompile(`\bON [^()]*`).FindAllString(s.SQL, -1) {
			if on, _, _ = strings.Cut(on, " WHERE "); strings.Contains(on, " OR ") {
				t.Errorf("%s has an OR in an ON: %s", name, on)
			}
		}
		if n := strings.Count(s.SQL, "?"); n != len(s.Args) {
			t.Errorf("%s has %d question marks for %d values", name, n, len(s.Args))
		}
		stack := []string{""}
		for _, m := range clause.FindAllString(s.SQL, -1) {
			switch top := len(stack) - 1; m {
			case "(":
				stack = append(stack, stack[top])
			case ")":
				stack = stack[:top]
			case "?":
				if stack[top] != "WHERE" {
					t.Errorf("%s has a ? in %s", name, stack[top])
				}
			default:
				stack[top] = m
			}
		}
	}
	day := part{from: hour, to: hour.Add(24 * time.Hour)}
	f("day", dayStatement(day))
	day.first, day.after = "10.0.0.9", "10.0.0.99"
	f("clients", dayStatement(day))
}
