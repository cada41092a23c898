package lake

import (
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
