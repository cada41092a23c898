package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a shelf of saved views may hold.
const (
	viewsFile = "views.json"
	maxViews  = 200
	maxName   = 100     // characters
	maxQuery  = 8 << 10 // bytes
)

// A Shelf keeps small files beside the data, also for other servers of it.
type Shelf interface {
	// Kept returns a file; nil: there is none.
	Kept(name string) ([]byte, error)
	// Keep replaces a file by what change makes of it, as the only one that
	// does. Where nothing can be written its error is an fs.ErrPermission.
	Keep(ctx context.Context, name string, change func(old []byte) ([]byte, error)) error
}

// A savedView is a view under a name: the page's URL query.
type savedView struct {
	Name  string    `json:"name"`
	Query string    `json:"query"`
	Saved time.Time `json:"saved"`
}

type savedViews struct {
	Views []savedView `json:"views"`
}

// noViews says why nothing can be saved.
func (s *Server) noViews() error {
	if s.Temporary {
		return problem{http.StatusNotFound, "temporary", "what was read goes away at the end, so no views are saved", "keep it: 'periplus map --lake DIR SOURCE'"}
	}
	return problem{http.StatusNotFound, "read_only", "the lake is read-only, so no views are saved", "start the server without --read-only, as a user who may write the lake"}
}

func (s *Server) views(*http.Request) (any, error) {
	if s.Shelf == nil {
		return nil, s.noViews()
	}
	b, err := s.Shelf.Kept(viewsFile)
	if err != nil {
		return nil, err
	}
	return readViews(b)
}

func readViews(b []byte) (savedViews, error) {
	v := savedViews{Views: []savedView{}}
	if len(b) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("%s beside the lake: %w; mend or remove it", viewsFile, err)
	}
	return v, nil
}

// saveView puts a view on the shelf, in the place of one of the same name.
func (s *Server) saveView(r *http.Request) (any, error) {
	name, err := viewName(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		Query string `json:"query"`
	}
	if err := readJSON(r, 2*maxQuery, &body); err != nil {
		return nil, err
	}
	q := strings.TrimPrefix(body.Query, "?")
	if len(q) > maxQuery {
		return nil, bad(fmt.Sprintf("the view's query has %d bytes", len(q)), fmt.Sprintf("%d are kept; release pinned nodes", maxQuery))
	}
	if _, err := url.ParseQuery(q); err != nil || strings.ContainsFunc(q, unicode.IsControl) || !utf8.ValidString(q) {
		return nil, bad("the view's query is no query of a URL", "give what stands after ? in the page's address")
	}
	return s.changeViews(r, func(list []savedView) ([]savedView, error) {
		list = slices.DeleteFunc(list, func(v savedView) bool { return v.Name == name })
		if len(list) >= maxViews {
			return nil, problem{http.StatusConflict, "full", fmt.Sprintf("%d views are saved already", len(list)), "delete one first"}
		}
		return append(list, savedView{name, q, s.now().UTC().Truncate(time.Second)}), nil
	})
}

func (s *Server) deleteView(r *http.Request) (any, error) {
	name, err := viewName(r)
	if err != nil {
		return nil, err
	}
	return s.changeViews(r, func(list []savedView) ([]savedView, error) {
		left := slices.DeleteFunc(slices.Clone(list), func(v savedView) bool { return v.Name == name })
		if len(left) == len(list) {
			return nil, problem{http.StatusNotFound, "not_found", fmt.Sprintf("there is no view %q", name), ""}
		}
		return left, nil
	})
}

func (s *Server) changeViews(r *http.Request, change func([]savedView) ([]savedView, error)) (any, error) {
	if s.Shelf == nil {
		return nil, s.noViews()
	}
	var v savedViews
	err := s.Shelf.Keep(r.Context(), viewsFile, func(old []byte) ([]byte, error) {
		var err error
		if v, err = readViews(old); err != nil {
			return nil, err
		}
		if v.Views, err = change(v.Views); err != nil {
			return nil, err
		}
		slices.SortFunc(v.Views, func(a, b savedView) int { return strings.Compare(a.Name, b.Name) })
		return json.MarshalIndent(v, "", " ")
	})
	if errors.Is(err, fs.ErrPermission) {
		return nil, s.noViews()
	}
	return v, err
}

// viewName is the name in a request's path: a line of text that people can
// tell from another.
func viewName(r *http.Request) (string, error) {
	name := strings.TrimSpace(r.PathValue("name"))
	switch n := utf8.RuneCountInString(name); {
	case name == "" || n > maxName:
		return "", bad(fmt.Sprintf("a view's name has %d characters", n), fmt.Sprintf("give it 1 to %d", maxName))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", bad("a view's name holds characters that cannot be seen", "use letters, digits, signs and spaces")
	}
	return name, nil
}
