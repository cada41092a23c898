package digest

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// traffic makes n records as AWS v2 logs hold them in five minutes: servers
// behind few ports, both directions, one record in ten a stranger.
func traffic(seed uint64, n int) []periplus.Record {
	rnd := rand.New(rand.NewPCG(seed, 7))
	places := make([]*periplus.Place, 200)
	for i := range places {
		places[i] = &periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1", Interface: "eni-" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Log: "fl-1"}
	}
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	ports := []uint16{443, 443, 443, 80, 53, 22, 5432, 3306, 6379, 8080, 9092}
	has := periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort | periplus.HasPackets | periplus.HasBytes
	recs := make([]periplus.Record, 0, n)
	for len(recs) < n {
		e := rnd.IntN(len(places))
		r := periplus.Record{Place: places[e], Src: host(e), Dst: host(rnd.IntN(2000)), SrcPort: uint16(32768 + rnd.IntN(28000)), DstPort: ports[rnd.IntN(len(ports))],
			Protocol: 6, Has: has, Packets: uint64(1 + rnd.IntN(50)), Bytes: uint64(40 + rnd.IntN(50000)), Verdict: periplus.Allowed}
		r.Start = t0.Add(time.Duration(rnd.IntN(240)) * time.Second)
		r.End, r.Booked = r.Start.Add(time.Duration(rnd.IntN(60))*time.Second), r.Start
		if rnd.IntN(10) == 0 {
			r.Src, r.Dst = netip.AddrFrom4([4]byte{byte(11 + rnd.IntN(180)), byte(rnd.IntN(256)), byte(rnd.IntN(256)), byte(rnd.IntN(256))}), host(e)
			r.Verdict = periplus.Denied
			r.DstPort = uint16(rnd.IntN(10000))
			recs = append(recs, r)
			continue
		}
		recs = append(recs, r)
		r.Src, r.Dst, r.SrcPort, r.DstPort = r.Dst, r.Src, r.DstPort, r.SrcPort
		recs = append(recs, r)
	}
	return recs[:n]
}

func benchmarkWrite(b *testing.B, memory int64) {
	const objects, each = 8, 100_000
	in := make([][]periplus.Record, objects)
	for i := range in {
		in[i] = traffic(uint64(i), each)
	}
	var write, settle, rows time.Duration
	var nrows int
	b.ReportAllocs()
	for b.Loop() {
		batch := &Batch{Memory: memory, Temp: b.TempDir()}
		start := time.Now()
		for i, recs := range in {
			o := batch.Object(int64(i))
			for len(recs) > 0 {
				n := min(len(recs), 1024)
				if err := o.Write(recs[:n]); err != nil {
					b.Fatal(err)
				}
				recs = recs[n:]
			}
			if err := o.Close(); err != nil {
				b.Fatal(err)
			}
		}
		wrote := time.Now()
		res, err := batch.Settle(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		settled := time.Now()
		nrows = 0
		for _, err := range res.Rows {
			if err != nil {
				b.Fatal(err)
			}
			nrows++
		}
		rows += time.Since(settled)
		settle += settled.Sub(wrote)
		write += wrote.Sub(start)
		res.Close()
	}
	n := float64(b.N * objects * each)
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(write.Nanoseconds())/n, "ns-write/rec")
	b.ReportMetric(float64(settle.Nanoseconds())/n, "ns-settle/rec")
	b.ReportMetric(float64(rows.Nanoseconds())/n, "ns-rows/rec")
	b.ReportMetric(float64(nrows)/(objects*each), "rows/rec")
}

func BenchmarkDigest(b *testing.B)      { benchmarkWrite(b, 0) }
func BenchmarkDigestSpill(b *testing.B) { benchmarkWrite(b, 16<<20) }
