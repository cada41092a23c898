package source

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// An object that is found by its name is the one that is listed.
func TestFindInBuckets(t *testing.T) {
	for _, scheme := range slices.Sorted(maps.Keys(stores)) {
		t.Run(scheme, func(t *testing.T) {
			s := filled(t, stores[scheme])
			all, err := Open(t.Context(), []string{s.With("")}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer all.Close()
			n := 0
			for o, err := range all.Objects(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if got, err := all.Find(t.Context(), o.URI); err != nil || got != o || !all.Holds(o.URI) {
					t.Errorf("find %s: %+v, %v; listed is %+v", o.URI, got, err, o)
				}
				n++
			}
			if n != len(tree)-1 {
				t.Errorf("%d objects are listed, want %d", n, len(tree)-1)
			}
			part, err := Open(t.Context(), []string{s.With("AWSLogs/")}, Options{Choice: Choice{Accounts: []string{"111122223333"}, Glob: "*.gz"}})
			if err != nil {
				t.Fatal(err)
			}
			defer part.Close()
			b := all.remotes[0].(*Bucket)
			f := func(uri string, want error) {
				t.Helper()
				if o, err := part.Find(t.Context(), uri); !errors.Is(err, want) {
					t.Errorf("find %s: %+v, %v; want %v", uri, o, err, want)
				}
			}
			f(b.uri(tree[1]), nil)
			f(b.uri(tree[1])+".x.gz", fs.ErrNotExist)
			f(b.uri(tree[1][:len(tree[1])-8]), fs.ErrNotExist) // though others begin so
			f(b.uri(tree[0]), ErrOutside)                      // CloudTrail
			f(b.uri(tree[5]), ErrOutside)                      // another account
			f(b.uri("plain.log"), ErrOutside)                  // another prefix
			f(b.uri("AWSLogs/../plain.log.gz"), ErrOutside)
			f(scheme+"://other/AWSLogs/x.gz", ErrOutside)
			f("file:///etc/passwd", ErrOutside)
			f("AWSLogs/%zz", ErrOutside)
		})
	}
}

func TestFindFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "a/b.log"), "b")
	write(t, filepath.Join(dir, ".hidden"), "h")
	write(t, filepath.Join(dir, ".git/x.log"), "h")
	write(t, filepath.Join(outside, "x.log"), "x")
	if err := os.Symlink(dir, filepath.Join(outside, "link")); err != nil {
		t.Fatal(err)
	}
	src, err := Open(t.Context(), []string{dir, "-"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var listed periplus.Object
	for o := range src.Objects(t.Context()) {
		if o.URI != "stdin:" {
			listed = o
		}
	}
	f := func(path string, want error) {
		t.Helper()
		o, err := src.Find(t.Context(), FileURI(path))
		if !errors.Is(err, want) || err == nil && o != listed {
			t.Errorf("find %s: %+v, %v; want %v", path, o, err, want)
		}
	}
	f(filepath.Join(dir, "a/b.log"), nil)
	f(filepath.Join(outside, "link/a/b.log"), nil) // it is the same file
	f(filepath.Join(dir, "a/c.log"), fs.ErrNotExist)
	f(filepath.Join(dir, "none/c.log"), fs.ErrNotExist)
	f(filepath.Join(dir, "a"), ErrOutside)
	f(filepath.Join(dir, ".hidden"), ErrOutside)
	f(filepath.Join(dir, ".git/x.log"), ErrOutside)
	f(filepath.Join(outside, "x.log"), ErrOutside)
	f(dir+"/../"+filepath.Base(outside)+"/x.log", ErrOutside)
	f(dir+"x/b.log", ErrOutside)
	// A file that is named itself is read, whatever it is called.
	hidden := filepath.Join(dir, ".hidden")
	if src, err = Open(t.Context(), []string{hidden}, Options{}); err != nil {
		t.Fatal(err)
	}
	for listed = range src.Objects(t.Context()) {
	}
	f(hidden, nil)
}

// What is recent is listed by its name's time; what has none is listed too.
func TestSince(t *testing.T) {
	s := filled(t, stores["s3"])
	src, err := Open(t.Context(), []string{s.With("")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var want []string
	for _, i := range []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13} {
		want = append(want, src.remotes[0].(*Bucket).uri(tree[i]))
	}
	if got := keys(t, src.Since(time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC))); !slices.Equal(got, want) {
		t.Errorf("since 10:00 are listed\n%q\nwant\n%q", got, want)
	}
	if got := keys(t, src); len(got) != len(tree)-1 {
		t.Errorf("after that the source itself lists %d objects, want %d", len(got), len(tree)-1)
	}
}
