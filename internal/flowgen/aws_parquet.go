package flowgen

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// parquetType is the type of a column of AWS's Parquet files.
func parquetType(field string) arrow.DataType {
	switch field {
	case "version", "srcport", "dstport", "protocol", "tcp-flags", "traffic-path", "encryption-status":
		return arrow.PrimitiveTypes.Int32
	case "packets", "bytes", "start", "end",
		"packets-lost-no-route", "packets-lost-blackhole", "packets-lost-mtu-exceeded", "packets-lost-ttl-expired":
		return arrow.PrimitiveTypes.Int64
	}
	return arrow.BinaryTypes.String
}

// writeParquet writes text lines as AWS writes Parquet: underscores in the
// names, numbers as numbers, gzip inside.
func writeParquet(out io.Writer, fields []string, lines []byte) error {
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = arrow.Field{Name: strings.ReplaceAll(f, "-", "_"), Type: parquetType(f), Nullable: true}
	}
	schema := arrow.NewSchema(columns, nil)
	rows := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer rows.Release()
	for line := range bytes.Lines(lines) {
		for i, v := range strings.Fields(string(line)) {
			if err := appendValue(rows.Field(i), v); err != nil {
				return err
			}
		}
	}
	batch := rows.NewRecordBatch()
	defer batch.Release()
	file, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{out},
		parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Gzip)),
		pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	if err := file.Write(batch); err != nil {
		return err
	}
	return file.Close()
}

func appendValue(column array.Builder, v string) error {
	if s, ok := column.(*array.StringBuilder); ok {
		s.Append(v)
		return nil
	}
	if v == "-" {
		column.AppendNull()
		return nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return err
	}
	switch c := column.(type) {
	case *array.Int32Builder:
		c.Append(int32(n))
	case *array.Int64Builder:
		c.Append(n)
	}
	return nil
}
