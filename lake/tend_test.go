package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func commitFlows(t testing.TB, l *Lake, id string, rows []periplus.Flow) {
	t.Helper()
	var n int64
	for i := range rows {
		n += rows[i].Records
	}
	uri := "file:///" + id
	o := object(uri, n)
	for i := range rows {
		rows[i].Object = o.ID
	}
	cover := []periplus.Coverage{{Hour: day0, Provider: "aws", Log: "fl-1", Records: n, KeepsPassed: true}}
	if err := l.Commit(t.Context(), Batch{ID: id, Flows: []Rows{seq(rows)}, Objects: []periplus.ReadObject{o}, Coverage: cover}); err != nil {
		t.Fatal(err)
	}
}

func TestChangedObjectReplacesItsRows(t *testing.T) {
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{
		"file:///a": awsLog(0, 500, day0), "file:///b": awsLog(1, 700, day0), "file:///c": awsLog(2, 300, day0.Add(5*time.Hour)),
	}}
	ingest(t, l, src)
	commits := snapshots(t, l, Flows)
	old, done, err := l.Pin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	src.text["file:///b"] = awsLog(1, 650, day0.Add(time.Hour)) // another time too
	src.text["file:///c"] = awsHeader                           // all of it is gone
	sum := ingest(t, l, src)
	if sum.Changed != 2 || sum.Skipped != 1 {
		t.Errorf("summary = %+v; want 2 changed, 1 skipped", sum)
	}
	if got := snapshots(t, l, Flows) - commits; got != 1 {
		t.Errorf("%d commits to flows, want 1", got)
	}
	want := wantTotals(500, 650)
	if got := lakeTotals(t, l); !got.same(want) {
		t.Errorf("lake holds %v, want %v", got, want)
	}
	if got := coverageRecords(t, l); got != want.records {
		t.Errorf("coverage counts %d records, want %d", got, want.records)
	}
	ledger, err := l.Ledger(t.Context())
	if err != nil || len(ledger) != 3 || ledger["file:///b"].Records != 650 || ledger["file:///c"].Records != 0 {
		t.Errorf("ledger = %v, %v; want three objects, b with 650 records, c with none", ledger, err)
	}
	// What was pinned before still reads as it was.
	files, err := l.Files(old, Flows, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := filesTotals(t, files), wantTotals(500, 700, 300); !got.same(want) {
		t.Errorf("the pinned snapshot holds %v, want %v", got, want)
	}
	// The hour that lost all its rows is stale: its traffic is to become nothing.
	stale, err := l.Stale(t.Context(), day0.Add(5*time.Hour), day0.Add(6*time.Hour))
	if err != nil || len(stale) != 1 {
		t.Errorf("stale hours = %v, %v; want the one of the object that is empty now", stale, err)
	}
	// Again: nothing to do.
	if sum := ingest(t, l, src); sum.Skipped != 3 {
		t.Errorf("third run: %+v; want 3 skipped", sum)
	}
}

func TestCompactKeepsRowsAndOrder(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	var sets [][]periplus.Flow
	for i := range 30 {
		rows := makeFlows(int64(i+1), 200, 3)
		commitFlows(t, l, fmt.Sprintf("b%d", i), rows)
		sets = append(sets, rows)
	}
	want := flowTexts(sets...)
	equalTexts(t, "before", allFlows(t, l), want)
	v, err := l.view(ctx)
	if err != nil {
		t.Fatal(err)
	}
	old, done, err := l.Pin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Compact(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if c.Hours != 3 || c.Before < 90 {
		t.Errorf("Compact = %+v; want 3 hours and 90 files or more", c)
	}
	equalTexts(t, "compacted", allFlows(t, l), want)
	files, err := l.Files(ctx, Flows, 0, time.Time{}, time.Time{})
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v; want one an hour", len(files), err)
	}
	for _, path := range files {
		checkSorted(t, path)
	}
	after, err := l.view(ctx)
	if err != nil || fmt.Sprint(after.flows) != fmt.Sprint(v.flows) {
		t.Errorf("compaction changed what is known to be touched:\n%v\n%v", after.flows, v.flows)
	}
	pinned, err := l.Files(old, Flows, 0, time.Time{}, time.Time{})
	if err != nil || len(pinned) != 90 {
		t.Fatalf("the pinned snapshot has %d files, %v; want 90", len(pinned), err)
	}
	// A reader in another process holds the snapshot: expiring leaves its files.
	l.leases.close()
	other, err := Open(ctx, l.Dir(), Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Expire(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if got := filesTotals(t, pinned); got.rows != 30*200 {
		t.Errorf("after Expire the pinned files hold %d rows, want %d", got.rows, 30*200)
	}
	done()
	x, err := other.Expire(ctx, 0)
	if err != nil || x.Files < 90 || x.Bytes == 0 {
		t.Errorf("Expire without readers = %+v, %v; want 90 data files and more gone", x, err)
	}
	if _, err := os.Stat(pinned[0]); err == nil {
		t.Errorf("%s is still there", pinned[0])
	}
	equalTexts(t, "after expiring", allFlows(t, other), want)
	checkNoOrphans(t, other, "after expiring")
	ledger, err := other.Ledger(ctx)
	if err != nil || len(ledger) != 30 {
		t.Errorf("%d objects in the ledger, %v; want 30", len(ledger), err)
	}
}

func checkSorted(t *testing.T, path string) {
	t.Helper()
	var last *periplus.Flow
	for f, err := range newFlowReader().rows(t.Context(), path) {
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && compareFlows(last, f) > 0 {
			t.Fatalf("%s: %v comes after %v", path, f, last)
		}
		c := *f
		last = &c
	}
}

func TestRebuildGivesTheSame(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{}}
	for i := range 7 {
		src.text[fmt.Sprintf("file:///%d", i)] = awsLog(i, 100*i, day0.Add(time.Duration(i)*13*time.Hour))
	}
	ingest(t, l, src)
	src.text["file:///3"] = awsLog(9, 120, day0)
	ingest(t, l, src)
	if _, err := l.Expire(ctx, 0); err != nil { // lists must outlive their snapshots
		t.Fatal(err)
	}
	if err := l.ReplaceTraffic(ctx, StepHour, day0, day0.Add(time.Hour), trafficRows(traffic(StepHour, day0))); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		t.Helper()
		var s strings.Builder
		for _, name := range []string{Objects, Coverage, Traffic} {
			files, err := l.Files(ctx, name, 0, time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, path := range files {
				err := readRecords(ctx, path, func(r *record) error {
					line := ""
					for _, c := range layouts[name].columns {
						line += r.cols[c.name].ValueStr(r.at) + "|"
					}
					lines = append(lines, line)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(lines)
			fmt.Fprintln(&s, name, strings.Join(lines, "\n"))
		}
		return s.String()
	}
	before := state()
	if err := l.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	cut := strings.Index(before, Traffic+" ")
	if got := state(); got != before[:cut]+Traffic+" \n" {
		t.Errorf("rebuilt:\n%s\nwant, without traffic:\n%s", got, before)
	}
	if sum := ingest(t, l, src); sum.Objects != 0 {
		t.Errorf("after Rebuild %d objects were read again", sum.Objects)
	}
}

func TestReadersWhileWriting(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	l := openTest(t, dir)
	const batches, rows = 16, 300
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			r, err := Open(ctx, dir, Fleeting)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			var last int64
			for over := false; !over; {
				select {
				case <-stop: // what is read from now on must be all
					over = true
				default:
				}
				files, err := r.Files(ctx, Flows, 0, time.Time{}, time.Time{})
				if err != nil {
					t.Error(err)
					return
				}
				// Whole batches, and never fewer than before.
				if got := filesTotals(t, files); got.rows%rows != 0 || got.rows < last {
					t.Errorf("a reader saw %d rows after %d", got.rows, last)
					return
				} else {
					last = got.rows
				}
			}
			if last != batches*rows {
				t.Errorf("at the end a reader sees %d rows, want %d", last, batches*rows)
			}
		})
	}
	for i := range batches {
		commitFlows(t, l, fmt.Sprintf("b%d", i), makeFlows(int64(i+1), rows, 2))
		if i%6 == 5 {
			if _, err := l.Compact(ctx); err != nil {
				t.Error(err)
			}
			if _, err := l.Expire(ctx, 0); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	wg.Wait()
}

func TestTwoWriters(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	a, b := openTest(t, dir), openTest(t, dir)
	k, err := a.tryLock(ingestLock, true)
	if err != nil || k == nil {
		t.Fatal(k, err)
	}
	in := Ingest{Lake: b, Source: crashSource()}
	if _, err := in.Run(ctx); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second ingest says %v; want ErrBusy with the process that is at work", err)
	}
	in.Wait = true
	end, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	if _, err := in.Run(end); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an ingest that waits says %v; want that it waited until it was told to stop", err)
	}
	stop()
	k.unlock()
	in.Source = &fakeSource{}
	if _, err := in.Run(ctx); err != nil {
		t.Errorf("an ingest that need not wait any more: %v", err)
	}
	// Changes from two openings wait for each other and all arrive.
	var wg sync.WaitGroup
	for w, l := range []*Lake{a, b} {
		wg.Go(func() {
			for i := range 5 {
				commitFlows(t, l, fmt.Sprintf("w%d-%d", w, i), makeFlows(int64(1+w*10+i), 50, 1))
			}
		})
	}
	wg.Wait()
	if got := lakeTotals(t, a); got.rows != 500 {
		t.Errorf("%d rows, want 500", got.rows)
	}
	w, err := a.tryLock(writeLock, true)
	if err != nil || w == nil {
		t.Fatal(w, err)
	}
	defer w.unlock()
	b.Patience = time.Millisecond
	if err := b.WriteEndpoints(ctx, nil, ""); !errors.Is(err, ErrBusy) {
		t.Errorf("a change while another process writes says %v; want ErrBusy", err)
	}
}

func TestManyCommitsStayCheap(t *testing.T) {
	unraced(t)
	if testing.Short() {
		t.Skip("some seconds")
	}
	l := openTest(t, t.TempDir())
	var first, last time.Duration
	const n = 120
	for i := range n {
		start := time.Now()
		commitFlows(t, l, fmt.Sprintf("b%d", i), makeFlows(int64(i+1), 10, 1))
		if took := time.Since(start); i < 20 {
			first += took
		} else if i >= n-20 {
			last += took
		}
	}
	info, err := l.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("first 20 commits %v, last 20 of %d %v; %+v", first, n, last, info.Tables[0])
	if info.Tables[0].Manifests > 40 || info.Tables[0].Rows != n*10 {
		t.Errorf("flows has %d manifests and %d rows, want at most 40 and %d", info.Tables[0].Manifests, info.Tables[0].Rows, n*10)
	}
	entries, err := os.ReadDir(l.tableDir(Flows) + "/metadata")
	if err != nil {
		t.Fatal(err)
	}
	versions := 0
	for _, e := range entries {
		if metadataVersion(e.Name()) > 0 {
			versions++
		}
	}
	if versions > 30 {
		t.Errorf("%d metadata files, want at most 30", versions)
	}
}

func TestRollKeepsWhatListsSay(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{}}
	for i := range 12 {
		src.text[fmt.Sprintf("file:///%02d", i)] = awsLog(i, 50+i, day0.Add(time.Duration(i)*time.Hour))
	}
	src.text["file:///gcp"] = gcpLog(1, 2, 3)
	ingest(t, l, src)
	said := func() string {
		t.Helper()
		servers, err1 := l.Servers(ctx)
		owned, err2 := l.Owned(ctx)
		named, err3 := l.Named(ctx)
		ids, err4 := l.IDs(ctx, time.Time{})
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		if len(owned) == 0 || len(named) == 0 || len(ids) != 3 {
			t.Errorf("%d owned, %d named, %d ids; want some, some, 3", len(owned), len(named), len(ids))
		}
		var s strings.Builder
		for _, o := range owned {
			fmt.Fprintln(&s, o.Addr, *o.Place, o.First, o.Last)
		}
		for _, n := range named {
			fmt.Fprintln(&s, n.Addr, n.Network, *n.Identity, n.First, n.Last)
		}
		fmt.Fprintln(&s, servers, ids)
		return s.String()
	}
	before := said()
	lists, err := l.lists(ctx)
	if err != nil || len(lists) < 4 {
		t.Fatal(lists, err)
	}
	if err := l.change(ctx, func(ctx context.Context) error { return l.roll(ctx, 1) }); err != nil {
		t.Fatal(err)
	}
	if lists, err = l.lists(ctx); err != nil || len(lists) != 1 {
		t.Fatalf("lists = %v, %v; want one", lists, err)
	}
	if got := said(); got != before {
		t.Errorf("after rolling:\n%s\nwant:\n%s", got, before)
	}
	src.text["file:///12"] = awsLog(12, 5, day0)
	src.text["file:///03"] = awsLog(3, 7, day0) // read before the roll
	ingest(t, l, src)
	if err := l.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	want := lakeTotals(t, l).records
	if got := coverageRecords(t, l); got != want {
		t.Errorf("coverage rebuilt from a roll counts %d records, want %d", got, want)
	}
	ledger, err := l.Ledger(ctx)
	if err != nil || len(ledger) != 14 || ledger["file:///03"].Records != 7 {
		t.Errorf("%d objects in the ledger, %v; want 14 and the new 03", len(ledger), err)
	}
	if sum := ingest(t, l, src); sum.Objects != 0 {
		t.Errorf("%d objects read again", sum.Objects)
	}
}
