package source

import (
	"context"

	"gocloud.dev/blob"
)

// walk lists a bucket in the order of its keys. It leaves out the folders that
// cannot hold what is chosen, and asks for the next folders while the caller
// is still busy with one.
type walk struct {
	b     *Bucket
	ctx   context.Context
	yield func(*blob.ListObject, error) bool
}

// deepest is how many levels of folders that no cloud's layout knows are
// looked at one by one; what is deeper is listed in one go.
const deepest = 4

// listing is a list request that runs, page by page.
type listing struct {
	pages chan []*blob.ListObject
	err   error // once pages is closed
}

// list starts to list a prefix: all below it, or one level of folders.
func (w *walk) list(prefix string, flat bool) *listing {
	l := &listing{pages: make(chan []*blob.ListObject, 1)}
	opt := &blob.ListOptions{Prefix: prefix}
	if !flat {
		opt.Delimiter = "/"
	}
	go func() {
		defer close(l.pages)
		for token := blob.FirstPageToken; token != nil; {
			var page []*blob.ListObject
			w.b.lists <- struct{}{}
			l.err = w.b.try(w.ctx, "list "+prefix, func() (err error) {
				var next []byte
				if page, next, err = w.b.bucket.ListPage(w.ctx, token, 1000, opt); err != nil {
					return w.b.explain("list", prefix, err)
				}
				token = next
				return nil
			})
			<-w.b.lists
			if l.err != nil {
				return
			}
			select {
			case l.pages <- page:
			case <-w.ctx.Done():
				l.err = w.ctx.Err()
				return
			}
		}
	}()
	return l
}

// flat reports whether a folder is listed with all that lies below it.
func (w *walk) flat(f *folder, depth int) bool {
	return w.b.settled(f) || !f.known && depth >= deepest
}

// folder yields what lies below a prefix and reports whether to go on. begun is
// its listing if it runs already.
func (w *walk) folder(prefix string, depth int, begun *listing) bool {
	f := folderOf(prefix)
	if begun == nil {
		begun = w.list(prefix, w.flat(&f, depth))
	}
	for page := range begun.pages {
		folders := w.chosen(page)
		ahead := make([]*listing, len(folders))
		next := 0
		for _, o := range page {
			if !o.IsDir {
				if !w.yield(o, nil) {
					return false
				}
				continue
			}
			if next == len(folders) || folders[next] != o {
				continue // left out
			}
			for i := next; i < min(next+listsAtOnce, len(folders)); i++ {
				if ahead[i] == nil {
					below := folderOf(folders[i].Key)
					ahead[i] = w.list(folders[i].Key, w.flat(&below, depth+1))
				}
			}
			if !w.folder(o.Key, depth+1, ahead[next]) {
				return false
			}
			next++
		}
	}
	if w.ctx.Err() != nil {
		return false
	}
	return begun.err == nil || w.yield(nil, begun.err)
}

// chosen are the folders of a page that may hold what is wanted.
func (w *walk) chosen(page []*blob.ListObject) []*blob.ListObject {
	var out []*blob.ListObject
	for _, o := range page {
		if o.IsDir {
			if f := folderOf(o.Key); w.b.may(&f) {
				out = append(out, o)
			}
		}
	}
	return out
}
