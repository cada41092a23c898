package lake

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/periplus/periplus/periplus"
)

// A conversationKey says whose packets a row counts. Without a port it is -1.
type conversationKey struct {
	client, server netip.Addr
	port           int32
	protocol       uint8
}

// compare orders keys as compareFlows does rows.
func (k *conversationKey) compare(o *conversationKey) int {
	if k.client != o.client {
		return k.client.Compare(o.client)
	}
	if k.server != o.server {
		return k.server.Compare(o.server)
	}
	return cmp.Or(cmp.Compare(k.port, o.port), cmp.Compare(k.protocol, o.protocol))
}

// A flowBlock is rows of a file as they are merged, packed: an hour of them
// and its neighbours stay in memory.
type flowBlock struct {
	rows    int
	starts  []int32 // where conversations begin
	inOrder bool

	clients, servers     []netip.Addr // client and server are places in them
	client, server       []int32
	port, clientPort     []int32 // -1: none
	protocol, flags      []uint8
	observer             []periplus.Observer
	orientedBy           []periplus.Orientation
	verdict              []periplus.Verdict
	bucket, first, last  []int64 // microseconds
	place                []*periplus.Place
	note                 []*periplus.Note
	services             []string
	service              []int32 // -1: none
	counters             [5]counters
	records, connections []int64
	sampled              []bool
}

// counters are a column of counts.
type counters struct {
	n     []int64
	known []bool // nil: all are
}

func (c *counters) at(i int) periplus.Count {
	if c.known != nil && !c.known[i] {
		return periplus.Count{}
	}
	return periplus.Count{N: c.n[i], Known: true}
}

func newCounters(a *array.Int64) counters {
	c := counters{n: slices.Clone(a.Int64Values())}
	if a.NullN() > 0 {
		c.known = make([]bool, a.Len())
		for i := range c.known {
			c.known[i] = a.IsValid(i)
		}
	}
	return c
}

// each makes a column of n values.
func each[T any](n int, at func(int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = at(i)
	}
	return out
}

func newFlowBlock(fr *flowReader, batch arrow.RecordBatch) (*flowBlock, error) {
	g, err := newFlowGroup(batch, false)
	if err != nil {
		return nil, err
	}
	n := int(batch.NumRows())
	b := &flowBlock{rows: n, clients: g.client.values, servers: g.server.values, services: g.service.values,
		client: each(n, g.client.code), server: each(n, g.server.code), service: each(n, g.service.code),
		port: integers(g.serverPort), clientPort: integers(g.clientPort),
		protocol: each(n, func(i int) uint8 { return uint8(g.protocol.Value(i)) }), flags: each(n, func(i int) uint8 { return uint8(g.tcp.Value(i)) }),
		observer: each(n, g.observer.at), orientedBy: each(n, g.orientedBy.at), verdict: each(n, g.verdict.at),
		bucket: micros(g.bucket), first: micros(g.first), last: micros(g.last),
		place:    each(n, func(i int) *periplus.Place { return g.placeAt(fr, i) }),
		note:     each(n, func(i int) *periplus.Note { return g.noteAt(fr, i) }),
		counters: [5]counters{newCounters(g.packets), newCounters(g.bytes), newCounters(g.backPackets), newCounters(g.backBytes), newCounters(g.opened)},
		records:  slices.Clone(g.records.Int64Values()), connections: slices.Clone(g.connections.Int64Values()),
		sampled: each(n, g.sampled.Value),
	}
	b.starts, b.inOrder = b.conversations()
	return b, nil
}

// only returns the rows of a block that begin at or after a time, packed anew.
func (b *flowBlock) only(from int64) *flowBlock {
	var at []int32
	for i, t := range b.bucket {
		if t >= from {
			at = append(at, int32(i))
		}
	}
	out := &flowBlock{rows: len(at), clients: b.clients, servers: b.servers, services: b.services,
		client: pick(b.client, at), server: pick(b.server, at), service: pick(b.service, at), port: pick(b.port, at), clientPort: pick(b.clientPort, at),
		protocol: pick(b.protocol, at), flags: pick(b.flags, at), observer: pick(b.observer, at), orientedBy: pick(b.orientedBy, at), verdict: pick(b.verdict, at),
		bucket: pick(b.bucket, at), first: pick(b.first, at), last: pick(b.last, at), place: pick(b.place, at), note: pick(b.note, at),
		records: pick(b.records, at), connections: pick(b.connections, at), sampled: pick(b.sampled, at),
	}
	for i, c := range b.counters {
		out.counters[i] = counters{pick(c.n, at), nil}
		if c.known != nil {
			out.counters[i].known = pick(c.known, at)
		}
	}
	out.starts, out.inOrder = out.conversations()
	return out
}

func pick[T any](column []T, at []int32) []T {
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = column[k]
	}
	return out
}

func micros(a *array.Timestamp) []int64 {
	return each(a.Len(), func(i int) int64 { return int64(a.Value(i)) })
}

// integers is a column of ports; -1: null.
func integers(a *array.Int32) []int32 {
	out := slices.Clone(a.Int32Values())
	if a.NullN() > 0 {
		for i := range out {
			if a.IsNull(i) {
				out[i] = -1
			}
		}
	}
	return out
}

func (b *flowBlock) key(i int) conversationKey {
	return conversationKey{b.clients[b.client[i]], b.servers[b.server[i]], b.port[i], b.protocol[i]}
}

// conversations returns where conversations begin and whether they are in
// order.
func (b *flowBlock) conversations() (starts []int32, inOrder bool) {
	var last conversationKey
	inOrder = true
	for i := range b.rows {
		if i > 0 && b.client[i] == b.client[i-1] && b.server[i] == b.server[i-1] && b.port[i] == b.port[i-1] && b.protocol[i] == b.protocol[i-1] {
			continue
		}
		key := b.key(i)
		inOrder = inOrder && (i == 0 || last.compare(&key) <= 0)
		starts, last = append(starts, int32(i)), key
	}
	return starts, inOrder
}

// fill makes row i, without what no merge asks for.
func (b *flowBlock) fill(f *periplus.Flow, i int) {
	*f = periplus.Flow{
		Bucket: time.UnixMicro(b.bucket[i]).UTC(), FirstSeen: time.UnixMicro(b.first[i]).UTC(), LastSeen: time.UnixMicro(b.last[i]).UTC(),
		Place: b.place[i], Observer: b.observer[i], Client: b.clients[b.client[i]], Server: b.servers[b.server[i]],
		ServerPort: uint16(max(b.port[i], 0)), HasPort: b.port[i] >= 0, Protocol: b.protocol[i], OrientedBy: b.orientedBy[i],
		ClientPort: uint16(max(b.clientPort[i], 0)), HasClientPort: b.clientPort[i] >= 0, Verdict: b.verdict[i], Note: b.note[i],
		RequestPackets: b.counters[0].at(i), RequestBytes: b.counters[1].at(i), ResponsePackets: b.counters[2].at(i), ResponseBytes: b.counters[3].at(i),
		Records: b.records[i], Connections: b.connections[i], Opened: b.counters[4].at(i), TCPFlags: b.flags[i], Sampled: b.sampled[i],
	}
	if s := b.service[i]; s >= 0 {
		f.Service = b.services[s]
	}
}

// readFlowBlocks reads the columns of a file that a merge needs, at most so
// many rows at once, but not fewer than 8192.
func readFlowBlocks(ctx context.Context, fr *flowReader, path string, rows int64) iter.Seq2[*flowBlock, error] {
	return func(yield func(*flowBlock, error) bool) {
		how := reading{columns: mergedColumns, dictionaries: true, rows: max(rows, 1<<13)}
		err := readBatches(ctx, path, how, func(batch arrow.RecordBatch) error {
			b, err := newFlowBlock(fr, batch)
			if err != nil {
				return err
			}
			if !yield(b, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// weak reports whether later evidence may turn a row round.
func (b *flowBlock) weak(i int) bool { return b.clientPort[i] >= 0 && b.orientedBy[i].Weak() }

func kept(blocks []*flowBlock) func() (*flowBlock, error, bool) {
	return func() (*flowBlock, error, bool) {
		if len(blocks) == 0 {
			return nil, nil, false
		}
		b := blocks[0]
		blocks = blocks[1:]
		return b, nil, true
	}
}

// A cursor stands at a conversation of a file.
type cursor struct {
	pull  func() (*flowBlock, error, bool)
	stop  func()
	own   bool       // a file of the hour itself
	block *flowBlock // nil: the file has ended
	at    int        // of block.starts
	key   conversationKey
}

// next goes on to the next block.
func (c *cursor) next() error {
	for {
		b, err, ok := c.pull()
		if err != nil || !ok {
			c.block = nil
			return err
		}
		if b.rows > 0 {
			c.block, c.at, c.key = b, 0, b.key(0)
			return nil
		}
	}
}

// rows returns the bounds of the conversation's rows in the block.
func (c *cursor) rows() (from, to int) {
	from, to = int(c.block.starts[c.at]), c.block.rows
	if c.at+1 < len(c.block.starts) {
		to = int(c.block.starts[c.at+1])
	}
	return from, to
}

// step goes on to the next conversation of the file, which has the same key
// where a block ends within one.
func (c *cursor) step() error {
	if c.at++; c.at == len(c.block.starts) {
		return c.next()
	}
	c.key = c.block.key(int(c.block.starts[c.at]))
	return nil
}

// around merges the files of an hour and its neighbours.
type around struct {
	from, to int64 // microseconds
	cursors  []*cursor
	rows     []periplus.Flow
}

func (m *around) close() {
	for _, c := range m.cursors {
		if c.stop != nil {
			c.stop()
		}
	}
}

func (m *around) within(b *flowBlock, i int) bool {
	at := b.bucket[i]
	return at >= m.from && at < m.to && b.observer[i] != periplus.ObserverLeg
}

// byKey has the files of the hour itself before its neighbours'.
type byKey []*cursor

func (s byKey) Len() int      { return len(s) }
func (s byKey) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s byKey) Less(i, j int) bool {
	c := s[i].key.compare(&s[j].key)
	return c < 0 || c == 0 && s[i].own && !s[j].own
}
func (s *byKey) Push(x any) { *s = append(*s, x.(*cursor)) }
func (s *byKey) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}

// each calls f with the rows of each conversation of the hour until it returns
// false.
func (m *around) each(f func([]periplus.Flow) bool) error {
	var open byKey
	for _, c := range m.cursors {
		if c.block != nil {
			open = append(open, c)
		}
	}
	heap.Init(&open)
	for len(open) > 0 {
		key := open[0].key
		m.rows = m.rows[:0]
		for len(open) > 0 && open[0].key == key {
			c := open[0]
			if c.own || len(m.rows) > 0 { // else the hour has nothing of it
				m.take(c)
			}
			if err := c.step(); err != nil {
				return err
			}
			if c.block == nil {
				heap.Pop(&open)
			} else {
				heap.Fix(&open, 0)
			}
		}
		if len(m.rows) > 0 && !f(m.rows) {
			return nil
		}
	}
	return nil
}

// take adds the rows at which a cursor stands.
func (m *around) take(c *cursor) {
	from, to := c.rows()
	for i := from; i < to; i++ {
		if !m.within(c.block, i) {
			continue
		}
		if n := len(m.rows); n < cap(m.rows) {
			m.rows = m.rows[:n+1]
		} else {
			m.rows = append(m.rows, periplus.Flow{})
		}
		c.block.fill(&m.rows[len(m.rows)-1], i)
	}
}
