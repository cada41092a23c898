package lake

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// looked is a source in memory whose ETags say which look is due, as those of a
// log group do.
type looked struct {
	look   string
	text   map[string]string
	opened atomic.Int64
}

func (s *looked) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, uri := range slices.Sorted(maps.Keys(s.text)) {
			if !yield(periplus.Object{URI: uri, Size: -1, ETag: s.look}, nil) {
				return
			}
		}
	}
}

func (s *looked) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	s.opened.Add(1)
	text := s.text[o.URI]
	_, held, _ := strings.Cut(o.Held, " ")
	o.ETag += " " + fmt.Sprint(len(text))
	if held == fmt.Sprint(len(text)) {
		return nil, fmt.Errorf("%s: %w", o.URI, periplus.ErrHeld)
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

// What was looked at again and holds nothing new keeps its rows and what
// coverage says of them; the ledger learns of the look, if need be later.
func TestHeld(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 1, 0, 0, time.UTC)
	nothing := "2 123456789010 eni-0 - - - - - - - 1793527260 1793527320 - NODATA\nno line\n"
	for _, wait := range []bool{false, true} {
		t.Run(fmt.Sprint("defer ", wait), func(t *testing.T) {
			l := openTest(t, t.TempDir())
			src := &looked{look: "1", text: map[string]string{"a": awsLog(1, 10, at) + nothing, "b": awsLog(2, 20, at), "c": ""}}
			in := &Ingest{Lake: l, Source: src, Defer: wait}
			// run returns how many objects were read, and were asked for.
			run := func(read, asked int) {
				t.Helper()
				src.opened.Store(0)
				sum, err := in.Run(t.Context())
				if err != nil || len(sum.Failures) > 0 {
					t.Fatalf("%v %v", err, sum.Failures)
				}
				if got := src.opened.Load(); got != int64(asked) || sum.Objects != int64(read) {
					t.Errorf("%s: %d objects asked for and %d read, want %d and %d", src.look, got, sum.Objects, asked, read)
				}
				for o := range src.Objects(t.Context()) {
					if _, ok := in.Has(o); !ok {
						t.Errorf("%s: %s is not known after the run", src.look, o.URI)
					}
				}
			}
			if wait {
				run(2, 3) // the empty one waits
			} else {
				run(3, 3)
			}
			want, coverage := lakeTotals(t, l), coverageTable(t, l)
			if !want.same(wantTotals(10, 20)) {
				t.Fatalf("the lake holds %s", want)
			}
			commits := snapshots(t, l, Flows)
			run(0, 0)
			src.look = "2"
			run(0, 3)
			if got := snapshots(t, l, Flows) - commits; (got > 0) == wait {
				t.Errorf("a look that finds nothing makes %d commits", got)
			}
			if got := lakeTotals(t, l); got != want || !reflect.DeepEqual(coverageTable(t, l), coverage) {
				t.Errorf("after a look that finds nothing the lake holds %s, want %s; coverage %v, want %v", got, want, coverageTable(t, l), coverage)
			}
			src.text["b"] = awsLog(2, 25, at)
			src.look = "3"
			run(1, 3)
			if got, want := lakeTotals(t, l), wantTotals(10, 25); !got.same(want) {
				t.Errorf("the lake holds %s, want %s", got, want)
			}
			// What was held is read anew: what it said before goes.
			src.text["a"] = awsLog(1, 12, at) + nothing
			src.look = "4"
			run(1, 3)
			var nodata, bad int64
			for _, c := range coverageTable(t, l) {
				nodata, bad = nodata+c.NoData, bad+c.Bad
			}
			if got, want := lakeTotals(t, l), wantTotals(12, 25); !got.same(want) || nodata != 1 || bad != 1 {
				t.Errorf("the lake holds %s, %d windows without records and %d bad lines, want %s, 1 and 1", got, nodata, bad, want)
			}
			// Another process knows it all.
			in = &Ingest{Lake: l, Source: src, Defer: wait}
			run(0, 0)
			if err := l.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			in = &Ingest{Lake: l, Source: src, Defer: wait}
			run(0, 0)
		})
	}
}
