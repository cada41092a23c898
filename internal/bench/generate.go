package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// company is the network whose logs are written: interfaces, services that
// they use, and how often, all from one seed.
type company struct {
	hosts    []host
	services []service
}

type host struct {
	eni  string
	addr netip.Addr
	uses []int // services, the frequent ones first
}

type service struct {
	host, port int
	protocol   int
}

const (
	hosts       = 5000
	perFile     = 100_000
	fileSpan    = 5 * time.Minute
	interval    = 60 // seconds, AWS's shorter aggregation interval
	strangers   = 10 // one record in so many
	account     = "111122223333"
	flowLog     = "fl-0123456789abcdef0"
	headerLine  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	firstFile   = "2026-05-01T00:00:00Z"
	logFolder   = "AWSLogs/" + account + "/vpcflowlogs/eu-west-1/2026/05/01"
	linesBuffer = 1 << 20
)

func newCompany(seed uint64) *company {
	rnd := rand.New(rand.NewPCG(seed, 1))
	c := &company{}
	for i := range hosts {
		c.hosts = append(c.hosts, host{
			eni:  fmt.Sprintf("eni-%017x", rnd.Uint64()>>4),
			addr: netip.AddrFrom4([4]byte{10, byte(i / 2500), byte(i / 250 % 10), byte(i%250 + 4)}),
		})
	}
	ports := []int{443, 443, 443, 443, 80, 8080, 8080, 5432, 3306, 6379, 9092, 9200, 53, 22, 389, 2049, 27017, 8443, 5672, 11211}
	for range 2000 {
		s := service{host: rnd.IntN(hosts), port: ports[rnd.IntN(len(ports))], protocol: 6}
		if s.port == 53 {
			s.protocol = 17
		}
		c.services = append(c.services, s)
	}
	for i := range c.hosts {
		for range 4 + int(rnd.ExpFloat64()*60) {
			c.hosts[i].uses = append(c.hosts[i].uses, rnd.IntN(len(c.services)))
		}
	}
	return c
}

// generate writes files of perFile records each into dir, as S3 holds them.
func generate(ctx context.Context, dir string, files int) (bytes int64, err error) {
	c := newCompany(7)
	folder := filepath.Join(dir, filepath.FromSlash(logFolder))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	start, err := time.Parse(time.RFC3339, firstFile)
	if err != nil {
		return 0, err
	}
	sizes := make([]int64, files)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		g.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			at := start.Add(time.Duration(i) * fileSpan)
			name := fmt.Sprintf("%s_vpcflowlogs_eu-west-1_%s_%s_%08x.log.gz", account, flowLog, at.Add(fileSpan).Format("20060102T1504Z"), uint32(i)*2654435761)
			sizes[i], err = c.file(filepath.Join(folder, name), uint64(i), at)
			return err
		})
	}
	err = g.Wait()
	for _, n := range sizes {
		bytes += n
	}
	return bytes, err
}

// file writes one file and returns its size.
func (c *company) file(path string, n uint64, at time.Time) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	w := &lineWriter{c: c, w: bufio.NewWriterSize(z, linesBuffer), rnd: rand.New(rand.NewPCG(7, n)), at: at.Unix()}
	w.w.WriteString(headerLine) // the error stays with the writer
	for w.n < perFile {
		if w.rnd.IntN(strangers) == 0 {
			w.stranger()
		} else {
			w.connection()
		}
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), f.Close()
}

// lineWriter writes the records of one file: in the order in which their
// windows end, as AWS delivers them, so a request and its answer do not stand
// together.
type lineWriter struct {
	c     *company
	w     *bufio.Writer
	rnd   *rand.Rand
	at    int64
	n     int
	text  []byte
	lines []line
}

// line is where in the text a line is.
type line struct {
	end      int64 // of its window
	tie      uint32
	from, to int
}

// flush writes the lines.
func (w *lineWriter) flush() error {
	slices.SortFunc(w.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.tie, b.tie), cmp.Compare(a.from, b.from))
	})
	for _, l := range w.lines {
		w.w.Write(w.text[l.from:l.to]) // the error stays with the writer
	}
	return w.w.Flush()
}

// stranger is someone on the internet who tries a port.
func (w *lineWriter) stranger() {
	h := &w.c.hosts[w.rnd.IntN(hosts)]
	from := netip.AddrFrom4([4]byte{byte(20 + w.rnd.IntN(150)), byte(w.rnd.IntN(256)), byte(w.rnd.IntN(256)), byte(1 + w.rnd.IntN(254))})
	port := []int{22, 23, 80, 443, 445, 3389, 5432, 6379, 8080, 1 + w.rnd.IntN(65000)}[w.rnd.IntN(10)]
	start := w.at + w.rnd.Int64N(240)
	w.line(h.eni, from, h.addr, 1024+w.rnd.IntN(64000), port, 6, 1, 40+4*w.rnd.IntN(6), start, start+w.rnd.Int64N(interval), "REJECT")
}

// connection is what a host does with a service it uses: requests and answers,
// as its own interface and in one case of two the server's have it.
func (w *lineWriter) connection() {
	client := &w.c.hosts[w.rnd.IntN(hosts)]
	// The square prefers the first of the list: few conversations are busy.
	x := w.rnd.Float64()
	s := &w.c.services[client.uses[int(x*x*float64(len(client.uses)))]]
	server := &w.c.hosts[s.host]
	port := 32768 + w.rnd.IntN(28232)
	start := w.at + w.rnd.Int64N(240)
	end := start + w.rnd.Int64N(interval)
	packets := 1 + int(w.rnd.ExpFloat64()*12)
	answers := packets + w.rnd.IntN(packets)
	request, response := packets*60+w.rnd.IntN(packets*900), answers*60+w.rnd.IntN(answers*1400)
	for _, eni := range []string{client.eni, server.eni} {
		w.line(eni, client.addr, server.addr, port, s.port, s.protocol, packets, request, start, end, "ACCEPT")
		w.line(eni, server.addr, client.addr, s.port, port, s.protocol, answers, response, start, end+w.rnd.Int64N(2), "ACCEPT")
		if w.rnd.IntN(2) == 0 {
			return
		}
	}
}

// line writes one record.
func (w *lineWriter) line(eni string, src, dst netip.Addr, sport, dport, protocol, packets, size int, start, end int64, action string) {
	if w.n == perFile {
		return
	}
	w.n++
	from := len(w.text)
	b := append(w.text, "2 "+account+" "...)
	b = append(append(b, eni...), ' ')
	b = append(src.AppendTo(b), ' ')
	b = append(dst.AppendTo(b), ' ')
	for _, n := range []int64{int64(sport), int64(dport), int64(protocol), int64(packets), int64(size), start, end} {
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	b = append(append(b, action...), " OK\n"...)
	w.text = b
	w.lines = append(w.lines, line{end, uint32(w.n) * 2654435761, from, len(b)})
}
