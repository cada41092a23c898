package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// Rows are rows of flows. The *Flow may be reused for the next row.
type Rows = iter.Seq2[*periplus.Flow, error]

// A Batch is what one commit adds: the rows of a set of objects and what was
// learnt from them.
type Batch struct {
	ID string
	// Flows are the rows in parts, each sorted by hour and then as digest says.
	// Workers goroutines range over different parts at once.
	Flows   []Rows
	Workers int // 0: one
	Objects []periplus.ReadObject
	// Coverage is taken over: Commit puts it in order and tells in it what was late.
	Coverage []periplus.Coverage
	// Windows is what of Coverage is not of rows; nil: nothing.
	Windows iter.Seq2[digest.Window, error]
	Servers []digest.Server
	Owned   []digest.Owned
	Named   []digest.Named
	IDs     []digest.ID
	// Decisions are what firewalls let through.
	Decisions []digest.Decision
	// Kept are objects that hold nothing but what the lake has of them, of which
	// only the ledger learns.
	Kept []periplus.ReadObject
	// Grows says of objects of the batch that were read on where they had been
	// left, of which bucket on their rows go. Of others that the ledger knows
	// already all rows go.
	Grows map[int64]time.Time
}

// What the summary of a snapshot says beside Iceberg's own.
const (
	keyBatch   = "periplus.batch"   // flows: the batch's id
	keyList    = "periplus.list"    // flows: the batch's list, relative to lists/
	keyThrough = "periplus.through" // objects, coverage: the flows sequence they hold
)

// Commit adds a batch in one commit to flows, which decides; objects and
// coverage follow. Whatever happens after that commit, the next Open or Commit
// brings them up to it.
func (l *Lake) Commit(ctx context.Context, b Batch) error {
	return l.change(ctx, func(ctx context.Context) error {
		if err := l.follow(ctx); err != nil { // what a crash left
			return err
		}
		list, err := l.commitFlows(ctx, &b)
		if err != nil {
			return fmt.Errorf("commit batch %s: %w", b.ID, err)
		}
		crash("after flows")
		return l.followKnowing(ctx, inMemory{list: b.Coverage})
	})
}

// commitFlows commits the batch and returns the folder of its list. The batch's
// coverage is then what the list says.
func (l *Lake) commitFlows(ctx context.Context, b *Batch) (list string, err error) {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return "", err
	}
	known, err := l.readBefore(ctx, b.Objects)
	if err != nil {
		return "", err
	}
	seq := tbl.Metadata().LastSequenceNumber() + 1
	gone := removal{}
	for _, o := range b.Objects {
		if old, ok := known[o.URI]; ok && old.Records > 0 {
			gone[o.ID] = b.Grows[o.ID]
		}
	}
	e := edit{l: l, table: Flows}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	less, err := l.removeObjects(ctx, &e, tbl, gone, seq)
	if err != nil {
		return "", err
	}
	files, err := writeFlows(ctx, l.tableDir(Flows), seq, b.Flows, b.Workers)
	e.added(files)
	if err != nil {
		return "", err
	}
	crash("after data files")
	silent, stay, err := l.takeBack(ctx, *b, known)
	if err != nil {
		return "", err
	}
	if b.Coverage, err = l.wholeCoverage(ctx, *b, known, append(less, silent...)); err != nil {
		return "", err
	}
	windows, err := l.keepWindows(*b, stay)
	if err != nil {
		return "", err
	}
	if windows != "" {
		e.paths = append(e.paths, windows)
	}
	if list, err = l.writeList(seq, *b); err != nil {
		return "", err
	}
	e.paths = append(e.paths, list)
	crash("before flows")
	return list, e.commit(ctx, iceberg.Properties{keyBatch: b.ID, keyList: listName(list)})
}

// An edit is a commit being put together.
type edit struct {
	l     *Lake
	table string
	add   []iceberg.DataFile
	drop  []iceberg.DataFile
	paths []string // written for it: what undo removes
	// rewrite: the rows stay the same, as in a compaction.
	rewrite bool
}

func (e *edit) added(files []iceberg.DataFile) {
	e.add = append(e.add, files...)
	for _, f := range files {
		e.paths = append(e.paths, f.FilePath())
	}
}

// undo removes what was written for a commit that will not be.
func (e *edit) undo() {
	for _, p := range e.paths {
		removeAll(p)
	}
}

// commit makes one snapshot of the edit. An edit without files still makes
// one: it is what names the batch.
func (e *edit) commit(ctx context.Context, props iceberg.Properties) error {
	tbl, err := e.l.load(ctx, e.table)
	if err != nil {
		return err
	}
	if _, ok := props[keyThrough]; !ok && (e.table == Objects || e.table == Coverage) {
		props = maps.Clone(props)
		if props == nil {
			props = iceberg.Properties{}
		}
		props[keyThrough] = strconv.FormatInt(through(tbl), 10)
	}
	tx := tbl.NewTransaction()
	switch {
	case e.rewrite:
		r := tx.NewRewrite(props)
		for _, f := range e.drop {
			r.DeleteFile(f)
		}
		for _, f := range e.add {
			r.AddDataFile(f)
		}
		err = r.Commit(ctx)
	case len(e.drop) > 0:
		err = tx.ReplaceDataFilesWithDataFiles(ctx, e.drop, e.add, props, table.WithoutAutoNameMapping())
	case len(e.add) > 0:
		// The names are new: each has its own UUID.
		err = tx.AddDataFiles(ctx, e.add, props, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck())
	default:
		err = tx.AddFiles(ctx, nil, props, false)
	}
	if err == nil {
		err = e.l.toDisk(e.paths...)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", e.table, err)
	}
	e.paths = nil // from here on nobody but the metadata knows whether they are in use
	done, err := tx.Commit(ctx)
	if errors.Is(err, table.ErrCommitFailed) {
		return fmt.Errorf("table %s: %w; run again: %w", e.table, ErrConflict, err)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", e.table, err)
	}
	e.l.committed(e.table, done)
	return e.l.tidy(ctx, e.table)
}

// through is the sequence number of flows up to which a table that follows it
// holds everything.
func through(tbl *table.Table) int64 {
	for s := tbl.CurrentSnapshot(); s != nil; {
		if s.Summary != nil {
			if n, err := strconv.ParseInt(s.Summary.Properties[keyThrough], 10, 64); err == nil {
				return n
			}
		}
		// Another tool's snapshot: what it did to the table kept its rows.
		if s.ParentSnapshotID == nil {
			break
		}
		s = tbl.SnapshotByID(*s.ParentSnapshotID)
	}
	return 0
}
