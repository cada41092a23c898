package web

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// A link to a file cannot say what it accepts, so the address does.
func TestRowsAsAFile(t *testing.T) {
	f := func(query, kind, name, begins string) {
		t.Helper()
		r := get(t, server(), "/api/v1/flows?from=2026-11-01&to=2026-11-02"+query)
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Content-Type"); r.StatusCode != 200 || !strings.HasPrefix(got, kind) {
			t.Errorf("%q: %d %s, want 200 %s", query, r.StatusCode, got, kind)
		}
		if got := r.Header.Get("Content-Disposition"); (got != "") != (name != "") || !strings.Contains(got, name) {
			t.Errorf("%q: disposition %q, want the file %q", query, got, name)
		}
		if !strings.HasPrefix(string(b), begins) {
			t.Errorf("%q: %.80s, want it to begin with %s", query, b, begins)
		}
	}
	f("", "application/json", "", `{"rows":[]`)
	f("&format=csv", "text/csv", "periplus-flows.csv", "first_seen,last_seen,client,")
	f("&format=ndjson", "application/x-ndjson", "periplus-flows.ndjson", "")

	r := get(t, server(), "/api/v1/flows?format=xls&from=2026-11-01&to=2026-11-02")
	if code, message, _, _ := problemOf(t, r); r.StatusCode != 400 || code != "usage" || !strings.Contains(message, "xls") {
		t.Errorf("an unknown format: %d %s %q, want 400 usage", r.StatusCode, code, message)
	}
	s := server()
	s.Questions.Engine = silent{errors.New("disk on fire")}
	r = get(t, s, "/api/v1/flows?format=csv&from=2026-11-01&to=2026-11-02")
	if code, _, _, _ := problemOf(t, r); r.StatusCode != 500 || code != "error" || r.Header.Get("Content-Disposition") != "" {
		t.Errorf("an engine that fails: %d %s as %q, want 500 error as no file", r.StatusCode, code, r.Header.Get("Content-Disposition"))
	}
}
