package format

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet/file"
)

// next takes the next value of the column: a number, or text that is valid
// until the call after.
func (c *parquetColumn) next() (word []byte, num int64, isNum, null bool, err error) {
	if c.pos == c.n {
		if err = c.fill(); err != nil {
			return nil, 0, false, false, err
		}
	}
	def := c.maxDef
	if c.maxDef > 0 {
		def = c.defs[c.pos]
	}
	c.pos++
	if def < c.maxDef {
		return nil, 0, false, true, nil
	}
	i := c.value
	c.value++
	switch c.reader.(type) {
	case *file.Int32ColumnChunkReader:
		return nil, int64(c.i32[i]), true, false, nil
	case *file.Int64ColumnChunkReader:
		return nil, c.i64[i], true, false, nil
	case *file.ByteArrayColumnChunkReader:
		return c.bytes[i], 0, false, false, nil
	case *file.Float32ColumnChunkReader:
		c.word = strconv.AppendFloat(c.word[:0], float64(c.f32[i]), 'f', -1, 32)
	case *file.Float64ColumnChunkReader:
		c.word = strconv.AppendFloat(c.word[:0], c.f64[i], 'f', -1, 64)
	case *file.BooleanColumnChunkReader:
		c.word = strconv.AppendBool(c.word[:0], c.bools[i])
	}
	return c.word, 0, false, false, nil
}

// room makes a buffer for one batch.
func room[T any](b []T) []T {
	if b == nil {
		b = make([]T, parquetBatch)
	}
	return b
}

// fill takes the next values. They stay within one page, because the text of
// a page is gone with it.
func (c *parquetColumn) fill() error {
	var total int64
	var err error
	got := 0
	switch r := c.reader.(type) {
	case *file.Int32ColumnChunkReader:
		c.i32 = room(c.i32)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.i32, c.defs, nil)
	case *file.Int64ColumnChunkReader:
		c.i64 = room(c.i64)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.i64, c.defs, nil)
	case *file.ByteArrayColumnChunkReader:
		c.bytes = room(c.bytes)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.bytes, c.defs, nil)
	case *file.Float32ColumnChunkReader:
		c.f32 = room(c.f32)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.f32, c.defs, nil)
	case *file.Float64ColumnChunkReader:
		c.f64 = room(c.f64)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.f64, c.defs, nil)
	case *file.BooleanColumnChunkReader:
		c.bools = room(c.bools)
		total, got, err = r.ReadBatchInPage(parquetBatch, c.bools, c.defs, nil)
	default:
		return fmt.Errorf("a column of type %s, which no flow log has", c.reader.Type())
	}
	if err != nil {
		return err
	}
	if total <= 0 {
		return errors.New("a column has fewer values than its row group has rows")
	}
	present := 0
	for _, d := range c.defs[:total] {
		if c.maxDef == 0 || d == c.maxDef {
			present++
		}
	}
	if present != got {
		return errors.New("a column has fewer values than it says")
	}
	c.n, c.pos, c.value = int(total), 0, 0
	return nil
}
