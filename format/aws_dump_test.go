package format

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

var updateAWS = flag.Bool("update-aws", false, "rewrite testdata/aws*.want")

// awsNow is what times in test data are measured against.
var awsNow = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// dump writes all that a record says, one field after the other.
func dump(r *periplus.Record) string {
	var b strings.Builder
	say := func(name string, v any) {
		if s := fmt.Sprint(v); s != "" {
			fmt.Fprintf(&b, " %s=%s", name, strings.ReplaceAll(s, " ", "_"))
		}
	}
	addr := func(a netip.Addr) string {
		if !a.IsValid() {
			return ""
		}
		return a.String()
	}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format("2006-01-02T15:04:05.999Z07:00")
	}
	has := func(bit periplus.Has, v any) string {
		if r.Has&bit == 0 {
			return ""
		}
		return fmt.Sprint(v)
	}
	fmt.Fprintf(&b, "%d %s", r.Line, [...]string{"flow", "event", "nodata", "skipdata"}[r.Mark])
	if r.Part {
		b.WriteString(" part")
	}
	say("src", addr(r.Src))
	say("dst", addr(r.Dst))
	say("pktsrc", addr(r.PktSrc))
	say("pktdst", addr(r.PktDst))
	say("sport", has(periplus.HasSrcPort, r.SrcPort))
	say("dport", has(periplus.HasDstPort, r.DstPort))
	say("proto", has(periplus.HasProtocol, r.Protocol))
	say("packets", has(periplus.HasPackets, r.Packets))
	say("bytes", has(periplus.HasBytes, r.Bytes))
	say("flags", has(periplus.HasTCPFlags, r.TCPFlags))
	say("start", stamp(r.Start))
	say("end", stamp(r.End))
	if !r.Booked.Equal(r.Start) {
		say("booked", stamp(r.Booked))
	}
	say("verdict", [...]string{"", "allowed", "denied", "dropped"}[r.Verdict])
	say("direction", [...]string{"", "ingress", "egress", "through"}[r.Direction])
	fmt.Fprintf(&b, " %+v", *r.Place)
	for i, id := range []*periplus.Identity{r.SrcID, r.DstID} {
		if id != nil {
			fmt.Fprintf(&b, " %s=%+v", []string{"srcid", "dstid"}[i], *id)
		}
	}
	if r.Note != nil {
		fmt.Fprintf(&b, " note=%+v", *r.Note)
	}
	for _, e := range r.Extra {
		fmt.Fprintf(&b, " %s:%s", e.Name, e.Value)
	}
	return b.String()
}

// dumpAll reads in to the end and writes its records and its Stats.
func dumpAll(in io.Reader, opt Options) string {
	o, err := Open(in, opt)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	recs, err := readAll(o.Reader)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", o.Format.Name)
	for i := range recs {
		fmt.Fprintf(&b, "%s\n", dump(&recs[i]))
	}
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	s := o.Reader.Stats()
	fmt.Fprintf(&b, "lines %d records %d nodata %d skipdata %d bad %s\n", s.Lines, s.Records, s.NoData, s.SkipData, periplus.BadText(s.Bad))
	for _, e := range s.First {
		fmt.Fprintf(&b, "  %s %s\n", e.Kind, e.Error())
	}
	var names []string
	for n := range s.Unknown {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintf(&b, "  unknown %s %d\n", n, s.Unknown[n])
	}
	return b.String()
}

// TestAWSFiles reads each testdata/aws* that has a .want beside it.
func TestAWSFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/aws*")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		tried++
		in, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		opt := Options{Now: awsNow, Object: &periplus.Object{URI: filepath.Base(file)}}
		if strings.Contains(file, "hinted") {
			opt.Object.Hint = periplus.Place{Account: "999988887777", Region: "eu-west-1", Log: "fl-0123"}
			opt.Object.Time = time.Unix(1700000100, 0).UTC()
		}
		if strings.Contains(file, "custom") {
			opt.AWSFormat = "${version} ${interface-id} ${srcaddr} ${dstaddr}"
		}
		got := dumpAll(bytes.NewReader(in), opt)
		want, err := os.ReadFile(file + ".want")
		if *updateAWS {
			if err := os.WriteFile(file+".want", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
	if tried == 0 {
		t.Error("no testdata")
	}
}
