package lake

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/periplus/periplus/periplus"
)

// removal says which rows of objects go: those of buckets from a time on; the
// zero time is all.
type removal map[int64]time.Time

// has reports whether a row goes.
func (m removal) has(object int64, bucket time.Time) bool {
	from, ok := m[object]
	return ok && !bucket.Before(from)
}

// in is what of it may be in an hour.
func (m removal) in(hour time.Time) removal {
	for _, from := range m {
		if from.Before(hour.Add(time.Hour)) {
			continue
		}
		rest := removal{} // seldom: most go whole
		for id, from := range m {
			if from.Before(hour.Add(time.Hour)) {
				rest[id] = from
			}
		}
		return rest
	}
	return m
}

// removeObjects adds to an edit of flows what takes the rows of objects out:
// their files are written anew without them, for delete files would have to be
// read at every question. It returns what coverage has to be lessened by.
func (l *Lake) removeObjects(ctx context.Context, e *edit, tbl *table.Table, gone removal, seq int64) ([]periplus.Coverage, error) {
	if len(gone) == 0 {
		return nil, nil
	}
	files, err := l.filesOf(ctx, tbl, tbl.CurrentSnapshot())
	if err != nil {
		return nil, err
	}
	less := coverageSum{}
	for _, f := range files {
		gone := gone
		if hours, ok := partitionNumber(f.file, firstPartitionID); ok {
			gone = gone.in(time.Unix(int64(hours)*3600, 0))
		}
		if !mayHold(f.file, gone) {
			continue
		}
		holds, err := holdsObject(ctx, f.path(), gone)
		if err != nil {
			return nil, err
		}
		if !holds {
			continue
		}
		e.drop = append(e.drop, f.file)
		df, err := l.without(ctx, f, gone, seq, less)
		if err != nil {
			return nil, err
		}
		e.added([]iceberg.DataFile{df})
	}
	return less.inOrder(), nil
}

// mayHold reports whether the bounds of a file leave room for an object.
func mayHold(f iceberg.DataFile, ids removal) bool {
	if f.Count() == 0 || len(ids) == 0 {
		return false
	}
	id := layouts[Flows].column("object").id
	lo, hi := f.LowerBoundValues()[id], f.UpperBoundValues()[id]
	if len(lo) != 8 || len(hi) != 8 {
		return true
	}
	for i := range ids {
		if i >= int64(binary.LittleEndian.Uint64(lo)) && i <= int64(binary.LittleEndian.Uint64(hi)) {
			return true
		}
	}
	return false
}

func holdsObject(ctx context.Context, path string, ids removal) (holds bool, err error) {
	columns := []string{"object"}
	for _, from := range ids {
		if !from.IsZero() {
			columns = []string{"object", "bucket"}
		}
	}
	err = readBatches(ctx, path, reading{columns: columns}, func(b arrow.RecordBatch) error {
		a, ok := b.Column(0).(*array.Int64)
		if !ok {
			return fmt.Errorf("column object is %s", b.Column(0).DataType())
		}
		var buckets []arrow.Timestamp
		if len(columns) == 2 {
			t, ok := b.Column(1).(*array.Timestamp)
			if !ok {
				return fmt.Errorf("column bucket is %s", b.Column(1).DataType())
			}
			buckets = t.TimestampValues()
		}
		for i, v := range a.Int64Values() {
			from, ok := ids[v]
			if ok && (from.IsZero() || int64(buckets[i]) >= from.UnixMicro()) {
				holds = true
				break
			}
		}
		return nil
	})
	return holds, err
}

// without writes a file anew without the rows of some objects. A file that
// loses all its rows stays as one without rows: it tells that the traffic of
// its hour is to be made again.
func (l *Lake) without(ctx context.Context, f entry, gone removal, seq int64, less coverageSum) (iceberg.DataFile, error) {
	hours, ok := partitionNumber(f.file, firstPartitionID)
	if !ok {
		return nil, fmt.Errorf("%s has no hour; was it written by another tool?", f.path())
	}
	hour := time.Unix(int64(hours)*3600, 0).UTC()
	t := touchOf(f.path(), f.seq)
	p, err := createParquet(filepath.Join(l.tableDir(Flows), "data", "new-"+uuid.NewString()+".parquet"), layouts[Flows].columns)
	if err != nil {
		return nil, err
	}
	sheet := newFlowSheet()
	flush := func() error {
		err := p.write(sheet.sheet)
		sheet.reset()
		return err
	}
	for row, rerr := range newFlowReader().rows(ctx, f.path()) {
		if rerr != nil {
			p.abandon()
			return nil, rerr
		}
		if gone.has(row.Object, row.Bucket) {
			t.see(seq, hour, row.Bucket)
			less.add(periplus.Coverage{Hour: hour, Provider: row.Place.Provider, Account: row.Place.Account,
				Region: row.Place.Region, Network: row.Place.Network, Subnet: row.Place.Subnet,
				Interface: row.Place.Interface, Log: row.Place.Log, Records: -row.Records})
			continue
		}
		sheet.add(row)
		if sheet.rows == groupRows {
			if err := flush(); err != nil {
				p.abandon()
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		p.abandon()
		return nil, err
	}
	return finishFlows(p, l.tableDir(Flows), hour, t)
}
