package lake

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/periplus"
)

// edge is how far the merge of an hour looks into its neighbours.
const edge = 20 * time.Minute

// A touch says up to which commit to flows the rows of a file were touched:
// anywhere in its hour, in the first and in the last 20 minutes, which the
// traffic of the hours beside it is made from as well. It stands in the name
// of the file, so it lives as long as the file and survives compaction and the
// expiry of snapshots.
type touch struct{ any, head, tail int64 }

func (t touch) max(o touch) touch {
	return touch{max(t.any, o.any), max(t.head, o.head), max(t.tail, o.tail)}
}

// see notes a row of commit seq.
func (t *touch) see(seq int64, hour, bucket time.Time) {
	t.any = seq
	const seconds = int64(edge / time.Second)
	at := bucket.Unix() - hour.Unix() // of every row, so no time.Duration
	if at < seconds {
		t.head = seq
	}
	if at+int64(periplus.Bucket/time.Second) > 3600-seconds {
		t.tail = seq
	}
}

func (t touch) name() string {
	return fmt.Sprintf("f-%d-%d-%d-%s.parquet", t.any, t.head, t.tail, uuid.New())
}

// touchOf reads the touch in a file's name. A file that another tool wrote
// says nothing, so all of it was touched by the commit that added it.
func touchOf(path string, seq int64) touch {
	var t touch
	if n, err := fmt.Sscanf(filepath.Base(path), "f-%d-%d-%d-", &t.any, &t.head, &t.tail); err != nil || n != 3 {
		return touch{seq, seq, seq}
	}
	return t
}

// A flowWriter writes sorted rows as one file an hour. Encoding goes on beside
// the filling of the next row group.
type flowWriter struct {
	dir   string // of the table
	seq   int64  // of the commit that the rows are for
	given *touch // of compacted files: it stays what it was
	files []iceberg.DataFile

	sheets [2]*flowSheet
	now    int // sheet that is being filled
	busy   chan error

	hour  time.Time
	touch touch
	file  *parquetFile
}

// writeFlows writes parts of rows, several at once, and returns their files in
// the parts' order. After an error it returns what was finished, to be removed.
func writeFlows(ctx context.Context, tableDir string, seq int64, parts []Rows, workers int) ([]iceberg.DataFile, error) {
	files := make([][]iceberg.DataFile, len(parts))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(max(1, workers), len(parts)) {
		g.Go(func() error {
			w := newFlowWriter(tableDir, seq)
			for {
				n := int(next.Add(1) - 1)
				if n >= len(parts) {
					return nil
				}
				var err error
				if files[n], err = w.write(ctx, parts[n]); err != nil {
					return err
				}
			}
		})
	}
	err := g.Wait()
	return slices.Concat(files...), err
}

func newFlowWriter(tableDir string, seq int64) *flowWriter {
	return &flowWriter{dir: tableDir, seq: seq, sheets: [2]*flowSheet{newFlowSheet(), newFlowSheet()}}
}

// write writes rows and returns the files. After an error it returns those
// that were finished before, to be removed.
func (w *flowWriter) write(ctx context.Context, rows Rows) ([]iceberg.DataFile, error) {
	w.files = nil
	var hourStart, hourEnd int64 // seconds, to compare cheaply
	n := 0
	for f, err := range rows {
		if err != nil {
			return w.fail(err)
		}
		if at := f.Bucket.Unix(); at < hourStart || at >= hourEnd {
			hour := f.Bucket.Truncate(time.Hour)
			if hourEnd != 0 && hour.Before(w.hour) {
				return w.fail(fmt.Errorf("rows of %s come after rows of %s", hour, w.hour))
			}
			if err := w.next(hour); err != nil {
				return w.fail(err)
			}
			hourStart = hour.Unix()
			hourEnd = hourStart + 3600
		}
		s := w.sheets[w.now]
		s.add(f)
		if w.given == nil {
			w.touch.see(w.seq, w.hour, f.Bucket)
		}
		if s.rows == groupRows {
			if err := w.flush(); err != nil {
				return w.fail(err)
			}
		}
		if n++; n&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return w.fail(err)
			}
		}
	}
	if err := w.end(); err != nil {
		return w.fail(err)
	}
	return w.files, nil
}

func (w *flowWriter) fail(err error) ([]iceberg.DataFile, error) {
	w.wait()
	if w.file != nil {
		w.file.abandon()
		w.file = nil
	}
	return w.files, err
}

// next begins the file of another hour.
func (w *flowWriter) next(hour time.Time) error {
	if err := w.end(); err != nil {
		return err
	}
	w.hour, w.touch = hour, touch{}
	if w.given != nil {
		w.touch = *w.given
	}
	return nil
}

func (w *flowWriter) wait() error {
	if w.busy == nil {
		return nil
	}
	err := <-w.busy
	w.busy = nil
	return err
}

// flush hands the full sheet to be encoded and goes on with the other.
func (w *flowWriter) flush() error {
	if err := w.wait(); err != nil {
		return err
	}
	s := w.sheets[w.now]
	if s.rows == 0 {
		return nil
	}
	if w.file == nil {
		// The touch is known at the end of the hour, so the name comes then.
		p, err := createParquet(w.newName(), layouts[Flows].columns)
		if err != nil {
			return err
		}
		w.file = p
	}
	p := w.file
	busy := make(chan error, 1)
	go func() {
		err := p.write(s.sheet)
		s.reset()
		busy <- err
	}()
	w.busy = busy
	w.now = 1 - w.now
	return nil
}

func (w *flowWriter) newName() string {
	return filepath.Join(w.dir, "data", "new-"+uuid.NewString()+".parquet")
}

// end finishes the file of the hour.
func (w *flowWriter) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.wait(); err != nil {
		return err
	}
	if w.file == nil {
		return nil
	}
	p := w.file
	w.file = nil
	df, err := finishFlows(p, w.dir, w.hour, w.touch)
	if err != nil {
		return err
	}
	w.files = append(w.files, df)
	return nil
}

// finishFlows ends a file of flows under the name that tells its touch.
func finishFlows(p *parquetFile, tableDir string, hour time.Time, t touch) (iceberg.DataFile, error) {
	hours := int32(hour.Unix() / 3600)
	return p.finishAs(filepath.Join(tableDir, "data", hour.Format("2006-01-02"), t.name()),
		layouts[Flows], map[int]any{firstPartitionID: hours})
}
