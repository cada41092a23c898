package query

import (
	"regexp"
	"slices"
	"strings"
	"testing"

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
		CAST sum coalesce lower chr regexp_like bigint traffic flows endpoints t e o c r totals amount port step bucket LEFT JOIN ON`)...)
	return m
}()

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*|[0-9]+|'[^']*'|[^\sA-Za-z_0-9']`)

var fs = regexp.MustCompile(`^f[0-9]+$`)

// foreign is the first word of a condition that is not ours.
func foreign(sql string) string {
	for _, w := range word.FindAllString(sql, -1) {
		switch {
		case ours[w], fs.MatchString(w), strings.Contains("(),.=<>!?+-|*", w), slices.Contains([]string{`'\'`, "1", "2", "3", "4", "5", "6", "7", "10", "300", "3600", "86400", "'denied'", "'dropped'"}, w):
		default:
			return w
		}
	}
	return ""
}

// rules are what no statement may hold: it differs between engines, or fails
// on one of them.
var rules = []struct {
	what string
	re   *regexp.Regexp
}{
	{"bytes in quotes", regexp.MustCompile(`\bX'`)},
	{"a TIMESTAMP literal", regexp.MustCompile(`(?i)\bTIMESTAMP '`)},
	{"a cast by ::", regexp.MustCompile(`::`)},
	{"//", regexp.MustCompile(`//`)},
	{"a semicolon", regexp.MustCompile(`;`)},
	{"ILIKE", regexp.MustCompile(`(?i)\bILIKE\b`)},
	{"QUALIFY", regexp.MustCompile(`(?i)\bQUALIFY\b`)},
	{"DISTINCT ON", regexp.MustCompile(`(?i)\bDISTINCT ON\b`)},
	{"GROUP BY ALL", regexp.MustCompile(`(?i)\bGROUP BY ALL\b`)},
	{"LIMIT before OFFSET", regexp.MustCompile(`(?i)\bLIMIT \S+ OFFSET\b`)},
	{"FILTER after a macro", regexp.MustCompile(`(?i)\b(bitwise_or_agg|bitwise_and_agg|approx_distinct)\([^()]*\) FILTER`)},
	{"an aggregate that is not determined", regexp.MustCompile(`(?i)\b(any_value|arbitrary|string_agg|listagg|approx_percentile)\(`)},
	{"a table without AS", regexp.MustCompile(`\b(FROM|JOIN) [a-z]+ [a-z]+\b`)},
	{"a sub-select without AS", regexp.MustCompile(`\) (?:[a-z]+)\b`)},
}

// shared are the functions that mean the same on every engine, by themselves
// or by DuckDB's prelude.
var shared = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`count sum min max avg bool_or bool_and stddev stddev_pop array_agg max_by min_by
		bitwise_or_agg bitwise_and_agg row_number rank ntile lag lead first_value cast try_cast coalesce nullif
		mod floor round power ln log10 sqrt abs date_trunc extract hour from_unixtime to_unixtime date_diff day_of_week
		lower length substr strpos replace trim lpad reverse starts_with split concat_ws chr regexp_like split_part concat
		from_hex to_hex to_utf8 from_utf8 contains array_sort array_distinct sequence cardinality element_at slice array_join
		bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift unnest grouping
		in exists values over filter as on and or not where when then else by from join select sets using union all except intersect having distinct with between like`) {
		m[name] = true
	}
	return m
}()

var called = regexp.MustCompile(`(\bAS )?\b([A-Za-z_][A-Za-z_0-9]*) ?\(`)

// clauses are the words that begin a clause; `?` may stand after WHERE only.
var clauses = regexp.MustCompile(`\b(SELECT|FROM|WHERE|GROUP BY|HAVING|ORDER BY|ON|LIMIT)\b|[()?]`)

// forbidden is what a statement holds and must not, "" for nothing.
func forbidden(s Statement) string {
	sql := regexp.MustCompile(`'[^']*'`).ReplaceAllStringFunc(s.SQL, func(q string) string {
		return "'" + strings.Repeat("x", len(q)-2) + "'"
	})
	for _, r := range rules {
		if m := r.re.FindString(sql); m != "" {
			return r.what + " (" + m + ")"
		}
	}
	for _, m := range called.FindAllStringSubmatch(sql, -1) {
		if m[1] == "" && !shared[strings.ToLower(m[2])] { // behind AS: a table and its columns
			return "a function that engines do not share (" + m[2] + ")"
		}
	}
	if n := strings.Count(sql, "?"); n != len(s.Args) {
		return "another number of values than of ?"
	}
	stack := []string{""}
	for _, m := range clauses.FindAllString(sql, -1) {
		top := len(stack) - 1
		switch m {
		case "(":
			stack = append(stack, stack[top]) // brackets stand in their clause
		case ")":
			stack = stack[:top]
		case "?":
			if stack[top] != "WHERE" {
				return "? outside WHERE: " + stack[top]
			}
		default:
			stack[top] = m
		}
	}
	for on := range strings.SplitSeq(sql, " ON ") {
		if on, _, _ = strings.Cut(on, " WHERE "); len(on) < len(sql) && !strings.HasPrefix(sql, on) {
			if on, _, _ = strings.Cut(on, "JOIN"); strings.Contains(on, " OR ") {
				return "OR in an ON"
			}
		}
	}
	return ""
}

// TestForbidden: the test that reads statements finds what it is for.
func TestForbidden(t *testing.T) {
	f := func(sql string, bad bool, args ...any) {
		t.Helper()
		if got := forbidden(Statement{SQL: sql, Args: args}); (got != "") != bad {
			t.Errorf("forbidden(%s) = %q", sql, got)
		}
	}
	f("SELECT a FROM flows AS t WHERE a = ? AND b IN (SELECT c FROM endpoints WHERE d BETWEEN ? AND ?) GROUP BY a", false, 1, 2, 3)
	f("SELECT 'a::b; X''?' AS x FROM flows AS t", false)
	f("SELECT a FROM flows AS t WHERE a = ?", true)
	f("SELECT ? AS a FROM flows AS t", true, 1)
	f("SELECT a FROM flows AS t WHERE (SELECT count(*) FROM flows GROUP BY ?) > 1", true, 1)
	f("SELECT CASE WHEN a = ? THEN 1 END AS b FROM (SELECT a FROM flows WHERE c = 1) AS t", true, 1)
	f("SELECT a FROM flows AS t WHERE a = X'00'", true)
	f("SELECT a FROM flows AS t WHERE a > TIMESTAMP '2026-01-01'", true)
	f("SELECT a::bigint AS b FROM flows AS t", true)
	f("SELECT a FROM flows AS t;", true)
	f("SELECT a // 2 AS b FROM flows AS t", true)
	f("SELECT a FROM flows AS t WHERE a ILIKE 'x'", true)
	f("SELECT a FROM flows AS t GROUP BY ALL", true)
	f("SELECT a FROM flows AS t LIMIT 1 OFFSET 2", true)
	f("SELECT a FROM flows t", true)
	f("SELECT list_sort(a) AS b FROM flows AS t", true)
	f("SELECT epoch_ms(a) AS b FROM flows AS t", true)
	f("SELECT to_unixtime(a) AS b, count(*) OVER () AS n FROM (SELECT a FROM flows AS t) AS t WHERE (a IN (?) AND (b = 1))", false, 1)
	f("SELECT a FROM (SELECT a FROM flows AS t) x", true)
	f("SELECT bitwise_or_agg(a) FILTER (WHERE b) AS c FROM flows AS t", true)
	f("SELECT a FROM flows AS t LEFT JOIN endpoints AS e ON e.a = t.a OR e.b = t.b WHERE t.c = 1", true)
	f("SELECT a FROM flows AS t LEFT JOIN endpoints AS e ON e.a = t.a WHERE t.c = 1 OR t.d = 2", false)
}
