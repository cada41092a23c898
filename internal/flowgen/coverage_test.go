package flowgen_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// coverage is the table, row by row.
func (h *harbour) coverage() (rows []string) {
	h.t.Helper()
	var columns []string
	for _, f := range periplus.CoverageFields {
		if f.Name != "late" { // of the past
			columns = append(columns, f.Name)
		}
	}
	err := h.db.Query(context.Background(), query.Statement{
		SQL:   "SELECT " + strings.Join(columns, ", ") + " FROM coverage",
		Spans: []query.Span{{Table: "coverage"}},
	}, func(_ []string, v []any) error {
		rows = append(rows, fmt.Sprint(v...))
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

// sameCoverage holds a harbour's coverage against another's.
func sameCoverage(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: %d rows of coverage, want %d; the first that differs:\n got %s\nwant %s", what, len(got), len(want),
				strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}
}

// touch makes files new ones with the same content, for who looks at times.
func touch(t *testing.T, dir string, at time.Time, chosen func() bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !chosen() {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Of every format, what is read again, a part of the files at a time, leaves
// coverage what it was, and traffic too.
func TestReadingAgainDoesNotMatter(t *testing.T) {
	names := []string{"aws-skipdata", "aws-nodata", "aws-nacl-denies-reply-at-server", "azure-vnet-both-observers", "gcp-repeated", "gcp-firewall-allowed", "gcp-firewall-denied-ingress"}
	for _, name := range names {
		if !slices.ContainsFunc(flowgen.Scenarios(), func(s flowgen.Scenario) bool { return s.Name == name }) {
			t.Errorf("there is no scenario %s", name)
		}
	}
	for i, s := range scenarios() {
		if !slices.Contains(names, s.Name) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(i), 12))
			h := newHarbour(t)
			truth, err := s.Write(context.Background(), t.TempDir(), uint64(i), 0)
			if err != nil {
				t.Fatal(err)
			}
			h.take(truth.Logs, rng, 0)
			want := h.coverage()
			old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for n := range 3 {
				touch(t, truth.Logs, old.Add(time.Duration(n)*time.Hour), func() bool { return n == 0 || rng.IntN(2) == 0 })
				if sum := h.take(truth.Logs, rng, 5); sum.Changed == 0 {
					t.Fatal("nothing was read again")
				}
				sameCoverage(t, fmt.Sprint("read again ", n), h.coverage(), want)
			}
			h.hold(truth)
			if err := h.lake.Rebuild(context.Background()); err != nil {
				t.Fatal(err)
			}
			sameCoverage(t, "rebuilt", h.coverage(), want)
		})
	}
}

// An hour whose log says that it lost records is incomplete until the log is
// read again and says so no more.
func TestLossesAreTakenBack(t *testing.T) {
	i := slices.IndexFunc(flowgen.Scenarios(), func(s flowgen.Scenario) bool { return s.Name == "aws-skipdata" })
	truth, err := flowgen.Scenarios()[i].Write(context.Background(), t.TempDir(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	h, rng := newHarbour(t), rand.New(rand.NewPCG(1, 12))
	f := func(what string, want bool) {
		t.Helper()
		h.take(truth.Logs, rng, 0)
		got := false
		for _, hours := range h.books(truth, 3600).hours {
			for _, hour := range hours {
				got = got || hour.Incomplete
			}
		}
		if got != want {
			t.Errorf("%s: incomplete hours: %v; want %v", what, got, want)
		}
	}
	f("with SKIPDATA", true)
	edit := func(from, to string) {
		t.Helper()
		n := 0
		err := filepath.WalkDir(truth.Logs, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if z, zerr := gzip.NewReader(bytes.NewReader(b)); err == nil && zerr == nil {
				b, err = io.ReadAll(z)
			}
			if err != nil || !strings.Contains(string(b), from) {
				return err
			}
			n++
			return os.WriteFile(path, []byte(strings.ReplaceAll(string(b), from, to)), 0o666)
		})
		if err != nil || n == 0 {
			t.Fatalf("%d files hold %s, %v", n, from, err)
		}
	}
	edit("SKIPDATA", "NODATA")
	f("without", false)
	edit("NODATA", "SKIPDATA")
	f("with it again", true)
}
