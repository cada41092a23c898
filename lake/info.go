package lake

import (
	"context"
	"encoding/binary"
	"time"
)

// Info is what a lake holds.
type Info struct {
	Dir    string
	Tables []TableInfo
	Lists  int // batches committed
}

// TableInfo is what a table holds.
type TableInfo struct {
	Name        string
	Snapshots   int
	Files       int
	Rows, Bytes int64
	Manifests   int
	First, Last time.Time // of its time column, by the bounds of its files
	Changed     time.Time // of the newest snapshot
	Location    string
}

// Info tells what the lake holds.
func (l *Lake) Info(ctx context.Context) (*Info, error) {
	info := &Info{Dir: l.dir}
	for _, name := range Tables {
		t, err := l.tableInfo(ctx, name)
		if err != nil {
			return nil, err
		}
		info.Tables = append(info.Tables, t)
	}
	dirs, err := l.lists(ctx)
	if err != nil {
		return nil, err
	}
	info.Lists = len(dirs)
	return info, nil
}

func (l *Lake) tableInfo(ctx context.Context, name string) (TableInfo, error) {
	tbl, err := l.pinned(ctx, name)
	if err != nil {
		return TableInfo{}, err
	}
	t := TableInfo{Name: name, Snapshots: len(tbl.Metadata().Snapshots()), Location: tbl.Location()}
	s := tbl.CurrentSnapshot()
	if s == nil {
		return t, nil
	}
	t.Changed = time.UnixMilli(s.TimestampMs).UTC()
	io, err := tbl.FS(ctx)
	if err != nil {
		return t, err
	}
	manifests, err := s.Manifests(io)
	if err != nil {
		return t, err
	}
	t.Manifests = len(manifests)
	files, err := l.filesOf(ctx, tbl, s)
	if err != nil {
		return t, err
	}
	id := 0
	if col := timeColumns[name]; col != "" {
		id = layouts[name].column(col).id
	}
	for _, f := range files {
		t.Files++
		t.Rows += f.file.Count()
		t.Bytes += f.file.FileSizeBytes()
		lo, hi := f.file.LowerBoundValues()[id], f.file.UpperBoundValues()[id]
		if len(lo) == 8 && len(hi) == 8 {
			t.First, t.Last = span(t.First, t.Last, boundTime(lo), boundTime(hi))
		}
	}
	return t, nil
}

func boundTime(b []byte) time.Time {
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b))).UTC()
}
