package lake

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/periplus/periplus/periplus"
)

// follow brings objects and coverage up to flows. It does nothing but two
// comparisons when they are.
func (l *Lake) follow(ctx context.Context) error { return l.followKnowing(ctx, nil) }

// inMemory is the coverage of lists, by folder, that need not be read for it.
type inMemory map[string]covered

func (l *Lake) followKnowing(ctx context.Context, known inMemory) error {
	flows, err := l.load(ctx, Flows)
	if err != nil {
		return err
	}
	for _, name := range []string{Objects, Coverage} {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return err
		}
		have, want := through(tbl), flows.Metadata().LastSequenceNumber()
		if have == want {
			continue
		}
		var dirs []string
		for _, s := range sortedSnapshots(flows) {
			if s.SequenceNumber > have && s.Summary != nil && s.Summary.Properties[keyList] != "" {
				dirs = append(dirs, filepath.Join(l.listsDir(), s.Summary.Properties[keyList]))
			}
		}
		if len(dirs) == 0 {
			continue // compactions and the like
		}
		if name == Objects {
			err = l.addObjects(ctx, dirs, want)
		} else {
			err = l.addCoverage(ctx, dirs, known, want)
		}
		if err != nil {
			return err
		}
		crash("after " + name)
	}
	return nil
}

// sortedSnapshots returns a table's snapshots in the order of their commits.
func sortedSnapshots(tbl *table.Table) []table.Snapshot {
	return slices.SortedFunc(slices.Values(tbl.Metadata().Snapshots()), func(a, b table.Snapshot) int {
		return cmp.Compare(a.SequenceNumber, b.SequenceNumber)
	})
}

func throughProps(seq int64) iceberg.Properties {
	return iceberg.Properties{keyThrough: strconv.FormatInt(seq, 10)}
}

// listedObjects returns the objects of lists; a later row of an object
// replaces an earlier one.
func listedObjects(ctx context.Context, dirs []string) (map[int64]periplus.ReadObject, error) {
	out := map[int64]periplus.ReadObject{}
	for _, dir := range dirs {
		rows, err := readListed(ctx, dir, "objects", readObject)
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			out[o.ID] = o
		}
	}
	return out, nil
}

// addObjects adds the objects of lists to the table.
func (l *Lake) addObjects(ctx context.Context, dirs []string, seq int64) (err error) {
	fresh, err := listedObjects(ctx, dirs)
	if err != nil {
		return err
	}
	e := edit{l: l, table: Objects}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	files, err := l.dataFiles(ctx, Objects)
	if err != nil {
		return err
	}
	var keep []periplus.ReadObject // of files that lose some
	for _, f := range files {
		rows, err := l.ledger.file(ctx, f.path())
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(rows, func(o periplus.ReadObject) bool { _, ok := fresh[o.ID]; return ok }) {
			continue
		}
		e.drop = append(e.drop, f.file)
		for _, o := range rows {
			if _, ok := fresh[o.ID]; !ok {
				keep = append(keep, o)
			}
		}
	}
	if err := writeObjects(&e, fresh, keep); err != nil {
		return err
	}
	return e.commit(ctx, throughProps(seq))
}

func writeObjects(e *edit, fresh map[int64]periplus.ReadObject, keep []periplus.ReadObject) error {
	for _, o := range fresh {
		keep = append(keep, o)
	}
	slices.SortFunc(keep, func(a, b periplus.ReadObject) int { return cmp.Compare(a.URI, b.URI) })
	return writeTable(e, periplus.ObjectFields, keep, nil)
}

// writeTable adds rows to an edit as one data file.
func writeTable[T any](e *edit, fields []periplus.Field[T], rows []T, parts map[int]any) error {
	if len(rows) == 0 {
		return nil
	}
	path := filepath.Join(e.l.tableDir(e.table), "data", uuid.NewString()+".parquet")
	p, err := writeRows(path, fields, rows)
	if err != nil {
		return err
	}
	df, err := p.finish(layouts[e.table], parts)
	if err != nil {
		return err
	}
	e.added([]iceberg.DataFile{df})
	return nil
}

// listedCoverage adds up the coverage of lists. It takes what is known over.
func listedCoverage(ctx context.Context, dirs []string, known inMemory) (coverageDays, error) {
	days := coverageDays{}
	for _, dir := range dirs {
		if rows, ok := known[dir]; ok {
			days.add(rows)
			continue
		}
		rows, err := readListed(ctx, dir, "coverage", readCoverage)
		if err != nil {
			return nil, err
		}
		days.add(covered(rows).inOrder())
	}
	return days, nil
}

// addCoverage adds the coverage of lists: one row an hour and log stays one
// row, so the days that they touch are written anew.
func (l *Lake) addCoverage(ctx context.Context, dirs []string, known inMemory, seq int64) (err error) {
	days, err := listedCoverage(ctx, dirs, known)
	if err != nil {
		return err
	}
	e := edit{l: l, table: Coverage}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	files, err := l.dataFiles(ctx, Coverage)
	if err != nil {
		return err
	}
	for _, f := range files {
		day, ok := partitionNumber(f.file, firstPartitionID)
		if !ok || days[day] == nil {
			continue
		}
		e.drop = append(e.drop, f.file)
		var rows covered
		err := readRecords(ctx, f.path(), func(r *record) error {
			rows = append(rows, readCoverage(r))
			return nil
		})
		if err != nil {
			return err
		}
		days[day] = days[day].plus(rows.inOrder())
	}
	if err := writeCoverage(&e, days); err != nil {
		return err
	}
	return e.commit(ctx, throughProps(seq))
}

func writeCoverage(e *edit, days coverageDays) error {
	for day, rows := range days {
		// What told of records that were read anew is no more.
		rows = slices.DeleteFunc(rows, func(c periplus.Coverage) bool {
			return c.Records == 0 && c.NoData == 0 && c.SkipData == 0 && c.Late == 0 && c.Bad == 0
		})
		err := writeTable(e, periplus.CoverageFields, rows, map[int]any{firstPartitionID: iceberg.Date(day)})
		if err != nil {
			return err
		}
	}
	return nil
}

func dayOf(t time.Time) int32 { return int32(t.Unix() / 86400) }

// partitionNumber is a partition value as a number, whatever type the reader
// of manifests made of it.
func partitionNumber(f iceberg.DataFile, id int) (int32, bool) {
	switch v := f.Partition()[id].(type) {
	case int32:
		return v, true
	case int64:
		return int32(v), true
	case int:
		return int32(v), true
	case iceberg.Date:
		return int32(v), true
	}
	return 0, false
}
