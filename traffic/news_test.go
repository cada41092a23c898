package traffic

import (
	"fmt"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
)

// What a second delivery says of hour 6 makes those earlier hours stale that it
// changes, and no other: hours 0 and 3 are of the same two hosts, hour 2 is of
// others.
func TestNews(t *testing.T) {
	day := hour.AddDate(-1, 0, 0).Truncate(24 * time.Hour)
	at := func(h int) int64 { return day.Add(time.Duration(h)*time.Hour + 30*time.Minute).Unix() }
	line := func(h, host, network int, src string, sport int, dst string, dport int, flags int, action string) string {
		return fmt.Sprintf("1 eni-%d-%d vpc-%d r %s %s %d %d 6 3 180 %d %d %s %d OK\n", network, host, network, src, dst, sport, dport, at(h), at(h)+9, action, flags)
	}
	others := func(h int) string {
		return line(h, 8, 0, "10.0.0.8", 50000, "10.0.0.9", 443, 16, "ACCEPT") + line(h, 8, 0, "10.0.0.8", 50000, "10.0.0.7", 443, 16, "ACCEPT")
	}
	const a, b = "10.0.0.1", "10.0.0.2"
	weak := func(h int) string {
		return line(h, 1, 0, a, 33000, b, 45000, 16, "ACCEPT") + line(h, 1, 0, b, 45000, a, 33000, 16, "ACCEPT")
	}
	meets := func(h, host, network int, own string) string { // two peers tell whose the interface is
		return line(h, host, network, own, 40000, "198.51.100.1", 443, 2, "ACCEPT") + line(h, host, network, own, 40000, "198.51.100.2", 443, 2, "ACCEPT")
	}
	refused := func(h int) string {
		return line(h, 1, 0, "198.51.100.5", 50000, a, 22, 2, "REJECT") + line(h, 1, 0, "198.51.100.6", 50000, a, 22, 2, "REJECT")
	}
	for _, c := range []struct{ what, first, second, stale string }{
		{"nothing", weak(0) + weak(3), others(6), "6 "},
		{"a server", weak(0) + weak(3), line(6, 1, 0, a, 50001, b, 45000, 2, "ACCEPT"), "0 3 6 "},
		{"a server that was taken to be answered", line(0, 1, 0, a, 33001, b, 45000, 16, "ACCEPT") + line(0, 1, 0, a, 33002, b, 45000, 16, "ACCEPT") +
			line(0, 1, 0, b, 45000, a, 33000, 16, "ACCEPT"), line(6, 1, 0, a, 33000, "10.0.0.9", 50000, 18, "ACCEPT"), "0 6 "},
		{"an owner", weak(0) + weak(3), meets(6, 2, 0, b), "0 3 6 "},
		{"a log that keeps what passed", refused(0) + refused(3), line(6, 1, 0, a, 40000, "198.51.100.1", 443, 2, "ACCEPT"), "0 3 6 "},
		{"a second owner, from hour 1 on", meets(0, 1, 0, a) + meets(3, 1, 0, a), meets(1, 1, 1, a) + meets(6, 1, 1, a), "1 3 6 "},
		{"a second owner, later", meets(0, 1, 0, a) + meets(3, 1, 0, a), meets(6, 1, 1, a), "6 "},
		{"lost records", weak(0) + weak(3), fmt.Sprintf("1 eni-0-1 vpc-0 r - - - - - - - %d %d - - SKIPDATA\n", at(3), at(3)+60), "3 "},
	} {
		t.Run(c.what, func(t *testing.T) {
			l, db, k := realLake(t)
			take := func(name, text string) {
				t.Helper()
				in := lake.Ingest{Lake: l, Source: delivery{"file:///" + name, scratchHeader + text}, Workers: 1}
				if s, err := in.Run(t.Context()); err != nil || len(s.Failures) > 0 {
					t.Fatal(err, s.Failures)
				}
			}
			current := func() string {
				t.Helper()
				if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
					t.Fatal(err)
				}
				return asked(t, db, stepBucket) + asked(t, db, stepHour) + asked(t, db, stepDay)
			}
			take("first", others(2)+c.first)
			current()
			take("second", c.second)
			if err := k.learn(t.Context()); err != nil {
				t.Fatal(err)
			}
			hours, err := l.Stale(t.Context(), time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			stale := ""
			for _, h := range hours {
				stale += fmt.Sprint(int(h.Sub(day).Hours()), " ")
			}
			if stale != c.stale {
				t.Errorf("stale: %s; want %s", stale, c.stale)
			}
			got := current()
			if err := l.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := current(); got != want {
				t.Errorf("got\n%s\nfrom scratch\n%s", got, want)
			}
		})
	}
}
