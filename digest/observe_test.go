package digest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// TestObserver holds where the observer stands: records, then for each row its
// conversation, observer and NAT addresses.
func TestObserver(t *testing.T) {
	f := func(name, in, want string) {
		t.Helper()
		var got []string
		for _, f := range flows(t, settle(t, &Batch{}, recs(t, in))) {
			s := fmt.Sprintf("%s>%s/%d %s %s", f.Client, f.Server, f.ServerPort, f.Place.Interface, f.Observer)
			if f.NATClient.IsValid() {
				s += " client=" + f.NATClient.String()
			}
			if f.NATServer.IsValid() {
				s += " server=" + f.NATServer.String()
			}
			got = append(got, s)
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
	f("direction", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1 eni=eni-a egress
		10.0.0.1/40000 10.0.0.2/443 6 1 1 eni=eni-b ingress
		10.0.0.1/40000 10.0.0.2/443 6 1 1 eni=tgw-c through`, `
		10.0.0.1>10.0.0.2/443 eni-a client
		10.0.0.1>10.0.0.2/443 eni-b server
		10.0.0.1>10.0.0.2/443 tgw-c middle`)
	f("both directions of a conversation are one observer", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1 egress
		10.0.0.2/443 10.0.0.1/40000 6 1 1 ingress`, `
		10.0.0.1>10.0.0.2/443 eni-1 client`)
	f("the address in all records", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		10.0.0.3/443 10.0.0.1/40001 6 1 1`, `
		10.0.0.1>10.0.0.2/443 eni-1 client
		10.0.0.1>10.0.0.3/443 eni-1 client`)
	f("a single peer says nothing", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		10.0.0.2/443 10.0.0.1/40001 6 1 1`, `
		10.0.0.1>10.0.0.2/443 eni-1 unknown`)
	f("nothing common says nothing", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		10.0.0.3/40000 10.0.0.4/443 6 1 1`, `
		10.0.0.1>10.0.0.2/443 eni-1 unknown
		10.0.0.3>10.0.0.4/443 eni-1 unknown`)
	f("IPv4 and IPv6 apart", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		10.0.0.1/40000 10.0.0.3/443 6 1 1
		2001:db8::1/40000 2001:db8::2/443 6 1 1
		2001:db8::3/40000 2001:db8::2/443 6 1 1`, `
		10.0.0.1>10.0.0.2/443 eni-1 client
		10.0.0.1>10.0.0.3/443 eni-1 client
		2001:db8::1>2001:db8::2/443 eni-1 server
		2001:db8::3>2001:db8::2/443 eni-1 server`)
	f("another log of the interface knows the direction", `
		10.0.0.1/40000 10.0.0.2/443 6 1 1 log=fl-2
		10.0.0.1/40001 10.0.0.9/443 6 1 1 log=fl-1 egress`, `
		10.0.0.1>10.0.0.2/443 eni-1 client
		10.0.0.1>10.0.0.9/443 eni-1 client`)
	f("what direction says goes before what records have in common", `
		10.0.0.1/40001 10.0.0.2/443 6 1 1 log=fl-1 egress
		10.0.0.1/40000 10.0.0.9/443 6 1 1 log=fl-2
		10.0.0.3/40000 10.0.0.9/443 6 1 1 log=fl-2`, `
		10.0.0.1>10.0.0.2/443 eni-1 client
		10.0.0.1>10.0.0.9/443 eni-1 client
		10.0.0.3>10.0.0.9/443 eni-1 unknown`)
	f("both ends the interface's own", `
		10.0.0.1/40001 10.0.0.9/443 6 1 1 log=fl-1 egress
		10.0.0.2/40001 10.0.0.9/443 6 1 1 log=fl-1 egress
		10.0.0.1/40000 10.0.0.2/443 6 1 1 log=fl-2`, `
		10.0.0.1>10.0.0.2/443 eni-1 unknown
		10.0.0.1>10.0.0.9/443 eni-1 client
		10.0.0.2>10.0.0.9/443 eni-1 client`)
	f("NAT gateway by interface-type", `
		10.0.1.5/40000 10.0.0.220/443 6 1 1 ingress pkt=10.0.1.5>203.0.113.5 type=nat_gateway
		10.0.0.220/443 10.0.1.5/40000 6 1 1 egress pkt=203.0.113.5>10.0.1.5 type=nat_gateway`, `
		10.0.1.5>203.0.113.5/443 eni-1 middle server=10.0.0.220`)
	f("a pod by interface-type", `
		10.0.0.10/40000 10.0.0.2/443 6 1 1 egress pkt=10.0.0.77>10.0.0.2 type=interface`, `
		10.0.0.77>10.0.0.2/443 eni-1 client client=10.0.0.10`)
	f("instance-id tells a pod from a gateway", `
		10.0.0.10/40000 10.0.0.2/443 6 1 1 eni=eni-a egress pkt=10.0.0.77>10.0.0.2 instance=i-1
		10.0.0.10/40000 10.0.0.2/443 6 1 1 eni=eni-b egress pkt=10.0.0.78>10.0.0.2 instance=-`, `
		10.0.0.77>10.0.0.2/443 eni-a client client=10.0.0.10
		10.0.0.78>10.0.0.2/443 eni-b middle client=10.0.0.10`)
	f("without either the packet's address decides: public", `
		10.0.1.5/40000 10.0.0.220/443 6 1 1 ingress pkt=10.0.1.5>203.0.113.5`, `
		10.0.1.5>203.0.113.5/443 eni-1 middle server=10.0.0.220`)
	f("owned by another interface", `
		10.0.0.220/40000 10.0.9.9/443 6 1 1 eni=eni-nat egress pkt=10.0.1.5>10.0.9.9
		10.0.1.5/40000 10.0.9.9/443 6 1 1 eni=eni-host egress`, `
		10.0.1.5>10.0.9.9/443 eni-host client
		10.0.1.5>10.0.9.9/443 eni-nat middle client=10.0.0.220`)
	f("owned by nobody else", `
		10.0.0.10/40000 10.0.9.9/443 6 1 1 egress pkt=10.0.0.77>10.0.9.9`, `
		10.0.0.77>10.0.9.9/443 eni-1 client client=10.0.0.10`)
	f("secondary address of a server", `
		10.0.9.9/40000 10.0.0.10/443 6 1 1 ingress pkt=10.0.9.9>10.0.0.11`, `
		10.0.9.9>10.0.0.11/443 eni-1 server server=10.0.0.10`)
}

// TestBetween: which types of interface pass on what is not theirs.
func TestBetween(t *testing.T) {
	f := func(want between, types ...string) {
		t.Helper()
		for _, s := range types {
			if got := standsBetween(&periplus.Place{InterfaceType: s, Instance: "i-1"}); got != want {
				t.Errorf("%s: %d; want %d", s, got, want)
			}
		}
	}
	f(betweenYes, "nat_gateway", "natgateway", "regional_nat_gateway", "network_load_balancer", "gateway_load_balancer", "amazon_elb",
		"vpc_endpoint", "gateway_load_balancer_endpoint", "transit_gateway", "global_accelerator_managed", "api_gateway_managed")
	f(betweenNo, "interface", "efa", "branch", "trunk", "lambda", "", "-")
}

// TestLeg: what a NAT gateway writes in its own name is the far leg of what it
// passed on, where it is.
func TestLeg(t *testing.T) {
	f := func(name, own string, want periplus.Observer) {
		t.Helper()
		r := settle(t, &Batch{}, recs(t, `10.0.1.5/40000 10.0.0.220/443 6 9 900 at=0-60 ingress pkt=10.0.1.5>203.0.113.5 type=nat_gateway`),
			recs(t, own))
		for _, f := range flows(t, r) {
			if f.Object == 2 && f.Observer != want {
				t.Errorf("%s: %s; want %s", name, brief(&f), want)
			}
		}
	}
	f("the far leg", "10.0.0.220/1025 203.0.113.5/443 6 9 900 at=0-60 egress type=nat_gateway", periplus.ObserverLeg)
	f("its answers", "203.0.113.5/443 10.0.0.220/1025 6 9 900 at=0-60 ingress type=nat_gateway", periplus.ObserverLeg)
	f("within the slack", "10.0.0.220/1025 203.0.113.5/443 6 9 900 at=180-190 egress type=nat_gateway", periplus.ObserverLeg)
	f("too late", "10.0.0.220/1025 203.0.113.5/443 6 9 900 at=181-190 egress type=nat_gateway", periplus.ObserverClient)
	f("another far end", "10.0.0.220/1025 203.0.113.6/443 6 9 900 at=0-60 egress type=nat_gateway", periplus.ObserverClient)
	f("another port", "10.0.0.220/1025 203.0.113.5/80 6 9 900 at=0-60 egress type=nat_gateway", periplus.ObserverClient)
	f("another interface", "10.0.0.220/1025 203.0.113.5/443 6 9 900 at=0-60 egress eni=eni-2", periplus.ObserverClient)
	f("a scan of the gateway's own address", "198.51.100.7/45000 10.0.0.220/22 6 1 40 at=0-60 ingress deny type=nat_gateway", periplus.ObserverServer)
	f("another protocol", "10.0.0.220/1025 203.0.113.5/443 17 9 900 at=0-60 egress type=nat_gateway", periplus.ObserverClient)
	f("what was stopped is no leg", "10.0.0.220/1025 203.0.113.5/443 6 9 900 at=0-60 egress deny type=nat_gateway", periplus.ObserverClient)
}

// TestLegs: what makes rows of an interface's own name legs.
func TestLegs(t *testing.T) {
	f := func(name, in string, want ...string) {
		t.Helper()
		var got []string
		for _, f := range flows(t, settle(t, &Batch{}, recs(t, in))) {
			if f.Place.Interface == "eni-nat" {
				got = append(got, fmt.Sprintf("%s %s", f.Client, f.Observer))
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q; want %q", name, got, want)
		}
	}
	f("without directions, by the gateway's own address", `
		10.0.1.5/40000 10.0.0.220/443 17 9 900 eni=eni-nat pkt=10.0.1.5>203.0.113.5
		10.0.1.6/40000 10.0.0.220/443 17 9 900 eni=eni-nat pkt=10.0.1.6>203.0.113.5
		10.0.0.220/1025 203.0.113.5/443 17 18 1800 eni=eni-nat`,
		"10.0.0.220 leg", "10.0.1.5 middle", "10.0.1.6 middle")
	f("what was stopped on its way has none", `
		10.0.1.5/40000 10.0.0.220/443 6 9 900 eni=eni-nat ingress pkt=10.0.1.5>203.0.113.5 deny
		10.0.0.220/1025 203.0.113.5/443 6 9 900 eni=eni-nat egress`,
		"10.0.0.220 client", "10.0.1.5 middle")
	f("a pod's rows are none", `
		10.0.1.5/40000 10.0.0.220/443 6 9 900 eni=eni-nat ingress pkt=10.0.1.5>203.0.113.5
		10.0.0.220/40001 203.0.113.5/443 6 1 1 eni=eni-nat egress pkt=10.0.0.77>203.0.113.5`,
		"10.0.0.77 client", "10.0.1.5 middle")
	f("a gateway that shows the far end on the other side", `
		10.0.0.220/40000 10.0.0.9/443 6 9 900 eni=eni-nat egress pkt=10.0.0.220>203.0.113.5 type=nat_gateway
		10.0.0.220/1025 203.0.113.5/443 6 9 900 eni=eni-nat egress type=nat_gateway`,
		"10.0.0.220 leg", "10.0.0.220 middle")
}

func TestIntervals(t *testing.T) {
	const s = int64(1e6)
	var v intervals
	for _, n := range []int64{1000, 0, 5000, 100} {
		v = v.add(seen{n * s, (n + 10) * s})
	}
	v = v.tidy()
	f := func(first, last int64, want bool) {
		t.Helper()
		if got := v.touches(seen{first * s, last * s}); got != want {
			t.Errorf("%v touches %d-%d: %v; want %v", v, first, last, got, want)
		}
	}
	f(-200, -121, false)
	f(-200, -120, true)
	f(50, 60, true)
	f(230, 231, true)
	f(231, 231, false)
	f(879, 879, false)
	f(600, 880, true)
	f(1131, 4879, false)
	f(0, 9000, true)
	f(5131, 9000, false)
}

func TestOwned(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var got []string
		for _, o := range settle(t, &Batch{}, recs(t, in)).Owned {
			got = append(got, fmt.Sprintf("%s %s %.0f-%.0f", o.Addr, o.Place.Interface, o.First.Sub(t0).Seconds(), o.Last.Sub(t0).Seconds()))
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("%s: got %q; want %q", in, g, want)
		}
	}
	f("10.0.0.1/40000 10.0.0.2/443 6 1 1 egress at=0-60\n10.0.0.9/443 10.0.0.1/40000 6 1 1 ingress at=100-160", "10.0.0.1 eni-1 0-160")
	f("10.0.0.1/40000 10.0.0.2/443 6 1 1 at=0-60\n10.0.0.9/443 10.0.0.1/40000 6 1 1 at=100-160", "10.0.0.1 eni-1 0-160")
	f("10.0.0.1/40000 10.0.0.2/443 6 1 1 at=0-60", "")
	f("10.0.0.10/40000 10.0.0.2/443 6 1 1 egress pkt=10.0.0.77>10.0.0.2 instance=i-1", "10.0.0.10 eni-1 0-60, 10.0.0.77 eni-1 0-60")
	f("10.0.1.5/40000 10.0.0.220/443 6 1 1 ingress pkt=10.0.1.5>203.0.113.5 instance=-", "10.0.0.220 eni-1 0-60")
}

func TestNamed(t *testing.T) {
	r := settle(t, &Batch{}, recs(t, `
		10.0.0.1/40000 10.0.0.2/443 6 1 1 at=0-60 gcp net=vpc-1 srcid=web-1 dstid=db-1 egress
		10.0.0.1/40000 10.0.0.2/443 6 1 1 at=100-160 gcp net=vpc-1 srcid=web-1 egress`))
	var got []string
	for _, n := range r.Named {
		got = append(got, fmt.Sprintf("%s %s %s %s %s", n.Addr, n.Network, n.Identity.Name, n.Provider, n.Last.Sub(n.First)))
	}
	if g, want := strings.Join(got, ", "), "10.0.0.1 vpc-1 web-1 gcp 2m40s, 10.0.0.2 vpc-1 db-1 gcp 1m0s"; g != want {
		t.Errorf("got %q; want %q", g, want)
	}
}

func TestServers(t *testing.T) {
	r := settle(t, &Batch{}, recs(t, `
		10.0.0.1/40000 10.0.0.2/8080 6 1 1 flags=S
		10.0.0.3/9999 10.0.0.1/40000 6 1 1 flags=SA
		10.0.0.1/40000 10.0.0.4/8080 6 1 1 flags=S deny
		10.0.0.1/40000 10.0.0.5/443 6 1 1 azure init
		10.0.0.1/40000 10.0.0.6/443 6 1 1`))
	want := []Server{
		{netip.MustParseAddr("10.0.0.2"), 8080, 6}, {netip.MustParseAddr("10.0.0.3"), 9999, 6}, {netip.MustParseAddr("10.0.0.5"), 443, 6},
	}
	if fmt.Sprint(r.Servers) != fmt.Sprint(want) {
		t.Errorf("got %v; want %v", r.Servers, want)
	}
}

func TestCoverage(t *testing.T) {
	r := settle(t, &Batch{}, recs(t, `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		10.0.0.1/40000 10.0.0.2/443 6 1 1 deny
		10.0.0.1/40000 10.0.0.2/443 6 1 1 part drop
		0.0.0.0 0.0.0.0 0 0 0 nodata
		0.0.0.0 0.0.0.0 0 0 0 skipdata at=4000-4060
		10.0.0.1/40000 10.0.0.2/443 6 1 1 deny log=fl-2
		10.0.0.1/40000 10.0.0.2/443 6 1 1 event gcp allow log=fw`))
	var got []string
	for _, c := range r.Coverage {
		got = append(got, fmt.Sprintf("%s %s %s keeps=%v records=%d nodata=%d skipdata=%d", c.Hour.Format("15:04"), c.Provider, c.Log, c.KeepsPassed, c.Records, c.NoData, c.SkipData))
	}
	want := []string{
		"10:00 aws fl-1 keeps=true records=2 nodata=1 skipdata=0",
		"10:00 aws fl-2 keeps=false records=1 nodata=0 skipdata=0",
		"10:00 gcp fw keeps=false records=1 nodata=0 skipdata=0",
		"11:00 aws fl-1 keeps=false records=0 nodata=0 skipdata=1",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	if s := r.Spans[1]; s.Records != 4 || !s.First.Equal(t0) || !s.Last.Equal(t0.Add(time.Minute)) {
		t.Errorf("span %v; want 4 records in the first minute", s)
	}
}

// What objects say of windows is told object by object, and adds up to what
// coverage has of them, whether it fits into memory or not.
func TestWindows(t *testing.T) {
	const nothing = "0.0.0.0 0.0.0.0 0 0 0 "
	r := settle(t, &Batch{}, recs(t, `
		10.0.0.1/40000 10.0.0.2/443 6 1 1
		`+nothing+`nodata
		`+nothing+`nodata at=299-359
		`+nothing+`nodata at=300-360
		`+nothing+`skipdata at=300-360
		`+nothing+`nodata eni=eni-2 at=4000-4060`), nil, recs(t, nothing+"skipdata"), recs(t, "10.0.0.1/40000 10.0.0.2/443 6 1 1"))
	got, want := strings.Join(windowTexts(r), "\n"), `1 10:00 eni-1 nodata=2 skipdata=0
1 10:05 eni-1 nodata=1 skipdata=1
1 11:05 eni-2 nodata=1 skipdata=0
3 10:00 eni-1 nodata=0 skipdata=1`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i, n := range []int64{5, 0, 1, 0} {
		if s := r.Spans[int64(i+1)]; s.Windows != n {
			t.Errorf("object %d: %d windows, want %d", i+1, s.Windows, n)
		}
	}
	// More than memory holds.
	rnd := rand.New(rand.NewPCG(1, 2))
	var objects [][]periplus.Record
	for range 40 {
		var rs []periplus.Record
		for range 3000 {
			line := fmt.Sprintf(nothing+"nodata eni=eni-%d at=%d-9999", rnd.IntN(2000), rnd.IntN(9000))
			rs = append(rs, rec(t, line))
		}
		rs = append(rs, traffic(rnd.Uint64(), 2000)...)
		objects = append(objects, rs)
	}
	small := parallel(t, &Batch{Memory: 1, Temp: t.TempDir()}, objects, 3, rnd)
	large := settle(t, &Batch{}, objects...)
	if got, want := windowTexts(small), windowTexts(large); len(want) < 100_000 || !slices.Equal(got, want) {
		t.Errorf("%d windows in little memory, %d in much", len(got), len(want))
	}
	var told, covered int64
	for w := range small.Windows {
		told += w.NoData
	}
	for _, c := range small.Coverage {
		covered += c.NoData
	}
	if told != 120_000 || covered != told {
		t.Errorf("windows tell of %d, coverage of %d; want 120000", told, covered)
	}
}

// Coverage is what rows and windows add up to: by nothing else can it be taken
// back when an object is read again.
func TestCoverageIsOfRowsAndWindows(t *testing.T) {
	type counts struct{ records, nodata, skipdata int64 }
	for seed := range uint64(6) {
		r := settle(t, &Batch{}, random(seed, 6, 400)...)
		left := map[periplus.Coverage]counts{}
		add := func(at time.Time, p *periplus.Place, n counts) {
			k := periplus.Coverage{Hour: at.Truncate(time.Hour), Provider: p.Provider, Account: p.Account, Network: p.Network,
				Subnet: p.Subnet, Region: p.Region, Interface: p.Interface, Log: p.Log}
			was := left[k]
			left[k] = counts{was.records + n.records, was.nodata + n.nodata, was.skipdata + n.skipdata}
		}
		for f, err := range r.Rows {
			if err != nil {
				t.Fatal(err)
			}
			add(f.Bucket, f.Place, counts{records: f.Records})
		}
		for w, err := range r.Windows {
			if err != nil {
				t.Fatal(err)
			}
			add(w.Bucket, w.Place, counts{nodata: w.NoData, skipdata: w.SkipData})
		}
		if len(left) < 10 {
			t.Fatalf("seed %d: %d hours of logs are too few to tell", seed, len(left))
		}
		for _, c := range r.Coverage {
			add(c.Hour, &periplus.Place{Provider: c.Provider, Account: c.Account, Network: c.Network, Subnet: c.Subnet, Region: c.Region,
				Interface: c.Interface, Log: c.Log}, counts{-c.Records, -c.NoData, -c.SkipData})
		}
		for k, n := range left {
			if n != (counts{}) {
				t.Errorf("seed %d: rows and windows of %v have %+v more than coverage", seed, k, n)
			}
		}
	}
}
