package query

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func known(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }

// town is a small company: two networks with the same address in both, a
// cloud service, strangers, one of them in no endpoint.
func town(t testing.TB) *lake {
	l := newLake(t)
	e := func(address, network, subnet, service, name, role string) periplus.Endpoint {
		return periplus.Endpoint{Address: netip.MustParseAddr(address), Network: network, ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever,
			Kind: "own", Name: name, Service: service, Subnet: subnet, Account: "1234", Region: "eu-1", Provider: "aws", Role: role,
			Tags: []periplus.Column{{Name: "Env", Value: "prod " + network}}}
	}
	public := func(address, service, provider, country string) periplus.Endpoint {
		return periplus.Endpoint{Address: netip.MustParseAddr(address), ValidFrom: time.Unix(0, 0), ValidTo: periplus.Forever,
			Kind: "public", Service: service, Provider: provider, Country: country, Role: "net.internet"}
	}
	insert(l, "endpoints", periplus.EndpointFields, []periplus.Endpoint{
		e("10.0.0.1", "vpc-1", "a", "web", "web-1", "aws.ec2"), e("10.0.0.2", "vpc-1", "a", "web", "web-2", "aws.ec2"),
		e("10.0.1.1", "vpc-1", "b", "db|%", "db-1", "aws.rds"), e("10.0.0.1", "vpc-2", "c", "web", "other", "aws.eni"),
		e("10.0.0.9", "vpc-1", "", "10.0.0.9", "", ""),
		public("198.51.100.1", "internet", "", ""), public("198.51.100.2", "DE", "", "DE"), public("203.0.113.1", "S3", "aws", ""),
	})
	row := func(client, clientNetwork, server, serverNetwork string, port uint16, v periplus.Verdict, bytes, records int64) periplus.Traffic {
		x := periplus.Traffic{Step: 300, Bucket: t0.Add(10 * time.Hour), Client: netip.MustParseAddr(client), Server: netip.MustParseAddr(server),
			ClientNetwork: clientNetwork, ServerNetwork: serverNetwork, ServerPort: port, HasPort: port > 0, Protocol: 6, Verdict: v, Records: records,
			FirstSeen: t0.Add(10*time.Hour + time.Minute), LastSeen: t0.Add(10*time.Hour + 5*time.Minute), SeenBy: "server", Answer: "seen", Connections: 1}
		if bytes > 0 {
			x.RequestBytes, x.RequestPackets, x.ResponseBytes, x.Opened = known(bytes/4), known(bytes/100), known(bytes-bytes/4), known(1)
		}
		if v.Stopped() {
			x.StoppedAt, x.Answer, x.Reason = "server", "unknown", "acl"
		}
		if port == 0 {
			x.Protocol = 1
		}
		return x
	}
	insert(l, "traffic", periplus.TrafficFields, []periplus.Traffic{
		row("198.51.100.1", "", "10.0.0.1", "vpc-1", 443, periplus.Allowed, 4000, 4),
		row("198.51.100.1", "", "10.0.0.1", "vpc-1", 22, periplus.Denied, 0, 7),
		row("198.51.100.2", "", "10.0.0.2", "vpc-1", 443, periplus.Allowed, 2000, 2),
		row("192.0.2.77", "", "10.0.0.2", "vpc-1", 443, periplus.Unknown, 1000, 1), // no endpoint
		row("10.0.0.1", "vpc-1", "10.0.1.1", "vpc-1", 5432, periplus.Allowed, 8000, 8),
		row("10.0.0.2", "vpc-1", "10.0.1.1", "vpc-1", 5432, periplus.Allowed, 6000, 6),
		row("10.0.0.1", "vpc-2", "203.0.113.1", "", 443, periplus.Allowed, 400, 1),
		row("10.0.0.1", "vpc-1", "10.0.0.2", "vpc-1", 0, periplus.Dropped, 100, 1),
	})
	l.steps()
	insert(l, "coverage", periplus.CoverageFields, []periplus.Coverage{
		{Hour: t0.Add(10 * time.Hour), Interface: "eni-1", Records: 30, SkipData: 2, Late: 1, Bad: 3, KeepsPassed: true},
		{Hour: t0.Add(11 * time.Hour), Interface: "eni-1", NoData: 4},
	})
	return l
}

func ask(level string) Ask { return Ask{From: t0, To: t0.Add(24 * time.Hour), Level: level} }

// draw writes a map as text.
func draw(m *Map) string {
	var b strings.Builder
	num := func(t Totals) string {
		if t.Bytes().Known {
			return fmt.Sprintf("%dr %db", t.Records, t.Bytes().N)
		}
		return fmt.Sprintf("%dr ?b", t.Records)
	}
	verdicts := func(v Verdicts) string {
		s := ""
		for _, k := range []periplus.Verdict{periplus.Allowed, periplus.Denied, periplus.Dropped, periplus.Unknown} {
			if v[k].Records > 0 {
				s += fmt.Sprintf(" %s %s", k, num(v[k]))
			}
		}
		return s
	}
	for _, g := range m.Groups {
		fmt.Fprintf(&b, "box %s in %q: %d\n", g.ID, g.Parent, g.Endpoints)
	}
	for _, n := range m.Nodes {
		fmt.Fprintf(&b, "%s %q in %q x%d %s: in%s, out%s, self%s\n", n.ID, n.Label, n.Parent, n.Endpoints, n.Role, verdicts(n.In), verdicts(n.Out), verdicts(n.Self))
	}
	for _, e := range m.Edges {
		fmt.Fprintf(&b, "%s -> %s%s; answer %s, stopped %q, seen by %s;", e.Source, e.Target, verdicts(e.Verdicts), e.Answer, e.StoppedAt, e.SeenBy)
		for _, p := range e.Ports {
			fmt.Fprintf(&b, " %s/%d%s", ProtocolName(p.Protocol), p.Port, verdicts(p.Verdicts))
		}
		fmt.Fprintf(&b, " +%d\n", e.MorePorts)
	}
	o := m.LeftOut
	fmt.Fprintf(&b, "left out: %d of %d hours, %d lost, %d late, %d bad, %d unmeasured, legs %dr %db\n", o.HoursCovered, o.Hours, o.SkipData, o.Late, o.Bad, o.Unmeasured, o.LegRecords, o.LegBytes)
	fmt.Fprintf(&b, "all%s; rest%s; %d edges, %d nodes\n", verdicts(m.Totals), verdicts(m.Rest), m.AllEdges, m.AllNodes)
	return b.String()
}

var update = flag.Bool("update", false, "rewrite testdata")

// golden holds text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".want")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestServiceOfHosts(t *testing.T) {
	a := ask("host")
	a.Expand = []string{"svc:aws::S3"}
	m, err := (&Questions{Engine: town(t)}).Map(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, n := range m.Nodes {
		got[n.ID] = n.Service
	}
	for id, want := range map[string]string{
		"host:10.0.0.1@vpc-1": "svc:aws:vpc-1/web",
		"host:10.0.1.1@vpc-1": "svc:aws:vpc-1/db%7C%25",
		"host:203.0.113.1":    "svc:aws::S3",
	} {
		if s, ok := got[id]; !ok || s != want {
			t.Errorf("%s is of %q (drawn: %v), want %q", id, s, ok, want)
		}
	}
}

func TestMap(t *testing.T) {
	q := &Questions{Engine: town(t)}
	f := func(name string, a Ask) {
		t.Helper()
		m, err := q.Map(context.Background(), a)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		golden(t, "map_"+name, draw(m))
	}
	for _, level := range Levels {
		f(level, ask(level))
	}
	a := ask("network")
	a.Expand = []string{"aws:network:vpc-1", "aws:subnet:vpc-1/a", "svc:aws:vpc-1/web", "inet:"}
	f("expanded", a)
	a = ask("service")
	a.Show = "denied"
	f("denied", a)
	a = ask("service")
	a.Filter, a.Metric = mustParse(t, "port = 443"), "records"
	f("filtered", a)
	a = ask("service")
	a.MaxNodes, a.MaxEdges = 3, 2
	f("capped", a)
	a.Level = "host"
	f("capped_hosts", a)
}
