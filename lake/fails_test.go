package lake

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// refusing is a source that gives the beginning of objects alone, or nothing,
// while it refuses.
type refusing struct {
	*looked
	refuses bool
	begins  int // bytes that come; 0: it does not open
}

func (s *refusing) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	if s.refuses && s.begins == 0 {
		return nil, errors.New("no route to host")
	}
	in, err := s.looked.Open(ctx, o)
	if s.refuses && err == nil {
		in = io.NopCloser(io.MultiReader(io.LimitReader(in, int64(s.begins)), brokenReader{}))
	}
	return in, err
}

// What was read stays while the store does not give what took its place.
func TestRefusedAgain(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 1, 0, 0, time.UTC)
	l := openTest(t, t.TempDir())
	src := &refusing{looked: &looked{look: "1", text: map[string]string{"a": awsLog(1, 10, at)}}}
	in := &Ingest{Lake: l, Source: src}
	run := func(failures int) {
		t.Helper()
		sum, err := in.Run(t.Context())
		if err != nil || len(sum.Failures) != failures {
			t.Fatalf("%v; failures %v, want %d", err, sum.Failures, failures)
		}
	}
	run(0)
	want := lakeTotals(t, l)
	src.look, src.refuses = "2", true
	src.text["a"] = awsLog(1, 12, at)
	for _, src.begins = range []int{0, 0, 10, len(awsHeader)} {
		run(1)
		if got := lakeTotals(t, l); got != want {
			t.Errorf("while the store gives %d bytes the lake holds %s, want %s", src.begins, got, want)
		}
	}
	src.refuses = false
	run(0)
	if got, want := lakeTotals(t, l), wantTotals(12); !got.same(want) {
		t.Errorf("the lake holds %s, want %s", got, want)
	}
}
