package traffic

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// A rowCode writes rows of traffic as bytes that the same process reads back.
// Texts are few and differ little from row to row: a row has their numbers.
type rowCode struct {
	texts  []string
	number map[string]uint64
	last   [9]struct { // by column
		text   string
		number uint64
	}
}

// manyTexts is when a text stands in the row itself: number 0 and the text.
const manyTexts = 1 << 16

func (c *rowCode) reset() { *c = rowCode{} }

func (c *rowCode) text(b []byte, column int, text string) []byte {
	last := &c.last[column]
	if last.number == 0 || last.text != text {
		n, ok := c.number[text]
		switch {
		case ok:
		case len(c.texts) == manyTexts:
			b = append(b, 0)
			b = binary.AppendUvarint(b, uint64(len(text)))
			return append(b, text...)
		default:
			if c.number == nil {
				c.number = map[string]uint64{}
			}
			c.texts = append(c.texts, text)
			n = uint64(len(c.texts))
			c.number[text] = n
		}
		last.text, last.number = text, n
	}
	return binary.AppendUvarint(b, last.number)
}

// Every step begins with a bucket.
const bucketMicros = stepBucket * 1e6

// append writes a row.
func (c *rowCode) append(b []byte, t *periplus.Traffic) []byte {
	bucket, first := t.Bucket.UnixMicro(), t.FirstSeen.UnixMicro()
	b = appendAddr(appendAddr(b, t.Client), t.Server) // first: a spool looks at them
	b = binary.AppendVarint(b, t.Step)
	b = binary.AppendVarint(b, bucket/bucketMicros)
	b = binary.AppendVarint(b, first-bucket)
	b = binary.AppendVarint(b, t.LastSeen.UnixMicro()-first)
	for i, v := range [...]string{t.ClientNetwork, t.ServerNetwork, t.Reason, t.SeenBy, t.StoppedAt, t.Answer, t.Service, t.Path, t.Encryption} {
		b = c.text(b, i, v)
	}
	is := truths(t.HasPort, t.Sampled, t.Incomplete, t.RequestPackets.Known, t.RequestBytes.Known, t.ResponsePackets.Known, t.ResponseBytes.Known, t.Opened.Known)
	b = append(b, byte(t.ServerPort), byte(t.ServerPort>>8), t.Protocol, byte(t.Verdict), t.TCPFlags, is)
	for _, n := range [...]int64{t.RequestPackets.N, t.RequestBytes.N, t.ResponsePackets.N, t.ResponseBytes.N, t.Opened.N, t.Records, t.Connections} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func appendAddr(b []byte, a netip.Addr) []byte {
	switch {
	case a.Is4():
		v := a.As4()
		return append(append(b, 4), v[:]...)
	case !a.IsValid():
		return append(b, 0)
	case a.Zone() != "":
		return append(append(append(b, 1), byte(len(a.String()))), a.String()...)
	}
	v := a.As16()
	return append(append(b, 16), v[:]...)
}

func truths(v ...bool) (b byte) {
	for i, t := range v {
		if t {
			b |= 1 << i
		}
	}
	return b
}

// A rowDecoder reads rows back, one after the other until b is empty.
type rowDecoder struct {
	code *rowCode
	b    []byte
	row  periplus.Traffic
}

// next reads a row, which is reused.
func (d *rowDecoder) next() *periplus.Traffic {
	t := &d.row
	t.Client, t.Server = d.addr(), d.addr()
	t.Step = d.varint()
	bucket := d.varint() * bucketMicros
	first := bucket + d.varint()
	t.Bucket, t.FirstSeen, t.LastSeen = time.UnixMicro(bucket).UTC(), time.UnixMicro(first).UTC(), time.UnixMicro(first+d.varint()).UTC()
	for _, v := range [...]*string{&t.ClientNetwork, &t.ServerNetwork, &t.Reason, &t.SeenBy, &t.StoppedAt, &t.Answer, &t.Service, &t.Path, &t.Encryption} {
		*v = d.text()
	}
	fixed := d.take(6)
	t.ServerPort = uint16(fixed[0]) | uint16(fixed[1])<<8
	t.Protocol, t.Verdict, t.TCPFlags = fixed[2], periplus.Verdict(fixed[3]), fixed[4]
	is := fixed[5]
	t.HasPort, t.Sampled, t.Incomplete = is&1 != 0, is&2 != 0, is&4 != 0
	for i, c := range [...]*periplus.Count{&t.RequestPackets, &t.RequestBytes, &t.ResponsePackets, &t.ResponseBytes, &t.Opened} {
		*c = periplus.Count{N: d.varint(), Known: is&(8<<i) != 0}
	}
	t.Records, t.Connections = d.varint(), d.varint()
	return t
}

func (d *rowDecoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.b = d.b[n:]
	return v
}

func (d *rowDecoder) take(n int) []byte {
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *rowDecoder) addr() netip.Addr {
	switch n := int(d.take(1)[0]); n {
	case 0:
		return netip.Addr{}
	case 1: // a zone: as text
		a, _ := netip.ParseAddr(string(d.take(int(d.take(1)[0])))) // it was one
		return a
	default:
		a, _ := netip.AddrFromSlice(d.take(n)) // 4 or 16 bytes
		return a
	}
}

func (d *rowDecoder) text() string {
	n, size := binary.Uvarint(d.b)
	d.b = d.b[size:]
	if n > 0 {
		return d.code.texts[n-1]
	}
	length, size := binary.Uvarint(d.b)
	d.b = d.b[size:]
	return string(d.take(int(length)))
}
