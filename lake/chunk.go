package lake

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// pageRoom is memory for a page, before and after it is compressed.
type pageRoom struct {
	plain  []byte
	packed bytes.Buffer
}

// A chunk is one column of a row group being written: a dictionary or none and
// one page.
type chunk struct {
	room  *pageRoom
	pages file.PageWriter
	meta  *metadata.ColumnChunkMetaDataBuilder
	stats metadata.EncodedStatistics
	coded bool // by a dictionary
}

// chunk begins the next column, which is number i.
func (p *parquetFile) chunk(group *metadata.RowGroupMetaDataBuilder, i int, room *pageRoom) (*chunk, error) {
	col := p.schema.Column(i)
	c := &chunk{room: room, meta: group.NextColumnChunk()}
	c.stats.Signed = col.SortOrder() == schema.SortSIGNED
	c.stats.SetNullCount(0)
	var err error
	c.pages, err = file.NewPageWriter(&p.out, p.props.CompressionFor(col.Path()), p.props.CompressionLevelFor(col.Path()),
		c.meta, p.groups, int16(i), memory.DefaultAllocator, false, nil, nil)
	return c, err
}

// maxStatistic is how long a bound may be to be kept.
const maxStatistic = 4096

// bounds tells the least and the greatest value. It keeps them.
func (c *chunk) bounds(least, greatest []byte) {
	c.stats.SetMin(least)
	c.stats.SetMax(greatest)
	c.stats.ApplyStatSizeLimits(maxStatistic)
}

// plain writes n values that are encoded as they are.
func (c *chunk) plain(values []byte, n int) error {
	return c.page(values, n, parquet.Encodings.Plain)
}

// deltas writes the n values of numbers; levels where null may be.
func (c *chunk) deltas(null bool, l *levels, n int, encode func(to []byte) []byte) error {
	page, rows := c.begin(null, l, n)
	c.room.plain = encode(page)
	return c.page(c.room.plain, rows, parquet.Encodings.DeltaBinaryPacked)
}

// indices writes a dictionary of so many values and where in it the column's
// are.
func (c *chunk) indices(null bool, l *levels, x *indices, dictionary []byte, values int) error {
	c.coded = true
	d := file.NewDictionaryPage(memory.NewBufferBytes(dictionary), int32(values), parquet.Encodings.Plain)
	defer d.Release()
	if _, err := c.pages.WriteDictionaryPage(d); err != nil {
		return err
	}
	page, rows := c.begin(null, l, x.n)
	c.room.plain = x.append(page, values)
	return c.page(c.room.plain, rows, parquet.Encodings.RLEDict)
}

// begin is a page with its levels, and how many rows it has.
func (c *chunk) begin(null bool, l *levels, n int) ([]byte, int) {
	page := c.room.plain[:0]
	if !null {
		return page, n
	}
	c.stats.SetNullCount(int64(l.nulls()))
	return l.append(page), l.n
}

// page writes the one page of a column.
func (c *chunk) page(plain []byte, rows int, e parquet.Encoding) error {
	data := plain
	if c.pages.HasCompressor() {
		c.room.packed.Reset()
		data = c.pages.Compress(&c.room.packed, plain)
	}
	d := file.NewDataPageV1(memory.NewBufferBytes(data), int32(rows), e, parquet.Encodings.RLE, parquet.Encodings.RLE, int32(len(plain)))
	defer d.Release()
	_, err := c.pages.WriteDataPage(d)
	return err
}

func (c *chunk) close() error {
	c.meta.SetStats(c.stats)
	return c.pages.Close(c.coded, false)
}
