package lake

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// maxDistinct is how many conversations are told apart exactly: 64 MiB.
const maxDistinct = 1 << 22

// conversation is client, server, server port and protocol.
type conversation struct {
	client, server netip.Addr
	port           uint32 // 1 << 16: none
	protocol       uint8
}

// of reports whether a row is of the conversation.
func (c *conversation) of(f *periplus.Flow) bool {
	return f.Client == c.client && f.Server == c.server && f.Protocol == c.protocol &&
		(f.HasPort && uint32(f.ServerPort) == c.port || !f.HasPort && c.port == 1<<16)
}

func conversationOf(f *periplus.Flow) conversation {
	c := conversation{f.Client, f.Server, 1 << 16, f.Protocol}
	if f.HasPort {
		c.port = uint32(f.ServerPort)
	}
	return c
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	return hi ^ lo
}

func (c conversation) hash() uint64 {
	h := uint64(c.port)<<8 | uint64(c.protocol)
	for _, a := range [2]netip.Addr{c.client, c.server} {
		b := a.As16()
		h = mix(mix(h, binary.LittleEndian.Uint64(b[:8])), binary.LittleEndian.Uint64(b[8:]))
	}
	return max(h, 1) // 0 is an empty place
}

// emptied makes a hash table's slots and writes all of them. Memory that is read
// before it is written is faulted twice, and the second time the kernel stops
// the other processors.
func emptied[T any](n int) []T {
	s := make([]T, n)
	clear(s)
	return s
}

// distinct counts different hashes of 64 bits. Beyond maxDistinct it is full
// and its count a lower bound, the same in whatever order they came. Safe for
// several goroutines.
type distinct struct {
	mu    sync.Mutex
	slots []uint64
	n     int
	full  bool

	touched uint64 // keeps reads that only bring slots into the cache
}

// waitHashes is how many hashes are added at a time, so that memory is waited
// for once.
const waitHashes = 256

func (d *distinct) add(hashes []uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// The places of all are read before the first is looked at: the processor
	// waits for many of them at once.
	if mask := uint64(len(d.slots) - 1); len(d.slots) > 0 {
		for _, h := range hashes {
			d.touched += d.slots[h&mask]
		}
	}
	for _, h := range hashes {
		d.addNow(h)
	}
}

// count is how many there are; false: at least.
func (d *distinct) count() (int, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n, !d.full
}

func (d *distinct) addNow(h uint64) {
	if d.full {
		return
	}
	if d.n*4 >= len(d.slots)*3 {
		if d.n >= maxDistinct {
			d.full = true
			return
		}
		old := d.slots
		d.slots = emptied[uint64](max(1024, 2*len(old)))
		d.n = 0
		for _, v := range old {
			if v != 0 {
				d.put(v)
			}
		}
	}
	d.put(h)
}

func (d *distinct) put(h uint64) {
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch d.slots[i] {
		case h:
			return
		case 0:
			d.slots[i] = h
			d.n++
			return
		}
	}
}
