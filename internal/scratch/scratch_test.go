package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestFileLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(dir, "some-*")
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); runtime.GOOS != "windows" && len(got) > 0 {
		t.Errorf("a process that is killed now leaves %v", got)
	}
	if _, err := f.WriteString("abc"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "abc" {
		t.Errorf("read %q, %v; want abc", b, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("Close leaves %v", got)
	}
}

// A file that could not lose its name at once loses it with Close.
func TestFileWithAName(t *testing.T) {
	dir := t.TempDir()
	o, err := os.Create(filepath.Join(dir, "named"))
	if err != nil {
		t.Fatal(err)
	}
	if err := (&File{o, true}).Close(); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("Close leaves %v", got)
	}
}

func TestCreateWhereThereIsNoFolder(t *testing.T) {
	if _, err := Create(filepath.Join(t.TempDir(), "none"), "some-*"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v; want that it does not exist", err)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
