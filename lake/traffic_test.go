package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func traffic(step int64, buckets ...time.Time) []periplus.Traffic {
	rows := make([]periplus.Traffic, len(buckets))
	for i, b := range buckets {
		rows[i] = periplus.Traffic{Step: step, Bucket: b, Client: netip.MustParseAddr("10.0.0.1"), ClientNetwork: "vpc-1",
			Server: netip.MustParseAddr("2001:db8::5"), ServerPort: uint16(i), HasPort: i%2 == 0, Protocol: 6,
			Verdict: periplus.Denied, Reason: "acl", RequestPackets: periplus.Count{N: 3, Known: true},
			Records: 2, Connections: 1, TCPFlags: 2, FirstSeen: b, LastSeen: b.Add(time.Second),
			SeenBy: "both", StoppedAt: "server", Answer: "none", Service: "S3", Path: "1", Encryption: "on", Sampled: true}
	}
	return rows
}

func trafficRows(rows []periplus.Traffic) iter.Seq2[*periplus.Traffic, error] {
	return func(yield func(*periplus.Traffic, error) bool) {
		for i := range rows {
			if !yield(&rows[i], nil) {
				return
			}
		}
	}
}

// trafficTexts reads traffic back, by the column table's names.
func trafficTexts(t testing.TB, l *Lake, step int64) []string {
	t.Helper()
	files, err := l.Files(t.Context(), Traffic, step, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range files {
		err := readRecords(t.Context(), path, func(r *record) error {
			s := ""
			for _, c := range layouts[Traffic].columns {
				switch {
				case c.typ == periplus.Timestamptz:
					s += r.time(c.name).Format(time.RFC3339Nano)
				case r.cols[c.name].IsNull(r.at):
					s += "null"
				default:
					s += r.cols[c.name].ValueStr(r.at)
				}
				s += "|"
			}
			out = append(out, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func wantTraffic(sets ...[]periplus.Traffic) []string {
	var out []string
	for _, rows := range sets {
		for i := range rows {
			s := ""
			for _, c := range periplus.TrafficFields {
				switch v := c.Get(&rows[i]).(type) {
				case nil:
					s += "null"
				case time.Time:
					s += v.Format(time.RFC3339Nano)
				default:
					s += fmt.Sprint(v)
				}
				s += "|"
			}
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func replace(t testing.TB, l *Lake, step int64, start, end time.Time, rows []periplus.Traffic) {
	t.Helper()
	if err := l.ReplaceTraffic(t.Context(), step, start, end, trafficRows(rows)); err != nil {
		t.Fatal(err)
	}
}

func TestReplaceTraffic(t *testing.T) {
	l := openTest(t, t.TempDir())
	h := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Hour) }
	first := traffic(StepHour, h(0), h(1), h(1), h(2), h(25))
	replace(t, l, StepHour, h(0), h(26), first)
	fine := traffic(StepBucket, h(1), h(1).Add(periplus.Bucket))
	replace(t, l, StepBucket, h(1), h(2), fine)
	equalTexts(t, "hours", trafficTexts(t, l, StepHour), wantTraffic(first))
	equalTexts(t, "buckets", trafficTexts(t, l, StepBucket), wantTraffic(fine))

	day := traffic(StepDay, day0)
	replace(t, l, StepDay, day0, h(24), day)
	equalTexts(t, "day", trafficTexts(t, l, StepDay), wantTraffic(day))

	// One hour within a day is replaced; its day goes until it is made again.
	again := traffic(StepHour, h(1))
	replace(t, l, StepHour, h(1), h(2), again)
	equalTexts(t, "hours, one of them again", trafficTexts(t, l, StepHour), wantTraffic(first[:1], again, first[3:]))
	equalTexts(t, "day after an hour was rebuilt", trafficTexts(t, l, StepDay), nil)
	equalTexts(t, "buckets are as they were", trafficTexts(t, l, StepBucket), wantTraffic(fine))

	files, err := l.Files(t.Context(), Traffic, StepHour, h(1), h(2))
	if err != nil || len(files) != 1 {
		t.Errorf("Files of one hour = %v, %v; want one", files, err)
	}
	for _, bad := range []struct {
		step       int64
		start, end time.Time
		rows       []periplus.Traffic
	}{
		{600, h(0), h(1), nil},
		{StepHour, h(0).Add(time.Minute), h(1), nil},
		{StepDay, h(1), h(25), nil},
		{StepHour, h(0), h(1), traffic(StepHour, h(1))},
		{StepHour, h(0), h(3), traffic(StepHour, h(2), h(1))},
		{StepHour, h(0), h(1), traffic(StepBucket, h(0))},
	} {
		if err := l.ReplaceTraffic(t.Context(), bad.step, bad.start, bad.end, trafficRows(bad.rows)); err == nil {
			t.Errorf("ReplaceTraffic(%d, %v, %v) was accepted", bad.step, bad.start, bad.end)
		}
	}
	equalTexts(t, "after refusals", trafficTexts(t, l, StepHour), wantTraffic(first[:1], again, first[3:]))
}

// flowsAt are rows in the buckets that begin at those minutes of day0.
func flowsAt(minutes ...int) []periplus.Flow {
	rows := makeFlows(1, len(minutes), 1)
	for i, m := range minutes {
		rows[i].Bucket = day0.Add(time.Duration(m) * time.Minute)
	}
	return rows
}

func staleHours(t testing.TB, l *Lake) string {
	t.Helper()
	hours, err := l.Stale(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s := ""
	for _, h := range hours {
		s += fmt.Sprint(int(h.Sub(day0).Hours()), " ")
	}
	return s
}

func build(t testing.TB, l *Lake, hours ...int) {
	t.Helper()
	for _, h := range hours {
		at := day0.Add(time.Duration(h) * time.Hour)
		replace(t, l, StepBucket, at, at.Add(time.Hour), nil)
		replace(t, l, StepHour, at, at.Add(time.Hour), nil)
	}
}

func TestStale(t *testing.T) {
	l := openTest(t, t.TempDir())
	f := func(what, want string) {
		t.Helper()
		if got := staleHours(t, l); got != want {
			t.Errorf("%s: stale hours %q, want %q", what, got, want)
		}
	}
	f("empty", "")
	commitFlows(t, l, "a", flowsAt(0, 30, 60+30, 120+30, 180+30))
	f("new", "0 1 2 3 ")
	build(t, l, 0, 1, 2, 3)
	f("built", "")
	commitFlows(t, l, "b", flowsAt(60+30))
	f("the middle of an hour", "1 ")
	build(t, l, 1)
	commitFlows(t, l, "c", flowsAt(120+15))
	f("the first 20 minutes of an hour", "1 2 ")
	build(t, l, 1, 2)
	commitFlows(t, l, "d", flowsAt(120+40))
	f("the last 20 minutes of an hour", "2 3 ")
	build(t, l, 2, 3)
	commitFlows(t, l, "e", flowsAt(120+20, 120+35))
	f("just inside", "2 ")
	if _, err := l.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	f("compacted", "2 ")
	replace(t, l, StepHour, day0.Add(2*time.Hour), day0.Add(3*time.Hour), nil)
	f("only one of two steps built", "2 ")
	replace(t, l, StepBucket, day0.Add(2*time.Hour), day0.Add(3*time.Hour), nil)
	f("both", "")
	again, err := Open(t.Context(), l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := staleHours(t, again); got != "" {
		t.Errorf("another opening finds %q stale, want none", got)
	}
}

func TestTrafficBuiltFromOldFlowsIsStale(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	commitFlows(t, l, "a", flowsAt(30))
	old, done, err := l.Pin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	staleHours(t, l)
	commitFlows(t, l, "b", flowsAt(30)) // while somebody builds from what was before
	for _, step := range []int64{StepBucket, StepHour} {
		if err := l.ReplaceTraffic(old, step, day0, day0.Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := staleHours(t, l); got != "0 " {
		t.Errorf("built from a pinned snapshot before the last commit: stale %q, want hour 0", got)
	}
	build(t, l, 0) // by what the first Stale saw, which is older: once more
	for range 2 {
		if staleHours(t, l) != "" {
			build(t, l, 0)
		}
	}
	if got := staleHours(t, l); got != "" {
		t.Errorf("never becomes current: %q", got)
	}
}

// Who began earlier and comes later does not undo what was made meanwhile.
func TestTrafficBuiltLaterStays(t *testing.T) {
	l := openTest(t, t.TempDir())
	commitFlows(t, l, "a", flowsAt(30))
	old, done, err := l.Pin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	commitFlows(t, l, "b", flowsAt(31))
	now, done, err := l.Pin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	rows := func() (n int64) {
		files, err := l.dataFiles(t.Context(), Traffic)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			n += f.file.Count()
		}
		return n
	}
	for i, ctx := range []context.Context{now, old, now} {
		for _, step := range []int64{StepBucket, StepHour} {
			row := traffic(step, day0)
			if err := l.ReplaceTraffic(ctx, step, day0, day0.Add(time.Hour), trafficRows(slices.Repeat(row, i+1))); err != nil {
				t.Fatal(err)
			}
		}
		if got := staleHours(t, l); got != "" {
			t.Errorf("stale after replacement %d: %q; want none", i, got)
		}
		if got, want := rows(), []int64{2, 2, 6}[i]; got != want {
			t.Errorf("%d rows after replacement %d; want %d", got, i, want)
		}
	}
}

func TestStaleDays(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	days := func() int {
		t.Helper()
		d, err := l.StaleDays(ctx, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return len(d)
	}
	commitFlows(t, l, "a", flowsAt(30, 90))
	if n := days(); n != 0 {
		t.Errorf("%d days may be added up while hours are stale", n)
	}
	staleHours(t, l)
	build(t, l, 0, 1)
	if n := days(); n != 1 {
		t.Errorf("%d days may be added up, want 1", n)
	}
	build(t, l, 1) // an hour is rebuilt while the day is added up
	err := l.ReplaceTraffic(ctx, StepDay, day0, day0.Add(24*time.Hour), trafficRows(traffic(StepDay, day0)))
	if !errors.Is(err, ErrChanged) {
		t.Errorf("a day made from an old hour: %v, want ErrChanged", err)
	}
	staleHours(t, l)
	build(t, l, 1)
	if n := days(); n != 1 {
		t.Fatalf("%d days may be added up, want 1", n)
	}
	replace(t, l, StepDay, day0, day0.Add(24*time.Hour), traffic(StepDay, day0))
	if n := days(); n != 0 {
		t.Errorf("%d days may be added up after it was done, want none", n)
	}
}
