package traffic

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// errStop ends a question whose rows nobody wants any more.
var errStop = errors.New("stop")

func sortRows(rows []periplus.Traffic) {
	slices.SortFunc(rows, func(a, b periplus.Traffic) int { return merge.Compare(&a, &b) })
}

// each calls f with the rows of the job's 5-minute step, in order.
func (b *builder) each(ctx context.Context, f func(*periplus.Traffic) error) error {
	special, err := b.special(ctx)
	if err != nil {
		return err
	}
	turned, err := b.turned(ctx, special)
	if err != nil {
		return err
	}
	// What known servers turned round takes its place among the others.
	inOrder := func(t *periplus.Traffic) error {
		for len(turned) > 0 && merge.Compare(&turned[0], t) <= 0 {
			if err := f(&turned[0]); err != nil {
				return err
			}
			turned = turned[1:]
		}
		return f(t)
	}
	for _, p := range b.job.parts {
		s := statement{part: p, special: special, alone: b.facts.alone}
		if err := b.part(ctx, s.build(), inOrder); err != nil {
			return err
		}
	}
	for i := range turned {
		if err := f(&turned[i]); err != nil {
			return err
		}
	}
	return nil
}

// part asks for one part and hands on its rows. Several hours come mixed, so
// they are sorted first; they are small.
func (b *builder) part(ctx context.Context, q query.Statement, f func(*periplus.Traffic) error) error {
	if b.job.to.Sub(b.job.from) == time.Hour {
		return b.told(ctx, q, f)
	}
	var all []periplus.Traffic
	err := b.told(ctx, q, func(t *periplus.Traffic) error {
		all = append(all, *t)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(x, y periplus.Traffic) int {
		return x.Bucket.Truncate(time.Hour).Compare(y.Bucket.Truncate(time.Hour))
	})
	for i := range all {
		if err := f(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// told reads what a statement says of conversations: sums as they are, rows
// through the rule.
func (b *builder) told(ctx context.Context, q query.Statement, f func(*periplus.Traffic) error) error {
	r := record{facts: b.facts, places: map[string]*witness{}}
	var rows []periplus.Flow // of one hard conversation
	m := &merge.Merger{Options: b.facts.options()}
	defer func() { b.below += m.Below }()
	hard := func() error {
		err := b.merge(m, rows, f)
		rows = rows[:0]
		return err
	}
	err := b.k.Engine.Query(ctx, q, func(_ []string, v []any) error {
		r.take(v)
		if v[colEvidence] == "" {
			if len(rows) > 0 {
				if err := hard(); err != nil {
					return err
				}
			}
			if err := r.traffic(); err != nil {
				return err
			}
			return f(&r.row)
		}
		flow, err := r.flow()
		if err != nil {
			return err
		}
		if len(rows) > 0 && !sameConversation(&rows[0], &flow) {
			if err := hard(); err != nil {
				return err
			}
		}
		rows = append(rows, flow)
		return nil
	})
	if err != nil {
		return err
	}
	return hard()
}

func sameConversation(a, b *periplus.Flow) bool {
	return a.Client == b.Client && a.Server == b.Server && a.HasPort == b.HasPort && a.ServerPort == b.ServerPort && a.Protocol == b.Protocol
}

// merge has the rule merge the rows of a conversation, hour by hour: what it
// is shown of an hour must not depend on the hours that are built with it.
func (b *builder) merge(m *merge.Merger, rows []periplus.Flow, f func(*periplus.Traffic) error) error {
	for h := b.job.from; h.Before(b.job.to) && len(rows) > 0; h = h.Add(time.Hour) {
		around := rows
		if b.job.to.Sub(b.job.from) > time.Hour {
			around = nil
			for i := range rows {
				if t := rows[i].Bucket; !t.Before(h.Add(-merge.Around)) && t.Before(h.Add(time.Hour+merge.Around)) {
					around = append(around, rows[i])
				}
			}
		}
		m.From, m.To = h, h.Add(time.Hour)
		m.Owns = b.facts.ownersAt(h)
		out := m.Merge(around)
		for i := range out {
			if err := f(&out[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// turned merges the conversations that known servers turn round. There are
// few: only the first batches of a network do not know its servers.
func (b *builder) turned(ctx context.Context, special special) ([]periplus.Traffic, error) {
	if len(special.servers) == 0 {
		return nil, nil
	}
	r := record{facts: b.facts, places: map[string]*witness{}}
	pairs := map[[2]netip.Addr][]periplus.Flow{}
	s := statement{part: part{from: b.job.from, to: b.job.to}, special: special, alone: b.facts.alone}
	err := b.k.Engine.Query(ctx, s.turned(), func(_ []string, v []any) error {
		r.take(v)
		flow, err := r.flow()
		if err != nil {
			return err
		}
		pair := [2]netip.Addr{flow.Client, flow.Server}
		if flow.Server.Less(flow.Client) {
			pair = [2]netip.Addr{flow.Server, flow.Client}
		}
		pairs[pair] = append(pairs[pair], flow)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []periplus.Traffic
	m := &merge.Merger{Options: b.facts.options()}
	for _, rows := range pairs {
		err := b.merge(m, rows, func(t *periplus.Traffic) error {
			out = append(out, *t)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	b.below += m.Below
	sortRows(out)
	return out, nil
}
