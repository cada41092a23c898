package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// recover finishes what a writer that died had begun: objects and coverage
// follow flows, and files that no snapshot names go. The caller holds
// writeLock, so there is no other writer whose files they could be.
func (l *Lake) recover(ctx context.Context) error {
	if err := l.dropClaims(); err != nil {
		return err
	}
	if err := l.follow(ctx); err != nil {
		return err
	}
	k, err := l.waitLock(ctx, tidyLock, true, time.Minute)
	if err != nil {
		return err
	}
	defer k.unlock()
	for _, name := range Tables {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return err
		}
		used, err := usedFiles(ctx, tbl, tbl.Metadata().Snapshots())
		if err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		if err := l.dropOrphans(name, used); err != nil {
			return err
		}
	}
	// Another tool may have expired the snapshot; the ledger then still knows.
	known, err := l.Ledger(ctx)
	if err != nil {
		return err
	}
	batches := batchNames(known)
	return errors.Join(l.dropLists(ctx, batches), l.dropWindows(batches))
}

// dropClaims removes what a commit that died left in the metadata folders: the
// Hadoop catalog would wait a minute for a claim to become stale.
func (l *Lake) dropClaims() error {
	for _, name := range Tables {
		dir := filepath.Join(l.tableDir(name), "metadata")
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			n := e.Name()
			// A version has the name vN.metadata.json; a UUID is one being written.
			temp := strings.HasSuffix(n, ".claim") || strings.HasSuffix(n, "-version-hint.temp") ||
				strings.HasSuffix(n, ".metadata.json") && metadataVersion(n) == 0 && strings.Count(n, "-") == 4
			if temp {
				if err := os.Remove(filepath.Join(dir, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
		}
	}
	return nil
}

// usedFiles returns the paths of all files that snapshots are made of: data
// files, manifests and manifest lists.
func usedFiles(ctx context.Context, tbl *table.Table, snapshots []table.Snapshot) (map[string]bool, error) {
	io, err := tbl.FS(ctx)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, s := range snapshots {
		used[localPath(s.ManifestList)] = true
		manifests, err := s.Manifests(io)
		if err != nil {
			return nil, err
		}
		for _, m := range manifests {
			path := localPath(m.FilePath())
			if used[path] {
				continue // most are shared by many snapshots
			}
			used[path] = true
			if err := addEntries(io, m, used); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return used, nil
}

func addEntries(io icebergio.IO, m iceberg.ManifestFile, used map[string]bool) error {
	for e, err := range m.Entries(io, true) {
		if err != nil {
			return err
		}
		used[localPath(e.DataFile().FilePath())] = true
	}
	return nil
}

// dropOrphans removes the files of a table that are not in use. Metadata files
// are Iceberg's own business.
func (l *Lake) dropOrphans(name string, used map[string]bool) error {
	for _, sub := range []string{"data", "metadata"} {
		err := filepath.WalkDir(filepath.Join(l.tableDir(name), sub), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() || used[path] {
				return err
			}
			if sub == "data" || strings.HasSuffix(path, ".avro") {
				return os.Remove(path)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropLists removes the lists of batches that were never committed.
func (l *Lake) dropLists(ctx context.Context, batches map[string]bool) error {
	named, err := l.namedLists(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(l.listsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	roll, err := l.newestRoll()
	if err != nil {
		return err
	}
	for _, e := range entries {
		_, batch, _ := strings.Cut(e.Name(), "-")
		seq, err := listSequence(e.Name())
		if err != nil || named[e.Name()] || batches[batch] && seq > roll {
			continue
		}
		if err := os.RemoveAll(filepath.Join(l.listsDir(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// localPath is a file's name as the system knows it; other tools write
// file:/… and file:///….
func localPath(name string) string {
	rest, ok := strings.CutPrefix(name, "file:")
	if !ok {
		return name
	}
	return "/" + strings.TrimLeft(rest, "/")
}
