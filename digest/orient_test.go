package digest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// TestOrient holds each rule of merge.md's table: records, then the rows.
func TestOrient(t *testing.T) {
	f := func(name, in, want string) {
		t.Helper()
		r := settle(t, &Batch{}, recs(t, in))
		check(t, name, r, want)
	}
	f("flags: SYN", `10.0.0.1/40000 10.0.0.2/30000 6 5 500 flags=S`,
		`10.0.0.1>10.0.0.2/30000 6 flags unknown allowed req=5/500 resp=?`)
	f("flags: SYN-ACK", `10.0.0.1/40000 10.0.0.2/50000 6 5 500 flags=SA`,
		`10.0.0.2>10.0.0.1/40000 6 flags unknown allowed req=? resp=5/500`)
	f("flags of the other record of the 5-tuple", `
		10.0.0.1/9999 10.0.0.2/30000 6 7 700 flags=0
		10.0.0.2/30000 10.0.0.1/9999 6 1 40 flags=SA`,
		`10.0.0.1>10.0.0.2/30000 6 flags unknown allowed req=7/700 resp=1/40`)
	f("PSH logged too: SYN and ACK of one side say nothing", `
		10.0.0.1/40000 10.0.0.2/8080 6 7 700 flags=SAP
		10.0.0.2/8080 10.0.0.1/40000 6 1 40 flags=SAP`,
		`10.0.0.1>10.0.0.2/8080 6 service unknown allowed req=7/700 resp=1/40 cport=40000`)
	f("URG logged too", `
		10.0.0.1/40000 10.0.0.2/8080 6 7 700 flags=SAU
		10.0.0.2/8080 10.0.0.1/40000 6 1 40 flags=SAU`,
		`10.0.0.1>10.0.0.2/8080 6 service unknown allowed req=7/700 resp=1/40 cport=40000`)
	f("flags of what is not TCP say nothing", `
		10.0.0.1/8080 10.0.0.2/40000 17 7 700 flags=S
		10.0.0.2/40000 10.0.0.1/8080 17 1 40 flags=S`,
		`10.0.0.2>10.0.0.1/8080 17 service unknown allowed req=1/40 resp=7/700 cport=40000`)
	f("flags beat a provider's order", `
		10.0.0.1/40000 10.0.0.2/50000 6 1 40 azure init
		10.0.0.2/50000 10.0.0.1/40000 6 1 40 flags=S
		10.0.0.2/50000 10.0.0.1/40000 6 7 700 flags=0 eni=eni-2`,
		`10.0.0.1>10.0.0.2/50000 6 provider unknown allowed req=1/40 resp=?
		10.0.0.2>10.0.0.1/40000 6 flags unknown allowed req=1/40 resp=?
		10.0.0.2>10.0.0.1/40000 6 flags unknown allowed req=7/700 resp=?`)
	f("flags beat a privileged port", `10.0.0.1/800 10.0.0.2/2049 6 5 500 flags=S
		10.0.0.1/800 10.0.0.2/2049 6 4 400 flags=0`,
		`10.0.0.1>10.0.0.2/2049 6 flags unknown allowed req=9/900 resp=?`)
	f("provider", `10.0.0.1/700 10.0.0.2/30000 6 5 500 azure init rev=4/400`,
		`10.0.0.1>10.0.0.2/30000 6 provider unknown allowed req=5/500 resp=4/400`)
	f("known within the batch by flags", `
		10.0.0.9/41000 10.0.0.2/50051 6 5 500 flags=S
		10.0.0.2/50051 10.0.0.1/40000 6 7 700 flags=0`,
		`10.0.0.1>10.0.0.2/50051 6 known server allowed req=? resp=7/700
		10.0.0.9>10.0.0.2/50051 6 flags server allowed req=5/500 resp=?`)
	f("and whichever address is smaller", `
		10.0.0.9/41000 10.0.0.1/50051 6 5 500 flags=S
		10.0.0.1/50051 10.0.0.2/40000 6 7 700 flags=0`,
		`10.0.0.2>10.0.0.1/50051 6 known server allowed req=? resp=7/700
		10.0.0.9>10.0.0.1/50051 6 flags server allowed req=5/500 resp=?`)
	f("the strongest rule of a row's records is kept", `
		10.0.0.1/40000 10.0.0.2/443 6 5 500 flags=0
		10.0.0.1/40001 10.0.0.2/443 6 1 40 flags=S`,
		`10.0.0.1>10.0.0.2/443 6 flags unknown allowed req=6/540 resp=?`)
	f("a denied SYN makes no server", `
		10.0.0.9/41000 10.0.0.2/50051 6 5 500 flags=S deny
		10.0.0.2/50051 10.0.0.1/40000 6 7 700 flags=0`,
		`10.0.0.2>10.0.0.1/40000 6 one_way client allowed req=7/700 resp=? cport=50051
		10.0.0.9>10.0.0.2/50051 6 flags server denied req=5/500 resp=?`)
	f("privileged", `10.0.0.1/443 10.0.0.2/30000 6 5 500`,
		`10.0.0.2>10.0.0.1/443 6 privileged unknown allowed req=? resp=5/500`)
	f("1023 is, 1024 is not", `
		10.0.0.1/1023 10.0.0.2/1024 6 5 500
		10.0.0.3/1024 10.0.0.4/1000 6 5 500
		10.0.0.5/1024 10.0.0.6/50000 6 5 500`,
		`10.0.0.2>10.0.0.1/1023 6 privileged unknown allowed req=? resp=5/500
		10.0.0.3>10.0.0.4/1000 6 privileged unknown allowed req=5/500 resp=?
		10.0.0.5>10.0.0.6/50000 6 one_way unknown allowed req=5/500 resp=? cport=1024`)
	f("one way: who sent no packet sent nothing", `
		10.0.0.1/40000 10.0.0.2/50000 6 0 0
		10.0.0.2/50000 10.0.0.1/40000 6 5 500`,
		`10.0.0.2>10.0.0.1/40000 6 one_way unknown allowed req=5/500 resp=0/0 cport=50000`)
	f("one way: no packet came back", `10.0.0.1/40000 10.0.0.2/30000 6 5 500 rev=0/0`,
		`10.0.0.1>10.0.0.2/30000 6 one_way unknown allowed req=5/500 resp=0/0 cport=40000`)
	f("one way: a scanner's fixed source port", `
		203.0.113.9/8080 10.0.0.2/30000 6 1 40 deny
		203.0.113.9/8080 10.0.0.3/30000 6 1 40 deny`,
		`203.0.113.9>10.0.0.2/30000 6 one_way client denied req=1/40 resp=? cport=8080
		203.0.113.9>10.0.0.3/30000 6 one_way client denied req=1/40 resp=? cport=8080`)
	f("service: 3306 against 50051 comes late", `
		10.0.0.1/3306 10.0.0.2/50051 6 5 500
		10.0.0.2/50051 10.0.0.1/3306 6 4 400`,
		`10.0.0.2>10.0.0.1/3306 6 service unknown allowed req=4/400 resp=5/500 cport=50051`)
	f("port", `
		10.0.0.1/50000 10.0.0.2/50051 6 5 500
		10.0.0.2/50051 10.0.0.1/50000 6 4 400`,
		`10.0.0.2>10.0.0.1/50000 6 port unknown allowed req=4/400 resp=5/500 cport=50051`)
	f("undecided: equal ports", `
		10.0.0.1/123 10.0.0.2/123 17 5 500
		10.0.0.2/123 10.0.0.1/123 17 4 400`,
		`10.0.0.2>10.0.0.1/123 17 undecided unknown allowed req=4/400 resp=5/500 cport=123`)
	f("undecided: ICMP, whose ports are no ports", `
		10.0.0.2/0 10.0.0.1/0 1 5 500
		10.0.0.1/0 10.0.0.2/0 1 4 400`,
		`10.0.0.2>10.0.0.1 1 undecided unknown allowed req=5/500 resp=4/400`)
	f("a port is smaller than none", `
		10.0.0.1 10.0.0.2/60000 6 5 500
		10.0.0.2/60000 10.0.0.1 6 4 400`,
		`10.0.0.1>10.0.0.2/60000 6 port unknown allowed req=5/500 resp=4/400`)
	f("SCTP has ports", `10.0.0.1/40000 10.0.0.2/38412 132 5 500`,
		`10.0.0.1>10.0.0.2/38412 132 one_way unknown allowed req=5/500 resp=? cport=40000`)
	f("GRE has none", `10.0.0.1/40000 10.0.0.2/38412 47 5 500`,
		`10.0.0.1>10.0.0.2 47 one_way unknown allowed req=5/500 resp=?`)
	f("ICMP one way", `10.0.0.1 10.0.0.2 1 5 500`,
		`10.0.0.1>10.0.0.2 1 one_way unknown allowed req=5/500 resp=?`)
	f("several client ports settle a weak row", `
		10.0.0.1/40000 10.0.0.2/8080 6 5 500
		10.0.0.2/8080 10.0.0.1/40000 6 4 400
		10.0.0.1/40001 10.0.0.2/8080 6 1 100
		10.0.0.2/8080 10.0.0.1/40001 6 2 200`,
		`10.0.0.1>10.0.0.2/8080 6 service unknown allowed req=6/600 resp=6/600`)
	f("a protocol that is not logged keeps its ports", `10.0.0.1/40000 10.0.0.2/443 0 5 500 noproto`,
		`10.0.0.1>10.0.0.2/443 0 privileged unknown allowed req=5/500 resp=?`)
	f("protocol 0 has no ports", `10.0.0.1/40000 10.0.0.2/443 0 5 500`,
		`10.0.0.1>10.0.0.2 0 one_way unknown allowed req=5/500 resp=?`)
	f("IPv4-mapped is IPv4", `
		::ffff:10.0.0.1/40000 10.0.0.2/443 6 5 500
		10.0.0.1/40000 ::ffff:10.0.0.2/443 6 5 500`,
		`10.0.0.1>10.0.0.2/443 6 privileged unknown allowed req=10/1000 resp=?`)
}

func check(t *testing.T, name string, r *Result, want string) {
	t.Helper()
	var got []string
	for _, f := range flows(t, r) {
		got = append(got, brief(&f))
	}
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(lines, "\n"); g != w {
		t.Errorf("%s: got\n%s\nwant\n%s", name, g, w)
	}
}

func TestKnownFromEarlierBatches(t *testing.T) {
	known := func(a netip.Addr, port uint16, protocol uint8) bool {
		return a == netip.MustParseAddr("10.0.0.2") && port == 50051 && protocol == 6
	}
	r := settle(t, &Batch{Known: known}, recs(t, `
		10.0.0.2/50051 10.0.0.1/443 6 5 500
		10.0.0.2/50051 10.0.0.1/3306 6 7 700`))
	check(t, "known", r, `
		10.0.0.1>10.0.0.2/50051 6 known unknown allowed req=? resp=12/1200`)

	// The flags of any record of the 5-tuple go before it: the server's port is
	// a client's here.
	r = settle(t, &Batch{Known: known}, recs(t, `
		10.0.0.2/50051 10.0.0.7/9999 6 5 500 flags=0
		10.0.0.2/50051 10.0.0.7/9999 6 1 60 flags=S`))
	check(t, "flags before known", r, `
		10.0.0.2>10.0.0.7/9999 6 flags unknown allowed req=6/560 resp=?`)
}

// A port that a host once served at is a client's port another time: flags in
// any record of the 5-tuple say so, and the rest of its records follow.
func TestFlagsBeatWhatWasKnown(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		b := &Batch{Known: func(a netip.Addr, port uint16, protocol uint8) bool {
			return a == netip.MustParseAddr("10.0.0.2") && port == 50051 && protocol == 6
		}}
		check(t, in, settle(t, b, recs(t, in)), want)
	}
	f(`10.0.0.2/50051 10.0.0.1/60000 6 5 500 flags=S
		10.0.0.2/50051 10.0.0.1/60000 6 7 700 flags=0
		10.0.0.1/60000 10.0.0.2/50051 6 1 100`,
		`10.0.0.2>10.0.0.1/60000 6 flags unknown allowed req=12/1200 resp=1/100`)
	f(`10.0.0.2/50051 10.0.0.1/443 6 7 700 flags=0
		10.0.0.1/443 10.0.0.2/50051 6 1 100
		10.0.0.2/50051 10.0.0.1/443 6 5 500 flags=S`,
		`10.0.0.2>10.0.0.1/443 6 flags unknown allowed req=12/1200 resp=1/100`)
	// A request that was stopped names no server: only the 5-tuple's own flags
	// speak against the port that served once.
	f(`10.0.0.2/50051 10.0.0.1/443 6 5 500 flags=S deny
		10.0.0.2/50051 10.0.0.1/443 6 7 700 flags=0`,
		`10.0.0.2>10.0.0.1/443 6 flags unknown allowed req=7/700 resp=?
		10.0.0.2>10.0.0.1/443 6 flags unknown denied req=5/500 resp=?`)
	f(`10.0.0.2/50051 10.0.0.1/443 6 7 700 flags=0`,
		`10.0.0.1>10.0.0.2/50051 6 known unknown allowed req=? resp=7/700`)
}

// TestFanIn holds rule 6 against its bounds: 8 peers at one end, 2 at the other.
func TestFanIn(t *testing.T) {
	two := func(client, server string) string {
		return fmt.Sprintf("%s %s 6 1 100\n%s %s 6 1 100\n", client, server, server, client)
	}
	f := func(peers int, extra, want string) {
		t.Helper()
		var in strings.Builder
		for i := range peers {
			in.WriteString(two(fmt.Sprintf("10.0.1.%d/50%03d", i+1, i), "10.0.0.1/60000"))
		}
		in.WriteString(extra)
		r := settle(t, &Batch{}, recs(t, in.String()))
		for _, row := range flows(t, r) {
			row.Observer = periplus.ObserverUnknown
			a, b := row.Client.String(), row.Server.String()
			if min(a, b) == "10.0.0.1" && max(a, b) == "10.0.1.1" {
				if got := brief(&row); got != want {
					t.Errorf("%d peers: %s; want %s", peers, got, want)
				}
				return
			}
		}
		t.Errorf("%d peers: no row of 10.0.1.1", peers)
	}
	f(7, "", "10.0.0.1>10.0.1.1/50000 6 port unknown allowed req=1/100 resp=1/100 cport=60000")
	f(8, "", "10.0.1.1>10.0.0.1/60000 6 fan_in unknown allowed req=1/100 resp=1/100 cport=50000")
	f(8, two("10.0.1.1/50000", "10.0.0.7/61000"), "10.0.1.1>10.0.0.1/60000 6 fan_in unknown allowed req=1/100 resp=1/100 cport=50000")
	var sent strings.Builder // who only sent met it too
	for i := range 4 {
		fmt.Fprintf(&sent, "10.0.9.%d/50000 10.0.0.1/60000 6 1 100\n9.0.9.%d/50000 10.0.0.1/60000 6 1 100\n", i, i)
	}
	f(1, sent.String(), "10.0.1.1>10.0.0.1/60000 6 fan_in unknown allowed req=1/100 resp=1/100 cport=50000")
	f(8, two("10.0.1.1/50000", "10.0.0.7/61000")+two("10.0.1.1/50000", "10.0.0.8/61000"),
		"10.0.0.1>10.0.1.1/50000 6 port unknown allowed req=1/100 resp=1/100 cport=60000")
}

// TestScannerFixedPort: hosts that answer a scanner do not make its port a
// server's.
func TestScannerFixedPort(t *testing.T) {
	for _, scanner := range []string{"203.0.113.9", "9.0.113.9"} {
		var in strings.Builder
		for i := range 20 {
			fmt.Fprintf(&in, "%s/45000 10.0.0.%d/8081 6 1 40\n", scanner, i+1)
		}
		fmt.Fprintf(&in, "10.0.0.3/8081 %s/45000 6 1 40\n", scanner)
		for _, f := range flows(t, settle(t, &Batch{}, recs(t, in.String()))) {
			if f.Client != netip.MustParseAddr(scanner) {
				t.Errorf("%s; want the scanner as client", brief(&f))
			}
		}
	}
}
