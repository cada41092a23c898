package format

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

func TestGCP(t *testing.T) { golden(t, "gcp*") }

// cloudSample opens one of the samples, which a fresh clone does not have.
func cloudSample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../shared/samples/" + name)
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("no samples in ../../shared/samples")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sampleRecords reads a sample as Open would: the format is guessed.
func sampleRecords(t *testing.T, name, wantFormat string) []periplus.Record {
	t.Helper()
	text := cloudSample(t, name)
	o, err := Open(bytes.NewReader(text), Options{Now: cloudNow})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if o.Format.Name != wantFormat {
		t.Errorf("%s: guessed %s, want %s", name, o.Format.Name, wantFormat)
	}
	recs := make([]periplus.Record, 10000)
	n, err := o.Reader.Read(recs)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if m, err := o.Reader.Read(recs[n:]); m != 0 || err != io.EOF {
		t.Fatalf("%s: then %d records, %v; want the end", name, m, err)
	}
	if bad := o.Reader.Stats().Bad; len(bad) > 0 {
		t.Errorf("%s: bad %v", name, bad)
	}
	if u := o.Reader.Stats().Unknown; len(u) > 0 {
		t.Errorf("%s: unknown %v", name, u)
	}
	return recs[:n]
}

// gcpSays writes what expected.json says of a record.
func gcpSays(r *periplus.Record) string {
	ports := "no ports"
	if r.Has&(periplus.HasSrcPort|periplus.HasDstPort) != 0 {
		ports = fmt.Sprintf("%d>%d", r.SrcPort, r.DstPort)
	}
	return fmt.Sprintf("%v>%v %s proto %d %v bytes %d packets %d %s..%s", r.Src, r.Dst, ports, r.Protocol, r.Direction,
		r.Bytes, r.Packets, r.Start.Format("2006-01-02T15:04:05.999999999Z"), r.End.Format("2006-01-02T15:04:05.999999999Z"))
}

func TestGCPSamples(t *testing.T) {
	f := func(name string, want ...string) []periplus.Record {
		t.Helper()
		recs := sampleRecords(t, name, "gcp-flow")
		if len(recs) != len(want) {
			t.Fatalf("%s: %d records, want %d", name, len(recs), len(want))
		}
		for i := range recs {
			if got := gcpSays(&recs[i]); got != want[i] {
				t.Errorf("%s, record %d:\n got %s\nwant %s", name, i+1, got, want[i])
			}
			if r := &recs[i]; !r.Sampled || r.Verdict != periplus.Unknown || r.Place.Provider != "gcp" {
				t.Errorf("%s, record %d: sampled %v, verdict %v, provider %q", name, i+1, r.Sampled, r.Verdict, r.Place.Provider)
			}
		}
		return recs
	}
	g := "gcp-otel-logentry/"
	recs := f(g+"vpc-flow-log-google-service.ndjson",
		"10.10.0.3>142.251.183.95 57046>443 proto 6 egress bytes 38144 packets 72 2025-11-07T21:17:47.862783471Z..2025-11-07T21:18:47.883105401Z",
		"64.233.179.95>10.10.0.3 443>52900 proto 6 ingress bytes 1968 packets 32 2025-11-07T21:19:40.711783712Z..2025-11-07T21:19:40.712832508Z")
	wantPlace := periplus.Place{Provider: "gcp", Account: "elastic-logstash", Region: "us-central1", Zone: "us-central1-f",
		Network: "elastic-logstash/andrewvc-flowfixtures-network", Subnet: "andrewvc-flowfixtures-subnet",
		Interface: "andrewvc-flowfixtures-vm-2qhb", Log: "compute.googleapis.com/vpc_flows"}
	if *recs[0].Place != wantPlace || recs[0].Place != recs[1].Place {
		t.Errorf("places %+v and %+v, want one: %+v", *recs[0].Place, *recs[1].Place, wantPlace)
	}
	if id := recs[0].SrcID; id.Name != "andrewvc-flowfixtures-vm-2qhb" || id.Service != "andrewvc-flowfixtures-mig" || id.Kind != "gcp.gce" {
		t.Errorf("source %+v", *id)
	}
	if recs[0].DstID.Name != "logging.googleapis.com" || recs[0].Note.DstService != "logging.googleapis.com" || recs[1].Note.SrcService != "agentcommunication.googleapis.com" {
		t.Errorf("services %+v, %+v, %+v", *recs[0].DstID, *recs[0].Note, *recs[1].Note)
	}
	recs = f(g+"vpc-flow-log-w-dest-vpc.json",
		"203.0.113.5>192.0.2.5 45004>22 proto 6 ingress bytes 11590 packets 90 2025-09-27T21:13:15.686128981Z..2025-09-27T21:13:15.943125002Z")
	if id := recs[0].SrcID; id.Country != "IN" || id.ASN != 24560 {
		t.Errorf("source %+v, want country IN, AS 24560", *id)
	}
	if p := recs[0].Place; p.Log != "networkmanagement.googleapis.com/vpc_flows/joe-test-flow-logs-default" || p.Zone != "asia-south1-c" || p.Subnet != "default" {
		t.Errorf("place %+v", *p)
	}
	recs = f(g+"vpc-flow-log-w-internet-routing-details.json",
		"192.0.2.6>203.0.113.6 no ports proto 1 egress bytes 800 packets 20 2025-09-27T21:13:05.056628399Z..2025-09-27T21:13:05.056628399Z")
	if id := recs[0].DstID; id.ASN != 14618 || id.Country != "US" {
		t.Errorf("destination %+v, want US, AS 14618", *id)
	}
	f(g+"vpc-flow-log-0-bytes-sent.json",
		"192.0.2.1>203.0.113.1 443>40708 proto 6 egress bytes 0 packets 640 2025-09-27T21:12:02.937646004Z..2025-09-27T21:12:02.937646004Z")
	f(g+"vpc-flow-log-managed-instance.ndjson",
		"45.78.219.169>10.10.0.2 39552>22 proto 6 ingress bytes 0 packets 8 2025-11-07T21:18:58.489621532Z..2025-11-07T21:18:58.489621532Z",
		"10.10.0.2>173.194.193.95 55502>443 proto 6 egress bytes 312 packets 16 2025-11-07T21:18:23.618334505Z..2025-11-07T21:19:23.813103387Z")
	f(g+"vpc-flow-log-from-computeengine-2.json",
		"35.191.240.44>10.128.0.43 47036>443 proto 6 ingress bytes 0 packets 16 2025-09-27T21:36:34.26571808Z..2025-09-27T21:36:34.26571808Z")
	f(g+"vpc-flow-log-synthetic.json",
		"10.1.2.3>192.168.1.2 12345>80 proto 6 egress bytes 123456 packets 150 2025-09-27T10:00:00.123456789Z..2025-09-27T10:00:01.123456789Z")

	// Payloads without their envelope; the fourth is ICMP without start_time.
	recs = f("gcp-flowlogs-reader/payloads.ndjson",
		"198.51.100.75>192.0.2.2 49444>3389 proto 6 ingress bytes 491 packets 4 2018-04-03T13:47:37.30172396Z..2018-04-03T13:47:38.401Z",
		"192.0.2.2>198.51.100.75 3389>49444 proto 6 egress bytes 756 packets 6 2018-04-03T13:47:32.805417512Z..2018-04-03T13:47:33.937764566Z",
		"192.0.2.2>192.0.2.3 3389>65535 proto 6 egress bytes 1020 packets 20 2018-04-03T13:47:31.805417512Z..2018-04-03T13:48:33.937764566Z",
		"192.0.2.2>192.0.2.3 no ports proto 1 egress bytes 1020 packets 20 2018-04-03T13:48:33.937764566Z..2018-04-03T13:48:33.937764566Z")
	if recs[0].DstID.Name != "vm-instance-01" || recs[0].Place.Network != "yoyodyne-102010/yoyo-vpc-1" || recs[0].SrcID.Country != "US" || recs[1].DstID.Country != "US" {
		t.Errorf("names of the first payloads: %+v, %+v", *recs[0].DstID, *recs[0].Place)
	}
}

func TestGCPCountry(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := gcpCountry([]byte(in)); got != want {
			t.Errorf("gcpCountry(%q) = %q, want %q", in, got, want)
		}
	}
	f("usa", "US")
	f("nld", "NL")
	f("IND", "IN")
	f("sgp", "SG")
	f("afg", "AF")
	f("zwe", "ZW")
	f("xkx", "XK")
	f("be", "BE")
	f("zzz", "")
	f("zz", "")
	f("u s", "")
	f("", "")
	if n := len(gcpCountries) / 6; n != 250 {
		t.Errorf("%d countries, want the 249 of ISO 3166 and Kosovo", n)
	}
}

// gcpLines are n entries of 50 machines, as a bucket sink writes them.
func gcpLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"insertId":"%08x","jsonPayload":{"bytes_sent":"%d","connection":{"dest_ip":"10.%d.2.%d","dest_port":443,"protocol":6,"src_ip":"10.1.0.%d","src_port":%d},`+
			`"dest_instance":{"project_id":"p1","region":"europe-west1","vm_name":"db-%d","zone":"europe-west1-b"},"dest_vpc":{"project_id":"p1","subnetwork_name":"s2","subnetwork_region":"europe-west1","vpc_name":"prod"},`+
			`"end_time":"2024-05-01T10:%02d:03.940712832Z","packets_sent":"%d","reporter":"SRC",`+
			`"src_instance":{"managed_instance_group":{"name":"web","region":"europe-west1"},"project_id":"p1","region":"europe-west1","vm_name":"web-%d","zone":"europe-west1-b"},`+
			`"src_vpc":{"project_id":"p1","subnetwork_name":"s1","subnetwork_region":"europe-west1","vpc_name":"prod"},"start_time":"2024-05-01T10:%02d:00.711783712Z"},`+
			`"logName":"projects/p1/logs/compute.googleapis.com%%2Fvpc_flows","receiveTimestamp":"2024-05-01T11:23:00.382952274Z",`+
			`"resource":{"labels":{"location":"europe-west1-b","project_id":"p1","subnetwork_id":"3489268495624148348","subnetwork_name":"s1"},"type":"gce_subnetwork"},"timestamp":"2024-05-01T11:23:00.382952274Z"}`+"\n",
			i, i*40, i%8, i%250, i%50, 1024+i%60000, i%20, i%60, 1+i%9, i%50, i%60)
	}
	return b.Bytes()
}

// endless repeats text, so that a reader is measured and not its start.
type endless struct {
	text []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// steady holds a reader to allocating nothing once it has met everything.
func steady(t *testing.T, f Format, text []byte, records int) {
	t.Helper()
	r, err := f.Open(&endless{text: text}, Options{Now: cloudNow})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, records)
	allocs := testing.AllocsPerRun(3, func() {
		for n := 0; n < records; {
			m, err := r.Read(recs[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	})
	if allocs > 0 {
		t.Errorf("%s: %v allocations for %d records, want none", f.Name, allocs, records)
	}
	if r.Stats().BadTotal() > 0 {
		t.Errorf("%s: bad %v: %v", f.Name, r.Stats().Bad, r.Stats().First)
	}
}

func TestGCPAllocatesNothing(t *testing.T) {
	steady(t, gcpFlow, gcpLines(2000), 2000)
	text, err := os.ReadFile("testdata/gcp-firewall.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	steady(t, gcpFirewall, bytes.Join(lines[:6], nil), 600)
}

// An entry that does not fit into memory is one bad entry, whatever stands
// around it.
func TestLongEntry(t *testing.T) {
	good := strings.TrimSpace(string(gcpLines(1)))
	long := `{"insertId":"long","jsonPayload":{"x":"` + strings.Repeat("x", jsonMax+jsonMax/2) + `"}}`
	f := func(name string, f Format, text string) {
		t.Helper()
		got := cloudRead(t, f, strings.NewReader(text), 10)
		if !strings.Contains(got, "records 2, bad \"syntax=1\"") || !strings.Contains(got, "longer than 4 MiB") {
			t.Errorf("%s: got %.2000s", name, got)
		}
	}
	f("lines", gcpFlow, good+"\n"+long+"\n"+good+"\n")
	f("array on one line", gcpFlow, "["+good+","+long+","+good+"]")
	f("array on lines", gcpFlow, "[\n"+good+",\n"+long+",\n"+good+"\n]\n")
	tuple := `{"time":"t","flowRecords":{"flows":[{"flowTuples":["1714557600,10.0.0.1,10.0.0.2,1,2,6,I,B,X,,,,"]}]}}`
	f("azure", azureVNet, `{"records":[`+tuple+`,{"time":"`+strings.Repeat("x", jsonMax+9)+`"},`+tuple+`]}`)
}

func benchmarkFormat(b *testing.B, f Format, text []byte) {
	r, err := f.Open(&endless{text: text}, Options{Now: cloudNow})
	if err != nil {
		b.Fatal(err)
	}
	recs := make([]periplus.Record, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Read(recs); n != len(recs) || err != nil {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(r.Stats().Records)/b.Elapsed().Seconds(), "records/s")
	if a, ok := r.(*azureReader); ok {
		b.ReportMetric(float64(a.win.offset())/b.Elapsed().Seconds()/1e6, "MB/s")
	}
	if g, ok := r.(*gcpReader); ok {
		b.ReportMetric(float64(g.win.offset())/b.Elapsed().Seconds()/1e6, "MB/s")
	}
}

func BenchmarkGCPFlow(b *testing.B) { benchmarkFormat(b, gcpFlow, gcpLines(2000)) }

func BenchmarkGCPFirewall(b *testing.B) {
	text, err := os.ReadFile("testdata/gcp-firewall.ndjson")
	if err != nil {
		b.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	benchmarkFormat(b, gcpFirewall, bytes.Join(lines[:6], nil))
}

// Whatever the bytes, a reader ends, counts what it met, and says the same
// however they come in.
func fuzzFormat(f *testing.F, pattern string, formats ...Format) {
	for _, text := range fuzzSeeds(f, pattern) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, x := range formats {
			x.Guess(text, Options{})
			got := cloudRead(t, x, bytes.NewReader(text), 100)
			if again := cloudRead(t, x, &stingy{text, max(7, len(text)/20)}, 3); again != got {
				t.Errorf("%s: in pieces\n%s\nwant\n%s", x.Name, again, got)
			}
			if e, err := x.Explain(text, Options{Now: cloudNow}); (e == nil) != (err != nil) {
				t.Errorf("%s: Explain gives %v, %v", x.Name, e, err)
			}
		}
	})
}

// stingy gives n bytes at a time.
type stingy struct {
	text []byte
	n    int
}

func (s *stingy) Read(p []byte) (int, error) {
	if len(s.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.text[:min(s.n, len(s.text))])
	s.text = s.text[n:]
	return n, nil
}

func FuzzGCP(f *testing.F) { fuzzFormat(f, "gcp*", gcpFlow, gcpFirewall) }
