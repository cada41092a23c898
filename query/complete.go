package query

import (
	"slices"
	"strings"
)

// Suggest says what may stand at a byte of a text, which need not parse yet.
// What stands after cursor is not looked at.
func Suggest(text string, cursor int) Completion {
	cursor = min(max(cursor, 0), len(text))
	tokens := lex(text[:cursor])
	last := tokens[len(tokens)-1]
	tokens = tokens[:len(tokens)-1]
	c := Completion{From: cursor, To: cursor}
	prefix, open := "", false
	if last.kind == tokenBad {
		c.From, prefix, open = last.pos, last.text, true
	} else if n := len(tokens); n > 0 && tokens[n-1].end == cursor && (tokens[n-1].kind == tokenWord || tokens[n-1].kind == tokenString) {
		c.From, prefix = tokens[n-1].pos, tokens[n-1].text
		tokens = tokens[:n-1]
	}
	s := scan(tokens)
	var all []Candidate
	switch s.wants {
	case wantCondition:
		all = fieldCandidates()
	case wantOperator:
		for _, o := range s.field.typ.operators() {
			all = append(all, Candidate{Text: o, Kind: "operator"})
		}
	case wantIn:
		all = []Candidate{{Text: "in", Kind: "keyword"}}
	case wantValue:
		all = valueCandidates(s.field)
		c.Field, c.Prefix = s.name(), prefix
	case wantComma:
		all = []Candidate{{Text: ",", Kind: "keyword"}, {Text: ")", Kind: "keyword"}}
	case wantJoin:
		all = []Candidate{{Text: "and", Kind: "keyword"}, {Text: "or", Kind: "keyword"}}
		if s.depth > 0 {
			all = append(all, Candidate{Text: ")", Kind: "keyword"})
		}
	}
	lower := strings.ToLower(prefix)
	for _, candidate := range all {
		if open && s.wants != wantValue {
			continue
		}
		if strings.HasPrefix(strings.ToLower(candidate.Text), lower) {
			c.Candidates = append(c.Candidates, candidate)
		}
	}
	return c
}

type want uint8

const (
	wantCondition want = iota
	wantOperator
	wantIn
	wantValue
	wantComma
	wantJoin
	wantNothing
)

// scanned is where a text stands after some tokens.
type scanned struct {
	wants want
	field *field
	end   side
	key   string
	list  bool // inside the parentheses of a list
	in    bool // after in, where a list may begin
	depth int
}

func (s scanned) name() string {
	return (&condition{field: s.field, end: s.end, key: s.key}).name()
}

func scan(tokens []token) scanned {
	var s scanned
	for _, t := range tokens {
		s.step(t)
	}
	return s
}

func (s *scanned) step(t token) {
	word := t.kind == tokenWord || t.kind == tokenString
	switch s.wants {
	case wantCondition:
		switch {
		case t.kind == tokenOpen:
			s.depth++
		case t.is("not"), t.kind == tokenOp && t.text == "!":
		case t.kind == tokenWord:
			var ok bool
			if s.field, s.end, s.key, ok = lookup(t.text); ok {
				s.wants = wantOperator
			} else {
				s.wants = wantNothing
			}
		default:
			s.wants = wantNothing
		}
	case wantOperator:
		s.in = false
		switch {
		case t.is("not"):
			s.wants = wantIn
		case t.is("in"), t.is("notin"):
			s.wants, s.in = wantValue, true
		default:
			s.wants = wantValue
		}
	case wantIn:
		s.wants, s.in = wantValue, true
	case wantValue:
		switch {
		case t.kind == tokenOpen && s.in && !s.list:
			s.list = true
		case word && s.list:
			s.wants = wantComma
		case word:
			s.wants = wantJoin
		default:
			s.wants = wantNothing
		}
	case wantComma:
		if s.wants = wantValue; t.kind == tokenClose {
			s.wants, s.list = wantJoin, false
		}
	case wantJoin:
		switch {
		case t.kind == tokenClose && s.depth > 0:
			s.depth--
		default:
			s.wants = wantCondition
		}
	}
}

func fieldCandidates() []Candidate {
	list := []Candidate{{Text: "not", Kind: "keyword"}}
	for _, f := range fields {
		name := f.name
		if f == &tagField {
			name = "tag."
		}
		list = append(list, Candidate{name, "field", f.doc})
		if f.ends {
			list = append(list, Candidate{"client." + name, "field", f.doc}, Candidate{"server." + name, "field", f.doc})
		}
	}
	ofEnd := func(c Candidate) int {
		if strings.HasPrefix(c.Text, "client.") || strings.HasPrefix(c.Text, "server.") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b Candidate) int { return ofEnd(a) - ofEnd(b) }) // the short names first
	return list
}

func valueCandidates(f *field) []Candidate {
	var list []Candidate
	add := func(texts ...string) {
		for _, s := range texts {
			list = append(list, Candidate{Text: s, Kind: "value"})
		}
	}
	switch f.typ {
	case typeEnum:
		add(f.enum...)
	case typePort:
		add(portWords...)
	case typeProtocol:
		add(keys(protocols)...)
	case typeTime:
		add("-1h", "-6h", "-24h", "-7d", "today", "yesterday", "now")
	}
	return list
}
