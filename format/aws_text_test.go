package format

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/periplus/periplus/periplus"
)

// TestFastIsGeneral: what the path for the default order reads, the general
// path reads the same way.
func TestFastIsGeneral(t *testing.T) {
	fast, slow := newPair(t)
	taken := 0
	for i, line := range bytes.Split(bytes.TrimSpace(awsLog(5000)), []byte("\n"))[1:] {
		if samePaths(t, fast, slow, line) {
			taken++
		} else {
			t.Fatalf("line %d is not read by the fast path: %s", i, line)
		}
	}
	for _, line := range awsOdd {
		samePaths(t, fast, slow, []byte(line))
	}
}

// awsOdd are lines around what the fast path may take.
var awsOdd = []string{
	"2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK",
	"2 111122223333 eni-0aaa 0.0.0.0 255.255.255.255 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 256.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 01.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3. 1.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4444 1.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3\xae4 1.1.1.1 0 65535 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1,2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1 1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80\x00443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 0 65536 255 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 0 65535 256 99999999 99999999 1700000000 1700000000 REJECT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 00080 443 6 123456789012 99999999 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 1\xb52 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333  eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2  111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 unknown - 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 - eni-0123456789abcdef0 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"5 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000000 1700000000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1600000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 9700000000 9700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 0000000000 0000000000 ACCEPT OK",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK ",
	"2 111122223333 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 - OK",
	"2 111122223333 eni-0aaa 2001:db8::1 ::1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 eni-0aaa\t1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 1111\t2222 eni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
	"2 111122223333 #ni-0aaa 1.2.3.4 1.1.1.1 80 443 6 12 9 1700000000 1700000000 ACCEPT OK",
}

func newPair(t testing.TB) (fast, slow *awsParser) {
	t.Helper()
	fast, slow = &awsParser{}, &awsParser{}
	for _, p := range []*awsParser{fast, slow} {
		if err := p.init(Options{Now: awsNow}); err != nil {
			t.Fatal(err)
		}
		p.columns(awsFields(awsDefaultV2))
	}
	return fast, slow
}

// behind is what may follow a line in its buffer: the fast path looks beyond a
// line and must not mind.
var behind = []string{"", "\n", strings.Repeat("9", 99), strings.Repeat(". ", 50), strings.Repeat("\xff", 99)}

// samePaths reports whether the fast path took a line, and fails where the
// general one does not read the same, or where it matters what is behind the line.
func samePaths(t testing.TB, fast, slow *awsParser, line []byte) bool {
	t.Helper()
	var a, b periplus.Record
	took := fast.fastV2(slices.Clip(line), &a)
	for _, s := range behind {
		var c periplus.Record
		if fast.fastV2(append(slices.Clip(line), s...)[:len(line)], &c) != took || c.Src != a.Src || c.Dst != a.Dst ||
			c.SrcPort != a.SrcPort || c.DstPort != a.DstPort || c.Protocol != a.Protocol || c.Packets != a.Packets || c.Bytes != a.Bytes {
			t.Fatalf("%q: taken: %v, unless %q is behind it", line, took, s)
		}
	}
	if !took {
		return false
	}
	if wrong := slow.record(line, &b); wrong != nil {
		t.Fatalf("%q: the fast path takes what the general one refuses: %v", line, *wrong)
	}
	if got, want := dump(&a), dump(&b); got != want {
		t.Fatalf("%q: the fast path reads %s, the general one %s", line, got, want)
	}
	return true
}

// TestFastIsGeneralNear: so it is with any byte in any place of a line, more or
// fewer of them, and with other numbers for any of a line's.
func TestFastIsGeneralNear(t *testing.T) {
	fast, slow := newPair(t)
	numbers := []string{"", "0", "00", "01", "9", "007", "099", "100", "255", "256", "999", "1000", "0255", "11111", "65535", "65536", "065535", "999999",
		"1111111", "00000080", "12345678", "000000080", "123456789", "1000000000", "1800000000", "12345678901234567890", "-", "+1", "1.5", "\xb1"}
	for _, line := range []string{
		awsOdd[0], awsOdd[1],
		"2 111122223333 eni-0123456789abcdef0 1.2.3.4 5.6.7.8 1 2 3 4 5 1700000000 1700000060 ACCEPT OK",
	} {
		digit := func(i int) bool { return i < len(line) && line[i]-'0' <= 9 }
		// The words of the place are left alone: another place takes time.
		from := strings.Index(line[len("2 111122223333 "):], " ") + len("2 111122223333 ")
		for i := from; i <= len(line); i++ {
			for c := range 256 {
				samePaths(t, fast, slow, []byte(line[:i]+string([]byte{byte(c)})+line[i:]))
				samePaths(t, fast, slow, []byte(line[:i]+string([]byte{byte(c)})+line[min(i+1, len(line)):]))
			}
			samePaths(t, fast, slow, []byte(line[:i]+line[min(i+1, len(line)):]))
			if !digit(i) || digit(i-1) {
				continue
			}
			end := i + 1
			for digit(end) {
				end++
			}
			for _, n := range numbers {
				samePaths(t, fast, slow, []byte(line[:i]+n+line[end:]))
			}
		}
	}
}

// TestSamePlace: the same place is the same pointer, however it is reached.
func TestSamePlace(t *testing.T) {
	log := awsDefaultV2 + "\n" + oneLine +
		"2 111122223333 eni-0bbb 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK\n" +
		"2 111122223333 eni-0aaa - - - - - - - 1700000200 1700000260 - NODATA\n" +
		"2 111122223333 eni-0aaa 2001:db8::1 ::1 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK\n" + oneLine
	recs, _ := readBytes(t, "log", []byte(log), Options{Now: awsNow})
	if len(recs) != 5 {
		t.Fatalf("%d records", len(recs))
	}
	p := recs[0].Place
	if recs[1].Place == p || recs[2].Place != p || recs[3].Place != p || recs[4].Place != p {
		t.Errorf("places %p %p %p %p %p", p, recs[1].Place, recs[2].Place, recs[3].Place, recs[4].Place)
	}
}

// TestLongLines: a line of more than a megabyte is bad, and what is behind it
// is read; a stream without newlines is read record by record.
func TestLongLines(t *testing.T) {
	log := oneLine + strings.Repeat("x", 3<<20) + "\n" + oneLine
	recs, stats := readBytes(t, "long", []byte(log), Options{Now: awsNow})
	if len(recs) != 2 || stats.Bad[periplus.BadSyntax] != 1 || stats.Lines != 3 || recs[1].Line != 3 {
		t.Errorf("%d records, %v, %d lines", len(recs), stats.Bad, stats.Lines)
	}
	glued := strings.Repeat(strings.TrimSuffix(oneLine, "\n"), 20000)
	recs, stats = readBytes(t, "glued", []byte(glued), Options{Now: awsNow})
	if len(recs) != 20000 || stats.BadTotal() != 0 {
		t.Errorf("glued: %d records, %v", len(recs), stats.Bad)
	}
}

func TestAWSFormatOption(t *testing.T) {
	_, err := Open(strings.NewReader(oneLine), Options{AWSFormat: "colour shape"})
	if err == nil || !strings.Contains(err.Error(), "${version}") {
		t.Errorf("a format without a known column: %v", err)
	}
	recs, stats := readBytes(t, "custom", []byte("10.0.0.1 10.0.0.2 1700000000 OK blue\n"),
		Options{Now: awsNow, AWSFormat: "${srcaddr} ${dstaddr} ${start} ${log-status} ${colour}"})
	if len(recs) != 1 || recs[0].Dst != netip.MustParseAddr("10.0.0.2") || stats.Unknown["colour"] != 1 || recs[0].Extra[0].Value != "blue" {
		t.Errorf("custom: %v %+v", recs, stats)
	}
}

func TestAWSColumns(t *testing.T) {
	if n := len(awsFields(awsDefaultTGW)); n != 36 {
		t.Errorf("%d columns in the default order of transit gateways, want 36", n)
	}
	for _, name := range append(awsFields(awsDefaultV2), awsFields(awsDefaultTGW)...) {
		if awsKnown([]byte(name)) == nil {
			t.Errorf("%s is not in the table", name)
		}
	}
	for _, spelled := range []string{"pkt-src-aws-service", "pkt_src_aws_service", "pktSrcAwsService", "PKT_SRC_AWS_SERVICE", "${pkt-src-aws-service}"} {
		if c := awsKnown([]byte(spelled)); c == nil || c.Name != "pkt-src-aws-service" {
			t.Errorf("%s is not known", spelled)
		}
	}
	for _, c := range awsColumns {
		if c.Doc == "" || c.Since == "" {
			t.Errorf("%s: %+v says too little", c.Name, c.Column)
		}
	}
}

func TestScanAddr(t *testing.T) {
	for _, s := range []string{
		"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "", ".", "1.2.3.4a",
		"::", "::1", "1::", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", ":::", "1:::2", "::1::", ":1", "1:", "12345::", "g::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3.4", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "fe80::1%eth0", "::ffff:256.1.1.1", "1:2:3:4:5:1.2.3.4",
	} {
		sameAddr(t, s)
	}
}

func sameAddr(t testing.TB, s string) {
	t.Helper()
	want, err := netip.ParseAddr(s)
	ok := err == nil && want.Zone() == ""
	got, gotOK := parseAddr([]byte(s))
	if gotOK != ok || ok && got != want.Unmap() {
		t.Errorf("%q: %v, %v; want %v, %v", s, got, gotOK, want, err)
	}
}

func FuzzScanAddr(f *testing.F) {
	f.Add("10.0.0.1")
	f.Add("::ffff:1.2.3.4")
	f.Add("1:2:3::8")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, " \t") {
			return
		}
		sameAddr(t, s)
	})
}

func FuzzAWSFast(f *testing.F) {
	for _, line := range awsOdd {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		fast, slow := newPair(t)
		samePaths(t, fast, slow, line)
	})
}

// seed adds the test data as a fuzzer's first inputs.
func seed(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if !strings.HasSuffix(file, ".want") {
			f.Add(data)
		}
	}
}

func FuzzAWSText(f *testing.F) {
	seed(f, "testdata/aws-*.log")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, opt := range []Options{{Now: awsNow}, {Now: awsNow, AWSFormat: "${srcaddr} ${dstaddr} ${interface-id} ${instance-tag} ${tgw-id} ${log-status}"}} {
			r, err := newAWSLines(bytes.NewReader(data), opt)
			if err != nil {
				t.Fatal(err)
			}
			checkRecords(t, r)
		}
	})
}

func FuzzAWSCloudWatch(f *testing.F) {
	seed(f, "testdata/aws-cw*")
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := openCloudWatch(bytes.NewReader(data), Options{Now: awsNow})
		if err != nil {
			t.Fatal(err)
		}
		checkRecords(t, r)
	})
}

func FuzzOpen(f *testing.F) {
	seed(f, "testdata/aws*")
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Open(bytes.NewReader(data), Options{Now: awsNow})
		if err != nil {
			return
		}
		if !strings.HasPrefix(o.Format.Name, "aws") {
			return // another half of the package has its own
		}
		checkRecords(t, o.Reader)
	})
}

// TestAWSCloudWatchAllocates nothing for an event of an envelope.
func TestAWSCloudWatchAllocates(t *testing.T) {
	event := `{"id":"1","timestamp":1700000000000,"message":"` + strings.TrimSpace(oneLine) + `"}`
	log := `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"eni-0aaa-all","logEvents":[` +
		strings.Repeat(event+",", 60000) + event + "]}"
	r, err := openCloudWatch(strings.NewReader(log), Options{Now: awsNow})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 500)
	read := func() {
		if n, err := r.Read(recs); n != len(recs) {
			t.Fatalf("%d records, %v", n, err)
		}
	}
	for range 20 {
		read()
	}
	if got := testing.AllocsPerRun(50, read); got != 0 {
		t.Errorf("%v allocations for 500 records, want none", got)
	}
}

// Prose about flow logs is none.
func TestProseIsNoHeader(t *testing.T) {
	f := func(line string, want bool) {
		t.Helper()
		if got := awsHeader([]byte(line)); got != want {
			t.Errorf("awsHeader(%q) = %v, want %v", line, got, want)
		}
	}
	f("computed with a script over all of the records: log-status OK, sum of bytes 7, packets 3, min start 1, max end 2", false)
	f("version srcaddr dstaddr new-one start end action log-status", true)
	f("srcaddr dstaddr bytes packets a-new b-new c-new", true)
}

// One byte that is no UTF-8 would make engines refuse all that lies in a file
// with it.
func TestAWSTextIsValid(t *testing.T) {
	text := "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status " +
		"region instance-id reject-reason pkt-src-aws-service flow-log-tag-1 resource-tag-1 new-column\n" +
		"11 1\xff2 eni-\xff 10.0.0.1 10.0.0.2 40000 443 6 3 300 1700000000 1700000060 REJECT OK eu\xff i-\xff B\xe4 \xc3\x28 %FF a%C3 \xff\n" +
		"11 112 eni-a 10.0.0.1 10.0.0.2 40000 443 6 3 300 1700000000 1700000060 REJECT OK eu i-1 B S3 x y z\n"
	recs, stats := readText(t, text, Options{Object: &periplus.Object{URI: "file:///a.log", Hint: periplus.Place{Log: "fl-\xff"}}})
	if len(recs) != 2 || len(stats.Bad) != 0 {
		t.Fatalf("%d records, bad %v; want 2 and none", len(recs), stats.Bad)
	}
	for _, r := range recs {
		if s := fmt.Sprintf("%+v %+v %+v %+v %v", *r.Place, *r.Note, r.SrcID, r.DstID, r.Extra); !utf8.ValidString(s) {
			t.Errorf("not UTF-8: %q", s)
		}
	}
	if got := recs[0].Place; got.Interface != "eni-\uFFFD" || got.Log != "fl-\uFFFD" || got.Account != "1\uFFFD2" {
		t.Errorf("place %+v", *got)
	}
}
