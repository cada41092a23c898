package traffic

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
)

// A builder makes the rows of the two fine steps of a job's hours.
type builder struct {
	facts *facts
	flows *lake.Hours
	job   job
	rows  int64 // of the 5-minute step
	below int64

	buckets, hours spool
	pending        []periplus.Traffic // of the hour step, of one conversation
}

// compute makes the rows.
func (b *builder) compute(ctx context.Context) error {
	m := &merge.Merger{Options: b.facts.options()}
	for h := b.job.from; h.Before(b.job.to); h = h.Add(time.Hour) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m.From, m.To = h, h.Add(time.Hour)
		m.Owns = b.facts.ownersAt(h)
		if err := b.hour(ctx, m, h); err != nil {
			return err
		}
	}
	b.below = m.Below
	return nil
}

// hour makes the rows of one hour. What the rule is shown of an hour does not
// depend on the hours that are built with it.
func (b *builder) hour(ctx context.Context, m *merge.Merger, hour time.Time) error {
	turned, err := b.turned(ctx, m, hour)
	if err != nil {
		return err
	}
	for rows, err := range b.flows.Conversations(ctx, hour) {
		if err != nil {
			return err
		}
		if len(turned) > 0 && rows[0].HasPort {
			if _, ok := turned[pairOf(rows[0].Client, rows[0].Server)]; ok {
				continue
			}
		}
		if err := b.put(m.Merge(rows)); err != nil {
			return err
		}
	}
	for _, rows := range turned {
		if err := b.put(m.Merge(rows)); err != nil {
			return err
		}
	}
	return b.flush()
}

// pair is two addresses, whoever the client is.
type pair [2]netip.Addr

func pairOf(client, server netip.Addr) pair {
	if server.Less(client) {
		return pair{server, client}
	}
	return pair{client, server}
}

// turned returns the pairs of addresses between which conversations with a port
// are turned round, with all rows of such conversations in the hour and around it:
// those may join others of the pair, so all of them are merged at once. One that
// has no row in the hour may join one that has.
// There are few: what known servers turn round comes from the first batches of
// a network, answers that came in another batch than the requests from clouds
// that write the two directions apart.
func (b *builder) turned(ctx context.Context, m *merge.Merger, hour time.Time) (map[pair][]periplus.Flow, error) {
	out := map[pair][]periplus.Flow{}
	look := func(f *periplus.Flow) {
		if m.Turns(f) {
			out[pairOf(f.Client, f.Server)] = nil
		}
	}
	m.Answers = nil
	answers := &merge.Answers{}
	for f, err := range b.flows.Weak(ctx, hour) {
		if err != nil {
			return nil, err
		}
		answers.Want(f)
		look(f)
	}
	found := false
	for f, err := range b.flows.Of(ctx, hour, answers.Wants) {
		if err != nil {
			return nil, err
		}
		answers.See(f)
		found = true
	}
	if found {
		m.Answers = answers
		for f, err := range b.flows.Weak(ctx, hour) {
			if err != nil {
				return nil, err
			}
			look(f)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	between := func(client, server netip.Addr, _ uint16, _ uint8) bool {
		_, ok := out[pairOf(client, server)]
		return ok
	}
	for f, err := range b.flows.Of(ctx, hour, between) {
		if err != nil {
			return nil, err
		}
		p := pairOf(f.Client, f.Server)
		out[p] = append(out[p], *f)
	}
	return out, nil
}

// put takes what the rule made of a conversation and keeps its sums by hour.
func (b *builder) put(rows []periplus.Traffic) error {
	b.rows += int64(len(rows))
	for i := range rows {
		if err := b.sum(&rows[i]); err != nil {
			return err
		}
		forgetTooMany(&rows[i])
		if err := b.buckets.add(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// forgetTooMany makes sums unknown that 64 bits do not hold, so that what some
// log says does not make every question fail.
func forgetTooMany(t *periplus.Traffic) {
	for _, c := range [...]*periplus.Count{&t.RequestPackets, &t.RequestBytes, &t.ResponsePackets, &t.ResponseBytes, &t.Opened} {
		if c.N == periplus.TooMany {
			*c = periplus.Count{}
		}
	}
}

// sum adds a row to its hour. The rows of a conversation in an hour come one
// after the other.
func (b *builder) sum(t *periplus.Traffic) error {
	if len(b.pending) > 0 {
		p := &b.pending[0]
		if p.Server != t.Server || p.Client != t.Client || p.ServerPort != t.ServerPort || p.HasPort != t.HasPort ||
			p.Protocol != t.Protocol {
			if err := b.flush(); err != nil {
				return err
			}
		}
	}
	for i := range b.pending {
		p := &b.pending[i]
		if p.Verdict == t.Verdict && p.Reason == t.Reason && p.ClientNetwork == t.ClientNetwork && p.ServerNetwork == t.ServerNetwork {
			merge.Sum(p, t)
			return nil
		}
	}
	b.pending = append(b.pending, *t)
	p := &b.pending[len(b.pending)-1]
	p.Step, p.Bucket = stepHour, t.Bucket.Truncate(time.Hour)
	return nil
}

// flush puts the pending conversation with the others of the hour.
func (b *builder) flush() error {
	if len(b.pending) > 1 {
		slices.SortFunc(b.pending, func(x, y periplus.Traffic) int { return merge.Compare(&x, &y) })
	}
	for i := range b.pending {
		forgetTooMany(&b.pending[i])
		if err := b.hours.add(&b.pending[i]); err != nil {
			return err
		}
	}
	b.pending = b.pending[:0]
	return nil
}

// replace writes what was computed.
func (b *builder) replace(ctx context.Context, l Lake) error {
	if err := l.ReplaceTraffic(ctx, stepBucket, b.job.from, b.job.to, b.buckets.all()); err != nil {
		return err
	}
	return l.ReplaceTraffic(ctx, stepHour, b.job.from, b.job.to, b.hours.all())
}

// reset gives up what was computed.
func (b *builder) reset() error { return errors.Join(b.buckets.reset(), b.hours.reset()) }
