// Package web serves the page and the JSON API that it reads. It listens to
// one machine unless told otherwise, and asks nothing of any other.
package web

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/periplus/periplus/query"
)

//go:embed all:dist
var dist embed.FS

// Source is where data comes from, for the page's top line.
type Source struct {
	Name    string `json:"name"`
	State   string `json:"state"` // ok, reading, error
	Objects int64  `json:"objects"`
	Records int64  `json:"records"`
	Bad     int64  `json:"bad"`
	Message string `json:"message,omitempty"`
}

// Server answers for one lake. Questions is needed, the rest may be zero.
type Server struct {
	Questions *query.Questions
	Version   string
	Sources   func() []Source
	// Label is what the user calls a network, subnet or account; nil: the id.
	Label func(id string) string
	// CIDR is what the user says that a network, or a subnet in it, holds; nil
	// or none: what was seen.
	CIDR func(network, subnet string) []string
	// Called are the ids that the user calls so, or nearly; nil: none.
	Called func(text string) []string
	// Hosts are the names, without port, by which the server may be called
	// beside localhost and the loopback addresses.
	Hosts []string
	// Shelf keeps saved views; nil: none can be saved.
	Shelf Shelf
	// Temporary says that the data goes away when the server ends.
	Temporary bool
	// Mark changes with the data, and asking it is cheap; nil: the data stands
	// still.
	Mark func(context.Context) (string, error)
	// Drop takes files that are dropped on the page; zero: it takes none.
	Drop Drop
	// Icons are the packs that the page may draw; it has glyphs of its own.
	Icons []*IconPack
	// Health answers /metrics, /healthz and /readyz; nil: they are not there.
	Health http.Handler
	// Now is what relative times count from; nil: the clock.
	Now func() time.Time
	Log *slog.Logger // nil: none

	pollEvery time.Duration // of a test; 0: streamPoll

	iconsOnce sync.Once
	iconsList []iconsOf
	iconsMark string

	life life
	news news
	jobs jobs
}

// Handler serves the page at / and the API at /api/v1/.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"GET /api/v1/meta":       s.meta,
		"GET /api/v1/graph":      s.graph,
		"GET /api/v1/timeline":   s.timeline,
		"GET /api/v1/nodes/{id}": s.node,
		"GET /api/v1/edges":      s.edge,
		"GET /api/v1/facets":     s.facets,
		"GET /api/v1/suggest":    s.suggest,
		"GET /api/v1/parse":      s.parse,
		"GET /api/v1/search":     s.search,
		"GET /api/v1/findings":   s.findings,
		"GET /api/v1/views":      s.views,

		"PUT /api/v1/views/{name}":    s.saveView,
		"DELETE /api/v1/views/{name}": s.deleteView,
		"GET /api/v1/ingest":          s.listJobs,
		"GET /api/v1/ingest/{id}":     s.showJob,
		"DELETE /api/v1/ingest/{id}":  s.stopJob,
	} {
		mux.HandleFunc(pattern, s.json(answer))
	}
	mux.HandleFunc("GET /api/v1/icons/{pack}/{file}", s.icon)
	mux.HandleFunc("POST /api/v1/ingest", s.drop)
	mux.HandleFunc("POST /api/v1/ingest/demo", s.demo)
	mux.HandleFunc("GET /api/v1/flows", s.flows)
	mux.HandleFunc("GET /api/v1/export", s.export)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, problem{http.StatusNotFound, "not_found", "there is no " + r.Method + " " + r.URL.Path, ""})
	})
	mux.HandleFunc("/", s.page)
	zip, err := gzhttp.NewWrapper(gzhttp.MinSize(1024))
	if err != nil {
		panic(err) // the options above are constants
	}
	whole := http.NewServeMux()
	whole.HandleFunc("GET /api/v1/stream", s.stream) // what waits to be zipped comes late
	if s.Health != nil {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			whole.Handle("GET "+path, s.Health)
		}
	}
	whole.Handle("/", zip(mux))
	return s.guard(whole)
}

// problem is an error with its HTTP status, a code for programs, and what to
// do, for people.
type problem struct {
	status  int
	code    string
	message string
	hint    string
}

func (p problem) Error() string { return p.message }

// fail writes an error as JSON.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
		Pos     *int   `json:"pos,omitempty"`
		Len     int    `json:"len,omitempty"`
	}
	b, status := body{Code: "error", Message: err.Error()}, http.StatusInternalServerError
	var p problem
	var f *query.FilterError
	var m *query.Mistake
	switch {
	case errors.As(err, &p):
		b.Code, b.Hint, status = p.code, p.hint, p.status
	case errors.As(err, &f):
		q, code := r.FormValue("q"), "filter"
		if errors.As(err, &hidden{}) {
			q, code = r.FormValue("hide"), "hide"
		}
		pos, n := runes(q, f.Pos, f.Len)
		b.Code, b.Message, b.Pos, b.Len, status = code, f.Msg, &pos, n, http.StatusBadRequest
		if f.Suggest != "" {
			b.Hint = "did you mean " + f.Suggest + "?"
		}
	case errors.As(err, &m):
		b.Code, status = "usage", http.StatusBadRequest
	case r.Context().Err() != nil:
		return // the reader has gone
	default:
		if s.Log != nil {
			s.Log.Error("answer", "path", r.URL.Path, "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": b}) // nobody is left to tell
}

// runes turns a place in bytes into one in characters.
func runes(s string, pos, n int) (int, int) {
	pos = min(max(pos, 0), len(s))
	end := min(max(pos+n, pos), len(s))
	return len([]rune(s[:pos])), max(len([]rune(s[pos:end])), 1)
}

// json serves what answer returns, with an ETag.
func (s *Server) json(answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		v, err := answer(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Server-Timing", "total;dur="+duration(time.Since(start)))
		serve(w, r, "application/json", b)
	}
}

func duration(d time.Duration) string {
	b, _ := json.Marshal(float64(d.Microseconds()) / 1000) // a finite number
	return string(b)
}

// serve writes bytes, or only that the reader has them already.
func serve(w http.ResponseWriter, r *http.Request, kind string, b []byte) {
	sum := sha256.Sum256(b)
	tag := `W/"` + hex.EncodeToString(sum[:8]) + `"` // weak: gzip changes the bytes
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", kind)
	for t := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimSpace(t) == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write(b) // nobody is left to tell
}

// page serves the embedded front end.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.fail(w, r, problem{http.StatusMethodNotAllowed, "method", "the page is only read", ""})
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	b, err := fs.ReadFile(dist, path.Join("dist", name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(b)
	}
	serve(w, r, kind, b)
}

// Serve answers on a listener until ctx ends, then lets what runs finish:
// streams end at once, jobs are stopped and cleaned up after.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	defer s.life.end()
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.life.ending()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
