package format

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// awsLog writes n records of a network with 200 interfaces, as one object would
// hold them: mostly a few servers, one record in ten a stranger.
func awsLog(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString(awsDefaultV2 + "\n")
	for range n {
		eni, port := rnd.IntN(200), []int{443, 5432, 6379, 8080}[rnd.IntN(4)]
		own, peer := fmt.Sprintf("10.0.%d.%d", eni/50, 10+eni%50), fmt.Sprintf("10.0.%d.%d", rnd.IntN(8), rnd.IntN(250))
		action := "ACCEPT"
		if rnd.IntN(10) == 0 {
			peer, action = fmt.Sprintf("%d.%d.%d.%d", 11+rnd.IntN(200), rnd.IntN(256), rnd.IntN(256), rnd.IntN(256)), "REJECT"
		}
		start := 1700000000 + rnd.IntN(300)
		fmt.Fprintf(&b, "2 111122223333 eni-%017x %s %s %d %d 6 %d %d %d %d %s OK\n", eni*7919, own, peer,
			32768+rnd.IntN(28000), port, 1+rnd.IntN(100), 40+rnd.IntN(100000), start, start+rnd.IntN(60), action)
	}
	return b.Bytes()
}

// benchmarkReader reports records a second of a log that is opened anew each
// round.
func benchmarkReader(b *testing.B, data []byte, opt Options) {
	b.Helper()
	recs := make([]periplus.Record, 1024)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	total := 0
	for b.Loop() {
		o, err := Open(bytes.NewReader(data), opt)
		if err != nil {
			b.Fatal(err)
		}
		for {
			n, err := o.Reader.Read(recs)
			total += n
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	if total == 0 {
		b.Fatal("no records")
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(total), "ns/record")
}

func BenchmarkAWSText(b *testing.B) { benchmarkReader(b, awsLog(100000), Options{}) }
func BenchmarkAWSTextGzip(b *testing.B) {
	benchmarkReader(b, gzipped(b, string(awsLog(100000))), Options{})
}

func BenchmarkAWSTextV5(b *testing.B) {
	var log bytes.Buffer
	log.WriteString("version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id vpc-id subnet-id instance-id interface-id region az-id sublocation-type sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service traffic-path flow-direction log-status\n")
	for i := range 20000 {
		fmt.Fprintf(&log, "5 10.0.0.%d 52.95.128.179 %d 443 6 1616729292 1616729349 IPv4 7 471 123456789012 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca%09d ap-southeast-2 apse2-az3 - - ACCEPT 3 10.0.0.71 52.95.128.179 - S3 %d egress OK\n", i%200, 1024+i, i%50, 7+i%2)
	}
	benchmarkReader(b, log.Bytes(), Options{})
}

// TestAWSTextAllocates nothing for a record whose places it has met.
func TestAWSTextAllocates(t *testing.T) {
	data := awsLog(5000)
	r, err := newAWSLines(bytes.NewReader(bytes.Repeat(data, 20)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 1000)
	read := func() {
		if n, err := r.Read(recs); n != len(recs) {
			t.Fatalf("%d records, %v", n, err)
		}
	}
	for range 10 {
		read()
	}
	if got := testing.AllocsPerRun(50, read); got != 0 {
		t.Errorf("%v allocations for 1000 records, want none", got)
	}
}

// TestAWSTextV5Allocates nothing either, with places and notes that change from
// line to line and columns that are kept by name.
func TestAWSTextV5Allocates(t *testing.T) {
	var log bytes.Buffer
	log.WriteString("version srcaddr dstaddr srcport dstport protocol start end packets bytes account-id vpc-id instance-id interface-id sublocation-id action tcp-flags pkt-srcaddr pkt-dstaddr pkt-dst-aws-service traffic-path flow-direction instance-tag new-one log-status\n")
	for i := range 60000 {
		fmt.Fprintf(&log, "11 10.0.0.%d 52.95.128.179 %d 443 6 1616729292 1616729349 7 471 123456789012 vpc-ab i-0c50 eni-%09d wl-%d ACCEPT 3 10.0.0.%d 52.95.128.179 S3 %d egress web%%2D%d new%d OK\n", i%200, 1024+i%60000, i%50, i%3, i%200, 7+i%2, i%7, i%9)
	}
	r, err := newAWSLines(&log, Options{Now: awsNow})
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 500)
	read := func() {
		if n, err := r.Read(recs); n != len(recs) || len(recs[0].Extra) != 2 {
			t.Fatalf("%d records, %v", n, err)
		}
	}
	for range 20 {
		read()
	}
	if got := testing.AllocsPerRun(50, read); got > 1 { // the buffer, seldom
		t.Errorf("%v allocations for 500 records, want none", got)
	}
}

// BenchmarkAWSLine is the parser alone: lines that lie in memory.
func BenchmarkAWSLine(b *testing.B) {
	p, _ := newPair(b)
	lines := bytes.Split(bytes.TrimSpace(awsLog(10000)), []byte("\n"))[1:]
	var rec periplus.Record
	var stats periplus.Stats
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := p.line(lines[i%len(lines)], 2, &rec, &stats); !ok {
			b.Fatal(stats.First)
		}
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkAWSCloudWatch reads subscription envelopes of 100 records.
func BenchmarkAWSCloudWatch(b *testing.B) {
	var log bytes.Buffer
	lines := bytes.Split(bytes.TrimSpace(awsLog(20000)), []byte("\n"))[1:]
	for i, line := range lines {
		if i%100 == 0 {
			log.WriteString(`{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"flow-logs","logStream":"eni-0aaa-all","subscriptionFilters":["f"],"logEvents":[`)
		}
		fmt.Fprintf(&log, `{"id":"%056d","timestamp":1700000000000,"message":"%s"}`, i, line)
		if i%100 < 99 {
			log.WriteByte(',')
		} else {
			log.WriteString("]}")
		}
	}
	benchmarkReader(b, log.Bytes(), Options{})
}
