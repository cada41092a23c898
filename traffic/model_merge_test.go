package traffic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

const (
	modelHour   = 3600
	modelAround = 20 * 60 // what is read before and after an hour
	modelWiden  = 60      // how far a row speaks beyond its own time
)

// modelTotal is whose packets were counted in an hour, and what became of them.
type modelTotal struct {
	hour int64
	modelConversation
	denied bool
}

func (t modelTotal) String() string {
	port, verdict := "<nil>", "allowed"
	if t.port >= 0 {
		port = fmt.Sprint(t.port)
	}
	if t.denied {
		verdict = "denied"
	}
	return fmt.Sprint(time.Unix(t.hour, 0).UTC().Format("01-02T15"), " ", t.client, " ", t.server, " ", port, " ", t.protocol, " ", verdict)
}

// modelCounts are a total's counters as asked of the lake: packets and bytes of
// requests, then of responses. What no record holds is null.
type modelCounts [2]modelCount

func (c modelCounts) String() string {
	var out []string
	for _, n := range c {
		if n.known {
			out = append(out, fmt.Sprint(n.packets), fmt.Sprint(n.bytes))
		} else {
			out = append(out, "<nil>", "<nil>")
		}
	}
	return strings.Join(out, " ")
}

// totals merges what is known by now, each hour by itself.
func (m *model) totals() map[string]string {
	hours := map[int64]bool{}
	for _, r := range m.rows {
		hours[r.bucket/modelHour*modelHour] = true
	}
	out := map[string]string{}
	for hour := range hours {
		for total, counts := range m.hour(hour) {
			out[total.String()] = counts.String()
		}
	}
	return out
}

func (m *model) hour(hour int64) map[modelTotal]modelCounts {
	var around []modelRow
	for _, r := range m.rows {
		if r.bucket >= hour-modelAround && r.bucket < hour+modelHour+modelAround {
			around = append(around, r)
		}
	}
	conversations := map[modelConversation][]modelRow{}
	for _, r := range around {
		if m.turns(&r, around) {
			r = r.turned()
		}
		conversations[r.modelConversation] = append(conversations[r.modelConversation], r)
	}
	out := map[modelTotal]modelCounts{}
	for _, rows := range conversations {
		c := m.mergeInto(rows)
		for i, r := range c.rows {
			if c.out[i] || c.cut[i] && c.empty(i) || r.bucket < hour || r.bucket >= hour+modelHour {
				continue
			}
			k := modelTotal{hour, r.modelConversation, r.denied}
			sum := out[k]
			for d, n := range c.left[i] {
				if n.known {
					sum[d] = modelCount{true, sum[d].packets + n.packets, sum[d].bytes + n.bytes}
				}
			}
			out[k] = sum
		}
	}
	return out
}

// modelMerge is one conversation's rows on their way. Each slice is of all rows.
type modelMerge struct {
	*model
	rows []modelRow
	out  []bool          // told by another log or observer
	left [][2]modelCount // what is not taken yet
	cut  []bool          // something was taken
}

func (m *model) mergeInto(rows []modelRow) *modelMerge {
	slices.SortStableFunc(rows, compareModelRows)
	c := &modelMerge{model: m, rows: rows, out: make([]bool, len(rows)), cut: make([]bool, len(rows))}
	for _, r := range rows {
		c.left = append(c.left, r.counts)
	}
	c.oneLog()
	c.oneObserver()
	c.subtract()
	return c
}

func (c *modelMerge) empty(i int) bool {
	l := c.left[i]
	return l[0].packets == 0 && l[0].bytes == 0 && l[1].packets == 0 && l[1].bytes == 0
}

// Rows are taken by first_seen, last_seen, then all columns.
func compareModelRows(a, b modelRow) int {
	n := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	count := func(a, b modelCount) int {
		return cmp.Or(cmp.Compare(n(a.known), n(b.known)), cmp.Compare(a.packets, b.packets), cmp.Compare(a.bytes, b.bytes))
	}
	return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last), cmp.Compare(a.bucket, b.bucket),
		cmp.Compare(a.iface, b.iface), cmp.Compare(a.log, b.log), cmp.Compare(a.observer, b.observer),
		cmp.Compare(n(a.denied), n(b.denied)), count(a.counts[0], b.counts[0]), count(a.counts[1], b.counts[1]))
}

func (r *modelRow) packets() int64 { return r.counts[0].packets + r.counts[1].packets }

// speaks reports whether one of r's interface's packets, by this row, is near
// the time of o.
func (r *modelRow) speaks(o *modelRow) bool {
	return r.first-modelWiden <= o.last && o.first <= r.last+modelWiden
}

// touches reports whether the two overlap when both are widened.
func (r *modelRow) touches(o *modelRow) bool {
	return r.first-modelWiden <= o.last+modelWiden && o.first-modelWiden <= r.last+modelWiden
}

// modelLog is a log of an interface, as far as it tells what passed, or what was
// stopped: those are asked apart.
type modelLog struct {
	iface  int
	denied bool
	log    string
}

func (r *modelRow) ofLog() modelLog { return modelLog{r.iface, r.denied, r.log} }

// oneLog leaves out what a better log of the same interface tells: the one that
// holds no less than half of what the other holds, then the first by name.
func (c *modelMerge) oneLog() {
	packets := map[modelLog]int64{}
	for _, r := range c.rows {
		packets[r.ofLog()] += r.packets()
	}
	beside := func(a, b modelLog) bool { return a.iface == b.iface && a.denied == b.denied }
	partial := func(l modelLog) bool {
		for other, n := range packets {
			if beside(l, other) && 2*packets[l] < n {
				return true
			}
		}
		return false
	}
	better := func(a, b modelLog) bool {
		if x, y := partial(a), partial(b); x != y {
			return y
		}
		return a.log < b.log
	}
	for i, r := range c.rows {
		for _, o := range c.rows {
			if beside(r.ofLog(), o.ofLog()) && r.log != o.log && better(o.ofLog(), r.ofLog()) && o.speaks(&r) {
				c.out[i] = true
				c.reach("another log")
			}
		}
	}
}

// modelObserver is an interface and how far it is trusted.
type modelObserver struct {
	iface   int
	kind    periplus.Observer
	packets int64
}

// observers are the interfaces that wrote the rows. One that stands at an end
// by some of its rows stands there.
func (c *modelMerge) observers() map[int]modelObserver {
	out := map[int]modelObserver{}
	for _, r := range c.rows {
		o := out[r.iface]
		o.iface, o.packets = r.iface, o.packets+r.packets()
		if trust(r.observer) > trust(o.kind) {
			o.kind = r.observer
		}
		out[r.iface] = o
	}
	return out
}

func trust(o periplus.Observer) int {
	return slices.Index([]periplus.Observer{periplus.ObserverUnknown, periplus.ObserverClient, periplus.ObserverServer}, o)
}

// before reports whether o is trusted more than other: the server's side, the
// client's, the one that counted more, the name.
func (o modelObserver) before(other modelObserver) bool {
	return cmp.Or(cmp.Compare(trust(other.kind), trust(o.kind)), cmp.Compare(other.packets, o.packets), cmp.Compare(o.iface, other.iface)) < 0
}

// oneObserver leaves out what a better observer tells already, in whatever
// direction and bucket: it let it through too, or it stopped it. One whose log
// keeps only denials is silent about the rest.
func (c *modelMerge) oneObserver() {
	observers := c.observers()
	for i, r := range c.rows {
		if r.denied {
			continue
		}
		for _, o := range c.rows {
			keeps := c.keeps[ifaceKeeps(o.iface)] || o.log != "" && c.keeps[logKeeps(o.log)]
			if observers[o.iface].before(observers[r.iface]) && o.speaks(&r) {
				if !keeps {
					c.reach("a log of denials only")
					continue
				}
				c.out[i] = true
				c.reach("another observer")
			}
		}
	}
}

// along is where an observer stands on the way from the client to the server.
func along(o periplus.Observer) int {
	return slices.Index([]periplus.Observer{periplus.ObserverClient, periplus.ObserverUnknown, periplus.ObserverServer}, o)
}

// subtract takes what was stopped from what observers before it on the packet's
// way let through: first in its own bucket, then in others.
func (c *modelMerge) subtract() {
	rest := slices.Clone(c.left)
	observers := c.observers()
	for _, sameBucket := range []bool{true, false} {
		for i := range c.rows {
			s := &c.rows[i]
			if !s.denied || c.out[i] {
				continue
			}
			for direction := range s.counts {
				for j := range c.rows {
					x := &c.rows[j]
					if x.denied || c.out[j] || sameBucket && x.bucket != s.bucket || !s.touches(x) {
						continue
					}
					from, to := along(observers[x.iface].kind), along(observers[s.iface].kind)
					if direction == 1 {
						from, to = to, from
					}
					if from < to {
						c.take(j, &rest[i][direction], direction)
					}
				}
			}
		}
	}
}

// take takes what is left of a stopped row from row j, down to 0.
func (c *modelMerge) take(j int, stopped *modelCount, direction int) {
	l := &c.left[j][direction]
	packets, bytes := min(l.packets, stopped.packets), min(l.bytes, stopped.bytes)
	if packets == 0 && bytes == 0 {
		return
	}
	c.cut[j] = true
	c.reach("stopped further on")
	l.packets, l.bytes = l.packets-packets, l.bytes-bytes
	stopped.packets, stopped.bytes = stopped.packets-packets, stopped.bytes-bytes
	if l.packets == 0 {
		l.bytes = 0
	}
}
