package digest

import (
	"cmp"
	"encoding/binary"
	"io"
	"iter"
	"slices"
)

// What an object says of windows without records is little beside its records,
// but there are networks with thousands of interfaces where nothing happens. So
// it is kept as bytes among the runs, within the batch's memory.

type windowKey struct {
	place  uint32
	bucket int32
}

type windows struct{ noData, skipData int64 }

// window adds what a record says that is none.
func (o *Object) window(p *placeState, booked int64, n windows) {
	k := windowKey{p.id, int32(floorDiv(booked, microsPerBucket))}
	w := o.t.silent[k]
	w.noData += n.noData
	w.skipData += n.skipData
	o.t.silent[k] = w
	o.span.Windows++
}

// windowRun is what an object said: four numbers for each place and bucket.
type windowRun struct {
	object int64
	run
}

// flushWindows keeps what the object said of windows.
func (o *Object) flushWindows() error {
	b, t := o.batch, o.t
	if len(t.silent) == 0 {
		return nil
	}
	keys := make([]windowKey, 0, len(t.silent))
	for k := range t.silent {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b windowKey) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.bucket, b.bucket))
	})
	t.scratch = t.scratch[:0]
	var prev windowKey
	for _, k := range keys {
		w := t.silent[k]
		t.scratch = binary.AppendUvarint(t.scratch, uint64(k.place-prev.place))
		t.scratch = binary.AppendVarint(t.scratch, int64(k.bucket)-int64(prev.bucket))
		t.scratch = binary.AppendUvarint(t.scratch, uint64(w.noData))
		t.scratch = binary.AppendUvarint(t.scratch, uint64(w.skipData))
		prev = k
	}
	r, err := b.runs.keep(t.scratch, len(keys))
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.windows = append(b.windows, windowRun{o.id, r})
	return nil
}

// windowList yields what all objects said.
func (b *Batch) windowList() iter.Seq2[Window, error] {
	slices.SortFunc(b.windows, func(r, s windowRun) int { return cmp.Compare(r.object, s.object) })
	return func(yield func(Window, error) bool) {
		for i := range b.windows {
			r := &b.windows[i]
			data, err := r.bytes()
			if err != nil {
				yield(Window{}, err)
				return
			}
			if !b.eachWindow(r, data, yield) {
				return
			}
		}
	}
}

func (b *Batch) eachWindow(r *windowRun, data []byte, yield func(Window, error) bool) bool {
	unsigned := func() uint64 {
		v, n := binary.Uvarint(data)
		data = data[n:]
		return v
	}
	var k windowKey
	for range r.rows {
		k.place += uint32(unsigned())
		d, n := binary.Varint(data)
		data = data[n:]
		k.bucket += int32(d)
		w := Window{Object: r.object, Bucket: fromMicros(int64(k.bucket) * microsPerBucket), Place: b.tables.places[k.place],
			NoData: int64(unsigned()), SkipData: int64(unsigned())}
		if !yield(w, nil) {
			return false
		}
	}
	return true
}

// bytes are a whole run's.
func (r *run) bytes() ([]byte, error) {
	if r.file == nil {
		return r.mem[:r.size], nil
	}
	data := make([]byte, r.size)
	if n, err := r.file.ReadAt(data, r.from); n < len(data) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, spillError(err)
	}
	return data, nil
}
