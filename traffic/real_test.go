package traffic

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// realLake is an empty lake with its engine and keeper.
func realLake(t *testing.T) (*lake.Lake, *duckdb.DB, *Keeper) {
	t.Helper()
	l, err := lake.Create(t.Context(), t.TempDir(), lake.Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := duckdb.Open(l, duckdb.Options{Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, engine, &Keeper{Lake: l, Engine: engine, Temp: t.TempDir()}
}

// commit adds rows as one batch, of the object that they name.
func commit(t *testing.T, l *lake.Lake, id int64, rows []periplus.Flow) {
	t.Helper()
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Object = id
	}
	slices.SortFunc(rows, func(a, b periplus.Flow) int {
		x, y := periplus.Traffic{Client: a.Client, Server: a.Server, Bucket: a.Bucket}, periplus.Traffic{Client: b.Client, Server: b.Server, Bucket: b.Bucket}
		return merge.Compare(&x, &y)
	})
	var flows iter.Seq2[*periplus.Flow, error] = func(yield func(*periplus.Flow, error) bool) {
		for i := range rows {
			if !yield(&rows[i], nil) {
				return
			}
		}
	}
	object := periplus.ReadObject{ID: id, URI: fmt.Sprint("file:///", id), State: periplus.ObjectRead, FirstSeen: hour, LastSeen: hour, ReadAt: hour}
	if err := l.Commit(t.Context(), lake.Batch{ID: fmt.Sprint("b", id), Flows: []lake.Rows{flows}, Objects: []periplus.ReadObject{object}}); err != nil {
		t.Fatal(err)
	}
}

// asked reads all of a step back through the engine.
func asked(t *testing.T, db *duckdb.DB, step int64) string {
	t.Helper()
	var b strings.Builder
	err := db.Query(t.Context(), query.Statement{SQL: fmt.Sprintf("SELECT * FROM traffic WHERE step = %d ORDER BY bucket, client, server, coalesce(server_port, -1), protocol, client_network, server_network, verdict, reason", step),
		Spans: []query.Span{{Table: "traffic", Step: step}}}, func(_ []string, v []any) error {
		fmt.Fprintln(&b, v...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// told is what asked should say of rows.
func toldOf(rows []periplus.Traffic) string {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b periplus.Traffic) int {
		if c := a.Bucket.Compare(b.Bucket); c != 0 {
			return c
		}
		return merge.Compare(&a, &b)
	})
	var b strings.Builder
	for i := range rows {
		var v []any
		for _, f := range periplus.TrafficFields {
			v = append(v, f.Get(&rows[i]))
		}
		fmt.Fprintln(&b, v...)
	}
	return b.String()
}

// plainCompany has no facts beside its rows, so that the rule alone says what
// is right.
func plainCompany(seed uint64) *company {
	c := &company{r: rand.New(rand.NewPCG(seed, 1))}
	c.make(8)
	c.rows = slices.DeleteFunc(c.rows, func(f periplus.Flow) bool { return f.HasClientPort })
	return c
}

func ruled(c *company) []periplus.Traffic {
	first := slices.MinFunc(c.rows, func(a, b periplus.Flow) int { return a.Bucket.Compare(b.Bucket) }).Bucket.Truncate(time.Hour)
	last := slices.MaxFunc(c.rows, func(a, b periplus.Flow) int { return a.Bucket.Compare(b.Bucket) }).Bucket
	var out []periplus.Traffic
	for h := first; !h.After(last); h = h.Add(time.Hour) {
		byPair := map[string][]periplus.Flow{}
		for _, f := range c.rows {
			if !f.Bucket.Before(h.Add(-merge.Around)) && f.Bucket.Before(h.Add(time.Hour+merge.Around)) {
				k := f.Client.String() + f.Server.String()
				byPair[k] = append(byPair[k], f)
			}
		}
		for _, rows := range byPair {
			out = append(out, merge.Merge(rows, merge.Options{From: h, To: h.Add(time.Hour)})...)
		}
	}
	return out
}

func check(t *testing.T, what string, db *duckdb.DB, want []periplus.Traffic) {
	t.Helper()
	for step, rows := range map[int64][]periplus.Traffic{stepBucket: want, stepHour: coarser(want, stepHour), stepDay: coarser(want, stepDay)} {
		got, want := strings.Split(asked(t, db, step), "\n"), strings.Split(toldOf(rows), "\n")
		if slices.Equal(got, want) {
			continue
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("%s, step %d, row %d of %d (want %d)\n got %s\nwant %s", what, step, i, len(got), len(want), got[i], want[i])
				break
			}
		}
		t.Fatalf("%s, step %d: %d rows; want %d", what, step, len(got), len(want))
	}
}

// Batches in any order, with questions between them, end in what one build
// from scratch makes: a late batch rebuilds its hours and the neighbours whose
// 20 minutes it touches, and takes the day with it.
func TestLake(t *testing.T) {
	old := hour.AddDate(-1, 0, 0) // a day that is over
	c := plainCompany(7)
	shift := old.Sub(hour)
	for i := range c.rows {
		f := &c.rows[i]
		f.Bucket, f.FirstSeen, f.LastSeen = f.Bucket.Add(shift), f.FirstSeen.Add(shift), f.LastSeen.Add(shift)
	}
	want := ruled(c)
	l, db, k := realLake(t)
	first, second := &company{}, &company{}
	for i, f := range c.rows {
		if i%3 == 0 {
			second.rows = append(second.rows, f)
		} else {
			first.rows = append(first.rows, f)
		}
	}
	commit(t, l, 1, first.rows)
	if err := k.Current(t.Context(), old, old.Add(time.Minute)); err != nil { // one hour of them
		t.Fatal(err)
	}
	if got := asked(t, db, stepDay); got != "" {
		t.Errorf("a day step while hours are stale:\n%s", got)
	}
	if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	check(t, "one batch", db, ruled(first))
	commit(t, l, 2, second.rows)
	if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	check(t, "two batches", db, want)
	stale, err := l.Stale(t.Context(), time.Time{}, time.Time{})
	if err != nil || len(stale) > 0 {
		t.Errorf("still stale: %v, %v", stale, err)
	}

	fresh, db, k := realLake(t)
	commit(t, fresh, 1, c.rows)
	k.Rows = 60
	if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	check(t, "from scratch", db, want)
}

// Counters that no sum of 64 bits holds are unknown in traffic; they stop
// neither its building nor what is asked of the rest.
func TestTooMany(t *testing.T) {
	old := hour.AddDate(-1, 0, 0)
	l, db, k := realLake(t)
	c := &company{r: rand.New(rand.NewPCG(1, 1)), places: map[periplus.Place]*periplus.Place{}}
	absurd := func(at time.Time, server string, n int64) {
		f := c.row(periplus.ObserverServer, aws("eni-1", "fl-1", "vpc-a"), "10.0.0.5", server, 443)
		f.Bucket, f.FirstSeen, f.LastSeen = at, at, at
		f.RequestPackets, f.RequestBytes = periplus.Count{N: 3, Known: true}, periplus.Count{N: n, Known: true}
		f.ResponsePackets, f.ResponseBytes, f.Opened = periplus.Count{}, periplus.Count{}, periplus.Count{}
	}
	const most = 1<<62 - 1 // that digest lets a row have
	for range 3 {
		absurd(old, "10.0.1.1", most) // in one bucket
	}
	for i := range 3 {
		absurd(old.Add(time.Duration(i)*periplus.Bucket), "10.0.1.2", most) // in one hour
		absurd(old.Add(time.Duration(i)*time.Hour), "10.0.1.3", most)       // in one day
	}
	absurd(old, "10.0.1.4", 7)
	commit(t, l, 1, c.rows)
	if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	f := func(step int64, server string, want ...any) {
		t.Helper()
		var got []any
		err := db.Query(t.Context(), query.Statement{SQL: "SELECT sum(request_packets) AS packets, max(request_bytes) AS bytes FROM traffic WHERE step = ? AND server = ?",
			Args: []any{step, server}, Spans: []query.Span{{Table: "traffic", Step: step}}}, func(_ []string, v []any) error {
			got = slices.Clone(v)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("step %d, %s: %v, %v; want %v", step, server, got, err, want)
		}
	}
	for _, step := range []int64{stepBucket, stepHour, stepDay} {
		f(step, "10.0.1.1", int64(9), nil)
		f(step, "10.0.1.4", int64(3), int64(7))
	}
	f(stepBucket, "10.0.1.2", int64(9), int64(most))
	f(stepHour, "10.0.1.2", int64(9), nil)
	f(stepHour, "10.0.1.3", int64(9), int64(most))
	f(stepDay, "10.0.1.3", int64(9), nil)
}

// Rows that are turned round tell of the hour beside their own where the
// conversation that they were taken for has no row there, and join one that has
// none in theirs: here both say which of two observers counted more.
func TestTurnedBesideTheHour(t *testing.T) {
	old := hour.AddDate(-1, 0, 0)
	l, db, k := realLake(t)
	c := &company{r: rand.New(rand.NewPCG(1, 1)), places: map[periplus.Place]*periplus.Place{}}
	row := func(minute int, iface, client, server string, port uint16, packets int64) *periplus.Flow {
		f := c.row(periplus.ObserverUnknown, aws(iface, "fl-1", "vpc-a"), client, server, int(port))
		at := old.Add(time.Duration(minute) * time.Minute)
		f.Bucket, f.FirstSeen, f.LastSeen, f.OrientedBy = at.Truncate(periplus.Bucket), at, at, periplus.ByPort
		f.RequestPackets, f.ResponsePackets = periplus.Count{N: packets, Known: true}, periplus.Count{}
		return f
	}
	answer := func(minute int, iface, client, server string, port uint16, packets int64, clientPort uint16) {
		f := row(minute, iface, client, server, port, packets)
		f.OrientedBy, f.ClientPort, f.HasClientPort = periplus.ByOneWay, clientPort, true
	}
	row(50, "eni-1", "10.0.0.5", "10.0.1.1", 40001, 11)
	row(50, "eni-2", "10.0.0.5", "10.0.1.1", 40001, 4)
	answer(65, "eni-2", "10.0.1.1", "10.0.0.5", 50158, 20, 40001)
	row(50, "eni-2", "10.0.0.5", "10.0.1.2", 8080, 27)
	answer(65, "eni-1", "10.0.1.2", "10.0.0.5", 50158, 18, 8080)
	answer(65, "eni-2", "10.0.1.2", "10.0.0.5", 50158, 8, 8080)
	commit(t, l, 1, c.rows)
	if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := db.Query(t.Context(), query.Statement{SQL: "SELECT server, server_port, request_packets, response_packets FROM traffic WHERE step = 3600 ORDER BY server, bucket",
		Spans: []query.Span{{Table: "traffic", Step: stepHour}}}, func(_ []string, v []any) error {
		got = append(got, fmt.Sprintf("%v %v %v %v", v...))
		return nil
	})
	if want := []string{"10.0.1.1 40001 4 <nil>", "10.0.1.1 40001 <nil> 20", "10.0.1.2 8080 27 <nil>", "10.0.1.2 8080 <nil> 8"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// Several questions at once wait for one build, and a question that is called
// off leaves the lake as it was.
func TestAtOnce(t *testing.T) {
	l, db, k := realLake(t)
	c := plainCompany(3)
	commit(t, l, 1, c.rows)
	built := 0
	k.Progress = func(Progress) { built++ }
	errs := make(chan error)
	for range 4 {
		go func() { errs <- k.Current(t.Context(), time.Time{}, time.Time{}) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if built != 1 {
		t.Errorf("built %d times; want once", built)
	}
	if got, want := asked(t, db, stepBucket), toldOf(ruled(c)); got != want {
		t.Errorf("got %d bytes of rows; want %d", len(got), len(want))
	}
}

// Several processes on one lake share the building: each hour is built by one
// of them, and all find it built.
func TestBuiltOnce(t *testing.T) {
	l, db, k := realLake(t)
	c := plainCompany(4)
	commit(t, l, 1, c.rows)
	stale, err := l.Stale(t.Context(), time.Time{}, time.Time{})
	if err != nil || len(stale) < 4 {
		t.Fatalf("%d stale hours, %v", len(stale), err)
	}
	keepers := []*Keeper{k}
	for range 3 {
		other, err := lake.Open(t.Context(), l.Dir(), lake.Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		keepers = append(keepers, &Keeper{Lake: other, Engine: db})
	}
	var built atomic.Int64
	errs := make(chan error)
	for _, k := range keepers {
		k.Rows = 10 // an hour a job
		before := 0
		k.Progress = func(p Progress) {
			built.Add(int64(p.Done - before))
			before = p.Done
			if p.Done == p.Hours {
				before = 0
			}
		}
		go func() { errs <- k.Current(t.Context(), time.Time{}, stale[len(stale)-1].Add(time.Hour)) }()
	}
	for range keepers {
		if err := <-errs; err != nil && !errors.Is(err, lake.ErrChanged) {
			t.Error(err)
		}
	}
	if n := built.Load(); n < int64(len(stale)) || n > int64(len(stale))+int64(len(keepers)) {
		t.Errorf("%d hours were built, want %d, and one more of a process that came late at most", n, len(stale))
	}
	if got, want := asked(t, db, stepBucket), toldOf(ruled(c)); got != want {
		t.Errorf("got %d bytes of rows; want %d", len(got), len(want))
	}
	if left, err := os.ReadDir(filepath.Join(l.Dir(), "building")); err != nil || len(left) > 0 {
		t.Errorf("%d claims are left, %v", len(left), err)
	}
}
