package lake

import (
	"fmt"
	"math"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/periplus/periplus/periplus"
)

// A sheet is one row group being filled: a buffer a column. The hot path
// appends to the typed buffers; what is small appends values of the column
// table.
type sheet struct {
	rows int
	cols []buffer
}

// A buffer holds the values of one column of a row group.
type buffer interface {
	add(v any) error // string, int64, bool, time.Time, []byte, nil
	encode(file.ColumnChunkWriter) error
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
	case periplus.Bigint, periplus.Timestamptz:
		return &int64s{null: c.null}
	case periplus.Integer:
		return &int32s{null: c.null}
	case periplus.Boolean:
		return &bools{}
	default:
		return &texts{null: c.null, binary: c.typ == periplus.Varbinary}
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

type int64s struct {
	null   bool
	values []int64
	def    []int16
}

func (b *int64s) put(v int64) { b.values = append(b.values, v) }

func (b *int64s) putCount(c periplus.Count) {
	if c.Known {
		b.values = append(b.values, c.N)
		b.def = append(b.def, 1)
	} else {
		b.def = append(b.def, 0)
	}
}

func (b *int64s) add(v any) error {
	switch v := v.(type) {
	case int64:
		b.values = append(b.values, v)
	case time.Time:
		b.values = append(b.values, v.UnixMicro())
	case nil:
		if !b.null {
			return errNull
		}
		b.def = append(b.def, 0)
		return nil
	default:
		return fmt.Errorf("%T for a number", v)
	}
	if b.null {
		b.def = append(b.def, 1)
	}
	return nil
}

var errNull = fmt.Errorf("no value where one must be")

func (b *int64s) encode(w file.ColumnChunkWriter) error {
	_, err := w.(*file.Int64ColumnChunkWriter).WriteBatch(b.values, b.def, nil)
	return err
}

func (b *int64s) reset() { b.values, b.def = b.values[:0], b.def[:0] }

type int32s struct {
	null   bool
	values []int32
	def    []int16
}

func (b *int32s) put(v int32) { b.values = append(b.values, v) }

func (b *int32s) putPort(p uint16, has bool) {
	if has {
		b.values = append(b.values, int32(p))
		b.def = append(b.def, 1)
	} else {
		b.def = append(b.def, 0)
	}
}

func (b *int32s) add(v any) error {
	n, ok := v.(int64)
	switch {
	case v == nil && b.null:
		b.def = append(b.def, 0)
		return nil
	case v == nil:
		return errNull
	case !ok || n < math.MinInt32 || n > math.MaxInt32:
		return fmt.Errorf("%v (%T) for an integer", v, v)
	}
	b.values = append(b.values, int32(n))
	if b.null {
		b.def = append(b.def, 1)
	}
	return nil
}

func (b *int32s) encode(w file.ColumnChunkWriter) error {
	_, err := w.(*file.Int32ColumnChunkWriter).WriteBatch(b.values, b.def, nil)
	return err
}

func (b *int32s) reset() { b.values, b.def = b.values[:0], b.def[:0] }

type bools struct{ values []bool }

func (b *bools) put(v bool) { b.values = append(b.values, v) }

func (b *bools) add(v any) error {
	x, ok := v.(bool)
	if !ok {
		return fmt.Errorf("%T for a boolean", v)
	}
	b.values = append(b.values, x)
	return nil
}

func (b *bools) encode(w file.ColumnChunkWriter) error {
	_, err := w.(*file.BooleanColumnChunkWriter).WriteBatch(b.values, nil, nil)
	return err
}

func (b *bools) reset() { b.values = b.values[:0] }

// texts is a column of text kept as the dictionary and the indices that
// Parquet wants, so that a row costs an index and no hashing where the caller
// knows its value already (a Place, a Note, the address of the row before).
type texts struct {
	null, binary bool
	index        []int32
	def          []int16
	ends         []int32 // of each value in data, from 0
	data         []byte
	known        map[string]int32

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
	if b.known == nil {
		b.known = map[string]int32{}
	}
	start := len(b.data)
	b.data = append(b.data, s...)
	i := b.closeValue()
	// The map's key is a copy: data moves when it grows.
	b.known[string(b.data[start:])] = i
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

// closeValue ends the value that was appended to data.
func (b *texts) closeValue() int32 {
	if len(b.ends) == 0 {
		b.ends = append(b.ends, 0)
	}
	b.ends = append(b.ends, int32(len(b.data)))
	return int32(len(b.ends) - 2)
}

// internOrAbsent is intern for a column where "" is null.
func (b *texts) internOrAbsent(s string) int32 {
	if s == "" {
		return absent
	}
	return b.intern(s)
}

func (b *texts) put(i int32) { b.index = append(b.index, i) }

func (b *texts) putNull(i int32) {
	if i == absent {
		b.index = append(b.index, 0)
		b.def = append(b.def, 0)
		return
	}
	b.index = append(b.index, i)
	b.def = append(b.def, 1)
}

func (b *texts) add(v any) error {
	i := int32(absent)
	switch v := v.(type) {
	case string:
		i = b.intern(v)
	case []byte:
		i = b.intern(string(v))
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

// dictEncoder is what the column's encoder can do beside taking values: its
// own interface is internal to arrow-go.
type dictEncoder interface {
	PutDictionary(arrow.Array) error
	NumEntries() int
}

func (b *texts) encode(w file.ColumnChunkWriter) error {
	cw := w.(*file.ByteArrayColumnChunkWriter)
	enc, ok := cw.CurrentEncoder().(dictEncoder)
	if !ok {
		return fmt.Errorf("%s: no dictionary", w.Descr().Name())
	}
	if len(b.ends) == 0 {
		b.ends = append(b.ends, 0)
	}
	n := len(b.ends) - 1
	offsets := memory.NewBufferBytes(asBytes(b.ends))
	values := memory.NewBufferBytes(b.data)
	data := array.NewData(arrow.BinaryTypes.Binary, n, []*memory.Buffer{nil, offsets, values}, nil, 0, 0)
	dictionary := array.NewBinaryData(data)
	if err := enc.PutDictionary(dictionary); err != nil {
		return err
	}
	if enc.NumEntries() != n {
		return fmt.Errorf("%s: %d of %d values differ", w.Descr().Name(), enc.NumEntries(), n)
	}
	nulls := 0
	for _, d := range b.def {
		nulls += int(1 - d)
	}
	if stats, ok := cw.PageStatistics().(*metadata.ByteArrayStatistics); ok && stats != nil {
		stats.IncNulls(int64(nulls))
		stats.IncNumValues(int64(len(b.index) - nulls))
		if n > 0 {
			// The dictionary holds the values of this group and no others.
			if err := stats.UpdateFromArrow(dictionary, false); err != nil {
				return err
			}
		}
	}
	var valid *memory.Buffer
	if nulls > 0 {
		valid = memory.NewBufferBytes(b.valid())
	}
	indices := array.NewInt32Data(array.NewData(arrow.PrimitiveTypes.Int32, len(b.index),
		[]*memory.Buffer{valid, memory.NewBufferBytes(asBytes(b.index))}, nil, nulls, 0))
	return cw.WriteDictIndices(indices, b.def, nil)
}

// valid is the bitmap of the rows that are not null.
func (b *texts) valid() []byte {
	bits := make([]byte, (len(b.def)+7)/8)
	for i, d := range b.def {
		bits[i/8] |= byte(d) << (i % 8)
	}
	return bits
}

func (b *texts) reset() {
	b.index, b.def, b.ends, b.data = b.index[:0], b.def[:0], b.ends[:0], b.data[:0]
	clear(b.known)
	b.lastText, b.lastSet = "", false
}

func asBytes(v []int32) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*4)
}
