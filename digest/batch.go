package digest

import (
	"context"
	"net/netip"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// Batch is a set of objects whose evidence is weighed together. Its zero value
// works. Objects are written at once by several goroutines; Settle comes after
// all of them are closed.
type Batch struct {
	// Memory is about how many bytes the batch may hold; 0: 512 MiB. What is
	// more goes to temporary files.
	Memory int64
	// Temp is the folder for them; "": the system's.
	Temp string
	// Known reports whether an end was a server in an earlier batch; nil: none
	// is known. Called from several goroutines.
	Known func(addr netip.Addr, port uint16, protocol uint8) bool
	// Seen reports whether a log entry was read in an earlier batch; nil: none
	// was. Called from several goroutines.
	Seen func(id uint64) bool

	mu      sync.Mutex
	objects []*Object
}

// Object takes the records of one object in. One goroutine at a time.
type Object struct {
	batch *Batch
	id    int64
	recs  []periplus.Record
}

// Object begins an object. It may be called from several goroutines.
func (b *Batch) Object(id int64) *Object {
	o := &Object{batch: b, id: id}
	b.mu.Lock()
	b.objects = append(b.objects, o)
	b.mu.Unlock()
	return o
}

// Write takes records in and keeps nothing of recs but what Record allows.
func (o *Object) Write(recs []periplus.Record) error {
	o.recs = append(o.recs, recs...)
	return nil
}

// Close ends the object.
func (o *Object) Close() error { return nil }

// Settle decides what had to wait for the whole batch.
func (b *Batch) Settle(ctx context.Context) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return naive(b), nil
}
