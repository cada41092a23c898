package query

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// node is a part of a filter: *allOf, *anyOf, *notOf or *condition.
type node interface {
	text() string
	where(*sqlFor) Where
}

type allOf struct{ list []node }
type anyOf struct{ list []node }
type notOf struct{ of node }

// condition is field, operator and values. != , !~ and not in stand for the
// negation of =, ~ and in, so every condition is either true or false: what
// is not known fulfils no comparison.
type condition struct {
	field  *field
	end    side
	key    string // of a tag
	op     string
	values []value
}

// value is one value of a condition; what its field's type reads is set.
type value struct {
	text   string // normalised
	number int64
	prefix netip.Prefix // whole addresses too
	time   time.Time
	node   Key
}

func (n *allOf) text() string {
	return join(n.list, " and ", func(n node) bool { _, ok := n.(*anyOf); return ok })
}
func (n *anyOf) text() string { return join(n.list, " or ", func(node) bool { return false }) }

func join(list []node, by string, bracket func(node) bool) string {
	texts := make([]string, len(list))
	for i, n := range list {
		if texts[i] = n.text(); bracket(n) {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, by)
}

func (n *notOf) text() string {
	switch n.of.(type) {
	case *allOf, *anyOf:
		return "not (" + n.of.text() + ")"
	}
	return "not " + n.of.text()
}

func (c *condition) name() string {
	name := c.field.name
	if c.field == &tagField {
		name = "tag." + c.key
		if quote(c.key) != c.key {
			name = "tag." + quote(c.key)
		}
	}
	if c.end != either {
		name = string(c.end) + "." + name
	}
	return name
}

func (c *condition) text() string {
	texts := make([]string, len(c.values))
	for i, v := range c.values {
		texts[i] = quote(v.text)
	}
	values := strings.Join(texts, ", ")
	if c.op == "in" || c.op == "not in" {
		values = "(" + values + ")"
	}
	return c.name() + " " + c.op + " " + values
}

// String is the filter in its normal form; Parse reads it again.
func (f *Filter) String() string {
	if f.Empty() {
		return ""
	}
	return f.root.text()
}

// Empty reports whether the filter lets everything through.
func (f *Filter) Empty() bool { return f == nil || f.root == nil }

// And is what both filters let through.
func (f *Filter) And(g *Filter) *Filter {
	switch {
	case f.Empty():
		return g
	case g.Empty():
		return f
	}
	return &Filter{root: all(f.root, g.root)}
}

// not is what the filter keeps out; of the empty filter the empty one, which
// hides nothing.
func (f *Filter) not() *Filter {
	if f.Empty() {
		return nil
	}
	return &Filter{root: &notOf{f.root}}
}

// Chips are the conditions of a flat "and" list; nil where it is none.
func (f *Filter) Chips() []Chip {
	if f.Empty() {
		return nil
	}
	list := []node{f.root}
	if a, ok := f.root.(*allOf); ok {
		list = a.list
	}
	chips := make([]Chip, len(list))
	for i, n := range list {
		m := n
		for not, ok := m.(*notOf); ok; not, ok = m.(*notOf) {
			m = not.of
		}
		if _, ok := m.(*condition); !ok {
			return nil
		}
		rest := slices.Delete(slices.Clone(list), i, i+1)
		chips[i] = Chip{Text: n.text()}
		if len(rest) > 0 {
			chips[i].Without = all(rest...).text()
		}
	}
	return chips
}

// all is the conjunction of nodes, flat.
func all(list ...node) node {
	var flat []node
	for _, n := range list {
		if a, ok := n.(*allOf); ok {
			flat = append(flat, a.list...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return &allOf{flat}
}

// some is the disjunction of nodes, flat.
func some(list ...node) node {
	var flat []node
	for _, n := range list {
		if a, ok := n.(*anyOf); ok {
			flat = append(flat, a.list...)
		} else {
			flat = append(flat, n)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return &anyOf{flat}
}

// instants are the times that a filter compares with.
func (f *Filter) instants() []time.Time {
	if f.Empty() {
		return nil
	}
	var times []time.Time
	walk(f.root, func(c *condition) {
		if c.field.typ == typeTime {
			times = append(times, floor(c.values[0].time, 300), ceil(c.values[0].time, 300))
		}
	})
	return times
}

func walk(n node, visit func(*condition)) {
	switch n := n.(type) {
	case *allOf:
		for _, m := range n.list {
			walk(m, visit)
		}
	case *anyOf:
		for _, m := range n.list {
			walk(m, visit)
		}
	case *notOf:
		walk(n.of, visit)
	case *condition:
		visit(n)
	}
}
