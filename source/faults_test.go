package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/servers"
)

// faulty stands before a store and lets it fail: every third request is
// answered 503, every second body breaks in the middle.
func faulty(t *testing.T, addr string, broken, refused *atomic.Int64) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch i := n.Add(1); {
		case i%3 == 0:
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		case i%2 == 0 && strings.HasSuffix(r.URL.Path, ".log"):
			broken.Add(1)
			rec := httptest.NewRecorder()
			proxy.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2]) // the reader is told more
			panic(http.ErrAbortHandler)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// A store that refuses and breaks is read to the end all the same.
func TestBucketSurvivesFaults(t *testing.T) {
	s := servers.S3(t)
	text := strings.Repeat("0123456789abcdef", 20_000)
	for _, name := range []string{"a.log", "b.log", "c/d.log", "c/e.log"} {
		s.Put(name, name+text)
	}
	var broken, refused, said atomic.Int64
	b, err := OpenBucket(t.Context(), strings.Replace(s.Bucket, s.Addr, faulty(t, s.Addr, &broken, &refused), 1), Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Retried = func(string, error, time.Duration) { said.Add(1) }
	for round := range 3 {
		n := 0
		for o, err := range b.Objects(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			key, _ := b.key(o.URI)
			if got := read(t, b, o); got != key+text {
				t.Errorf("round %d, %s: %d bytes, want %d", round, key, len(got), len(key+text))
			}
			n++
		}
		if n != 4 {
			t.Errorf("round %d lists %d objects, want 4", round, n)
		}
	}
	if broken.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d bodies were broken and %d requests refused: nothing was tested", broken.Load(), refused.Load())
	}
	t.Logf("%d bodies broken, %d requests refused, %d retries told", broken.Load(), refused.Load(), said.Load())
}

// An object that is written anew while it is read is no mix of both.
func TestBucketReadsOneVersion(t *testing.T) {
	s := servers.S3(t)
	s.Put("a.log", strings.Repeat("a", 3<<20))
	b, err := OpenBucket(t.Context(), s.Bucket, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for o, err := range b.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Open(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		s.Put("a.log", strings.Repeat("b", 3<<20))
		d := r.(*download)
		d.body.Close()
		d.body = io.NopCloser(failing{}) // the connection is lost
		if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), "written anew while it was read") {
			t.Errorf("the rest of another object: %v", err)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Ctrl-C ends a listing and a read at once.
func TestBucketStops(t *testing.T) {
	s := servers.S3(t)
	s.Put("a.log", "a")
	b, err := OpenBucket(t.Context(), s.Bucket, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s.Kill()
	ctx, cancel := context.WithCancel(t.Context())
	b.Retried = func(string, error, time.Duration) { cancel() }
	for _, err := range b.Objects(ctx) {
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("listing: %v", err)
		}
	}
	if ctx.Err() == nil {
		t.Error("a store that is gone was not tried again")
	}
}
