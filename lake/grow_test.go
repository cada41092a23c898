package lake

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// flowRows are all rows of flows, as text and in order. It does not matter
// which file they are in.
func flowRows(t testing.TB, l *Lake) (rows []string) {
	t.Helper()
	files, err := l.Files(t.Context(), Flows, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		for f, err := range newFlowReader().rows(t.Context(), path) {
			if err != nil {
				t.Fatal(err)
			}
			x, note := *f, periplus.Note{}
			if f.Note != nil {
				note = *f.Note
			}
			x.Place, x.Note = nil, nil
			rows = append(rows, fmt.Sprintf("%+v %+v %+v", x, *f.Place, note))
		}
	}
	slices.Sort(rows)
	return rows
}

// ledgerRows are the ledger's rows without what depends on when and how often
// it was read.
func ledgerRows(t testing.TB, l *Lake) (rows []string) {
	t.Helper()
	ledger, err := l.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ledger {
		o.ETag, o.Batch, o.ReadAt, o.Cursor = "", "", time.Time{}, 0
		rows = append(rows, fmt.Sprintf("%+v", o))
	}
	slices.Sort(rows)
	return rows
}

func coverageRows(t testing.TB, l *Lake) (rows []string) {
	t.Helper()
	for _, c := range coverageTable(t, l) {
		rows = append(rows, fmt.Sprintf("%+v", c))
	}
	slices.Sort(rows)
	return rows
}

// sameLake holds a lake against one that read the same files once.
func sameLake(t testing.TB, what string, got, want *Lake) {
	t.Helper()
	for name, f := range map[string]func(testing.TB, *Lake) []string{"flows": flowRows, "objects": ledgerRows, "coverage": coverageRows} {
		g, w := f(t, got), f(t, want)
		if slices.Equal(g, w) {
			continue
		}
		for i := range max(len(g), len(w)) {
			if i >= len(g) || i >= len(w) || g[i] != w[i] {
				t.Fatalf("%s: %d rows of %s, want %d; the first that differs:\n got %s\nwant %s", what, len(g), name, len(w),
					strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""), strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
			}
		}
	}
}

// A growing is a folder of blobs, each in one of its states.
type growing struct {
	dir    string
	blobs  map[string][]byte // by path below dir
	states map[string][]int  // where each is cut, rising
}

var nextRecord = regexp.MustCompile(`,\{"(time"|records":\[\{"time")`)

// growingOf takes the blobs of a scenario; they are cut at every record and at
// some bytes between.
func growingOf(t testing.TB, name string, seed uint64) *growing {
	t.Helper()
	g := &growing{dir: t.TempDir(), blobs: map[string][]byte{}, states: map[string][]int{}}
	from := t.TempDir()
	i := slices.IndexFunc(flowgen.Scenarios(), func(s flowgen.Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no scenario %s", name)
	}
	truth, err := flowgen.Scenarios()[i].Write(t.Context(), from, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	err = filepath.WalkDir(truth.Logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(truth.Logs, path)
		if err != nil {
			return err
		}
		cuts := []int{len(b)}
		for _, m := range nextRecord.FindAllIndex(b, -1) {
			cuts = append(cuts, m[0])
		}
		for range 3 {
			cuts = append(cuts, 1+rng.IntN(len(b)-1))
		}
		slices.Sort(cuts)
		g.blobs[rel], g.states[rel] = b, slices.Compact(cuts)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// write puts a blob into one of its states: as long as it is not whole it ends
// as Azure leaves it, or as a reader in the middle of a write may find it.
func (g *growing) write(t testing.TB, rel string, state int) {
	t.Helper()
	b, cuts := g.blobs[rel], g.states[rel]
	text := bytes.Clone(b[:cuts[min(state, len(cuts)-1)]])
	if len(text) < len(b) && state%4 != 3 && nextRecord.Match(b[len(text):min(len(b), len(text)+30)]) {
		text = append(text, "]}"...)
	}
	g.put(t, rel, text)
}

func (g *growing) put(t testing.TB, rel string, text []byte) {
	t.Helper()
	path := filepath.Join(g.dir, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

func (g *growing) take(t testing.TB, l *Lake) *Summary {
	t.Helper()
	in := Ingest{Lake: l, Source: &source.Files{Paths: []string{g.dir}}, Workers: 2}
	sum, err := in.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// afresh holds a lake against one that reads the folder now, once.
func (g *growing) afresh(t testing.TB, what string, l *Lake) {
	t.Helper()
	whole := openTest(t, t.TempDir())
	g.take(t, whole)
	sameLake(t, what, l, whole)
	whole.Close()
}

// Reading blobs at any stage of their hour gives, row by row, what reading them
// once at that stage gives, and is done by going on where they were left.
func TestGrowingBlobs(t *testing.T) {
	for i, name := range []string{"azure-vnet-both-observers", "azure-nsg-v2", "azure-nsg-v1", "azure-nested", "azure-encrypted"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := 4
			if i > 0 {
				unraced(t)
				steps = 12
			}
			g := growingOf(t, name, uint64(i))
			l := openTest(t, t.TempDir())
			rng := rand.New(rand.NewPCG(uint64(i), 8))
			var grown, changed int64
			at := map[string]int{}
			for stage := 0; ; stage++ {
				whole := true
				for _, rel := range slices.Sorted(maps.Keys(g.blobs)) {
					at[rel] = min(at[rel]+rng.IntN(steps), len(g.states[rel])-1)
					whole = whole && at[rel] == len(g.states[rel])-1
					g.write(t, rel, at[rel])
				}
				sum := g.take(t, l)
				grown, changed = grown+sum.Grown, changed+sum.Changed
				if stage == 8 {
					if _, err := l.Compact(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if whole || stage%10 == 9 {
					g.afresh(t, fmt.Sprintf("stage %d", stage), l)
				}
				if whole {
					break
				}
			}
			if grown < changed/4 {
				t.Errorf("%d of %d changed blobs were read on, want more", grown, changed)
			}
			if err := l.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			g.afresh(t, "rebuilt", l)
		})
	}
}

// What is no continuation of what was read is read whole, and its rows go.
func TestGrowingBlobsThatChange(t *testing.T) {
	g := growingOf(t, "azure-vnet-both-observers", 3)
	rel := slices.Sorted(maps.Keys(g.blobs))[0]
	for _, other := range slices.Collect(maps.Keys(g.blobs)) {
		if len(g.blobs[other]) > len(g.blobs[rel]) {
			rel = other
		}
	}
	whole, cuts := g.blobs[rel], g.states[rel]
	cut := func(part float64) []byte {
		at := cuts[int(part*float64(len(cuts)-1))]
		for !nextRecord.Match(whole[at:min(len(whole), at+30)]) {
			at--
		}
		return append(bytes.Clone(whole[:at]), "]}"...)
	}
	l := openTest(t, t.TempDir())
	f := func(what string, text []byte, grown int64) {
		t.Helper()
		g.put(t, rel, text)
		if sum := g.take(t, l); sum.Grown != grown || sum.Changed != 1 {
			t.Errorf("%s: %d of %d were read on, want %d", what, sum.Grown, sum.Changed, grown)
		}
		g.afresh(t, what, l)
	}
	g.put(t, rel, cut(0.6))
	g.take(t, l)
	f("grew", cut(0.7), 1)
	f("grew again", cut(0.8), 1)
	f("lost its tail", cut(0.7), 0)
	f("grew after that", cut(0.9), 1)
	f("shrank", cut(0.3), 0)
	f("became empty", []byte(`{"records":[]}`), 0)
	f("came back", cut(0.8), 0)
	f("grew", cut(0.9), 1)
	// Another digit before the place where it was left.
	ledger, err := l.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cursor := ledger[source.FileURI(filepath.Join(g.dir, rel))].Cursor
	text := cut(0.9)
	if cursor == 0 || cursor >= int64(len(text)) {
		t.Fatalf("the ledger's cursor is %d of %d", cursor, len(text))
	}
	at := bytes.LastIndex(text[:cursor], []byte(`,6,`)) + 1
	text = slices.Concat(text[:at], []byte("17"), text[at+1:])
	f("was written anew", text, 0)
	// A tuple of the hour's begin comes late.
	late := regexp.MustCompile(`\{"time".*?\}\]\}\]\}\}`).Find(whole)
	if late == nil {
		t.Fatal("the blob's first record was not found")
	}
	g.put(t, rel, cut(0.8))
	g.take(t, l)
	text = cut(0.8)
	f("got a late record", slices.Concat(text[:len(text)-2], []byte(","), late, []byte("]}")), 0)

	// What was kept is damaged, of another commit, or gone.
	id := ObjectID(source.FileURI(filepath.Join(g.dir, rel)))
	for what, spoil := range map[string]func(string) error{
		"damaged": func(path string) error { return os.WriteFile(path, []byte("nonsense"), 0o666) },
		"gone":    os.Remove,
	} {
		g.put(t, rel, cut(0.7))
		g.take(t, l)
		if err := spoil(l.growthPath(id)); err != nil {
			t.Fatal(err)
		}
		f(what, cut(0.9), 0)
	}
}

// countingFiles counts what is read of files.
type countingFiles struct {
	source.Files
	n atomic.Int64
}

type countedBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

func (s *countingFiles) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	in, err := s.Files.Open(ctx, o)
	return &countedBody{in, &s.n}, err
}

func (s *countingFiles) OpenAt(ctx context.Context, o *periplus.Object, offset int64) (io.ReadCloser, error) {
	in, err := s.Files.OpenAt(ctx, o, offset)
	return &countedBody{in, &s.n}, err
}

// An hour that is read every minute is read ten times over, however long it is.
func TestGrowingBlobsAreNotReadWhole(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`{"records":[`)
	begin := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	g := &growing{dir: t.TempDir()}
	l := openTest(t, t.TempDir())
	src := &countingFiles{Files: source.Files{Paths: []string{g.dir}}}
	in := Ingest{Lake: l, Source: src} // as who follows a source has it
	for m := range 40 {
		if m > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"time":"x","flowLogVersion":4,"macAddress":"0022480FF001","category":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"r","flowTuples":[`)
		for i := range 100 {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"%d,10.0.%d.%d,10.1.0.4,%d,443,6,I,C,NX,1,100,1,100"`, begin.Add(time.Duration(m)*time.Minute).UnixMilli(), i%4, i%250, 50000+i)
		}
		b.WriteString(`]}]}]}}`)
		g.put(t, "PT1H.json", append(bytes.Clone(b.Bytes()), "]}"...))
		if m == 20 {
			in = Ingest{Lake: l, Source: src}
		}
		if _, err := in.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Each minute is read about ten times, as one of the last ten, and not once
	// for every minute that follows.
	if n, whole := src.n.Load(), int64(b.Len()); n > 12*whole {
		t.Errorf("%d bytes were read of %d: %d times over", n, whole, n/whole)
	}
	g.afresh(t, "the hour", l)
}

// TestCrashWhileGrowing kills the reading of blobs that have grown, at every
// step of its commit and twice in a row.
func TestCrashWhileGrowing(t *testing.T) {
	unraced(t)
	g := growingOf(t, "azure-vnet-both-observers", 5)
	rels := slices.Sorted(maps.Keys(g.blobs))
	t.Setenv(crashGrow, g.dir)
	dir := t.TempDir()
	grown := int64(0)
	for stage, step := range []string{"", "after data files", "before flows", "after flows", "after objects", "after coverage", "before flows", "after flows"} {
		for i, rel := range rels {
			g.write(t, rel, (len(g.states[rel])*(stage+3)/12)+i%2)
		}
		if step != "" {
			if _, ended := runChild(t, dir, "1 "+step, 0); ended {
				t.Fatalf("stage %d: the child was not killed %s", stage, step)
			}
			if stage%2 == 0 { // it grows on before the next run
				for _, rel := range rels {
					g.write(t, rel, len(g.states[rel])*(2*stage+7)/24)
				}
			}
			runChild(t, dir, "1 "+step, 0)
		}
		l, err := Create(t.Context(), dir, Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		g.take(t, l)
		g.afresh(t, fmt.Sprintf("stage %d, killed %s", stage, step), l)
		for _, rel := range rels {
			g.write(t, rel, len(g.states[rel])*(stage+4)/12)
		}
		grown += g.take(t, l).Grown
		g.afresh(t, fmt.Sprintf("stage %d, grown after it was killed %s", stage, step), l)
		checkNoOrphans(t, l, step)
		l.Close()
	}
	if grown == 0 {
		t.Error("no blob was ever read on")
	}
}
