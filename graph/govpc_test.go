package graph

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

func record(src, dst string) periplus.Record {
	return periplus.Record{Place: &periplus.Place{Account: "111122223333", Interface: `eni-"1`}, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst),
		SrcPort: 50000, DstPort: 443, Protocol: 6, Packets: 1, Bytes: 40, Start: time.Unix(100, 0), End: time.Unix(160, 0), Verdict: periplus.Allowed,
		Has: periplus.HasSrcPort | periplus.HasDstPort | periplus.HasProtocol | periplus.HasPackets | periplus.HasBytes}
}

// What a gateway dropped was stopped, and what it did not count is no zero.
func TestGovpcOfWhatIsNotSaid(t *testing.T) {
	r := record("10.0.0.1", "10.0.0.2")
	r.Verdict, r.Bytes, r.Has, r.End = periplus.Dropped, 0, r.Has&^periplus.HasBytes, time.Time{}
	var b bytes.Buffer
	g := Govpc{W: &b}
	if err := g.Write([]periplus.Record{r}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`govpc_packets="1" govpc_bytes="-" govpc_start="100" govpc_end="-" color=red label=`, `\npackets=1\nbytes=-\nstart=100\nend=-"]`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func TestGovpcNodesDoNotCollide(t *testing.T) {
	var b bytes.Buffer
	g := Govpc{W: &b}
	if err := g.Write([]periplus.Record{record("10.0.1.10", "10.0.11.0"), record("1.0.0.110", "10.0.1.10")}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`n100110 [label="10.0.1.10"]`, `n100110_10_0_11_0 [label="10.0.11.0"]`, `n100110_1_0_0_110 [label="1.0.0.110"]`, `govpc_eniID="eni-\"1"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

// go-vpcflow's own cases, line by line.
func TestGovpcSamples(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "samples", "aws-go-vpcflow-digest-dot")
	cases, err := filepath.Glob(filepath.Join(dir, "dot-*.log"))
	if err != nil || len(cases) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no samples in %s", dir)
		}
		t.Skipf("no samples in %s", dir)
	}
	for _, path := range cases {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		g := Govpc{W: &b}
		if len(in) > 0 {
			o, err := format.Open(bytes.NewReader(in), format.Options{Now: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			recs := make([]periplus.Record, 16)
			for {
				n, err := o.Reader.Read(recs)
				if werr := g.Write(recs[:n]); werr != nil {
					t.Fatal(werr)
				}
				if err != nil {
					break
				}
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".log") + ".expected")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sorted(b.String()), sorted(string(want)); !slices.Equal(got, want) {
			t.Errorf("%s gives\n%s\nwant\n%s", path, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func sorted(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}
