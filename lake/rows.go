package lake

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/periplus/periplus/periplus"
)

// writeRows writes the rows of a column table as one file.
func writeRows[T any](path string, fields []periplus.Field[T], rows []T) (*parquetFile, error) {
	cols := columns(fields)
	p, err := createParquet(path, cols)
	if err != nil {
		return nil, err
	}
	s := newSheet(cols)
	for i := range rows {
		if err := addRow(s, fields, &rows[i]); err != nil {
			p.abandon()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if s.rows == groupRows || i == len(rows)-1 {
			if err := p.write(s); err != nil {
				p.abandon()
				return nil, err
			}
			s.reset()
		}
	}
	return p, nil
}

// A record is one row of a file that is read back, by column name. A column
// that the file has not, or null, is the zero value.
type record struct {
	cols map[string]arrow.Array
	at   int
}

func (r *record) text(name string) string {
	switch a := r.cols[name].(type) {
	case *array.String:
		if a.IsValid(r.at) {
			return string([]byte(a.Value(r.at))) // the batch's memory goes
		}
	case *array.Binary:
		if a.IsValid(r.at) {
			return string(a.Value(r.at))
		}
	}
	return ""
}

func (r *record) number(name string) int64 {
	switch a := r.cols[name].(type) {
	case *array.Int64:
		if a.IsValid(r.at) {
			return a.Value(r.at)
		}
	case *array.Int32:
		if a.IsValid(r.at) {
			return int64(a.Value(r.at))
		}
	}
	return 0
}

func (r *record) truth(name string) bool {
	a, ok := r.cols[name].(*array.Boolean)
	return ok && a.IsValid(r.at) && a.Value(r.at)
}

func (r *record) time(name string) time.Time {
	a, ok := r.cols[name].(*array.Timestamp)
	if !ok || !a.IsValid(r.at) {
		return time.Time{}
	}
	return time.UnixMicro(int64(a.Value(r.at))).UTC()
}

// readRecords calls row for every row of a Parquet file, in its order.
func readRecords(ctx context.Context, path string, row func(*record) error) error {
	return readBatches(ctx, path, reading{}, eachRecord(row))
}

// eachRecord calls row for every row of what readBatches yields.
func eachRecord(row func(*record) error) func(arrow.RecordBatch) error {
	return func(b arrow.RecordBatch) error {
		r := record{cols: map[string]arrow.Array{}}
		for i, f := range b.Schema().Fields() {
			r.cols[f.Name] = b.Column(i)
		}
		for r.at = range int(b.NumRows()) {
			if err := row(&r); err != nil {
				return err
			}
		}
		return nil
	}
}

// reading says what of a Parquet file is read, and how.
type reading struct {
	columns      []string // nil: all
	dictionaries bool     // for text
	rows         int64    // at once; 0: a row group
	// objects leaves out row groups that can hold none of them; nil: all are
	// read.
	objects map[int64]string
}

// leavesOut reports whether the bounds of a row group have room for none of the
// objects that are asked for.
func (how *reading) leavesOut(g *metadata.RowGroupMetaData) bool {
	if g.NumRows() == 0 {
		return true
	}
	i := g.Schema.ColumnIndexByName("object")
	if how.objects == nil || i < 0 {
		return false
	}
	c, err := g.ColumnChunk(i)
	if err != nil {
		return false
	}
	stats, err := c.Statistics()
	bounds, ok := stats.(*metadata.Int64Statistics)
	if err != nil || !ok || !bounds.HasMinMax() {
		return false
	}
	for id := range how.objects {
		if id >= bounds.Min() && id <= bounds.Max() {
			return false
		}
	}
	return true
}

// parquetRows is how many rows a Parquet file holds.
func parquetRows(path string) (int64, error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	pf, err := file.NewParquetReader(in)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	defer pf.Close()
	return pf.NumRows(), nil
}

// readBatches reads a Parquet file a row group at a time or less.
func readBatches(ctx context.Context, path string, how reading, f func(arrow.RecordBatch) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	pf, err := file.NewParquetReader(in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer pf.Close()
	schema := pf.MetaData().Schema
	var want []int
	for i := range schema.NumColumns() {
		if how.columns == nil {
			want = append(want, i)
			continue
		}
		for _, n := range how.columns {
			if schema.Column(i).Name() == n {
				want = append(want, i)
			}
		}
	}
	props := pqarrow.ArrowReadProperties{BatchSize: groupRows}
	if how.rows > 0 {
		props.BatchSize = min(props.BatchSize, how.rows)
	}
	if how.dictionaries {
		for i := range schema.NumColumns() {
			props.SetReadDict(i, true)
		}
	}
	fr, err := pqarrow.NewFileReader(pf, props, memory.DefaultAllocator)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for g := range pf.NumRowGroups() {
		if how.leavesOut(pf.MetaData().RowGroup(g)) {
			continue
		}
		if err := readGroup(ctx, fr, want, g, f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func readGroup(ctx context.Context, fr *pqarrow.FileReader, cols []int, g int, f func(arrow.RecordBatch) error) error {
	rr, err := fr.GetRecordReader(ctx, cols, []int{g})
	if err != nil {
		return err
	}
	defer rr.Release()
	for rr.Next() {
		if err := f(rr.RecordBatch()); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return rr.Err()
}
