package traffic

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"time"

	"github.com/periplus/periplus/periplus"
)

// A spool holds rows of traffic in a temporary file until they are wanted, in
// their order. The zero value works; it is used by one goroutine.
type spool struct {
	dir  string // "": the system's
	file *os.File
	w    *bufio.Writer
	buf  []byte
}

// add puts a row behind the others.
func (s *spool) add(t *periplus.Traffic) error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "periplus-traffic-")
		if err != nil {
			return fmt.Errorf("a file for traffic that waits: %w; set TMPDIR to a folder that can be written", err)
		}
		s.file, s.w = f, bufio.NewWriterSize(f, 1<<18)
	}
	b := append(s.buf[:0], 0, 0, 0, 0)
	b = binary.AppendVarint(b, t.Step)
	for _, at := range []time.Time{t.Bucket, t.FirstSeen, t.LastSeen} {
		b = binary.AppendVarint(b, at.UnixMicro())
	}
	b = appendText(b, t.Client.AsSlice())
	b = appendText(b, t.Server.AsSlice())
	for _, v := range []string{t.ClientNetwork, t.ServerNetwork, t.Reason, t.SeenBy, t.StoppedAt, t.Answer, t.Service, t.Path, t.Encryption} {
		b = appendText(b, v)
	}
	b = append(b, byte(t.ServerPort), byte(t.ServerPort>>8), t.Protocol, byte(t.Verdict), t.TCPFlags, truths(t.HasPort, t.Sampled, t.Incomplete))
	for _, c := range []periplus.Count{t.RequestPackets, t.RequestBytes, t.ResponsePackets, t.ResponseBytes, t.Opened} {
		if !c.Known {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(c.N)+1)
	}
	b = binary.AppendVarint(b, t.Records)
	b = binary.AppendVarint(b, t.Connections)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	s.buf = b
	_, err := s.w.Write(b)
	return err
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func truths(v ...bool) (b byte) {
	for i, t := range v {
		if t {
			b |= 1 << i
		}
	}
	return b
}

// all yields the rows; each is reused.
func (s *spool) all() iter.Seq2[*periplus.Traffic, error] {
	return func(yield func(*periplus.Traffic, error) bool) {
		if s.file == nil {
			return
		}
		err := s.w.Flush()
		if err == nil {
			_, err = s.file.Seek(0, io.SeekStart)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		r := bufio.NewReaderSize(s.file, 1<<18)
		d := decoder{words: map[string]string{}}
		for {
			t, err := d.next(r)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// close removes the file.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.file.Name()))
	s.file = nil
	return err
}

// decoder reads what add wrote. Words are few and shared.
type decoder struct {
	b     []byte
	row   periplus.Traffic
	words map[string]string
}

func (d *decoder) next(r *bufio.Reader) (*periplus.Traffic, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.LittleEndian.Uint32(size[:]))
	if cap(d.b) < n {
		d.b = make([]byte, n+n/2)
	}
	d.b = d.b[:n]
	if _, err := io.ReadFull(r, d.b); err != nil {
		return nil, fmt.Errorf("traffic that waited was cut short: %w", io.ErrUnexpectedEOF)
	}
	t := &d.row
	t.Step = d.varint()
	for _, at := range []*time.Time{&t.Bucket, &t.FirstSeen, &t.LastSeen} {
		*at = time.UnixMicro(d.varint()).UTC()
	}
	t.Client, t.Server = d.addr(), d.addr()
	for _, v := range []*string{&t.ClientNetwork, &t.ServerNetwork, &t.Reason, &t.SeenBy, &t.StoppedAt, &t.Answer, &t.Service, &t.Path, &t.Encryption} {
		*v = d.word()
	}
	fixed := d.take(6)
	t.ServerPort = uint16(fixed[0]) | uint16(fixed[1])<<8
	t.Protocol, t.Verdict, t.TCPFlags = fixed[2], periplus.Verdict(fixed[3]), fixed[4]
	t.HasPort, t.Sampled, t.Incomplete = fixed[5]&1 != 0, fixed[5]&2 != 0, fixed[5]&4 != 0
	for _, c := range []*periplus.Count{&t.RequestPackets, &t.RequestBytes, &t.ResponsePackets, &t.ResponseBytes, &t.Opened} {
		v := d.uvarint()
		*c = periplus.Count{N: int64(max(v, 1) - 1), Known: v > 0}
	}
	t.Records, t.Connections = d.varint(), d.varint()
	return t, nil
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.b = d.b[n:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.b = d.b[n:]
	return v
}

func (d *decoder) take(n int) []byte {
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) addr() netip.Addr {
	a, _ := netip.AddrFromSlice(d.take(int(d.uvarint()))) // no bytes: the zero Addr
	return a
}

func (d *decoder) word() string {
	b := d.take(int(d.uvarint()))
	if w, ok := d.words[string(b)]; ok {
		return w
	}
	if len(d.words) > 1<<16 {
		clear(d.words)
	}
	w := string(b)
	d.words[w] = w
	return w
}
