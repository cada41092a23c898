package query

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

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
	f("stopped_at = server and answer = unknown", 8)
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

func TestFacets(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(field, prefix string, n int, want string) {
		t.Helper()
		got, err := q.Facets(bg, ask(""), []string{field}, prefix, n)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprintf("%d:", got[0].All)
		for _, v := range got[0].Values {
			s += fmt.Sprintf(" %q %d/%d", v.Value, v.Records, v.Stopped)
		}
		if s != want {
			t.Errorf("%s: %s, want %s", field, s, want)
		}
	}
	f("port", "", 0, `4: "5432" 14/0 "443" 8/0 "" 1/1 "22" 7/7`)
	f("port", "4", 0, `1: "443" 8/0`)
	f("protocol", "", 1, `2: "tcp" 29/7`)
	f("network", "", 0, `3: "vpc-1" 29/8 "" 15/7 "vpc-2" 1/0`)
	f("network", "VPC", 0, `2: "vpc-1" 29/8 "vpc-2" 1/0`)
	f("client.service", "", 2, `4: "web" 16/1 "internet" 11/7`)
	f("service", "", 0, `6: "web" 30/8 "db|%" 14/0 "internet" 11/7 "DE" 2/0 "" 1/0 "S3" 1/0`)
	f("verdict", "", 0, `4: "allowed" 21/0 "unknown" 1/0 "dropped" 1/1 "denied" 7/7`)
	f("bytes", "", 0, `0:`)
	f("tag.Env", "", 0, `2: "prod vpc-1" 29/8 "prod vpc-2" 1/0`)
	f("client.tag.Env", "", 1, `2: "prod vpc-1" 15/1`)
	f("tag.Env", "PROD vpc-2", 0, `1: "prod vpc-2" 1/0`)
	f("tag.env", "", 0, `0:`)
	f("tag.%", "", 0, `0:`)
	// Each count is what the filter lets through.
	facets, err := q.Facets(bg, ask(""), []string{"service", "ip", "region", "reason", "answer", "kind", "tag.Env"}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, facet := range facets {
		for _, v := range facet.Values {
			a := ask("")
			if facet.Field == "kind" && v.Value == "" {
				continue
			}
			a.Filter = mustParse(t, facet.Field+" = "+quote(v.Value))
			line, err := q.Timeline(bg, a, 1)
			if err != nil {
				t.Fatal(err)
			}
			missing := facet.Field != "ip" && facet.Field != "reason" && facet.Field != "answer" && v.Value == ""
			if n := line.Bins[0].All().Records; n != v.Records && !missing {
				t.Errorf("%s: %d records, the facet says %d", a.Filter, n, v.Records)
			}
		}
	}
}

func TestNode(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(id, level, want string) {
		t.Helper()
		n, err := q.Node(bg, ask(level), id)
		if err != nil {
			t.Fatal(err)
		}
		s := fmt.Sprintf("%s x%d in %d out %d self %d; clients", n.Group.Label, n.Group.Endpoints, n.In.All().Records, n.Out.All().Records, n.Self.All().Records)
		for _, p := range n.Clients {
			s += fmt.Sprintf(" %s:%d", p.ID, p.Verdicts.All().Records)
		}
		s += "; servers"
		for _, p := range n.Servers {
			s += fmt.Sprintf(" %s:%d", p.ID, p.Verdicts.All().Records)
		}
		s += "; ports"
		for _, p := range n.Ports {
			s += fmt.Sprintf(" %s%d:%d", map[bool]string{true: p.Peer.ID + "<", false: p.Peer.ID + ">"}[p.In], p.Port, p.Verdicts.All().Records)
			if p.Reason+p.StoppedAt != "" {
				s += "(" + p.Reason + " at " + p.StoppedAt + ")"
			}
		}
		s += "; stops"
		for _, x := range n.Stops {
			s += fmt.Sprintf(" %s %s at %s:%d", x.Verdict, x.Reason, x.StoppedAt, x.Records)
		}
		s += fmt.Sprint("; at ", n.Group.Addresses)
		sum := int64(0)
		for _, b := range n.Timeline.Bins {
			sum += b.All().Records
		}
		if s += fmt.Sprintf("; line %d", sum); s != want {
			t.Errorf("%s: %s\nwant %s", id, s, want)
		}
	}
	f("svc:aws:vpc-1/web", "", "web x2 in 14 out 14 self 1; clients inet::12 inet:cc:DE:2; servers svc:aws:vpc-1/db%7C%25:14; ports svc:aws:vpc-1/db%7C%25>5432:14 inet:<443:5 inet:cc:DE<443:2 svc:aws:vpc-1/web<0:1(acl at server) inet:<22:7(acl at server); stops denied acl at server:7 dropped acl at server:1; at [10.0.0.1 10.0.0.2]; line 29")
	f("inet:", "network", "Unlisted x1 in 0 out 12 self 0; clients; servers aws:network:vpc-1:12; ports aws:network:vpc-1>443:5 aws:network:vpc-1>22:7(acl at server); stops denied acl at server:7; at [198.51.100.1]; line 12")
	f("host:10.0.0.1@vpc-1", "host", "web-1 x1 in 11 out 9 self 0; clients inet::11; servers host:10.0.1.1@vpc-1:8 host:10.0.0.2@vpc-1:1; ports host:10.0.1.1@vpc-1>5432:8 inet:<443:4 host:10.0.0.2@vpc-1>0:1(acl at server) inet:<22:7(acl at server); stops denied acl at server:7 dropped acl at server:1; at [10.0.0.1]; line 20")
	f("aws:network:vpc-2", "", "vpc-2 x1 in 0 out 1 self 0; clients; servers svc:aws::S3:1; ports svc:aws::S3>443:1; stops; at [10.0.0.1]; line 1")
	f("aws:provider", "", "aws x5 in 14 out 1 self 15; clients inet::12 inet:cc:DE:2; servers svc:aws::S3:1; ports aws:provider<5432:14 inet:<443:5 inet:cc:DE<443:2 svc:aws::S3>443:1 aws:provider<0:1(acl at server) inet:<22:7(acl at server); stops denied acl at server:7 dropped acl at server:1; at [10.0.0.1 10.0.0.2 10.0.0.9 10.0.1.1]; line 30")
	f("svc:aws::S3", "", "S3 x1 in 1 out 0 self 0; clients svc:aws:vpc-2/web:1; servers; ports svc:aws:vpc-2/web<443:1; stops; at [203.0.113.1]; line 1")
	f("inet:cc:DE", "", "DE x1 in 0 out 2 self 0; clients; servers svc:aws:vpc-1/web:2; ports svc:aws:vpc-1/web>443:2; stops; at [198.51.100.2]; line 2")
	if _, err := q.Node(bg, ask(""), "nonsense"); err == nil {
		t.Error("Node of nonsense: no error")
	}
}

func TestEdge(t *testing.T) {
	q := &Questions{Engine: town(t)}
	e, err := q.Edge(bg, ask(""), "inet:", "svc:aws:vpc-1/web")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s -> %s: %d, stopped %d at %s, answer %s, %+v, %d ports", e.Source.Label, e.Target.Label, e.Edge.Verdicts.All().Records,
		e.Edge.Verdicts.Stopped().Records, e.Edge.StoppedAt, e.Edge.Answer, e.Stops, len(e.Edge.Ports)) + fmt.Sprint(", seen by ", e.SeenBy)
	for _, p := range e.Edge.Ports {
		got += fmt.Sprintf("; %d %q %q %q", p.Port, p.Reason, p.StoppedAt, p.Answer)
	}
	if want := "Unlisted -> web: 12, stopped 7 at server, answer seen, [{Verdict:denied StoppedAt:server Reason:acl Records:7}], 2 ports, seen by map[server:12]; 443 \"\" \"\" [\"seen\" \"seen\" \"\" \"\"]; 22 \"acl\" \"server\" [\"\" \"\" \"unknown\" \"\"]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestNames(t *testing.T) {
	q := &Questions{Engine: town(t)}
	r := ask("").cover()
	names, err := q.Names(bg, r, []netip.Addr{netip.MustParseAddr("10.0.1.1"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("192.0.2.77")})
	// 10.0.0.1 is web-1 in one network and another host in the other.
	if want := map[netip.Addr]string{netip.MustParseAddr("10.0.1.1"): "db-1"}; err != nil || !maps.Equal(names, want) {
		t.Errorf("names %v, %v; want %v", names, err, want)
	}
	if names, err := q.Names(bg, r, nil); err != nil || len(names) > 0 {
		t.Errorf("names of nobody: %v, %v", names, err)
	}
}

func TestSearch(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(text, want string) {
		t.Helper()
		list, err := q.Search(bg, text, 5)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, g := range list {
			ids = append(ids, g.ID+"="+g.Label)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("Search(%q) = %s\nwant %s", text, got, want)
		}
	}
	f("WEB", "svc:aws:vpc-1/web=web svc:aws:vpc-2/web=web host:10.0.0.1@vpc-1=web-1 host:10.0.0.2@vpc-1=web-2")
	f("10.0.1", "host:10.0.1.1@vpc-1=db-1")
	f("vpc-2", "aws:network:vpc-2=vpc-2 host:10.0.0.1@vpc-2=other")
	f("inet:cc:DE", "inet:cc:DE=DE")
	f("|%", "svc:aws:vpc-1/db%7C%25=db|%")
	f("' OR 1=1 --", "")
	f("", "")
}

func TestExtent(t *testing.T) {
	l := town(t)
	insert(l, "objects", periplus.ObjectFields, []periplus.ReadObject{
		{ID: 1, URI: "file:///a", Size: 10, State: periplus.ObjectRead, Records: 5, Bad: map[periplus.BadKind]int64{periplus.BadTime: 2, periplus.BadRange: 1}, FirstSeen: t0, LastSeen: t0.Add(time.Hour), ReadAt: t0},
		{ID: 2, URI: "file:///b", Size: -1, State: periplus.ObjectFailed, ReadAt: t0},
		{ID: 3, URI: "file:///c", Size: 7, State: periplus.ObjectPartly, Records: 1, FirstSeen: t0.Add(-time.Hour), LastSeen: t0, ReadAt: t0},
	})
	got, err := (&Questions{Engine: l}).Extent(bg)
	want := &Extent{From: t0.Add(-time.Hour), To: t0.Add(time.Hour), Objects: 3, Records: 6, Bad: 3, Partly: 1, Failed: 1, Size: 17, Interfaces: 1,
		Providers: []string{""}, SkipData: 2, NoData: 4, Late: 1}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// evidence puts n rows of flows into a lake, several of them alike but for
// what comes late in the order of pages.
func evidence(l *lake, n int) []periplus.Flow {
	place := &periplus.Place{Provider: "aws", Account: "1234", Network: "vpc-1", Interface: "eni-1", Log: "fl-1"}
	rows := make([]periplus.Flow, n)
	for i := range rows {
		at := t0.Add(10*time.Hour + time.Duration(i/7)*5*time.Minute)
		rows[i] = periplus.Flow{Object: int64(i % 3), Bucket: at, FirstSeen: at.Add(1234567 * time.Microsecond), LastSeen: at.Add(time.Minute), Place: place, Observer: periplus.ObserverServer,
			Client: netip.MustParseAddr("198.51.100.1"), Server: netip.MustParseAddr("10.0.0.1"), ServerPort: 443, HasPort: i%7 != 3, Protocol: 6, Verdict: periplus.Allowed,
			RequestBytes: known(int64(i)), Records: 1, Note: &periplus.Note{Reason: []string{"", "r"}[i%2], Path: fmt.Sprint(i % 5)}, OrientedBy: periplus.ByFlags}
	}
	insert(l, "flows", periplus.FlowFields, rows)
	return rows
}

func TestRows(t *testing.T) {
	l := town(t)
	rows := evidence(l, 100)
	insert(l, "objects", periplus.ObjectFields, []periplus.ReadObject{{ID: 1, URI: "file:///a", ReadAt: t0}})
	q := &Questions{Engine: l}
	pages := func(a Ask, n int) (seen map[int64]FlowRow, count int) {
		t.Helper()
		seen = map[int64]FlowRow{}
		for cursor := ""; ; {
			page, err := q.Rows(bg, a, cursor, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Rows {
				seen[r.RequestBytes.N] = r
				count++
			}
			if cursor = page.Next; cursor == "" {
				return seen, count
			}
		}
	}
	for _, n := range []int{7, 33, 100, 1000} {
		seen, count := pages(ask(""), n)
		if len(seen) != 100 || count != 100 {
			t.Errorf("pages of %d: %d rows, %d different; want 100", n, count, len(seen))
		}
		got, want := seen[41], FlowRow{Flow: rows[41]}
		got.Place, got.Note, want.Place, want.Note = nil, nil, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if seen[40].URI != "file:///a" || *seen[40].Place != *rows[40].Place || *seen[40].Note != *rows[40].Note {
			t.Errorf("got %+v %+v %+v", seen[40].URI, seen[40].Place, seen[40].Note)
		}
	}
	f := func(filter string, want int) {
		t.Helper()
		a := ask("")
		a.Filter = mustParse(t, filter)
		if _, n := pages(a, 13); n != want {
			t.Errorf("%s: %d rows, want %d", filter, n, want)
		}
	}
	f("reason = r", 50)
	f("client.service = internet and server.name = web-1", 100)
	f(`client.node = "inet:" and server.node in ("svc:aws:vpc-1/web", "svc:aws:vpc-1/db")`, 100)
	f(`server.node = "host:10.0.0.1@vpc-1"`, 100)
	f(`server.node = "host:10.0.0.1@vpc-2"`, 0)
	f(`server.node = "inet:"`, 0)
	f("server.network = vpc-1 and not server.network = vpc-2", 100)
	f("server.name = other", 0)
	f("bytes > 3kB and answer = seen and seen_by = server", 86)
	f("stopped_at = none and port = 443", 86)
	f("bytes > 5kB", 0)
	f("time < 2026-11-01T10:05:00Z", 7)
	for _, bad := range []string{"x", "W10", "eyJhIjoxfQ"} {
		if _, err := q.Rows(bg, ask(""), bad, 1); err == nil {
			t.Errorf("cursor %q: no error", bad)
		}
	}
}

// TestLegs: what was seen again behind a NAT is told and in no total.
func TestLegs(t *testing.T) {
	l := town(t)
	rows := evidence(l, 20)
	for i := range rows {
		rows[i].Observer = periplus.ObserverLeg
	}
	insert(l, "flows", periplus.FlowFields, rows)
	m, err := (&Questions{Engine: l}).Map(bg, ask(""))
	if err != nil {
		t.Fatal(err)
	}
	if o := m.LeftOut; o.LegRecords != 20 || o.LegBytes != 190 || m.Totals.All().Records != 30 {
		t.Errorf("legs of %d records and %d bytes beside %d; want 20 and 190 beside 30", o.LegRecords, o.LegBytes, m.Totals.All().Records)
	}
}
