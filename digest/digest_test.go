package digest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/periplus/periplus/periplus"
)

// random makes the objects of a small world in which every rule is met: few
// addresses and ports, so that 5-tuples meet in several objects.
func random(seed uint64, objects, each int) [][]periplus.Record {
	rnd := rand.New(rand.NewPCG(seed, 1))
	pick := func(n ...uint16) uint16 { return n[rnd.IntN(len(n))] }
	addr := func() netip.Addr {
		switch rnd.IntN(8) {
		case 0:
			return netip.AddrFrom4([4]byte{198, 51, 100, byte(rnd.IntN(9))})
		case 1:
			return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", rnd.IntN(4)))
		}
		return netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + rnd.IntN(12))})
	}
	var out [][]periplus.Record
	id := uint64(0)
	for i := range objects {
		places := make([]*periplus.Place, 4)
		for j := range places {
			places[j] = &periplus.Place{Provider: []string{"aws", "aws", "gcp", "azure"}[j], Interface: fmt.Sprintf("eni-%d", rnd.IntN(3)),
				Log: fmt.Sprintf("fl-%d", rnd.IntN(2)), Network: []string{"", "vpc-1"}[rnd.IntN(2)],
				InterfaceType: []string{"", "", "nat_gateway", "interface"}[rnd.IntN(4)], Instance: []string{"", "-", "i-1"}[rnd.IntN(3)]}
		}
		notes := []*periplus.Note{nil, {Path: "8"}, {Path: "2", SrcService: "S3"}, {Reason: "rule-" + fmt.Sprint(i%2)}, {DstService: "EC2", Encryption: "NX"}}
		names := []*periplus.Identity{nil, nil, {Name: "web-1"}, {Name: "web-2", Network: "vpc-1", Tags: []periplus.Column{{Name: "a", Value: "b"}}}}
		recs := make([]periplus.Record, rnd.IntN(each)+1)
		for j := range recs {
			r := &recs[j]
			*r = periplus.Record{Place: places[rnd.IntN(4)], Note: notes[rnd.IntN(5)], SrcID: names[rnd.IntN(4)], DstID: names[rnd.IntN(4)],
				Src: addr(), Dst: addr(), SrcPort: pick(22, 53, 123, 443, 800, 2049, 8080, 5432, 40000, 50000, 50051, uint16(40000+rnd.IntN(5000))),
				DstPort: pick(22, 53, 123, 443, 2049, 8080, 5432, 40000, 50000, 50051), Protocol: []uint8{6, 6, 6, 17, 1}[rnd.IntN(5)],
				Has:     periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort,
				Packets: uint64(1 + rnd.IntN(100)), Bytes: uint64(rnd.IntN(100000)), Verdict: periplus.Verdict(rnd.IntN(4)),
				Direction: periplus.Direction(rnd.IntN(4)), TCPFlags: []uint8{0, 0, 2, 18, 3, 26}[rnd.IntN(6)], Sampled: rnd.IntN(9) == 0, Part: rnd.IntN(20) == 0}
			for _, h := range []periplus.Has{periplus.HasPackets, periplus.HasBytes, periplus.HasTCPFlags} {
				if rnd.IntN(8) > 0 {
					r.Has |= h
				}
			}
			switch r.Place.Provider {
			case "gcp":
				id++
				r.ID = id
				if rnd.IntN(5) == 0 {
					r.ID = 1 + rnd.Uint64N(id)
				}
				r.Has |= periplus.HasID
				if rnd.IntN(3) == 0 {
					r.Mark, r.Initiator = periplus.MarkEvent, true
					r.Has &^= periplus.HasPackets | periplus.HasBytes
				}
			case "azure":
				r.State, r.Initiator = periplus.State(rnd.IntN(5)), true
				r.Has |= periplus.HasRevPackets
				r.RevPackets = uint64(rnd.IntN(3))
			}
			if rnd.IntN(5) == 0 {
				r.PktSrc = addr()
				r.PktDst = r.Dst
			}
			if rnd.IntN(60) == 0 {
				r.Mark = periplus.Mark(2 + rnd.IntN(2))
			}
			r.Start = t0.Add(time.Duration(rnd.IntN(7200)) * time.Second).Add(time.Duration(rnd.IntN(2)) * 1500 * time.Microsecond)
			r.End = r.Start.Add(time.Duration(rnd.IntN(600)) * time.Second)
			r.Booked = r.Start
		}
		out = append(out, recs)
	}
	return out
}

// fresh is the same records with other pointers, as another reader gives them.
func fresh(recs []periplus.Record) []periplus.Record {
	out := make([]periplus.Record, len(recs))
	for i, r := range recs {
		p := *r.Place
		r.Place = &p
		out[i] = r
	}
	return out
}

// TestHours ranges over all hours at once, as a lake does that writes them: each
// holds one hour, and together they are the rows.
func TestHours(t *testing.T) {
	objects := random(3, 12, 300)
	for i, recs := range objects { // over six hours, two in most objects
		for k := range recs {
			shift := time.Duration(i/2+k%2) * time.Hour
			r := &recs[k]
			r.Start, r.End, r.Booked = r.Start.Add(shift), r.End.Add(shift), r.Booked.Add(shift)
		}
	}
	for _, rows := range []int{0, 50, 4} { // a run; of the shortest there are so many that they are compacted
		b := &Batch{}
		if rows > 0 {
			b.small(rows, 4<<10)
		}
		res := settle(t, b, objects...)
		want := text(t, res)
		got := make([]string, len(res.Hours))
		var g errgroup.Group
		for i, rows := range res.Hours {
			g.Go(func() error {
				hour := map[time.Time]bool{}
				var b strings.Builder
				for f, err := range rows {
					if err != nil {
						return err
					}
					hour[f.Bucket.Truncate(time.Hour)] = true
					for _, c := range periplus.FlowFields {
						fmt.Fprint(&b, c.Get(f), "\t")
					}
					b.WriteByte('\n')
				}
				if len(hour) != 1 {
					return fmt.Errorf("one of the hours holds rows of %d", len(hour))
				}
				got[i] = b.String()
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if len(got) < 6 {
			t.Errorf("%d hours; want six at least", len(got))
		}
		if g := strings.Join(got, ""); g != want {
			t.Errorf("%d rows a run: hours are not the rows\n%s", rows, firstDifference(g, want))
		}
	}
}

// TestDeterministic: the same result whatever the order of objects, the number
// of workers and the memory, to the last column. Entries that repeat are the
// same entry, so they are made equal first.
func TestDeterministic(t *testing.T) {
	for seed := range uint64(12) {
		objects := random(seed, 12, 300)
		sameEntries(objects)
		want := settle(t, &Batch{}, objects...)
		wantRows, wantRest := text(t, want), rest(want)
		rnd := rand.New(rand.NewPCG(seed, 2))
		for _, workers := range []int{1, 4} {
			again := make([][]periplus.Record, len(objects))
			for i := range objects {
				again[i] = fresh(objects[i])
			}
			b := &Batch{}
			if workers == 4 {
				b.small(50, 4<<10)
			}
			got := parallel(t, b, again, workers, rnd)
			if g := text(t, got); g != wantRows {
				t.Fatalf("seed %d, %d workers: rows differ\n%s", seed, workers, firstDifference(g, wantRows))
			}
			if g := rest(got); g != wantRest {
				t.Fatalf("seed %d, %d workers: the rest differs\n%s", seed, workers, firstDifference(g, wantRest))
			}
		}
	}
}

// small makes a batch that holds few rows and bytes, so that tiny input spills.
func (b *Batch) small(rows int, bytes int64) {
	b.once.Do(b.begin)
	b.limit, b.runs.limit = rows, bytes
}

func sameEntries(objects [][]periplus.Record) {
	first := map[uint64]periplus.Record{}
	for _, recs := range objects {
		for i := range recs {
			if recs[i].Has&periplus.HasID == 0 || recs[i].Mark > periplus.MarkEvent {
				continue
			}
			if f, ok := first[recs[i].ID]; ok {
				recs[i] = f
			} else {
				first[recs[i].ID] = recs[i]
			}
		}
	}
}

func firstDifference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-300)
	return fmt.Sprintf("got  …%s\nwant …%s", a[from:min(len(a), i+200)], b[from:min(len(b), i+200)])
}
