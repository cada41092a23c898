package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/source"
)

// The child of TestCrash runs an ingest and is killed in it: by its parent at
// any instant, or by itself at a step between commits.
const (
	crashDir  = "PERIPLUS_TEST_CRASH_LAKE"
	crashStep = "PERIPLUS_TEST_CRASH_STEP" // "N step": die at the step's Nth time
	crashTend = "PERIPLUS_TEST_CRASH_TEND" // tend the lake instead
	crashGrow = "PERIPLUS_TEST_CRASH_GROW" // read this folder instead
	crashNew  = "PERIPLUS_TEST_CRASH_NEW"  // so many more windows without traffic are in every file
)

var crashFiles = []int{900, 1200, 300, 2000, 50, 700, 1500, 10}

func crashSource() *fakeSource {
	src := &fakeSource{text: map[string]string{}}
	for i, n := range crashFiles {
		at := day0.Add(time.Duration(i%3) * time.Hour)
		windows := strings.Repeat(fmt.Sprintf("2 123456789010 eni-%d - - - - - - - %d %d - NODATA\n", i%3, at.Unix(), at.Unix()+60), crashNoData(i))
		src.text[fmt.Sprintf("file:///logs/%02d", i)] = awsLog(i, n, at) + windows
	}
	return src
}

// crashNoData is how many windows without traffic a file has.
func crashNoData(i int) int {
	more, _ := strconv.Atoi(os.Getenv(crashNew))
	return i%3 + more
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir, os.Getenv(crashStep)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func crashChild(dir, step string) error {
	if nth, name, ok := strings.Cut(step, " "); ok {
		left, err := strconv.Atoi(nth)
		if err != nil {
			return err
		}
		crashPoint = func(at string) {
			if at != name {
				return
			}
			if left--; left == 0 {
				p, _ := os.FindProcess(os.Getpid())
				p.Kill()
				select {}
			}
		}
	}
	fmt.Println("start") // the parent counts from here
	ctx := context.Background()
	l, err := Create(ctx, dir, Fleeting)
	if err != nil {
		return err
	}
	if os.Getenv(crashTend) != "" {
		return tendChild(ctx, l)
	}
	in := Ingest{Lake: l, Source: crashSource(), Workers: 2, BatchObjects: 2}
	if dir := os.Getenv(crashGrow); dir != "" {
		in = Ingest{Lake: l, Source: &source.Files{Paths: []string{dir}}, Workers: 2}
	}
	_, err = in.Run(ctx)
	return err
}

func tendChild(ctx context.Context, l *Lake) error {
	if _, err := l.Compact(ctx); err != nil {
		return err
	}
	if err := l.change(ctx, func(ctx context.Context) error { return l.roll(ctx, 1) }); err != nil {
		return err
	}
	if err := l.change(ctx, func(ctx context.Context) error { return l.mergeWindows(ctx, 1, windowsRows) }); err != nil {
		return err
	}
	if _, err := l.Expire(ctx, 0); err != nil {
		return err
	}
	return l.Rebuild(ctx)
}

// runChild runs the child and kills it after a while; 0: it is left alone. It
// returns how long it ran and whether it came to its end.
func runChild(t *testing.T, dir, step string, after time.Duration) (took time.Duration, ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashStep+"="+step)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if after > 0 {
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	err = cmd.Wait()
	if err != nil && stderr.Len() > 0 {
		t.Fatalf("the child failed instead of being killed: %v\n%s", err, stderr.String())
	}
	return time.Since(start), err == nil
}

// checkWhole holds the lake against what was to be read: all of it, once.
func checkWhole(t *testing.T, dir, what string) {
	t.Helper()
	l, err := Open(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer l.Close()
	want := wantTotals(crashFiles...)
	if got := lakeTotals(t, l); !got.same(want) {
		t.Fatalf("%s: lake holds %v, want %v", what, got, want)
	}
	ledger, err := l.Ledger(t.Context())
	if err != nil || len(ledger) != len(crashFiles) {
		t.Fatalf("%s: %d objects in the ledger, %v; want %d", what, len(ledger), err, len(crashFiles))
	}
	var records int64
	for _, o := range ledger {
		records += o.Records
	}
	if records != want.records {
		t.Errorf("%s: the ledger counts %d records, want %d", what, records, want.records)
	}
	if got := coverageRecords(t, l); got != want.records {
		t.Errorf("%s: coverage counts %d records, want %d", what, got, want.records)
	}
	var nodata, wantNoData int64
	for i := range crashFiles {
		wantNoData += int64(crashNoData(i))
	}
	for _, c := range coverageTable(t, l) {
		nodata += c.NoData
	}
	if nodata != wantNoData {
		t.Errorf("%s: coverage counts %d windows without traffic, want %d", what, nodata, wantNoData)
	}
	checkNoOrphans(t, l, what)
}

func coverageRecords(t testing.TB, l *Lake) (n int64) {
	t.Helper()
	files, err := l.Files(t.Context(), Coverage, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if err := readRecords(t.Context(), path, func(r *record) error { n += r.number("records"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func checkNoOrphans(t *testing.T, l *Lake, what string) {
	t.Helper()
	for _, name := range Tables {
		tbl, err := l.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		used, err := usedFiles(t.Context(), tbl, tbl.Metadata().Snapshots())
		if err != nil {
			t.Fatal(err)
		}
		filepath.Walk(filepath.Join(l.tableDir(name), "data"), func(path string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() && !used[path] {
				t.Errorf("%s: %s is an orphan", what, path)
			}
			return nil
		})
	}
	named, err := l.namedLists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := l.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batches := batchNames(ledger)
	windows, err := os.ReadDir(l.windowsDir())
	for _, e := range windows {
		if f, ok := windowFileOf(e.Name()); !ok || !f.merged() && !batches[f.first] {
			t.Errorf("%s: windows of %s, which read no object last", what, e.Name())
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	lists, err := os.ReadDir(l.listsDir())
	if err != nil || len(lists) != len(named) {
		t.Errorf("%s: %d lists, %v; want the %d that were committed", what, len(lists), err, len(named))
	}
}

// TestCrashBetweenSteps dies at every step of every commit.
func TestCrashBetweenSteps(t *testing.T) {
	unraced(t)
	kills := 0
	for _, step := range []string{"after data files", "before flows", "after flows", "after objects", "after coverage"} {
		for nth := 1; nth <= 4; nth += 3 { // the first commit and the last
			dir := t.TempDir()
			what := fmt.Sprintf("killed %s, time %d", step, nth)
			if _, ended := runChild(t, dir, fmt.Sprintf("%d %s", nth, step), 0); ended {
				t.Fatalf("%s: the child was not killed", what)
			}
			kills++
			// Die once more on the way back, then run to the end.
			runChild(t, dir, "1 "+step, 0)
			if _, ended := runChild(t, dir, "", 0); !ended {
				t.Fatalf("%s: the run after did not end", what)
			}
			checkWhole(t, dir, what)
		}
	}
}

// TestCrashWhileReadingAgain dies while files are read again that hold more
// windows without traffic each time, and are made one file meanwhile.
func TestCrashWhileReadingAgain(t *testing.T) {
	unraced(t)
	dir := t.TempDir()
	if _, ended := runChild(t, dir, "", 0); !ended {
		t.Fatal("the ingest did not end")
	}
	steps := []string{"1 before flows", "2 after flows", "3 after objects", "4 after coverage", "1 after windows", "4 before flows"}
	for n, step := range steps {
		if step == "1 after windows" {
			t.Setenv(crashTend, "1")
		} else {
			t.Setenv(crashNew, strconv.Itoa(n+1))
		}
		if _, ended := runChild(t, dir, step, 0); ended {
			t.Fatalf("the child was not killed %s", step)
		}
		os.Unsetenv(crashTend)
		if _, ended := runChild(t, dir, "", 0); !ended {
			t.Fatalf("the run after it was killed %s did not end", step)
		}
		l, err := Open(t.Context(), dir, Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Compact(t.Context()) // removes what no object was read by last
		l.Close()
		if err != nil {
			t.Fatal(err)
		}
		checkWhole(t, dir, "killed "+step)
	}
}

// TestCrash kills an ingest with SIGKILL at random instants, again and again
// on the same lake, then lets one run end.
func TestCrash(t *testing.T) {
	unraced(t)
	whole, ended := runChild(t, t.TempDir(), "", 0)
	if !ended {
		t.Fatal("the child does not end")
	}
	want := 50
	if testing.Short() {
		want = 5
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for kills := 0; kills < want; {
		dir := t.TempDir()
		for range 4 {
			after := time.Duration(r.Int64N(int64(whole)))
			if _, ended := runChild(t, dir, "", after+1); ended {
				break
			}
			kills++
		}
		if _, ended := runChild(t, dir, "", 0); !ended {
			t.Fatal("the run after the kills did not end")
		}
		checkWhole(t, dir, fmt.Sprintf("after %d kills", kills))
		if t.Failed() {
			return
		}
	}
}

// TestCrashWhileTending kills compaction, rolling of lists, expiry and
// rebuilding.
func TestCrashWhileTending(t *testing.T) {
	unraced(t)
	steps := []string{"1 before roll", "1 after roll", "1 after windows", "1 before expire", "1 after expire", "3 after expire"}
	for range 12 {
		steps = append(steps, "") // at a random instant
	}
	if testing.Short() {
		steps = steps[:7]
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	whole := 400 * time.Millisecond
	for _, step := range steps {
		dir := t.TempDir()
		if _, ended := runChild(t, dir, "", 0); !ended {
			t.Fatal("the ingest did not end")
		}
		t.Setenv(crashTend, "1")
		var after time.Duration
		if step == "" {
			after = time.Duration(r.Int64N(int64(whole))) + 1
		}
		_, ended := runChild(t, dir, step, after)
		if step != "" && ended {
			t.Fatalf("the child was not killed at %s", step)
		}
		os.Unsetenv(crashTend)
		checkWhole(t, dir, "killed while tending: "+step)
		os.Setenv(crashTend, "1")
		took, ended := runChild(t, dir, "", 0)
		if !ended {
			t.Fatalf("tending after %q did not end", step)
		}
		whole = took
		os.Unsetenv(crashTend)
		checkWhole(t, dir, "tended after: "+step)
		if t.Failed() {
			return
		}
	}
}
