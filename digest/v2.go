package digest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// V2 makes go-vpcflow's digest: AWS version 2 lines with the larger port set to
// zero and packets and bytes added up, every line with the start and end of the
// whole digest. Raw text goes in by ReadFrom, records of any format by Write,
// and the lines come out of WriteTo, sorted byte by byte. The zero value is
// ready. What upstream gives up on (a bad number, a short line) is counted in
// Stats and left out. It holds one entry a line of output.
type V2 struct {
	// URI names the input in Stats.
	URI string
	// Stats counts lines and records, bad lines by kind.
	Stats periplus.Stats
	// Unmeasured counts records that have no line because packets or bytes were
	// not counted (firewall entries, the begin of an Azure flow, what a transit
	// gateway lost): a zero would be invented.
	Unmeasured int64

	sums       map[string]*v2Sum
	start, end int64
	any        bool
	key        []byte
}

type v2Sum struct {
	head, tail     string // the line around what adds up
	packets, bytes uint64
}

// The columns of a version 2 line.
const (
	v2Version = iota
	v2Account
	v2Interface
	v2Src
	v2Dst
	v2SrcPort
	v2DstPort
	v2Protocol
	v2Packets
	v2Bytes
	v2Start
	v2End
	v2Action
	v2Status
	v2Columns
)

const maxLine = 1 << 20

// ReadFrom takes raw text in. Lines that are not version 2 or whose status is
// not OK (headers, NODATA) are passed over, as upstream does.
func (d *V2) ReadFrom(in io.Reader) (int64, error) {
	r := bufio.NewReaderSize(in, 256<<10)
	var total int64
	var long []byte
	for {
		line, err := r.ReadSlice('\n')
		total += int64(len(line))
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long) < maxLine {
				long = append(long, line...)
			}
			continue
		}
		if len(long) > 0 {
			line = append(long, line...)
			long = long[:0]
		}
		if len(line) > 0 {
			d.Stats.Lines++
			d.line(bytes.TrimRight(line, "\r\n"))
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func (d *V2) line(line []byte) {
	var f [v2Columns][]byte
	rest, n := line, 0
	for n < v2Columns {
		i := bytes.IndexByte(rest, ' ')
		if i < 0 {
			f[n] = rest
			n++
			break
		}
		f[n], rest = rest[:i], rest[i+1:]
		n++
	}
	if string(f[v2Version]) != "2" {
		return
	}
	if n < v2Columns {
		d.bad(periplus.BadColumns, fmt.Sprintf("%d columns, want %d", n, v2Columns))
		return
	}
	if !bytes.EqualFold(f[v2Status], []byte("ok")) {
		return
	}
	src, ok1 := d.number(f[v2SrcPort], "srcport", 1<<16-1)
	dst, ok2 := d.number(f[v2DstPort], "dstport", 1<<16-1)
	packets, ok3 := d.number(f[v2Packets], "packets", 1<<63-1)
	size, ok4 := d.number(f[v2Bytes], "bytes", 1<<63-1)
	start, ok5 := d.number(f[v2Start], "start", 1<<62)
	end, ok6 := d.number(f[v2End], "end", 1<<62)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return
	}
	d.add(&f, uint16(src), uint16(dst), packets, size)
	d.span(int64(start), int64(end))
}

// number reads a column, or counts the line as bad.
func (d *V2) number(text []byte, name string, most uint64) (uint64, bool) {
	n, err := strconv.ParseUint(string(text), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && n > most:
		d.bad(periplus.BadRange, fmt.Sprintf("%s %.40q is out of range", name, text))
		return 0, false
	case err != nil:
		d.bad(periplus.BadSyntax, fmt.Sprintf("%s %.40q is not a number", name, text))
		return 0, false
	}
	return n, true
}

func (d *V2) bad(kind periplus.BadKind, msg string) {
	d.Stats.AddBad(periplus.SyntaxError{Kind: kind, URI: d.URI, Line: d.Stats.Lines, Msg: msg})
}

// add adds to the line of a key. Upstream's rule: the larger port becomes zero,
// and of two equal ones the source's.
func (d *V2) add(f *[v2Columns][]byte, src, dst uint16, packets, size uint64) {
	if src < dst {
		dst = 0
	} else {
		src = 0
	}
	k := d.key[:0]
	for _, c := range f[v2Version:v2SrcPort] {
		k = append(append(k, c...), ' ')
	}
	k = strconv.AppendUint(k, uint64(src), 10)
	k = strconv.AppendUint(append(k, ' '), uint64(dst), 10)
	k = append(append(append(k, ' '), f[v2Protocol]...), ' ')
	head := len(k)
	k = append(append(append(k, ' '), f[v2Action]...), ' ')
	k = append(k, f[v2Status]...)
	d.key = k
	s := d.sums[string(k)]
	if s == nil {
		if d.sums == nil {
			d.sums = map[string]*v2Sum{}
		}
		s = &v2Sum{head: string(k[:head]), tail: string(k[head:])}
		d.sums[string(k)] = s
	}
	s.packets = min(s.packets+packets, math.MaxInt64) // neither is more before
	s.bytes = min(s.bytes+size, math.MaxInt64)
	d.Stats.Records++
}

// span widens the time of the whole digest.
func (d *V2) span(start, end int64) {
	if !d.any {
		d.start, d.end, d.any = start, end, true
		return
	}
	d.start, d.end = min(d.start, start), max(d.end, end)
}

// Write takes records in, written as version 2 would: interface-level
// addresses, ACCEPT for what was let through, REJECT for what was stopped, - where
// the log does not say it. Azure's answers become lines of their own.
func (d *V2) Write(recs []periplus.Record) error {
	for i := range recs {
		r := &recs[i]
		if r.Mark != periplus.MarkFlow {
			if r.Mark == periplus.MarkEvent {
				d.Unmeasured++
			}
			continue
		}
		const there, back = periplus.HasPackets | periplus.HasBytes, periplus.HasRevPackets | periplus.HasRevBytes
		if r.Has&there != there && r.Has&back != back {
			d.Unmeasured++
			continue
		}
		first, last, _ := micros(r)
		start, end := floorDiv(first, 1e6), floorDiv(last, 1e6)
		if r.Has&there == there {
			d.record(r, r.Src, r.Dst, [4]uint64{uint64(r.SrcPort), uint64(r.DstPort), r.Packets, r.Bytes})
			d.span(start, end)
		}
		if r.Has&back == back && r.RevPackets > 0 {
			d.record(r, r.Dst, r.Src, [4]uint64{uint64(r.DstPort), uint64(r.SrcPort), r.RevPackets, r.RevBytes})
			d.span(start, end)
		}
	}
	return nil
}

// record adds one direction: ports, packets and bytes are n.
func (d *V2) record(r *periplus.Record, src, dst netip.Addr, n [4]uint64) {
	// Other clouds' names may hold what would make columns or lines of one.
	text := func(s, none string) []byte {
		if s == "" {
			s = none
		}
		return []byte(strings.Map(func(r rune) rune {
			if r == ' ' || periplus.Steers(r) {
				return '_'
			}
			return r
		}, s))
	}
	action := "-"
	switch {
	case r.Verdict.Stopped():
		action = "REJECT"
	case r.Verdict == periplus.Allowed:
		action = "ACCEPT"
	}
	d.add(&[v2Columns][]byte{
		v2Version: []byte("2"), v2Account: text(r.Place.Account, "unknown"), v2Interface: text(r.Place.Interface, "-"),
		v2Src: []byte(src.String()), v2Dst: []byte(dst.String()),
		v2Protocol: strconv.AppendUint(nil, uint64(r.Protocol), 10), v2Action: []byte(action), v2Status: []byte("OK"),
	}, uint16(n[0]), uint16(n[1]), n[2], n[3])
}

// WriteTo writes the lines.
func (d *V2) WriteTo(out io.Writer) (int64, error) {
	lines := make([]string, 0, len(d.sums))
	for _, s := range d.sums {
		lines = append(lines, fmt.Sprintf("%s%d %d %d %d%s\n", s.head, s.packets, s.bytes, d.start, d.end, s.tail))
	}
	slices.Sort(lines)
	var total int64
	w := bufio.NewWriterSize(out, 64<<10)
	for _, l := range lines {
		n, err := w.WriteString(l)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, w.Flush()
}
