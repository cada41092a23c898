package query

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/periplus/periplus/periplus"
)

var bg = context.Background()

func TestTimeline(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(a Ask, bins int, step string, want string) {
		t.Helper()
		got, err := q.Timeline(bg, a, bins)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for i, b := range got.Bins {
			if all := b.All(); all.Records > 0 {
				s += fmt.Sprintf("%d:%d/%d ", i, all.Records, b.Stopped().Records)
			}
		}
		if got.Step.String() != step || s != want {
			t.Errorf("%d bins of %s: %q; want %s: %q", len(got.Bins), got.Step, s, step, want)
		}
	}
	f(ask(""), 0, "15m0s", "40:30/8 ")
	f(ask(""), 24, "1h0m0s", "10:30/8 ")
	f(ask(""), 1, "24h0m0s", "0:30/8 ")
	a := ask("")
	a.Filter = mustParse(t, "verdict = denied and time >= 2026-11-01T10:00:00Z")
	f(a, 24, "1h0m0s", "10:7/7 ")
	a.Filter = mustParse(t, "time >= 2026-11-01T10:05:00Z")
	f(a, 24, "1h0m0s", "")
}

func TestTop(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(a Ask, by []string, n int, want string) {
		t.Helper()
		got, err := q.Top(bg, a, by, n)
		if err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, r := range got.Rows {
			s += fmt.Sprintf("%q %d/%d; ", r.Values, r.Verdicts.All().Bytes().N, r.Verdicts.All().Records)
		}
		s += fmt.Sprintf("rest %d/%d of %d, %d", got.Rest.All().Bytes().N, got.Rest.All().Records, got.Totals.All().Bytes().N, got.All)
		if s != want {
			t.Errorf("Top(%q, %d) = %s\nwant %s", by, n, s, want)
		}
	}
	f(ask(""), []string{"port"}, 2, `["5432"] 14000/14; ["443"] 7400/8; rest 100/8 of 21500, 4`)
	f(ask(""), []string{"port"}, 0, `["5432"] 14000/14; ["443"] 7400/8; [""] 100/1; ["22"] 0/7; rest 0/0 of 21500, 4`)
	f(ask(""), []string{"client.service", "dst.vpc"}, 3, `["web" "vpc-1"] 14100/15; ["internet" "vpc-1"] 4000/11; ["DE" "vpc-1"] 2000/2; rest 1400/2 of 21500, 5`)
	f(ask(""), []string{"hour", "verdict"}, 1, `["1793527200" "allowed"] 20400/21; rest 1100/9 of 21500, 4`)
	a := ask("")
	a.Metric = "records"
	f(a, []string{"reason"}, 5, `[""] 21400/22; ["acl"] 100/8; rest 0/0 of 21500, 2`)
	for _, bad := range []string{"ip", "bytes", "tag.x", "nope"} {
		if _, err := q.Top(bg, ask(""), []string{bad}, 1); err == nil {
			t.Errorf("Top by %s: no error", bad)
		}
	}
}

func TestConversations(t *testing.T) {
	q := &Questions{Engine: town(t)}
	var got []Conversation
	a := ask("")
	a.Filter = mustParse(t, "server.name = web-1 or protocol = icmp")
	if _, err := q.Conversations(bg, a, func(c *Conversation) error { got = append(got, *c); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i].FirstSeen, got[i].LastSeen = t0, t0
	}
	want := []Conversation{
		{Client: "10.0.0.1", ClientNetwork: "vpc-1", Server: "10.0.0.2", ServerNetwork: "vpc-1", Protocol: 1, Verdict: periplus.Dropped, FirstSeen: t0, LastSeen: t0,
			Totals: Totals{RequestBytes: known(25), RequestPackets: known(1), ResponseBytes: known(75), Opened: known(1), Records: 1, Connections: 1}},
		{Client: "198.51.100.1", Server: "10.0.0.1", ServerNetwork: "vpc-1", ServerPort: 22, HasPort: true, Protocol: 6, Verdict: periplus.Denied, FirstSeen: t0, LastSeen: t0,
			Totals: Totals{Records: 7, Connections: 1, Unmeasured: 7}},
		{Client: "198.51.100.1", Server: "10.0.0.1", ServerNetwork: "vpc-1", ServerPort: 443, HasPort: true, Protocol: 6, Verdict: periplus.Allowed, FirstSeen: t0, LastSeen: t0,
			Totals: Totals{RequestBytes: known(1000), RequestPackets: known(40), ResponseBytes: known(3000), Opened: known(1), Records: 4, Connections: 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestFilters counts the records that filters let through.
func TestFilters(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(filter string, want int64) {
		t.Helper()
		a := ask("")
		a.Filter = mustParse(t, filter)
		got, err := q.Timeline(bg, a, 1)
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		if n := got.Bins[0].All().Records; n != want {
			t.Errorf("%s: %d records, want %d", filter, n, want)
		}
	}
	f("", 30)
	f("client.ip = 10.0.0.1", 10)
	f("client.ip = 10.0.0.1 and client.network = vpc-1", 9)
	f("ip != 10.0.0.1", 9)
	f("ip in 10.0.0.0/24 and not server.ip = 10.0.0.1", 19)
	f("client.ip in (10.0.0.0/24, 198.51.100.2)", 18)
	f("client.ip ~ 198.51.*", 13)
	f("port = 443", 8)
	f("port < 1024", 15)
	f("port != 443", 22)
	f("not port >= 0", 1)
	f("protocol = icmp", 1)
	f("client.name ~ WEB", 15)
	f("client.name ~ web-?", 15)
	f(`service = "db|%"`, 14)
	f(`service ~ "|%"`, 14)
	f("network = vpc-2", 1)
	f("server.country != DE", 30)
	f("client.country = de", 2)
	f("kind = public", 14) // nobody knows what 192.0.2.77 is
	f("client.kind = own", 16)
	f("role in (aws.rds, aws.eni)", 15)
	f(`tag.Env = "prod vpc-2"`, 1)
	f(`tag.Env ~ prod*1`, 29)
	f(`tag.Env ~ "prod vpc-?"`, 30)
	f("client.tag.env ~ vpc-1", 15)
	f("tag.En ~ prod", 0)
	f("verdict = denied", 7)
	f("verdict in (denied, dropped)", 8)
	f("reason = acl", 8)
	f("stopped_at = none", 22)
	f("stopped_at = server and answer = none", 8)
	f("seen_by = server", 30)
	f("bytes > 1kB", 20)
	f("bytes >= 1000", 21)
	f("not bytes >= 1000", 9)
	f("records > 6", 15)
	f("opened = 1", 23)
	f("packets > 50", 14)
	f("time >= 2026-11-01T10:00:00Z and time < 2026-11-01T10:05:00Z", 30)
	f("time >= 2026-11-01T10:01:00Z", 30)
	f("time <= 2026-11-01T10:00:00Z", 30)
	f("time < 2026-11-01T10:00:00Z", 0)
}
