// Package source finds flow logs and opens them: files, folders, standard
// input, buckets of three clouds. What a path says of an object (account, region, log, time) is read
// from it, so that objects can be left out before they are opened.
package source

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/periplus/periplus/periplus"
)

// Files is the files and folders of a machine, and "-" for standard input.
type Files struct {
	Paths []string
	Stdin io.Reader // for "-"; nil: os.Stdin
}

// Skipped reports whether a file is none of ours without looking inside: what
// systems and tools leave beside logs.
func Skipped(name string) bool {
	base := filepath.Base(name)
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_SUCCESS") || strings.HasSuffix(base, "~")
}

// Objects yields the files below Paths in the order of their URIs. A folder or
// file that may not be read is an error beside its object; the rest goes on.
func (f *Files) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		found := map[string]entry{}
		for _, path := range f.Paths {
			if err := ctx.Err(); err != nil {
				yield(periplus.Object{}, err)
				return
			}
			f.find(path, found)
		}
		uris := make([]string, 0, len(found))
		for uri := range found {
			uris = append(uris, uri)
		}
		slices.Sort(uris)
		for _, uri := range uris {
			e := found[uri]
			if !yield(e.object, e.err) {
				return
			}
		}
	}
}

type entry struct {
	object periplus.Object
	err    error
}

// find adds what lies at path. The same file named twice is found once.
func (f *Files) find(path string, found map[string]entry) {
	if path == "-" {
		found["stdin:"] = entry{object: periplus.Object{URI: "stdin:", Size: -1}}
		return
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		found[path] = entry{periplus.Object{URI: path}, err}
		return
	}
	root := abs
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		root = real // WalkDir does not follow a link that is its root
	}
	_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		uri := FileURI(p)
		if err != nil {
			found[uri] = entry{periplus.Object{URI: uri}, err}
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if p != root && Skipped(p) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := os.Stat(p) // follows links to files
		if err != nil {
			found[uri] = entry{periplus.Object{URI: uri}, err}
			return nil
		}
		if info.IsDir() || (p != root && !info.Mode().IsRegular()) {
			return nil
		}
		found[uri] = entry{object: object(uri, p, info)}
		return nil
	})
}

func object(uri, path string, info fs.FileInfo) periplus.Object {
	o := periplus.Object{URI: uri, Size: info.Size(), ModTime: info.ModTime().UTC()}
	if !info.Mode().IsRegular() {
		o.Size = -1 // a named pipe: what it holds is known when it was read
	}
	// A file has no etag of its own. Inode and times change when it is written
	// anew, also to the same size.
	o.ETag = fmt.Sprintf("%x", info.ModTime().UnixNano())
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		o.ETag += fmt.Sprintf("-%x", st.Ino)
	}
	o.Hint, o.Time, o.Window = Hint(filepath.ToSlash(path))
	return o
}

// FileURI names a path as an object's URI.
func FileURI(path string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	return u.String()
}

// FilePath is the inverse of FileURI.
func FilePath(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return filepath.FromSlash(u.Path), true
}

// Open opens an object of Objects.
func (f *Files) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	if strings.HasPrefix(o.URI, "stdin:") { // a lake adds when it was read
		if f.Stdin != nil {
			return io.NopCloser(f.Stdin), nil
		}
		return io.NopCloser(os.Stdin), nil
	}
	path, ok := FilePath(o.URI)
	if !ok {
		return nil, fmt.Errorf("%s: not a file", o.URI)
	}
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return openPipe(ctx, path)
	}
	return os.Open(path)
}

// openPipe opens a pipe with a name. Opening waits for who writes into it, and
// cannot be called off: where ctx ends first, it is left behind.
func openPipe(ctx context.Context, path string) (io.ReadCloser, error) {
	type opened struct {
		in  *os.File
		err error
	}
	got := make(chan opened, 1)
	go func() {
		in, err := os.Open(path)
		got <- opened{in, err}
	}()
	select {
	case o := <-got:
		if o.err != nil {
			return nil, o.err
		}
		context.AfterFunc(ctx, func() { o.in.Close() }) // ends a read that waits
		return o.in, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
