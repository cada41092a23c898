package digest

import (
	"encoding/binary"
	"io"
)

// tupleGroups yields the waiting rows of one 5-tuple after the other, with all
// the evidence of the batch.
type tupleGroups struct {
	m        *merger
	evidence *evidenceReader

	rows []row // of the current 5-tuple
	evid evid
	hash uint64
}

func (b *Batch) tupleGroups(part int) (*tupleGroups, error) {
	m, err := newMerger(b.runs.waiting[part], true)
	if err != nil {
		return nil, err
	}
	e, err := newEvidenceReader(b.runs.evidence[part])
	return &tupleGroups{m: m, evidence: e}, err
}

// next goes to the next 5-tuple; false at the end.
func (g *tupleGroups) next() (bool, error) {
	c := g.m.head()
	if c == nil {
		return false, nil
	}
	g.rows, g.evid, g.hash = g.rows[:0], 0, c.hash
	for c != nil && c.hash == g.hash && (len(g.rows) == 0 || sameTuple(&g.rows[0], &c.row)) {
		g.rows = append(g.rows, c.row)
		g.evid |= c.row.evid
		if err := g.m.advance(); err != nil {
			return false, err
		}
		c = g.m.head()
	}
	for {
		h, ok := g.evidence.head()
		if !ok || h&^evidenceBits > g.hash {
			return true, nil
		}
		if h&^evidenceBits == g.hash {
			g.evid |= evidenceOf(h)
			// Another 5-tuple of this hash is next to impossible: let it pass.
		}
		if err := g.evidence.advance(); err != nil {
			return false, err
		}
	}
}

func evidenceOf(h uint64) evid {
	switch h & evidenceBits {
	case 0:
		return evidFlagsA
	case evidenceBReq:
		return evidFlagsB
	case evidenceProvider:
		return evidNamedA
	}
	return evidNamedB
}

// evidenceReader merges runs of hashes: a heap of them.
type evidenceReader struct{ heap []*hashCursor }

type hashCursor struct {
	head uint64
	run  *run
	off  int64
	buf  []byte
	room []byte
}

func newEvidenceReader(rs []run) (*evidenceReader, error) {
	e := &evidenceReader{}
	for i := range rs {
		c := &hashCursor{run: &rs[i]}
		ok, err := c.next()
		if err != nil {
			return nil, err
		}
		if ok {
			e.heap = append(e.heap, c)
		}
	}
	for i := len(e.heap)/2 - 1; i >= 0; i-- {
		e.sink(i)
	}
	return e, nil
}

func (e *evidenceReader) head() (uint64, bool) {
	if len(e.heap) == 0 {
		return 0, false
	}
	return e.heap[0].head, true
}

func (e *evidenceReader) advance() error {
	ok, err := e.heap[0].next()
	if err != nil {
		return err
	}
	if !ok {
		n := len(e.heap) - 1
		e.heap[0] = e.heap[n]
		e.heap = e.heap[:n]
	}
	e.sink(0)
	return nil
}

func (e *evidenceReader) sink(i int) {
	for {
		c := 2*i + 1
		if c >= len(e.heap) {
			return
		}
		if c+1 < len(e.heap) && e.heap[c+1].head < e.heap[c].head {
			c++
		}
		if e.heap[i].head <= e.heap[c].head {
			return
		}
		e.heap[i], e.heap[c] = e.heap[c], e.heap[i]
		i = c
	}
}

// next reads the next hash; false at the end.
func (c *hashCursor) next() (bool, error) {
	if len(c.buf) == 0 {
		if c.off == c.run.size {
			return false, nil
		}
		if c.run.file == nil {
			c.buf, c.off = c.run.mem, c.run.size
		} else if err := c.fill(); err != nil {
			return false, err
		}
	}
	c.head = binary.LittleEndian.Uint64(c.buf)
	c.buf = c.buf[8:]
	return true, nil
}

func (c *hashCursor) fill() error {
	if c.room == nil {
		c.room = make([]byte, min(windowSize, c.run.size))
	}
	n := min(int64(len(c.room)), c.run.size-c.off)
	m, err := c.run.file.ReadAt(c.room[:n], c.run.from+c.off)
	if int64(m) < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return spillError(err)
	}
	c.off += n
	c.buf = c.room[:n]
	return nil
}
