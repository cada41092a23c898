package lake

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// teach commits rows with facts.
func teach(t *testing.T, l *Lake, n int, minutes ...int) {
	t.Helper()
	place := &periplus.Place{Provider: "aws", Account: "1", Region: "r", Network: fmt.Sprint("vpc-", n), Interface: "eni-1", Log: "fl-1"}
	b := Batch{ID: fmt.Sprint("b", n), Flows: []Rows{seq(flowsAt(minutes...))}, Objects: []periplus.ReadObject{object(fmt.Sprint("o", n), 1)},
		Servers:  []digest.Server{{Addr: netip.MustParseAddr("10.0.0.1"), Port: 443, Protocol: 6}, {Addr: netip.MustParseAddr("10.0.0.1"), Port: uint16(n), Protocol: 17}},
		Owned:    []digest.Owned{{Addr: netip.MustParseAddr("10.0.0.9"), Place: place, First: day0, Last: day0.Add(time.Duration(n) * time.Hour)}},
		Coverage: []periplus.Coverage{{Hour: day0.Add(time.Duration(n) * time.Hour), Provider: "aws", Account: "1", Interface: "eni-1", Log: "fl-1", KeepsPassed: n > 1, SkipData: int64(n % 2)}}}
	if err := l.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func news(t *testing.T, l *Lake) (was, now *Facts) {
	t.Helper()
	is, err := l.News(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	was, now, err = l.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if is != (was != now) {
		t.Errorf("News says %v; Facts differ: %v", is, was != now)
	}
	return was, now
}

func held(t *testing.T, l *Lake, was, now *Facts, changed ...time.Time) {
	t.Helper()
	if err := l.Held(t.Context(), was, now, changed); err != nil {
		t.Fatal(err)
	}
}

// What traffic was held against is kept, whatever becomes of the lists, and so
// are the hours that are to be made again until they are.
func TestFacts(t *testing.T) {
	l := openTest(t, t.TempDir())
	if was, now := news(t, l); was != now || len(was.Servers) > 0 {
		t.Errorf("an empty lake knows %+v", now)
	}
	teach(t, l, 1, 0, 90, 180)
	staleHours(t, l)
	build(t, l, 0, 1, 3)
	was, now := news(t, l)
	if len(was.Servers) != 0 || len(now.Servers) != 2 || len(now.Owned) != 1 || now.Logs[Log{"aws", "1", "eni-1", "fl-1"}] || len(now.Skipped) != 1 {
		t.Errorf("after one batch: %+v, then %+v", was, now)
	}
	held(t, l, was, now, day0) // which was made from the same commit
	if got := staleHours(t, l); got != "" {
		t.Errorf("stale %q; want none", got)
	}
	if _, again := news(t, l); again != now {
		t.Error("what was held against is news again")
	}
	teach(t, l, 2, 190)
	was, now = news(t, l)
	held(t, l, was, now, day0, day0.Add(time.Hour))
	if got := staleHours(t, l); got != "0 1 3 " {
		t.Errorf("stale %q; want 0 and 1, which facts change, and 3 with new flows", got)
	}
	build(t, l, 0)
	if got := staleHours(t, l); got != "1 3 " {
		t.Errorf("stale %q; want 1 3", got)
	}
	teach(t, l, 3, 190)
	teach(t, l, 4, 190)
	if err := l.change(t.Context(), func(ctx context.Context) error { return l.roll(ctx, 1) }); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	was, now = news(t, other)
	if len(was.Servers) != 3 || len(now.Servers) != 5 || len(was.Owned) != 2 || len(now.Owned) != 4 || !now.Logs[Log{"aws", "1", "eni-1", "fl-1"}] || len(now.Skipped) != 2 {
		t.Errorf("after a roll: %+v, then %+v", was, now)
	}
	held(t, other, was, now, day0)
	if err := l.Held(t.Context(), was, now, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("held against the same again: %v; want ErrChanged", err)
	}
	if got := staleHours(t, l); got != "0 1 3 " {
		t.Errorf("stale %q; want 0 (new facts), 1 (older ones) and 3 (new flows)", got)
	}
	if kept, _ := news(t, l); !reflect.DeepEqual(kept, now) {
		t.Errorf("read back %+v; want %+v", kept, now)
	}
	if err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if was, now = news(t, l); len(was.Servers) != 0 || len(now.Servers) != 5 {
		t.Errorf("after Rebuild: %+v, then %+v", was, now)
	}
}

// Who builds while another one holds traffic against newer facts leaves stale
// what it built.
func TestBuiltFromOldFacts(t *testing.T) {
	l := openTest(t, t.TempDir())
	teach(t, l, 1, 30)
	old, done, err := l.Pin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	was, now, err := l.Facts(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Held(old, was, now, nil); err != nil {
		t.Fatal(err)
	}
	replaced := func(want string) {
		t.Helper()
		for _, step := range []int64{StepBucket, StepHour} {
			if err := l.ReplaceTraffic(old, step, day0, day0.Add(time.Hour), nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := staleHours(t, l); got != want {
			t.Errorf("stale %q; want %q", got, want)
		}
	}
	replaced("")
	teach(t, l, 2, 5*60)
	was, now = news(t, l)
	held(t, l, was, now)
	replaced("0 5 ")
}

// An hour lost records as long as some object says so: what is read again and
// says so no more takes it back, whatever the facts were kept in meanwhile.
func TestFactsTakeLossesBack(t *testing.T) {
	a, b := "file:///a", "file:///b"
	src := &rereadSource{text: map[string]string{}}
	l := openTest(t, t.TempDir())
	key := LogHour{Log{"aws", "123456789010", "eni-1", ""}, day0.Unix()}
	f := func(what, uri string, skipdata int, want int64) {
		t.Helper()
		src.text[uri] = awsMixed(1, day0, 1, 0, skipdata, 0)
		ingest(t, l, src)
		was, now := news(t, l)
		if now.Skipped[key] != want || len(now.Skipped) != min(1, int(want)) {
			t.Errorf("%s: lost in %v; want %d", what, now.Skipped, want)
		}
		held(t, l, was, now)
	}
	roll := func() {
		t.Helper()
		if err := l.change(t.Context(), func(ctx context.Context) error { return l.roll(ctx, 1) }); err != nil {
			t.Fatal(err)
		}
	}
	f("first", a, 2, 2)
	f("another", b, 1, 3)
	roll()
	f("one has none", a, 0, 1)
	f("it has again", a, 1, 2)
	other, err := Open(t.Context(), l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	l = other
	defer other.Close()
	f("the other has none", b, 0, 1)
	src.text[b] = awsMixed(1, day0, 2, 0, 4, 0)
	ingest(t, l, src)
	src.text[b] = awsMixed(1, day0, 2, 0, 3, 0)
	ingest(t, l, src)
	roll() // holds some that are known and some that are not
	f("two commits in a roll", b, 2, 3)
	f("one left", b, 0, 1)
	f("none", a, 0, 0)
	if err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, now := news(t, l); len(now.Skipped) != 0 {
		t.Errorf("rebuilt: lost in %v; want none", now.Skipped)
	}
}

// Facts of a version that did not count what was lost stay: it kept nothing to
// take back.
func TestFactsOfAnOldLake(t *testing.T) {
	l := openTest(t, t.TempDir())
	teach(t, l, 1, 0)
	was, now := news(t, l)
	now = now.clone()
	for k := range now.Skipped {
		now.Skipped[k] = 0 // as a file without the column reads
	}
	held(t, l, was, now)
	other, err := Open(t.Context(), l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	was, now = news(t, other)
	if len(now.Skipped) != 1 || was != now {
		t.Fatalf("read back %+v; want an hour that lost records", now.Skipped)
	}
	for k, n := range now.Skipped {
		if n != 1 {
			t.Errorf("%+v lost %d; want 1", k, n)
		}
	}
}
