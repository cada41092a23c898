package lake

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// A rereadSource is files in memory that change. Of those in breaks only so
// many bytes come.
type rereadSource struct {
	text   map[string]string
	breaks map[string]int
}

func (s *rereadSource) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, uri := range slices.Sorted(maps.Keys(s.text)) {
			h := fnv.New64()
			fmt.Fprint(h, s.text[uri])
			if !yield(periplus.Object{URI: uri, Size: int64(len(s.text[uri])), ETag: fmt.Sprint(h.Sum64())}, nil) {
				return
			}
		}
	}
}

func (s *rereadSource) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	text := s.text[o.URI]
	at, breaks := s.breaks[o.URI]
	if breaks && at == 0 {
		return nil, errors.New("permission denied")
	}
	if breaks {
		return io.NopCloser(io.MultiReader(strings.NewReader(text[:at]), brokenReader{})), nil
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

// awsMixed is an AWS log of an interface in five minutes from a time on: so
// many records, windows without traffic, windows that lost records, bad lines.
func awsMixed(eni int, from time.Time, records, nodata, skipdata, bad int) string {
	var b strings.Builder
	b.WriteString(awsHeader)
	for i := range records {
		at := from.Add(time.Duration(i) * time.Second).Unix()
		action := "ACCEPT"
		if i%3 == 2 {
			action = "REJECT"
		}
		fmt.Fprintf(&b, "2 123456789010 eni-%d 10.0.0.%d 10.1.0.%d %d 443 6 1 100 %d %d %s OK\n", eni, 1+i%200, eni, 20000+i, at, at+6, action)
	}
	for kind, n := range map[string]int{"NODATA": nodata, "SKIPDATA": skipdata} {
		for i := range n {
			at := from.Add(time.Duration(i) * time.Minute).Unix()
			fmt.Fprintf(&b, "2 123456789010 eni-%d - - - - - - - %d %d - %s\n", eni, at, at+60, kind)
		}
	}
	for range bad {
		b.WriteString("2 123456789010 nonsense\n")
	}
	return b.String()
}

// readOnce holds coverage against that of a lake which reads the source once,
// as it is now: what is counted of every hour and interface, and nothing else.
func readOnce(t *testing.T, what string, l *Lake, src periplus.Source) {
	t.Helper()
	once := openTest(t, t.TempDir())
	ingest(t, once, src)
	got, want := coverageCounts(t, l), coverageCounts(t, once)
	once.Close()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: %d rows, want %d; the first that differs:\n got %s\nwant %s", what, len(got), len(want),
				strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}
}

// coverageCounts are the rows of coverage without keeps_passed, which stays
// true for what was read once, and late, which is of the past.
func coverageCounts(t testing.TB, l *Lake) (rows []string) {
	t.Helper()
	for _, c := range coverageTable(t, l) {
		if c.Late < 0 || c.Late > c.Records {
			t.Errorf("%d of %d records are late: %+v", c.Late, c.Records, c)
		}
		c.KeepsPassed, c.Late = false, 0
		rows = append(rows, fmt.Sprintf("%+v", c))
	}
	slices.Sort(rows)
	return rows
}

// However often an object is read again, coverage tells what reading it once
// tells.
func TestCoverageOfWhatIsReadAgain(t *testing.T) {
	next := day0.Add(24 * time.Hour)
	type state map[string]string // "" stays as it was
	a, b := "file:///a", "file:///b"
	for name, steps := range map[string][]state{
		"the same":           {{a: awsMixed(1, day0, 3, 2, 1, 1)}, {a: awsMixed(1, day0, 3, 2, 1, 1) + "\n"}, {a: awsMixed(1, day0, 3, 2, 1, 1) + "\n\n"}},
		"windows alone":      {{a: awsMixed(1, day0, 0, 2, 0, 0)}, {a: awsMixed(1, day0, 0, 3, 0, 0)}, {a: awsMixed(1, day0, 0, 4, 1, 0)}},
		"lost its windows":   {{a: awsMixed(1, day0, 2, 3, 2, 0)}, {a: awsMixed(1, day0, 5, 0, 0, 0)}},
		"lost all":           {{a: awsMixed(1, day0, 2, 3, 2, 0)}, {a: awsHeader}},
		"became nothing":     {{a: awsMixed(1, day0, 0, 3, 0, 0)}, {a: "\n"}, {a: awsMixed(1, day0, 0, 1, 0, 0)}},
		"lost and got":       {{a: awsMixed(1, day0, 0, 3, 0, 0)}, {a: awsMixed(1, day0, 1, 0, 0, 0)}, {a: awsMixed(1, day0, 0, 0, 2, 0)}, {a: awsMixed(1, day0, 0, 4, 0, 0)}},
		"two of one hour":    {{a: awsMixed(1, day0, 1, 2, 0, 0), b: awsMixed(1, day0, 1, 3, 1, 0)}, {a: awsMixed(1, day0, 1, 4, 0, 0)}, {b: awsMixed(1, day0, 0, 1, 0, 0)}, {a: awsHeader}},
		"another hour":       {{a: awsMixed(1, day0, 1, 2, 0, 2)}, {a: awsMixed(1, day0.Add(time.Hour), 1, 2, 0, 1)}, {a: awsMixed(1, next, 1, 1, 1, 1)}},
		"another interface":  {{a: awsMixed(1, day0, 1, 2, 1, 0)}, {a: awsMixed(2, day0, 1, 2, 1, 0)}},
		"over an hour's end": {{a: awsMixed(1, day0.Add(58*time.Minute), 1, 4, 3, 0)}, {a: awsMixed(1, day0.Add(58*time.Minute), 1, 5, 0, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openTest(t, t.TempDir())
			src := &rereadSource{text: map[string]string{}}
			for n, s := range steps {
				maps.Copy(src.text, s)
				ingest(t, l, src)
				readOnce(t, fmt.Sprint("step ", n), l, src)
			}
			if err := l.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			readOnce(t, "rebuilt", l, src)
		})
	}
}

// An object that holds nothing any more is news to who follows it, if it held
// windows or bad lines before.
func TestCoverageOfWhatIsFollowed(t *testing.T) {
	for name, text := range map[string]string{"windows": awsMixed(1, day0, 0, 2, 1, 0), "records": awsMixed(1, day0, 2, 0, 0, 0), "bad lines": awsMixed(1, day0, 0, 1, 0, 1)} {
		l := openTest(t, t.TempDir())
		src := &rereadSource{text: map[string]string{"file:///a": text}}
		in := Ingest{Lake: l, Source: src, Defer: true}
		for _, again := range []string{"", "\n", text, awsHeader} {
			if _, err := in.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			readOnce(t, name, l, src)
			src.text["file:///a"] = again
		}
	}
}

// What came of an object that broke off is taken back when it is tried again,
// also where that were windows alone and it breaks off again.
func TestCoverageOfWhatBreaksOff(t *testing.T) {
	uri := "file:///a"
	src := &rereadSource{text: map[string]string{uri: awsMixed(1, day0, 0, 5, 0, 0)}, breaks: map[string]int{}}
	l := openTest(t, t.TempDir())
	src.breaks[uri] = len(awsMixed(1, day0, 0, 2, 0, 0))
	for try := range 3 {
		ingest(t, l, src)
		readOnce(t, fmt.Sprint("two of five, try ", try), l, src)
	}
	src.breaks[uri] = len(awsMixed(1, day0, 0, 1, 0, 0))
	ingest(t, l, src)
	readOnce(t, "one of five", l, src)
	got := coverageCounts(t, l)
	src.breaks[uri] = 0
	ingest(t, l, src)
	if now := coverageCounts(t, l); !slices.Equal(got, now) {
		t.Errorf("what cannot be opened changed coverage:\n%s\nwas\n%s", now, got)
	}
	delete(src.breaks, uri)
	ingest(t, l, src)
	readOnce(t, "whole", l, src)
}

// Random re-readings, with tending between them, end as one reading does.
func TestCoverageOfRandomReadings(t *testing.T) {
	unraced(t)
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 11))
			src := &rereadSource{text: map[string]string{}, breaks: map[string]int{}}
			dir := t.TempDir()
			l := openTest(t, dir)
			for round := range 16 {
				for range 1 + rng.IntN(4) {
					uri := fmt.Sprintf("file:///%d", rng.IntN(9))
					delete(src.breaks, uri)
					var text strings.Builder
					for range rng.IntN(3) {
						at := day0.Add(time.Duration(rng.IntN(30*12)) * 5 * time.Minute)
						text.WriteString(awsMixed(rng.IntN(2), at, rng.IntN(3), rng.IntN(4), rng.IntN(2), rng.IntN(2)))
					}
					src.text[uri] = text.String()
					if rng.IntN(6) == 0 {
						src.breaks[uri] = rng.IntN(1 + text.Len())
					}
				}
				in := Ingest{Lake: l, Source: src, Workers: 2, BatchObjects: 1 + rng.IntN(4)}
				if _, err := in.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				tendSomehow(t, l, rng)
				if rng.IntN(8) == 0 {
					l.Close()
					l = openTest(t, dir)
				}
				if round%8 == 7 {
					readAgainWhatBroke(t, l, src)
					readOnce(t, fmt.Sprint("round ", round), l, src)
				}
			}
		})
	}
}

// readAgainWhatBroke lets all objects be read to their ends.
func readAgainWhatBroke(t *testing.T, l *Lake, src *rereadSource) {
	t.Helper()
	clear(src.breaks)
	ingest(t, l, src)
}

func tendSomehow(t *testing.T, l *Lake, rng *rand.Rand) {
	t.Helper()
	var err error
	switch rng.IntN(10) {
	case 0:
		_, err = l.Compact(t.Context())
	case 1:
		err = l.change(t.Context(), func(ctx context.Context) error { return l.roll(ctx, 1) })
	case 2:
		_, err = l.Expire(t.Context(), 0)
	case 3:
		err = l.Rebuild(t.Context())
	case 4:
		err = l.change(t.Context(), func(ctx context.Context) error { return l.mergeWindows(ctx, 1, 1<<rng.IntN(8)) })
	case 5:
		at := day0.Add(time.Duration(rng.IntN(30)) * time.Hour)
		err = l.ReplaceTraffic(t.Context(), StepHour, at, at.Add(time.Hour), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A lake of a version that kept no windows counts those it has for good, and
// takes nothing back that it does not know.
func TestCoverageOfAnOldLake(t *testing.T) {
	uri := "file:///a"
	src := &rereadSource{text: map[string]string{uri: awsMixed(1, day0, 4, 2, 1, 0)}}
	l := openTest(t, t.TempDir())
	ingest(t, l, src)
	if err := os.RemoveAll(l.windowsDir()); err != nil {
		t.Fatal(err)
	}
	f := func(text string, records, nodata, skipdata int64) {
		t.Helper()
		src.text[uri] = text
		ingest(t, l, src)
		rows := coverageTable(t, l)
		if len(rows) != 1 || rows[0].Records != records || rows[0].NoData != nodata || rows[0].SkipData != skipdata {
			t.Errorf("coverage is %+v; want %d records, %d, %d windows", rows, records, nodata, skipdata)
		}
	}
	f(awsMixed(1, day0, 5, 3, 0, 0), 5, 2+3, 1)
	f(awsMixed(1, day0, 5, 1, 2, 0), 5, 2+1, 1+2)
	f(awsHeader, 0, 2, 1)
}

// Records that come after the traffic of their hour was built are late, once,
// however often they are read, and no more than there are.
func TestLateRecordsOfWhatIsReadAgain(t *testing.T) {
	a, b := "file:///a", "file:///b"
	src := &rereadSource{text: map[string]string{a: awsMixed(1, day0, 10, 1, 0, 0)}}
	l := openTest(t, t.TempDir())
	f := func(uri, text string, records, late int64) {
		t.Helper()
		src.text[uri] = text
		ingest(t, l, src)
		var n, got int64
		for _, c := range coverageTable(t, l) {
			n, got = n+c.Records, got+c.Late
		}
		if n != records || got != late {
			t.Errorf("%d records, %d of them late; want %d, %d", n, got, records, late)
		}
		readOnce(t, uri, l, src)
	}
	f(a, awsMixed(1, day0, 12, 1, 0, 0), 12, 0) // nothing is built
	if err := l.ReplaceTraffic(t.Context(), StepHour, day0, day0.Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	f(a, awsMixed(1, day0, 12, 5, 0, 0), 12, 0)
	f(a, awsMixed(1, day0, 15, 5, 0, 0), 15, 3)
	f(a, awsMixed(1, day0, 15, 6, 1, 0), 15, 3)
	f(b, awsMixed(1, day0.Add(5*time.Minute), 4, 0, 0, 0), 19, 7)
	f(a, awsMixed(1, day0, 5, 0, 0, 0), 9, 7)
	f(a, awsMixed(1, day0, 1, 0, 0, 0), 5, 5)
	f(b, awsHeader, 1, 1)
	f(a, awsMixed(1, day0, 0, 1, 0, 0), 0, 0)
	f(b, awsMixed(1, day0.Add(2*time.Hour), 2, 0, 0, 0), 2, 0) // an hour that is not built
	if err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	f(a, awsHeader, 2, 0)
}

// Of an object that is read on, the windows before its rows that go stay, also
// when it is read whole after that. (No log that is read on has any, so far.)
func TestCoverageOfWhatIsReadOn(t *testing.T) {
	l := openTest(t, t.TempDir())
	o := object("file:///a", 0)
	place := &periplus.Place{Provider: "aws", Interface: "eni-1", Log: "fl-1"}
	f := func(id string, from time.Time, want int64, minutes ...int) {
		t.Helper()
		b := Batch{ID: id, Objects: []periplus.ReadObject{o}}
		if !from.IsZero() {
			b.Grows = map[int64]time.Time{o.ID: from}
		}
		var windows []digest.Window
		for _, m := range minutes {
			at := day0.Add(time.Duration(m) * time.Minute)
			windows = append(windows, digest.Window{Object: o.ID, Bucket: at, Place: place, NoData: 1})
			b.Coverage = append(b.Coverage, periplus.Coverage{Hour: at.Truncate(time.Hour), Provider: "aws", Interface: "eni-1", Log: "fl-1", NoData: 1})
		}
		b.Windows = func(yield func(digest.Window, error) bool) {
			for _, w := range windows {
				if !yield(w, nil) {
					return
				}
			}
		}
		if err := l.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		var got int64
		for _, c := range coverageTable(t, l) {
			got += c.NoData
		}
		if got != want {
			t.Errorf("%s: %d windows, want %d", id, got, want)
		}
	}
	never := time.Time{}
	f("first", never, 4, 45, 50, 55, 60)
	f("on", day0.Add(55*time.Minute), 5, 55, 60, 65)
	f("further", day0.Add(65*time.Minute), 6, 65, 70)
	f("further, and nothing there", day0.Add(65*time.Minute), 4)
	f("whole", never, 2, 45, 60)
	f("nothing", never, 0)
}

// Of many windows that were made one file, those of a few objects are read
// without the rest.
func TestWindowsOfManyObjects(t *testing.T) {
	l := openTest(t, t.TempDir())
	const objects, each = 6000, 30
	ask, want := map[int64]string{}, map[int64]int64{}
	var ledger []periplus.ReadObject
	for n := range 3 {
		batch := fmt.Sprint("batch ", n)
		var rows []windowRow
		for i := range objects / 3 {
			o := object(fmt.Sprintf("file:///%d/%d", n, i), 0)
			ledger = append(ledger, o)
			for e := range each {
				place := &periplus.Place{Provider: "aws", Interface: fmt.Sprint("eni-", e)}
				rows = append(rows, windowRow{batch, digest.Window{Object: o.ID, Bucket: day0, Place: place, NoData: int64(i)}})
			}
			if i%1500 == 7 {
				ask[o.ID], want[o.ID] = batch, int64(i*each)
			}
		}
		b := Batch{ID: batch, Objects: ledger[n*objects/3:]}
		if err := l.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if _, err := l.keepWindows(b, rows); err != nil {
			t.Fatal(err)
		}
	}
	ask[1] = "batch 1"                    // not there
	ask[ledger[0].ID] = "another batch 9" // what there is does not hold
	f := func(what string, files int) {
		t.Helper()
		names, err := l.windowFiles()
		if err != nil || len(names) != files {
			t.Fatalf("%s: files %v, %v; want %d", what, names, err, files)
		}
		got := map[int64]int64{}
		if err := l.windowsOf(t.Context(), ask, func(w windowRow) { got[w.Object] += w.NoData }); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v; want %v", what, got, want)
		}
	}
	f("three files", 3)
	if err := l.change(t.Context(), func(ctx context.Context) error { return l.mergeWindows(ctx, 1, windowsRows) }); err != nil {
		t.Fatal(err)
	}
	f("one file", 1)
	names, err := l.windowFiles()
	if err != nil {
		t.Fatal(err)
	}
	read, least := 0, int64(math.MaxInt64)
	for _, o := range ledger {
		least = min(least, o.ID)
	}
	how := reading{objects: map[int64]string{least: ""}}
	err = readBatches(t.Context(), filepath.Join(l.windowsDir(), names[0].name), how, func(b arrow.RecordBatch) error {
		read += int(b.NumRows())
		return nil
	})
	if err != nil || read != groupRows {
		t.Errorf("%d of %d rows are read for one object, %v; want those of one row group", read, objects*each, err)
	}
}

// Windows that tell nothing but what is not kept apart are as many after files
// were made one.
func TestWindowsOfOnePlaceTwice(t *testing.T) {
	l := openTest(t, t.TempDir())
	const header = "version account-id interface-id instance-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	uri := "file:///a"
	nodata := func(instance string, minute int) string {
		at := day0.Add(time.Duration(minute) * time.Minute).Unix()
		return fmt.Sprintf("3 123456789010 eni-1 %s - - - - - - - %d %d - NODATA\n", instance, at, at+60)
	}
	src := &rereadSource{text: map[string]string{uri: header + nodata("i-1", 0) + nodata("i-2", 1), "file:///b": awsMixed(2, day0, 0, 1, 0, 0)}}
	in := Ingest{Lake: l, Source: src, BatchObjects: 1}
	if _, err := in.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.change(t.Context(), func(ctx context.Context) error { return l.mergeWindows(ctx, 1, 100) }); err != nil {
		t.Fatal(err)
	}
	src.text[uri] = header
	ingest(t, l, src)
	for _, c := range coverageTable(t, l) {
		if c.Interface == "eni-1" {
			t.Errorf("%+v stays of an object that tells of no window any more", c)
		}
	}
}
