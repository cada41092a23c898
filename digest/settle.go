package digest

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/periplus"
)

// Settle decides what had to wait for the whole batch.
func (b *Batch) Settle(ctx context.Context) (*Result, error) {
	b.once.Do(b.begin)
	if b.open > 0 {
		return nil, errors.New("digest: an object is still open; close all of them before Settle")
	}
	if err := b.settleWaiting(ctx); err != nil {
		return nil, errors.Join(err, b.runs.close())
	}
	b.free = nil
	for k, v := range b.legs {
		b.legs[k] = v.tidy()
	}
	v := newView(b)
	hours := b.hourRows(ctx, v)
	return &Result{
		Rows:      inOrder(hours),
		Hours:     hours,
		Servers:   b.serverList(),
		Owned:     v.ownedList(b),
		Named:     b.namedList(),
		Coverage:  b.coverageList(),
		Windows:   b.windowList(),
		IDs:       b.idList(),
		Decisions: b.decisionList(),
		Spans:     b.spans,
		Repeats:   b.repeats,
		close:     b.runs.close,
	}, nil
}

// settleWaiting orients the 5-tuples that waited.
func (b *Batch) settleWaiting(ctx context.Context) error {
	var waiting []*run
	for i := range b.runs.settled {
		if r := &b.runs.settled[i]; r.entries != nil {
			waiting = append(waiting, r)
		}
	}
	plain := len(waiting)
	for part := range b.runs.waiting {
		for i := range b.runs.waiting[part] {
			waiting = append(waiting, &b.runs.waiting[part][i])
		}
	}
	if len(waiting) > 0 {
		if err := b.weigh(ctx, waiting); err != nil {
			return err
		}
		for _, r := range waiting {
			b.runs.free([]run{r.entries.run})
			r.entries = nil
		}
	}
	for _, e := range b.runs.evidence {
		b.runs.free([]run{e.run})
	}
	b.runs.evidence = nil
	moved := make([]run, plain)
	for i, r := range waiting[:plain] {
		moved[i] = *r
	}
	if err := b.move(ctx, moved); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for part := range waitParts {
		g.Go(func() error { return b.settlePart(ctx, part) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return b.runs.compact(&b.tables)
}

// move puts the rows that were guessed wrong in order again.
func (b *Batch) move(ctx context.Context, rs []run) error {
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for n := range workers {
		g.Go(func() error {
			e := &emitter{b: b, t: b.borrow()}
			for i := n; i < len(rs); i += workers {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := e.moved(&rs[i]); err != nil {
					return err
				}
			}
			return e.end()
		})
	}
	return g.Wait()
}

// moved adds the rows of a run that do not lie where they belong.
func (e *emitter) moved(r *run) error {
	for mark := range r.marks {
		ruled := r.ruled[mark*markRows : min(len(r.ruled), (mark+1)*markRows)]
		n := len(ruled) // up to the last that moves
		for n > 0 && ruled[n-1]&ruledMoved == 0 {
			n--
		}
		if n == 0 {
			continue
		}
		c := newMarkCursor(r, mark, n)
		for _, code := range ruled[:n] {
			if err := c.next(); err != nil {
				return err
			}
			if code&ruledMoved == 0 {
				continue
			}
			row := c.row // the cursor reads the next one over it
			if err := e.add(&row, ruling{code & ruledRank, true, true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// settlePart settles the rows of a part 5-tuple by 5-tuple.
func (b *Batch) settlePart(ctx context.Context, part int) error {
	if len(b.runs.waiting[part]) == 0 {
		return nil
	}
	g, err := b.tupleGroups(part)
	if err != nil {
		return err
	}
	e := &emitter{b: b, t: b.borrow()}
	for n := 0; ; n++ {
		ok, err := g.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := ruling{g.ruled & ruledRank, g.ruled&ruledRev != 0, true}
		rows := dropRepeats(g.rows, b.dropped)
		e.join(g.hash, rows)
		for i := range rows {
			if err := e.add(&rows[i], r); err != nil {
				return err
			}
		}
	}
	b.runs.free(b.runs.waiting[part])
	b.runs.waiting[part] = nil
	return e.end()
}

// dropped takes an entry back that was counted where it was read.
func (b *Batch) dropped(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.repeats++
	s := b.spans[r.object]
	s.Records -= int64(r.records)
	b.spans[r.object] = s
	b.hours(r.place).add(int64(r.hour()), &coverage{records: -int64(r.records)})
}

// emitter collects settled rows in any order and makes sorted runs of them.
type emitter struct {
	b *Batch
	t *objectTables

	said    []decision // of the 5-tuple that is looked at
	allowed []Decision // of all
}

// add orients a row and keeps it.
func (e *emitter) add(r *row, by ruling) error {
	if by.rev {
		r.swap(&e.b.tables)
	}
	r.orient = by.rank
	r.evid, r.id, r.bOpened = 0, 0, 0
	r.has &^= hasID
	r.stand &^= standEvent
	e.t.settled.rows = append(e.t.settled.rows, *r)
	if len(e.t.settled.rows) < e.b.limit {
		return nil
	}
	return e.flush()
}

// end flushes and gives the tables back.
func (e *emitter) end() error {
	err := e.flush()
	e.b.mu.Lock()
	e.b.decisions = append(e.b.decisions, e.allowed...)
	e.b.mu.Unlock()
	e.t.reset()
	e.b.giveBack(e.t)
	return err
}

func (e *emitter) flush() error {
	t := e.t
	if len(t.settled.rows) == 0 {
		return nil
	}
	t.gatherLegs()
	e.b.mu.Lock()
	e.b.takeLegs(t.legs)
	e.b.mu.Unlock()
	clear(t.legs)
	t.sortRows()
	t.unite(&e.b.tables)
	r, err := e.b.keepRows(t)
	if err != nil {
		return err
	}
	t.settled.rows, t.settled.nsets = t.settled.rows[:0], 0
	e.b.runs.push(&e.b.runs.settled, r)
	return nil
}

// unite makes one of neighbours in the order that are one row.
func (t *objectTables) unite(tables *tables) {
	rows := t.settled.rows
	out := t.order[:0]
	for _, k := range t.order {
		r := &rows[k.row]
		if n := len(out); n > 0 {
			acc := &rows[out[n-1].row]
			if acc.compareSettled(r) == 0 {
				if acc.note != r.note {
					acc.note = tables.mergeNotes(acc.note, r.note)
				}
				t.settled.addPort(acc, r.aPort)
				acc.add(r)
				continue
			}
		}
		out = append(out, k)
	}
	t.order = out
}

func (b *Batch) serverList() []Server {
	out := make([]Server, 0, len(b.servers))
	for s := range b.servers {
		out = append(out, Server{s.addr.addr(), uint16(s.port - 1), s.protocol})
	}
	slices.SortFunc(out, compareServers)
	return out
}

func (b *Batch) namedList() []Named {
	type key struct {
		addr              ip
		network, provider string
		name              uint32
	}
	all := map[key]seen{}
	for k, s := range b.named {
		p, n := b.tables.places[k.place], b.tables.names[k.name]
		network := n.Network
		if network == "" {
			network = p.Network
		}
		addSeen(all, key{k.addr, network, p.Provider, k.name}, s)
	}
	out := make([]Named, 0, len(all))
	for k, s := range all {
		out = append(out, Named{k.addr.addr(), k.network, b.tables.names[k.name], k.provider, fromMicros(s.first), fromMicros(s.last)})
	}
	slices.SortFunc(out, compareNamed)
	return out
}

func (b *Batch) coverageList() []periplus.Coverage {
	// Places are put in order, not their rows, of which there are many more.
	places := make([]int, len(b.cover))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(x, y int) int { return compareCovered(b.tables.places[x], b.tables.places[y]) })
	byHour := map[int64][]periplus.Coverage{}
	n := 0
	for _, place := range places {
		p := b.tables.places[place]
		for i := range b.cover[place] {
			c := &b.cover[place][i]
			byHour[c.hour] = append(byHour[c.hour], periplus.Coverage{
				Hour: fromMicros(c.hour * 3600e6), Provider: p.Provider, Account: p.Account, Network: p.Network, Subnet: p.Subnet,
				Region: p.Region, Interface: p.Interface, Log: p.Log, KeepsPassed: c.keepsPassed,
				Records: c.records, NoData: c.noData, SkipData: c.skipData,
			})
			n++
		}
	}
	out := make([]periplus.Coverage, 0, n)
	for _, hour := range slices.Sorted(maps.Keys(byHour)) {
		out = append(out, byHour[hour]...)
	}
	return uniteCoverage(out)
}

// uniteCoverage adds places up that differ only in what coverage does not hold.
func uniteCoverage(in []periplus.Coverage) []periplus.Coverage {
	out := in[:0]
	for _, c := range in {
		if n := len(out); n > 0 && out[n-1].Compare(&c) == 0 {
			out[n-1].Add(&c)
			continue
		}
		out = append(out, c)
	}
	return out
}

func (b *Batch) idList() []ID {
	slices.SortFunc(b.ids, compareIDs)
	return slices.CompactFunc(b.ids, func(a, b ID) bool { return a.ID == b.ID && a.Time.Equal(b.Time) })
}

func (b *Batch) decisionList() []Decision {
	slices.SortFunc(b.decisions, compareDecisions)
	return b.decisions
}
