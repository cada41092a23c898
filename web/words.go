package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

type fieldMeta struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	End    bool     `json:"end,omitempty"`
	Ops    []string `json:"ops"`
	Values []string `json:"values,omitempty"`
	Doc    string   `json:"doc,omitempty"`
}

func (s *Server) meta(r *http.Request) (any, error) {
	// The mark before the extent: what is told is at least as new as it.
	mark := ""
	if s.Mark != nil {
		var err error
		if mark, err = s.Mark(r.Context()); err != nil {
			return nil, err
		}
	}
	x, err := s.Questions.Extent(r.Context())
	if err != nil {
		return nil, err
	}
	type caps struct {
		Nodes    int `json:"nodes"`
		Edges    int `json:"edges"`
		MaxNodes int `json:"maxNodes"`
		MaxEdges int `json:"maxEdges"`
	}
	type pseudonyms struct {
		On     bool `json:"on"`
		Forced bool `json:"forced"`
	}
	m := struct {
		Version    string      `json:"version"`
		Sources    []Source    `json:"sources"`
		Live       bool        `json:"live"`
		Mark       string      `json:"mark,omitempty"`
		Drop       bool        `json:"drop"`
		DropLimit  int64       `json:"dropLimit,omitempty"`
		Demo       bool        `json:"demo"`
		Views      bool        `json:"views"`
		Extent     *Span       `json:"extent"`
		Buckets    []int64     `json:"buckets"`
		Fields     []fieldMeta `json:"fields"`
		Levels     []string    `json:"levels"`
		Icons      []iconsOf   `json:"icons,omitempty"`
		IconsMark  string      `json:"iconsVersion,omitempty"`
		Pseudonyms pseudonyms  `json:"pseudonyms"`
		Caps       caps        `json:"caps"`
		Exports    []string    `json:"exports"`
	}{Version: s.Version, Live: s.Mark != nil, Mark: mark, Drop: s.Drop.Read != nil, Demo: s.Drop.Demo != nil && x.From.IsZero(), Views: s.Shelf != nil, Sources: []Source{}, Buckets: query.Steps, Fields: []fieldMeta{}, Levels: query.Levels,
		Caps: caps{query.DefaultNodes, query.DefaultEdges, query.MaxNodes, query.MaxEdges}}
	if s.Sources != nil {
		m.Sources = append(m.Sources, s.Sources()...)
	}
	m.Sources = append(m.Sources, s.dropped()...)
	m.IconsMark = s.iconsVersion()
	m.Icons = s.iconsList
	if m.Drop {
		m.DropLimit = s.Drop.Limit
	}
	if !x.From.IsZero() {
		m.Extent = &Span{x.From, x.To}
	}
	for _, f := range query.Fields() {
		m.Fields = append(m.Fields, fieldMeta{f.Name, fieldType(f), f.Ends, f.Operators, f.Enum, f.Doc})
	}
	for _, e := range graph.Exports {
		m.Exports = append(m.Exports, e.Name)
	}
	return m, nil
}

// fieldType is a field's type as the page knows it.
func fieldType(f query.FilterField) string {
	switch {
	case f.Enum != nil:
		return "enum"
	case f.Name == "bytes":
		return "bytes"
	}
	switch f.Type {
	case "address":
		return "ip"
	case "quantity", "port", "asn":
		return "number"
	}
	return "text"
}

type facetValue struct {
	Value   string     `json:"value"`
	Label   string     `json:"label,omitempty"`
	Bytes   *graph.Int `json:"b"`
	Records graph.Int  `json:"r"`
	Denied  graph.Int  `json:"denied"`
}

func (s *Server) facets(r *http.Request) (any, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	v := r.URL.Query()
	limit, err := number(v, "limit", 10, 1000)
	if err != nil {
		return nil, err
	}
	fields := strings.FieldsFunc(v.Get("fields"), func(c rune) bool { return c == ',' })
	if len(fields) == 0 {
		return nil, bad("no fields", "give fields=port,network")
	}
	list, err := s.Questions.Facets(r.Context(), a, fields, "", limit)
	if err != nil {
		return nil, err
	}
	out := struct {
		Fields map[string][]facetValue `json:"fields"`
		More   map[string]int64        `json:"more"`
	}{map[string][]facetValue{}, map[string]int64{}}
	for _, f := range list {
		values := []facetValue{}
		for _, x := range f.Values {
			fv := facetValue{Value: x.Value, Records: graph.Int(x.Records), Denied: graph.Int(x.Stopped)}
			if x.Bytes.Known {
				n := graph.Int(x.Bytes.N)
				fv.Bytes = &n
			}
			fv.Label = s.facetLabel(f.Field, x.Value)
			values = append(values, fv)
		}
		out.Fields[f.Field] = values
		if more := f.All - int64(len(values)); more > 0 {
			out.More[f.Field] = more
		}
	}
	return out, nil
}

func (s *Server) facetLabel(field, value string) string {
	switch {
	case field == "port":
		var p uint16
		for _, c := range value {
			if c < '0' || c > '9' {
				return ""
			}
			p = p*10 + uint16(c-'0')
		}
		return cmp.Or(periplus.ServiceName(p, 6), periplus.ServiceName(p, 17))
	case s.Label != nil:
		return s.Label(value)
	}
	return ""
}

func (s *Server) suggest(r *http.Request) (any, error) {
	a, err := s.ask(r)
	if err != nil {
		return nil, err
	}
	a.Filter = nil // what the box holds is not finished
	v := r.URL.Query()
	type value struct {
		Text string `json:"text"`
		Note string `json:"note,omitempty"`
	}
	values := []value{}
	field := strings.TrimPrefix(strings.TrimPrefix(v.Get("field"), "client."), "server.")
	if !slices.ContainsFunc(query.Fields(), func(f query.FilterField) bool {
		return f.Name == field || f.Name == "tag" && strings.HasPrefix(field, "tag.")
	}) {
		return nil, bad("there is no field "+strconv.Quote(field), "give field=network&prefix=pro")
	}
	list, err := s.Questions.Facets(r.Context(), a, []string{field}, v.Get("prefix"), 20)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		for _, x := range f.Values {
			if x.Value != "" {
				values = append(values, value{query.Quote(x.Value), s.facetLabel(field, x.Value)})
			}
		}
	}
	return map[string]any{"values": values}, nil
}

type chip struct {
	Text  string `json:"text"`
	Field string `json:"field"`
	Op    string `json:"op"`
	Value string `json:"value"`
	Pos   int    `json:"pos"`
	Len   int    `json:"len"`
}

func (s *Server) parse(r *http.Request) (any, error) {
	f, err := query.Parse(r.URL.Query().Get("q"), s.now())
	if err != nil {
		return nil, err
	}
	out := struct {
		Text  string `json:"text"`
		Chips []chip `json:"chips"`
	}{Text: f.String()}
	pos := 0
	for _, c := range f.Chips() {
		i := strings.Index(out.Text[pos:], c.Text)
		if i < 0 {
			out.Chips = nil // not the flat list that it should be: shown as text
			break
		}
		pos += i
		x := chip{Text: c.Text, Pos: len([]rune(out.Text[:pos])), Len: len([]rune(c.Text))}
		x.Field, x.Op, x.Value = condition(c.Text)
		out.Chips = append(out.Chips, x)
		pos += len(c.Text)
	}
	return out, nil
}

// condition takes a normalised condition apart: field, operator, value.
func condition(text string) (field, op, value string) {
	field, rest, _ := strings.Cut(strings.TrimPrefix(text, "not "), " ")
	for _, o := range []string{"not in", "in", "!=", "<=", ">=", "!~", "=", "<", ">", "~"} {
		if v, ok := strings.CutPrefix(rest, o+" "); ok {
			return field, o, v
		}
	}
	return field, "", rest
}

// found is how many groups a search tells.
const found = 20

func (s *Server) search(r *http.Request) (any, error) {
	text := r.URL.Query().Get("text")
	nodes := []ref{}
	if strings.TrimSpace(text) != "" {
		texts := []string{text}
		if s.Called != nil { // the data knows an id, the user its name
			texts = append(texts, s.Called(text)...)
		}
		for _, t := range texts {
			list, err := s.Questions.Search(r.Context(), t, found-len(nodes))
			if err != nil {
				return nil, err
			}
			for _, g := range list {
				if f := s.ref(g); !slices.Contains(nodes, f) {
					nodes = append(nodes, f)
				}
			}
			if len(nodes) >= found {
				break
			}
		}
	}
	return map[string]any{"nodes": nodes}, nil
}

// findings are what detections found; there are none yet.
func (s *Server) findings(*http.Request) (any, error) {
	return map[string]any{"findings": []any{}}, nil
}
