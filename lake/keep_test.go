package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestKeep(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if b, err := l.Kept("views.json"); b != nil || err != nil {
		t.Errorf("a file that is not there: %q, %v", b, err)
	}
	// Two servers on one lake: no line of either is lost.
	other, err := Open(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var wg sync.WaitGroup
	const each = 20
	for i, l := range []*Lake{l, other} {
		wg.Go(func() {
			for j := range each {
				err := l.Keep(t.Context(), "views.json", func(old []byte) ([]byte, error) {
					return fmt.Appendf(old, "%d-%d\n", i, j), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b, err := l.Kept("views.json")
	if got := strings.Count(string(b), "\n"); err != nil || got != 2*each {
		t.Errorf("%d lines, want %d: %v", got, 2*each, err)
	}
	// What fails leaves what was.
	failed := errors.New("no")
	if err := l.Keep(t.Context(), "views.json", func([]byte) ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("a change that fails: %v", err)
	}
	if now, err := l.Kept("views.json"); string(now) != string(b) || err != nil {
		t.Errorf("after a change that failed: %q, %v", now, err)
	}
}

func TestKeepReadOnly(t *testing.T) {
	if err := keepError(&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a disk that cannot be written: %v, want ErrReadOnly", err)
	}
	if err := keepError(fs.ErrClosed); errors.Is(err, ErrReadOnly) {
		t.Errorf("another error: %v, want no ErrReadOnly", err)
	}
	if os.Geteuid() == 0 {
		t.Skip("root writes everywhere")
	}
	dir := t.TempDir()
	l, err := Create(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o777)
	err = l.Keep(t.Context(), "views.json", func([]byte) ([]byte, error) { return []byte("x"), nil })
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("a folder that cannot be written: %v, want ErrReadOnly", err)
	}
}

func TestMark(t *testing.T) {
	dir := t.TempDir()
	l, err := Create(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	other, err := Open(t.Context(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	mark := func() string {
		t.Helper()
		m, err := l.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	empty := mark()
	if again := mark(); empty == "" || again != empty {
		t.Errorf("nothing happened: %q, then %q", empty, again)
	}
	commitFlows(t, other, "one", makeFlows(1, 100, 2))
	if got := mark(); got == empty {
		t.Errorf("another process committed, and the mark is still %q", got)
	}
}
