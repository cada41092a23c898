package source

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

func file(name, text string) DroppedFile {
	return DroppedFile{Name: name, Size: int64(len(text)), Sum: sha256.Sum256([]byte(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// drop lists files and remembers them, as a lake would.
func drop(t *testing.T, known map[string]periplus.ReadObject, files ...DroppedFile) (news []string) {
	t.Helper()
	d := &Dropped{Files: files, Known: known}
	for o, err := range d.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if old, ok := known[o.URI]; ok && old.Size == o.Size && old.ETag == o.ETag {
			continue
		}
		in, err := d.Open(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		known[o.URI] = periplus.ReadObject{URI: o.URI, Size: o.Size, ETag: o.ETag, State: periplus.ObjectRead}
		news = append(news, string(b))
	}
	return news
}

func TestDroppedIsReadOnce(t *testing.T) {
	known := map[string]periplus.ReadObject{}
	f := func(want string, files ...DroppedFile) {
		t.Helper()
		got := drop(t, known, files...)
		slices.Sort(got)
		if fmt.Sprint(got) != want {
			t.Errorf("read %v, want %s", got, want)
		}
	}
	f("[monday]", file("a/flow.log", "monday"))
	f("[]", file("a/flow.log", "monday"))
	f("[]", file("b/other.log", "monday")) // the same under another name
	f("[tuesday]", file("a/flow.log", "tuesday"))
	f("[twice]", file("x.log", "twice"), file("y.log", "twice"))
	f("[]", file(".DS_Store", "junk"), file("a/.git/x.log", "junk"))
	if len(known) != 3 {
		t.Errorf("%d objects, want 3: Monday's is not replaced by Tuesday's", len(known))
	}
	// A blob that has grown takes the place of what it was; what it was changes nothing.
	blob := "logs/flowLogResourceID=/s_NETWORKWATCHERRG/NETWORKWATCHER_X_Y/y=2026/m=11/d=01/h=00/m=00/macAddress=00AA/PT1H.json"
	f("[one]", file(blob, "one"))
	f("[one two]", file(strings.TrimPrefix(blob, "logs/"), "one two"))
	f("[]", file(blob, "one"))
	f("[one two three]", file(blob, "one two"), file("again/"+blob, "one two three"))
	if len(known) != 4 {
		t.Errorf("%d objects, want 4: the blob is one", len(known))
	}
}

func TestDroppedWasReadWhereItLies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(path, []byte("records"), 0o666); err != nil {
		t.Fatal(err)
	}
	known := map[string]periplus.ReadObject{}
	for o, err := range (&Files{Paths: []string{path}}).Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		known[o.URI] = periplus.ReadObject{URI: o.URI, Size: o.Size, ETag: o.ETag, State: periplus.ObjectRead}
	}
	if got := drop(t, known, file("folder/x.log", "records")); got != nil {
		t.Errorf("a file that was read by its path is read again: %v", got)
	}
	if got := drop(t, known, file("folder/x.log", "RECORDS")); len(got) != 1 {
		t.Errorf("another file of that name and size is not read: %v", got)
	}
}

func TestDroppedNames(t *testing.T) {
	f := func(name, provider, uri string) {
		t.Helper()
		d := &Dropped{Files: []DroppedFile{file(name, "x")}}
		for o := range d.Objects(t.Context()) {
			if o.Hint.Provider != provider || !strings.HasSuffix(o.URI, uri) {
				t.Errorf("%s: of %q as %s, want %q and …%s", name, o.Hint.Provider, o.URI, provider, uri)
			}
		}
	}
	f("AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/01/123456789012_vpcflowlogs_eu-west-1_fl-1a_20261101T0000Z_aa.log.gz", "aws", "_aa.log.gz")
	f("b/compute.googleapis.com/vpc_flows/2026/11/01/00:00:00_00:59:59_S0.json", "gcp", "/00:00:00_00:59:59_S0.json")
	f("a b/<img src=x>.log", "", "/a%20b/%3Cimg%20src=x%3E.log")
}
