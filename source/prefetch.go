package source

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// Prefetch downloads the next objects of a source while the ones before are
// still being read, so that readers need not wait for a store that answers
// slowly. What it holds is bounded by count and by bytes.
type Prefetch struct {
	periplus.Source
	Count int   // objects downloaded or waiting at once; 0: 16
	Bytes int64 // of these together; 0: 64 MiB. A larger object is streamed

	mu    sync.Mutex
	next  []periplus.Object   // expected and not begun, in order
	ready map[string]*arrival // begun, by URI
	held  int64
}

// The usual bounds of a Prefetch.
const (
	PrefetchCount = 16
	PrefetchBytes = 64 << 20
)

// arrival is an object on its way or in memory.
type arrival struct {
	size   int64
	cancel context.CancelFunc
	done   chan struct{}
	body   []byte
	err    error
}

// Expect says which objects will be opened next, in this order, and begins to
// fetch the first. What was expected before and not opened is given up. The
// downloads end with ctx.
func (p *Prefetch) Expect(ctx context.Context, objects []periplus.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for uri, a := range p.ready {
		a.cancel()
		p.drop(uri, a)
	}
	p.next = slices.Clone(objects)
	p.fill(ctx)
}

// fill begins what fits. It stops at the first that does not, so that what is
// opened first is fetched first.
func (p *Prefetch) fill(ctx context.Context) {
	count, limit := p.Count, p.Bytes
	if count == 0 {
		count = PrefetchCount
	}
	if limit == 0 {
		limit = PrefetchBytes
	}
	for len(p.next) > 0 && len(p.ready) < count && ctx.Err() == nil {
		o := p.next[0]
		if o.Size < 0 || o.Size > limit { // Open streams it
			p.next = p.next[1:]
			continue
		}
		if p.held+o.Size > limit {
			return
		}
		p.next = p.next[1:]
		if p.ready == nil {
			p.ready = map[string]*arrival{}
		}
		own, cancel := context.WithCancel(ctx)
		a := &arrival{size: o.Size, cancel: cancel, done: make(chan struct{})}
		p.ready[o.URI] = a
		p.held += a.size
		go a.fetch(own, p.Source, o)
	}
}

func (a *arrival) fetch(ctx context.Context, src periplus.Source, o periplus.Object) {
	defer close(a.done)
	body, err := src.Open(ctx, &o)
	if err != nil {
		a.err = err
		return
	}
	defer body.Close()
	// One byte more than was listed: a body that fits exactly ends without the
	// buffer growing.
	b := bytes.NewBuffer(make([]byte, 0, o.Size+bytes.MinRead))
	_, a.err = b.ReadFrom(body)
	a.body = b.Bytes()
}

// drop forgets an object; mu is held.
func (p *Prefetch) drop(uri string, a *arrival) {
	delete(p.ready, uri)
	p.held -= a.size
}

// Open returns an object that was expected as soon as it is here, another as
// Source opens it.
func (p *Prefetch) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	p.mu.Lock()
	a := p.ready[o.URI]
	if a == nil {
		// Not begun: it is too large, or the ones before fill all there is.
		p.next = slices.DeleteFunc(p.next, func(n periplus.Object) bool { return n.URI == o.URI })
		p.mu.Unlock()
		return p.Source.Open(ctx, o)
	}
	p.mu.Unlock()
	select {
	case <-a.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ready[o.URI] == a {
			a.cancel()
			p.drop(o.URI, a)
			p.fill(ctx)
		}
	}
	if a.err != nil && len(a.body) == 0 {
		done()
		return nil, a.err
	}
	return &arrived{Reader: bytes.NewReader(a.body), a: a, close: done}, nil
}

// arrived reads an object from memory, and its error after what came before it.
type arrived struct {
	*bytes.Reader
	a     *arrival
	close func()
}

func (r *arrived) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && r.a.err != nil {
		err = r.a.err
	}
	return n, err
}

// WriteTo would hide the error behind the bytes.
func (r *arrived) WriteTo(w io.Writer) (int64, error) {
	n, err := r.Reader.WriteTo(w)
	if err == nil {
		err = r.a.err
	}
	return n, err
}

func (r *arrived) Close() error {
	r.close()
	return nil
}
