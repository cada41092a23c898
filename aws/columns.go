package aws

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A layout is the columns that the lines of some streams have.
type layout struct {
	names []string
	logs  []string // the flow logs that write it
	// unnamed: the lines do not say whose they are, the name of their stream does.
	unnamed bool
}

// header is the line that names the columns.
func (l *layout) header() string {
	text := strings.Join(l.names, " ")
	if l.unnamed {
		text += " interface-id"
	}
	return text
}

// interfaceOf is the interface whose name a stream bears: "eni-0aaa-all".
func interfaceOf(stream string) string {
	if !strings.HasPrefix(stream, "eni-") {
		return "-"
	}
	for _, suffix := range []string{"-all", "-accept", "-reject"} {
		stream = strings.TrimSuffix(stream, suffix)
	}
	return stream
}

// columns is what is known of the lines of a group: the layouts of its flow
// logs. Read only once it is made. The zero value knows nothing, and lines are
// handed on as they are.
type columns struct {
	layouts []*layout
	logs    []string // all flow logs of the group
	// stamped: a line is written behind the time of its event, for a layout
	// (or the user's own columns) does not hold when it was.
	stamped bool
}

// usual are the columns of a flow log that was made without any.
var usual = &layout{names: strings.Fields("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status")}

// log is what the lines' log is called: the one flow log that writes to the
// group, or the group.
func (c *columns) log(group string) string {
	if c != nil && len(c.logs) == 1 {
		return c.logs[0]
	}
	return group
}

// names takes "${version} ${srcaddr} …" apart.
func names(format string) []string {
	return strings.FieldsFunc(format, func(r rune) bool { return strings.ContainsRune("${} \t,", r) })
}

// timed reports whether lines with such columns hold their time.
func timed(names []string) bool { return slices.Contains(names, "start") }

// columnsOf makes columns of the flow logs of a group. given are the columns
// that the user names: they go before what AWS says.
func columnsOf(given string, logs []flowLog) *columns {
	c := &columns{}
	for _, l := range logs {
		c.logs = append(c.logs, l.ID)
	}
	if given != "" {
		c.stamped = !timed(names(given))
		return c
	}
	for _, l := range logs {
		n := names(l.Format)
		if len(n) == 0 {
			continue
		}
		i := slices.IndexFunc(c.layouts, func(o *layout) bool { return slices.Equal(o.names, n) })
		if i < 0 {
			i = len(c.layouts)
			gateway := slices.ContainsFunc(n, func(name string) bool { return strings.HasPrefix(name, "tgw-") })
			c.layouts = append(c.layouts, &layout{names: n, unnamed: !gateway && !slices.Contains(n, "interface-id")})
			c.stamped = c.stamped || !timed(n)
		}
		c.layouts[i].logs = append(c.layouts[i].logs, l.ID)
	}
	return c
}

// of is the layout of a line; nil: it is none that is known. A stream may hold
// the lines of several flow logs, so each line is asked.
func (c *columns) of(line string) (*layout, error) {
	if len(c.layouts) == 0 {
		return nil, nil
	}
	n := strings.Count(line, " ") + 1
	var found []*layout
	for _, l := range c.layouts {
		if len(l.names) == n {
			found = append(found, l)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	values := strings.Fields(line)
	if len(found) == 0 {
		if fits(usual.names, values) {
			return usual, nil // of a flow log that there was before
		}
		return nil, nil
	}
	alike := found[:0]
	for _, l := range found {
		if fits(l.names, values) {
			alike = append(alike, l)
		}
	}
	switch {
	case len(alike) == 0:
		return found[0], nil // a bad line, whichever it is of
	case len(alike) == 1 || empty(values):
		return alike[0], nil
	}
	return nil, fmt.Errorf("a line fits the columns of %s and those of %s: name the right ones with --aws-format, or let each flow log write to a group of its own",
		alike[0].logs[0], alike[1].logs[0])
}

// empty reports whether a line says that there was nothing, or that it was lost.
func empty(values []string) bool {
	return slices.Contains(values, "NODATA") || slices.Contains(values, "SKIPDATA")
}

// fits reports whether values can be those of columns: each by itself, packets
// beside bytes and start beside end.
func fits(names, values []string) bool {
	if len(names) != len(values) {
		return false
	}
	numbers := map[string]uint64{}
	for i, v := range values {
		if v == "-" {
			continue
		}
		if can := looks[names[i]]; can != nil && !can(v) {
			return false
		}
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			numbers[names[i]] = n
		}
	}
	packets, p := numbers["packets"]
	bytes, b := numbers["bytes"]
	start, s := numbers["start"]
	end, e := numbers["end"]
	return (!p || !b || bytes >= packets) && (!s || !e || end >= start)
}

// looks says which values a column can have, where not all can be.
var looks = func() map[string]func(string) bool {
	address := func(v string) bool { _, err := netip.ParseAddr(v); return err == nil }
	upTo := func(most uint64) func(string) bool {
		return func(v string) bool { n, err := strconv.ParseUint(v, 10, 64); return err == nil && n <= most }
	}
	oneOf := func(list ...string) func(string) bool {
		return func(v string) bool { return slices.Contains(list, v) }
	}
	begins := func(with string) func(string) bool {
		return func(v string) bool { return strings.HasPrefix(v, with) }
	}
	moment := func(v string) bool { n, err := strconv.ParseUint(v, 10, 64); return err == nil && n > 946684800 }
	number := upTo(1<<63 - 1)
	return map[string]func(string) bool{
		"version": upTo(99), "account-id": func(v string) bool { return v == "unknown" || len(v) == 12 && number(v) },
		"interface-id": begins("eni-"), "vpc-id": begins("vpc-"), "subnet-id": begins("subnet-"), "instance-id": begins("i-"),
		"srcaddr": address, "dstaddr": address, "pkt-srcaddr": address, "pkt-dstaddr": address,
		"srcport": upTo(65535), "dstport": upTo(65535), "protocol": upTo(255), "packets": number, "bytes": number,
		"start": moment, "end": moment, "action": oneOf("ACCEPT", "REJECT"), "log-status": oneOf("OK", "NODATA", "SKIPDATA"),
		"tcp-flags": upTo(255), "type": oneOf("IPv4", "IPv6", "EFA"), "flow-direction": oneOf("ingress", "egress"), "traffic-path": upTo(99),
		"az-id": func(v string) bool { return strings.Contains(v, "-az") }, "tgw-id": begins("tgw-"), "resource-type": begins("TransitGateway"),
	}
}()

// fresh is how long what EC2 said is taken for true: somebody who follows a group
// for days meets flow logs that are made meanwhile.
const fresh = 10 * time.Minute

// ask returns what is known of the columns of the group's lines. It is asked for
// where nothing is known, and by a listing that finds it old.
func (g *Group) ask(ctx context.Context, listing bool) (*columns, error) {
	g.mu.Lock()
	c, old := g.columns, g.now().Sub(g.asked) > fresh
	g.mu.Unlock()
	if c != nil && !(listing && old) {
		return c, nil
	}
	logs, err := g.flowLogs(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var refused *Refused
	switch {
	case err != nil && !(errors.As(err, &refused) && !refused.Stranger):
		return nil, err
	case g.Columns != "":
	case err != nil:
		g.notice("%v; the columns are taken from the lines themselves, which works for the default ones: else name them with --aws-format", err)
	case len(logs) == 0:
		g.notice("no flow log of %s writes to it now, so nobody says which columns its lines have: if they are not the default ones, name them with --aws-format", g.region)
	}
	c = columnsOf(g.Columns, logs)
	for i := range logs {
		for j := range logs[:i] {
			if a, b := &logs[j], &logs[i]; a.meets(b) {
				g.notice("%s (%s of %s) and %s (%s of %s) write to it: for an interface of both, CloudWatch Logs puts the lines of both into one stream, and its packets count twice; give each a group of its own",
					a.ID, a.Traffic, a.Resource, b.ID, b.Traffic, b.Resource)
			}
		}
	}
	for _, l := range logs {
		if l.Status == "FAILED" {
			g.notice("%s cannot deliver: %s", l.ID, l.Error)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.columns, g.asked = c, g.now()
	return c, nil
}
