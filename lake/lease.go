package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// leaseTime is how long a snapshot that was asked for without a pin counts as
// in use.
const leaseTime = 15 * time.Minute

// A pin is a set of snapshots that one question reads.
type pin struct {
	lake      *Lake
	snapshots map[string]*table.Table // by table
	ids       map[string]int64
	// The commit through which the facts were that its reader asked for.
	facts  int64
	learnt bool
}

type pinKey struct{}

// Pin returns a context in which Files, Stale and ReplaceTraffic see the lake
// as it is now, whatever is committed meanwhile, and nothing of it is deleted
// until done is called. Without a pin each of them sees the newest snapshot,
// whose files stay for a quarter of an hour.
func (l *Lake) Pin(ctx context.Context) (pinned context.Context, done func(), err error) {
	p := &pin{lake: l, snapshots: map[string]*table.Table{}, ids: map[string]int64{}}
	release, err := l.hold(ctx, p)
	if err != nil {
		return ctx, func() {}, err
	}
	return context.WithValue(ctx, pinKey{}, p), release, nil
}

// pinned returns the table as ctx's pin has it, or the newest.
func (l *Lake) pinned(ctx context.Context, name string) (*table.Table, error) {
	if p, ok := ctx.Value(pinKey{}).(*pin); ok && p.lake == l {
		return p.snapshots[name], nil
	}
	for {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return nil, err
		}
		leased, err := l.leases.touch(ctx, l, name, tbl)
		if err != nil || leased {
			return tbl, err
		}
	}
}

// A leaseFile names snapshots that its process reads. The process holds its
// lock, so a lease ends with it.
type leaseFile struct {
	Snapshots map[string][]int64 `json:"snapshots"` // by table
}

// hold loads all tables and leases their snapshots.
func (l *Lake) hold(ctx context.Context, p *pin) (release func(), err error) {
	k, err := l.waitLock(ctx, tidyLock, false, time.Minute)
	if err != nil && !readOnly(err) {
		return nil, err
	}
	defer k.unlock()
	lease := leaseFile{Snapshots: map[string][]int64{}}
	for _, name := range Tables {
		tbl, err := l.load(ctx, name)
		if err != nil {
			return nil, err
		}
		p.snapshots[name] = tbl
		if s := tbl.CurrentSnapshot(); s != nil {
			p.ids[name] = s.SnapshotID
			lease.Snapshots[name] = []int64{s.SnapshotID}
		}
	}
	f, err := l.writeLease(lease)
	if err != nil {
		if readOnly(err) {
			return func() {}, nil // who cannot write here cannot say what he reads
		}
		return nil, err
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			os.Remove(f.Name())
			f.Close()
		})
	}, nil
}

func (l *Lake) leasesDir() string { return filepath.Join(l.dir, "leases") }

func (l *Lake) writeLease(lease leaseFile) (*os.File, error) {
	if err := os.MkdirAll(l.leasesDir(), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(l.leasesDir(), uuid.NewString()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if ok, err := tryFlock(f, true); err != nil || !ok {
		f.Close()
		return nil, fmt.Errorf("lease: %w", err)
	}
	return f, rewriteLease(f, lease)
}

func rewriteLease(f *os.File, lease leaseFile) error {
	b, err := json.Marshal(lease)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	return err
}

// leased returns the snapshots that living processes read, by table, and
// removes the leases of dead ones. The caller holds tidyLock alone.
func (l *Lake) leased() (map[string]map[int64]bool, error) {
	out := map[string]map[int64]bool{}
	for _, name := range Tables {
		out[name] = map[int64]bool{}
	}
	entries, err := os.ReadDir(l.leasesDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(l.leasesDir(), e.Name())
		lease, alive, err := readLease(path)
		if err != nil {
			return nil, err
		}
		if !alive {
			os.Remove(path)
			continue
		}
		for name, ids := range lease.Snapshots {
			for _, id := range ids {
				if out[name] != nil {
					out[name][id] = true
				}
			}
		}
	}
	return out, nil
}

func readLease(path string) (lease leaseFile, alive bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return lease, false, nil
	}
	if err != nil {
		return lease, false, err
	}
	defer f.Close()
	free, err := tryFlock(f, false)
	if err != nil || free {
		return lease, false, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return lease, false, nil
		}
		return lease, false, err
	}
	if err := json.Unmarshal(b, &lease); err != nil {
		return lease, false, fmt.Errorf("lease %s: %w", path, err)
	}
	return lease, true, nil
}

// leases is what a Lake reads without a pin: snapshots with the time of the
// last asking, in one lease file.
type leases struct {
	mu   sync.Mutex
	f    *os.File
	used map[string]map[int64]time.Time
	told time.Time // when the file was last written
}

// touch leases the current snapshot of a table for leaseTime; false: it was
// gone before the lease was written.
func (k *leases) touch(ctx context.Context, l *Lake, name string, tbl *table.Table) (bool, error) {
	s := tbl.CurrentSnapshot()
	if s == nil {
		return true, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.used == nil {
		k.used = map[string]map[int64]time.Time{}
	}
	if k.used[name] == nil {
		k.used[name] = map[int64]time.Time{}
	}
	_, known := k.used[name][s.SnapshotID]
	k.used[name][s.SnapshotID] = now
	if known && now.Sub(k.told) < leaseTime/3 {
		return true, nil
	}
	if err := k.tell(ctx, l, now); err != nil {
		return readOnly(err), ignoreReadOnly(err)
	}
	newest, err := l.load(ctx, name)
	if err != nil {
		return false, err
	}
	return newest.SnapshotByID(s.SnapshotID) != nil, nil
}

func ignoreReadOnly(err error) error {
	if readOnly(err) {
		return nil
	}
	return err
}

func (k *leases) tell(ctx context.Context, l *Lake, now time.Time) error {
	lock, err := l.waitLock(ctx, tidyLock, false, time.Minute)
	if err != nil {
		return err
	}
	defer lock.unlock()
	lease := leaseFile{Snapshots: map[string][]int64{}}
	for name, ids := range k.used {
		for id, at := range ids {
			if now.Sub(at) > leaseTime {
				delete(ids, id)
				continue
			}
			lease.Snapshots[name] = append(lease.Snapshots[name], id)
		}
	}
	k.told = now
	if k.f == nil {
		k.f, err = l.writeLease(lease)
		return err
	}
	return rewriteLease(k.f, lease)
}

func (k *leases) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.f != nil {
		os.Remove(k.f.Name())
		k.f.Close()
		k.f = nil
	}
}
