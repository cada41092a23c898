package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The parser is written by hand, not with a grammar library: nearly every
// error wants its own words and a suggestion (a bare address, a forgotten
// "and", another tool's operator), and the completion walks the same tokens
// of a text that does not parse yet.

// What a filter may be at most, so that foreign text cannot exhaust anything.
const (
	maxFilter = 64 << 10
	maxDepth  = 64
	maxValues = 1000
)

// Parse reads a filter. now is what relative times count from. An error is a
// *FilterError. The empty text is the filter that lets everything through.
func Parse(text string, now time.Time) (*Filter, error) {
	return parse(text, &parser{now: now, find: lookup, names: fieldNames})
}

func parse(text string, p *parser) (*Filter, error) {
	if len(text) > maxFilter {
		return nil, &FilterError{Pos: maxFilter, Len: len(text) - maxFilter, Msg: "the filter is longer than 64 KB"}
	}
	if !valid(text) {
		return nil, &FilterError{Len: len(text), Msg: "the filter is not UTF-8 text"}
	}
	p.tokens = lex(text)
	if p.peek().kind == tokenEnd {
		return &Filter{}, nil
	}
	root, err := p.either(0)
	if err == nil && p.peek().kind != tokenEnd {
		err = p.leftOver()
	}
	if err != nil {
		return nil, err
	}
	return &Filter{root: root}, nil
}

type parser struct {
	tokens []token
	at     int
	now    time.Time
	find   func(name string) (f *field, end side, key string, ok bool)
	names  func() []string // all that find knows
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd && t.kind != tokenBad {
		p.at++
	}
	return t
}

func (t token) errorf(suggest, format string, args ...any) *FilterError {
	return &FilterError{Pos: t.pos, Len: t.end - t.pos, Msg: fmt.Sprintf(format, args...), Suggest: suggest}
}

func unended(t token) error {
	return t.errorf("", "the quote that begins here does not end")
}

// leftOver says what is wrong with a token that follows a whole expression.
func (p *parser) leftOver() error {
	t := p.peek()
	switch t.kind {
	case tokenBad:
		return unended(t)
	case tokenClose:
		return t.errorf("", "no parenthesis is open here")
	case tokenComma:
		return t.errorf("", "a list stands in parentheses after in: port in (80, 443)")
	}
	return t.errorf("and", "and or or is missing before %q", t.text)
}

func (p *parser) either(depth int) (node, error) {
	n, err := p.both(depth)
	list := []node{n}
	for err == nil && (p.peek().is("or") || p.peek().kind == tokenOp && p.peek().text == "||") {
		p.take()
		n, err = p.both(depth)
		list = append(list, n)
	}
	if err != nil {
		return nil, err
	}
	return some(list...), nil
}

func (p *parser) both(depth int) (node, error) {
	n, err := p.one(depth)
	list := []node{n}
	for err == nil && (p.peek().is("and") || p.peek().kind == tokenOp && p.peek().text == "&&") {
		p.take()
		n, err = p.one(depth)
		list = append(list, n)
	}
	if err != nil {
		return nil, err
	}
	return all(list...), nil
}

func (p *parser) one(depth int) (node, error) {
	t := p.peek()
	if depth > maxDepth {
		return nil, t.errorf("", "more than %d parentheses or nots in one another", maxDepth)
	}
	switch {
	case t.kind == tokenBad:
		return nil, unended(t)
	case t.kind == tokenEnd:
		return nil, t.errorf("", "a condition is missing at the end")
	case t.is("not") || t.kind == tokenOp && t.text == "!":
		p.take()
		n, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		return &notOf{n}, nil
	case t.kind == tokenOpen:
		p.take()
		n, err := p.either(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.peek().kind != tokenClose {
			if p.peek().kind == tokenEnd {
				return nil, t.errorf("", "the parenthesis that opens here does not close")
			}
			return nil, p.leftOver()
		}
		p.take()
		return n, nil
	case t.kind == tokenWord && !keyword(t.text):
		return p.condition()
	case t.kind == tokenString:
		return nil, t.errorf("name ~ "+quote(t.text), "a condition begins with a field")
	}
	return nil, t.errorf("", "a condition is missing before %q", t.text)
}

func (p *parser) condition() (node, error) {
	t := p.take()
	name := t.text
	if q := p.peek(); q.kind == tokenString && q.pos == t.end && strings.HasSuffix(name, ".") {
		p.take() // tag."a key"
		name += q.text
		t.end = q.end
	}
	f, end, key, ok := p.find(name)
	if !ok {
		return nil, p.unknownField(t, name)
	}
	c := &condition{field: f, end: end, key: key}
	if err := p.operator(c); err != nil {
		return nil, err
	}
	if c.op == "in" || c.op == "not in" {
		return c, p.list(c)
	}
	return c, p.value(c)
}

// unknownField also knows what to say to a value without a field.
func (p *parser) unknownField(t token, name string) error {
	if end := p.peek(); end.kind != tokenOp && !end.is("in") && !end.is("not") && !end.is("like") && !end.is("notin") {
		if s := bare(name); s != "" {
			return t.errorf(s, "a condition is a field, an operator and a value")
		}
	}
	if strings.EqualFold(name, "tag") || strings.HasSuffix(strings.ToLower(name), ".tag") || strings.HasSuffix(name, ".") {
		return t.errorf("tag.KEY", "a tag needs its key")
	}
	if first, rest, dotted := strings.Cut(strings.ToLower(name), "."); dotted {
		if a, is := aliases[first]; is {
			first = a
		}
		if first == "client" || first == "server" {
			if f, _, _, ok := lookup(rest); ok && !f.ends {
				return t.errorf(f.name, "%s belongs to the conversation, not to an end", f.name)
			}
			return t.errorf(nearest(first+"."+rest, p.names()), "no end has a field %q", rest)
		}
	}
	return t.errorf(nearest(name, p.names()), "there is no field %q", name)
}

// bare is the condition that somebody meant who wrote only a value.
func bare(s string) string {
	if _, err := parsePrefix(s); err == nil {
		return "ip = " + s
	}
	lower := strings.ToLower(s)
	for _, f := range fields {
		if f.typ == typeEnum && slices.Contains(f.enum, lower) {
			return f.name + " = " + lower
		}
	}
	if v, ok := valueAliases["verdict"][lower]; ok {
		return "verdict = " + v
	}
	if _, ok := protocolNumber(s); ok && (s[0] < '0' || s[0] > '9') {
		return "protocol = " + lower
	}
	if _, ok := portNumber(s); ok {
		return "port = " + lower
	}
	if nearest(s, fieldNames()) != "" {
		return ""
	}
	return "name ~ " + quote(s)
}

func (p *parser) operator(c *condition) error {
	t := p.take()
	switch {
	case t.kind == tokenBad:
		return unended(t)
	case t.kind == tokenEnd:
		return t.errorf("", "an operator is missing after %s: one of %s", c.name(), strings.Join(c.field.typ.operators(), " "))
	case t.kind == tokenOp:
		c.op = t.text
	case t.is("in"), t.is("notin"):
		c.op = strings.Replace(strings.ToLower(t.text), "notin", "not in", 1)
	case t.is("like"):
		c.op = "~"
	case t.is("not") && p.peek().is("in"):
		t.end = p.take().end
		c.op = "not in"
	case t.is("not") && p.peek().is("like"):
		t.end = p.take().end
		c.op = "!~"
	default:
		return t.errorf("=", "%q is no operator: use one of %s", t.text, strings.Join(c.field.typ.operators(), " "))
	}
	if !slices.Contains(c.field.typ.operators(), c.op) {
		suggest := "="
		if strings.HasPrefix(c.op, "!") {
			suggest = "!="
		}
		return t.errorf(suggest, "%s does not know %s: use one of %s", c.field.name, c.op, strings.Join(c.field.typ.operators(), " "))
	}
	return nil
}

func (p *parser) list(c *condition) error {
	if p.peek().kind != tokenOpen { // client.ip in 10.0.0.0/8
		return p.value(c)
	}
	open := p.take()
	for {
		if len(c.values) == maxValues {
			return p.peek().errorf("", "more than %d values", maxValues)
		}
		if err := p.value(c); err != nil {
			return err
		}
		switch t := p.take(); t.kind {
		case tokenComma:
		case tokenClose:
			return nil
		case tokenEnd:
			return open.errorf("", "the parenthesis that opens here does not close")
		case tokenBad:
			return unended(t)
		default:
			return t.errorf(",", "a comma is missing before %q", t.text)
		}
	}
}

func (p *parser) value(c *condition) error {
	t := p.take()
	switch t.kind {
	case tokenBad:
		return unended(t)
	case tokenWord, tokenString:
		if t.kind == tokenString || !keyword(t.text) {
			v, err := p.read(c, t)
			c.values = append(c.values, v)
			return err
		}
		return t.errorf(`"`+t.text+`"`, "a value is missing after %s %s; put %s in quotes if it is one", c.name(), c.op, t.text)
	case tokenOpen:
		return t.errorf("in", "a list stands after in or not in")
	}
	return t.errorf("", "a value is missing after %s %s", c.name(), c.op)
}
