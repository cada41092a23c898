package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ErrReadOnly says that the lake's folder cannot be written. It is an
// fs.ErrPermission for those who do not know lakes.
var ErrReadOnly = fmt.Errorf("the lake is read-only: %w", fs.ErrPermission)

// Mark changes with every commit to flows, whoever makes it. Asking costs one
// stat while there is none.
func (l *Lake) Mark(ctx context.Context) (string, error) {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return "", err
	}
	s := tbl.CurrentSnapshot()
	if s == nil {
		return "0", nil
	}
	return strconv.FormatInt(s.SnapshotID, 10), nil
}

// Writable reports whether this process may write the lake's folder.
func (l *Lake) Writable() bool {
	f, err := os.CreateTemp(l.dir, "probe-")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// Kept returns a small file that lies beside the tables; nil: there is none.
func (l *Lake) Kept(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Keep replaces a small file beside the tables by what change makes of it, as
// the only one among all processes that does: nobody's change is lost, and who
// reads meanwhile sees the file before or after. The error is ErrReadOnly where
// nothing can be written.
func (l *Lake) Keep(ctx context.Context, name string, change func(old []byte) ([]byte, error)) error {
	k, err := l.waitLock(ctx, name+".lock", true, 10*time.Second)
	if err != nil {
		return keepError(err)
	}
	defer k.unlock()
	old, err := l.Kept(name)
	if err != nil {
		return err
	}
	b, err := change(old)
	if err != nil {
		return err
	}
	path := filepath.Join(l.dir, name)
	return keepError(writeWhole(path+".new", path, b))
}

func keepError(err error) error {
	if err != nil && readOnly(err) {
		return fmt.Errorf("%w (%w)", ErrReadOnly, err)
	}
	return err
}

// writeWhole puts b in the place of path, through a file that holds all of it.
func writeWhole(temp, path string, b []byte) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return os.Rename(temp, path)
}
