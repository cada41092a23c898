package lake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// A sheet is one row group being filled: a buffer a column. The hot path
// appends to the typed buffers; what is small appends values of the column
// table.
type sheet struct {
	rows int
	cols []buffer
	room pageRoom
}

// A buffer holds the values of one column of a row group.
type buffer interface {
	add(v any) error // string, int64, bool, time.Time, []byte, nil
	encode(*chunk) error
	reset()
}

func newSheet(cols []column) *sheet {
	s := &sheet{cols: make([]buffer, len(cols))}
	for i, c := range cols {
		s.cols[i] = newBuffer(c)
	}
	return s
}

func newBuffer(c column) buffer {
	switch c.typ {
	case periplus.Bigint, periplus.Timestamptz, periplus.Integer:
		switch {
		case fewValues[c.name] && !c.null:
			return &few{short: c.typ == periplus.Integer}
		case c.typ == periplus.Integer:
			return &numbers[int32]{null: c.null}
		}
		return &numbers[int64]{null: c.null}
	case periplus.Boolean:
		return &bools{}
	default:
		return &texts{null: c.null}
	}
}

func (s *sheet) reset() {
	s.rows = 0
	for _, c := range s.cols {
		c.reset()
	}
}

// addRow appends one row of a column table.
func addRow[T any](s *sheet, fields []periplus.Field[T], row *T) error {
	for i := range fields {
		if err := s.cols[i].add(fields[i].Get(row)); err != nil {
			return fmt.Errorf("column %s: %w", fields[i].Name, err)
		}
	}
	s.rows++
	return nil
}

var errNull = fmt.Errorf("no value where one must be")

// number is v for a column of numbers; false: null.
func number(v any, null bool) (int64, bool, error) {
	switch v := v.(type) {
	case int64:
		return v, true, nil
	case time.Time:
		return v.UnixMicro(), true, nil
	case nil:
		if !null {
			return 0, false, errNull
		}
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("%T for a number", v)
}

func fits(v int64, short bool) error {
	if short && (v < math.MinInt32 || v > math.MaxInt32) {
		return fmt.Errorf("%d for an integer", v)
	}
	return nil
}

// numbers is a column of numbers that differ.
type numbers[T int32 | int64] struct {
	null   bool
	values []T
	levels levels // where null may be
}

func (b *numbers[T]) put(v T) {
	if len(b.values) == cap(b.values) {
		b.values = double(b.values)
	}
	b.values = append(b.values, v)
}

// double makes room for twice as many values. append itself would take a
// quarter more at a time, and copy a long column ten times.
func double[T any](s []T) []T { return slices.Grow(s, len(s)+64) }

// putIf adds v, or null where it is not known.
func (b *numbers[T]) putIf(v T, known bool) {
	if known {
		b.put(v)
		b.levels.put(1)
	} else {
		b.levels.put(0)
	}
}

func (b *numbers[T]) add(v any) error {
	n, known, err := number(v, b.null)
	if err == nil {
		err = fits(n, b.short())
	}
	if err != nil {
		return err
	}
	if b.null {
		b.putIf(T(n), known)
	} else {
		b.put(T(n))
	}
	return nil
}

func (b *numbers[T]) short() bool {
	_, short := any(T(0)).(int32)
	return short
}

func (b *numbers[T]) encode(c *chunk) error {
	if len(b.values) > 0 {
		lo, hi := b.values[0], b.values[0]
		for _, v := range b.values {
			lo, hi = min(lo, v), max(hi, v)
		}
		c.bounds(appendPlain(nil, int64(lo), b.short()), appendPlain(nil, int64(hi), b.short()))
	}
	return c.deltas(b.null, &b.levels, len(b.values), func(to []byte) []byte { return appendDeltas(to, b.values) })
}

func (b *numbers[T]) reset() {
	b.values = b.values[:0]
	b.levels.reset()
}

func appendPlain(to []byte, v int64, short bool) []byte {
	if short {
		return binary.LittleEndian.AppendUint32(to, uint32(v))
	}
	return binary.LittleEndian.AppendUint64(to, uint64(v))
}

// few is a column of numbers among which few differ, none of them null: a
// dictionary, found by open addressing.
type few struct {
	short  bool
	values []int64
	slots  []int32 // index and 1; 0: free
	last   int32
	index  indices
}

func (b *few) put(v int64) {
	if len(b.values) == 0 || b.values[b.last] != v {
		b.last = b.find(v)
	}
	b.index.put(b.last)
}

// find is the index of v in the dictionary.
func (b *few) find(v int64) int32 {
	if len(b.values)*2 >= len(b.slots) {
		b.grow()
	}
	i := b.slot(v)
	if b.slots[i] == 0 {
		b.values = append(b.values, v)
		b.slots[i] = int32(len(b.values))
	}
	return b.slots[i] - 1
}

// slot is where v is or belongs.
func (b *few) slot(v int64) int {
	mask := len(b.slots) - 1
	for i := int(uint64(v)*0x9e3779b97f4a7c15>>32) & mask; ; i = (i + 1) & mask {
		if at := b.slots[i]; at == 0 || b.values[at-1] == v {
			return i
		}
	}
}

func (b *few) grow() {
	b.slots = make([]int32, max(64, 2*len(b.slots)))
	for i, v := range b.values {
		b.slots[b.slot(v)] = int32(i + 1)
	}
}

func (b *few) add(v any) error {
	n, _, err := number(v, false)
	if err == nil {
		err = fits(n, b.short)
	}
	if err == nil {
		b.put(n)
	}
	return err
}

func (b *few) encode(c *chunk) error {
	var plain []byte
	lo, hi := b.values[0], b.values[0]
	for _, v := range b.values {
		plain = appendPlain(plain, v, b.short)
		lo, hi = min(lo, v), max(hi, v)
	}
	c.bounds(appendPlain(nil, lo, b.short), appendPlain(nil, hi, b.short))
	return c.indices(false, nil, &b.index, plain, len(b.values))
}

func (b *few) reset() {
	b.values, b.last = b.values[:0], 0
	clear(b.slots)
	b.index.reset()
}

// bools is a column of truths, none of them null.
type bools struct {
	n, set int
	bits   []byte
}

func (b *bools) put(v bool) {
	if b.n&7 == 0 {
		b.bits = append(b.bits, 0)
	}
	if v {
		b.bits[b.n>>3] |= 1 << (b.n & 7)
		b.set++
	}
	b.n++
}

func (b *bools) add(v any) error {
	x, ok := v.(bool)
	if !ok {
		return fmt.Errorf("%T for a boolean", v)
	}
	b.put(x)
	return nil
}

func (b *bools) encode(c *chunk) error {
	lo, hi := byte(0), byte(0)
	if b.set == b.n {
		lo = 1
	}
	if b.set > 0 {
		hi = 1
	}
	c.bounds([]byte{lo}, []byte{hi})
	return c.plain(b.bits, b.n)
}

func (b *bools) reset() { b.n, b.set, b.bits = 0, 0, b.bits[:0] }

// texts is a column of text kept as the dictionary and the indices that
// Parquet wants, so that a row costs an index and no hashing where the caller
// knows its value already (a Place, a Note, the address of the row before).
type texts struct {
	null   bool
	n      int    // values
	plain  []byte // they, each after its length
	known  map[string]int32
	index  indices // of the rows that are not null
	levels levels  // where null may be

	lastText  string // of again
	lastIndex int32
	lastSet   bool
}

// absent is the index of null.
const absent = -1

// intern returns the index of a value of this row group.
func (b *texts) intern(s string) int32 {
	if i, ok := b.known[s]; ok {
		return i
	}
	return b.value(s, strings.ToValidUTF8(s, "\uFFFD"))
}

// value adds another value and the name by which it is known. Engines refuse to
// read text that is no UTF-8, and with it all that the file says.
func (b *texts) value(name, s string) int32 {
	if b.known == nil {
		b.known = map[string]int32{}
	}
	start := b.openValue()
	b.plain = append(b.plain, s...)
	i := b.closeValue(start)
	b.known[name] = i
	return i
}

// again is intern for values that often come several times in a row.
func (b *texts) again(s string) int32 {
	if b.lastSet && b.lastText == s {
		return b.lastIndex
	}
	b.lastText, b.lastIndex, b.lastSet = s, b.intern(s), true
	return b.lastIndex
}

// openValue begins another value, which is then appended to plain.
func (b *texts) openValue() (start int) {
	b.plain = append(b.plain, 0, 0, 0, 0)
	return len(b.plain)
}

// closeValue ends the value that begins at start.
func (b *texts) closeValue(start int) int32 {
	binary.LittleEndian.PutUint32(b.plain[start-4:], uint32(len(b.plain)-start))
	b.n++
	return int32(b.n - 1)
}

// internOrAbsent is intern for a column where "" is null.
func (b *texts) internOrAbsent(s string) int32 {
	if s == "" {
		return absent
	}
	return b.intern(s)
}

func (b *texts) put(i int32) { b.index.put(i) }

func (b *texts) putNull(i int32) {
	if i == absent {
		b.levels.put(0)
		return
	}
	b.index.put(i)
	b.levels.put(1)
}

func (b *texts) add(v any) error {
	i := int32(absent)
	switch v := v.(type) {
	case string:
		i = b.intern(v)
	case []byte:
		s, ok := string(v), false
		if i, ok = b.known[s]; !ok {
			i = b.value(s, s)
		}
	case nil:
		if !b.null {
			return errNull
		}
	default:
		return fmt.Errorf("%T for text", v)
	}
	if b.null {
		b.putNull(i)
	} else {
		b.put(i)
	}
	return nil
}

func (b *texts) encode(c *chunk) error {
	// The dictionary holds the values of this group and no others.
	var lo, hi []byte
	for rest := b.plain; len(rest) > 0; {
		n := 4 + binary.LittleEndian.Uint32(rest)
		v := rest[4:n]
		rest = rest[n:]
		if lo == nil || bytes.Compare(v, lo) < 0 {
			lo = v
		}
		if hi == nil || bytes.Compare(v, hi) > 0 {
			hi = v
		}
	}
	if b.n > 0 {
		c.bounds(bytes.Clone(lo), bytes.Clone(hi))
	}
	return c.indices(b.null, &b.levels, &b.index, b.plain, b.n)
}

func (b *texts) reset() {
	b.n, b.plain = 0, b.plain[:0]
	b.index.reset()
	b.levels.reset()
	clear(b.known)
	b.lastText, b.lastSet = "", false
}
