package format

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

func TestAzure(t *testing.T) { golden(t, "azure*") }

func TestAzureSamples(t *testing.T) {
	type sums struct {
		begin, end, denied, allowed, counted int
		sent, sentBytes, got, gotBytes       uint64
		rules                                map[string]int
	}
	f := func(name, format string, wantRecords int) sums {
		t.Helper()
		recs := sampleRecords(t, name, format)
		if len(recs) != wantRecords {
			t.Errorf("%s: %d records, want %d", name, len(recs), wantRecords)
		}
		s := sums{rules: map[string]int{}}
		for i := range recs {
			r := &recs[i]
			switch r.State {
			case periplus.StateBegin:
				s.begin++
			case periplus.StateEnd:
				s.end++
			}
			switch r.Verdict {
			case periplus.Denied:
				s.denied++
			case periplus.Allowed:
				s.allowed++
			}
			if r.Has&(periplus.HasPackets|periplus.HasBytes|periplus.HasRevPackets|periplus.HasRevBytes) != 0 {
				s.counted++
			}
			s.sent += r.Packets
			s.sentBytes += r.Bytes
			s.got += r.RevPackets
			s.gotBytes += r.RevBytes
			if r.Note != nil {
				s.rules[r.Note.Reason]++
			}
			if !r.Initiator {
				t.Errorf("%s, record %d: not from the initiator", name, i+1)
			}
		}
		return s
	}
	check := func(name string, got, want sums) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
	check("vnet-sample", f("azure-docs-examples/vnet-sample.json", "azure-vnet", 19),
		sums{begin: 5, end: 5, denied: 9, allowed: 10, counted: 5, sent: 33, sentBytes: 4528, got: 44, gotBytes: 43292,
			rules: map[string]int{"DefaultRule_AllowInternetOutBound": 10, "BlockHighRiskTCPPortsFromInternet": 2, "Internet": 7}})
	check("nsg-v1-sample", f("azure-docs-examples/nsg-v1-sample.json", "azure-nsg", 9),
		sums{denied: 2, allowed: 7, rules: map[string]int{"DefaultRule_DenyAllInBound": 2, "UserRule_default-allow-rdp": 7}})
	s := f("azure-docs-examples/vnet-bandwidth-tuples.txt", "azure-vnet", 3)
	if s.sent+s.got != 9125 || s.sentBytes+s.gotBytes != 5256000 || s.begin != 1 || s.counted != 2 {
		t.Errorf("bandwidth: %+v, want 9125 packets, 5256000 bytes in two tuples, one begin", s)
	}
	check("sebastus", f("azure-nsg-sebastus/nsgFlowLogsSample.json", "azure-nsg", 1758),
		sums{allowed: 1758, rules: map[string]int{"AllowAzureLoadBalancerInBoundFooBarFooBarFooBarFooBarFooBarF10": 1758}})
}

// A blob that has grown is read on from the cursor: together the two readings
// are the whole.
func TestAzureCursor(t *testing.T) {
	whole, err := os.ReadFile("testdata/azure-vnet.json")
	if err != nil {
		t.Fatal(err)
	}
	records := func(text []byte) (list []string, cursor int64) {
		t.Helper()
		r, err := openAzure(bytes.NewReader(text), Options{Now: cloudNow})
		if err != nil {
			t.Fatal(err)
		}
		recs := make([]periplus.Record, 100)
		n, _ := r.Read(recs)
		for i := range recs[:n] {
			list = append(list, tupleText(&recs[i]))
		}
		if bad := r.Stats().BadTotal(); bad > 0 {
			t.Errorf("%d bad: %v", bad, r.Stats().First)
		}
		return list, r.(*azureReader).Cursor()
	}
	want, _ := records(whole)
	for i, cut := range []int{bytes.Index(whole, []byte(`,{"time":"2024-05-01T10:00:00.0Z"`)), bytes.LastIndex(whole, []byte(`,{"time"`)), len(`{"records":[`)} {
		for _, closer := range []string{"", "]}"} {
			first, cursor := records([]byte(string(whole[:cut]) + closer))
			then, end := records(whole[cursor:])
			if got := append(first, then...); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("cut %d, closer %q: got %d tuples, want %d:\n%v", i, closer, len(got), len(want), got)
			}
			if all := cursor + end; all != int64(len(whole)-2) {
				t.Errorf("cut %d: the second reading ends at %d, want %d", i, all, len(whole)-2)
			}
		}
	}
}

// The blob's name says what a tuple without its record does not.
func TestAzureHint(t *testing.T) {
	o := &periplus.Object{Hint: periplus.Place{Provider: "azure", Account: "sub", Region: "westeurope", Interface: "0022", Log: "flows"}}
	r, err := openAzure(strings.NewReader("1714557600,192.0.2.95,10.1.0.4,51530,443,6,I,B,NX,,,,\n"), Options{Object: o, Now: cloudNow})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 1)
	if n, err := r.Read(recs); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if *recs[0].Place != o.Hint {
		t.Errorf("place %+v, want %+v", *recs[0].Place, o.Hint)
	}
}

func TestAzureTupleColumns(t *testing.T) {
	f := func(tuple, want string) {
		t.Helper()
		u := newTupleReader(Options{Now: cloudNow})
		r := periplus.Record{}
		kind, msg := u.fill(&r, []byte(tuple))
		got := string(kind) + " " + msg
		if kind == "" {
			got = tupleText(&r)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", tuple, got, want)
		}
	}
	// What was read, written as a tuple of a VNet flow log.
	f("1714557600,10.0.0.1,10.0.0.2,1,2,6,I,C,X,1,2,3,4", "1714557600000,10.0.0.1,10.0.0.2,1,2,6,I,C,1,2,3,4")
	f("1714557600123,10.0.0.1,10.0.0.2,1,2,17,O,E,X,,2,,", "1714557600123,10.0.0.1,10.0.0.2,1,2,17,O,E,,2,,")
	f("1714557600,10.0.0.1,10.0.0.2,1,2,U,O,A", "1714557600000,10.0.0.1,10.0.0.2,1,2,17,O,,,,,")
	f("1714557600,10.0.0.1,10.0.0.2,1,2,T,O,A,B,0,0,0,0", "1714557600000,10.0.0.1,10.0.0.2,1,2,6,O,B,,,,")
	f("1714557600,10.0.0.1,10.0.0.2,1,2,6,I,D,NX,0,0,0,0", "1714557600000,10.0.0.1,10.0.0.2,1,2,6,I,D,,,,")
	f("1714557600,10.0.0.1,10.0.0.2,1,2,6,I,D,NX,1,60,0,0", "1714557600000,10.0.0.1,10.0.0.2,1,2,6,I,D,1,60,0,0")
	f("1714557600,10.0.0.1,10.0.0.2,1,2,T,I,D", "1714557600000,10.0.0.1,10.0.0.2,1,2,6,I,,,,,")
	f("1,2,3", `columns 3 columns, want 8 or more: "1,2,3"`)
	f("1714557600,10.0.0.1,10.0.0.2,1,2,6,I,C,X,1,2,3,9223372036854775808", `range counter "9223372036854775808"`)
	f("yesterday,10.0.0.1,10.0.0.2,1,2,6,I,C,X,1,2,3,4", `syntax time "yesterday" is no number`)
}

// tupleText writes a record as a tuple of a VNet flow log, without encryption.
func tupleText(r *periplus.Record) string {
	count := func(bit periplus.Has, n uint64) string {
		if r.Has&bit == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	dir := map[periplus.Direction]string{periplus.Ingress: "I", periplus.Egress: "O"}[r.Direction]
	state := [...]string{"", "B", "C", "E", "D"}[r.State]
	return fmt.Sprintf("%d,%v,%v,%d,%d,%d,%s,%s,%s,%s,%s,%s", r.Booked.UnixMilli(), r.Src, r.Dst, r.SrcPort, r.DstPort, r.Protocol, dir, state,
		count(periplus.HasPackets, r.Packets), count(periplus.HasBytes, r.Bytes), count(periplus.HasRevPackets, r.RevPackets), count(periplus.HasRevBytes, r.RevBytes))
}

// A connection that was not told of for long is forgotten, others are not.
func TestTupleTimes(t *testing.T) {
	var m tupleTimes
	key := func(i int) tupleKey { return tupleKey{nic: uint32(i)} }
	for i := range 3 * tupleTimesMax {
		m.set(key(i), int64(i))
	}
	if n := len(m.young) + len(m.old); n > 2*tupleTimesMax {
		t.Errorf("%d connections are kept, want %d at most", n, 2*tupleTimesMax)
	}
	if _, ok := m.get(key(0)); ok {
		t.Error("the first connection is not forgotten")
	}
	for i := 2 * tupleTimesMax; i < 3*tupleTimesMax; i++ {
		if at, ok := m.get(key(i)); !ok || at != int64(i) {
			t.Fatalf("connection %d: %d, %v; want %d", i, at, ok, i)
		}
	}
}

// A tuple covers the time since the one before of its connection at its NIC,
// not at another one's whose tuples lie in the same file.
func TestAzureSpanIsOfTheNIC(t *testing.T) {
	record := func(mac, tuples string) string {
		return `{"time":"2026-05-01T10:00:00Z","flowLogVersion":4,"macAddress":"` + mac + `","category":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"R","flowTuples":[` + tuples + `]}]}]}}`
	}
	const tuple = `,10.2.0.4,10.2.0.5,50100,443,6,O,`
	in := `{"records":[` + record("0A", `"1777629600000`+tuple+`B,NX,,,,","1777629660000`+tuple+`C,NX,1,40,1,40"`) + "," +
		record("0B", `"1777629700000`+tuple+`C,NX,1,40,1,40"`) + "," + record("0A", `"1777629720000`+tuple+`E,NX,1,40,1,40"`) + `]}`
	recs, _ := readBytes(t, "two NICs", []byte(in), Options{Now: awsNow})
	var got []int64
	for i := range recs {
		got = append(got, recs[i].Start.Unix()-1777629600)
	}
	if want := []int64{0, 0, 100 - 300, 60}; !slices.Equal(got, want) {
		t.Errorf("tuples begin at %d; want %d", got, want)
	}
}

// azureBlob is a blob of n tuples, 100 a record: one in ten denied, the rest
// begins, goes on and ends.
func azureBlob(n int, nsg bool) []byte {
	var b bytes.Buffer
	b.WriteString(`{"records":[`)
	for i := 0; i < n; i += 100 {
		if i > 0 {
			b.WriteByte(',')
		}
		if nsg {
			fmt.Fprintf(&b, `{"time":"2024-05-01T10:%02d:00.0Z","systemId":"s","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"R%d","flows":[{"mac":"002248AABBCC","flowTuples":[`, i/100%60, i/100%5)
		} else {
			fmt.Fprintf(&b, `{"time":"2024-05-01T10:%02d:00.0Z","flowLogVersion":4,"flowLogGUID":"g","macAddress":"002248AABBCC","category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_WESTEUROPE/FLOWLOGS/F","targetResourceID":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v1","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"R%d","flowTuples":[`, i/100%60, i/100%5)
		}
		for j := i; j < i+100; j++ {
			if j > i {
				b.WriteByte(',')
			}
			state, counters := [...]string{"B", "C", "E"}[j%3], fmt.Sprintf("%d,%d,%d,%d", j%90+1, j*40, j%80+1, j*90)
			if j%3 == 0 {
				counters = "0,0,0,0"
			}
			at, port := 1714557600+j/100, 1024+j/3%50000
			switch {
			case nsg && j%10 == 9:
				fmt.Fprintf(&b, `"%d,198.51.100.%d,10.2.0.4,%d,22,T,I,D,B,,,,"`, at, j%250, port)
			case nsg:
				fmt.Fprintf(&b, `"%d,10.2.0.4,203.0.113.%d,%d,443,T,O,A,%s,%s"`, at, j/3%250, port, state, counters)
			case j%10 == 9:
				fmt.Fprintf(&b, `"%d123,198.51.100.%d,10.2.0.4,%d,22,6,I,D,NX,0,0,0,0"`, at, j%250, port)
			default:
				fmt.Fprintf(&b, `"%d123,10.2.0.4,203.0.113.%d,%d,443,6,O,%s,NX,%s"`, at, j/3%250, port, state, counters)
			}
		}
		b.WriteString(`]}]}]}}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func TestAzureAllocatesNothing(t *testing.T) {
	steady(t, azureVNet, azureBlob(3000, false), 3000)
	steady(t, azureNSG, azureBlob(3000, true), 3000)
}

// A record whose tuples do not fit into memory is read all the same.
func TestAzureLongRecord(t *testing.T) {
	tuple := `"1714557600,198.51.100.5,10.2.0.4,40000,22,6,I,D,NX,0,0,0,0"`
	n := 3 * jsonMax / (len(tuple) + 1)
	text := `{"records":[{"macAddress":"00AA","flowRecords":{"flows":[{"flowGroups":[{"rule":"R","flowTuples":[` + tuple + strings.Repeat(","+tuple, n-1) + `]}]}]}}]}`
	r, err := openAzure(strings.NewReader(text), Options{Now: cloudNow})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 1000)
	got := 0
	for {
		m, err := r.Read(recs)
		if m == 0 {
			if err.Error() != "EOF" {
				t.Error(err)
			}
			break
		}
		got += m
		if p := recs[0].Place; p.Interface != "00AA" || recs[0].Note.Reason != "R" {
			t.Fatalf("place %+v", *p)
		}
	}
	if got != n || r.Stats().BadTotal() > 0 {
		t.Errorf("%d tuples, bad %v; want %d", got, r.Stats().First, n)
	}
	if size := len(r.(*azureReader).win.buf); size > 2*jsonMax {
		t.Errorf("%d bytes were in memory at once, want %d at most", size, 2*jsonMax)
	}
}

// What nobody knows stays with the tuples of its own object, wherever it stands.
func TestAzureUnknownMembers(t *testing.T) {
	text := `{"records":[{"colour":"red","flowRecords":{"flows":[
		{"aclID":"a","shape":"round","flowGroups":[{"rule":"R1","flowTuples":["1714557600,10.0.0.1,10.0.0.2,1,2,6,I,B,X,,,,"],"late":[1]}]},
		{"aclID":"a","flowGroups":[{"flowTuples":["1714557601,10.0.0.1,10.0.0.2,1,2,6,I,E,X,1,2,3,4"],"rule":"R2"}]}]},"size":9,"macAddress":"00AA"}]}`
	got := cloudRead(t, azureVNet, strings.NewReader(text), 10)
	for _, want := range []string{
		`direction=ingress state=begin initiator=true extra:shape="round" extra:late="[1]" extra:colour="red" extra:size="9"`,
		`direction=ingress state=end initiator=true extra:colour="red" extra:size="9"`,
		"note {Reason:R1", "note {Reason:R2", "Interface:00AA",
		"unknown colour: 1\nunknown late: 1\nunknown shape: 1\nunknown size: 1\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// What is looked for ahead is found alike when the text comes in pieces.
func TestAzureLookAheadInPieces(t *testing.T) {
	text := `{"records":[{"properties":{"flows":[{"flows":[{"flowTuples":["1714557600,10.0.0.1,10.0.0.2,1,2,T,I,A,B,,,,"],"mac":"00AA"}],"rule":"R"}]},` +
		`"resourceId":"/SUBSCRIPTIONS/S1/X/NETWORKSECURITYGROUPS/WEB","zone9":"z"}]}`
	want := cloudRead(t, azureNSG, strings.NewReader(text), 1)
	for _, say := range []string{"Account:s1", "Interface:00AA", "Log:web", "Reason:R", `extra:zone9="z"`} {
		if !strings.Contains(want, say) {
			t.Errorf("no %s in\n%s", say, want)
		}
	}
	for n := 1; n < len(text); n++ {
		if got := cloudRead(t, azureNSG, &stingy{[]byte(text), n}, 1); got != want {
			t.Fatalf("%d bytes at a time: got\n%s\nwant\n%s", n, got, want)
		}
	}
}

func BenchmarkAzureVNet(b *testing.B) { benchmarkFormat(b, azureVNet, azureBlob(30000, false)) }
func BenchmarkAzureNSG(b *testing.B)  { benchmarkFormat(b, azureNSG, azureBlob(30000, true)) }

func FuzzAzure(f *testing.F) { fuzzFormat(f, "azure*", azureVNet, azureNSG) }

// fuzzSeeds are the test data, cut to what a fuzzer can handle: single lines,
// and the whole where it is short.
func fuzzSeeds(f *testing.F, pattern string) (seeds [][]byte) {
	files, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(files) == 0 {
		f.Fatalf("testdata/%s: %d files, %v", pattern, len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 3000 {
			seeds = append(seeds, text)
		}
		if filepath.Ext(file) == ".ndjson" {
			seeds = append(seeds, bytes.SplitAfter(text, []byte("\n"))...)
		}
	}
	return seeds
}
