package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Hours reads flows an hour at a time, conversation by conversation, each with
// its rows of the 20 minutes on both sides. Hours that are small enough stay
// decoded for their neighbours. It is used by one goroutine at a time.
type Hours struct {
	// Keep is how many decoded rows it may hold for the hours that follow;
	// 0: 2,000,000, some 240 MB.
	Keep int64
	// Temp is the folder for sorted copies of files that another tool left in
	// no order; "": the system's.
	Temp string

	files  map[int64][]*hourFile // by start of the hour
	reader *flowReader
	sorted string // folder of sorted copies
}

// An hourFile is a data file of flows.
type hourFile struct {
	path    string
	rows    int64
	ordered bool         // it was looked at and is sorted
	blocks  []*flowBlock // of what is kept
	tail    bool         // that is what the next hour asks for, not all
}

// Hours returns a reader of the flows as ctx's pin has them, or the newest.
func (l *Lake) Hours(ctx context.Context) (*Hours, error) {
	tbl, err := l.pinned(ctx, Flows)
	if err != nil {
		return nil, err
	}
	files, err := l.filesOf(ctx, tbl, tbl.CurrentSnapshot())
	if err != nil {
		return nil, err
	}
	var h Hours
	for _, f := range files {
		hour, ok := partitionNumber(f.file, firstPartitionID)
		if !ok {
			return nil, errors.New("a data file of flows has no hour; was the table made by another tool?")
		}
		h.Add(time.Unix(int64(hour)*3600, 0), f.path(), f.file.Count())
	}
	return &h, nil
}

// Add adds a file that holds rows of one hour.
func (h *Hours) Add(hour time.Time, path string, rows int64) {
	if rows == 0 {
		return
	}
	if h.files == nil {
		h.files = map[int64][]*hourFile{}
	}
	h.files[hour.Unix()] = append(h.files[hour.Unix()], &hourFile{path: path, rows: rows})
}

// Rows tells how many rows the files of an hour hold.
func (h *Hours) Rows(hour time.Time) (n int64) {
	for _, f := range h.files[hour.Unix()] {
		n += f.rows
	}
	return n
}

// Close removes what was written to Temp.
func (h *Hours) Close() error {
	if h.sorted == "" {
		return nil
	}
	return os.RemoveAll(h.sorted)
}

// Conversations yields the conversations that have a row in the hour, sorted by
// client, server, port and protocol, addresses as numbers. Of each it yields
// all rows of the hour and around it, but for legs. They are reused, their
// Place and Note are not.
func (h *Hours) Conversations(ctx context.Context, hour time.Time) iter.Seq2[[]periplus.Flow, error] {
	return func(yield func([]periplus.Flow, error) bool) {
		m, err := h.open(ctx, hour)
		if err == nil {
			defer m.close()
			err = m.each(func(rows []periplus.Flow) bool { return yield(rows, nil) })
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Weak yields the rows in an hour and around it that later evidence may turn
// round: a weak rule oriented them and their client's port is known. Each is
// reused.
func (h *Hours) Weak(ctx context.Context, hour time.Time) iter.Seq2[*periplus.Flow, error] {
	return h.some(ctx, hour, func(b *flowBlock, rows func(i int) bool) bool {
		for i := range b.rows {
			if b.weak(i) && !rows(i) {
				return false
			}
		}
		return true
	})
}

// Of yields the rows in an hour and around it of the conversations, with a
// port, that are wanted. Each is reused.
func (h *Hours) Of(ctx context.Context, hour time.Time, wanted func(client, server netip.Addr, port uint16, protocol uint8) bool) iter.Seq2[*periplus.Flow, error] {
	return h.some(ctx, hour, func(b *flowBlock, rows func(i int) bool) bool {
		for n, from := range b.starts {
			k := b.key(int(from))
			if k.port < 0 || !wanted(k.client, k.server, uint16(k.port), k.protocol) {
				continue
			}
			to := b.rows
			if n+1 < len(b.starts) {
				to = int(b.starts[n+1])
			}
			for i := int(from); i < to; i++ {
				if !rows(i) {
					return false
				}
			}
		}
		return true
	})
}

// some yields the rows in an hour and around it that choose gives to rows.
func (h *Hours) some(ctx context.Context, hour time.Time, choose func(b *flowBlock, rows func(i int) bool) bool) iter.Seq2[*periplus.Flow, error] {
	return func(yield func(*periplus.Flow, error) bool) {
		m, err := h.open(ctx, hour)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.close()
		var f periplus.Flow
		for _, c := range m.cursors {
			for c.block != nil {
				if !choose(c.block, func(i int) bool {
					if !m.within(c.block, i) {
						return true
					}
					c.block.fill(&f, i)
					return yield(&f, nil)
				}) {
					return
				}
				if err := c.next(); err != nil {
					yield(nil, err)
					return
				}
			}
		}
	}
}

func (h *Hours) keep() int64 {
	if h.Keep > 0 {
		return h.Keep
	}
	return 2_000_000
}

// open begins to read an hour and its neighbours. What was kept of other hours
// goes.
func (h *Hours) open(ctx context.Context, hour time.Time) (*around, error) {
	if h.reader == nil {
		h.reader = newFlowReader()
	}
	near := []time.Time{hour, hour.Add(-time.Hour), hour.Add(time.Hour)}
	var rows int64
	for _, t := range near {
		rows += h.Rows(t)
	}
	for t, files := range h.files {
		if rows > h.keep() || !slices.ContainsFunc(near, func(n time.Time) bool { return n.Unix() == t }) {
			for _, f := range files {
				f.blocks, f.tail = nil, false
			}
		}
	}
	for _, t := range []time.Time{hour, hour.Add(time.Hour)} { // hours come in order, but nobody promised
		for _, f := range h.files[t.Unix()] {
			if f.tail {
				f.blocks, f.tail = nil, false
			}
		}
	}
	m := &around{from: hour.Add(-edge).UnixMicro(), to: hour.Add(time.Hour + edge).UnixMicro()}
	for _, t := range near {
		if err := h.order(ctx, t, rows <= h.keep()); err != nil {
			m.close()
			return nil, err
		}
		for _, f := range h.files[t.Unix()] {
			if t.Before(hour) {
				f.keepTail(hour)
			}
			c := &cursor{own: t.Equal(hour)}
			if f.blocks != nil {
				c.pull = kept(f.blocks)
			} else {
				c.pull, c.stop = iter.Pull2(readFlowBlocks(ctx, h.reader, f.path, h.keep()/int64(len(h.files[t.Unix()]))))
			}
			m.cursors = append(m.cursors, c)
			if err := c.next(); err != nil {
				m.close()
				return nil, err
			}
		}
	}
	return m, nil
}

// keepTail gives up what the next hour does not ask for.
func (f *hourFile) keepTail(next time.Time) {
	if f.tail {
		return
	}
	for i, b := range f.blocks {
		f.blocks[i] = b.only(next.Add(-edge).UnixMicro())
		f.tail = true
	}
}

// order sees to it that the files of an hour are sorted, and keeps them if it
// is to. Ours are; another tool that rewrites files need not sort them.
func (h *Hours) order(ctx context.Context, hour time.Time, keep bool) error {
	files := h.files[hour.Unix()]
	for i := 0; i < len(files); i++ {
		f := files[i]
		if f.ordered && (f.blocks != nil || !keep) {
			continue
		}
		blocks, sorted, err := h.look(ctx, f.path, keep)
		if err != nil {
			return err
		}
		if sorted {
			f.ordered, f.blocks = true, blocks
			continue
		}
		copies, err := h.sort(ctx, f.path)
		if err != nil {
			return fmt.Errorf("sort %s: %w", f.path, err)
		}
		files = slices.Replace(files, i, i+1, copies...)
		h.files[hour.Unix()] = files
		i--
	}
	return nil
}

// look reads a file and tells whether its rows are sorted by conversation.
func (h *Hours) look(ctx context.Context, path string, keep bool) (blocks []*flowBlock, sorted bool, err error) {
	var last conversationKey
	for b, err := range readFlowBlocks(ctx, h.reader, path, groupRows) {
		if err != nil {
			return nil, false, err
		}
		if first := b.key(0); !b.inOrder || last.compare(&first) > 0 {
			return nil, false, nil
		}
		last = b.key(b.rows - 1)
		if keep {
			blocks = append(blocks, b)
		}
	}
	return blocks, true, nil
}

// sortRows is how many rows of an unsorted file are sorted in memory.
const sortRows = 2 * groupRows

// sort writes sorted copies of parts of a file.
func (h *Hours) sort(ctx context.Context, path string) ([]*hourFile, error) {
	if h.sorted == "" {
		dir, err := os.MkdirTemp(h.Temp, "periplus-sorted-")
		if err != nil {
			return nil, fmt.Errorf("a folder for sorted copies: %w; set TMPDIR to one that can be written", err)
		}
		h.sorted = dir
	}
	var out []*hourFile
	var rows []periplus.Flow
	flush := func() error {
		slices.SortStableFunc(rows, func(a, b periplus.Flow) int { return compareFlows(&a, &b) })
		f := &hourFile{path: filepath.Join(h.sorted, fmt.Sprintf("%s-%d", filepath.Base(path), len(out))), rows: int64(len(rows)), ordered: true}
		out = append(out, f)
		p, err := createParquet(f.path, layouts[Flows].columns)
		if err != nil {
			return err
		}
		sheet := newFlowSheet()
		for i := range rows {
			sheet.add(&rows[i])
			if sheet.rows == groupRows || i == len(rows)-1 {
				if err := p.write(sheet.sheet); err != nil {
					p.abandon()
					return err
				}
				sheet.reset()
			}
		}
		rows = rows[:0]
		_, _, err = p.close()
		return err
	}
	for f, err := range newFlowReader().rows(ctx, path) {
		if err != nil {
			return nil, err
		}
		if rows = append(rows, *f); len(rows) == sortRows {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if len(rows) == 0 {
		return out, nil
	}
	return out, flush()
}
