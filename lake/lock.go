package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrBusy says that another process works on the lake.
var ErrBusy = errors.New("the lake is in use")

// ErrConflict says that another tool committed to a table meanwhile. Nothing of
// the commit is there; made again it is made on what the other tool left.
var ErrConflict = errors.New("another tool changed it meanwhile")

// The lock files. writeLock is held for one change of tables: whoever holds it
// is the only one with files that no snapshot names yet. ingestLock is held by
// a whole run of ingest, so that two of them never read the same object.
// tidyLock is shared while a reader takes a lease and held alone by who
// deletes files.
const (
	writeLock  = "write.lock"
	ingestLock = "ingest.lock"
	tidyLock   = "tidy.lock"
)

// A flock is a held lock file.
type flock struct {
	f *os.File
	// died: who held it before did not end in order.
	died bool
}

// unlock gives the lock up. Closing the file alone would do; clearing it says
// that all was well.
func (k *flock) unlock() {
	if k != nil && k.f != nil {
		k.f.Truncate(0)
		k.f.Close()
	}
}

// leave gives the lock up and leaves the next holder to put things right.
func (k *flock) leave() { k.f.Close() }

// tryLock takes a lock file of the lake; nil: somebody else holds it. A lock
// that is held alone has the holder's process in it while it is held.
func (l *Lake) tryLock(name string, alone bool) (*flock, error) {
	f, err := os.OpenFile(filepath.Join(l.dir, name), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("lock the lake: %w", err)
	}
	ok, err := tryFlock(f, alone)
	if err != nil || !ok {
		f.Close()
		return nil, err
	}
	k := &flock{f: f}
	if !alone {
		return k, nil
	}
	info, err := f.Stat()
	if err == nil {
		k.died = info.Size() > 0
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the lake: %w", err)
	}
	return k, nil
}

// waitLock waits for a lock file until ctx ends or patience runs out.
func (l *Lake) waitLock(ctx context.Context, name string, alone bool, patience time.Duration) (*flock, error) {
	end := time.Now().Add(patience)
	pause := time.Millisecond
	for {
		k, err := l.tryLock(name, alone)
		if k != nil || err != nil {
			return k, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("%w: process %s holds %s; wait for it to end or use another --lake",
				ErrBusy, l.holder(name), filepath.Join(l.dir, name))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 100*time.Millisecond)
	}
}

func (l *Lake) holder(name string) string {
	b, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil || len(b) == 0 {
		return "?"
	}
	return strings.TrimSpace(string(b))
}

// readOnly reports whether err says that the folder cannot be written, which
// is no reason to refuse reading it.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || isReadOnlyFS(err)
}
