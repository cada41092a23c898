package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/query"
)

// silent answers every question with no rows, or with an error.
type silent struct{ err error }

func (e silent) Query(context.Context, query.Statement, func([]string, []any) error) error {
	return e.err
}

func server() *Server {
	return &Server{Questions: &query.Questions{Engine: silent{}}, Version: "v0", Now: func() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) }}
}

// get asks as a browser on this machine would.
func get(t *testing.T, s *Server, path string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1:7070"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result()
}

// change asks for a change as the page would.
func change(t *testing.T, s *Server, method, path, body string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:7070"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50001"
	r.Header.Set("Origin", "http://127.0.0.1:7070")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result()
}

func problemOf(t *testing.T, r *http.Response) (code, message string, pos, length int) {
	t.Helper()
	var b struct {
		Error struct {
			Code, Message string
			Pos, Len      int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		t.Fatalf("an error that is no JSON: %v", err)
	}
	return b.Error.Code, b.Error.Message, b.Error.Pos, b.Error.Len
}

func TestGuard(t *testing.T) {
	f := func(want int, change func(*http.Request)) {
		t.Helper()
		r := get(t, server(), "/api/v1/findings", change)
		if r.StatusCode != want {
			t.Errorf("status %d, want %d", r.StatusCode, want)
		}
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	header := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	f(200, host("127.0.0.1:7070"))
	f(200, host("localhost:7070"))
	f(200, host("[::1]:7070"))
	f(403, host("evil.example:7070"))
	f(403, host("127.0.0.1.evil.example"))
	f(403, host(""))
	f(200, header("Origin", "http://127.0.0.1:7070"))
	f(403, header("Origin", "http://evil.example"))
	f(403, header("Origin", "null"))
	f(403, header("Sec-Fetch-Site", "cross-site"))
	f(200, header("Sec-Fetch-Site", "same-origin"))
	s := server()
	s.Hosts = []string{"map.internal"}
	if r := get(t, s, "/api/v1/findings", host("map.internal:80")); r.StatusCode != 200 {
		t.Errorf("a host that was named: %d", r.StatusCode)
	}
}

// A page elsewhere, or at another port of this machine, changes nothing.
func TestChangesComeFromThePage(t *testing.T) {
	shelf := &shelf{}
	f := func(want int, headers ...string) {
		t.Helper()
		for _, method := range []string{"PUT", "DELETE", "POST", "PATCH"} {
			path := "/api/v1/views/x"
			if method == "POST" {
				path = "/api/v1/ingest"
			}
			before := len(shelf.files)
			s := server()
			s.Shelf = shelf
			r := change(t, s, method, path, `{"query":"v=1"}`, func(r *http.Request) {
				r.Header.Del("Origin")
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
			})
			if refused := r.StatusCode == http.StatusForbidden; refused != (want == http.StatusForbidden) {
				t.Errorf("%s with %v: %d", method, headers, r.StatusCode)
			}
			if want == http.StatusForbidden && len(shelf.files) != before {
				t.Errorf("%s with %v changed something", method, headers)
			}
		}
	}
	f(403)
	f(403, "Origin", "null")
	f(403, "Origin", "http://evil.example")
	f(403, "Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-site")
	f(403, "Sec-Fetch-Site", "same-site")
	f(403, "Sec-Fetch-Site", "cross-site")
	f(403, "Sec-Fetch-Site", "none")
	f(403, "Host", "127.0.0.1:7070", "Origin", "http://127.0.0.1:7070", "Sec-Fetch-Site", "cross-site")
	f(200, "Origin", "http://127.0.0.1:7070")
	f(200, "Sec-Fetch-Site", "same-origin")
	// A form of another site can send text of any of these kinds.
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		s := server()
		s.Shelf = shelf
		r := change(t, s, "PUT", "/api/v1/views/x", `{"query":"v=1"}`, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if r.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("a view as %q: %d, want 415", kind, r.StatusCode)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := get(t, server(), "/")
	if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("the page: %d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	for k, want := range map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"} {
		if got := r.Header.Get(k); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if strings.Contains(r.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("the policy allows something unsafe: %s", r.Header.Get("Content-Security-Policy"))
	}
	again := get(t, server(), "/", func(q *http.Request) { q.Header.Set("If-None-Match", r.Header.Get("ETag")) })
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("the same page again: %d, want 304", again.StatusCode)
	}
	for _, path := range []string{"/../server.go", "/nothing.js", "/dist/"} {
		if r := get(t, server(), path); r.StatusCode != 404 && r.StatusCode != 301 && r.StatusCode != 307 {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
	if r := change(t, server(), "POST", "/", ""); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d, want 405", r.StatusCode)
	}
}

func TestGzip(t *testing.T) {
	r := get(t, server(), "/api/v1/meta", func(q *http.Request) { q.Header.Set("Accept-Encoding", "gzip") })
	if r.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("meta comes as %q", r.Header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Version string
		Extent  *struct{}
		Fields  []struct{ Name string }
		Levels  []string
	}
	if err := json.NewDecoder(z).Decode(&m); err != nil || m.Version != "v0" || m.Extent != nil || len(m.Fields) < 10 || len(m.Levels) != 7 {
		t.Errorf("meta of an empty lake: %+v, %v", m, err)
	}
}

func TestErrors(t *testing.T) {
	f := func(path string, status int, code, says string) {
		t.Helper()
		r := get(t, server(), path)
		got, message, _, _ := problemOf(t, r)
		if r.StatusCode != status || got != code || !strings.Contains(message, says) {
			t.Errorf("%s: %d %s %q, want %d %s with %q", path, r.StatusCode, got, message, status, code, says)
		}
	}
	at := "from=2026-11-01&to=2026-11-02"
	f("/api/v1/nothing", 404, "not_found", "no GET")
	f("/api/v1/graph?from=soon&to=now", 400, "usage", "soon")
	f("/api/v1/graph?from=now&to=-1h", 400, "usage", "begins at")
	f("/api/v1/graph?level=planet&"+at, 400, "usage", "planet")
	f("/api/v1/graph?limitNodes=100000&"+at, 400, "usage", "limitNodes")
	f("/api/v1/timeline?bins=x&"+at, 400, "usage", "bins")
	f("/api/v1/export?format=gif&"+at, 400, "usage", "gif")
	f("/api/v1/suggest?field=planet&"+at, 400, "usage", "planet")
	f("/api/v1/facets?"+at, 400, "usage", "fields")
	f("/api/v1/nodes/nobody?"+at, 404, "not_found", "nobody")
	f("/api/v1/edges?s=a&t=b&"+at, 404, "not_found", "no id")
	f("/api/v1/flows?node=x&"+at, 400, "usage", "node")

	r := get(t, server(), "/api/v1/parse?q="+url.QueryEscape("ö = 1"))
	if code, _, pos, n := problemOf(t, r); r.StatusCode != 400 || code != "filter" || pos != 0 || n != 1 {
		t.Errorf("a wrong filter: %d %s at %d, %d long; want characters, not bytes", r.StatusCode, code, pos, n)
	}
	r = get(t, server(), "/api/v1/graph?q=port+%3D+1&hide="+url.QueryEscape("port = ö")+"&"+at)
	if code, _, pos, _ := problemOf(t, r); r.StatusCode != 400 || code != "hide" || pos != 7 {
		t.Errorf("a wrong filter of what is hidden: %d %s at %d, want 400 hide at 7", r.StatusCode, code, pos)
	}
	s := server()
	s.Questions.Engine = silent{errors.New("disk on fire")}
	if r := get(t, s, "/api/v1/graph?"+at); r.StatusCode != 500 {
		t.Errorf("an engine that fails: %d, want 500", r.StatusCode)
	}
}

func TestParse(t *testing.T) {
	r := get(t, server(), "/api/v1/parse?q="+url.QueryEscape(`port = https and client.name ~ "é*"`))
	var p struct {
		Text  string
		Chips []chip
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || len(p.Chips) != 2 {
		t.Fatalf("parse: %+v, %v", p, err)
	}
	for _, c := range p.Chips {
		if got := string([]rune(p.Text)[c.Pos : c.Pos+c.Len]); got != c.Text {
			t.Errorf("chip %q lies at %q", c.Text, got)
		}
	}
	if c := p.Chips[0]; c.Field != "port" || c.Op != "=" {
		t.Errorf("first chip %+v", c)
	}
}

func TestServeStops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server().Serve(ctx, l) }()
	r, err := http.Get("http://" + l.Addr().String() + "/api/v1/findings")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || string(b) != `{"findings":[]}` {
		t.Errorf("findings: %s, %v", b, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

// What the asker can mend is a 400, so that the log holds only what went wrong
// here.
func TestMistakesAreTheAskers(t *testing.T) {
	for _, path := range []string{"/api/v1/graph?expand=net:x%27y", "/api/v1/graph?expand=" + strings.Repeat("a,", 2000), "/api/v1/flows?cursor=xx", "/api/v1/flows?cursor=bnVsbA"} {
		r := get(t, server(), path)
		if code, message, _, _ := problemOf(t, r); r.StatusCode != http.StatusBadRequest || code != "usage" || message == "" {
			t.Errorf("%.60s: %d %s %q, want 400 usage", path, r.StatusCode, code, message)
		}
	}
}
