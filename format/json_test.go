package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/periplus/periplus/periplus"
)

var updateClouds = flag.Bool("update-clouds", false, "rewrite testdata/gcp*.want and azure*.want")

// cloudNow is what times in test data are measured against.
var cloudNow = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// cloudDump writes all that a record says.
func cloudDump(r *periplus.Record) string {
	var b strings.Builder
	say := func(name string, v any) {
		if s := fmt.Sprint(v); s != "" && s != "invalid IP" && s != "0" && s != "false" && s != "unknown" {
			fmt.Fprintf(&b, " %s=%s", name, s)
		}
	}
	has := func(bit periplus.Has, name string, v any) {
		if r.Has&bit != 0 {
			fmt.Fprintf(&b, " %s=%v", name, v)
		}
	}
	fmt.Fprintf(&b, "%d %s %v > %v", r.Line, [...]string{"flow", "event"}[r.Mark], r.Src, r.Dst)
	has(periplus.HasSrcPort, "sport", r.SrcPort)
	has(periplus.HasDstPort, "dport", r.DstPort)
	has(periplus.HasProtocol, "protocol", r.Protocol)
	has(periplus.HasPackets, "packets", r.Packets)
	has(periplus.HasBytes, "bytes", r.Bytes)
	has(periplus.HasRevPackets, "rev_packets", r.RevPackets)
	has(periplus.HasRevBytes, "rev_bytes", r.RevBytes)
	has(periplus.HasID, "id", fmt.Sprintf("%016x", r.ID))
	fmt.Fprintf(&b, "\n\tbooked=%s start=%v end=+%v", r.Booked.Format(time.RFC3339Nano), r.Start.Sub(r.Booked), r.End.Sub(r.Start))
	say("verdict", r.Verdict)
	say("direction", r.Direction)
	say("state", [...]string{"", "begin", "continue", "end", "denied"}[r.State])
	say("sampled", r.Sampled)
	say("initiator", r.Initiator)
	for _, c := range r.Extra {
		fmt.Fprintf(&b, " extra:%s=%q", c.Name, c.Value)
	}
	fmt.Fprintf(&b, "\n\tplace %+v", *r.Place)
	if r.Note != nil {
		fmt.Fprintf(&b, "\n\tnote %+v", *r.Note)
	}
	if r.SrcID != nil {
		fmt.Fprintf(&b, "\n\tsrc %+v", *r.SrcID)
	}
	if r.DstID != nil {
		fmt.Fprintf(&b, "\n\tdst %+v", *r.DstID)
	}
	return b.String()
}

// cloudRead writes all records of in, and what was wrong with the rest.
func cloudRead(t testing.TB, f Format, in io.Reader, batch int) string {
	t.Helper()
	r, err := f.Open(in, Options{Now: cloudNow, Object: &periplus.Object{URI: "file"}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	recs := make([]periplus.Record, batch)
	n, records := 0, int64(0)
	for err == nil {
		n, err = r.Read(recs)
		for i := range recs[:n] {
			fmt.Fprintln(&b, cloudDump(&recs[i]))
			records++
		}
	}
	if err != io.EOF {
		fmt.Fprintln(&b, "error:", err)
	}
	s := r.Stats()
	if s.Records != records {
		t.Errorf("Stats.Records = %d, want the %d that were read", s.Records, records)
	}
	fmt.Fprintf(&b, "lines %d, records %d, bad %q\n", s.Lines, s.Records, periplus.BadText(s.Bad))
	for _, e := range s.First {
		fmt.Fprintf(&b, "%s %s\n", e.Kind, &e)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Unknown)) {
		fmt.Fprintf(&b, "unknown %s: %d\n", k, s.Unknown[k])
	}
	if a, ok := r.(interface{ Cursor() int64 }); ok {
		fmt.Fprintf(&b, "cursor %d\n", a.Cursor())
	}
	return b.String()
}

// golden reads every file that matches and compares with what its .want holds,
// however the bytes come in and however many records are asked for.
func golden(t *testing.T, pattern string) {
	t.Helper()
	files, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/%s: %d files, %v", pattern, len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := choose(text, Options{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := "format " + f.Name + "\n" + cloudRead(t, *f, bytes.NewReader(text), 7)
		if *updateClouds {
			if err := os.WriteFile(file+".want", []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file + ".want")
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
		again := "format " + f.Name + "\n" + cloudRead(t, *f, iotest.DataErrReader(iotest.OneByteReader(bytes.NewReader(text))), 1)
		if again != string(want) {
			t.Errorf("%s, a byte and a record at a time: got\n%s\nwant\n%s", file, again, want)
		}
	}
}

func TestJSONScalar(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var j jsonText
		j.reset([]byte(in + " "))
		got := string(j.scalar())
		if j.fault != jsonFine {
			got = "error: " + j.msg
		}
		if got != want {
			t.Errorf("scalar(%s) = %q, want %q", in, got, want)
		}
	}
	f(`"abc"`, "abc")
	f(`"a long string without any escape in it, longer than eight bytes"`, "a long string without any escape in it, longer than eight bytes")
	f(`"1234567\"9"`, `1234567"9`)
	f(`"\u00e9\n\t\/\\"`, "é\n\t/\\")
	f(`"\ud83d\ude00"`, "😀")
	f(`"\ud83d"`, "\uFFFD")
	f(`"\ud83d\u0041"`, "\uFFFDA")
	f(`"é"`, "é")
	f(`12`, "12")
	f(`-1.5e+7`, "-1.5e+7")
	f(`true`, "true")
	f(`null`, "")
	f(`{"a":[1,{}]}`, "")
	f(`01`, "error: neither a value nor its end")
	f(`nul`, "error: neither a value nor its end")
	f(`"a`+"\n"+`b"`, "error: a control character in a string")
	f(`"\x"`, "error: an escape that JSON does not know")
	f(`"\u12g4"`, `error: \u without four hexadecimal digits`)
	f(`"abc`, "error: ends in the middle")
	f(`[1,2`, "error: ends in the middle")
	f(`[1 2]`, "error: no comma between two values")
	f(`{"a" 1}`, "error: no colon behind a name")
	f(`{a:1}`, "error: no name before a value")
	f(strings.Repeat("[", 200)+strings.Repeat("]", 200), "error: nested too deep")
}

func FuzzJSONText(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u0041",null,true]}`, `"\ud83d\ude00"`, `[]`, `{}`, `-0`, `"` + strings.Repeat("x", 30) + `\\"`, `[1,]`, "\"\x1f\"", `["\0"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(append([]byte{'['}, b...), ']')
		var j jsonText
		j.reset(b)
		j.skip()
		if j.msg == "nested too deep" {
			return
		}
		ok := j.fault == jsonFine && len(bytes.Trim(b[j.i:], " \t\r\n")) == 0
		if want := json.Valid(b); ok != want {
			t.Fatalf("skip(%q) ok %v (%s), encoding/json says %v", b, ok, j.msg, want)
		}
		var list []any
		if ok && utf8.Valid(b) && json.Unmarshal(b, &list) == nil {
			j.reset(b)
			i := 0
			for more := j.open('['); more; more = j.more(']') {
				got := string(j.scalar())
				if want, isString := list[i].(string); isString && got != want {
					t.Fatalf("string %d of %q is %q, want %q", i, b, got, want)
				}
				i++
			}
			if i != len(list) || j.fault != jsonFine {
				t.Fatalf("%q: %d values (%s), want %d", b, i, j.msg, len(list))
			}
		}
	})
}

func TestJSONUint(t *testing.T) {
	f := func(in string, want uint64, ok bool) {
		t.Helper()
		if got, gotOK := jsonUint([]byte(in)); gotOK != ok || ok && got != want {
			t.Errorf("jsonUint(%q) = %d, %v; want %d, %v", in, got, gotOK, want, ok)
		}
	}
	f("0", 0, true)
	f("6.0", 6, true)
	f("6.00", 6, true)
	f("1e3", 1000, true)
	f("1.5e3", 1500, true)
	f("18446744073709551615", 1<<64-1, true)
	f("9007199254740993", 1<<53+1, true)
	f("18446744073709551616", 0, false)
	f("6.5", 0, false)
	f("6.", 0, false)
	f("-1", 0, false)
	f("", 0, false)
	f("0x10", 0, false)
	f("1e400", 0, false)
	f("NaN", 0, false)
}

func FuzzJSONAddr(f *testing.F) {
	for _, s := range []string{"10.1.0.2", "2001:db8::1", "::ffff:10.0.0.1", "::", "fe80::1%eth0", "1.2.3", "01.2.3.4", "256.1.1.1", "1.2.3.4.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := jsonAddr([]byte(s))
		want, err := netip.ParseAddr(s)
		if wantOK := err == nil && want.Zone() == ""; ok != wantOK || ok && got != want.Unmap() {
			t.Fatalf("jsonAddr(%q) = %v, %v; netip says %v, %v", s, got, ok, want, err)
		}
	})
}

func FuzzJSONTime(f *testing.F) {
	for _, s := range []string{"2024-05-01T10:00:05Z", "2024-05-01T10:00:05.123456789Z", "2024-02-29T23:59:59.5+05:30", "2023-02-29T00:00:00Z", "2024-05-01 10:00:05 UTC", "2024-12-31T23:59:60Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := jsonTime([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, s)
		if err == nil && !ok && !strings.Contains(s, ",") {
			t.Fatalf("jsonTime(%q) refuses what time.Parse reads as %v", s, want)
		}
		if err == nil && ok && !got.Equal(want) {
			t.Fatalf("jsonTime(%q) = %v, want %v", s, got, want)
		}
	})
}

// A reader that fails says so after the records that came before.
func TestJSONReadError(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, name := range []string{"gcp-flow-array.json", "azure-vnet.json"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := choose(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := cloudRead(t, *f, io.MultiReader(bytes.NewReader(text[:len(text)-300]), iotest.ErrReader(broken)), 10)
		if !strings.Contains(got, "error: broken pipe") || !strings.Contains(got, "truncated=1") || !strings.HasPrefix(got, "1 flow") {
			t.Errorf("%s cut by an error: got\n%s", name, got)
		}
	}
}
