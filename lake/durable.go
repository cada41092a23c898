package lake

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"

	icebergio "github.com/apache/iceberg-go/io"
	"golang.org/x/sync/errgroup"
)

// What a commit names is on the disk before the commit is there, and the commit
// before anybody hears of it: a queue's message that was taken, a delivery that
// was answered and an object that is not read again survive that the machine
// loses its power.

// keyFleeting, among the catalog's properties, says that nothing waits for the
// disk.
const keyFleeting = "periplus.fleeting"

// useOwnFiles makes the Iceberg library write with durableFiles.
var useOwnFiles = sync.OnceFunc(func() {
	for _, scheme := range []string{"file", ""} {
		icebergio.Unregister(scheme)
		icebergio.Register(scheme, func(_ context.Context, _ *url.URL, props map[string]string) (icebergio.IO, error) {
			if props[keyFleeting] != "" {
				return icebergio.LocalFS{}, nil
			}
			return durableFiles{}, nil
		})
	}
})

// durableFiles are files that are on the disk when they are closed, and names
// that are there when they were given.
type durableFiles struct{ icebergio.LocalFS }

type durableFile struct{ *os.File }

func (f durableFile) Close() error {
	return errors.Join(flushed(f.File), f.File.Close())
}

func (d durableFiles) Create(name string) (icebergio.FileWriter, error) {
	path := localPath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return durableFile{f}, nil
}

func (d durableFiles) WriteFile(name string, content []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

func (d durableFiles) Rename(from, to string) error {
	if err := d.LocalFS.Rename(from, to); err != nil {
		return err
	}
	return flushDir(filepath.Dir(localPath(to)))
}

func (d durableFiles) RenameNoReplace(from, to string) error {
	if err := d.LocalFS.RenameNoReplace(from, to); err != nil {
		return err
	}
	return flushDir(filepath.Dir(localPath(to)))
}

// flushes is how many files wait for the disk at once.
const flushes = 8

// toDisk returns when files, and all that is in folders, are on the disk under
// their names.
func (l *Lake) toDisk(paths ...string) error {
	if l.fleeting {
		return nil
	}
	dirs := map[string]bool{}
	var g errgroup.Group
	g.SetLimit(flushes)
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.IsDir() {
				dirs[path] = true
				return nil
			}
			g.Go(func() error { return flushFile(path) })
			return nil
		})
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		for dir := filepath.Dir(path); len(dir) >= len(l.dir) && !dirs[dir]; dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	err := g.Wait()
	for dir := range dirs {
		err = errors.Join(err, flushDir(dir))
	}
	return err
}

func flushFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(flushed(f), f.Close())
}

// flushDir makes sure that a folder's names are on the disk. Windows has no way
// to ask for it, nor have some file systems of networks.
func flushDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err = flushed(f); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// onFlush is for tests: it is told what is on the disk now.
var onFlush func(path string)

func flushed(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if onFlush != nil {
		onFlush(f.Name())
	}
	return nil
}

var _ io.ReaderFrom = durableFile{} // what Iceberg asks of a writer
