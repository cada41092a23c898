package flowgen_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"testing"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// readAll reads every file of a truth with what its path says and returns what
// was met.
func readAll(t *testing.T, truth *flowgen.Truth) *periplus.Stats {
	t.Helper()
	all := &periplus.Stats{}
	files := &source.Files{Paths: []string{truth.Logs}}
	recs := make([]periplus.Record, 256)
	for o, err := range files.Objects(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(unescape(t, o.URI))
		if err != nil {
			t.Fatal(err)
		}
		in, err := format.Open(f, format.Options{Object: &o})
		if err != nil {
			t.Errorf("%s: %v", o.URI, err)
			f.Close()
			continue
		}
		for {
			_, err := in.Reader.Read(recs)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", o.URI, err)
				break
			}
		}
		f.Close()
		all.Add(in.Reader.Stats())
	}
	return all
}

// Every file is recognised, every line is read, and nothing is bad but what
// was planted.
func TestEveryFileIsRead(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			truth, err := s.Write(context.Background(), t.TempDir(), 2, 0)
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, truth)
			if got.Records != truth.Records {
				t.Errorf("got %d records, wrote %d", got.Records, truth.Records)
			}
			if !maps.Equal(got.Bad, truth.Bad) && (len(got.Bad) > 0 || len(truth.Bad) > 0) {
				t.Errorf("got bad lines %v, planted %v; first: %v", got.Bad, truth.Bad, got.First)
			}
			if len(got.Unknown) > 0 {
				t.Errorf("columns that nobody knows: %v", got.Unknown)
			}
		})
	}
}

// unescape is the path of a file's URI.
func unescape(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}
