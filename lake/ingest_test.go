package lake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// fakeSource is a source in memory: text by URI. An error stands for what
// cannot be opened.
type fakeSource struct {
	text map[string]string
	errs map[string]error
}

func (s *fakeSource) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, uri := range slices.Sorted(maps.Keys(s.text)) {
			text := s.text[uri]
			if !yield(periplus.Object{URI: uri, Size: int64(len(text)), ETag: fmt.Sprint(len(text), text[:min(len(text), 100)])}, nil) {
				return
			}
		}
	}
}

func (s *fakeSource) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	if err := s.errs[o.URI]; err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(s.text[o.URI])), nil
}

const awsHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

// awsLog writes an AWS v2 log of n records from a time on; packets and bytes
// of record i are 1+i%7 and 100*(1+i%7).
func awsLog(file, n int, from time.Time) string {
	var b strings.Builder
	b.WriteString(awsHeader)
	for i := range n {
		at := from.Add(time.Duration(i) * 7 * time.Second).Unix()
		action := "ACCEPT"
		if i%10 == 9 {
			action = "REJECT"
		}
		fmt.Fprintf(&b, "2 123456789010 eni-%d 10.0.%d.%d 10.1.0.%d %d 443 6 %d %d %d %d %s OK\n",
			file%3, file%4, i%200, i%17, 20000+i%5000, 1+i%7, 100*(1+i%7), at, at+6, action)
	}
	return b.String()
}

// totals are what must be right after everything.
type totals struct{ rows, records, packets, bytes int64 }

func (t totals) String() string {
	return fmt.Sprintf("%d records, %d packets, %d bytes", t.records, t.packets, t.bytes)
}

func wantTotals(files ...int) totals {
	var t totals
	for _, n := range files {
		for i := range n {
			t.records++
			t.packets += int64(1 + i%7)
			t.bytes += int64(100 * (1 + i%7))
		}
	}
	return t
}

// lakeTotals sums the table flows by its files.
func lakeTotals(t testing.TB, l *Lake) totals {
	t.Helper()
	files, err := l.Files(t.Context(), Flows, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return filesTotals(t, files)
}

func filesTotals(t testing.TB, files []string) totals {
	t.Helper()
	var sum totals
	for _, path := range files {
		err := readRecords(t.Context(), path, func(r *record) error {
			sum.rows++
			sum.records += r.number("records")
			sum.packets += r.number("request_packets") + r.number("response_packets")
			sum.bytes += r.number("request_bytes") + r.number("response_bytes")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func (t totals) same(o totals) bool {
	return t.records == o.records && t.packets == o.packets && t.bytes == o.bytes
}

func ingest(t testing.TB, l *Lake, src periplus.Source) *Summary {
	t.Helper()
	in := Ingest{Lake: l, Source: src, Workers: 2, BatchObjects: 3}
	sum, err := in.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestIngestReadsOnlyWhatIsNew(t *testing.T) {
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{}, errs: map[string]error{}}
	for i := range 5 {
		src.text[fmt.Sprintf("file:///logs/%d", i)] = awsLog(i, 100+i, day0)
	}
	src.text["file:///logs/README"] = "not a log\n"
	src.text["file:///logs/empty"] = ""
	src.text["file:///logs/locked"] = awsLog(0, 10, day0)
	src.errs["file:///logs/locked"] = errors.New("permission denied")
	src.text["file:///logs/bad"] = awsLog(7, 20, day0) + "2 123456789010 eni-1 10.0.0.1 nonsense\n"

	sum := ingest(t, l, src)
	want := wantTotals(100, 101, 102, 103, 104, 20)
	if got := lakeTotals(t, l); !got.same(want) {
		t.Errorf("lake holds %v, want %v", got, want)
	}
	if sum.Listed != 9 || sum.Objects != 7 || sum.Failed != 2 || sum.Skipped != 0 {
		t.Errorf("summary = %+v; want 9 listed, 7 read, 2 failed", sum)
	}
	if sum.Stats.Records != want.records || sum.Stats.BadTotal() != 1 || len(sum.Stats.First) != 1 {
		t.Errorf("stats = %+v; want %d records and one bad line", sum.Stats, want.records)
	}
	if got := sum.Bytes[periplus.Allowed] + sum.Bytes[periplus.Denied]; got != want.bytes || sum.Bytes[periplus.Denied] == 0 {
		t.Errorf("bytes by verdict = %v, want %d in all", sum.Bytes, want.bytes)
	}

	before := snapshots(t, l, Flows)
	sum = ingest(t, l, src)
	if sum.Skipped != 7 || sum.Objects != 0 || sum.Failed != 2 {
		t.Errorf("second run: %+v; want 7 skipped, none read", sum)
	}
	if got := snapshots(t, l, Flows); got != before {
		t.Errorf("second run made %d commits, want none", got-before)
	}
	delete(src.errs, "file:///logs/locked")
	ingest(t, l, src)
	if got, want := lakeTotals(t, l), wantTotals(100, 101, 102, 103, 104, 20, 10); !got.same(want) {
		t.Errorf("after the locked file was opened: %v, want %v", got, want)
	}
}

func snapshots(t testing.TB, l *Lake, name string) int {
	t.Helper()
	tbl, err := l.load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return len(tbl.Metadata().Snapshots())
}

// gcpLog writes VPC flow log entries of GCP with the given insertIds, each of
// 3 packets and 300 bytes.
func gcpLog(ids ...int) string {
	var b strings.Builder
	for _, id := range ids {
		at := day0.Add(time.Duration(id) * time.Second)
		fmt.Fprintf(&b, `{"insertId":"id%d","logName":"projects/p/logs/compute.googleapis.com%%2Fvpc_flows","timestamp":%q,"resource":{"type":"gce_subnetwork","labels":{"project_id":"p","location":"europe-west1-b","subnetwork_name":"s","subnetwork_id":"1"}},"jsonPayload":{"connection":{"src_ip":"10.0.0.%d","src_port":%d,"dest_ip":"10.0.1.9","dest_port":443,"protocol":6},"bytes_sent":"300","packets_sent":"3","start_time":%q,"end_time":%q,"reporter":"DEST","dest_instance":{"project_id":"p","vm_name":"web","region":"europe-west1","zone":"europe-west1-b"},"dest_vpc":{"project_id":"p","vpc_name":"v","subnetwork_name":"s"}}}`+"\n",
			id, at.Format(time.RFC3339Nano), 1+id%200, 20000+id, at.Format(time.RFC3339Nano), at.Add(time.Second).Format(time.RFC3339Nano))
	}
	return b.String()
}

// An entry that is delivered again counts once, within a batch, between
// batches and runs, and also when the object that holds it is read again.
func TestRepeatsAndChangedObjects(t *testing.T) {
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{
		"file:///1": gcpLog(1, 2, 3, 4), "file:///2": gcpLog(3, 4, 5), // one batch
		"file:///3": gcpLog(5, 6), "file:///4": gcpLog(1, 7),
	}}
	f := func(what string, want int64) {
		t.Helper()
		sum := ingest(t, l, src)
		if got := lakeTotals(t, l); got.records != want || got.packets != 3*want {
			t.Errorf("%s: %v, want %d records; summary %+v", what, got, want, sum)
		}
	}
	f("new", 7)
	f("again", 7)
	src.text["file:///5"] = gcpLog(7, 8)
	f("one more", 8)
	src.text["file:///1"] = gcpLog(1, 2, 3, 4, 9) // grew
	f("changed", 9)
	src.text["file:///1"] = gcpLog(1, 2, 3, 4, 9, 10)
	f("changed again", 10)
	l.Close()
	again, err := Open(t.Context(), l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	src.text["file:///1"] = gcpLog(1, 2, 3, 4, 9, 10, 11)
	ingest(t, again, src)
	if got := lakeTotals(t, again); got.records != 11 {
		t.Errorf("changed, in another run: %v, want 11 records", got)
	}
}

// brokenSource ends a run by its context in the middle of an object.
type brokenSource struct {
	*fakeSource
	cancel context.CancelFunc
}

func (s *brokenSource) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	if strings.HasSuffix(o.URI, "5") {
		s.cancel()
	}
	return s.fakeSource.Open(ctx, o)
}

func TestCancelLeavesAWholeLake(t *testing.T) {
	l := openTest(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	in := Ingest{Lake: l, Source: &brokenSource{crashSource(), cancel}, Workers: 2, BatchObjects: 2}
	sum, err := in.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Run = %v, want that it was cancelled", err)
	}
	ledger, err := l.Ledger(t.Context())
	if err != nil || int64(len(ledger)) != sum.Objects || len(ledger) == 0 {
		t.Errorf("%d objects in the ledger, %v; the summary says %d", len(ledger), err, sum.Objects)
	}
	ingest(t, l, crashSource())
	checkWhole(t, l.Dir(), "after a cancelled run")
}

func TestTruncatedObjectKeepsWhatCameBefore(t *testing.T) {
	l := openTest(t, t.TempDir())
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, awsLog(1, 5000, day0))
	w.Close()
	src := &fakeSource{text: map[string]string{"file:///cut.gz": b.String()[:b.Len()/2]}}
	sum := ingest(t, l, src)
	if sum.Partly != 1 || len(sum.Failures) != 1 || sum.Stats.Records == 0 || sum.Stats.Records >= 5000 {
		t.Errorf("summary = %+v; want one object read in part", sum)
	}
	if got := lakeTotals(t, l); got.records != sum.Stats.Records {
		t.Errorf("lake holds %v, the summary says %d records", got, sum.Stats.Records)
	}
	if sum := ingest(t, l, src); sum.Skipped != 1 {
		t.Errorf("read again though it did not change: %+v", sum)
	}
	src.text["file:///cut.gz"] = b.String()
	ingest(t, l, src)
	if got, want := lakeTotals(t, l), wantTotals(5000); !got.same(want) {
		t.Errorf("when the rest has come: %v, want %v", got, want)
	}
}

// unsizedSource does not know the sizes of its objects.
type unsizedSource struct{ *fakeSource }

func (s unsizedSource) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for o, err := range s.fakeSource.Objects(ctx) {
			if o.Size = -1; !yield(o, err) {
				return
			}
		}
	}
}

// Batches end also where nobody knows how large objects are.
func TestBatchesOfUnknownSize(t *testing.T) {
	l := openTest(t, t.TempDir())
	src := unsizedSource{&fakeSource{text: map[string]string{}}}
	for i := range 5 {
		src.text[fmt.Sprintf("cloudwatch:%d", i)] = awsLog(i, 20, time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC))
	}
	commits := func() int {
		tbl, err := l.load(t.Context(), Flows)
		if err != nil {
			t.Fatal(err)
		}
		return len(tbl.Metadata().Snapshots())
	}
	before := commits()
	if _, err := (&Ingest{Lake: l, Source: src, BatchBytes: 2 * unsized}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := commits() - before; n != 3 {
		t.Errorf("5 objects of unknown size in %d commits, want 3", n)
	}
	if got, want := lakeTotals(t, l), wantTotals(20, 20, 20, 20, 20); got.records != want.records || got.bytes != want.bytes {
		t.Errorf("%v, want %v", got, want)
	}
}
