package digest

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// totals are what must come out of a digest as it went in.
type totals struct {
	packets, bytes, records int64
	stopped                 int64 // packets
}

func totalOf(objects ...[]periplus.Record) totals {
	var t totals
	seen := map[uint64]bool{}
	for _, recs := range objects {
		for i := range recs {
			r := &recs[i]
			if r.Mark > periplus.MarkEvent {
				continue
			}
			if r.Has&periplus.HasID != 0 {
				if seen[r.ID] {
					continue
				}
				seen[r.ID] = true
			}
			var packets, size uint64
			for _, c := range []struct {
				has periplus.Has
				n   uint64
				to  *uint64
			}{{periplus.HasPackets, r.Packets, &packets}, {periplus.HasRevPackets, r.RevPackets, &packets},
				{periplus.HasBytes, r.Bytes, &size}, {periplus.HasRevBytes, r.RevBytes, &size}} {
				if r.Has&c.has != 0 {
					*c.to += c.n
				}
			}
			t.packets += int64(packets)
			t.bytes += int64(size)
			if r.Verdict.Stopped() {
				t.stopped += int64(packets)
			}
			if !r.Part {
				t.records++
			}
		}
	}
	return t
}

func totalRows(t testing.TB, r *Result) totals {
	var got totals
	for f, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		got.packets += f.RequestPackets.N + f.ResponsePackets.N
		got.bytes += f.RequestBytes.N + f.ResponseBytes.N
		got.records += f.Records
		if f.Verdict.Stopped() {
			got.stopped += f.RequestPackets.N + f.ResponsePackets.N
		}
	}
	return got
}

// TestTotals: no packet, byte or record is lost or counted twice. Events are
// left out: a flow may take their place and their verdict.
func TestTotals(t *testing.T) {
	for seed := range uint64(20) {
		objects := random(seed, 10, 300)
		sameEntries(objects)
		for _, recs := range objects {
			for i := range recs {
				if recs[i].Mark == periplus.MarkEvent {
					recs[i].Mark = periplus.MarkFlow
				}
			}
		}
		want := totalOf(objects...)
		b := &Batch{}
		if seed%2 == 1 {
			b.small(40, 2<<10)
		}
		r := settle(t, b, objects...)
		if got := totalRows(t, r); got != want {
			t.Errorf("seed %d: rows have %+v; records %+v", seed, got, want)
		}
		var records int64
		for _, c := range r.Coverage {
			records += c.Records
		}
		var span int64
		for _, s := range r.Spans {
			span += s.Records
		}
		if records != want.records || span != want.records {
			t.Errorf("seed %d: coverage has %d records, spans %d; want %d", seed, records, span, want.records)
		}
	}
}

// TestSorted: the order that the lake relies on.
func TestSorted(t *testing.T) {
	var last periplus.Flow
	n := 0
	for _, f := range flows(t, settle(t, &Batch{}, random(3, 10, 400)...)) {
		if n++; n > 1 {
			a, b := last.Bucket.Truncate(time.Hour), f.Bucket.Truncate(time.Hour)
			if a.After(b) || a.Equal(b) && last.Client.Compare(f.Client) > 0 ||
				a.Equal(b) && last.Client == f.Client && last.Server.Compare(f.Server) > 0 {
				t.Errorf("row %d: %s after %s", n, brief(&f), brief(&last))
			}
		}
		last = f
	}
	if n < 100 {
		t.Errorf("%d rows; want many", n)
	}
}

// FuzzRecords makes records of bytes: no panic, totals conserved.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add(make([]byte, 200))
	f.Fuzz(func(t *testing.T, in []byte) {
		var objects [2][]periplus.Record
		places := []*periplus.Place{{}, {Provider: "gcp", Interface: "a"}, {Provider: "aws", Interface: "eni-1", Instance: "-"}}
		for len(in) >= 32 {
			r := periplus.Record{
				Mark: periplus.Mark(in[0] & 3), Place: places[in[0]>>2%3], Verdict: periplus.Verdict(in[1] & 3),
				Direction: periplus.Direction(in[1] >> 2 & 3), State: periplus.State(in[1] >> 4 % 5), Initiator: in[1]>>7 == 1,
				TCPFlags: in[2], Protocol: in[3], Has: periplus.Has(binary.LittleEndian.Uint16(in[4:])) &^ periplus.HasID,
				SrcPort: binary.LittleEndian.Uint16(in[6:]), DstPort: binary.LittleEndian.Uint16(in[8:]),
				Src: netip.AddrFrom4([4]byte(in[10:])), Packets: uint64(in[14]), Bytes: uint64(binary.LittleEndian.Uint16(in[15:])),
				RevPackets: uint64(in[17]), RevBytes: uint64(in[18]), Part: in[19]&1 == 1, ID: uint64(in[20]),
				Start: time.Unix(int64(int32(binary.LittleEndian.Uint32(in[21:]))), int64(in[25])*1e6),
			}
			if r.Mark == periplus.MarkEvent {
				r.Mark = periplus.MarkFlow
			}
			if in[26]&1 == 1 {
				r.Dst = netip.AddrFrom4([4]byte(in[27:]))
			}
			if in[26]&2 == 2 {
				r.PktDst = netip.AddrFrom16([16]byte(in[:16]))
			}
			if in[26]&4 == 4 {
				r.End = r.Start.Add(time.Duration(in[31]) * time.Hour)
				r.Booked = r.End
			}
			if in[26]&8 == 8 {
				r.Note = &periplus.Note{Reason: string(in[:1]), SrcService: string(in[1:2])}
			}
			objects[in[26]>>7] = append(objects[in[26]>>7], r)
			in = in[32:]
		}
		b := &Batch{}
		b.small(3, 100)
		if got, want := totalRows(t, settle(t, b, objects[:]...)), totalOf(objects[:]...); got != want {
			t.Errorf("rows have %+v; records %+v", got, want)
		}
	})
}

// TestAllocs: nothing is allocated per record in the steady state.
func TestAllocs(t *testing.T) {
	recs := traffic(1, 20_000)
	b := &Batch{}
	write := func() {
		o := b.Object(1)
		for i := 0; i < len(recs); i += 1000 {
			if err := o.Write(recs[i : i+1000]); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if n := testing.AllocsPerRun(5, write) / float64(len(recs)); n > 0.02 {
		t.Errorf("%.3f allocations a record; want none", n)
	}
}

// TestMemory: what is held stays within the bound, however many records come.
func TestMemory(t *testing.T) {
	b := &Batch{Memory: 4 << 20, Temp: t.TempDir()}
	for i := range 20 {
		o := b.Object(int64(i))
		if err := o.Write(traffic(uint64(i), 20_000)); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if b.runs.inMem > b.runs.limit {
			t.Fatalf("%d bytes in memory; want at most %d", b.runs.inMem, b.runs.limit)
		}
	}
	if b.runs.end == 0 {
		t.Error("nothing was spilled; want most of it")
	}
	r, err := b.Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := totalRows(t, r); got.records != 400_000 {
		t.Errorf("%d records; want 400000", got.records)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
