package digest

import (
	"cmp"
	"slices"
)

// sortKey is a row's place in the order, near enough that few comparisons need
// the row itself: client and server of a settled row, the hash of a grouped one.
type sortKey struct {
	key  uint64
	row  uint32 // among the settled ones, then the waiting ones
	hour int32
}

func (t *objectTables) rowOf(n uint32) *row {
	if n < uint32(len(t.settled.rows)) {
		return &t.settled.rows[n]
	}
	return &t.waiting.rows[n-uint32(len(t.settled.rows))]
}

// sortRows puts the settled and the waiting rows in the result's order.
func (t *objectTables) sortRows() {
	t.order = t.order[:0]
	v4 := true
	for n, rows := range [2][]row{t.settled.rows, t.waiting.rows} {
		base := uint32(n * len(t.settled.rows))
		for i := range rows {
			r := &rows[i]
			v4 = v4 && r.a.v4() && r.b.v4()
			t.order = append(t.order, sortKey{r.a.lo<<32 | r.b.lo&(1<<32-1), base + uint32(i), r.hour()})
		}
	}
	if !v4 {
		slices.SortFunc(t.order, func(a, b sortKey) int { return t.rowOf(a.row).compareSettled(t.rowOf(b.row)) })
		return
	}
	t.radix()
	// What has the same hour, client and server is few: by the rows themselves.
	for from := 0; from < len(t.order); {
		k := t.order[from]
		to := from + 1
		for to < len(t.order) && t.order[to].key == k.key && t.order[to].hour == k.hour {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(t.order[from:to], func(a, b sortKey) int { return t.rowOf(a.row).compareSettled(t.rowOf(b.row)) })
		}
		from = to
	}
}

const (
	digitBits  = 11
	keyDigits  = 6 // of 64 bits
	digitMask  = 1<<digitBits - 1
	radixLimit = 256 // fewer are compared
)

// radix sorts the order by hour and key, digit by digit from the lowest. A
// digit that all have in common costs nothing.
func (t *objectTables) radix() {
	first, last := t.order[0].hour, t.order[0].hour
	for i := range t.order {
		first, last = min(first, t.order[i].hour), max(last, t.order[i].hour)
	}
	if len(t.order) < radixLimit || last-first > digitMask {
		slices.SortFunc(t.order, func(a, b sortKey) int {
			if a.hour != b.hour {
				return cmp.Compare(a.hour, b.hour)
			}
			return cmp.Compare(a.key, b.key)
		})
		return
	}
	if cap(t.other) < len(t.order) {
		t.other = make([]sortKey, len(t.order), cap(t.order))
	}
	from, to := t.order, t.other[:len(t.order)]
	for d := range keyDigits + 1 {
		digit := func(k *sortKey) uint64 { return k.key >> (d * digitBits) & digitMask }
		if d == keyDigits {
			digit = func(k *sortKey) uint64 { return uint64(k.hour - first) }
		}
		var at [digitMask + 1]uint32
		for i := range from {
			at[digit(&from[i])]++
		}
		if at[digit(&from[0])] == uint32(len(from)) {
			continue
		}
		sum := uint32(0)
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for i := range from {
			k := digit(&from[i])
			to[at[k]] = from[i]
			at[k]++
		}
		from, to = to, from
	}
	t.order, t.other = from, to
}

// sortGrouped puts the grouped rows in the order of their 5-tuples' hashes.
func (t *objectTables) sortGrouped() {
	rows := t.grouped.rows
	t.order = t.order[:0]
	for i := range rows {
		u := rows[i].tuple()
		t.order = append(t.order, sortKey{key: u.hash(), row: uint32(i)})
	}
	slices.SortFunc(t.order, func(a, b sortKey) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return compareWaiting(&rows[a.row], &rows[b.row], a.key, b.key)
	})
}
