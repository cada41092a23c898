package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// Ingest reads a source into a lake: only what is new, and every object once.
type Ingest struct {
	Lake    *Lake
	Source  periplus.Source
	Workers int   // objects read at once; 0: one a core
	Memory  int64 // what a batch may hold; 0: as digest.Batch says
	Temp    string
	Options format.Options // for every object; Object is filled in
	// Exclude, when set, moves the records that are to be left out behind the
	// others and returns how many others there are. Several goroutines call it.
	Exclude func(recs []periplus.Record) int
	// Wait says to wait for another process that reads into the lake, as long
	// as ctx lasts. Without it Run returns ErrBusy.
	Wait bool
	// Defer lets what only the ledger would learn (an object that holds nothing, or
	// nothing new) wait for the next commit that adds rows: who follows a source
	// looks at such objects again and again. What is lost of it with the process
	// is looked at once more.
	Defer bool
	// Conversations says to count them for the summary, which takes up to 64 MiB.
	Conversations bool
	// Progress, when set, is called by one goroutine at a time, often.
	Progress func(Progress)
	// Now is the time that objects are marked with; nil: time.Now.
	Now func() time.Time

	// A batch, which is one commit, ends with the object that reaches one of
	// these, so it depends on the list of objects alone.
	BatchBytes   int64 // as stored; 0: 1 GiB
	BatchObjects int   // 0: 4096

	recall recall
}

// Progress is how far an ingest has come.
type Progress struct {
	Objects, Bytes int64 // listed that are to be read, so far
	Done           int64 // objects read
	DoneBytes      int64
	Records        int64
	Bad            map[periplus.BadKind]int64 // lines of the objects read; not to be changed
	Stage          string                     // read, settle, write
	URI            string                     // of the object read last
}

const (
	batchBytes   = 1 << 30
	batchObjects = 4096
	unsized      = 4 << 20 // what an object whose size nobody knows is taken for
	readRecs     = 256     // records read at once: as many as stay in the cache
)

// Run reads what is new. A bad object never stops it; the error is of the lake,
// the temporary files or ctx. The summary is right in every case and tells
// only of what was committed. Run may be called again, also with another
// Source, by one goroutine at a time: what it knows of the lake it keeps for
// the next call, as long as nobody else commits.
func (in *Ingest) Run(ctx context.Context) (*Summary, error) {
	sum := &Summary{}
	k, err := in.lock(ctx)
	if err != nil {
		return sum, err
	}
	defer k.unlock()
	// A commit that a crash cut short is finished before the ledger is asked.
	if err := in.Lake.change(ctx, in.Lake.follow); err != nil {
		return sum, err
	}
	if err := in.Lake.tidyGrowths(); err != nil {
		return sum, err
	}
	if err := in.recall.refresh(ctx, in.Lake); err != nil {
		return sum, err
	}
	r := &run{Ingest: in, sum: sum, lessons: &in.recall.lessons}
	if in.Conversations {
		r.seen = &distinct{}
	}
	if err := r.all(ctx); err != nil {
		in.recall.forget()
		return sum, err
	}
	return sum, nil
}

// lock makes sure that no other run reads the same objects.
func (in *Ingest) lock(ctx context.Context) (*flock, error) {
	if in.Wait {
		return in.Lake.waitLock(ctx, ingestLock, true, math.MaxInt64)
	}
	k, err := in.Lake.tryLock(ingestLock, true)
	if k == nil && err == nil {
		err = fmt.Errorf("%w: process %s is reading logs into %s; wait for it to end or use another --lake",
			ErrBusy, in.Lake.holder(ingestLock), in.Lake.dir)
	}
	return k, err
}

// A run is one call of Ingest.Run.
type run struct {
	*Ingest
	sum     *Summary
	lessons *lessons
	seen    *distinct // conversations; nil: nobody asks for them

	mu       sync.Mutex // guards progress
	progress Progress
	records  atomic.Int64
}

func (r *run) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

// all lists the source and reads it batch by batch.
func (r *run) all(ctx context.Context) error {
	maxBytes, maxObjects := r.BatchBytes, r.BatchObjects
	if maxBytes == 0 {
		maxBytes = batchBytes
	}
	if maxObjects == 0 {
		maxObjects = batchObjects
	}
	var batch []*task
	var bytes int64
	listed := map[string]bool{}
	for o, err := range r.Source.Objects(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.sum.fail(o.URI, err)
			continue
		}
		if o.URI == "stdin:" {
			// A stream has no name of its own: each is an object for itself.
			o.URI += r.now().Format(time.RFC3339Nano)
		}
		if listed[o.URI] {
			continue
		}
		listed[o.URI] = true
		r.sum.Listed++
		o.ETag = strings.ToValidUTF8(o.ETag, "\uFFFD") // as the ledger keeps it
		old, known := r.recall.object(o.URI)
		if known && same(old, o) {
			r.sum.Skipped++
			continue
		}
		t := &task{object: o, id: ObjectID(o.URI), old: old, known: known}
		t.grown = r.left(t)
		if known && old.State == periplus.ObjectRead && r.Exclude == nil { // see mayGrow
			t.object.Held = old.ETag
		}
		batch = append(batch, t)
		if o.Size < 0 {
			bytes += unsized
		}
		bytes += max(0, o.Size)
		r.tell(func(p *Progress) { p.Objects++; p.Bytes += max(0, o.Size); p.Stage = "read" })
		if bytes >= maxBytes || len(batch) >= maxObjects {
			if err := r.batch(ctx, batch); err != nil {
				return err
			}
			batch, bytes = nil, 0
		}
	}
	if len(batch) == 0 {
		return ctx.Err()
	}
	return r.batch(ctx, batch)
}

// same reports whether an object was read as it is now. What could not be read
// is tried again. What stands behind a space was found when it was opened.
func same(old periplus.ReadObject, o periplus.Object) bool {
	return old.State != periplus.ObjectFailed && old.Size == o.Size &&
		(old.ETag == o.ETag || o.ETag != "" && strings.HasPrefix(old.ETag, o.ETag+" ")) && (o.Size >= 0 || o.ETag != "")
}

func (r *run) tell(f func(*Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.progress)
	r.progress.Records = r.records.Load()
	if r.Progress != nil {
		r.Progress(r.progress)
	}
}

// A task is one object of a batch and what came of it.
type task struct {
	object periplus.Object
	id     int64
	old    periplus.ReadObject
	known  bool

	format string
	state  periplus.ObjectState
	stats  periplus.Stats
	err    error // why it failed or ended early
	held   bool  // it holds nothing but what was read before
	lost   bool  // its source did not give it, or not to its end

	grown *growth   // where it was left; nil: it is read whole
	next  *growth   // where it is left now; nil: nowhere
	first time.Time // of a grown one's records
	last  time.Time
}

// batch reads a set of objects and commits them.
func (r *run) batch(ctx context.Context, tasks []*task) (err error) {
	gone := map[int64]bool{}
	for _, t := range tasks {
		if t.known {
			gone[t.id] = true
		}
	}
	r.expect(ctx, tasks)
	b := &digest.Batch{Memory: r.Memory, Temp: r.Temp, Known: r.lessons.known, Seen: r.lessons.seen(gone), Decided: r.lessons.decided(gone)}
	if len(r.lessons.servers) == 0 {
		b.Known = nil // it would be asked twice a record
	}
	if err := r.read(ctx, b, tasks); err != nil {
		return err
	}
	r.tell(func(p *Progress) { p.Stage = "settle" })
	res, err := b.Settle(ctx)
	if err != nil {
		return fmt.Errorf("settle a batch: %w", err)
	}
	defer func() { err = errors.Join(err, res.Close()) }()
	r.tell(func(p *Progress) { p.Stage = "write" })

	part := &Summary{} // is added when the batch is committed
	batch := Batch{ID: batchID(tasks, r.now()), Coverage: res.Coverage, Windows: res.Windows, Servers: res.Servers, Owned: res.Owned,
		Named: res.Named, IDs: res.IDs, Decisions: res.Decisions}
	changed := false
	for _, t := range tasks {
		entered, err := r.enter(t, res.Spans[t.id], part, &batch)
		if err != nil {
			return err
		}
		if !entered {
			delete(gone, t.id)
		}
		changed = changed || entered
	}
	if !changed && !r.recall.due(r.Defer) {
		r.sum.add(part)
		return nil
	}
	batch.Kept = r.recall.waiting(batch.Objects)
	for _, rows := range res.Hours {
		batch.Flows = append(batch.Flows, part.count(rows, r.seen))
	}
	batch.Workers = r.writers()
	part.coverage(res)
	if err := r.Lake.Commit(ctx, batch); err != nil {
		return err
	}
	r.sum.add(part)
	r.lessons.learn(res, gone)
	return r.recall.committed(ctx, r.Lake, batch.Objects)
}

// expect tells the source which objects will be opened, from their beginning.
func (r *run) expect(ctx context.Context, tasks []*task) {
	p, ok := r.Source.(periplus.Expecter)
	if !ok {
		return
	}
	objects := make([]periplus.Object, 0, len(tasks))
	for _, t := range tasks {
		if t.grown == nil {
			objects = append(objects, t.object)
		}
	}
	p.Expect(ctx, objects)
}

// enter puts an object that was read into the batch and its summary. False: what
// the lake holds of it stays.
func (r *run) enter(t *task, span digest.Span, part *Summary, batch *Batch) (bool, error) {
	o := r.readObject(t, span)
	if t.held {
		o = t.old
		o.ETag = t.object.ETag
	}
	if t.held || r.Defer && t.empty() {
		part.Skipped++
		r.recall.later(o)
		return false, nil
	}
	o.Batch = batch.ID
	part.object(t, o)
	if o.Records == 0 && span.Windows == 0 && t.stays() {
		return false, nil
	}
	batch.Objects = append(batch.Objects, o)
	if t.grown != nil {
		if batch.Grows == nil {
			batch.Grows = map[int64]time.Time{}
		}
		batch.Grows[t.id] = t.grown.Point.After
	}
	return true, r.leave(t, batch.ID)
}

// empty reports whether an object held nothing, and never has.
func (t *task) empty() bool {
	return t.state == periplus.ObjectRead && t.format == "" && t.old.Format == ""
}

// stays reports whether what came before of an object that gave nothing stays as
// it is, and the ledger, by which it is read again: its source did not give it,
// or it was not to be read before either.
func (t *task) stays() bool {
	return t.known && t.state == periplus.ObjectFailed && (t.lost || t.old.State == periplus.ObjectFailed)
}

// writeMemory is about what a goroutine that writes rows holds: two row groups
// before and one after they are encoded, beside the runs it merges.
const writeMemory = 128 << 20

// writers is how many hours are written at once. They are written while the
// digest still holds its rows.
func (r *run) writers() int {
	memory := r.Memory
	if memory <= 0 {
		memory = writeMemory * 4
	}
	return int(max(1, min(memory/2/writeMemory, int64(runtime.GOMAXPROCS(0)))))
}

// batchID names a batch by its objects and the time: no other has its name.
func batchID(tasks []*task, now time.Time) string {
	h := sha256.New()
	for _, t := range tasks {
		fmt.Fprintf(h, "%s\n%d\n%s\n", t.object.URI, t.object.Size, t.object.ETag)
	}
	return now.Format("20060102T150405.000000") + "-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// readObject is the ledger's row of an object.
func (r *run) readObject(t *task, s digest.Span) periplus.ReadObject {
	o := periplus.ReadObject{ID: t.id, URI: t.object.URI, Size: t.object.Size, ETag: t.object.ETag,
		Format: t.format, State: t.state, Cursor: max(0, t.object.Size), Records: s.Records,
		Bad: t.stats.Bad, FirstSeen: s.First, LastSeen: s.Last, ReadAt: r.now()}
	if t.next != nil {
		o.Cursor = t.next.Point.Offset
	}
	if t.grown != nil {
		t.whole(&o)
	}
	return o
}

// read reads the objects of a batch, a few at once.
func (r *run) read(ctx context.Context, b *digest.Batch, tasks []*task) error {
	workers := r.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	g, ctx := errgroup.WithContext(ctx)
	next := make(chan *task)
	g.Go(func() error {
		defer close(next)
		for _, t := range tasks {
			select {
			case next <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range workers {
		g.Go(func() error {
			recs, shared := make([]periplus.Record, readRecs), new(format.Shared)
			for t := range next {
				if err := r.one(ctx, b, t, recs, shared); err != nil {
					return err
				}
				r.tell(func(p *Progress) {
					p.Done++
					p.DoneBytes += max(0, t.object.Size)
					p.URI = t.object.URI
					if len(t.stats.Bad) > 0 {
						p.Bad = added(p.Bad, t.stats.Bad)
					}
				})
			}
			return nil
		})
	}
	return g.Wait()
}

// added is a sum of its own: who was told of a keeps it.
func added(a, b map[periplus.BadKind]int64) map[periplus.BadKind]int64 {
	sum := make(map[periplus.BadKind]int64, len(a)+len(b))
	maps.Copy(sum, a)
	for k, n := range b {
		sum[k] += n
	}
	return sum
}

// one reads an object. Its own trouble is kept in the task; the error is of
// the digest or of ctx.
func (r *run) one(ctx context.Context, b *digest.Batch, t *task, recs []periplus.Record, shared *format.Shared) (err error) {
	if t.grown != nil {
		if done, err := r.goOn(ctx, b, t, recs); done || err != nil {
			return err
		}
		t.grown = nil // it is no continuation of what was read
	}
	o := b.Object(t.id)
	defer func() { err = errors.Join(err, o.Close()) }()
	stored, oerr := r.Source.Open(ctx, &t.object)
	if t.held = t.object.Held != "" && errors.Is(oerr, periplus.ErrHeld); t.held {
		return ctx.Err()
	}
	if oerr != nil {
		t.state, t.err, t.lost = periplus.ObjectFailed, oerr, true
		return ctx.Err()
	}
	defer stored.Close()
	in := &body{Reader: stored}
	opt := r.Options
	opt.Object, opt.Shared, opt.Grows = &t.object, shared, r.mayGrow(&t.object)
	opened, oerr := format.Open(in, opt)
	if in.err == nil && errors.Is(oerr, format.ErrEmpty) {
		t.state = periplus.ObjectRead
		return ctx.Err()
	}
	if oerr != nil {
		t.state, t.err, t.lost = periplus.ObjectFailed, oerr, in.err != nil
		return ctx.Err()
	}
	t.format, t.state = opened.Format.Name, periplus.ObjectRead
	for {
		n, rerr := opened.Reader.Read(recs)
		if r.Exclude != nil {
			n = r.Exclude(recs[:n])
		}
		if n > 0 {
			if err := o.Write(recs[:n]); err != nil {
				return err
			}
			r.records.Add(int64(n))
		}
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		if rerr != nil {
			t.end(opened.Reader, rerr, in.err)
			if opt.Grows && opened.Plain && t.err == nil {
				return r.note(ctx, t, opened.Reader)
			}
			return nil
		}
	}
}
