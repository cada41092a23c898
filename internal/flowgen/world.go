package flowgen

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/periplus/periplus/periplus"
)

// world is one simulation: it walks connections over their hops, hands what
// the logs kept to their writers and enters the packets in the book.
type world struct {
	ctx     context.Context
	seed    uint64
	rng     *rand.Rand
	logs    []*flowLog
	book    book
	truth   Truth
	start   time.Time
	deliver int // write what came with the first deliveries; 0: all
	ids     uint64

	seen    []sight
	entries []entry
	zip     *gzip.Writer
	err     error
}

// entry is what one record says: the packets of one connection that one log at
// one hop counts together.
type entry struct {
	c       *conn
	h       *hop
	log     *flowLog
	back    bool
	verdict periplus.Verdict
	reason  string
	start   time.Time // first and last packet
	end     time.Time
	packets int64
	bytes   int64
	// The other direction, and the rest of what only Azure says.
	backPackets, backBytes int64
	first                  bool // a B tuple stands before it
	state                  byte // C, E, D
	flags                  uint8
	slot                   int64
	hop                    int
}

func newWorld(ctx context.Context, dir string, seed uint64, start time.Time) *world {
	return &world{
		ctx:   ctx,
		seed:  seed,
		rng:   rand.New(rand.NewPCG(seed, 0x7065726970)),
		start: start,
		book:  book{convs: map[Key]*account{}, shared: map[netip.Addr]bool{}},
		truth: Truth{Logs: filepath.Join(dir, "logs"), Bad: map[periplus.BadKind]int64{}},
	}
}

// log adds a flow log to the world and to interfaces.
func (w *world) log(l *flowLog, nics ...*nic) *flowLog {
	w.logs = append(w.logs, l)
	for _, n := range nics {
		n.logs = append(n.logs, l)
	}
	return l
}

// send simulates one connection from its first packet to its last.
func (w *world) send(c *conn) {
	slices.SortStableFunc(c.bursts, func(a, b burst) int { return a.at.Compare(b.at) })
	for i := range c.bursts { // milliseconds: nothing that is written is finer
		c.bursts[i].at = c.bursts[i].at.Truncate(time.Millisecond)
	}
	seen := c.walk(w)
	if len(seen) == 0 {
		return
	}
	w.book.enter(c, seen)
	for _, e := range w.gather(c, seen) {
		e.log.out.write(w, &e)
	}
}

// gather makes the entries of what the logs saw.
func (w *world) gather(c *conn, seen []sight) []entry {
	list := w.entries[:0]
	for i := range seen {
		x := &seen[i]
		r := x.record()
		at := slices.IndexFunc(list, func(e entry) bool {
			return e.hop == r.hop && e.log == r.log && e.back == r.back && e.slot == r.slot &&
				e.verdict.Stopped() == r.stopped && e.reason == r.reason
		})
		if at < 0 {
			list = append(list, entry{
				c: c, h: &c.hops[x.hop], hop: x.hop, log: x.log, back: r.back, slot: r.slot,
				verdict: x.verdict, reason: x.reason, start: x.b.at,
			})
			at = len(list) - 1
		}
		e := &list[at]
		e.end = x.b.at
		e.flags |= x.b.flags
		if x.log.azure() && x.b.back {
			e.backPackets += x.packets
			e.backBytes += x.bytes
			continue
		}
		e.packets += x.packets
		e.bytes += x.bytes
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hop, b.hop), cmp.Compare(a.log.id, b.log.id), a.start.Compare(b.start))
	})
	w.entries = list
	states(list)
	return list
}

// states says where in its life a connection is at each Azure entry.
func states(list []entry) {
	last := -1
	for i := range list {
		e := &list[i]
		if !e.log.azure() {
			continue
		}
		if e.verdict.Stopped() {
			e.state = 'D'
			continue
		}
		e.state, e.first = 'E', true
		if last >= 0 && list[last].hop == e.hop && list[last].log == e.log {
			e.first = false
			list[last].state = 'C'
		}
		last = i
	}
}

// flush lets the writers write what is complete at now; a zero now: all.
func (w *world) flush(now time.Time) error {
	for _, l := range w.logs {
		if err := cmp.Or(w.err, w.ctx.Err(), l.out.flush(w, now)); err != nil {
			return err
		}
	}
	return w.err
}

// sample is what a log makes of packets of which it sees one in rate: at least
// one is seen, and what is seen is scaled up.
func (w *world) sample(rate, packets, bytes int64) (int64, int64) {
	got := packets / rate
	if packets > 64 {
		return got * rate, bytes / packets * got * rate
	}
	got = 0
	for range packets {
		if w.rng.Int64N(rate) == 0 {
			got++
		}
	}
	got = max(got, 1)
	return got * rate, bytes / packets * got * rate
}

// arrived reports whether a connection's records have come.
func (w *world) arrived(delivery int) bool {
	return w.deliver == 0 || max(delivery, 1) <= w.deliver
}

// hash is a stable number from the seed and a text.
func (w *world) hash(parts ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, "\x00")
	for _, p := range parts {
		fmt.Fprint(h, p, "\x00")
	}
	return h.Sum64()
}

// save writes a whole file below the folder of logs by way of fill. One that
// is there and holds the same is left alone, as a cloud leaves it.
func (w *world) save(name string, fill func(out *bufio.Writer) error) error {
	name = filepath.Join(w.truth.Logs, filepath.FromSlash(name))
	w.truth.Files++
	if _, err := os.Stat(name); err == nil {
		return resave(name, fill)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 64<<10)
	return cmp.Or(fill(out), out.Flush(), f.Close())
}

func resave(name string, fill func(out *bufio.Writer) error) error {
	var now bytes.Buffer
	out := bufio.NewWriter(&now)
	if err := cmp.Or(fill(out), out.Flush()); err != nil {
		return err
	}
	before, err := os.ReadFile(name)
	if err != nil || bytes.Equal(before, now.Bytes()) {
		return err
	}
	return os.WriteFile(name, now.Bytes(), 0o644)
}

// finish writes the rest and closes the books.
func (w *world) finish() (*Truth, error) {
	if err := w.flush(time.Time{}); err != nil {
		return nil, err
	}
	t := &w.truth
	w.book.close(t)
	for i := range t.Conversations {
		hours := t.Conversations[i].Hours
		if first := hours[0].Start; t.From.IsZero() || first.Before(t.From) {
			t.From = first
		}
		if end := hours[len(hours)-1].Start.Add(time.Hour); end.After(t.To) {
			t.To = end
		}
	}
	slices.SortStableFunc(t.Findings, func(a, b Finding) int { return a.From.Compare(b.From) })
	return t, nil
}

func writeScenario(ctx context.Context, s Scenario, dir string, seed uint64, n int) (*Truth, error) {
	w := newWorld(ctx, dir, seed, DefaultStart.Add(10*time.Hour))
	w.deliver = n
	s.build(w)
	t, err := w.finish()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return t, nil
}
