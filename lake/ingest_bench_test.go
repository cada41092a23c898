//go:build unix

package lake

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// gzSource holds the same logs at every run: n files of AWS v2, gzip.
type gzSource struct{ files [][]byte }

func newGzSource(files, records int) *gzSource {
	s := &gzSource{}
	r := rand.New(rand.NewPCG(3, 4))
	for f := range files {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, 6)
		io.WriteString(w, awsHeader)
		for i := range records {
			at := day0.Add(time.Duration(f)*15*time.Minute + time.Duration(i%900)*time.Second).Unix()
			client := fmt.Sprintf("10.0.%d.%d", r.IntN(64), r.IntN(256))
			if i%10 == 0 {
				client = fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(200), r.IntN(256), r.IntN(256), r.IntN(256))
			}
			fmt.Fprintf(w, "2 123456789010 eni-%017x %s 10.1.%d.%d %d %d 6 %d %d %d %d ACCEPT OK\n", r.IntN(300), client,
				r.IntN(4), r.IntN(256), 32768+r.IntN(28000), 440+r.IntN(20), 1+r.IntN(100), 40+r.IntN(100000), at, at+int64(r.IntN(60)))
		}
		w.Close()
		s.files = append(s.files, b.Bytes())
	}
	return s
}

func (s *gzSource) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for i, f := range s.files {
			if !yield(periplus.Object{URI: fmt.Sprintf("file:///%04d.log.gz", i), Size: int64(len(f)), ETag: "1"}, nil) {
				return
			}
		}
	}
}

func (s *gzSource) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	var i int
	if _, err := fmt.Sscanf(o.URI, "file:///%d", &i); err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(s.files[i])), nil
}

// BenchmarkIngest tells what a record costs from the gzip file to the commit.
func BenchmarkIngest(b *testing.B) {
	const files, records = 10, 100_000
	src := newGzSource(files, records)
	b.ResetTimer()
	start := cpu()
	for range b.N {
		l := openTest(b, b.TempDir())
		in := Ingest{Lake: l, Source: src}
		sum, err := in.Run(b.Context())
		if err != nil || sum.Stats.Records != files*records {
			b.Fatal(sum, err)
		}
	}
	n := float64(b.N * files * records)
	b.ReportMetric(float64((cpu()-start).Nanoseconds())/n, "cpu-ns/record")
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
}
