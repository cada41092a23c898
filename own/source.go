package own

import (
	"context"
	"io"
	"iter"
	"net"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Source is a source whose requests are in the book: from the first byte of an
// object to the last.
func (b *Book) Source(src periplus.Source) periplus.Source { return &traced{src, b} }

type traced struct {
	periplus.Source
	book *Book
}

func (t *traced) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return t.Source.Objects(t.book.Trace(ctx))
}

func (t *traced) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	r := &body{book: t.book}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		r.mu.Lock()
		r.conn = i.Conn
		r.mu.Unlock()
		t.book.used(i.Conn)
	}})
	in, err := t.Source.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	r.ReadCloser = in
	return r, nil
}

// body is an object on its way.
type body struct {
	io.ReadCloser
	book *Book
	said time.Time

	mu   sync.Mutex // guards conn: a download goes on with another when one breaks
	conn net.Conn   // that the last request got
}

// Read says now and then that the connection is used.
func (r *body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if now := r.book.now(); err != nil || now.Sub(r.said) > time.Second {
		r.said = now
		r.use()
	}
	return n, err
}

func (r *body) Close() error {
	r.use()
	return r.ReadCloser.Close()
}

func (r *body) use() {
	r.mu.Lock()
	c := r.conn
	r.mu.Unlock()
	if c != nil {
		r.book.used(c)
	}
}
