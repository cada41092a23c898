package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// lessons is what earlier batches taught a later one. It is only read while a
// batch is read.
type lessons struct {
	servers map[digest.Server]struct{}
	ids     []knownID // sorted
	// decisions of each 5-tuple lie together.
	decisions []digest.Decision
	texts     map[string]string // networks and rules, each once
}

type knownID struct {
	id     uint64
	time   int64 // seconds
	object int64 // whose rows it is in
}

func (m *lessons) load(ctx context.Context, l *Lake) error {
	servers, err := l.Servers(ctx)
	if err != nil {
		return err
	}
	m.servers = make(map[digest.Server]struct{}, len(servers))
	for _, s := range servers {
		m.servers[s] = struct{}{}
	}
	ids, err := l.IDs(ctx, time.Time{})
	if err != nil {
		return err
	}
	m.addIDs(ids)
	decisions, err := l.Decisions(ctx)
	if err != nil {
		return err
	}
	m.addDecisions(decisions)
	return nil
}

func (m *lessons) known(addr netip.Addr, port uint16, protocol uint8) bool {
	_, ok := m.servers[digest.Server{Addr: addr, Port: port, Protocol: protocol}]
	return ok
}

// seen is the question whether an entry was read before, for a batch that
// reads some objects again: what only they held is new.
func (m *lessons) seen(again map[int64]bool) func(uint64) bool {
	if len(m.ids) == 0 {
		return nil
	}
	return func(id uint64) bool {
		i, ok := slices.BinarySearchFunc(m.ids, id, func(k knownID, id uint64) int { return cmp.Compare(k.id, id) })
		return ok && !again[m.ids[i].object]
	}
}

// learn adds what a batch taught that read some objects again.
func (m *lessons) learn(res *digest.Result, again map[int64]bool) {
	if len(again) > 0 {
		m.ids = slices.DeleteFunc(m.ids, func(k knownID) bool { return again[k.object] })
		m.decisions = slices.DeleteFunc(m.decisions, func(d digest.Decision) bool { return again[d.Object] })
	}
	for _, s := range res.Servers {
		m.servers[s] = struct{}{}
	}
	m.addIDs(res.IDs)
	m.addDecisions(res.Decisions)
}

// decided is the question what firewalls let through of a 5-tuple, for a batch
// that reads some objects again.
func (m *lessons) decided(again map[int64]bool) func(uint64) []digest.Decision {
	if len(m.decisions) == 0 {
		return nil
	}
	return func(tuple uint64) []digest.Decision {
		from, _ := slices.BinarySearchFunc(m.decisions, tuple, func(d digest.Decision, t uint64) int { return cmp.Compare(d.Tuple, t) })
		to := from
		for to < len(m.decisions) && m.decisions[to].Tuple == tuple {
			to++
		}
		some := m.decisions[from:to:to]
		if slices.ContainsFunc(some, func(d digest.Decision) bool { return again[d.Object] }) {
			some = slices.DeleteFunc(slices.Clone(some), func(d digest.Decision) bool { return again[d.Object] })
		}
		return some
	}
}

// addDecisions adds what was let through and forgets the oldest of too much.
func (m *lessons) addDecisions(decisions []digest.Decision) {
	if len(decisions) == 0 {
		return
	}
	if m.texts == nil {
		m.texts = map[string]string{}
	}
	once := func(s string) string {
		if _, ok := m.texts[s]; !ok {
			m.texts[s] = s
		}
		return m.texts[s]
	}
	for _, d := range decisions {
		d.Network, d.Reason = once(d.Network), once(d.Reason)
		m.decisions = append(m.decisions, d)
	}
	m.decisions = recentDecisions(m.decisions, keepDecisions)
	slices.SortFunc(m.decisions, func(a, b digest.Decision) int { return cmp.Or(cmp.Compare(a.Tuple, b.Tuple), a.Time.Compare(b.Time)) })
}

// addIDs adds entries and forgets those that are too old to come again.
func (m *lessons) addIDs(ids []digest.ID) {
	if len(ids) == 0 {
		return
	}
	last := int64(0)
	for _, i := range ids {
		m.ids = append(m.ids, knownID{i.ID, i.Time.Unix(), i.Object})
	}
	for _, i := range m.ids {
		last = max(last, i.time)
	}
	m.ids = slices.DeleteFunc(m.ids, func(i knownID) bool { return i.time < last-int64(keepIDs/time.Second) })
	slices.SortStableFunc(m.ids, func(a, b knownID) int { return cmp.Compare(a.id, b.id) })
	// Of an entry that came in several lists the last is where its rows are:
	// the sort is stable and the lists are in the order of their commits.
	slices.Reverse(m.ids)
	m.ids = slices.CompactFunc(m.ids, func(a, b knownID) bool { return a.id == b.id })
	slices.Reverse(m.ids)
}

// A body is an object's bytes, with why they ended early.
type body struct {
	io.Reader
	err error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// ErrNoLine: an object's format is known, and not one of its lines could be
// read. It is tried again: with --aws-format it may be another matter.
var ErrNoLine = errors.New("none of its lines could be read")

// end keeps how the reading of an object ended. One that is itself cut off was
// read as far as it goes. One of which the source did not give the rest is
// tried again: what came of it stands until then, and is replaced. So is one of
// which nothing could be understood.
func (t *task) end(r periplus.Reader, err, lost error) {
	t.stats = *r.Stats()
	switch {
	case lost != nil:
		t.state, t.err, t.lost = periplus.ObjectFailed, fmt.Errorf("the rest did not come: %w", lost), true
	case !errors.Is(err, io.EOF):
		t.state, t.err = periplus.ObjectPartly, err
	}
	if t.lost || t.grown != nil || t.stats.Records+t.stats.NoData+t.stats.SkipData > 0 {
		return
	}
	switch {
	case t.state == periplus.ObjectPartly:
		t.state = periplus.ObjectFailed
	case t.stats.BadTotal() > 0:
		t.state, t.err = periplus.ObjectFailed, ErrNoLine
	}
}
