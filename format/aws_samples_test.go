package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// sample reads a file of the shared samples, which only developers have.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "shared", "samples", name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("no samples: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readSample(t *testing.T, name string, opt Options) ([]periplus.Record, *periplus.Stats) {
	t.Helper()
	return readBytes(t, name, sample(t, name), opt)
}

func readBytes(t *testing.T, name string, data []byte, opt Options) ([]periplus.Record, *periplus.Stats) {
	t.Helper()
	o, err := Open(bytes.NewReader(data), opt)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	recs, err := readAll(o.Reader)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return recs, o.Reader.Stats()
}

// words is a record by the names that other parsers give its fields.
func words(r *periplus.Record) map[string]string {
	m := map[string]string{}
	put := func(name string, v any) {
		if s := fmt.Sprint(v); s != "" {
			m[name] = s
		}
	}
	addr := func(name string, a netip.Addr) {
		if a.IsValid() {
			m[name] = a.String()
		}
	}
	number := func(name string, bit periplus.Has, v any) {
		if r.Has&bit != 0 {
			put(name, v)
		}
	}
	put("account_id", r.Place.Account)
	put("interface_id", r.Place.Interface)
	put("vpc_id", r.Place.Network)
	put("subnet_id", r.Place.Subnet)
	put("region", r.Place.Region)
	put("az_id", r.Place.Zone)
	if r.Place.Instance != "-" {
		put("instance_id", r.Place.Instance)
	}
	addr("srcaddr", r.Src)
	addr("dstaddr", r.Dst)
	addr("pkt_srcaddr", r.PktSrc)
	addr("pkt_dstaddr", r.PktDst)
	number("srcport", periplus.HasSrcPort, r.SrcPort)
	number("dstport", periplus.HasDstPort, r.DstPort)
	number("protocol", periplus.HasProtocol, r.Protocol)
	number("packets", periplus.HasPackets, r.Packets)
	number("bytes", periplus.HasBytes, r.Bytes)
	number("tcp_flags", periplus.HasTCPFlags, r.TCPFlags)
	for name, t := range map[string]time.Time{"start": r.Start, "end": r.End} {
		if !t.IsZero() {
			put(name, t.Format(time.RFC3339))
		}
	}
	put("action", [...]string{"", "ACCEPT", "REJECT", ""}[r.Verdict])
	put("flow_direction", [...]string{"", "ingress", "egress", ""}[r.Direction])
	put("log_status", [...]string{"OK", "", "NODATA", "SKIPDATA"}[r.Mark])
	if r.Note != nil {
		put("pkt_src_aws_service", r.Note.SrcService)
		put("pkt_dst_aws_service", r.Note.DstService)
		for code, word := range awsPaths {
			if word == r.Note.Path {
				put("traffic_path", code)
			}
		}
	}
	for _, e := range r.Extra {
		put(strings.ReplaceAll(e.Name, "-", "_"), e.Value)
	}
	return m
}

// compareWords holds a record against what another parser's tests expect of
// it. What they say twice or what we do not keep is left out by name.
func compareWords(t *testing.T, name string, r *periplus.Record, want map[string]any, without ...string) {
	t.Helper()
	got := words(r)
	for _, k := range append(without, "version", "type", "log_status?") {
		delete(want, k)
		delete(got, k)
	}
	if _, ok := want["log_status"]; !ok {
		delete(got, "log_status") // the log has no such column
	}
	for k, v := range want {
		if got[k] != fmt.Sprint(v) {
			t.Errorf("%s: %s is %q, want %v", name, k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: %s is %q, which the line does not say", name, k, v)
		}
	}
}

// decode keeps the numbers of JSON as they are written.
func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(to); err != nil && err != io.EOF {
		t.Fatal(err)
	}
}

func TestFlowlogsReaderSamples(t *testing.T) {
	const dir = "aws-flowlogs-reader/"
	var cases []struct {
		Test, Input string
		Expected    json.RawMessage
	}
	raw := sample(t, dir+"expected.json")
	// Some inputs are objects; they belong to other packages' tests.
	var loose []struct {
		Test     string
		Input    json.RawMessage
		Expected json.RawMessage
	}
	decode(t, raw, &loose)
	for _, l := range loose {
		var in string
		if json.Unmarshal(l.Input, &in) == nil {
			cases = append(cases, struct {
				Test, Input string
				Expected    json.RawMessage
			}{l.Test, in, l.Expected})
		}
	}
	tried := 0
	for _, c := range cases {
		file, line := strings.Fields(c.Input)[0], 0
		if _, after, ok := strings.Cut(c.Input, ".log line "); ok {
			fmt.Sscan(after, &line)
		}
		switch {
		case strings.HasPrefix(file, "v2_records") && line > 0:
			recs, _ := readSample(t, dir+file, Options{Now: awsNow})
			var want map[string]any
			decode(t, c.Expected, &want)
			compareWords(t, c.Test, &recs[line-1], want)
		case strings.HasSuffix(file, "_file.log"), file == "flows.parquet" && len(Formats) > 0:
			recs, stats := readSample(t, dir+file, Options{Now: awsNow})
			var want []map[string]any
			decode(t, c.Expected, &want)
			if file == "flows.parquet" {
				// The third row's protocol is 8080, which none is.
				if stats.Bad[periplus.BadRange] != 1 || stats.NoData != 1 || stats.Records != 1 {
					t.Errorf("%s: bad %v, %d records, %d nodata; want one of each", c.Test, stats.Bad, stats.Records, stats.NoData)
				}
				want = want[:2]
			}
			if file == "v5_file.log" && stats.Bad[periplus.BadColumns] != 1 {
				t.Errorf("%s: bad %v, want the bogus line", c.Test, stats.Bad)
			}
			if file == "v6_file.log" {
				sixth(t, recs)
				tried++
				continue
			}
			if len(recs) != len(want) {
				t.Errorf("%s: %d records, want %d", c.Test, len(recs), len(want))
				continue
			}
			for i := range recs {
				compareWords(t, fmt.Sprintf("%s %d", c.Test, i+1), &recs[i], want[i])
			}
		default:
			continue
		}
		tried++
	}
	if tried < 7 {
		t.Errorf("%d cases tried, want 7", tried)
	}
	ms := "2 123456789010 eni-4b118871 - - - - - - - 1512564058000 1512564059000 - SKIPDATA"
	recs, _ := readBytes(t, "milliseconds", []byte(ms), Options{Now: awsNow})
	if got := recs[0].Start.Format(time.RFC3339); got != "2017-12-06T12:40:58Z" || recs[0].Mark != periplus.MarkSkipData {
		t.Errorf("milliseconds: %s", got)
	}
}

// sixth checks the transit gateway record that has no addresses: what it lost
// is told by further records.
func sixth(t *testing.T, recs []periplus.Record) {
	t.Helper()
	if len(recs) != 5 {
		t.Fatalf("v6: %d records, want 1 and 4 parts", len(recs))
	}
	if p := recs[0].Place; p.Interface != "00000001" || recs[0].SrcID.Account != "00000002" || recs[0].DstID.Network != "00000005" {
		t.Errorf("v6: %s", dump(&recs[0]))
	}
	for i, want := range []string{"no-route", "blackhole", "mtu-exceeded", "ttl-expired"} {
		r := &recs[i+1]
		if !r.Part || r.Verdict != periplus.Dropped || r.Packets != uint64(13+i) || r.Note.Reason != want || r.Has&periplus.HasBytes != 0 {
			t.Errorf("v6 part %d: %s; want %d packets dropped, %s", i, dump(r), 13+i, want)
		}
	}
}

func TestOTelSamples(t *testing.T) {
	const dir = "aws-otel-awslogsencoding/"
	var all map[string]json.RawMessage
	decode(t, sample(t, dir+"expected.json"), &all)
	f := func(file string, opt Options) {
		t.Helper()
		opt.Now = awsNow
		recs, stats := readSample(t, dir+file, opt)
		var want struct {
			Same   string `json:"same_records_as"`
			Expect []map[string]any
		}
		decode(t, all[file], &want)
		if want.Same != "" {
			decode(t, all[want.Same], &want)
		}
		whole := recs[:0:0]
		for _, r := range recs {
			if !r.Part {
				whole = append(whole, r)
			}
		}
		if len(whole) != len(want.Expect) || stats.BadTotal() != 0 {
			t.Fatalf("%s: %d records, %d bad; want %d", file, len(whole), stats.BadTotal(), len(want.Expect))
		}
		for i := range whole {
			e := want.Expect[i]
			if e["protocol"] == "tcp" {
				e["protocol"] = 6
			}
			for _, name := range []string{"start", "end"} {
				if n, ok := e[name].(json.Number); ok {
					sec, _ := n.Int64()
					e[name] = time.Unix(sec, 0).UTC().Format(time.RFC3339)
				}
			}
			delete(e, "absent") // compareWords finds whatever is not named
			switch {
			case whole[i].Direction == periplus.Through:
				compareGateway(t, &whole[i], e, recs[i+1:])
			case strings.Contains(file, "custom"):
				if got := whole[i].Place.Log; got != "/aws/vpc/flowlogs" {
					t.Errorf("%s: log %q", file, got)
				}
				compareWords(t, file, &whole[i], e, "log_group", "log_stream", "account_id", "start")
			case strings.Contains(file, "ecs"):
				compareWords(t, file, &whole[i], e, "ecs_cluster_name", "ecs_service_name", "ecs_task_id")
			default:
				compareWords(t, file, &whole[i], e)
			}
		}
	}
	f("valid_vpc_flow_log.log", Options{})
	f("valid_vpc_flow_log_multi.log", Options{})
	f("valid_vpc_flow_log_ecs.log", Options{})
	f("valid_tgw_flow_log.log", Options{})
	f("valid_vpc_flow_cw.json", Options{})
	f("valid_vpc_flow_cw_custom.json", Options{AWSFormat: "version interface-id srcaddr dstaddr"})
	for _, file := range []string{"vpc_flow_log_too_few_fields.log", "vpc_flow_log_too_many_fields.log"} {
		recs, stats := readSample(t, dir+file, Options{Now: awsNow})
		if len(recs) != 0 || stats.Bad[periplus.BadColumns] != 1 {
			t.Errorf("%s: %d records, bad %v; want one bad line", file, len(recs), stats.Bad)
		}
	}
}

// compareGateway holds a transit gateway's record and its parts against what
// is expected.
func compareGateway(t *testing.T, r *periplus.Record, want map[string]any, parts []periplus.Record) {
	t.Helper()
	take := func(name string) string {
		v := fmt.Sprint(want[name])
		delete(want, name)
		return v
	}
	if got := r.Place.Interface; got != take("tgw_attachment_id") {
		t.Errorf("interface %q", got)
	}
	if got := r.SrcID.Network; got != take("tgw_src_vpc_id") {
		t.Errorf("source network %q", got)
	}
	if got := r.DstID.Network; got != take("tgw_dst_vpc_id") {
		t.Errorf("destination network %q", got)
	}
	for i, name := range []string{"no_route", "blackhole", "mtu_exceeded", "ttl_expired"} {
		if got := fmt.Sprint(parts[i].Packets); got != take("packets_lost_"+name) || !parts[i].Part || parts[i].Verdict != periplus.Dropped {
			t.Errorf("lost %s: %s", name, dump(&parts[i]))
		}
	}
	compareWords(t, "gateway", r, want, "flow_direction", "interface_id", "instance_id")
}

func TestAWSGuideSamples(t *testing.T) {
	const dir = "aws-docs-examples/"
	var want map[string]struct {
		Lines int `json:"data_lines"`
	}
	decode(t, sample(t, dir+"expected-structure.json"), &want)
	if len(want) == 0 {
		t.Fatal("nothing expected")
	}
	recs := map[string][]periplus.Record{}
	for file, w := range want {
		got, stats := readSample(t, dir+file, Options{Now: awsNow})
		if len(got) != w.Lines || stats.BadTotal() != 0 {
			t.Errorf("%s: %d records, %d bad; want %d, none", file, len(got), stats.BadTotal(), w.Lines)
		}
		recs[file] = got
	}
	f := func(file string, n int, want string) {
		t.Helper()
		if got := dump(&recs[file][n]); !strings.Contains(got, want) {
			t.Errorf("%s %d: %s; want %s", file, n, got, want)
		}
	}
	f("accepted-and-rejected-traffic.log", 0, "dst=172.31.16.21 sport=20641 dport=22 proto=6 packets=20 bytes=4249 start=2014-12-14T04:06:50Z end=2014-12-14T04:07:50Z verdict=allowed")
	f("accepted-and-rejected-traffic.log", 1, "verdict=denied")
	f("no-data-and-skipped-records.log", 0, "nodata start=")
	f("no-data-and-skipped-records.log", 1, "skipdata start=")
	f("ipv6-traffic.log", 0, "src=2001:db8:1234:a100:8d6e:3477:df66:f105 dst=2001:db8:1234:a102:3304:8879:34cf:4071")
	f("tcp-flag-sequence.log", 7, "src=10.0.0.62 dst=52.213.180.42 pktsrc=10.0.0.62 pktdst=52.213.180.42 sport=5001 dport=43638 proto=6 packets=14 bytes=967 flags=19")
	f("traffic-through-a-nat-gateway.log", 0, "src=10.0.1.5 dst=10.0.0.220 pktsrc=10.0.1.5 pktdst=203.0.113.5")
	f("traffic-through-a-nat-gateway.log", 0, "Instance:- ")
	f("traffic-through-a-nat-gateway.log", 5, "src=203.0.113.5 dst=10.0.1.5")
	f("service-name-traffic-path-and-flow-direction.log", 0, "note={Reason: SrcService:S3 DstService: Path: ")
	f("service-name-traffic-path-and-flow-direction.log", 1, "note={Reason: SrcService: DstService:S3 Path:internet_gateway ")
	f("traffic-through-a-transit-gateway.log", 3, "src=10.40.2.236 dst=10.40.2.31 pktsrc=10.40.2.236 pktdst=10.20.33.164")
}

func TestFilebeatSamples(t *testing.T) {
	const dir = "aws-filebeat-vpcflow/"
	for file, want := range map[string]int{
		"accept-reject-traffic": 4, "custom-nat-gateway": 2, "custom-transit-gateway": 1,
		"ipv6": 1, "no-data-skip-data": 2, "tcp-flag-sequence": 3, "tcp-flag-sequence-skip-data": 2,
	} {
		recs, stats := readSample(t, dir+file+".log", Options{Now: awsNow})
		if len(recs) != want || stats.BadTotal() != 0 {
			t.Errorf("%s: %d records, bad %v; want %d", file, len(recs), stats.Bad, want)
		}
		var events []map[string]any
		decode(t, sample(t, dir+file+".log-expected.json"), &events)
		for i := range min(len(events), len(recs)) {
			filebeat(t, fmt.Sprintf("%s %d", file, i+1), &recs[i], events[i])
		}
	}
	if _, err := Open(bytes.NewReader(sample(t, dir+"bad.log")), Options{}); err == nil {
		t.Error("bad.log is taken for a log")
	}
}

// filebeat compares the fields that both have.
func filebeat(t *testing.T, name string, r *periplus.Record, want map[string]any) {
	t.Helper()
	got := words(r)
	for theirs, ours := range map[string]string{
		"aws.vpcflow.account_id": "account_id", "aws.vpcflow.interface_id": "interface_id", "aws.vpcflow.action": "action",
		"aws.vpcflow.vpc_id": "vpc_id", "aws.vpcflow.subnet_id": "subnet_id", "aws.vpcflow.instance_id": "instance_id",
		"aws.vpcflow.pkt_srcaddr": "pkt_srcaddr", "aws.vpcflow.pkt_dstaddr": "pkt_dstaddr", "aws.vpcflow.tcp_flags": "tcp_flags",
		"source.address": "srcaddr", "destination.address": "dstaddr", "source.port": "srcport", "destination.port": "dstport",
		"network.iana_number": "protocol", "source.bytes": "bytes", "source.packets": "packets",
	} {
		if w, ok := want[theirs]; ok && fmt.Sprint(w) != got[ours] || !ok && got[ours] != "" {
			t.Errorf("%s: %s is %q, want %v", name, ours, got[ours], w)
		}
	}
	if w, ok := want["event.start"]; ok && r.Start.Format("2006-01-02T15:04:05.000Z") != w {
		t.Errorf("%s: start %s, want %v", name, r.Start, w)
	}
}

func TestRealSample(t *testing.T) {
	recs, stats := readSample(t, "aws-real-lynfaina/vpcflowlogs.log", Options{Now: awsNow})
	var packets, bytes uint64
	var verdicts [4]int
	pairs := map[[2]netip.Addr]bool{}
	first, last := recs[0].Start, recs[0].End
	for _, r := range recs {
		packets, bytes = packets+r.Packets, bytes+r.Bytes
		verdicts[r.Verdict]++
		pairs[[2]netip.Addr{r.Src, r.Dst}] = true
		if r.Start.Before(first) {
			first = r.Start
		}
		if r.End.After(last) {
			last = r.End
		}
	}
	got := fmt.Sprint(stats.Records, stats.BadTotal(), verdicts, packets, bytes, len(pairs), first.Unix(), last.Unix())
	if want := "214 0 [0 192 22 0] 2186 762024 70 1764302499 1764302658"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
