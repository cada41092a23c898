package traffic

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// learn finds the hours that were built before the lake learnt something that
// changes them, and has the lake count them as stale: who is a server, who owns
// an address, whether a log keeps what passed, where records were lost.
func (k *Keeper) learn(ctx context.Context) error {
	news, err := k.Lake.News(ctx)
	if err != nil || !news {
		return err
	}
	for try := 0; ; try++ {
		was, now, err := k.Lake.Facts(ctx)
		if err != nil || was == now {
			return err
		}
		hours, err := k.changed(ctx, was, now)
		if err != nil {
			return err
		}
		err = k.Lake.Held(ctx, was, now, hours)
		if try < 3 && errors.Is(err, lake.ErrChanged) {
			continue // another process was faster
		}
		return err
	}
}

// news is what of the facts is new in a way that can change traffic.
type news struct {
	was, now *facts
	built    []time.Time
	servers  []server
	owners   map[netip.Addr]bool // who owns them is not what it was in some built hour
	logs     map[lake.Log]bool   // whether they keep what passed
	changed  map[int64]bool      // hours, in seconds
	isBuilt  map[int64]bool
}

// few is how many new facts of a kind a statement names. Where there are more,
// it answers for all that there is and the rest is done here.
const few = 500

// third counts the 20 minutes that a row may be around another hour.
const third = "CAST(floor(to_unixtime(bucket) / 1200) AS bigint) AS third"

// changed returns the built hours in which a fact of now tells something else
// than those of was did.
func (k *Keeper) changed(ctx context.Context, was, now *lake.Facts) ([]time.Time, error) {
	built, err := k.Lake.Built(ctx)
	if err != nil || len(built) == 0 {
		return nil, err
	}
	n := &news{was: newFacts(was), now: newFacts(now), built: built, changed: map[int64]bool{}, isBuilt: map[int64]bool{}}
	for _, h := range built {
		n.isBuilt[h.Unix()] = true
	}
	for _, facts := range []*lake.Facts{was, now} {
		for s := range facts.Skipped {
			if was.Skipped[s] > 0 != (now.Skipped[s] > 0) {
				n.mark(s.Hour)
			}
		}
	}
	for s := range now.Servers {
		if !was.Servers[s] {
			n.servers = append(n.servers, server{s.Addr.String(), int64(s.Port), int64(s.Protocol)})
		}
	}
	n.compareOwners(was, now)
	n.compareLogs(was)
	for _, ask := range []func(context.Context, query.Engine) error{n.askServers, n.askOwners, n.askLogs} {
		if err := ask(ctx, k.Engine); err != nil {
			return nil, fmt.Errorf("what is new: %w", err)
		}
	}
	var out []time.Time
	for _, h := range built {
		if n.changed[h.Unix()] {
			out = append(out, h)
		}
	}
	return out, nil
}

func (n *news) mark(hour int64) {
	if n.isBuilt[hour] {
		n.changed[hour] = true
	}
}

// around calls f with the hours that rows in a third of an hour are read for.
func around(third int64, f func(hour int64)) {
	hour := third / 3 * stepHour
	f(hour)
	switch third % 3 {
	case 0:
		f(hour - stepHour)
	case 2:
		f(hour + stepHour)
	}
}

// compareOwners finds the addresses that some built hour says other owners of.
func (n *news) compareOwners(was, now *lake.Facts) {
	n.owners = map[netip.Addr]bool{}
	seen := map[netip.Addr]bool{}
	for o, span := range now.Owned {
		if before, ok := was.Owned[o]; ok && before == span || seen[o.Addr] {
			continue
		}
		seen[o.Addr] = true
		if n.ownersDiffer(n.was.owners[o.Addr], n.now.owners[o.Addr]) {
			n.owners[o.Addr] = true
		}
	}
}

// ownersDiffer reports whether there is a built hour of which at says something
// else. What it says changes only where an owner begins or ends.
func (n *news) ownersDiffer(was, now []owner) bool {
	look := []int{0}
	for _, all := range [][]owner{was, now} {
		for _, o := range all {
			for _, edge := range []time.Time{o.last.Add(merge.Around), o.first.Add(-time.Hour - merge.Around)} {
				i, _ := slices.BinarySearchFunc(n.built, edge, func(h, edge time.Time) int {
					if h.After(edge) {
						return 1
					}
					return -1
				})
				look = append(look, i)
			}
		}
	}
	for _, i := range look {
		if i < len(n.built) && !slices.Equal(at(was, n.built[i]), at(now, n.built[i])) {
			return true
		}
	}
	return false
}

// compareLogs finds the logs of which KeepsPassed says something else. One that
// is new has no rows in built hours.
func (n *news) compareLogs(was *lake.Facts) {
	n.logs = map[lake.Log]bool{}
	before, after := n.was.options().KeepsPassed, n.now.options().KeepsPassed
	for k := range was.Logs {
		p := periplus.Place{Provider: k.Provider, Account: k.Account, Interface: k.Interface, Log: k.Log}
		if before(&p) != after(&p) {
			n.logs[k] = true
		}
	}
}

// statement asks flows of the built hours and what is around them.
func (n *news) statement(columns, where string, args ...any) query.Statement {
	from, to := n.built[0].Add(-merge.Around), n.built[len(n.built)-1].Add(time.Hour+merge.Around)
	return query.Statement{
		SQL:   "SELECT DISTINCT " + third + ", " + columns + " FROM flows WHERE bucket >= ? AND bucket < ? AND observer <> 'leg'" + where,
		Args:  append([]any{from, to}, args...),
		Spans: []query.Span{{Table: "flows", From: from, To: to}},
	}
}

// askServers finds the hours that have rows which are turned round now and were
// not, or the other way.
func (n *news) askServers(ctx context.Context, engine query.Engine) error {
	if len(n.servers) == 0 {
		return nil
	}
	where := " AND client_port IS NOT NULL AND server_port IS NOT NULL AND oriented_by IN " + weak
	var args []any
	if len(n.servers) <= few {
		list := questions(3, len(n.servers))
		where += " AND ((client, client_port, protocol) IN (" + list + ") OR (server, server_port, protocol) IN (" + list + "))"
		for range 2 {
			for _, s := range n.servers {
				args = append(args, s.address, s.port, s.protocol)
			}
		}
	}
	var r record
	turned := func(f *facts, client, server digest.Server) bool { return f.servers[client] && !f.servers[server] }
	answers := map[asking][]int64{}
	err := engine.Query(ctx, n.statement("client, client_port, server, server_port, protocol, oriented_by", where, args...), func(_ []string, v []any) error {
		r.take(v)
		client := digest.Server{Addr: r.addr(r.text(1)), Port: uint16(r.number(2)), Protocol: uint8(r.number(5))}
		server := digest.Server{Addr: r.addr(r.text(3)), Port: uint16(r.number(4)), Protocol: client.Protocol}
		switch {
		case turned(n.was, client, server) != turned(n.now, client, server):
			around(r.number(0), n.mark)
		case r.text(6) == periplus.ByOneWay.String() && n.now.servers[server] && !n.was.servers[server]:
			of := asking{server.Addr, client}
			answers[of] = append(answers[of], r.number(0))
		}
		return r.err
	})
	if err != nil {
		return err
	}
	return n.askAnswers(ctx, engine, answers)
}

// asking is the conversation that a row belongs to if it is an answer.
type asking struct {
	client netip.Addr
	server digest.Server
}

// askAnswers finds the hours with rows that were taken for answers and are none
// now, because who was answered is known for a server. They are given with their
// thirds by what they would be answers of.
func (n *news) askAnswers(ctx context.Context, engine query.Engine, answers map[asking][]int64) error {
	if len(answers) > few { // to build an hour once more is not wrong
		for _, thirds := range answers {
			for _, t := range thirds {
				around(t, n.mark)
			}
		}
		return nil
	}
	if len(answers) == 0 {
		return nil
	}
	var args []any
	for a := range answers {
		args = append(args, a.client.String(), a.server.Addr.String(), int64(a.server.Port), int64(a.server.Protocol))
	}
	var r record
	where := " AND (client, server, server_port, protocol) IN (" + questions(4, len(answers)) + ")"
	return engine.Query(ctx, n.statement("client, server, server_port, protocol", where, args...), func(_ []string, v []any) error {
		r.take(v)
		of := asking{r.addr(r.text(1)), digest.Server{Addr: r.addr(r.text(2)), Port: uint16(r.number(3)), Protocol: uint8(r.number(4))}}
		for _, t := range answers[of] {
			around(t, func(hour int64) {
				around(r.number(0), func(other int64) {
					if hour == other {
						n.mark(hour)
					}
				})
			})
		}
		return r.err
	})
}

// askOwners finds the hours that have an address whose owners are others.
func (n *news) askOwners(ctx context.Context, engine query.Engine) error {
	if len(n.owners) == 0 {
		return nil
	}
	var addresses []any
	for a := range n.owners {
		addresses = append(addresses, a.String())
	}
	var r record
	for _, end := range []string{"client", "server"} {
		where, args := "", []any(nil)
		if len(addresses) <= few {
			where, args = " AND "+end+" IN ("+questions(1, len(addresses))+")", addresses
		}
		err := engine.Query(ctx, n.statement(end, where, args...), func(_ []string, v []any) error {
			r.take(v)
			if a := r.addr(r.text(1)); n.owners[a] {
				was, now := n.was.owners[a], n.now.owners[a]
				around(r.number(0), func(hour int64) {
					t := time.Unix(hour, 0).UTC()
					if n.isBuilt[hour] && !n.changed[hour] && !slices.Equal(at(was, t), at(now, t)) {
						n.mark(hour)
					}
				})
			}
			return r.err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// askLogs finds the hours that have rows of a log that keeps something else
// than it was taken to.
func (n *news) askLogs(ctx context.Context, engine query.Engine) error {
	if len(n.logs) == 0 {
		return nil
	}
	where, args := "", []any(nil)
	if len(n.logs) <= few {
		where = " AND (provider, account, interface, log) IN (" + questions(4, len(n.logs)) + ")"
		for k := range n.logs {
			args = append(args, k.Provider, k.Account, k.Interface, k.Log)
		}
	}
	var r record
	return engine.Query(ctx, n.statement("provider, account, interface, log", where, args...), func(_ []string, v []any) error {
		r.take(v)
		if n.logs[lake.Log{Provider: r.text(1), Account: r.text(2), Interface: r.text(3), Log: r.text(4)}] {
			around(r.number(0), n.mark)
		}
		return r.err
	})
}

// questions is n groups of width question marks.
func questions(width, n int) string {
	one := "?"
	if width > 1 {
		one = "(" + strings.TrimSuffix(strings.Repeat("?, ", width), ", ") + ")"
	}
	return strings.TrimSuffix(strings.Repeat(one+", ", n), ", ")
}
