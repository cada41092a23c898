package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// Dropped is files that somebody handed over: they have a name, often with the
// folders that a cloud made, but no place where they stay. So they are known by
// their content: one that comes again is not read again, whatever it is called
// now. Only a blob that Azure makes longer by the minute is known by its name.
type Dropped struct {
	Files []DroppedFile
	// Known is what was read before, by URI.
	Known map[string]periplus.ReadObject
	// Repeats counts the files of which Files holds another copy, after Objects.
	Repeats int64

	byURI map[string]*DroppedFile
}

// DroppedFile is one of them.
type DroppedFile struct {
	Name string // relative, with slashes
	Size int64
	Sum  [32]byte // SHA-256 of its bytes
	Open func() (io.ReadCloser, error)
}

// Objects yields the files in the order of their URIs.
func (d *Dropped) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		bySum, byName := d.known()
		d.byURI, d.Repeats = map[string]*DroppedFile{}, 0
		here := map[[32]byte]bool{}
		var list []periplus.Object
		for i := range d.Files {
			f := &d.Files[i]
			if slices.ContainsFunc(strings.Split(f.Name, "/"), Skipped) {
				continue
			}
			if here[f.Sum] {
				d.Repeats++
				continue
			}
			here[f.Sum] = true
			o := f.object()
			if old, ok := bySum[hex.EncodeToString(f.Sum[:])]; ok {
				o.URI = old
			}
			for _, old := range byName[nameSize{path.Base(f.Name), f.Size}] {
				if f.same(old.URI) { // it was read where it lies
					o.URI, o.ETag = old.URI, old.ETag
					break
				}
			}
			if old, ok := d.Known[o.URI]; ok && old.State != periplus.ObjectFailed && old.Size > f.Size {
				o.Size, o.ETag = old.Size, old.ETag // an earlier state of a blob that has grown
			}
			if other, ok := d.byURI[o.URI]; ok {
				d.Repeats++
				if other.Size >= f.Size {
					continue
				}
				list = slices.DeleteFunc(list, func(x periplus.Object) bool { return x.URI == o.URI })
			}
			d.byURI[o.URI] = f
			list = append(list, o)
		}
		slices.SortFunc(list, func(a, b periplus.Object) int { return strings.Compare(a.URI, b.URI) })
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

type nameSize struct {
	name string
	size int64
}

// known sorts what was read before: what was dropped by its content, what lies
// on this machine by name and size.
func (d *Dropped) known() (bySum map[string]string, byName map[nameSize][]periplus.ReadObject) {
	bySum, byName = map[string]string{}, map[nameSize][]periplus.ReadObject{}
	for uri, o := range d.Known {
		switch {
		case o.State == periplus.ObjectFailed:
		case strings.HasPrefix(uri, "drop:"):
			bySum[o.ETag] = uri
		default:
			if p, ok := FilePath(uri); ok {
				k := nameSize{path.Base(p), o.Size}
				byName[k] = append(byName[k], o)
			}
		}
	}
	return bySum, byName
}

// object names a file: by its content and its name, for people.
func (f *DroppedFile) object() periplus.Object {
	o := periplus.Object{Size: f.Size, ETag: hex.EncodeToString(f.Sum[:])}
	o.Hint, o.Time, o.Window = Hint("/" + f.Name)
	for _, key := range []string{"flowLogResourceID=", "resourceId="} {
		if i := strings.Index(f.Name, key); i >= 0 {
			o.URI = "drop:" + escaped(f.Name[i:])
			return o
		}
	}
	o.URI = "drop:" + o.ETag[:16] + "/" + escaped(f.Name)
	return o
}

func escaped(name string) string { return (&url.URL{Path: name}).EscapedPath() }

// same reports whether a file that was read by its path still holds what f does.
func (f *DroppedFile) same(uri string) bool {
	p, _ := FilePath(uri)
	sum, err := sumOf(p, f.Size)
	return err == nil && sum == f.Sum
}

// Open opens an object of Objects.
func (d *Dropped) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	f := d.byURI[o.URI]
	if f == nil {
		return nil, fmt.Errorf("%s: %w", o.URI, fs.ErrNotExist)
	}
	return f.Open()
}

func sumOf(file string, size int64) (sum [32]byte, err error) {
	in, err := os.Open(file)
	if err != nil {
		return sum, err
	}
	defer in.Close()
	h := sha256.New()
	if n, err := io.Copy(h, io.LimitReader(in, size+1)); err != nil || n != size {
		return sum, cmp.Or(err, io.ErrUnexpectedEOF)
	}
	h.Sum(sum[:0])
	return sum, nil
}
