package lake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// An object that is written on, such as an hour of Azure's flow logs, is read
// on where it was left, so that reading it every minute does not cost its
// length every time. What then stands in the lake is, row by row, what reading
// it whole would give: rows are for buckets of five minutes, so those of the
// last buckets go and are made again from the records that follow a checkpoint
// of the reader, which remembers what it has to know of the records before.
// Where that cannot be sure to hold, the object is read whole.

// growth is where an object was left, kept in a file beside the tables. It is
// good for the ledger's row of the same batch only: a commit that never was
// leaves one that nobody takes.
type growth struct {
	Batch  string
	Size   int64
	ETag   string
	Format string
	Point  format.Checkpoint
	Tail   [sha256.Size]byte // of the text from lap before Point.Offset to Point.End
	Pieces string            // the store's pieces before Point.Offset; "": it tells of none
}

const (
	growingDir = "growing"
	// growsFor is for how long after its last change an object may be written
	// on.
	growsFor = 2 * time.Hour
	// growthLap is how much text before the checkpoint has to be the same.
	growthLap = 4 << 10
	// maxGrowth is how much is read on; more is read as a whole object is.
	maxGrowth = 64 << 20
)

func (l *Lake) growthPath(id int64) string {
	return filepath.Join(l.dir, growingDir, fmt.Sprintf("%016x", id))
}

// tidyGrowths forgets objects that are written on no more.
func (l *Lake) tidyGrowths() error {
	dir := filepath.Join(l.dir, growingDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < 2*growsFor {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// mayGrow reports whether an object may be written on. What was left out of
// the part before depends on when it was read, so then it is read whole.
func (r *run) mayGrow(o *periplus.Object) bool {
	if r.Exclude != nil {
		return false
	}
	_, ok := r.Source.(periplus.OffsetOpener)
	return ok && o.Size >= 0 && o.ETag != "" && !o.ModTime.IsZero() && r.now().Sub(o.ModTime) < growsFor
}

// left is where an object was left that may go on from there; nil: it is read
// whole.
func (r *run) left(t *task) *growth {
	if !t.known || t.old.State != periplus.ObjectRead || t.old.Records == 0 || !r.mayGrow(&t.object) {
		return nil
	}
	b, err := os.ReadFile(r.Lake.growthPath(t.id))
	if err != nil {
		return nil // there is none, or whatever: whole is always right
	}
	g := &growth{}
	if gob.NewDecoder(bytes.NewReader(b)).Decode(g) != nil {
		return nil
	}
	if g.Batch != t.old.Batch || g.Size != t.old.Size || g.ETag != t.old.ETag || g.Format != t.old.Format ||
		t.object.Size < g.Point.End || t.object.Size-g.Point.Offset > maxGrowth {
		return nil
	}
	return g
}

// leave keeps where an object was left, for the ledger's row of a batch.
func (r *run) leave(t *task, batch string) error {
	if t.next == nil {
		return nil
	}
	t.next.Batch = batch
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(t.next); err != nil {
		return err
	}
	path := r.Lake.growthPath(t.id)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", b.Bytes(), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// note keeps where an object was left that was read whole: a part of it is
// asked for once more, to know it again.
func (r *run) note(ctx context.Context, t *task, reader periplus.Reader) error {
	c := checkpoint(reader)
	if c == nil {
		return nil
	}
	lap := min(growthLap, c.Offset)
	text, err := r.from(ctx, t, c.Offset-lap, c.End)
	if err != nil {
		return ctx.Err() // it is read whole the next time
	}
	return r.remember(ctx, t, c, text)
}

func checkpoint(r periplus.Reader) *format.Checkpoint {
	if g, ok := r.(format.Resumer); ok {
		return g.Checkpoint()
	}
	return nil
}

// from reads an object's text from an offset to another, or to its end.
func (r *run) from(ctx context.Context, t *task, offset, end int64) ([]byte, error) {
	src, ok := r.Source.(periplus.OffsetOpener)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	in, err := src.OpenAt(ctx, &t.object, offset)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	most := int64(maxGrowth + growthLap + 1)
	if end > 0 {
		most = end - offset
	}
	text, err := io.ReadAll(io.LimitReader(in, most))
	switch {
	case err != nil:
		return nil, err
	case end > 0 && int64(len(text)) < most:
		return nil, io.ErrUnexpectedEOF
	case end == 0 && int64(len(text)) == most:
		return nil, fmt.Errorf("%s: it has grown by more than %d MiB", t.object.URI, maxGrowth>>20)
	}
	return text, nil
}

// remember sets where an object is left. text begins growthLap before the
// checkpoint, or at the object's start.
func (r *run) remember(ctx context.Context, t *task, c *format.Checkpoint, text []byte) error {
	src, ok := r.Source.(periplus.OffsetOpener)
	if !ok {
		return nil
	}
	pieces, err := src.Pieces(ctx, &t.object)
	if err != nil {
		return ctx.Err()
	}
	lap := min(growthLap, c.Offset)
	t.next = &growth{Size: t.object.Size, ETag: t.object.ETag, Format: t.format, Point: *c,
		Tail: sha256.Sum256(text[:lap+c.End-c.Offset]), Pieces: piecesMark(pieces, c.Offset)}
	return nil
}

// piecesMark names the pieces that lie before an offset.
func piecesMark(pieces []periplus.Piece, offset int64) string {
	h := sha256.New()
	end, n := int64(0), 0
	for _, p := range pieces {
		if end += p.Size; end > offset {
			break
		}
		n++
		fmt.Fprintf(h, "%q %d\n", p.Name, p.Size)
	}
	if n == 0 {
		return ""
	}
	return string(h.Sum(nil))
}

// goOn reads an object where it was left. It reports false, and has done
// nothing, if the object is not what was read with more behind it, or if what
// is new belongs to buckets whose rows would stay.
func (r *run) goOn(ctx context.Context, b *digest.Batch, t *task, recs []periplus.Record) (done bool, err error) {
	c := &t.grown.Point
	lap := min(growthLap, c.Offset)
	text, err := r.from(ctx, t, c.Offset-lap, 0)
	if err != nil {
		return false, ctx.Err()
	}
	known := lap + c.End - c.Offset
	if int64(len(text)) < known || sha256.Sum256(text[:known]) != t.grown.Tail {
		return false, nil
	}
	pieces, err := r.Source.(periplus.OffsetOpener).Pieces(ctx, &t.object)
	if err != nil {
		return false, ctx.Err()
	}
	if t.grown.Pieces != "" && piecesMark(pieces, c.Offset) != t.grown.Pieces {
		return false, nil
	}
	next, ok := r.lookOn(ctx, t, text[lap:], recs)
	if !ok {
		return false, ctx.Err()
	}
	reader, err := r.open(t, text[lap:])
	if err != nil {
		return false, nil
	}
	t.format, t.state = t.grown.Format, periplus.ObjectRead
	if err := r.feed(ctx, b, t, reader, recs); err != nil {
		return false, err
	}
	t.stats = *reader.Stats()
	// text begins lap before the old checkpoint, the new one lies behind it.
	newLap := min(growthLap, next.Offset)
	t.next = &growth{Size: t.object.Size, ETag: t.object.ETag, Format: t.format, Point: *next,
		Tail:   sha256.Sum256(text[lap+next.Offset-c.Offset-newLap : lap+next.End-c.Offset]),
		Pieces: piecesMark(pieces, next.Offset)}
	return true, nil
}

// open makes a reader of an object's text from where it was left.
func (r *run) open(t *task, text []byte) (periplus.Reader, error) {
	opt := r.Options
	opt.Object, opt.Format, opt.Grows, opt.From = &t.object, t.grown.Format, true, &t.grown.Point
	opened, err := format.Open(bytes.NewReader(text), opt)
	if err != nil {
		return nil, err
	}
	return opened.Reader, nil
}

// lookOn reads text without taking anything in: it reports whether it may be,
// and where the object is left then.
func (r *run) lookOn(ctx context.Context, t *task, text []byte, recs []periplus.Record) (*format.Checkpoint, bool) {
	reader, err := r.open(t, text)
	if err != nil {
		return nil, false
	}
	c := &t.grown.Point
	t.first, t.last = c.First, c.Last
	for n := int64(0); ; {
		got, err := reader.Read(recs)
		for i := range recs[:got] {
			x := &recs[i]
			if n++; n > c.Records && x.Booked.Before(c.After) {
				return nil, false // late: it belongs to rows that stay
			}
			if t.first.IsZero() || x.Start.Before(t.first) {
				t.first = x.Start
			}
			if x.End.After(t.last) {
				t.last = x.End
			}
		}
		if errors.Is(err, io.EOF) {
			next := checkpoint(reader)
			return next, next != nil && n >= c.Records
		}
		if err != nil || ctx.Err() != nil {
			return nil, false
		}
	}
}

// feed takes the records in that make the rows anew which go.
func (r *run) feed(ctx context.Context, b *digest.Batch, t *task, reader periplus.Reader, recs []periplus.Record) (err error) {
	o := b.Object(t.id)
	defer func() { err = errors.Join(err, o.Close()) }()
	after := t.grown.Point.After
	for {
		got, rerr := reader.Read(recs)
		n := 0
		for i := range recs[:got] {
			if !recs[i].Booked.Before(after) {
				recs[n], recs[i] = recs[i], recs[n] // each keeps room of its own
				n++
			}
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
			return nil // lookOn has come to the end
		}
	}
}

// whole makes the ledger's row that of the whole object.
func (t *task) whole(o *periplus.ReadObject) {
	before := &t.grown.Point.Stats
	o.Records = before.Records + t.stats.Records
	sum := periplus.Stats{}
	sum.Add(&periplus.Stats{Bad: before.Bad})
	sum.Add(&periplus.Stats{Bad: t.stats.Bad})
	o.Bad = sum.Bad
	o.FirstSeen, o.LastSeen = t.first, t.last
}
