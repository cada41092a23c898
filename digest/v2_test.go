package digest

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

const samples = "../../shared/samples/aws-go-vpcflow-digest-dot"

// sample reads a file of the shared samples; without them the test is skipped,
// but not where CI says that they must be there.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("no shared samples: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func v2(t *testing.T, in []byte) (string, *V2) {
	t.Helper()
	d := &V2{URI: "test"}
	if n, err := d.ReadFrom(bytes.NewReader(in)); err != nil || n != int64(len(in)) {
		t.Fatalf("ReadFrom = %d, %v; want %d", n, err, len(in))
	}
	var out bytes.Buffer
	if n, err := d.WriteTo(&out); err != nil || n != int64(out.Len()) {
		t.Fatalf("WriteTo = %d, %v; want %d", n, err, out.Len())
	}
	return out.String(), d
}

func sortedLines(s string) []string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	slices.Sort(lines)
	return lines
}

func TestV2Samples(t *testing.T) {
	for _, name := range []string{"digest-happy-path", "digest-bidirectional-case"} {
		got, d := v2(t, sample(t, name+".log"))
		if want := sortedLines(string(sample(t, name+".expected"))); !slices.Equal(sortedLines(got), want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, strings.Join(want, "\n"))
		}
		if n := d.Stats.BadTotal(); n != 0 {
			t.Errorf("%s: %d bad lines; want 0", name, n)
		}
	}
	for _, name := range []string{"src-port", "dst-port", "bytes", "packets", "start", "end"} {
		got, d := v2(t, sample(t, "digest-error-bad-"+name+".log"))
		if got != "" || d.Stats.BadTotal() == 0 || len(d.Stats.First) == 0 || d.Stats.First[0].Line != 1 {
			t.Errorf("bad %s: got %q, %v; want no line and line 1 counted as bad", name, got, d.Stats)
		}
	}
}

// The same by way of records, as the command reads files.
func TestV2SamplesAsRecords(t *testing.T) {
	f := func(name string, want []string) {
		t.Helper()
		in, err := format.Open(bytes.NewReader(sample(t, name+".log")), format.Options{Now: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var d V2
		recs := make([]periplus.Record, 3)
		for err == nil {
			var n int
			n, err = in.Reader.Read(recs)
			if err := d.Write(recs[:n]); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if _, err := d.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		if got := sortedLines(out.String()); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := in.Reader.Stats().BadTotal(); (n > 0) != strings.Contains(name, "bad") {
			t.Errorf("%s: %d bad lines", name, n)
		}
	}
	for _, name := range []string{"digest-happy-path", "digest-bidirectional-case"} {
		f(name, sortedLines(string(sample(t, name+".expected"))))
	}
	for _, name := range []string{"src-port", "dst-port", "bytes", "packets", "start", "end"} {
		f("digest-error-bad-"+name, sortedLines(""))
	}
}

// A sum of absurd counters stops; it never wraps into a small number.
func TestV2TooMany(t *testing.T) {
	const line = "2 123456789010 eni-1 10.0.0.5 10.0.1.9 40000 5432 6 9223372036854775807 9223372036854775807 1418530010 1418530070 ACCEPT OK\n"
	got, _ := v2(t, []byte(strings.Repeat(line, 4)))
	if want := "2 123456789010 eni-1 10.0.0.5 10.0.1.9 0 5432 6 9223372036854775807 9223372036854775807 1418530010 1418530070 ACCEPT OK\n"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// TestV2Vector is compatibility.md's own.
func TestV2Vector(t *testing.T) {
	in := `2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK
2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50002 443 6 5 500 1700000030 1700000090 ACCEPT OK
2 111122223333 eni-0aaa 10.0.2.20 10.0.1.10 443 50001 6 8 4000 1700000001 1700000061 ACCEPT OK
2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50003 443 6 1 40 1700000120 1700000180 REJECT OK
2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 0 0 1 3 252 1700000005 1700000065 ACCEPT OK
2 111122223333 eni-0aaa - - - - - - - 1700000200 1700000260 - NODATA
3 vpc-1 eni-0aaa - - - - - - - 1700000200 1700000260 - OK
2 short
`
	want := `2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 0 0 1 3 252 1700000000 1700000180 ACCEPT OK
2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 0 443 6 1 40 1700000000 1700000180 REJECT OK
2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 0 443 6 15 1500 1700000000 1700000180 ACCEPT OK
2 111122223333 eni-0aaa 10.0.2.20 10.0.1.10 443 0 6 8 4000 1700000000 1700000180 ACCEPT OK
`
	got, d := v2(t, []byte(in))
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d.Stats.Lines != 8 || d.Stats.Records != 5 || d.Stats.Bad[periplus.BadColumns] != 1 {
		t.Errorf("stats %+v; want 8 lines, 5 records, 1 bad for its columns", d.Stats)
	}
}

func TestV2Records(t *testing.T) {
	d := &V2{}
	err := d.Write(recs(t, `
		10.0.0.1/50000 10.0.0.2/443 6 10 1000 at=0-60
		10.0.0.1/50001 10.0.0.2/443 6 1 40 at=60-90 deny
		10.0.0.3/50000 10.0.0.2/443 6 5 500 azure init rev=4/400 at=10-20
		10.0.0.3/50000 10.0.0.2/443 6 0 0 azure init begin nocount
		10.0.0.3 10.0.0.2 1 3 252
		10.0.0.9/50000 10.0.0.2/443 6 0 0 gcp event deny
		10.0.0.1/50000 10.0.0.2/443 6 7 0 at=0-60 drop nobytes`))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := d.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	want := `2 111122223333 eni-1 10.0.0.1 10.0.0.2 0 443 6 1 40 1777629600 1777629690 REJECT OK
2 111122223333 eni-1 10.0.0.1 10.0.0.2 0 443 6 10 1000 1777629600 1777629690 ACCEPT OK
2 111122223333 eni-1 10.0.0.2 10.0.0.3 443 0 6 4 400 1777629600 1777629690 ACCEPT OK
2 111122223333 eni-1 10.0.0.3 10.0.0.2 0 0 1 3 252 1777629600 1777629690 ACCEPT OK
2 111122223333 eni-1 10.0.0.3 10.0.0.2 0 443 6 5 500 1777629600 1777629690 ACCEPT OK
`
	if got := out.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if d.Unmeasured != 3 {
		t.Errorf("%d unmeasured; want 3", d.Unmeasured)
	}
}

// A record without a start, or without any time, is of the time that it is
// booked at.
func TestV2WithoutTimes(t *testing.T) {
	at := time.Unix(1777629600, 0)
	f := func(r periplus.Record, want string) {
		t.Helper()
		d := &V2{}
		r.Place, r.Booked, r.Packets, r.Bytes = &periplus.Place{}, at, 5, 500
		r.Has = periplus.HasPackets | periplus.HasBytes
		r.Src, r.Dst = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
		var out bytes.Buffer
		if err := d.Write([]periplus.Record{r}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), "2 unknown - 10.0.0.1 10.0.0.2 0 0 0 5 500 "+want+" - OK\n"; got != want {
			t.Errorf("got %swant %s", got, want)
		}
	}
	f(periplus.Record{}, "1777629600 1777629600")
	f(periplus.Record{Start: at}, "1777629600 1777629600")
	f(periplus.Record{End: at.Add(time.Minute)}, "1777629600 1777629660")
	f(periplus.Record{Start: at.Add(-time.Minute), End: at.Add(time.Minute)}, "1777629540 1777629660")
}

// FuzzV2: no panic, and a digest of a digest has lost nothing. (It is not the
// same: upstream's rule zeroes the other port of what it zeroed once.)
func FuzzV2(f *testing.F) {
	f.Add([]byte("2 1 eni-1 10.0.0.1 10.0.0.2 50000 443 6 10 1000 1700000000 1700000060 ACCEPT OK\n"))
	f.Add([]byte("2 1 eni-1 - - - - - - - 1 2 - NODATA\nversion\n\n2  2"))
	total := func(d *V2) (packets, size uint64) {
		for _, s := range d.sums {
			packets += s.packets
			size += s.bytes
		}
		return packets, size
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		first, d1 := v2(t, in)
		_, d2 := v2(t, []byte(first))
		p1, b1 := total(d1)
		p2, b2 := total(d2)
		if (p1 != p2 || b1 != b2) && d2.Stats.BadTotal() == 0 {
			t.Errorf("%q: %d packets, %d bytes; its digest has %d, %d", in, p1, b1, p2, b2)
		}
		if lines := strings.SplitAfter(first, "\n"); first != "" && !slices.IsSorted(lines[:len(lines)-1]) {
			t.Errorf("%q: lines are not sorted:\n%s", in, first)
		}
	})
}

func BenchmarkV2(b *testing.B) {
	var in bytes.Buffer
	for _, r := range traffic(1, 100_000) {
		d := &V2{}
		if err := d.Write([]periplus.Record{r}); err != nil {
			b.Fatal(err)
		}
		if _, err := d.WriteTo(&in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&V2{}).ReadFrom(bytes.NewReader(in.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "records/s")
}

// A name of another cloud makes no columns and no lines.
func TestV2ForeignNames(t *testing.T) {
	var d V2
	at := time.Unix(1700000000, 0)
	r := periplus.Record{Mark: periplus.MarkFlow, Place: &periplus.Place{Account: "a b\nc", Interface: "\x1b[31m\t"},
		Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), SrcPort: 50000, DstPort: 443, Protocol: 6,
		Packets: 1, Bytes: 40, Start: at, End: at.Add(time.Minute),
		Has: periplus.HasSrcPort | periplus.HasDstPort | periplus.HasProtocol | periplus.HasPackets | periplus.HasBytes}
	if err := d.Write([]periplus.Record{r}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := d.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "2 a_b_c _[31m_ 10.0.0.1 10.0.0.2 0 443 6 1 40 1700000000 1700000060 - OK\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
