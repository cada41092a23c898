package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// shelf keeps files in memory.
type shelf struct {
	files map[string][]byte
	err   error
}

func (s *shelf) Kept(name string) ([]byte, error) { return s.files[name], nil }

func (s *shelf) Keep(_ context.Context, name string, change func([]byte) ([]byte, error)) error {
	if s.err != nil {
		return s.err
	}
	b, err := change(s.files[name])
	if err == nil {
		if s.files == nil {
			s.files = map[string][]byte{}
		}
		s.files[name] = b
	}
	return err
}

func viewsOf(t *testing.T, r *http.Response) []savedView {
	t.Helper()
	var v savedViews
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil || v.Views == nil {
		t.Fatalf("%d: views that are none: %+v, %v", r.StatusCode, v, err)
	}
	return v.Views
}

func TestViews(t *testing.T) {
	s := server()
	s.Shelf = &shelf{}
	if v := viewsOf(t, get(t, s, "/api/v1/views")); len(v) != 0 {
		t.Errorf("an empty shelf holds %v", v)
	}
	put := func(name, query string) *http.Response {
		t.Helper()
		b, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return change(t, s, "PUT", "/api/v1/views/"+url.PathEscape(name), string(b))
	}
	put("night/denied", "?v=1&show=denied")
	put("<img src=x onerror=alert(1)>", "v=1")
	if v := viewsOf(t, put("night/denied", "v=1&show=dropped")); len(v) != 2 || v[1].Name != "night/denied" || v[1].Query != "v=1&show=dropped" || v[1].Saved.IsZero() {
		t.Errorf("after two saves under one name: %+v", v)
	}
	if v := viewsOf(t, change(t, s, "DELETE", "/api/v1/views/"+url.PathEscape("night/denied"), "")); len(v) != 1 {
		t.Errorf("after a delete: %+v", v)
	}
	f := func(r *http.Response, status int, code string) {
		t.Helper()
		if got, message, _, _ := problemOf(t, r); r.StatusCode != status || got != code || message == "" {
			t.Errorf("%d %s %q, want %d %s", r.StatusCode, got, message, status, code)
		}
	}
	f(change(t, s, "DELETE", "/api/v1/views/nobody", ""), 404, "not_found")
	f(put(" ", "v=1"), 400, "usage")
	f(put(strings.Repeat("ä", 101), "v=1"), 400, "usage")
	f(put("a\u202eb", "v=1"), 400, "usage") // turns the rest of the line round
	f(put("a\nb", "v=1"), 400, "usage")
	f(put("x", "v=1&q=%zz"), 400, "usage")
	f(put("x", strings.Repeat("a", maxQuery+1)), 400, "usage")
	f(put("x", strings.Repeat("a", 3*maxQuery)), 413, "too_large")
	f(change(t, s, "PUT", "/api/v1/views/x", `{"query":7}`), 400, "usage")
	f(change(t, s, "PUT", "/api/v1/views/x", `[`), 400, "usage")
	if r := put(strings.Repeat("ä", 100), strings.Repeat("a", maxQuery)); r.StatusCode != 200 {
		t.Errorf("the longest view: %d", r.StatusCode)
	}
	for i := range maxViews - 2 {
		put(fmt.Sprint("view ", i), "v=1")
	}
	f(put("one more", "v=1"), 409, "full")
	if r := put("view 0", "v=1&level=host"); r.StatusCode != 200 {
		t.Errorf("a view that is there, when all are: %d", r.StatusCode)
	}

	s.Shelf = &shelf{files: map[string][]byte{viewsFile: []byte("{")}}
	f(get(t, s, "/api/v1/views"), 500, "error")
	f(put("x", "v=1"), 500, "error") // what cannot be read is not written over
	s.Shelf = &shelf{err: fmt.Errorf("x: %w", fs.ErrPermission)}
	f(put("x", "v=1"), 404, "read_only")
	s.Shelf = nil
	f(put("x", "v=1"), 404, "read_only")
	f(get(t, s, "/api/v1/views"), 404, "read_only")
	s.Temporary = true
	f(get(t, s, "/api/v1/views"), 404, "temporary")
}
