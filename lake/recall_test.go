package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// cutSource breaks the reading of its objects after so many bytes.
type cutSource struct {
	*fakeSource
	after int64
}

func (s *cutSource) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	r, err := s.fakeSource.Open(ctx, o)
	if err != nil || s.after < 0 {
		return r, err
	}
	return io.NopCloser(io.MultiReader(io.LimitReader(r, s.after), brokenReader{})), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// What a store does not give now is asked for again, however much of it came.
func TestLostRestIsReadAgain(t *testing.T) {
	l := openTest(t, t.TempDir())
	src := &cutSource{fakeSource: &fakeSource{text: map[string]string{"file:///a": awsLog(1, 5000, day0), "file:///b": awsLog(2, 10, day0)}}}
	want := wantTotals(5000, 10)
	in := Ingest{Lake: l, Source: src}
	for _, src.after = range []int64{0, 90_000, 40_000, 0, 200_000} {
		sum, err := in.Run(t.Context())
		if err != nil || sum.Failed == 0 {
			t.Fatalf("cut after %d: %+v, %v; want a failure", src.after, sum, err)
		}
		if got := lakeTotals(t, l); got.records >= want.records {
			t.Fatalf("cut after %d: lake holds %v, want less than %v", src.after, got, want)
		}
		if got := coverageRecords(t, l); got != lakeTotals(t, l).records {
			t.Errorf("cut after %d: coverage counts %d records, flows hold %v", src.after, got, lakeTotals(t, l))
		}
	}
	src.after = -1
	if _, err := in.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := lakeTotals(t, l); !got.same(want) {
		t.Errorf("lake holds %v, want %v", got, want)
	}
	if sum, err := in.Run(t.Context()); err != nil || sum.Skipped != 2 {
		t.Errorf("the next run: %+v, %v; want nothing new", sum, err)
	}
}

// An Ingest that runs again knows what it and others have read meanwhile.
func TestIngestRunsAgain(t *testing.T) {
	dir := t.TempDir()
	one, two := openTest(t, dir), openTest(t, dir)
	src := crashSource()
	a, b := Ingest{Lake: one, Wait: true}, Ingest{Lake: two, Wait: true}
	f := func(in *Ingest, file, skipped int64, again bool) {
		t.Helper()
		uri := fmt.Sprintf("file:///logs/%02d", file)
		in.Source = &fakeSource{text: map[string]string{uri: src.text[uri]}}
		before := in.recall.ledger
		sum, err := in.Run(t.Context())
		if err != nil || sum.Skipped != skipped || sum.Objects != 1-skipped {
			t.Fatalf("%s: %+v, %v; want %d skipped", uri, sum, err, skipped)
		}
		if kept := len(before) > 0 && fmt.Sprintf("%p", before) == fmt.Sprintf("%p", in.recall.ledger); kept != again {
			t.Errorf("%s: the ledger was kept: %v, want %v", uri, kept, again)
		}
		for o := range in.Source.Objects(t.Context()) {
			if row, ok := in.Has(o); !ok || row.Records == 0 {
				t.Errorf("%s: Has says %+v, %v", uri, row, ok)
			}
			o.ETag = "another"
			if _, ok := in.Has(o); ok {
				t.Errorf("%s: Has knows it changed", uri)
			}
		}
	}
	f(&a, 0, 0, false)
	f(&a, 1, 0, true)
	f(&a, 1, 1, true)
	f(&b, 1, 1, false)
	f(&b, 2, 0, true)
	f(&a, 2, 1, false) // b has committed
	f(&a, 3, 0, true)
	if _, err := two.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range int64(8) {
		uri := fmt.Sprintf("file:///logs/%02d", i)
		b.Source = &fakeSource{text: map[string]string{uri: src.text[uri]}}
		if _, err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	checkWhole(t, dir, "after runs of two")
}

// A run that fails forgets, so that the next one sees what is there.
func TestFailedRunForgets(t *testing.T) {
	l := openTest(t, t.TempDir())
	in := Ingest{Lake: l, Source: crashSource(), BatchObjects: 2}
	ctx, cancel := context.WithCancel(t.Context())
	in.Progress = func(p Progress) {
		if p.Done == 5 {
			cancel()
		}
	}
	if _, err := in.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Run = %v", err)
	}
	if _, ok := in.Has(periplus.Object{URI: "file:///logs/00"}); ok || in.recall.ledger != nil {
		t.Error("a run that failed remembers")
	}
	in.Progress = nil
	if _, err := in.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkWhole(t, l.Dir(), "after a run that failed")
}

// oneSource is one new object at each Run.
type oneSource struct{ n int }

func (s *oneSource) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		s.n++
		yield(periplus.Object{URI: fmt.Sprintf("s3://new/%08d", s.n), Size: 1, ETag: "1"}, nil)
	}
}

func (s *oneSource) Open(context.Context, *periplus.Object) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(awsLog(s.n, 20, day0))), nil
}

// BenchmarkRunAgain tells what a Run with one new object costs on a lake whose
// ledger has many: with what it knows kept, and loaded anew each time.
func BenchmarkRunAgain(b *testing.B) {
	const objects = 200_000
	for _, kept := range []bool{true, false} {
		b.Run(fmt.Sprintf("kept=%v", kept), func(b *testing.B) {
			l := openTest(b, b.TempDir())
			batch := Batch{ID: "many"}
			for i := range objects {
				uri := fmt.Sprintf("s3://logs/AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/01/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T0000Z_%08d.log.gz", i)
				batch.Objects = append(batch.Objects, periplus.ReadObject{ID: ObjectID(uri), URI: uri, Size: 1000, ETag: "e", State: periplus.ObjectRead,
					Records: 100, FirstSeen: day0, LastSeen: day0, ReadAt: day0.Add(time.Hour)})
			}
			if err := l.Commit(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			in := &Ingest{Lake: l, Source: &oneSource{}}
			if _, err := in.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if !kept {
					in.recall.forget()
				}
				if sum, err := in.Run(b.Context()); err != nil || sum.Objects != 1 {
					b.Fatal(sum, err)
				}
			}
		})
	}
}
