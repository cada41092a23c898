package lake

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// manyFlows are rows of two hours, sorted, as one batch has them.
func manyFlows(seed uint64, n int) []periplus.Flow {
	r := rand.New(rand.NewPCG(seed, 5))
	places := []*periplus.Place{{Provider: "aws", Account: "1", Interface: "eni-1", Log: "fl-1", Zone: "a"}, {Provider: "gcp", Network: "vpc", Interface: "nic0"}, {}}
	count := func() periplus.Count { return periplus.Count{N: r.Int64N(9), Known: true} }
	rows := make([]periplus.Flow, n)
	for i := range rows {
		first := day0.Add(time.Duration(r.IntN(7200)) * time.Second)
		f := periplus.Flow{Object: int64(r.IntN(3)), Bucket: first.Truncate(periplus.Bucket), FirstSeen: first, LastSeen: first.Add(time.Second), Place: places[r.IntN(3)],
			Observer: periplus.Observer(r.IntN(5)), Client: netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(12))}), Server: netip.AddrFrom4([4]byte{10, 0, 1, byte(r.IntN(3))}),
			Protocol: 1, OrientedBy: periplus.Orientation(r.IntN(9)), Verdict: periplus.Verdict(r.IntN(4)), Records: int64(i), Connections: 1, RequestPackets: count(), TCPFlags: uint8(i)}
		if f.HasPort = r.IntN(5) > 0; f.HasPort {
			f.ServerPort, f.Protocol = uint16(1+r.IntN(2)), 6
		}
		if r.IntN(4) == 0 {
			f.Server, f.ClientPort, f.HasClientPort, f.ResponseBytes = netip.MustParseAddr("2001:db8::9"), 50000, true, count()
		}
		if r.IntN(3) == 0 {
			f.Note, f.Service = &periplus.Note{Reason: "acl", Path: "1"}, "S3"
		}
		rows[i] = f
	}
	slices.SortFunc(rows, func(a, b periplus.Flow) int {
		if c := a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)); c != 0 {
			return c
		}
		return compareFlows(&a, &b)
	})
	return rows
}

// merged is a row as a merge sees it.
func merged(f *periplus.Flow) string {
	g := *f
	g.Object, g.Minutes, g.Place, g.Note = 0, 0, nil, nil
	p := *f.Place
	p.Zone, p.Subnet = "", ""
	var n periplus.Note
	if f.Note != nil {
		n = *f.Note
	}
	return fmt.Sprint(g, p, n)
}

// Each hour comes conversation by conversation with what is around it, however
// its files lie, are sorted, or are kept.
func TestHours(t *testing.T) {
	var files [3][]periplus.Flow
	for i, n := range []int{400, 400, 20_000} { // the last is read in blocks where it is not kept
		files[i] = manyFlows(uint64(i), n)
	}
	hour := day0
	conversationOf := func(f *periplus.Flow) string {
		return fmt.Sprint(f.Client, f.Server, f.HasPort, f.ServerPort, f.Protocol)
	}
	want, weak, even := map[string][]string{}, 0, 0
	evenPort := func(_, _ netip.Addr, port uint16, _ uint8) bool { return port%2 == 0 }
	inHour := map[string]bool{}
	for _, rows := range files {
		for i := range rows {
			f := &rows[i]
			if f.Observer == periplus.ObserverLeg || !f.Bucket.Before(hour.Add(80*time.Minute)) {
				continue
			}
			k := conversationOf(f)
			want[k] = append(want[k], merged(f))
			inHour[k] = inHour[k] || f.Bucket.Before(hour.Add(time.Hour))
			if f.HasClientPort && f.OrientedBy.Weak() {
				weak++
			}
			if f.HasPort && evenPort(f.Client, f.Server, f.ServerPort, f.Protocol) {
				even++
			}
		}
	}
	if len(want) < 50 || weak < 50 || even < 50 {
		t.Fatalf("%d conversations, %d weak rows, %d of even ports; the test means more", len(want), weak, even)
	}
	for _, sorted := range []bool{true, false} {
		for _, keep := range []int64{0, 1} {
			l := openTest(t, t.TempDir())
			for i, rows := range files {
				if !sorted && i == 1 {
					rows = slices.Clone(rows)
					rand.New(rand.NewPCG(1, 1)).Shuffle(len(rows), func(i, j int) {
						if rows[i].Bucket.Truncate(time.Hour).Equal(rows[j].Bucket.Truncate(time.Hour)) {
							rows[i], rows[j] = rows[j], rows[i]
						}
					})
				}
				if err := l.Commit(t.Context(), Batch{ID: fmt.Sprint(i), Flows: []Rows{seq(rows)}}); err != nil {
					t.Fatal(err)
				}
			}
			h, err := l.Hours(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			h.Keep, h.Temp = keep, t.TempDir()
			var before string
			seen := map[string]bool{}
			for rows, err := range h.Conversations(t.Context(), hour) {
				if err != nil {
					t.Fatal(err)
				}
				k := conversationOf(&rows[0])
				if seen[k] || !inHour[k] {
					t.Fatalf("%s came twice or is not of the hour", k)
				}
				seen[k] = true
				var got []string
				for i := range rows {
					got = append(got, merged(&rows[i]))
				}
				slices.Sort(got)
				slices.Sort(want[k])
				if !slices.Equal(got, want[k]) {
					t.Fatalf("sorted %v, keep %d: %s\n got %s\nwant %s", sorted, keep, k, strings.Join(got, "\n     "), strings.Join(want[k], "\n     "))
				}
				key := fmt.Sprintf("%x %x %v %05d", rows[0].Client.As16(), rows[0].Server.As16(), rows[0].HasPort, rows[0].ServerPort)
				if before > key {
					t.Fatalf("%s comes after %s", key, before)
				}
				before = key
			}
			for k, is := range inHour {
				if is && !seen[k] {
					t.Errorf("sorted %v, keep %d: %s is missing", sorted, keep, k)
				}
			}
			n := 0
			for f, err := range h.Weak(t.Context(), hour) {
				if err != nil || !f.HasClientPort || !f.OrientedBy.Weak() {
					t.Fatal(err, f)
				}
				n++
			}
			if n != weak {
				t.Errorf("sorted %v, keep %d: %d weak rows; want %d", sorted, keep, n, weak)
			}
			n = 0
			for f, err := range h.Of(t.Context(), hour, evenPort) {
				if err != nil || !f.HasPort || f.ServerPort%2 != 0 {
					t.Fatal(err, f)
				}
				n++
			}
			if n != even {
				t.Errorf("sorted %v, keep %d: %d rows of even ports; want %d", sorted, keep, n, even)
			}
			copies, err := filepath.Glob(filepath.Join(h.Temp, "*", "*"))
			if err != nil || (len(copies) > 0) == sorted {
				t.Errorf("sorted %v: %d copies, %v", sorted, len(copies), err)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(h.Temp); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		}
	}
}

// What is kept for the hours that follow does not change what they are.
func TestHoursInAnyOrder(t *testing.T) {
	l := openTest(t, t.TempDir())
	for i := range 2 {
		if err := l.Commit(t.Context(), Batch{ID: fmt.Sprint(i), Flows: []Rows{seq(makeFlows(int64(i), 2000, 4))}}); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(h *Hours, hour time.Time) string {
		var b strings.Builder
		for rows, err := range h.Conversations(t.Context(), hour) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				fmt.Fprintln(&b, merged(&rows[i]))
			}
		}
		return b.String()
	}
	fresh := func() *Hours {
		h, err := l.Hours(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	shared := fresh()
	for _, i := range []int{0, 1, 2, 3, 1, 0, 2, 2, 1, 3} {
		hour := day0.Add(time.Duration(i) * time.Hour)
		got, want := tell(shared, hour), tell(fresh(), hour)
		if want == "" || got != want {
			t.Errorf("hour %d: %d bytes; want %d", i, len(got), len(want))
		}
	}
}
