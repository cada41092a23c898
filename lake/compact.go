package lake

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/apache/iceberg-go"

	"github.com/periplus/periplus/periplus"
)

// Compacted is what Compact did.
type Compacted struct {
	Hours         int // hours whose files were merged
	Before, After int // data files of flows and objects that were merged, and into how many
}

// Limits of one commit of a compaction: small, so that a commit of new rows
// never waits long.
const (
	compactHours = 6
	compactFiles = 24 // merged at once: each holds a row group in memory
)

// Compact merges the files of each hour of flows into one, sorted, the files of
// objects, manifests, the lists of batches, and what they tell of windows. What a snapshot in use needs stays where it is: Expire
// removes it when nobody does.
func (l *Lake) Compact(ctx context.Context) (Compacted, error) {
	var c Compacted
	for {
		more := false
		err := l.change(ctx, func(ctx context.Context) error {
			if err := l.follow(ctx); err != nil {
				return err
			}
			var err error
			more, err = l.compactFlows(ctx, &c)
			return err
		})
		if err != nil {
			return c, fmt.Errorf("compact: %w", err)
		}
		if !more {
			break
		}
	}
	err := l.change(ctx, func(ctx context.Context) error { return l.compactObjects(ctx, &c) })
	if err == nil {
		err = l.change(ctx, l.mergeManifests)
	}
	if err == nil {
		err = l.change(ctx, func(ctx context.Context) error {
			if err := l.follow(ctx); err != nil {
				return err
			}
			if err := l.roll(ctx, rollLists); err != nil {
				return err
			}
			return l.mergeWindows(ctx, windowsFiles, windowsRows)
		})
	}
	if err != nil {
		return c, fmt.Errorf("compact: %w", err)
	}
	return c, nil
}

// compactFlows merges the files of a few hours in one commit and reports
// whether there are more.
func (l *Lake) compactFlows(ctx context.Context, c *Compacted) (more bool, err error) {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return false, err
	}
	files, err := l.filesOf(ctx, tbl, tbl.CurrentSnapshot())
	if err != nil {
		return false, err
	}
	hours := map[int32][]entry{}
	for _, f := range files {
		if hour, ok := partitionNumber(f.file, firstPartitionID); ok {
			hours[hour] = append(hours[hour], f)
		}
	}
	var due []int32
	for hour, fs := range hours {
		if len(fs) > 1 {
			due = append(due, hour)
		}
	}
	if len(due) == 0 {
		return false, nil
	}
	slices.Sort(due)
	e := edit{l: l, table: Flows, rewrite: true}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	done := due[:min(len(due), compactHours)]
	for _, hour := range done {
		fs := hours[hour]
		// The smallest first, so that a large one is not written again and again.
		slices.SortFunc(fs, func(a, b entry) int { return cmp.Compare(a.file.Count(), b.file.Count()) })
		if len(fs) > compactFiles {
			fs, more = fs[:compactFiles], true
		} else {
			c.Hours++
		}
		if err := l.mergeFiles(ctx, &e, time.Unix(int64(hour)*3600, 0).UTC(), fs); err != nil {
			return false, err
		}
	}
	c.Before += len(e.drop)
	c.After += len(e.add)
	return more || len(done) < len(due), e.commit(ctx, nil)
}

// mergeFiles merges files of one hour into one.
func (l *Lake) mergeFiles(ctx context.Context, e *edit, hour time.Time, fs []entry) error {
	var t touch
	var paths []string
	for _, f := range fs {
		t = t.max(touchOf(f.path(), f.seq))
		if f.file.Count() > 0 {
			paths = append(paths, f.path())
		}
		e.drop = append(e.drop, f.file)
	}
	w := newFlowWriter(l.tableDir(Flows), 0)
	w.given = &t
	files, err := w.write(ctx, mergeRows(ctx, paths))
	e.added(files)
	if err != nil || len(files) > 0 {
		return err
	}
	// All were files without rows: one stays to tell of the touch.
	p, err := createParquet(w.newName(), layouts[Flows].columns)
	if err != nil {
		return err
	}
	df, err := finishFlows(p, l.tableDir(Flows), hour, t)
	if err != nil {
		return err
	}
	e.added([]iceberg.DataFile{df})
	return nil
}

// A stream is a file that is being merged, at its next row.
type stream struct {
	row  *periplus.Flow
	next func() (*periplus.Flow, error, bool)
	n    int // of the file, so that equal rows keep an order
}

type streams []*stream

func (s streams) Len() int      { return len(s) }
func (s streams) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s streams) Less(i, j int) bool {
	c := compareFlows(s[i].row, s[j].row)
	return c < 0 || c == 0 && s[i].n < s[j].n
}
func (s *streams) Push(x any) { *s = append(*s, x.(*stream)) }
func (s *streams) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}

// mergeRows yields the rows of sorted files of one hour in one order.
func mergeRows(ctx context.Context, paths []string) iter.Seq2[*periplus.Flow, error] {
	return func(yield func(*periplus.Flow, error) bool) {
		var open streams
		fr := newFlowReader()
		for i, path := range paths {
			next, stop := iter.Pull2(fr.rows(ctx, path))
			defer stop()
			row, err, ok := next()
			if err != nil {
				yield(nil, err)
				return
			}
			if ok {
				open = append(open, &stream{row, next, i})
			}
		}
		heap.Init(&open)
		for len(open) > 0 {
			s := open[0]
			if !yield(s.row, nil) {
				return
			}
			row, err, ok := s.next()
			switch {
			case err != nil:
				yield(nil, err)
				return
			case ok:
				s.row = row
				heap.Fix(&open, 0)
			default:
				heap.Pop(&open)
			}
		}
	}
}

// compactObjects merges the files of objects where there are many.
func (l *Lake) compactObjects(ctx context.Context, c *Compacted) (err error) {
	files, err := l.dataFiles(ctx, Objects)
	if err != nil || len(files) < 2 {
		return err
	}
	e := edit{l: l, table: Objects, rewrite: true}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	var rows []periplus.ReadObject
	for _, f := range files {
		some, err := l.ledger.file(ctx, f.path())
		if err != nil {
			return err
		}
		rows = append(rows, some...)
		e.drop = append(e.drop, f.file)
	}
	slices.SortFunc(rows, func(a, b periplus.ReadObject) int { return cmp.Compare(a.URI, b.URI) })
	if err := writeTable(&e, periplus.ObjectFields, rows, nil); err != nil {
		return err
	}
	c.Before += len(e.drop)
	c.After += len(e.add)
	return e.commit(ctx, nil)
}

// mergeManifests makes few manifests of the many that replacing leaves.
func (l *Lake) mergeManifests(ctx context.Context) error {
	for _, name := range []string{Flows, Traffic} {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return err
		}
		tx := tbl.NewTransaction()
		res, err := tx.RewriteManifests(ctx)
		if err != nil {
			return fmt.Errorf("manifests of %s: %w", name, err)
		}
		if res.IsNoOp() {
			continue
		}
		done, err := tx.Commit(ctx)
		if err != nil {
			return fmt.Errorf("manifests of %s: %w", name, err)
		}
		l.committed(name, done)
	}
	return nil
}
