package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/periplus/periplus/periplus"
)

// The steps of traffic, in seconds.
const (
	StepBucket = 300
	StepHour   = 3600
	StepDay    = 86400
)

// A built says in the name of a traffic file which span it holds and from
// which commit to flows it was made. A span without rows has a file without
// rows, else it would be made again at every question.
type built struct {
	step, start int64 // seconds
	seq         int64
}

func (b built) name() string {
	return fmt.Sprintf("t-%d-%d-%d-%s.parquet", b.step, b.start, b.seq, uuid.New())
}

// length is how much time one file of a step holds.
func length(step int64) time.Duration {
	if step == StepDay {
		return 24 * time.Hour
	}
	return time.Hour
}

// builtOf reads a file's name; false: another tool wrote it.
func builtOf(path string) (built, bool) {
	var b built
	n, err := fmt.Sscanf(filepath.Base(path), "t-%d-%d-%d-", &b.step, &b.start, &b.seq)
	return b, err == nil && n == 3
}

// staleCache remembers the oldest commit to flows that a caller of Stale may
// have read an hour at, for a ReplaceTraffic without a pin. It is given up
// when both fine steps of the hour were replaced, so a wrong guess costs one
// more rebuild and never leaves old traffic current.
type staleCache struct {
	mu    sync.Mutex
	hours map[int64]*guess // by start of the hour
	days  map[int64]int64  // by start of the day: the traffic commit StaleDays saw
}

type guess struct {
	seq  int64
	done map[int64]bool // by step
}

func (c *staleCache) saw(hour, seq int64) {
	if c.hours == nil {
		c.hours = map[int64]*guess{}
	}
	if c.hours[hour] == nil {
		c.hours[hour] = &guess{seq: seq, done: map[int64]bool{}}
	}
}

// replaced notes that a step of the hours from start up to end was written.
func (c *staleCache) replaced(step int64, start, end time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for h := start.Unix(); h < end.Unix(); h += 3600 {
		if step == StepDay {
			delete(c.days, h)
			continue
		}
		if g := c.hours[h]; g != nil {
			if g.done[step] = true; len(g.done) == 2 {
				delete(c.hours, h)
			}
		}
	}
}

// ReplaceTraffic replaces the traffic of one step from start up to end, whole
// hours (days for the day step), in one commit. Rows come in the order of
// their hours (days). A rebuilt hour takes the day step of its day with it.
//
// What the rows were made from is the pinned snapshot of flows (see Pin), else
// what the last Stale saw; where neither is known the hours stay stale. So do
// they where traffic was held against other facts than the pin's meanwhile.
// Where another process made these hours from a later commit than the pin's,
// its rows stay. The lake is locked while rows are taken: make them before.
func (l *Lake) ReplaceTraffic(ctx context.Context, step int64, start, end time.Time, rows iter.Seq2[*periplus.Traffic, error]) error {
	unit := length(step)
	if step != StepBucket && step != StepHour && step != StepDay {
		return fmt.Errorf("traffic has no step of %d s", step)
	}
	if !start.Truncate(unit).Equal(start) || !end.Truncate(unit).Equal(end) || !start.Before(end) {
		return fmt.Errorf("traffic is replaced by whole %s, not from %s to %s", unit, start, end)
	}
	made, days := l.madeFrom(ctx, step, start, end)
	err := l.change(ctx, func(ctx context.Context) (err error) {
		if newer, err := l.madeLater(ctx, step, start, end); newer || err != nil {
			return err
		}
		e := edit{l: l, table: Traffic}
		defer func() {
			if err != nil {
				e.undo()
			}
		}()
		if err := l.dropTraffic(ctx, &e, step, start, end, days); err != nil {
			return err
		}
		if p, ok := ctx.Value(pinKey{}).(*pin); ok && p.lake == l && p.learnt {
			_, through, err := l.factsFile()
			if err != nil {
				return err
			}
			if through != p.facts {
				made = func(time.Time) int64 { return 0 }
			}
		}
		v, err := l.view(ctx)
		if err != nil {
			return err
		}
		w := trafficWriter{e: &e, step: step, start: start, end: end, made: made, hours: v.flows, sheet: newTrafficSheet()}
		if err := w.write(ctx, rows); err != nil {
			return fmt.Errorf("traffic of %s: %w", start.Format(time.RFC3339), err)
		}
		if len(e.add)+len(e.drop) == 0 {
			return nil
		}
		return e.commit(ctx, nil)
	})
	if err == nil {
		l.stale.replaced(step, start, end)
	}
	return err
}

// ErrChanged says that what a day was added up from was rebuilt meanwhile.
var ErrChanged = errors.New("its hours were rebuilt meanwhile; add it up again")

// madeFrom returns the flows commit that each hour is made from and the traffic
// commit that each day is made from.
func (l *Lake) madeFrom(ctx context.Context, step int64, start, end time.Time) (hours, days func(time.Time) int64) {
	if p, ok := ctx.Value(pinKey{}).(*pin); ok && p.lake == l {
		seq, tseq := settled(p.snapshots[Flows], p.snapshots[Coverage]), p.snapshots[Traffic].Metadata().LastSequenceNumber()
		return func(time.Time) int64 { return seq }, func(time.Time) int64 { return tseq }
	}
	seqs, tseqs := map[int64]int64{}, map[int64]int64{}
	l.stale.mu.Lock()
	defer l.stale.mu.Unlock()
	for h := start.Unix(); h < end.Unix(); h += 3600 {
		if g := l.stale.hours[h]; g != nil {
			seqs[h] = g.seq
		}
		if seq, ok := l.stale.days[h]; ok {
			tseqs[h] = seq
		}
	}
	return func(t time.Time) int64 { return seqs[t.Unix()] }, func(t time.Time) int64 {
		if seq, ok := tseqs[t.Unix()]; ok {
			return seq
		}
		return math.MaxInt64 // who did not ask which days are due answers for it himself
	}
}

// madeLater reports whether all hours of a fine step are there, made from later
// commits than that of ctx's pin.
func (l *Lake) madeLater(ctx context.Context, step int64, start, end time.Time) (bool, error) {
	p, ok := ctx.Value(pinKey{}).(*pin)
	if !ok || p.lake != l || step == StepDay {
		return false, nil
	}
	files, err := l.dataFiles(ctx, Traffic)
	if err != nil {
		return false, err
	}
	mine, later := settled(p.snapshots[Flows], p.snapshots[Coverage]), map[int64]bool{}
	for _, f := range files {
		if b, ok := builtOf(f.path()); ok && b.step == step && b.seq > mine {
			later[b.start] = true
		}
	}
	for h := start.Unix(); h < end.Unix(); h += 3600 {
		if !later[h] {
			return false, nil
		}
	}
	return true, nil
}

// dropTraffic drops the files of a step and time, and the days over them.
func (l *Lake) dropTraffic(ctx context.Context, e *edit, step int64, start, end time.Time, days func(time.Time) int64) error {
	files, err := l.dataFiles(ctx, Traffic)
	if err != nil {
		return err
	}
	for _, f := range files {
		b, ok := builtOf(f.path())
		if !ok {
			// Another tool merged hours into one file. They cannot be told
			// apart, so the file goes and what it held is stale.
			day, known := partitionNumber(f.file, firstPartitionID+1)
			from := time.Unix(int64(day)*86400, 0)
			if !known || from.Before(end) && from.Add(24*time.Hour).After(start) {
				e.drop = append(e.drop, f.file)
			}
			continue
		}
		from := time.Unix(b.start, 0).UTC()
		to := from.Add(length(b.step))
		if step == StepDay && b.step == StepHour && !from.Before(start) && from.Before(end) && f.seq > days(from.Truncate(24*time.Hour)) {
			return fmt.Errorf("the day of %s: %w", from.Format(time.DateOnly), ErrChanged)
		}
		if (b.step == step || b.step == StepDay) && from.Before(end) && to.After(start) {
			e.drop = append(e.drop, f.file)
		}
	}
	return nil
}

// A trafficWriter writes the rows of one step, a file an hour or day.
type trafficWriter struct {
	e          *edit
	step       int64
	start, end time.Time
	made       func(time.Time) int64
	hours      map[int64]touch // those with flows: they get a file even without rows
	sheet      *trafficSheet
	file       *parquetFile
	now        time.Time // span that is being written
}

func (w *trafficWriter) write(ctx context.Context, rows iter.Seq2[*periplus.Traffic, error]) (err error) {
	defer func() {
		if err != nil && w.file != nil {
			w.file.abandon()
		}
	}()
	unit := length(w.step)
	w.now = w.start
	if rows != nil {
		n := 0
		for t, err := range rows {
			if err != nil {
				return err
			}
			at := t.Bucket.Truncate(unit)
			if t.Step != w.step || at.Before(w.now) || !at.Before(w.end) {
				return fmt.Errorf("a row of step %d at %s where %d at %s or later is due", t.Step, t.Bucket, w.step, w.now)
			}
			for w.now.Before(at) {
				if err := w.next(); err != nil {
					return err
				}
			}
			w.sheet.add(t)
			if w.sheet.rows == groupRows {
				if err := w.flush(); err != nil {
					return err
				}
			}
			if n++; n&0xfff == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	for w.now.Before(w.end) {
		if err := w.next(); err != nil {
			return err
		}
	}
	return nil
}

func (w *trafficWriter) flush() error {
	if err := w.open(); err != nil {
		return err
	}
	err := w.file.write(w.sheet.sheet)
	w.sheet.reset()
	return err
}

func (w *trafficWriter) open() error {
	if w.file != nil {
		return nil
	}
	b := built{w.step, w.now.Unix(), w.made(w.now)}
	path := filepath.Join(w.e.l.tableDir(Traffic), "data", w.now.Format("2006-01"), b.name())
	p, err := createParquet(path, layouts[Traffic].columns)
	w.file = p
	return err
}

// next ends the file of a span, even if it has no rows, and goes on.
func (w *trafficWriter) next() error {
	if w.file == nil && w.sheet.rows == 0 && !w.due() {
		w.now = w.now.Add(length(w.step))
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	p := w.file
	w.file = nil
	df, err := p.finish(layouts[Traffic], map[int]any{firstPartitionID: w.step, firstPartitionID + 1: iceberg.Date(dayOf(w.now))})
	if err != nil {
		return err
	}
	w.e.added([]iceberg.DataFile{df})
	w.now = w.now.Add(length(w.step))
	return nil
}

// due reports whether flows has anything in the span that is being written.
func (w *trafficWriter) due() bool {
	for h := w.now.Unix(); h < w.now.Add(length(w.step)).Unix(); h += 3600 {
		if _, ok := w.hours[h]; ok {
			return true
		}
	}
	return false
}

// Stale returns the hours between from and to, in order, whose traffic is
// missing or older than their flows, than those of the neighbours' 20 minutes
// that it is made from, or than facts that change it. Zero times: no bound.
func (l *Lake) Stale(ctx context.Context, from, to time.Time) ([]time.Time, error) {
	v, err := l.view(ctx)
	if err != nil {
		return nil, err
	}
	var out []time.Time
	l.stale.mu.Lock()
	defer l.stale.mu.Unlock()
	for h := range v.flows {
		at := time.Unix(h, 0).UTC()
		if !from.IsZero() && !at.Add(time.Hour).After(from) || !to.IsZero() && !at.Before(to) {
			continue
		}
		if !v.current(h) {
			l.stale.saw(h, v.seq)
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}

// Built returns the hours that are current, in order.
func (l *Lake) Built(ctx context.Context) ([]time.Time, error) {
	v, err := l.view(ctx)
	if err != nil {
		return nil, err
	}
	var out []time.Time
	for h := range v.flows {
		if v.current(h) {
			out = append(out, time.Unix(h, 0).UTC())
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}

// StaleDays returns the days between from and to, in order, all of whose hours
// are current and that have no day step yet.
func (l *Lake) StaleDays(ctx context.Context, from, to time.Time) ([]time.Time, error) {
	v, err := l.view(ctx)
	if err != nil {
		return nil, err
	}
	days := map[int64]bool{} // whether all hours are current
	for h := range v.flows {
		d := h - h%StepDay
		ok, known := days[d]
		days[d] = (ok || !known) && v.current(h)
	}
	var out []time.Time
	l.stale.mu.Lock()
	defer l.stale.mu.Unlock()
	if l.stale.days == nil {
		l.stale.days = map[int64]int64{}
	}
	for d, ok := range days {
		at := time.Unix(d, 0).UTC()
		if !from.IsZero() && !at.Add(24*time.Hour).After(from) || !to.IsZero() && !at.Before(to) {
			continue
		}
		if _, made := v.traffic[built{step: StepDay, start: d}]; ok && !made {
			l.stale.days[d] = v.trafficSeq
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}

// view is what is known of flows and traffic an hour.
type view struct {
	seq        int64 // of flows
	trafficSeq int64
	flows      map[int64]touch // by start of the hour
	traffic    map[built]int64 // by step and start: the flows commit it was made from
	need       map[int64]int64 // by start of the hour: the flows commit whose facts change it
}

func (l *Lake) view(ctx context.Context) (*view, error) {
	flows, err := l.pinned(ctx, Flows)
	if err != nil {
		return nil, err
	}
	traffic, err := l.pinned(ctx, Traffic)
	if err != nil {
		return nil, err
	}
	coverage, err := l.pinned(ctx, Coverage)
	if err != nil {
		return nil, err
	}
	held, err := l.heldFacts(ctx)
	if err != nil {
		return nil, err
	}
	v := &view{seq: settled(flows, coverage), trafficSeq: traffic.Metadata().LastSequenceNumber(),
		flows: map[int64]touch{}, traffic: map[built]int64{}, need: held.need}
	if err := l.addFlows(ctx, v, flows); err != nil {
		return nil, err
	}
	files, err := l.filesOf(ctx, traffic, traffic.CurrentSnapshot())
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if b, ok := builtOf(f.path()); ok {
			v.traffic[built{step: b.step, start: b.start}] = b.seq
		}
	}
	return v, nil
}

func (l *Lake) addFlows(ctx context.Context, v *view, flows *table.Table) error {
	files, err := l.filesOf(ctx, flows, flows.CurrentSnapshot())
	if err != nil {
		return err
	}
	for _, f := range files {
		hour, ok := partitionNumber(f.file, firstPartitionID)
		if !ok {
			return errors.New("a data file of flows has no hour; was the table made by another tool?")
		}
		h := int64(hour) * 3600
		v.flows[h] = v.flows[h].max(touchOf(f.path(), f.seq))
	}
	return nil
}

// current reports whether both fine steps of an hour are made from all flows
// that matter to it.
func (v *view) current(h int64) bool {
	return v.made(h) >= max(v.flows[h].any, v.flows[h-3600].tail, v.flows[h+3600].head, v.need[h])
}

// made is the commit to flows that both fine steps of an hour are made from;
// -1: one of them is missing.
func (v *view) made(h int64) int64 {
	fine, ok := v.traffic[built{step: StepBucket, start: h}]
	hour, too := v.traffic[built{step: StepHour, start: h}]
	if !ok || !too {
		return -1
	}
	return min(fine, hour)
}
