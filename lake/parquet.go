package lake

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/periplus/periplus/periplus"
)

// groupRows is how many rows a row group holds: small enough that the bounds
// of sorted columns leave most groups out, large enough for dictionaries.
const groupRows = 1 << 16

func parquetSchema(cols []column) *schema.GroupNode {
	fields := make(schema.FieldList, len(cols))
	for i, c := range cols {
		rep := parquet.Repetitions.Required
		if c.null {
			rep = parquet.Repetitions.Optional
		}
		var logical schema.LogicalType = schema.NoLogicalType{}
		var physical parquet.Type
		switch c.typ {
		case periplus.Bigint:
			physical = parquet.Types.Int64
		case periplus.Integer:
			physical = parquet.Types.Int32
		case periplus.Boolean:
			physical = parquet.Types.Boolean
		case periplus.Timestamptz:
			physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros)
		case periplus.Varbinary:
			physical = parquet.Types.ByteArray
		default:
			physical, logical = parquet.Types.ByteArray, schema.StringLogicalType{}
		}
		fields[i] = schema.MustPrimitive(schema.NewPrimitiveNodeLogical(c.name, rep, logical, physical, -1, int32(c.id)))
	}
	return schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1))
}

// fewValues are columns of numbers that a dictionary makes small: an object's
// id is 64 random bits, a bucket one of twelve in its file.
var fewValues = map[string]bool{"object": true, "bucket": true, "minutes": true, "protocol": true, "tcp_flags": true}

// highEntropy are columns that zstd makes no smaller once they are packed.
var highEntropy = map[string]bool{"first_seen": true, "last_seen": true, "client_port": true,
	"request_packets": true, "request_bytes": true, "response_packets": true, "response_bytes": true}

func writerProperties(cols []column) *parquet.WriterProperties {
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCreatedBy("periplus"),
	}
	for _, c := range cols {
		if highEntropy[c.name] {
			opts = append(opts, parquet.WithCompressionFor(c.name, compress.Codecs.Uncompressed))
		}
		if _, ok := newBuffer(c).(interface{ short() bool }); ok {
			opts = append(opts, parquet.WithEncodingFor(c.name, parquet.Encodings.DeltaBinaryPacked))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

// A parquetFile is a data file being written. arrow-go writes headers, footer
// and what is compressed; the values of the pages are made here.
type parquetFile struct {
	path   string
	rows   int64
	f      *os.File
	out    countingWriter
	schema *schema.Schema
	props  *parquet.WriterProperties
	meta   *metadata.FileMetaDataBuilder
	groups int16
}

// countingWriter knows where in the file it is.
type countingWriter struct {
	*bufio.Writer
	at int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.at += int64(n)
	return n, err
}

func (w *countingWriter) Tell() int64 { return w.at }

// magic is how a Parquet file begins and ends.
const magic = "PAR1"

func createParquet(path string, cols []column) (*parquetFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	p := &parquetFile{path: path, f: f, out: countingWriter{Writer: bufio.NewWriterSize(f, 1<<18)},
		schema: schema.NewSchema(parquetSchema(cols)), props: writerProperties(cols)}
	p.meta = metadata.NewFileMetadataBuilder(p.schema, p.props, nil)
	p.out.Write([]byte(magic)) // the error stays with the writer
	return p, nil
}

// write appends a sheet as one row group.
func (p *parquetFile) write(s *sheet) error {
	if s.rows == 0 {
		return nil
	}
	group := p.meta.AppendRowGroup()
	group.SetNumRows(s.rows)
	for i, b := range s.cols {
		c, err := p.chunk(group, i, &s.room)
		if err == nil {
			err = b.encode(c)
		}
		if err == nil {
			err = c.close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
	}
	p.rows += int64(s.rows)
	p.groups++
	if err := group.Finish(0, p.groups-1); err != nil {
		return fmt.Errorf("%s: %w", p.path, err)
	}
	return nil
}

// abandon gives up a file that is not needed. It stays an orphan until the
// next start if it cannot be removed now.
func (p *parquetFile) abandon() {
	p.f.Close()
	os.Remove(p.path)
}

// close ends the file and returns what Iceberg wants to know of it.
func (p *parquetFile) close() (*metadata.FileMetaData, int64, error) {
	meta, err := p.footer()
	if err == nil {
		err = p.out.Flush()
	}
	if cerr := p.f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", p.path, err)
	}
	return meta, p.out.at, nil
}

func (p *parquetFile) footer() (*metadata.FileMetaData, error) {
	meta, err := p.meta.Finish()
	if err != nil {
		return nil, err
	}
	n, err := meta.WriteTo(&p.out, nil)
	if err != nil {
		return nil, err
	}
	_, err = p.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), magic...))
	return meta, err
}

// finishAs ends the file and moves it to its last name, for what is known only
// at the end.
func (p *parquetFile) finishAs(path string, l layout, parts map[int]any) (iceberg.DataFile, error) {
	meta, size, err := p.close()
	if err != nil {
		os.Remove(p.path)
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		os.Remove(p.path)
		return nil, err
	}
	if err := os.Rename(p.path, path); err != nil {
		os.Remove(p.path)
		return nil, err
	}
	p.path = path
	return p.describe(l, parts, meta, size)
}

// finish ends the file as a data file of a table.
func (p *parquetFile) finish(l layout, parts map[int]any) (iceberg.DataFile, error) {
	meta, size, err := p.close()
	if err != nil {
		os.Remove(p.path)
		return nil, err
	}
	return p.describe(l, parts, meta, size)
}

func (p *parquetFile) describe(l layout, parts map[int]any, meta *metadata.FileMetaData, size int64) (iceberg.DataFile, error) {
	spec := l.spec()
	logical := map[int]string{}
	for i, q := range l.partition {
		if _, ok := q.transform.(iceberg.DayTransform); ok {
			logical[firstPartitionID+i] = "date"
		}
	}
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, p.path, iceberg.ParquetFile,
		parts, logical, nil, p.rows, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.path, err)
	}
	if len(l.sort) > 0 {
		b.SortOrderID(table.InitialSortOrderID)
	}
	if err := describe(b, l, meta); err != nil {
		return nil, fmt.Errorf("%s: %w", p.path, err)
	}
	return b.Build(), nil
}

// maxBound is how long a text may be to be kept as a bound.
const maxBound = 64

// describe adds counts and bounds of the layout's bound columns. Iceberg
// writes a value as Parquet's statistics do, so they are taken over.
func describe(b *iceberg.DataFileBuilder, l layout, meta *metadata.FileMetaData) error {
	values, nulls := map[int]int64{}, map[int]int64{}
	lower, upper := map[int][]byte{}, map[int][]byte{}
	for _, name := range l.bounds {
		c := l.column(name)
		at := meta.Schema.ColumnIndexByName(name)
		whole := true // every group has statistics, so bounds hold for the file
		for g := range meta.NumRowGroups() {
			chunk, err := meta.RowGroup(g).ColumnChunk(at)
			if err != nil {
				return err
			}
			stats, err := chunk.Statistics()
			if err != nil {
				return err
			}
			values[c.id] += chunk.NumValues()
			if stats == nil {
				whole = false
				continue
			}
			nulls[c.id] += stats.NullCount()
			if !stats.HasMinMax() {
				whole = whole && stats.NumValues() == 0
				continue
			}
			lo, hi := stats.EncodeMin(), stats.EncodeMax()
			if len(lo) > maxBound || len(hi) > maxBound {
				whole = false
				continue
			}
			if old, ok := lower[c.id]; !ok || compareBound(c.typ, lo, old) < 0 {
				lower[c.id] = bytes.Clone(lo)
			}
			if old, ok := upper[c.id]; !ok || compareBound(c.typ, hi, old) > 0 {
				upper[c.id] = bytes.Clone(hi)
			}
		}
		if !whole {
			delete(lower, c.id)
			delete(upper, c.id)
		}
	}
	b.ValueCounts(values).NullValueCounts(nulls).LowerBoundValues(lower).UpperBoundValues(upper)
	return nil
}

func compareBound(t periplus.Type, a, b []byte) int {
	switch t {
	case periplus.Bigint, periplus.Timestamptz:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	case periplus.Integer:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	}
	return bytes.Compare(a, b)
}
