package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/periplus/periplus/periplus"
)

var errOutside = errors.New("outside")

// bucket is a store in memory that can fail.
type bucket struct {
	prefix string

	mu     sync.Mutex
	text   map[string]string
	hidden map[string]bool // not listed, only found
	fail   map[string]int  // how often an object cannot be opened
	down   error           // of everything
	gone   error           // what Missing says
	listed []time.Time     // the times that Since was asked for
}

func (b *bucket) put(uri, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.text == nil {
		b.text, b.hidden, b.fail = map[string]string{}, map[string]bool{}, map[string]int{}
	}
	b.text[uri] = text
}

func object(uri, text string) periplus.Object {
	return periplus.Object{URI: uri, Size: int64(len(text)), ETag: fmt.Sprint(len(text), text[:min(len(text), 200)]), ModTime: time.Now().Add(-time.Minute)}
}

func (b *bucket) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		b.mu.Lock()
		down, text, hidden := b.down, maps.Clone(b.text), maps.Clone(b.hidden)
		b.mu.Unlock()
		if down != nil {
			yield(periplus.Object{URI: b.prefix}, down)
			return
		}
		for _, uri := range slices.Sorted(maps.Keys(text)) {
			if !hidden[uri] && !yield(object(uri, text[uri]), nil) {
				return
			}
		}
	}
}

func (b *bucket) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down != nil {
		return nil, b.down
	}
	if b.fail[o.URI] > 0 {
		b.fail[o.URI]--
		return nil, errors.New("503 Slow Down")
	}
	return io.NopCloser(strings.NewReader(b.text[o.URI])), nil
}

func (b *bucket) Since(t time.Time) periplus.Source {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listed = append(b.listed, t)
	return b
}

func (b *bucket) Missing(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone
}

func (b *bucket) Holds(uri string) bool { return strings.HasPrefix(uri, b.prefix) }

func (b *bucket) Find(_ context.Context, uri string) (periplus.Object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, ok := b.text[uri]
	switch {
	case b.down != nil:
		return periplus.Object{}, b.down
	case strings.HasSuffix(uri, ".txt"):
		return periplus.Object{}, errOutside
	case !ok:
		return periplus.Object{}, fs.ErrNotExist
	}
	return object(uri, text), nil
}

// post is a queue in memory: what is neither acknowledged nor given back comes
// again when somebody asks for it.
type post struct {
	mu     sync.Mutex
	id     int
	out    map[int]*periplus.Notice // delivered
	next   chan *periplus.Notice
	acked  map[int]int
	opened int
	closed int
	broken chan struct{} // closed: the connection is lost
}

func newPost() *post {
	return &post{out: map[int]*periplus.Notice{}, next: make(chan *periplus.Notice, 1000), acked: map[int]int{}, broken: make(chan struct{})}
}

func (p *post) send(n periplus.Notice) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id++
	id := p.id
	n.ID = fmt.Sprint(id)
	n.Ack = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.acked[id]++
		delete(p.out, id)
	}
	n.Back = func() { p.next <- &n }
	p.next <- &n
	return id
}

func (p *post) uris(uris ...string) int { return p.send(periplus.Notice{URIs: uris}) }

// again delivers all that was not settled.
func (p *post) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range p.out {
		delete(p.out, id)
		p.next <- n
	}
}

func (p *post) done(id int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked[id] > 0
}

func (p *post) open(context.Context) (Queue, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	if p.opened == 1 {
		return nil, errors.New("connection refused")
	}
	return p, nil
}

func (p *post) Receive(ctx context.Context) (*periplus.Notice, error) {
	p.mu.Lock()
	broken := p.broken
	p.mu.Unlock()
	select {
	case n := <-p.next:
		p.mu.Lock()
		defer p.mu.Unlock()
		var id int
		fmt.Sscan(n.ID, &id)
		p.out[id] = n
		return n, nil
	case <-broken:
		return nil, errors.New("connection lost")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *post) Close(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed++
	return nil
}
