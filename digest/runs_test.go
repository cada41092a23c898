package digest

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// randomRow is a row as no traffic makes it, so that whatever leans on the row
// before is seen.
func randomRow(rnd *rand.Rand) row {
	addr := func() ip {
		if rnd.IntN(3) == 0 {
			return ip{uint64(rnd.IntN(3)) << 60, rnd.Uint64N(3)}
		}
		return ip{0, v4Prefix<<32 | rnd.Uint64N(3)}
	}
	r := row{
		a: addr(), b: addr(), aPort: rnd.Uint32N(1 << 16), bPort: rnd.Uint32N(2) + 1<<16, protocol: uint8(rnd.IntN(2)),
		bucket: int32(rnd.IntN(30)-15) * []int32{1, 12, 1 << 26}[rnd.IntN(3)], place: rnd.Uint32N(3), object: rnd.Int64N(3) << 60,
		orient: uint8(rnd.IntN(9)), minutes: uint8(rnd.IntN(32)), records: rnd.Uint32N(300), ab: counter{rnd.Uint64N(300), rnd.Uint64() >> 2},
	}
	r.first = int64(r.bucket)*microsPerBucket + rnd.Int64N(microsPerBucket)
	r.last = r.first + rnd.Int64N(1e10)
	if rnd.IntN(3) == 0 {
		r.has, r.id = hasID, rnd.Uint64()
	}
	if rnd.IntN(3) == 0 {
		r.natA, r.note, r.aOpened = addr(), rnd.Uint32N(300), rnd.Uint32N(3)
	}
	return r
}

// TestRuns: rows come out of a run as they went in, hour by hour and from every
// mark on, wherever the run is kept.
func TestRuns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for round := range 30 {
		b := &Batch{Temp: t.TempDir()}
		b.small(1000, 1<<20*int64(round%2))
		tables := newObjectTables()
		for range 1 + rnd.IntN(5*markRows) {
			r := randomRow(rnd)
			for range rnd.IntN(3) * rnd.IntN(3) {
				tables.settled.addPort(&r, rnd.Uint32N(1<<16))
			}
			tables.settled.rows = append(tables.settled.rows, r)
		}
		tables.sortRows()
		kept, err := b.keepRows(tables)
		if err != nil {
			t.Fatal(err)
		}
		if want := (len(tables.order) + markRows - 1) / markRows; len(kept.marks) != want {
			t.Fatalf("%d rows have %d marks; want %d", kept.rows, len(kept.marks), want)
		}
		w, err := b.runs.writer()
		if err != nil {
			t.Fatal(err)
		}
		same := func(c *cursor, n int) {
			t.Helper()
			if err := c.next(); err != nil || c.done {
				t.Fatalf("round %d, row %d: %v, %v", round, n, c.done, err)
			}
			want := tables.settled.rows[tables.order[n].row]
			var ports []uint16
			if want.ports != 0 {
				ports = tables.settled.sets[want.ports-1].list
				want.ports = 0
			}
			if c.row != want || !slices.Equal(c.set.list, ports) {
				t.Fatalf("round %d, row %d: %+v %v\nwant %+v %v", round, n, c.row, c.set.list, want, ports)
			}
		}
		for n := range tables.order {
			r := &tables.settled.rows[tables.order[n].row]
			var set *ports
			if r.ports != 0 {
				set = &tables.settled.sets[r.ports-1]
			}
			if err := w.add(r, set); err != nil {
				t.Fatal(err)
			}
		}
		written, err := w.run()
		if err != nil {
			t.Fatal(err)
		}
		for mark := range kept.marks {
			from := mark * markRows
			to := min(from+markRows, kept.rows)
			c := newMarkCursor(&kept, mark, to-from)
			for n := from; n < to; n++ {
				same(c, n)
			}
		}
		for _, r := range []*run{&kept, &written} {
			for i, h := range r.hours {
				end := r.rows
				if i+1 < len(r.hours) {
					end = int(r.hours[i+1].row)
				}
				c := newCursor(part{r, i})
				for n := int(h.row); n < end; n++ {
					same(c, n)
				}
				if err := c.next(); err != nil || !c.done {
					t.Fatalf("round %d: the hour goes on after its rows: %v", round, err)
				}
			}
		}
		if err := b.runs.close(); err != nil {
			t.Fatal(err)
		}
	}
}
