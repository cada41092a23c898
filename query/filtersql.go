package query

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// sqlFor says which table a filter becomes SQL for, always named t.
type sqlFor struct {
	flows    bool // else traffic
	coverage bool // coverageFields over coverage
	rng      Range
	// scanners are the addresses that scan in the range, in brackets; "" for none.
	scanners Where
	joins    []Where // of traffic AS t with endpoints, one for each condition on them
}

// joined is the condition that the end of a row of traffic has an endpoint, at
// that time, that fulfils another. It joins just these endpoints, which are few:
// EXISTS says the same and costs DuckDB three times as much.
func (q *sqlFor) joined(end side, of Where) Where {
	as := fmt.Sprintf("f%d", len(q.joins)+1)
	address := "t." + string(end)
	q.joins = append(q.joins, build(" LEFT JOIN (SELECT e.address, e.network, e.valid_from, e.valid_to FROM endpoints AS e WHERE ", of, ") AS ", as,
		" ON ", as, ".address = ", address, " AND ", as, ".network = ", address, "_network AND ", as, ".valid_from <= t.bucket AND t.bucket < ", as, ".valid_to"))
	return build(as, ".address IS NOT NULL")
}

// rows is the rows of traffic that are asked for, to select from: those of the
// range that the filter, Show and more conditions let through.
func (a Ask) rows(r Range, more ...func(*sqlFor) Where) Where {
	q := &sqlFor{rng: r, scanners: a.scanners}
	conditions := []Where{a.Filter.sql(q), a.shown()}
	for _, m := range more {
		conditions = append(conditions, m(q))
	}
	where := whereAll(conditions...)
	if where.SQL == "" {
		return build(r.traffic(), " AS t")
	}
	return build("(SELECT t.* FROM ", r.traffic(), " AS t", joined("", q.joins...), where, ") AS t")
}

// flows is the ask's filter over rows of flows AS t. What only the merged
// traffic knows (amounts, seen_by, stopped_at, answer) is asked of the
// conversations that the rows belong to.
func (a Ask) flows(r Range) Where {
	return a.Filter.sql(&sqlFor{flows: true, rng: r, scanners: a.scanners})
}

func (f *Filter) sql(q *sqlFor) Where {
	if f.Empty() {
		return Where{}
	}
	return f.root.where(q)
}

func (n *allOf) where(q *sqlFor) Where { return bracketed(n.list, " AND ", q) }
func (n *anyOf) where(q *sqlFor) Where { return bracketed(n.list, " OR ", q) }

func bracketed(nodes []node, by string, q *sqlFor) Where {
	conditions := make([]Where, len(nodes))
	for i, n := range nodes {
		conditions[i] = n.where(q)
	}
	return build("(", joined(by, conditions...), ")")
}

func (n *notOf) where(q *sqlFor) Where { return build("NOT ", n.of.where(q)) }

// where is one condition, in brackets, true or false and never NULL.
func (c *condition) where(q *sqlFor) Where {
	positive := *c
	switch c.op {
	case "!=", "!~", "not in":
		positive.op = map[string]string{"!=": "=", "!~": "~", "not in": "in"}[c.op]
		return build("(NOT ", positive.where(q), ")")
	}
	if q.coverage {
		if c.field.name == "network" {
			return c.network("t.network")
		}
		return build("(", c.matches("t."+c.field.name), ")")
	}
	if !c.field.ends {
		return build("(", c.conversation(q), ")")
	}
	if c.end != either {
		return build("(", c.atEnd(q, c.end), ")")
	}
	return build("(", c.atEnd(q, client), " OR ", c.atEnd(q, server), ")")
}

// conversation is a condition on what belongs to no end.
func (c *condition) conversation(q *sqlFor) Where {
	switch c.field.name {
	case "port":
		if c.op == "=" || c.op == "in" {
			return build("coalesce(t.server_port, -1) IN ", list(c.numbers()))
		}
		return build("t.server_port IS NOT NULL AND t.server_port ", c.op, " ", arg(c.values[0].number))
	case "protocol":
		return build("t.protocol IN ", list(c.numbers()))
	case "time":
		return c.when()
	case "verdict":
		return build("t.verdict IN ", list(c.texts()))
	case "reason":
		return c.matches("t.reason")
	}
	if q.flows {
		return c.ofConversation(q.rng)
	}
	switch c.field.name {
	case "seen_by", "answer":
		return build("t."+c.field.name+" IN ", list(c.texts()))
	case "stopped_at":
		return build("t.stopped_at IN ", list(c.places()))
	}
	return build("(t.client, t.client_network, t.server, t.server_network, coalesce(t.server_port, -1), t.protocol, t.verdict) IN (SELECT client, client_network, server, server_network, port, protocol, verdict FROM ",
		c.amount(q.rng), ")")
}

// amount is the conversations of a range whose sum fulfils the condition.
func (c *condition) amount(r Range) Where {
	return build("(SELECT t.client, t.client_network, t.server, t.server_network, coalesce(t.server_port, -1) AS port, t.protocol, t.verdict, CAST(sum(",
		amounts[c.field.name], ") AS bigint) AS amount FROM ", r.traffic(), " AS t GROUP BY 1, 2, 3, 4, 5, 6, 7) AS totals WHERE totals.amount ",
		c.op, " ", arg(c.values[0].number))
}

// ofConversation asks traffic which conversations fulfil the condition: their
// rows of flows do.
func (c *condition) ofConversation(r Range) Where {
	const conversation = "(t.client, t.server, coalesce(t.server_port, -1), t.protocol) IN (SELECT "
	if c.field.typ == typeQuantity {
		return build(conversation, "client, server, port, protocol FROM ", c.amount(r), ")")
	}
	column, values := "c."+c.field.name, c.texts()
	if c.field.name == "stopped_at" {
		values = c.places()
	}
	return build(conversation, "c.client, c.server, coalesce(c.server_port, -1), c.protocol FROM ", r.traffic(), " AS c WHERE ", column, " IN ", list(values), ")")
}

// when compares whole buckets: the range is cut where a filter cuts it, so no
// row of a coarser step lies on both sides.
func (c *condition) when() Where {
	from, to := floor(c.values[0].time, 300), ceil(c.values[0].time, 300)
	switch c.op {
	case "<":
		return build("t.bucket < ", arg(to))
	case "<=": // what begins at the very time too
		return build("t.bucket < ", arg(from.Add(300*time.Second)))
	}
	return build("t.bucket >= ", arg(from))
}

// atEnd is a condition on one end.
func (c *condition) atEnd(q *sqlFor, end side) Where {
	address := "t." + string(end)
	switch {
	case c.field.typ == typeAddress:
		return c.address(address)
	case c.field.name == "network" && !q.flows:
		return c.network(address + "_network")
	}
	if c.field.typ == typeNode {
		of := make([]Where, len(c.values))
		for i, v := range c.values {
			of[i] = v.node.at(end)(q)
		}
		return build("(", joined(" OR ", of...), ")")
	}
	of := c.endpoint()
	if q.flows {
		return endpointOfFlow(address, of)
	}
	return q.joined(end, of)
}

// endpointOfFlow holds an end of flows, which do not say its network, against
// its endpoint at that time: in the observer's network where that has the
// address, else in the other that has it.
func endpointOfFlow(address string, of Where) Where {
	const at = " AND e.valid_from <= t.bucket AND t.bucket < e.valid_to AND "
	return build("(EXISTS (SELECT 1 FROM endpoints AS e WHERE e.address = ", address, " AND e.network = t.network", at, of,
		") OR ((", address, ", t.network) NOT IN (SELECT o.address, o.network FROM endpoints AS o) AND EXISTS (SELECT 1 FROM endpoints AS e WHERE e.address = ",
		address, at, of, ")))")
}

// endpoint is the condition over endpoints AS e.
func (c *condition) endpoint() Where {
	switch {
	case c.field == &tagField:
		return c.tag()
	case c.field.typ == typeASN:
		return build("e.asn IN ", list(c.numbers()))
	}
	if c.field.name == "network" {
		return c.network("e.network")
	}
	return c.matches("e." + c.field.name)
}

// network is a condition on a network. One of Azure or GCP is told with whose
// it is (subscription/group/name, project/name); its name alone means it too.
func (c *condition) network(column string) Where {
	is := []Where{c.matches(column)}
	if c.op != "~" {
		for _, name := range c.texts() {
			if name != "" && !strings.Contains(name, "/") {
				is = append(is, build(column, " LIKE ", arg("%/"+escapeLike(name)), ` ESCAPE '\'`))
			}
		}
	}
	return build("(", joined(" OR ", is...), ")")
}

// matches is a condition on a column of text.
func (c *condition) matches(column string) Where {
	if c.op == "~" {
		return build("lower(", column, ") LIKE ", arg(like(c.values[0].text)), ` ESCAPE '\'`)
	}
	return build(column, " IN ", list(c.texts()))
}

// address is a condition on an address: whole ones by themselves, CIDRs by
// endpoints, which has addresses as bytes.
func (c *condition) address(column string) Where {
	if c.op == "~" {
		return c.matches(column)
	}
	var whole []string
	var conditions []Where
	for _, v := range c.values {
		if v.prefix.IsSingleIP() {
			whole = append(whole, v.prefix.Addr().String())
			continue
		}
		first, last := bounds(v.prefix)
		conditions = append(conditions, build("e.ip BETWEEN ", arg(first), " AND ", arg(last)))
	}
	var parts []Where
	if len(whole) > 0 {
		parts = append(parts, build(column, " IN ", list(whole)))
	}
	if len(conditions) > 0 {
		parts = append(parts, build(column, " IN (SELECT e.address FROM endpoints AS e WHERE ", joined(" OR ", conditions...), ")"))
	}
	return build("(", joined(" OR ", parts...), ")")
}

// tag is a condition on the lines of endpoints.tags.
func (c *condition) tag() Where {
	if c.op != "~" {
		conditions := make([]Where, len(c.values))
		for i, v := range c.values {
			line := escapeLike(url.QueryEscape(c.key) + "=" + url.QueryEscape(v.text))
			conditions[i] = build("chr(10) || e.tags || chr(10) LIKE ", arg("%\n"+line+"\n%"), ` ESCAPE '\'`)
		}
		return build("(", joined(" OR ", conditions...), ")")
	}
	return build("regexp_like(lower(e.tags), ", arg(tagPattern(c.key, c.values[0].text)), ")")
}

// tagPattern finds the line of a tag whose value has a pattern, in what RE2
// and Java share.
func tagPattern(key, pattern string) string {
	escape := func(s string) string {
		return strings.NewReplacer(".", `\.`, "+", `\+`).Replace(strings.ToLower(url.QueryEscape(s)))
	}
	var b strings.Builder
	if !strings.ContainsAny(pattern, "*?") {
		pattern = "*" + pattern + "*"
	}
	for text := pattern; text != ""; {
		i := strings.IndexAny(text, "*?")
		if i < 0 {
			b.WriteString(escape(text))
			break
		}
		b.WriteString(escape(text[:i]))
		if text[i] == '*' {
			b.WriteString(`[^\n]*`)
		} else {
			b.WriteString(`(%[0-9a-f][0-9a-f]|[^\n%])`)
		}
		text = text[i+1:]
	}
	return `(^|\n)` + escape(key) + "=" + b.String() + `(\n|$)`
}

// like is a pattern with * and ? as LIKE has it; without either it may stand
// anywhere.
func like(pattern string) string {
	s := escapeLike(strings.ToLower(pattern))
	if !strings.ContainsAny(pattern, "*?") {
		return "%" + s + "%"
	}
	return strings.NewReplacer("*", "%", "?", "_").Replace(s)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

func (c *condition) texts() []string {
	list := make([]string, len(c.values))
	for i, v := range c.values {
		list[i] = v.text
	}
	return list
}

// places are texts where none is "".
func (c *condition) places() []string {
	list := c.texts()
	for i, s := range list {
		if s == "none" {
			list[i] = ""
		}
	}
	return list
}

func (c *condition) numbers() []int64 {
	list := make([]int64, len(c.values))
	for i, v := range c.values {
		list[i] = v.number
	}
	return list
}

func sortedTimes(times []time.Time) []time.Time {
	slices.SortFunc(times, time.Time.Compare)
	return times
}
