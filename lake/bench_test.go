//go:build unix

package lake

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// sparseFlows are rows as a real network gives them: conversations of a few
// records, one row in ten with a stranger from the internet, sorted.
func sparseFlows(n int) iter.Seq2[*periplus.Flow, error] {
	places := make([]*periplus.Place, 200)
	for i := range places {
		places[i] = &periplus.Place{Provider: "aws", Account: "123456789010", Region: "eu-west-1", Zone: "euw1-az1",
			Network: fmt.Sprintf("vpc-%08x", i%5), Subnet: fmt.Sprintf("subnet-%08x", i%20),
			Interface: fmt.Sprintf("eni-%017x", i), Log: "fl-1"}
	}
	return func(yield func(*periplus.Flow, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		var f periplus.Flow
		known := func(n int64) periplus.Count { return periplus.Count{N: 1 + r.Int64N(n), Known: true} }
		for i := range n {
			hour := day0.Add(time.Duration(i*24/n) * time.Hour)
			at := hour.Add(time.Duration(r.Int64N(3600)) * time.Second)
			within := i % (n/24 + 1)
			client := netip.AddrFrom4([4]byte{10, byte(within >> 14), byte(within >> 8), byte(within >> 2)})
			if i%10 == 0 {
				client = netip.AddrFrom4([4]byte{byte(r.IntN(200) + 11), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
			}
			f = periplus.Flow{Object: int64(i % 100), Bucket: at.Truncate(periplus.Bucket), FirstSeen: at, LastSeen: at.Add(time.Minute),
				Minutes: 1 << r.IntN(5), Place: places[r.IntN(len(places))], Observer: periplus.ObserverServer,
				Client: client, Server: netip.AddrFrom4([4]byte{10, 200, byte(r.IntN(4)), byte(r.IntN(256))}),
				ServerPort: uint16(443 + r.IntN(50)), HasPort: true, Protocol: 6, OrientedBy: periplus.ByPrivileged,
				Verdict: periplus.Allowed, RequestPackets: known(100), RequestBytes: known(1e6),
				Records: 1, Connections: 1}
			if !yield(&f, nil) {
				return
			}
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWriteFlows tells what a row costs from the iterator to the closed
// Parquet files, less what the iterator itself costs.
func BenchmarkWriteFlows(b *testing.B) {
	const n = 1_000_000
	rows := sparseFlows(n)
	start := cpu()
	for range rows {
	}
	own := cpu() - start
	b.ResetTimer()
	start = cpu()
	var size int64
	for range b.N {
		dir := b.TempDir()
		files, err := newFlowWriter(dir, 1).write(b.Context(), rows)
		if err != nil {
			b.Fatal(err)
		}
		size = 0
		for _, f := range files {
			size += f.FileSizeBytes()
		}
		os.RemoveAll(filepath.Join(dir, "data"))
	}
	used := cpu() - start - time.Duration(b.N)*own
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*n), "cpu-ns/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "wall-ns/row")
	b.ReportMetric(float64(size)/n, "bytes/row")
}
