package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
)

// guard keeps other sites out: a page elsewhere may neither ask this server
// under another name (DNS rebinding) nor from its own origin, and what changes
// something must come from the page.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if err := s.admits(r); err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admits is why a request is not answered; nil: it is.
func (s *Server) admits(r *http.Request) error {
	if !s.knows(r.Host) {
		return problem{http.StatusForbidden, "host", "this server does not answer to the name " + r.Host, "open it as 127.0.0.1 or localhost"}
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	if origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host {
		return problem{http.StatusForbidden, "origin", "requests from " + origin + " are not answered", ""}
	}
	if site == "cross-site" && strings.HasPrefix(r.URL.Path, "/api/") {
		return problem{http.StatusForbidden, "origin", "requests from other sites are not answered", ""}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	// Every browser says by one of the two where a change comes from. Another
	// port of this machine is the same site, and another origin.
	if site != "" && site != "same-origin" || site == "" && origin == "" {
		return problem{http.StatusForbidden, "origin", "changes are taken from this server's own page", "a program sends Origin: http://" + r.Host}
	}
	return nil
}

func (s *Server) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(strings.ToLower(name), "[]")
	if name == "localhost" {
		return true
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, h := range s.Hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

// readJSON reads a body of at most so many bytes. It must be called JSON: a
// form of another site can send text, and nothing that is called JSON.
func readJSON(r *http.Request, most int64, to any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem{http.StatusUnsupportedMediaType, "type", "the body is not called JSON", "send Content-Type: application/json"}
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return bad("body: "+err.Error(), "")
	}
	if int64(len(b)) > most {
		return problem{http.StatusRequestEntityTooLarge, "too_large", "the body is too large", ""}
	}
	if err := json.Unmarshal(b, to); err != nil {
		var at *json.UnmarshalTypeError
		if errors.As(err, &at) {
			return bad("body: "+at.Field+" is "+at.Value, "see docs/page.md")
		}
		return bad("body: "+err.Error(), "see docs/page.md")
	}
	return nil
}
