package lake

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A disk remembers what it was told to keep.
type disk struct {
	dir string

	mu      sync.Mutex
	files   []fs.FileInfo              // as they were
	folders map[string]map[string]bool // their names as they were
	flushed int
	early   []string // a commit that was there before what it names
}

// watchDisk keeps account of what is flushed below dir.
func watchDisk(t *testing.T, dir string) *disk {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{dir: dir, folders: map[string]map[string]bool{}}
	onFlush = d.flush
	t.Cleanup(func() { onFlush = nil })
	return d
}

func (d *disk) flush(path string) {
	if !strings.HasPrefix(path, d.dir) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flushed++
	info, err := os.Stat(path)
	if err != nil {
		d.early = append(d.early, err.Error())
		return
	}
	if !info.IsDir() {
		d.files = append(d.files, info)
		return
	}
	entries, _ := os.ReadDir(path)
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	d.folders[path] = names
	// The folder of metadata is flushed when a commit is there.
	if filepath.Base(path) == "metadata" {
		d.early = append(d.early, d.lost(filepath.Join(filepath.Dir(path), "data"))...)
		d.early = append(d.early, d.lost(filepath.Join(d.dir, "lists"))...)
	}
}

// lost names what would not be there, or not whole, without power now.
func (d *disk) lost(root string) []string {
	var out []string
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".lock") {
			return nil
		}
		if e.IsDir() {
			return nil
		}
		if up := d.folders[filepath.Dir(path)]; !up[e.Name()] {
			out = append(out, "the name "+path)
		}
		info, err := e.Info()
		if err != nil || !d.has(info) {
			out = append(out, "the text of "+path)
		}
		return nil
	})
	return out
}

func (d *disk) has(info fs.FileInfo) bool {
	for _, f := range d.files {
		if os.SameFile(f, info) && f.Size() == info.Size() && f.ModTime().Equal(info.ModTime()) {
			return true
		}
	}
	return false
}

// Whatever a lake has committed is on the disk, and was before the commit was.
func TestCommitsAreOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	d := watchDisk(t, dir)
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	src := &fakeSource{text: map[string]string{}}
	for i, uri := range []string{"file:///logs/a", "file:///logs/b", "file:///logs/c"} {
		src.text[uri] = awsLog(i, 200, day0.Add(time.Duration(i)*time.Hour))
		ingest(t, l, src)
	}
	src.text["file:///logs/a"] = awsLog(7, 300, day0) // replaces rows
	ingest(t, l, src)
	d.hold(t, "ingest")
	if _, err := l.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.hold(t, "compact")
	if d.flushed == 0 {
		t.Error("nothing was flushed at all")
	}
}

func (d *disk) hold(t *testing.T, after string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, what := range d.early {
		t.Errorf("%s: a commit was there before %s", after, what)
	}
	d.early = nil
	for _, what := range d.lost(d.dir) {
		t.Errorf("after %s the disk lacks %s", after, what)
	}
}

// A lake that goes away waits for nothing.
func TestFleetingLakeDoesNotWaitForTheDisk(t *testing.T) {
	dir := t.TempDir()
	d := watchDisk(t, dir)
	l, err := Create(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	ingest(t, l, &fakeSource{text: map[string]string{"file:///logs/a": awsLog(1, 100, day0)}})
	if got, want := lakeTotals(t, l), wantTotals(100); !got.same(want) {
		t.Errorf("lake holds %v, want %v", got, want)
	}
	if d.flushed > 0 {
		t.Errorf("waited %d times for the disk", d.flushed)
	}
}
