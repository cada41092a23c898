package traffic

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// busyHour makes an hour as a busy network has it, sorted as a batch is: about
// 415,000 rows of 160,000 conversations, six in ten of them logged at both
// ends, one row in ten from a stranger, a few denied on the way or seen by a
// gateway too.
func busyHour(at time.Time) []periplus.Flow {
	r := rand.New(rand.NewPCG(uint64(at.Unix()), 1))
	places := make([]*periplus.Place, 3000)
	for i := range places {
		places[i] = &periplus.Place{Provider: "aws", Account: fmt.Sprint("11112222333", i%4), Region: "eu-west-1", Network: fmt.Sprint("vpc-", i%4),
			Subnet: fmt.Sprint("subnet-", i%16), Interface: fmt.Sprintf("eni-%05x", i), Log: "fl-1"}
	}
	gateway := &periplus.Place{Provider: "aws", Account: "111122223330", Region: "eu-west-1", Interface: "tgw-1", Log: "fl-2"}
	known := func(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }
	ports := []uint16{443, 5432, 6379, 8080, 53, 9092}
	var rows []periplus.Flow
	for c := range 116_000 + 41_000 {
		h := rand.New(rand.NewPCG(uint64(c), 2))
		stranger := c >= 116_000
		f := periplus.Flow{Object: 1, Client: netip.AddrFrom4([4]byte{10, byte(h.IntN(4)), byte(h.IntN(60)), byte(h.IntN(250))}),
			Server: netip.AddrFrom4([4]byte{10, 9, byte(h.IntN(3)), byte(h.IntN(233))}), ServerPort: ports[h.IntN(len(ports))], HasPort: true, Protocol: 6,
			OrientedBy: periplus.ByFlags, Verdict: periplus.Allowed, TCPFlags: 19, Connections: 1}
		buckets := 2
		if stranger {
			f.Client = netip.AddrFrom4([4]byte{198, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
			f.OrientedBy, f.ClientPort, f.HasClientPort, buckets = periplus.ByOneWay, uint16(40000+r.IntN(20000)), true, 1
		}
		kind := h.IntN(100)
		for range buckets {
			f.Bucket = at.Add(time.Duration(r.IntN(12)) * periplus.Bucket)
			f.FirstSeen = f.Bucket.Add(time.Duration(r.IntN(60)) * time.Second)
			f.LastSeen = f.FirstSeen.Add(time.Duration(r.IntN(290)) * time.Second)
			f.Records = 1 + r.Int64N(3)
			f.RequestPackets, f.RequestBytes = known(1+r.Int64N(50)), known(60+r.Int64N(50_000))
			f.ResponsePackets, f.ResponseBytes = known(1+r.Int64N(50)), known(60+r.Int64N(500_000))
			seen := func(o periplus.Observer, p *periplus.Place, v periplus.Verdict) {
				g := f
				g.Observer, g.Place, g.Verdict = o, p, v
				if v.Stopped() {
					g.ResponsePackets, g.ResponseBytes = periplus.Count{}, periplus.Count{}
				}
				rows = append(rows, g)
			}
			client, server := places[(c*7)%len(places)], places[(c*11+1)%700]
			switch {
			case stranger:
				seen(periplus.ObserverServer, server, periplus.Denied)
			case kind < 58:
				seen(periplus.ObserverClient, client, periplus.Allowed)
				seen(periplus.ObserverServer, server, periplus.Allowed)
			case kind < 60:
				seen(periplus.ObserverClient, client, periplus.Allowed)
				seen(periplus.ObserverServer, server, periplus.Denied)
			case kind < 80:
				seen(periplus.ObserverClient, client, periplus.Allowed)
			case kind < 98:
				seen(periplus.ObserverServer, server, periplus.Allowed)
			default:
				seen(periplus.ObserverClient, client, periplus.Allowed)
				seen(periplus.ObserverMiddle, gateway, periplus.Unknown)
			}
		}
	}
	slices.SortFunc(rows, func(a, b periplus.Flow) int {
		return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server),
			cmp.Compare(a.ServerPort, b.ServerPort), a.Bucket.Compare(b.Bucket))
	})
	return rows
}

func busyLake(b *testing.B, hours int) (*lake.Lake, time.Time, int) {
	b.Helper()
	l, err := lake.Create(b.Context(), b.TempDir(), lake.Fleeting)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	n := 0
	flows := iter.Seq2[*periplus.Flow, error](func(yield func(*periplus.Flow, error) bool) {
		for h := range hours {
			rows := busyHour(day.Add(time.Duration(h) * time.Hour))
			n += len(rows)
			for i := range rows {
				if !yield(&rows[i], nil) {
					return
				}
			}
		}
	})
	object := periplus.ReadObject{ID: 1, URI: "file:///busy", State: periplus.ObjectRead, FirstSeen: day, LastSeen: day.Add(time.Hour), ReadAt: day}
	if err := l.Commit(b.Context(), lake.Batch{ID: "busy", Flows: []lake.Rows{flows}, Objects: []periplus.ReadObject{object}}); err != nil {
		b.Fatal(err)
	}
	return l, day, n
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// One iteration builds the traffic of all hours, and the day step of 24.
// `go test -bench Current/24h -benchtime 1x` is a day of 10 million rows.
func BenchmarkCurrent(b *testing.B) {
	for _, hours := range []int{1, 24} {
		b.Run(fmt.Sprint(hours, "h"), func(b *testing.B) {
			l, day, n := busyLake(b, hours)
			engine, err := duckdb.Open(l, duckdb.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer engine.Close()
			k := Keeper{Lake: l, Engine: engine}
			var used time.Duration
			var at Progress
			k.Progress = func(p Progress) { at = p }
			for b.Loop() {
				before := cpu()
				if err := k.Current(b.Context(), day, day.AddDate(0, 0, 1)); err != nil {
					b.Fatal(err)
				}
				used += cpu() - before
				b.StopTimer()
				if err := l.ReplaceTraffic(b.Context(), stepBucket, day, day.Add(time.Duration(hours)*time.Hour), nil); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			if at.Done != hours || at.Rows == 0 {
				b.Fatalf("built %+v; want %d hours", at, hours)
			}
			b.ReportMetric(used.Seconds()/float64(b.N)/float64(n)*1e7, "cpu-s/10Mrows")
			b.ReportMetric(float64(n), "flows")
			b.ReportMetric(float64(at.Rows), "rows")
		})
	}
}

// One iteration is what a question costs after a batch that taught something
// about a lake of four built hours: which of them it changes.
func BenchmarkNews(b *testing.B) {
	for _, n := range []int{0, 1, 400, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, day, flows := busyLake(b, 4)
			engine, err := duckdb.Open(l, duckdb.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer engine.Close()
			k := Keeper{Lake: l, Engine: engine}
			if err := k.Current(b.Context(), day, day.AddDate(0, 0, 1)); err != nil {
				b.Fatal(err)
			}
			at := 0
			for b.Loop() {
				b.StopTimer()
				batch := lake.Batch{ID: fmt.Sprint("news-", at), Objects: []periplus.ReadObject{{ID: int64(2 + at), URI: fmt.Sprint("file:///", at), ReadAt: day}}}
				for i := range n {
					a := netip.AddrFrom4([4]byte{11, byte(at), byte(i >> 8), byte(i)}) // of which flows know nothing
					batch.Servers = append(batch.Servers, digest.Server{Addr: a, Port: 443, Protocol: 6})
					batch.Owned = append(batch.Owned, digest.Owned{Addr: a, Place: &periplus.Place{Network: "vpc-1"}, First: day, Last: day})
				}
				at++
				if err := l.Commit(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := k.learn(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			stale, err := l.Stale(b.Context(), time.Time{}, time.Time{})
			if err != nil || len(stale) > 0 {
				b.Fatalf("stale: %v, %v; want none", stale, err)
			}
			b.ReportMetric(float64(flows), "flows")
		})
	}
}
