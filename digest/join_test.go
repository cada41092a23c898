package digest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// TestJoin: GCP's flow entries take the verdict of the firewall entries of
// their 5-tuple and end, which stay.
func TestJoin(t *testing.T) {
	f := func(name, flowsText, events, want string) {
		t.Helper()
		r := settle(t, &Batch{}, recs(t, flowsText), recs(t, events))
		var got []string
		for _, f := range flows(t, r) {
			reason := ""
			if f.Note != nil {
				reason = f.Note.Reason
			}
			got = append(got, fmt.Sprintf("%s %s %s %s%s", f.OrientedBy, f.Observer, f.Verdict, counts(f.RequestPackets, f.RequestBytes), strings.TrimRight(" "+reason, " ")))
		}
		if g := strings.Join(got, "; "); g != want {
			t.Errorf("%s: got %q; want %q", name, g, want)
		}
	}
	const flow = "10.0.0.1/40000 10.0.0.2/8080 6 5 500 gcp egress"
	f("allowed", flow, "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow reason=r1", "provider client allowed 5/500 r1; provider client allowed ? r1")
	f("denied", flow, "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init deny reason=r1", "provider client denied 5/500 r1; provider client denied ? r1")
	f("at the other end: what left is not what was stopped", flow,
		"10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event ingress init deny reason=r1",
		"provider client unknown 5/500; provider server denied ? r1")
	f("another client port", flow, "10.0.0.1/40001 10.0.0.2/8080 6 0 0 gcp event egress init deny reason=r1",
		"one_way client unknown 5/500; provider client denied ? r1")
	f("a flow long after is let through still", flow+" at=7200-7260",
		"10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow reason=r1 at=0-0", "provider client allowed ? r1; provider client allowed 5/500 r1")
	f("a denial is for its moment", flow+" at=7200-7260",
		"10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init deny reason=r1 at=0-0",
		"provider client denied ? r1; provider client unknown 5/500")
	f("a verdict after the flow is not its", flow+" at=0-60",
		"10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow reason=r1 at=200-200",
		"provider client unknown 5/500; provider client allowed ? r1")
	f("an allowed event without a flow", "", "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow", "provider client allowed ?")
	f("the answers take it too", "10.0.0.2/8080 10.0.0.1/40000 6 5 500 gcp ingress",
		"10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow reason=r1", "provider client allowed ? r1; provider client allowed ? r1")
	f("another network", flow+" net=a", "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init deny net=b",
		"provider client unknown 5/500; provider client denied ?")
	f("the later one counts", flow+" at=100-160", `
		10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow reason=r1 at=0-0
		10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init deny reason=r2 at=120-120`,
		"provider client denied 5/500 r2; provider client allowed ? r1; provider client denied ? r2")
	f("drop records keep their own", flow+" drop", "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init allow",
		"provider client dropped 5/500; provider client allowed ?")
}

// TestJoinEarlier: flow entries take what a firewall entry of an earlier batch
// let through.
func TestJoinEarlier(t *testing.T) {
	const flow = "10.0.0.1/40000 10.0.0.2/8080 6 5 500 gcp egress net=a at=7200-7260"
	f := func(name, events, want string) {
		t.Helper()
		first := settle(t, &Batch{}, recs(t, events))
		later := settle(t, &Batch{Decided: func(tuple uint64) []Decision {
			return slices.DeleteFunc(slices.Clone(first.Decisions), func(d Decision) bool { return d.Tuple != tuple })
		}}, recs(t, flow))
		rows := flows(t, later)
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows; want 1", name, len(rows))
		}
		got := rows[0].Verdict.String()
		if n := rows[0].Note; n != nil && n.Reason != "" {
			got += " " + n.Reason
		}
		if got != want {
			t.Errorf("%s: got %q; want %q", name, got, want)
		}
	}
	const event = "10.0.0.1/40000 10.0.0.2/8080 6 0 0 gcp event egress init net=a at=0-0 "
	f("let through", event+"allow reason=r1", "allowed r1")
	f("the last of two", event+"allow reason=r1\n"+strings.Replace(event, "at=0-0", "at=60-60", 1)+"allow reason=r2", "allowed r2")
	f("a denial is for its moment", event+"deny reason=r1", "unknown")
	f("another connection", strings.Replace(event, "40000", "40001", 1)+"allow reason=r1", "unknown")
	f("at the other end", strings.Replace(event, "egress", "ingress", 1)+"allow reason=r1", "unknown")
	f("another network", strings.Replace(event, "net=a", "net=b", 1)+"allow reason=r1", "unknown")
	f("after the flow", strings.Replace(event, "at=0-0", "at=9000-9000", 1)+"allow reason=r1", "unknown")
}

func TestRepeats(t *testing.T) {
	in := recs(t, `
		10.0.0.1/40000 10.0.0.2/443 6 5 500 gcp egress id=1
		10.0.0.1/40000 10.0.0.2/443 6 7 700 gcp egress id=2 at=10-20
		10.0.0.1/40000 10.0.0.2/443 6 5 500 gcp egress id=1`)
	again := recs(t, `
		10.0.0.1/40000 10.0.0.2/443 6 5 500 gcp egress id=1
		10.0.0.1/40000 10.0.0.2/443 6 1 100 gcp egress id=3 at=20-30
		10.0.0.1/40000 10.0.0.2/443 6 1 100 gcp egress id=4 at=20-30`)
	r := settle(t, &Batch{Seen: func(id uint64) bool { return id == 4 }}, in, again)
	rows := flows(t, r)
	if len(rows) != 2 || rows[0].RequestPackets.N != 12 || rows[1].RequestPackets.N != 1 {
		t.Errorf("got %d rows, %+v; want 12 packets of object 1 and 1 of object 2", len(rows), rows)
	}
	if r.Repeats != 3 || len(r.IDs) != 3 {
		t.Errorf("%d repeats, %d ids; want 3, 3", r.Repeats, len(r.IDs))
	}
	if r.Coverage[0].Records != 3 || r.Spans[1].Records != 2 || r.Spans[2].Records != 1 {
		t.Errorf("coverage %v, spans %v; want repeats not counted", r.Coverage, r.Spans)
	}
}

// TestValues holds what adds up in a row.
func TestValues(t *testing.T) {
	one := func(in string) periplus.Flow {
		t.Helper()
		rows := flows(t, settle(t, &Batch{}, recs(t, in)))
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows; want 1: %+v", in, len(rows), rows)
		}
		return rows[0]
	}
	opened := func(in string, want periplus.Count) {
		t.Helper()
		if got := one(in).Opened; got != want {
			t.Errorf("%s: opened %v; want %v", in, got, want)
		}
	}
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40", periplus.Count{})
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40 flags=S\n10.0.0.1/40001 10.0.0.2/443 6 1 40 flags=S", periplus.Count{N: 2, Known: true})
	opened("10.0.0.2/443 10.0.0.1/40000 6 1 40 flags=SA", periplus.Count{Known: true})
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40 flags=0", periplus.Count{Known: true})
	opened("10.0.0.1/40000 10.0.0.2/443 17 1 40 flags=0", periplus.Count{})
	opened("10.0.0.1/40000 10.0.0.2/443 6 0 0 azure init begin nocount\n10.0.0.1/40000 10.0.0.2/443 6 1 40 azure init end rev=2/80", periplus.Count{N: 1, Known: true})
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40 gcp egress", periplus.Count{})
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40 flags=S\n10.0.0.1/40000 10.0.0.2/443 6 1 40 flags=S part", periplus.Count{N: 1, Known: true})
	opened("10.0.0.1/40000 10.0.0.2/443 6 1 40 azure init cont rev=2/80", periplus.Count{Known: true})
	opened("10.0.0.1/40000 10.0.0.2/443 6 0 0 azure init deny nocount", periplus.Count{})

	f := one("10.0.0.1/40000 10.0.0.2/443 6 0 0 azure init begin nocount at=0-0\n10.0.0.1/40000 10.0.0.2/443 6 3 120 azure init end rev=2/80 at=60-130 booked=130")
	if f.RequestPackets != (periplus.Count{N: 3, Known: true}) || f.ResponseBytes != (periplus.Count{N: 80, Known: true}) || f.Records != 2 || f.Minutes != 0b111 {
		t.Errorf("azure: %+v; want both directions, 2 records, minutes 0 to 2", f)
	}
	f = one("10.0.0.1/40000 10.0.0.2/443 6 0 0 nocount")
	if f.RequestPackets.Known || f.RequestBytes.Known || f.ResponsePackets.Known {
		t.Errorf("unknown counters: %+v; want null", f)
	}
	f = one("10.0.0.1/40000 10.0.0.2/443 6 1 40 at=290-890")
	if !f.Bucket.Equal(t0) || f.Minutes != 1<<4 || !f.LastSeen.Equal(t0.Add(890*time.Second)) {
		t.Errorf("spanning buckets: %+v; want that of its start", f)
	}
	f = one("10.0.0.1/40000 10.0.0.2/443 6 1 40 at=10-400 booked=400 azure init rev=1/1")
	if !f.Bucket.Equal(t0.Add(5*time.Minute)) || f.Minutes != 1<<1 || !f.FirstSeen.Equal(t0.Add(10*time.Second)) {
		t.Errorf("booked: %+v; want the bucket of what it is booked at", f)
	}
	f = one("10.0.0.1/40000 10.0.0.2/443 6 1 40 path=8 egress\n10.0.0.2/443 10.0.0.1/40000 6 1 40 srcsvc=S3 ingress")
	if f.Note == nil || f.Note.Path != "8" || f.Service != "S3" {
		t.Errorf("notes: %+v; want the path of one record and the service of the other", f)
	}
	if f = one("10.0.0.1/40000 10.0.0.2/443 6 1 40 srcsvc=EC2"); f.Service != "EC2" {
		t.Errorf("service: %q; want the client's where the server has none", f.Service)
	}
	f = one("10.0.0.1/40000 10.0.0.2/443 6 1 40\n10.0.0.1/40000 10.0.0.2/443 6 2 80 part sampled")
	if f.Records != 1 || f.RequestPackets.N != 3 || !f.Sampled {
		t.Errorf("part: %+v; want 1 record, 3 packets, sampled", f)
	}
}

func TestConnections(t *testing.T) {
	for _, n := range []int{1, 2, 100, 4096, 4097, 60000} {
		var in []periplus.Record
		r := rec(t, "10.0.0.1/0 10.0.0.2/443 6 1 40")
		for i := range 2 * n {
			r.SrcPort = uint16(1024 + (i*7919)%n)
			in = append(in, r)
		}
		for name, b := range map[string]*Batch{"memory": {}, "spilled": {}} {
			if name == "spilled" {
				b.small(16, 64)
			}
			rows := flows(t, settle(t, b, in))
			if len(rows) != 1 || rows[0].Connections != int64(n) || rows[0].Records != int64(2*n) {
				t.Errorf("%s: %d client ports: %d rows, %d connections; want 1, %d", name, n, len(rows), rows[0].Connections, n)
			}
		}
	}
}
