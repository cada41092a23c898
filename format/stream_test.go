package format_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// From a bucket to a picture, as go-vpcflow's README does it: find the objects
// of a day, an account and a region, read them as one log while the next are on
// their way, digest them, and draw the digest.
func ExampleStream() {
	ctx := context.Background()
	address := exampleLogs() // a folder here; "s3://my-logs/AWSLogs/" works alike
	defer os.RemoveAll(address)
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

	logs, err := source.Open(ctx, []string{address}, source.Options{Choice: source.Choice{
		From: day, To: day.AddDate(0, 0, 1),
		Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer logs.Close()
	stream := format.Stream{
		Source:  &source.Prefetch{Source: logs, Count: 2, Bytes: 150e6},
		Trouble: func(uri string, err error) { fmt.Println(uri, err) },
	}

	var few digest.V2
	if err := stream.Each(ctx, few.Write); err != nil {
		fmt.Println(err)
		return
	}
	var lines bytes.Buffer
	if _, err := few.WriteTo(io.MultiWriter(&lines, os.Stdout)); err != nil {
		fmt.Println(err)
		return
	}

	digested, err := format.Open(&lines, format.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dot := graph.Govpc{W: os.Stdout}
	recs := make([]periplus.Record, 100)
	for err == nil {
		var n int
		n, err = digested.Reader.Read(recs)
		if werr := dot.Write(recs[:n]); werr != nil {
			fmt.Println(werr)
			return
		}
	}
	if !errors.Is(err, io.EOF) {
		fmt.Println(err)
		return
	}
	if err := dot.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 111122223333 eni-0a 10.0.1.10 10.0.2.20 0 443 6 15 1500 1793527200 1793527380 ACCEPT OK
	// 2 111122223333 eni-0a 198.51.100.7 10.0.2.20 0 22 6 1 40 1793527200 1793527380 REJECT OK
	// digraph {
	// 	n100110 -> n100220 [govpc_accountID="111122223333" govpc_eniID="eni-0a" govpc_srcPort="0" govpc_dstPort="443" govpc_protocol="6" govpc_packets="15" govpc_bytes="1500" govpc_start="1793527200" govpc_end="1793527380" color=green label="accountID=111122223333\neniID=eni-0a\nsrcPort=0\ndstPort=443\nprotocol=6\npackets=15\nbytes=1500\nstart=1793527200\nend=1793527380"]
	// 	n198511007 -> n100220 [govpc_accountID="111122223333" govpc_eniID="eni-0a" govpc_srcPort="0" govpc_dstPort="22" govpc_protocol="6" govpc_packets="1" govpc_bytes="40" govpc_start="1793527200" govpc_end="1793527380" color=red label="accountID=111122223333\neniID=eni-0a\nsrcPort=0\ndstPort=22\nprotocol=6\npackets=1\nbytes=40\nstart=1793527200\nend=1793527380"]
	// 	n100110 [label="10.0.1.10"]
	// 	n100220 [label="10.0.2.20"]
	// 	n198511007 [label="198.51.100.7"]
	// }
}

// exampleLogs writes four objects as AWS lays them out, of which two are
// wanted, and returns their folder.
func exampleLogs() string {
	dir, err := os.MkdirTemp("", "logs")
	if err != nil {
		panic(err)
	}
	for key, text := range exampleObjects {
		path := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			panic(err)
		}
		if err := os.WriteFile(path, zipped(text), 0o666); err != nil {
			panic(err)
		}
	}
	return dir
}

const exampleHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

var exampleObjects = map[string]string{
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/01/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T1000Z_aa.log.gz": exampleHeader +
		"2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1793527200 1793527260 ACCEPT OK\n" +
		"2 111122223333 eni-0a 198.51.100.7 10.0.2.20 40000 22 6 1 40 1793527230 1793527260 REJECT OK\n",
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/01/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T1005Z_bb.log.gz": exampleHeader +
		"2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50002 443 6 5 500 1793527320 1793527380 ACCEPT OK\n",
	"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/01/111122223333_vpcflowlogs_us-east-1_fl-0b_20261101T1000Z_cc.log.gz": exampleHeader +
		"2 111122223333 eni-0b 10.9.1.10 10.9.2.20 50001 443 6 10 1000 1793527200 1793527260 ACCEPT OK\n",
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/03/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261103T1000Z_dd.log.gz": exampleHeader +
		"2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50009 443 6 10 1000 1793700000 1793700060 ACCEPT OK\n",
}

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text) // into memory: it cannot fail
	z.Close()
	return b.Bytes()
}

// The example's address may be a bucket.
func TestStreamOfBucket(t *testing.T) {
	dir := exampleLogs()
	defer os.RemoveAll(dir)
	store := servers.S3(t)
	store.Upload(dir)
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var got []string
	for _, address := range []string{dir, store.With("AWSLogs/")} {
		logs, err := source.Open(t.Context(), []string{address}, source.Options{Choice: source.Choice{From: day, To: day.AddDate(0, 0, 1), Regions: []string{"eu-west-1"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer logs.Close()
		var d digest.V2
		stream := format.Stream{Source: &source.Prefetch{Source: logs, Count: 2}, Trouble: func(uri string, err error) { t.Error(uri, err) }}
		if err := stream.Each(t.Context(), d.Write); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if _, err := d.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		got = append(got, b.String())
	}
	if got[0] != got[1] || strings.Count(got[0], "\n") != 2 {
		t.Errorf("the digest of the folder is\n%sand of the bucket\n%s", got[0], got[1])
	}
}

// texts is a source of texts by name; what is empty cannot be opened.
type texts map[string]string

func (s texts) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, uri := range slices.Sorted(maps.Keys(s)) {
			var err error
			if strings.HasSuffix(uri, "/") {
				err = errors.New("may not be listed")
			}
			if !yield(periplus.Object{URI: uri}, err) {
				return
			}
		}
	}
}

func (s texts) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	if s[o.URI] == "" {
		return nil, errors.New("may not be read")
	}
	return io.NopCloser(strings.NewReader(s[o.URI])), nil
}

func TestStreamGoesOn(t *testing.T) {
	good := exampleHeader + "2 1 eni-1 10.0.0.1 10.0.0.2 5000 443 6 1 40 1793527200 1793527260 ACCEPT OK\n"
	whole := zipped(strings.Repeat(good, 50))
	src := texts{"a": good, "b/": "", "c": "", "d": "no log at all", "e": string(whole[:len(whole)-9]), "f": good}
	var bad, read []string
	stream := format.Stream{Source: src,
		Trouble: func(uri string, _ error) { bad = append(bad, uri) },
		Read:    func(o *periplus.Object, s *periplus.Stats) { read = append(read, fmt.Sprint(o.URI, s.Records)) },
	}
	n := 0
	count := func(recs []periplus.Record) error { n += len(recs); return nil }
	if err := stream.Each(t.Context(), count); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(bad), "[b/ c d e]"; got != want {
		t.Errorf("trouble with %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(read, n), "[a1 e50 f1] 52"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	full := errors.New("full")
	if err := stream.Each(t.Context(), func([]periplus.Record) error { return full }); !errors.Is(err, full) {
		t.Errorf("an error of who takes the records comes out as %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	n = 0
	err := stream.Each(ctx, func(recs []periplus.Record) error { stop(); return count(recs) })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("stopped after the first record it read %d, %v", n, err)
	}
}
