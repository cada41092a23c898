package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/periplus/periplus/periplus"
)

// ErrOutside says that an object is in none of the sources that were named, or
// is left out of them.
var ErrOutside = errors.New("in none of the sources")

// Holds reports whether an object lies in the bucket, below its prefix.
func (b *Bucket) Holds(uri string) bool {
	key, err := b.key(uri)
	return err == nil && strings.HasPrefix(key, b.prefix)
}

// Find returns an object that somebody else names, such as a message of a
// queue, as Objects lists it. The error is ErrOutside where Objects would not
// list it, and fs.ErrNotExist where it is gone.
func (b *Bucket) Find(ctx context.Context, uri string) (periplus.Object, error) {
	key, err := b.key(uri)
	if err != nil || !strings.HasPrefix(key, b.prefix) || strings.HasSuffix(key, "/") || Skipped(key) {
		return periplus.Object{}, fmt.Errorf("%s: %w", uri, ErrOutside)
	}
	below := folderOf(key[:strings.LastIndexByte(key, '/')+1])
	if !b.may(&below) {
		return periplus.Object{}, fmt.Errorf("%s: %w: its folder is left out", uri, ErrOutside)
	}
	// A listing tells the same etag as Objects does, in every store, and needs
	// no other permission. The first name with a prefix is the prefix itself.
	var page []*blob.ListObject
	err = b.try(ctx, "find "+key, func() (err error) {
		page, _, err = b.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: key})
		return b.explain("list", key, err)
	})
	if err != nil {
		return periplus.Object{}, err
	}
	if len(page) == 0 || page[0].Key != key {
		return periplus.Object{}, fmt.Errorf("%s: %w", uri, fs.ErrNotExist)
	}
	o := b.object(page[0])
	if !b.keeps(&o) {
		return periplus.Object{}, fmt.Errorf("%s: %w: its name is left out", uri, ErrOutside)
	}
	return o, nil
}

// since is the same bucket, of which only what may hold records since t is
// listed. It shares the connection.
func (b *Bucket) since(t time.Time) *Bucket {
	c := *b
	c.From = later(c.From, t)
	return &c
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Holds reports whether a file lies below Paths.
func (f *Files) Holds(uri string) bool {
	path, err := fileAt(uri)
	if err != nil {
		return false
	}
	_, ok := f.below(path)
	return ok
}

// below is a file's name in the first of Paths that it lies in.
func (f *Files) below(path string) (rel string, ok bool) {
	for _, p := range f.Paths {
		if p == "-" {
			continue
		}
		root, err := filepath.Abs(p)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(root); err == nil {
			root = real
		}
		if path == root {
			return "", true // named itself, whatever it is called
		}
		if rel, ok := strings.CutPrefix(path, strings.TrimSuffix(root, string(filepath.Separator))+string(filepath.Separator)); ok {
			return rel, true
		}
	}
	return "", false
}

// fileAt is the path of a file's URI, as it is without links in its folders.
func fileAt(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/") {
		return "", fmt.Errorf("%s: not a file", uri)
	}
	path := filepath.Clean(filepath.FromSlash(u.Path))
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return filepath.Join(dir, filepath.Base(path)), err
}

// Find is as of Bucket.
func (f *Files) Find(_ context.Context, uri string) (periplus.Object, error) {
	path, err := fileAt(uri)
	rel, ok := f.below(path)
	if err != nil || !ok || rel != "" && slices.ContainsFunc(strings.Split(filepath.ToSlash(rel), "/"), Skipped) {
		return periplus.Object{}, fmt.Errorf("%s: %w", uri, ErrOutside)
	}
	info, err := os.Stat(path)
	if err != nil {
		return periplus.Object{}, err
	}
	if info.IsDir() || !info.Mode().IsRegular() {
		return periplus.Object{}, fmt.Errorf("%s: %w: it is no regular file", uri, ErrOutside)
	}
	return object(FileURI(path), path, info), nil
}

// finder is a source in which an object can be found by its URI.
type finder interface {
	Holds(uri string) bool
	Find(ctx context.Context, uri string) (periplus.Object, error)
}

// Holds and Find are as of Filter's Source, where that has them.
func (f *Filter) Holds(uri string) bool {
	s, ok := f.Source.(finder)
	return ok && s.Holds(uri)
}

// Find is said at Holds.
func (f *Filter) Find(ctx context.Context, uri string) (periplus.Object, error) {
	s, ok := f.Source.(finder)
	if !ok {
		return periplus.Object{}, fmt.Errorf("%s: %w", uri, ErrOutside)
	}
	o, err := s.Find(ctx, uri)
	if err == nil && !f.keeps(&o) {
		return periplus.Object{}, fmt.Errorf("%s: %w: its name is left out", uri, ErrOutside)
	}
	return o, err
}

// Holds reports whether an object lies in one of the sources.
func (s *Set) Holds(uri string) bool {
	for _, src := range s.all() {
		switch f := src.(type) {
		case finder:
			if f.Holds(uri) {
				return true
			}
		case remote:
			if f.Owns(uri) {
				return true
			}
		}
	}
	return false
}

// Find is as of Bucket, in the first source that holds the object. Windows of a
// log group cannot be found: nobody names them.
func (s *Set) Find(ctx context.Context, uri string) (periplus.Object, error) {
	err := fmt.Errorf("%s: %w", uri, ErrOutside)
	for _, src := range s.all() {
		f, ok := src.(finder)
		if !ok || !f.Holds(uri) {
			continue
		}
		var o periplus.Object
		if o, err = f.Find(ctx, uri); !errors.Is(err, ErrOutside) {
			return o, err
		}
	}
	return periplus.Object{}, err
}

// Unnamed reports whether the set has a log group, whose windows nobody names.
func (s *Set) Unnamed() bool {
	return slices.ContainsFunc(s.remotes, func(r remote) bool { _, ok := r.(*group); return ok })
}

// Since is the same sources, of which only what may hold records since t is
// listed, as far as the names say it; of log groups the windows that are looked
// at again. It shares the connections of s, which is the one to be closed.
func (s *Set) Since(t time.Time) periplus.Source {
	c := &Set{files: s.files}
	for _, r := range s.remotes {
		switch own := r.(type) {
		case *Bucket:
			r = own.since(t)
		case *group:
			r = own.from(t)
		}
		c.remotes = append(c.remotes, r)
	}
	if f, ok := s.files.(*Filter); ok {
		recent := *f
		recent.From = later(f.From, t)
		c.files = &recent
	}
	return c
}
