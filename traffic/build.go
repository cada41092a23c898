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
		if len(turned) > 0 {
			if t := turned[pairOf(&rows[0])]; t != nil {
				t.take(rows)
				continue
			}
		}
		if err := b.put(m.Merge(rows)); err != nil {
			return err
		}
	}
	for _, t := range turned {
		if err := b.put(m.Merge(t.all())); err != nil {
			return err
		}
	}
	return b.flush()
}

// turns are the rows of a pair of addresses of which some are turned round.
type turns struct {
	rows []periplus.Flow // of conversations that have a row in the hour
	met  map[ends]bool   // those
	// near are those before and after the hour that are turned round. They tell of
	// it also where the conversation that they were taken for has no row in it.
	near []periplus.Flow
}

// ends name a conversation of a pair.
type ends struct {
	client   netip.Addr
	port     int // -1: none
	protocol uint8
}

func endsOf(f *periplus.Flow) ends {
	e := ends{f.Client, -1, f.Protocol}
	if f.HasPort {
		e.port = int(f.ServerPort)
	}
	return e
}

// take takes the rows of a conversation.
func (t *turns) take(rows []periplus.Flow) {
	if t.met == nil {
		t.met = map[ends]bool{}
	}
	t.met[endsOf(&rows[0])] = true
	t.rows = append(t.rows, rows...)
}

// all are the rows to be merged at once.
func (t *turns) all() []periplus.Flow {
	for i := range t.near {
		if f := &t.near[i]; !t.met[endsOf(f)] {
			t.rows = append(t.rows, *f)
		}
	}
	return t.rows
}

// pair is two addresses, whoever the client is.
type pair [2]netip.Addr

func pairOf(f *periplus.Flow) pair {
	if f.Server.Less(f.Client) {
		return pair{f.Server, f.Client}
	}
	return pair{f.Client, f.Server}
}

// turned returns the pairs of addresses between which conversations are turned
// round: those may join others of the pair, so all of them are merged at once.
// There are few: what known servers turn round comes from the first batches of
// a network, answers that came in another batch than the requests from clouds
// that write the two directions apart.
func (b *builder) turned(ctx context.Context, m *merge.Merger, hour time.Time) (map[pair]*turns, error) {
	out := map[pair]*turns{}
	look := func(f *periplus.Flow) {
		if !m.Turns(f) {
			return
		}
		p := pairOf(f)
		if out[p] == nil {
			out[p] = &turns{}
		}
		if f.Bucket.Before(hour) || !f.Bucket.Before(hour.Add(time.Hour)) {
			out[p].near = append(out[p].near, *f)
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
	if !found {
		return out, nil
	}
	m.Answers = answers
	clear(out)
	for f, err := range b.flows.Weak(ctx, hour) {
		if err != nil {
			return nil, err
		}
		look(f)
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
