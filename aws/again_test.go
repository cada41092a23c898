package aws

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
)

// What two looks found is the same in whatever order, and another with another
// event or other columns.
func TestFound(t *testing.T) {
	of := func(l *layout, lines ...string) (f found) {
		for _, line := range lines {
			f.add(l, []byte(line))
		}
		return f
	}
	a := of(nil, "x", "y", "y")
	if b := of(nil, "y", "x", "y"); a != b {
		t.Errorf("in another order it is %s, want %s", b, a)
	}
	for _, b := range []found{of(nil, "x", "y"), of(nil, "x", "x", "y"), of(nil), of(&layout{names: []string{"version"}}, "x", "y", "y")} {
		if a == b {
			t.Errorf("%s is the same as another", a)
		}
	}
	if got, ok := foundAt("1h5m " + a.String()); !ok || got != a {
		t.Errorf("%s is read as %s, %v", a, got, ok)
	}
	for _, etag := range []string{"", "1h5m", "1h5m ", "1h5m 7", "closed -"} {
		if got, ok := foundAt(etag); ok {
			t.Errorf("%q is read as %s", etag, got)
		}
	}
}

// A spool gives back what it took, and leaves no file behind, also where the
// process is killed.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	for _, size := range []int{0, 1, spoolMemory, spoolMemory + 1, 3 * spoolMemory} {
		want := bytes.Repeat([]byte("0123456"), size/7+1)[:size]
		s := &spool{}
		for p := want; len(p) > 0; p = p[min(len(p), 1<<20):] {
			if _, err := s.Write(p[:min(len(p), 1<<20)]); err != nil {
				t.Fatal(err)
			}
		}
		if (s.file != nil) != (size > spoolMemory) {
			t.Errorf("%d bytes: in a file: %v", size, s.file != nil)
		}
		if left, err := os.ReadDir(dir); runtime.GOOS != "windows" && (err != nil || len(left) > 0) {
			t.Errorf("%d bytes: killed now it leaves %v, %v", size, left, err)
		}
		err := s.rewind()
		got, rerr := io.ReadAll(s)
		if err = errors.Join(err, rerr, s.Close()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes come back as %d, %v", size, len(got), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}
