package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Expired is what Expire removed.
type Expired struct {
	Snapshots, Files int
	Bytes            int64
}

// Expire forgets the snapshots that are older than keep and removes the files
// that only they were made of. The newest snapshot of each table stays, and so
// does every one that a reader holds (see Pin). What the rows of flows were
// read from stays known.
func (l *Lake) Expire(ctx context.Context, keep time.Duration) (Expired, error) {
	var x Expired
	err := l.change(ctx, func(ctx context.Context) error {
		if err := l.follow(ctx); err != nil { // objects and coverage first
			return err
		}
		return l.expire(ctx, keep, &x, Tables)
	})
	if err != nil {
		return x, fmt.Errorf("expire: %w", err)
	}
	return x, nil
}

func (l *Lake) expire(ctx context.Context, keep time.Duration, x *Expired, names []string) error {
	k, err := l.waitLock(ctx, tidyLock, true, time.Minute)
	if err != nil {
		return err
	}
	defer k.unlock()
	leased, err := l.leased()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := l.expireTable(ctx, name, time.Now().Add(-keep), leased[name], x); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return nil
}

func (l *Lake) expireTable(ctx context.Context, name string, before time.Time, leased map[int64]bool, x *Expired) error {
	tbl, err := l.load(ctx, name)
	if err != nil {
		return err
	}
	kept := map[int64]bool{}
	for _, ref := range tbl.Metadata().Refs() { // branches and tags of other tools too
		kept[ref.SnapshotID] = true
	}
	var gone []table.Snapshot
	var ids []int64
	var stay []table.Snapshot
	for _, s := range tbl.Metadata().Snapshots() {
		if kept[s.SnapshotID] || leased[s.SnapshotID] || !time.UnixMilli(s.TimestampMs).Before(before) {
			stay = append(stay, s)
			continue
		}
		gone = append(gone, s)
		ids = append(ids, s.SnapshotID)
	}
	if len(gone) == 0 {
		return nil
	}
	if name == Flows {
		if err := l.keepLists(gone); err != nil {
			return err
		}
	}
	unused, err := usedFiles(ctx, tbl, gone)
	if err != nil {
		return err
	}
	used, err := usedFiles(ctx, tbl, stay)
	if err != nil {
		return err
	}
	crash("before expire")
	reqs := []table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID())}
	if s := tbl.CurrentSnapshot(); s != nil {
		reqs = append(reqs, table.AssertRefSnapshotID(table.MainBranch, &s.SnapshotID))
	}
	if _, _, err := l.cat.CommitTable(ctx, tbl.Identifier(), reqs, []table.Update{table.NewRemoveSnapshotsUpdate(ids, false)}); err != nil {
		return err
	}
	crash("after expire")
	x.Snapshots += len(gone)
	for path := range unused {
		if used[path] {
			continue
		}
		info, err := os.Stat(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil {
			x.Files++
			x.Bytes += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// keepLists marks the lists of snapshots that are about to expire.
func (l *Lake) keepLists(snapshots []table.Snapshot) error {
	for _, s := range snapshots {
		if s.Summary == nil || s.Summary.Properties[keyList] == "" {
			continue
		}
		path := filepath.Join(l.listsDir(), s.Summary.Properties[keyList], keptFile)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a roll stands for it
		}
		if err != nil {
			return fmt.Errorf("the list of a snapshot: %w", err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// A table's metadata names every snapshot and is written anew by every commit.
const (
	maxSnapshots = 200
	minKeep      = time.Hour // what the lake keeps by itself
)

// tidy keeps the number of a table's snapshots in bounds, so that a commit
// stays cheap after thousands. The caller holds writeLock.
func (l *Lake) tidy(ctx context.Context, name string) error {
	tbl, err := l.load(ctx, name)
	if err != nil || len(tbl.Metadata().Snapshots()) < maxSnapshots {
		return err
	}
	oldest := time.Now().Add(-minKeep)
	n := 0
	for _, s := range tbl.Metadata().Snapshots() {
		if time.UnixMilli(s.TimestampMs).Before(oldest) {
			n++
		}
	}
	if n < maxSnapshots/4 { // not at every commit
		return nil
	}
	var x Expired
	return l.expire(ctx, minKeep, &x, []string{name})
}
