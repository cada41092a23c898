package traffic

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
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
	p := part{from: hour, to: hour.Add(time.Hour)}
	all := special{addresses: []string{"10.0.0.5", "10.0.0.6"}, skipped: true, servers: []server{{"10.0.0.7", 443, 6}, {"10.0.0.8", 53, 17}}}
	f("plain", (&statement{part: p}).build())
	f("alone", (&statement{part: p, alone: true}).build())
	f("special", (&statement{part: p, special: all}).build())
	f("turned", (&statement{part: p, special: all}).turned())
	p.first, p.after = "10.0.0.9", "10.0.0.99"
	f("clients", (&statement{part: p, special: all}).build())
	f("day", dayStatement(p))
}

// A lake that knows many servers and addresses of two networks is asked all
// the same.
func TestManySpecial(t *testing.T) {
	_, k, _ := lakeOf(t, 2, 2)
	var s special
	for i := range 3000 {
		a := "10.0." + string(rune('0'+i%10)) + "." + string(rune('0'+i/10%10))
		s.addresses = append(s.addresses, a)
		s.servers = append(s.servers, server{a, int64(i), 6})
	}
	st := statement{part: part{from: hour, to: hour.Add(time.Hour)}, special: s}
	began, n := time.Now(), 0
	err := k.Engine.Query(t.Context(), st.build(), func([]string, []any) error { n++; return nil })
	if err != nil || n == 0 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

// Only where no two sources share an interface's name does it stand for them.
func TestAlone(t *testing.T) {
	f := func(want bool, coverage ...periplus.Coverage) {
		t.Helper()
		known := lake.NewFacts()
		for _, c := range coverage {
			known.AddCoverage(c)
		}
		facts := newFacts(known)
		if facts.alone != want {
			t.Errorf("%+v: alone = %v; want %v", coverage, facts.alone, want)
		}
	}
	at := func(h int, account, iface, log string) periplus.Coverage {
		return periplus.Coverage{Hour: hour.Add(time.Duration(h) * time.Hour), Provider: "aws", Account: account, Interface: iface, Log: log}
	}
	f(false)
	f(true, at(0, "1", "eni-1", "fl-1"), at(1, "1", "eni-1", "fl-1"), at(0, "1", "eni-2", "fl-1"))
	f(false, at(0, "1", "eni-1", "fl-1"), at(9, "1", "eni-1", "fl-2"), at(0, "1", "eni-2", "fl-1"))
	f(false, at(0, "1", "eni-1", "fl-1"), at(0, "2", "eni-1", "fl-1"))
}
