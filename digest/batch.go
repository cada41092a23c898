package digest

import (
	"net/netip"
	"runtime"
	"sync"
)

// Batch is a set of objects whose evidence is weighed together. Its zero value
// works. Objects are written at once by several goroutines; Settle comes after
// all of them are closed, and a batch is settled once.
type Batch struct {
	// Memory is about how many bytes the batch may hold; 0: 512 MiB. What is
	// more goes to temporary files.
	Memory int64
	// Temp is the folder for them; "": the system's.
	Temp string
	// Known reports whether an end was a server in an earlier batch; nil: none
	// is known. Called from several goroutines.
	Known func(addr netip.Addr, port uint16, protocol uint8) bool
	// Seen reports whether a log entry was read in an earlier batch; nil: none
	// was. Called from several goroutines.
	Seen func(id uint64) bool
	// Decided returns the Decisions of earlier batches on a 5-tuple; nil: there
	// are none. Called from several goroutines.
	Decided func(tuple uint64) []Decision

	once   sync.Once
	tables tables
	runs   runs
	limit  int // rows that an object holds before they become a run

	mu      sync.Mutex
	open    int
	free    []*objectTables
	spans   map[int64]Span
	servers map[serverEnd]struct{}
	named   map[namedKey]seen
	owned   map[ownedKey]seen
	legs    map[legKey]intervals
	cover   []hours     // by place
	windows []windowRun // one an object
	common  [][2]common // by place
	ids     []ID
	repeats int64

	decisions []Decision
}

const (
	defaultMemory = 512 << 20
	minMemory     = 1 << 20
	rowSize       = 256 // a row in a table, its index and its place in the order
	// maxTable is how many rows a table holds at most: larger ones leave the
	// cache and cost more than they save.
	maxTable = 16 << 10
)

func (b *Batch) begin() {
	memory := b.Memory
	if memory <= 0 {
		memory = defaultMemory
	}
	memory = max(memory, minMemory)
	b.runs.temp, b.runs.limit = b.Temp, memory/8*5
	// A quarter for the tables of the objects that are open at once.
	b.limit = min(maxTable, int(memory/4/rowSize/int64(max(4, runtime.GOMAXPROCS(0)))))
	b.tables.begin()
	b.spans, b.servers = map[int64]Span{}, map[serverEnd]struct{}{}
	b.named, b.owned, b.legs = map[namedKey]seen{}, map[ownedKey]seen{}, map[legKey]intervals{}
}

// Object begins an object. It may be called from several goroutines.
func (b *Batch) Object(id int64) *Object {
	b.once.Do(b.begin)
	return &Object{batch: b, id: id, limit: b.limit, first: noTime, last: -noTime, t: b.borrow()}
}

// borrow returns empty tables.
func (b *Batch) borrow() *objectTables {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	n := len(b.free)
	if n == 0 {
		return newObjectTables()
	}
	t := b.free[n-1]
	b.free = b.free[:n-1]
	return t
}

func (b *Batch) giveBack(t *objectTables) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	b.free = append(b.free, t)
}

// take adds what an object found. Nothing here depends on the order.
func (b *Batch) take(o *Object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := o.t
	s := b.spans[o.id]
	if s.First.IsZero() || !o.span.First.IsZero() && o.span.First.Before(s.First) {
		s.First = o.span.First
	}
	if o.span.Last.After(s.Last) {
		s.Last = o.span.Last
	}
	s.Records += o.span.Records
	s.Windows += o.span.Windows
	b.spans[o.id] = s
	b.repeats += o.repeats
	b.ids = append(b.ids, t.ids...)
	for k := range t.servers {
		b.servers[k] = struct{}{}
	}
	for k, v := range t.named {
		addSeen(b.named, k, v)
	}
	for k, v := range t.owned {
		addSeen(b.owned, k, v)
	}
	b.takeLegs(t.legs)
	for k, v := range t.cover {
		b.hours(k.place).add(k.hour, &v)
	}
	for i := range t.places.states {
		p := &t.places.states[i]
		b.hours(p.id).add(p.hour, &p.cover)
		b.common[p.id][0].merge(&p.all)
		if p.rest != 0 {
			b.common[p.id][1].merge(&t.places.rest(p).all)
		}
	}
}

// hours is the coverage of a place by hour: few, so a list.
type hours []struct {
	hour int64
	coverage
}

// hours returns a place's, and makes room for it and its addresses.
func (b *Batch) hours(place uint32) *hours {
	for int(place) >= len(b.cover) {
		b.cover = append(b.cover, nil)
		b.common = append(b.common, [2]common{})
	}
	return &b.cover[place]
}

func (h *hours) add(hour int64, c *coverage) {
	if *c == (coverage{}) {
		return
	}
	for i := len(*h) - 1; i >= 0; i-- {
		if (*h)[i].hour == hour {
			(*h)[i].add(c)
			return
		}
	}
	*h = append(*h, struct {
		hour int64
		coverage
	}{hour, *c})
}

func (b *Batch) takeLegs(legs map[legKey]intervals) {
	for k, v := range legs {
		w := b.legs[k]
		for _, s := range v {
			w = w.add(s)
		}
		b.legs[k] = w
	}
}
