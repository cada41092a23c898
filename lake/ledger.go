package lake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// ObjectID is the id of an object for good: a hash of its URI, above 0.
func ObjectID(uri string) int64 {
	sum := sha256.Sum256([]byte(uri))
	return max(1, int64(binary.BigEndian.Uint64(sum[:8])&math.MaxInt64))
}

// ledgerCache keeps the rows of the data files of objects: they never change.
type ledgerCache struct {
	mu    sync.Mutex
	files map[string][]periplus.ReadObject
}

func (c *ledgerCache) file(ctx context.Context, path string) ([]periplus.ReadObject, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rows, ok := c.files[path]; ok {
		return rows, nil
	}
	var rows []periplus.ReadObject
	err := readRecords(ctx, path, func(r *record) error {
		rows = append(rows, readObject(r))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.files == nil {
		c.files = map[string][]periplus.ReadObject{}
	}
	c.files[path] = rows
	return rows, nil
}

// only forgets all files but those in use.
func (c *ledgerCache) only(used map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.files, func(path string, _ []periplus.ReadObject) bool { return !used[path] })
}

// Ledger returns the objects that were read, by URI. The map is the caller's.
func (l *Lake) Ledger(ctx context.Context) (map[string]periplus.ReadObject, error) {
	files, err := l.dataFiles(ctx, Objects)
	if err != nil {
		return nil, err
	}
	out := map[string]periplus.ReadObject{}
	used := map[string]bool{}
	for _, f := range files {
		used[f.path()] = true
		rows, err := l.ledger.file(ctx, f.path())
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			out[o.URI] = o
		}
	}
	l.ledger.only(used)
	return out, nil
}

// readBefore returns what the ledger says of objects, by URI, without making a
// map of all that it holds.
func (l *Lake) readBefore(ctx context.Context, objects []periplus.ReadObject) (map[string]periplus.ReadObject, error) {
	ids := make(map[int64]bool, len(objects))
	for _, o := range objects {
		ids[o.ID] = true
	}
	files, err := l.dataFiles(ctx, Objects)
	if err != nil {
		return nil, err
	}
	out := map[string]periplus.ReadObject{}
	for _, f := range files {
		rows, err := l.ledger.file(ctx, f.path())
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if ids[rows[i].ID] {
				out[rows[i].URI] = rows[i]
			}
		}
	}
	return out, nil
}
