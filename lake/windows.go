package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// What objects say of windows without records (NODATA, SKIPDATA) is counted in
// coverage and is in no row of flows. To take it back when an object is read
// again it is kept by object, in Parquet files beside the tables. A batch writes
// one under its own name before it is committed, and what a file says of an
// object holds while the ledger names that batch as the last that read it. So a
// commit that never was leaves a file that nobody asks, and what was read again
// needs no deletion. Lakes of versions that kept none have no file for their
// batches: those windows stay counted, and nothing is ever taken back that was
// not kept.

// windowRow is what one batch read.
type windowRow struct {
	batch string
	digest.Window
}

func windowPlace(name string, get func(*periplus.Place) string) periplus.Field[windowRow] {
	return periplus.Field[windowRow]{Name: name, Get: func(w *windowRow) any { return get(w.Place) }}
}

var windowFields = []periplus.Field[windowRow]{
	{Name: "batch", Get: func(w *windowRow) any { return w.batch }},
	{Name: "object", Type: periplus.Bigint, Get: func(w *windowRow) any { return w.Object }},
	{Name: "bucket", Type: periplus.Timestamptz, Get: func(w *windowRow) any { return w.Bucket }},
	windowPlace("provider", func(p *periplus.Place) string { return p.Provider }),
	windowPlace("account", func(p *periplus.Place) string { return p.Account }),
	windowPlace("region", func(p *periplus.Place) string { return p.Region }),
	windowPlace("network", func(p *periplus.Place) string { return p.Network }),
	windowPlace("subnet", func(p *periplus.Place) string { return p.Subnet }),
	windowPlace("interface", func(p *periplus.Place) string { return p.Interface }),
	windowPlace("log", func(p *periplus.Place) string { return p.Log }),
	{Name: "nodata", Type: periplus.Bigint, Get: func(w *windowRow) any { return w.NoData }},
	{Name: "skipdata", Type: periplus.Bigint, Get: func(w *windowRow) any { return w.SkipData }},
}

// places holds each place once.
type places map[periplus.Place]*periplus.Place

func (m places) readWindow(r *record) windowRow {
	p := periplus.Place{Provider: r.text("provider"), Account: r.text("account"), Region: r.text("region"),
		Network: r.text("network"), Subnet: r.text("subnet"), Interface: r.text("interface"), Log: r.text("log")}
	if m[p] == nil {
		m[p] = &p
	}
	return windowRow{r.text("batch"), digest.Window{Object: r.number("object"), Bucket: r.time("bucket"), Place: m[p],
		NoData: r.number("nodata"), SkipData: r.number("skipdata")}}
}

// covered is what windows are in coverage, so many times.
func (w *windowRow) covered(times int64) periplus.Coverage {
	p := w.Place
	return periplus.Coverage{Hour: w.Bucket.Truncate(time.Hour), Provider: p.Provider, Account: p.Account, Region: p.Region,
		Network: p.Network, Subnet: p.Subnet, Interface: p.Interface, Log: p.Log, NoData: times * w.NoData, SkipData: times * w.SkipData}
}

func (l *Lake) windowsDir() string { return filepath.Join(l.dir, "windows") }

// A windowFile is of one batch, or of all from a first to a last one in the
// order of their names.
type windowFile struct{ name, first, last string }

func (f windowFile) merged() bool { return strings.Contains(f.name, mergedMark) }

const (
	windowSuffix = ".parquet"
	mergedMark   = ".." // safeName leaves no dot in a batch's name
)

func windowFileOf(name string) (windowFile, bool) {
	base, ok := strings.CutSuffix(name, windowSuffix)
	first, last, merged := strings.Cut(base, mergedMark)
	if !merged {
		last = first
	}
	return windowFile{name, first, last}, ok
}

// windowFiles are in the order of their first batches.
func (l *Lake) windowFiles() ([]windowFile, error) {
	entries, err := os.ReadDir(l.windowsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []windowFile
	for _, e := range entries {
		if f, ok := windowFileOf(e.Name()); ok {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b windowFile) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last)) })
	return out, nil
}

// writeWindows writes a file, or none where there is nothing to say.
func (l *Lake) writeWindows(name string, rows iter.Seq2[windowRow, error]) (path string, err error) {
	path = filepath.Join(l.windowsDir(), name)
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	cols := columns(windowFields)
	s := newSheet(cols)
	var p *parquetFile
	defer func() {
		if err != nil && p != nil {
			p.abandon()
		}
	}()
	flush := func() error {
		if p == nil {
			if p, err = createParquet(temp, cols); err != nil {
				return err
			}
		}
		err := p.write(s)
		s.reset()
		return err
	}
	for w, rerr := range rows {
		if rerr != nil {
			return "", rerr
		}
		if err := addRow(s, windowFields, &w); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		if s.rows == groupRows {
			if err := flush(); err != nil {
				return "", err
			}
		}
	}
	if p == nil && s.rows == 0 {
		return "", nil
	}
	if err := flush(); err != nil {
		return "", err
	}
	if _, _, err := p.close(); err != nil {
		return "", err
	}
	return path, os.Rename(temp, path)
}

// keepWindows writes what a batch read, and what it leaves as it was of objects
// that were read on.
func (l *Lake) keepWindows(b Batch, left []windowRow) (path string, err error) {
	return l.writeWindows(safeName(b.ID)+windowSuffix, func(yield func(windowRow, error) bool) {
		if b.Windows != nil {
			for w, err := range b.Windows {
				if !yield(windowRow{b.ID, w}, err) {
					return
				}
			}
		}
		for _, w := range left {
			if w.batch = b.ID; !yield(w, nil) {
				return
			}
		}
	})
}

// windowsOf calls f with what was kept of objects, each with the batch that
// read it last.
func (l *Lake) windowsOf(ctx context.Context, objects map[int64]string, f func(windowRow)) error {
	if len(objects) == 0 {
		return nil
	}
	files, err := l.windowFiles()
	if err != nil {
		return err
	}
	// A batch's own file comes before those that were made of many: a crash may
	// leave both.
	slices.SortStableFunc(files, func(a, b windowFile) int {
		switch {
		case a.merged() == b.merged():
			return 0
		case a.merged():
			return 1
		}
		return -1
	})
	left, all := map[int64]string{}, places{}
	for id, batch := range objects {
		left[id] = batch
	}
	for _, file := range files {
		some := map[int64]string{}
		for id, batch := range left {
			if name := safeName(batch); file.first <= name && name <= file.last {
				some[id] = batch
			}
		}
		if len(some) == 0 {
			continue
		}
		path := filepath.Join(l.windowsDir(), file.name)
		err := readBatches(ctx, path, reading{objects: some}, eachRecord(func(r *record) error {
			id := r.number("object")
			if batch, ok := some[id]; ok && r.text("batch") == batch {
				delete(left, id)
				f(all.readWindow(r))
			}
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack tells what coverage has to be lessened by for the windows of objects
// that are read again, and which of them stay: of an object that is read on,
// those before its rows that go.
func (l *Lake) takeBack(ctx context.Context, b Batch, known map[string]periplus.ReadObject) (less []periplus.Coverage, stay []windowRow, err error) {
	last := map[int64]string{}
	for _, o := range known {
		last[o.ID] = o.Batch
	}
	rows := coverageSum{}
	err = l.windowsOf(ctx, last, func(w windowRow) {
		if w.Bucket.Before(b.Grows[w.Object]) {
			stay = append(stay, w)
			return
		}
		rows.add(w.covered(-1))
	})
	return rows.inOrder(), stay, err
}

// dropWindows removes the files of batches that read no object last, and what
// a crash left half written.
func (l *Lake) dropWindows(batches map[string]bool) error {
	entries, err := os.ReadDir(l.windowsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		f, ok := windowFileOf(e.Name())
		if ok && (f.merged() || batches[f.first]) {
			continue
		}
		if err := os.Remove(filepath.Join(l.windowsDir(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Limits of mergeWindows.
const (
	windowsFiles = 48      // files that may lie there before some are made one
	windowsRows  = 1 << 20 // of a file: it is read and sorted in memory
)

// mergeWindows makes few files of many, of neighbours in the order of names,
// and leaves out what does not hold any more. A crash leaves the old ones
// beside the new one, which says the same.
func (l *Lake) mergeWindows(ctx context.Context, above int, most int64) error {
	ledger, err := l.Ledger(ctx)
	if err != nil {
		return err
	}
	last := make(map[int64]string, len(ledger))
	for _, o := range ledger {
		last[o.ID] = o.Batch
	}
	if err := l.dropWindows(batchNames(ledger)); err != nil {
		return err
	}
	files, err := l.windowFiles()
	if err != nil || len(files) <= above {
		return err
	}
	var group []windowFile
	var sum int64
	for i, f := range files {
		n, err := parquetRows(filepath.Join(l.windowsDir(), f.name))
		if err != nil {
			return err
		}
		if len(group) > 0 && sum+n > most {
			if err := l.mergeGroup(ctx, group, last); err != nil {
				return err
			}
			group, sum = nil, 0
		}
		group, sum = append(group, f), sum+n
		if i == len(files)-1 {
			return l.mergeGroup(ctx, group, last)
		}
	}
	return nil
}

func (l *Lake) mergeGroup(ctx context.Context, group []windowFile, last map[int64]string) error {
	if len(group) < 2 {
		return nil
	}
	all, to := places{}, group[0].last
	var rows []windowRow
	from := map[int64]string{} // the file of an object: a crash leaves two, and each has all of it
	for _, f := range group {
		to = max(to, f.last)
		err := readRecords(ctx, filepath.Join(l.windowsDir(), f.name), func(r *record) error {
			id := r.number("object")
			batch := last[id]
			if batch == "" || batch != r.text("batch") {
				return nil
			}
			if from[id] == "" {
				from[id] = f.name
			}
			if from[id] == f.name {
				w := all.readWindow(r)
				w.batch = batch
				rows = append(rows, w)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(rows, func(a, b windowRow) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), a.Bucket.Compare(b.Bucket), comparePlaces(a.Place, b.Place))
	})
	path, err := l.writeWindows(group[0].first+mergedMark+to+windowSuffix, func(yield func(windowRow, error) bool) {
		for _, w := range rows {
			if !yield(w, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	crash("after windows")
	for _, f := range group {
		if old := filepath.Join(l.windowsDir(), f.name); old != path {
			if err := os.Remove(old); err != nil {
				return err
			}
		}
	}
	return nil
}

// comparePlaces orders what is kept of places.
func comparePlaces(a, b *periplus.Place) int {
	return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region),
		cmp.Compare(a.Network, b.Network), cmp.Compare(a.Subnet, b.Subnet), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Log, b.Log))
}

// batchNames are the batches that read an object last, as files have them.
func batchNames(ledger map[string]periplus.ReadObject) map[string]bool {
	out := map[string]bool{}
	for _, o := range ledger {
		out[safeName(o.Batch)] = true
	}
	return out
}
