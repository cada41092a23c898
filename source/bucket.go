package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/periplus/periplus/periplus"
)

// Bucket is the objects below a prefix of a bucket: S3, Google Cloud Storage or
// an Azure Blob Storage container. Close it at the end.
type Bucket struct {
	Choice
	// Retried, when set, is told of each try that failed and will be made
	// again. It may be called by several goroutines at once.
	Retried func(what string, err error, wait time.Duration)

	bucket  *blob.Bucket
	scheme  string
	host    string // the bucket or container
	account string // Azure's storage account
	name    string // the URI without its key: "s3://logs/"
	prefix  string
	lists   chan struct{} // a token for each listing that may run at once
}

// listsAtOnce is how many list requests run at the same time.
const listsAtOnce = 8

// schemes are the stores, and how each is opened. What follows "?" in an
// address goes to the store: docs/sources.md names it.
var schemes = map[string]func(context.Context, *url.URL) (*blob.Bucket, error){
	"s3":     openS3,
	"gs":     openGS,
	"azblob": openAzure,
}

// IsBucket reports whether an address names a bucket.
func IsBucket(address string) bool {
	scheme, _, ok := strings.Cut(address, "://")
	return ok && schemes[scheme] != nil
}

// OpenBucket opens an address such as s3://bucket/prefix?region=eu-west-1 with
// the credentials that the cloud's own tools would use. Nothing is asked of the
// store before Objects.
func OpenBucket(ctx context.Context, address string, c Choice) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	open := schemes[u.Scheme]
	if open == nil || u.Host == "" {
		return nil, fmt.Errorf("%s is no bucket: use s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or azblob://CONTAINER/PREFIX", address)
	}
	b := &Bucket{Choice: c, scheme: u.Scheme, host: u.Host, account: u.Query().Get("storage_account"), name: u.Scheme + "://" + u.Host + "/", prefix: strings.TrimPrefix(u.Path, "/"),
		lists: make(chan struct{}, listsAtOnce)}
	if b.bucket, err = open(ctx, u); err != nil {
		return nil, fmt.Errorf("%s: %w", b.name, err)
	}
	return b, nil
}

// Close ends the connection.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Name is where the URIs of its objects begin.
func (b *Bucket) Name() string { return b.uri(b.prefix) }

// Owns reports whether a URI is of an object of the bucket.
func (b *Bucket) Owns(uri string) bool { return strings.HasPrefix(uri, b.name) }

// Objects yields the objects below the prefix that may hold what is chosen. It
// lists only the folders that can, for every layout that a cloud writes.
func (b *Bucket) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listings that run ahead
		w := walk{b: b, ctx: ctx, yield: func(o *blob.ListObject, err error) bool {
			if err != nil {
				return yield(periplus.Object{URI: b.name + b.prefix}, err)
			}
			if strings.HasSuffix(o.Key, "/") || Skipped(o.Key) {
				return true
			}
			object := b.object(o)
			return !b.keeps(&object) || yield(object, nil)
		}}
		w.folder(b.prefix, 0, nil)
	}
}

func (b *Bucket) object(o *blob.ListObject) periplus.Object {
	x := periplus.Object{URI: b.uri(o.Key), Size: o.Size, ETag: etag(o), ModTime: o.ModTime.UTC()}
	x.Hint, x.Time, x.Window = Hint("/" + o.Key)
	return x
}

func (b *Bucket) uri(key string) string { return b.name + (&url.URL{Path: key}).EscapedPath() }

// key is the inverse of uri.
func (b *Bucket) key(uri string) (string, error) {
	rest, ok := strings.CutPrefix(uri, b.name)
	if !ok {
		return "", fmt.Errorf("%s: not in %s", uri, b.name)
	}
	return url.PathUnescape(rest)
}

// Open opens an object. A download that breaks goes on where it broke, as long
// as the object is the same.
func (b *Bucket) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	key, err := b.key(o.URI)
	if err != nil {
		return nil, err
	}
	r := &download{ctx: ctx, b: b, key: key, etag: o.ETag}
	return r, r.open()
}

// OpenPart opens n bytes of an object from a place on.
func (b *Bucket) OpenPart(ctx context.Context, o *periplus.Object, from, n int64) (io.ReadCloser, error) {
	key, err := b.key(o.URI)
	if err != nil {
		return nil, err
	}
	var r *blob.Reader
	err = b.try(ctx, "read "+key, func() (err error) {
		r, err = b.bucket.NewRangeReader(ctx, key, from, n, nil)
		return b.explain("read", key, err)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// download is an object's bytes.
type download struct {
	ctx  context.Context
	b    *Bucket
	key  string
	etag string // as it was listed; "": not known
	at   int64
	body io.ReadCloser
	lost int // times in a row that the body broke without a byte
}

func (d *download) open() error {
	return d.b.try(d.ctx, "read "+d.key, func() error {
		if d.at > 0 && d.etag != "" { // the rest must be of the same object
			a, err := d.b.bucket.Attributes(d.ctx, d.key)
			if err != nil {
				return d.b.explain("read", d.key, err)
			}
			if bare(a.ETag) != bare(d.etag) {
				return fmt.Errorf("%s: it was written anew while it was read; the next run reads it", d.b.uri(d.key))
			}
		}
		r, err := d.b.bucket.NewRangeReader(d.ctx, d.key, d.at, -1, nil)
		if err != nil {
			return d.b.explain("read", d.key, err)
		}
		d.body = r
		return nil
	})
}

func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		d.at += int64(n)
		if n > 0 {
			d.lost = 0
			return n, eof(err)
		}
		if err == nil || err == io.EOF || d.ctx.Err() != nil {
			return n, err
		}
		if d.lost++; d.lost >= tries {
			return n, d.b.explain("read", d.key, err)
		}
		d.body.Close() // it is broken already
		if err := d.open(); err != nil {
			return n, err
		}
	}
}

// eof keeps the end, and leaves an error behind bytes to the next Read.
func eof(err error) error {
	if err == io.EOF {
		return err
	}
	return nil
}

func (d *download) Close() error {
	if d.body == nil {
		return nil
	}
	return d.body.Close()
}

// explain says what to do about an error of the store.
func (b *Bucket) explain(act, key string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if refused(err) {
		return b.refusal(act, key, err)
	}
	do := ""
	switch code := gcerrors.Code(err); {
	case code == gcerrors.NotFound && act == "read":
		do = "; it was deleted since it was listed"
	case code == gcerrors.NotFound:
		do = "; check the bucket's name and region"
	}
	return fmt.Errorf("%s: %w%s", b.uri(key), err, do)
}
