package lake

import (
	"context"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// entry is a live data file with the sequence number of the commit that added
// it.
type entry struct {
	file iceberg.DataFile
	seq  int64
}

func (e entry) path() string { return localPath(e.file.FilePath()) }

// dataFiles returns the live data files of a table's newest snapshot.
func (l *Lake) dataFiles(ctx context.Context, name string) ([]entry, error) {
	tbl, err := l.load(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.filesOf(ctx, tbl, tbl.CurrentSnapshot())
}

// filesOf returns the live data files of a snapshot. Its manifests never
// change, so what was read of them is kept.
func (l *Lake) filesOf(ctx context.Context, tbl *table.Table, s *table.Snapshot) ([]entry, error) {
	if s == nil {
		return nil, nil
	}
	io, err := tbl.FS(ctx)
	if err != nil {
		return nil, err
	}
	manifests, err := s.Manifests(io)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, m := range manifests {
		if m.ManifestContent() != iceberg.ManifestContentData {
			if m.HasAddedFiles() || m.HasExistingFiles() {
				return nil, errDeletes(tbl)
			}
			continue
		}
		some, known := l.entries.get(m.FilePath())
		if !known {
			some = []entry{}
			for e, err := range m.Entries(io, true) {
				if err != nil {
					return nil, err
				}
				some = append(some, entry{e.DataFile(), e.SequenceNum()})
			}
			l.entries.put(m.FilePath(), some)
		}
		out = append(out, some...)
	}
	return out, ctx.Err()
}

// maxEntries is how many data files an entryCache knows, some 2 KiB each.
const maxEntries = 20_000

// entryCache keeps the live entries of manifests by path.
type entryCache struct {
	mu        sync.Mutex
	manifests map[string][]entry
	n         int
}

func (c *entryCache) get(path string) ([]entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	es, ok := c.manifests[path]
	return es, ok
}

func (c *entryCache) put(path string, es []entry) {
	if len(es) > maxEntries/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manifests == nil || c.n+len(es) > maxEntries {
		c.manifests, c.n = map[string][]entry{}, 0 // begin anew: most are of old snapshots
	}
	c.manifests[path] = es
	c.n += len(es)
}
