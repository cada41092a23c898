package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/query"
)

func bad(message, hint string) error {
	return problem{http.StatusBadRequest, "usage", message, hint}
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// ask reads the parameters that all questions share. Without from and to it is
// everything there is.
func (s *Server) ask(r *http.Request) (query.Ask, error) {
	v := r.URL.Query()
	now := s.now()
	a := query.Ask{Level: v.Get("level"), Metric: v.Get("metric"), Show: v.Get("show")}
	for _, p := range []struct {
		name string
		to   *time.Time
	}{{"from", &a.From}, {"to", &a.To}} {
		if text := v.Get(p.name); text != "" {
			t, err := query.ParseTime(text, now)
			if err != nil {
				return a, bad(p.name+": "+err.Error(), "")
			}
			*p.to = t
		}
	}
	if a.From.IsZero() || a.To.IsZero() {
		x, err := s.Questions.Extent(r.Context())
		if err != nil {
			return a, err
		}
		if a.From.IsZero() {
			a.From = x.From
		}
		if a.To.IsZero() {
			a.To = x.To.Add(time.Second) // To is not part of the range
		}
	}
	if !a.From.Before(a.To) {
		if v.Get("from") == "" || v.Get("to") == "" { // all there is lies on the other side
			a.To = a.From.Add(5 * time.Minute)
		} else {
			return a, bad(fmt.Sprintf("the range begins at %s and ends at %s", a.From.Format(time.RFC3339), a.To.Format(time.RFC3339)), "from must be before to")
		}
	}
	for _, p := range []struct {
		name string
		of   string
		list []string
	}{{"level", a.Level, query.Levels}, {"metric", a.Metric, query.Metrics}, {"show", a.Show, query.Shows}} {
		if p.of != "" && !slices.Contains(p.list, p.of) {
			return a, bad(fmt.Sprintf("%s %q is unknown", p.name, p.of), "use one of "+strings.Join(p.list, ", "))
		}
	}
	for id := range strings.SplitSeq(v.Get("expand"), ",") {
		if id == "" {
			continue
		}
		plain, err := url.PathUnescape(id)
		if err != nil {
			return a, bad("expand: "+err.Error(), "")
		}
		a.Expand = append(a.Expand, plain)
	}
	var err error
	if a.MaxNodes, err = number(v, "limitNodes", query.DefaultNodes, query.MaxNodes); err != nil {
		return a, err
	}
	if a.MaxEdges, err = number(v, "limitEdges", query.DefaultEdges, query.MaxEdges); err != nil {
		return a, err
	}
	if q := strings.TrimSpace(v.Get("q")); q != "" {
		if a.Filter, err = query.Parse(v.Get("q"), now); err != nil {
			return a, err
		}
	}
	if hide := v.Get("hide"); strings.TrimSpace(hide) != "" {
		if a.Hide, err = query.Parse(hide, now); err != nil {
			return a, hidden{err}
		}
	}
	return a, nil
}

// hidden is what is wrong with the parameter hide.
type hidden struct{ error }

func (e hidden) Unwrap() error { return e.error }

// number reads a parameter from 1 to most.
func number(v url.Values, name string, normal, most int) (int, error) {
	text := v.Get(name)
	if text == "" {
		return normal, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, bad(fmt.Sprintf("%s: %q is no number from 1 to %d", name, text, most), "")
	}
	return n, nil
}
