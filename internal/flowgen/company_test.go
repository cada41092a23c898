package flowgen_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/names"
)

// small is a few hours of the company, at the time of its incidents.
func small(seed uint64) flowgen.Options {
	return flowgen.Options{Seed: seed, Duration: 3 * time.Hour, Scale: 0.15}
}

func TestCompany(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	one, err := small(1).Write(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := small(1).Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	if digestOf(t, a) != digestOf(t, b) || !reflect.DeepEqual(one.Conversations, two.Conversations) {
		t.Error("one seed, two companies")
	}
	got := readAll(t, one)
	if got.Records != one.Records || !maps.Equal(got.Bad, one.Bad) && len(got.Bad) > 0 || len(got.Unknown) > 0 {
		t.Errorf("read %d records, bad %v, unknown %v; wrote %d", got.Records, got.Bad, got.Unknown, one.Records)
	}
	if got.NoData == 0 || got.SkipData == 0 || one.Repeats == 0 {
		t.Errorf("NODATA %d, SKIPDATA %d, repeats %d; want some of each", got.NoData, got.SkipData, one.Repeats)
	}
	kinds := map[string]bool{}
	for _, f := range one.Findings {
		kinds[f.Kind] = true
		if f.From.Before(one.From) || f.To.After(one.To) {
			t.Errorf("%s is outside of %v to %v", f.About, one.From, one.To)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("incidents of %d kinds, want 5", len(kinds))
	}
	if file, err := names.ReadFile(one.Names); err != nil || file.Len() < 150 {
		t.Errorf("names file: %v, want 150 names or more", err)
	}
}

func TestCompanySaysWhatIsWrong(t *testing.T) {
	f := func(o flowgen.Options) {
		t.Helper()
		if _, err := o.Write(context.Background(), t.TempDir()); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	f(flowgen.Options{Duration: time.Minute})
	f(flowgen.Options{Scale: -1})
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := (flowgen.Options{}).Write(ctx, t.TempDir()); err == nil {
		t.Error("cancelled: no error")
	}
}

// The demo's day goes the whole way only when asked, because it takes a while:
// PERIPLUS_DAY=folder go test -run WholeDay -v
func TestWholeDay(t *testing.T) {
	dir := os.Getenv("PERIPLUS_DAY")
	if dir == "" {
		t.Skip("set PERIPLUS_DAY to the folder to write the demo's day to")
	}
	began := time.Now()
	truth, err := flowgen.Options{}.Write(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records in %d files, %d conversations, %v", truth.Records, truth.Files, len(truth.Conversations), time.Since(began))
	began = time.Now()
	h := newHarbour(t)
	s := h.take(truth.Logs, rand.New(rand.NewPCG(1, 1)), 0)
	t.Logf("%d records read into %d flow rows, %v", s.Stats.Records, s.Rows, time.Since(began))
	h.hold(truth)
}
