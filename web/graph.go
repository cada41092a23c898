package web

import (
	"bytes"
	"net/http"
	"time"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// drawn answers what a view shows.
func (s *Server) drawn(r *http.Request) (*graph.Graph, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	m, err := s.Questions.Map(r.Context(), a)
	if err != nil {
		return nil, err
	}
	g := graph.Build(m, graph.Options{Label: s.Label, CIDR: s.CIDR})
	if len(g.Edges) == 0 {
		at, err := s.Questions.Nearest(r.Context(), a)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			g.Nearest = &at
		}
	}
	return g, nil
}

func (s *Server) graph(r *http.Request) (any, error) { return s.drawn(r) }

// export writes what a view shows as a file.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	e, err := graph.ExportNamed(r.URL.Query().Get("format"))
	if err != nil {
		s.fail(w, r, bad(err.Error(), ""))
		return
	}
	g, err := s.drawn(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := e.Write(&b, g); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="periplus.`+extension(e.Name)+`"`)
	serve(w, r, e.Type+"; charset=utf-8", b.Bytes())
}

func extension(name string) string {
	switch name {
	case "mermaid":
		return "mmd"
	case "viewer":
		return "json"
	}
	return name
}

// timeline is columns of equal length, a verdict each.
type timeline struct {
	T0      time.Time `json:"t0"`
	Step    int64     `json:"step"` // seconds
	Allowed *columns  `json:"allowed,omitempty"`
	Denied  *columns  `json:"denied,omitempty"`
	Dropped *columns  `json:"dropped,omitempty"`
	Unknown *columns  `json:"unknown,omitempty"`
	Gaps    []gap     `json:"gaps,omitempty"`
}

// gap is a span in which logs lack records.
type gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Kind string    `json:"kind"` // lost, missing
	Logs int64     `json:"logs"`
}

type columns struct {
	Bytes   []*graph.Int `json:"bytes"`
	Packets []*graph.Int `json:"packets"`
	Records []graph.Int  `json:"records"`
}

func series(t query.Timeline) timeline {
	out := timeline{T0: t.Start, Step: int64(t.Step / time.Second)}
	for v, to := range map[periplus.Verdict]**columns{periplus.Allowed: &out.Allowed, periplus.Denied: &out.Denied, periplus.Dropped: &out.Dropped, periplus.Unknown: &out.Unknown} {
		c, any := &columns{}, false
		for i := range t.Bins {
			n := graph.CounterOf(t.Bins[i][v])
			c.Bytes, c.Packets, c.Records = append(c.Bytes, n.Bytes), append(c.Packets, n.Packets), append(c.Records, n.Records)
			any = any || n.Records > 0 || n.Bytes != nil
		}
		if any {
			*to = c
		}
	}
	return out
}

func (s *Server) timeline(r *http.Request) (any, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	bins, err := number(r.URL.Query(), "bins", 96, 1000)
	if err != nil {
		return nil, err
	}
	t, err := s.Questions.Timeline(r.Context(), a, bins)
	if err != nil {
		return nil, err
	}
	out := series(*t)
	gaps, err := s.Questions.Gaps(r.Context(), a)
	for _, g := range gaps {
		kind := "missing"
		if g.Lost {
			kind = "lost"
		}
		out.Gaps = append(out.Gaps, gap{g.From, g.To, kind, g.Logs})
	}
	return out, err
}
