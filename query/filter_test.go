package query

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

var now = time.Date(2026, 11, 2, 12, 34, 56, 0, time.UTC)

func TestParse(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, err := Parse(in, now)
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			return
		}
		if got.String() != want {
			t.Errorf("Parse(%q) = %q, want %q", in, got, want)
		}
		again, err := Parse(got.String(), now)
		if err != nil || again.String() != want {
			t.Errorf("Parse(%q) again = %q, %v", want, again, err)
		}
	}
	f("", "")
	f("  ", "")
	f("port = 443 and verdict = denied", "port = 443 and verdict = denied")
	f("client.ip in 10.20.0.0/16", "client.ip in (10.20.0.0/16)")
	f("client.ip in 10.20.3.4/16", "client.ip in (10.20.0.0/16)")
	f("ip = ::ffff:10.0.0.1", "ip = 10.0.0.1")
	f("ip = 2001:DB8:0::1", "ip = 2001:db8::1")
	f(`network = "prod-eu"`, "network = prod-eu")
	f("bytes > 10MB", "bytes > 10MB")
	f("bytes >= 1.5GB", "bytes >= 1500MB")
	f("bytes < 1GiB", "bytes < 1GiB")
	f("packets > 5k", "packets > 5k")
	f("records = 5000", "records = 5k")
	f("server.country != de", "server.country != DE")
	f(`name ~ "web*"`, "name ~ web*")
	f(`name ~ "a b"`, `name ~ "a b"`)
	f(`name = "say \"hi\" \\ now"`, `name = "say \"hi\" \\ now"`)
	f(`name = 'and'`, `name = "and"`)
	f("NOT (Port = https OR port=80) AND Protocol = TCP", "not (port = 443 or port = 80) and protocol = tcp")
	f("port = 1 or port = 2 and port = 3", "port = 1 or port = 2 and port = 3")
	f("(port = 1 or port = 2) and port = 3", "(port = 1 or port = 2) and port = 3")
	f("((port = 1) and (port = 2 and port = 3))", "port = 1 and port = 2 and port = 3")
	f("not not port = 1", "not not port = 1")
	f("!(port = 1 && port = 2) || port = 3", "not (port = 1 and port = 2) or port = 3")
	f("port in (80, https, 8080)", "port in (80, 443, 8080)")
	f("port not in (22)", "port not in (22)")
	f("port notin (22)", "port not in (22)")
	f("src.ip = 10.0.0.1 and dst.vpc = vpc-1 and dst.port = ssh", "client.ip = 10.0.0.1 and server.network = vpc-1 and port = 22")
	f("srcaddr = 10.0.0.1 and dstaddr = 10.0.0.2 and dstport = 1", "client.ip = 10.0.0.1 and server.ip = 10.0.0.2 and port = 1")
	f("action = REJECT or action = accept", "verdict = denied or verdict = allowed")
	f("tag.Team = web and client.tag.Env ~ prod*", "tag.Team = web and client.tag.Env ~ prod*")
	f(`tag."cost center" = 7 and src.tag.A.b != x`, `tag."cost center" = 7 and client.tag.A.b != x`)
	f("asn in (AS3320, 15169)", "asn in (3320, 15169)")
	f("stopped_at = none", "stopped_at = none")
	f("time >= -6h and time < now", "time >= -6h and time < now")
	f(`time > "2026-11-01 10:00"`, `time > "2026-11-01 10:00"`)
	f("service like api", "service ~ api")
	f("protocol = 58 or protocol = 200 or protocol = ipsec", "protocol = icmpv6 or protocol = 200 or protocol = esp")
	f("reason !~ default*", "reason !~ default*")
}

func TestParseErrors(t *testing.T) {
	f := func(in string, pos, length int, suggest string) {
		t.Helper()
		_, err := Parse(in, now)
		var e *FilterError
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q): %v, want a FilterError", in, err)
			return
		}
		if e.Pos != pos || e.Len != length || e.Suggest != suggest {
			t.Errorf("Parse(%q) = %d, %d, %q (%s); want %d, %d, %q", in, e.Pos, e.Len, e.Suggest, e.Msg, pos, length, suggest)
		}
	}
	f("prot = tcp", 0, 4, "port")
	f("protcol = tcp", 0, 7, "protocol")
	f("client.nmae = x", 0, 11, "client.name")
	f("client.verdict = denied", 0, 14, "verdict")
	f("verdict = rejct", 10, 5, "")
	f("verdict = alowed", 10, 6, "allowed")
	f("port = htps", 7, 4, "https")
	f("port = 65536", 7, 5, "")
	f("protocol = 256", 11, 3, "")
	f("10.0.0.1", 0, 8, "ip = 10.0.0.1")
	f("10.0.0.0/8 and port = 1", 0, 10, "ip = 10.0.0.0/8")
	f("denied", 0, 6, "verdict = denied")
	f("reject", 0, 6, "verdict = denied")
	f("tcp", 0, 3, "protocol = tcp")
	f("443", 0, 3, "port = 443")
	f("frontend", 0, 8, "name ~ frontend")
	f(`"front end"`, 0, 11, `name ~ "front end"`)
	f("port = 443 verdict = denied", 11, 7, "and")
	f("port = 443 and", 14, 0, "")
	f("port =", 6, 0, "")
	f("port", 4, 0, "")
	f("port is 443", 5, 2, "=")
	f("port ~ 44*", 5, 1, "=")
	f("(port = 1", 0, 1, "")
	f("port = 1)", 8, 1, "")
	f(`name = "x`, 7, 2, "")
	f("port in (80 443)", 12, 3, ",")
	f("port in (80,", 12, 0, "")
	f("a.b = c", 0, 3, "")
	f("port in ()", 9, 1, "")
	f("port = 80, 443", 9, 1, "")
	f("ip = 10.0.*", 5, 6, "~")
	f("ip = 10.0.0.300", 5, 10, "")
	f("bytes > 10MX", 8, 4, "")
	f("bytes > 99999999999999999999", 8, 20, "")
	f("time > soon", 7, 4, "")
	f("tag = x", 0, 3, "tag.KEY")
	f("name = and", 7, 3, `"and"`)
	f(strings.Repeat("(", 100)+"port = 1", 65, 1, "")
	f("name = \xff", 0, 8, "")
}

func TestChips(t *testing.T) {
	f := func(in string, want ...Chip) {
		t.Helper()
		if got := mustParse(t, in).Chips(); !reflect.DeepEqual(got, want) {
			t.Errorf("Chips of %q = %q, want %q", in, got, want)
		}
	}
	f("port = 1", Chip{"port = 1", ""})
	f("port = 1 and not verdict = denied and port = 2", Chip{"port = 1", "not verdict = denied and port = 2"},
		Chip{"not verdict = denied", "port = 1 and port = 2"}, Chip{"port = 2", "port = 1 and not verdict = denied"})
	f("port = 1 or port = 2")
	f("port = 1 and (port = 2 or port = 3)")
	f("")
}

func mustParse(t testing.TB, text string) *Filter {
	t.Helper()
	f, err := Parse(text, now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseTime(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, err := ParseTime(in, now)
		if want == "" && err == nil || want != "" && (err != nil || got.Format(time.RFC3339Nano) != want) {
			t.Errorf("ParseTime(%q) = %s, %v; want %q", in, got.Format(time.RFC3339Nano), err, want)
		}
	}
	f("now", "2026-11-02T12:34:56Z")
	f("-6h", "2026-11-02T06:34:56Z")
	f("now-2d", "2026-10-31T12:34:56Z")
	f("NOW+5m", "2026-11-02T12:39:56Z")
	f("-1d12h", "2026-11-01T00:34:56Z")
	f("-1w", "2026-10-26T12:34:56Z")
	f("today", "2026-11-02T00:00:00Z")
	f("yesterday", "2026-11-01T00:00:00Z")
	f("2026-11-01", "2026-11-01T00:00:00Z")
	f("2026-11-01 10:05", "2026-11-01T10:05:00Z")
	f("2026-11-01T10:05:06.5+02:00", "2026-11-01T08:05:06.5Z")
	f("1793527200", "2026-11-01T10:00:00Z")
	f("1793527200000", "2026-11-01T10:00:00Z")
	for _, bad := range []string{"", "-", "now-", "-6", "-h", "-6y", "soon", "2026-13-01", "0001-01-01", "-99999999w", "10:00", "2026-11-01 25:00"} {
		f(bad, "")
	}
}

func TestSuggest(t *testing.T) {
	f := func(text, want string, from int, field string) {
		t.Helper()
		cursor := strings.IndexByte(text, '|')
		c := Suggest(strings.Replace(text, "|", "", 1), cursor)
		var got []string
		for _, candidate := range c.Candidates {
			got = append(got, candidate.Text)
		}
		if s := strings.Join(got, " "); s != want || c.From != from || c.To != cursor || c.Field != field {
			t.Errorf("Suggest(%q) = %q from %d to %d, field %q; want %q from %d, field %q", text, s, c.From, c.To, c.Field, want, from, field)
		}
	}
	f("ver|", "verdict", 0, "")
	f("client.re|", "client.region", 0, "")
	f("port|", "port", 0, "")
	f("verdict |", "= != in not in", 8, "")
	f("verdict = |", "allowed denied dropped unknown", 10, "verdict")
	f("verdict = d|", "denied dropped", 10, "verdict")
	f("verdict = d| and port = 1", "denied dropped", 10, "verdict")
	f("src.vpc = vp|", "", 10, "client.network")
	f(`name = "we|`, "", 7, "name")
	f("port in (h|", "http https", 9, "port")
	f("port in (80|", "", 9, "port")
	f("port in (80 |", ", )", 12, "")
	f("port in (80, s|", "sip smb smtp smtps snmp ssh submission syslog", 13, "port")
	f("port = 80 |", "and or", 10, "")
	f("(port = 80 |", "and or )", 11, "")
	f("port = 80 and p|", "provider port protocol packets", 14, "")
	f("port not |", "in", 9, "")
	f("tag.Team = w|", "", 11, "tag.Team")
}

func TestLike(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(like("Web*"), "web%")
	f(like("web"), "%web%")
	f(like(`50%_a\?`), `50\%\_a\\_`)
	f(tagPattern("Team", "a.b*"), `(^|\n)team=a\.b[^\n]*(\n|$)`)
}

// FuzzParse: no panic, the normal form reads as itself, and the SQL holds
// nothing of the text: two filters of the same shape give the same SQL.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"port = 443 and verdict = denied", "client.ip in (10.0.0.0/8, ::1)", `not (name ~ "web*" or tag."a b" = 'x')`,
		"bytes > 1.5GiB", "time >= now-2d", "src.vpc = x", "asn = AS1", "reason != ';drop --'", "service in (a, b)", "stopped_at = none or answer = seen or seen_by = both"} {
		f.Add(s)
	}
	r := Cover(now.Add(-30*time.Hour), now)
	f.Fuzz(func(t *testing.T, text string) {
		Suggest(text, len(text)/2)
		got, err := Parse(text, now)
		if err != nil {
			var e *FilterError
			if !errors.As(err, &e) || e.Pos < 0 || e.Len < 0 || e.Pos+e.Len > len(text) || e.Msg == "" {
				t.Fatalf("Parse(%q): %#v", text, err)
			}
			return
		}
		again, err := Parse(got.String(), now)
		if err != nil || again.String() != got.String() {
			t.Fatalf("%q reads as %q, then %q, %v", text, got, again, err)
		}
		got.Chips()
		for _, w := range []Where{Ask{Filter: got, Show: "all"}.rows(r), Ask{Filter: got}.flows(r)} {
			if strings.Count(w.SQL, "?") != len(w.Args) {
				t.Fatalf("%q: %d values for %s", text, len(w.Args), w.SQL)
			}
			if s := foreign(w.SQL); s != "" {
				t.Fatalf("%q: %q stands in %s", text, s, w.SQL)
			}
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"now", "-6h", "now-1d12h", "2026-11-01T10:00:00Z", "2026-11-01 10:00", "1793527200"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTime(text, now)
		if err == nil && (got.Year() < 1926 || got.Year() > 9999 || got.Location() != time.UTC) {
			t.Fatalf("ParseTime(%q) = %s", text, got)
		}
	})
}

// FuzzParseKey: an id that is read is written again as it was, and as SQL.
func FuzzParseKey(f *testing.F) {
	for _, s := range []string{"aws:network:vpc-1", "svc:aws:vpc-1/web", "inet:cc:DE", "host:10.0.0.1@vpc-1", "svc:::a%7C", "special:multicast", "inet:as:3320@DE", "inet:net:192.0.2.0/24@DE/3320", "inet:net:2001:db8::/48"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		openCursor(id)
		k, err := ParseKey(id)
		if err != nil {
			return
		}
		again, err := keyOfSQL(k.sqlText())
		if err != nil || again.ID() != id {
			t.Fatalf("%q is %+v, then %+v, %v", id, k, again, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	const text = `(client.ip in (10.0.0.0/8, 192.168.0.0/16) or server.name ~ "web*") and port = https and bytes > 10MB and not verdict = denied`
	for b.Loop() {
		if _, err := Parse(text, now); err != nil {
			b.Fatal(err)
		}
	}
}

// Every name that an answer gives a port may be asked for again.
func TestPortNames(t *testing.T) {
	for _, name := range append([]string{"isakmp", "docker", "ms-wbt-server", "HTTPS"}, portWords...) {
		if _, ok := portNumber(name); !ok {
			t.Errorf("port = %s is not understood", name)
		}
	}
	for p := range 65536 {
		if name := periplus.ServiceName(uint16(p), 6); name != "" {
			if n, ok := portNumber(name); !ok || n != int64(p) && periplus.ServiceName(uint16(n), 6) != name {
				t.Errorf("port %d is called %s, which is asked for as %d, %v", p, name, n, ok)
			}
		}
	}
}
