package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/periplus/periplus/periplus"
)

// awsArrow is the type of a column as AWS writes it to Parquet.
func awsArrow(name string) arrow.DataType {
	switch name {
	case "version", "srcport", "dstport", "protocol", "tcp_flags", "traffic_path", "encryption_status":
		return arrow.PrimitiveTypes.Int32
	case "packets", "bytes", "start", "end", "accountId": // no account of AWS's is a number, some other writer's may be
		return arrow.PrimitiveTypes.Int64
	}
	return arrow.BinaryTypes.String
}

// parquetOf writes rows, given as JSON, as AWS would.
func parquetOf(t testing.TB, names, rows string, codec compress.Compression) []byte {
	t.Helper()
	var fields []arrow.Field
	for _, n := range strings.Fields(names) {
		fields = append(fields, arrow.Field{Name: n, Type: awsArrow(n), Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	batch, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Release()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &b, parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithMaxRowGroupLength(5000)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const otelColumns = "version account_id region interface_id srcaddr dstaddr pkt_srcaddr pkt_dstaddr srcport dstport protocol packets bytes start end action log_status vpc_id subnet_id instance_id tcp_flags az_id type traffic_path"

// otelRows are the rows of another parser's Parquet sample.
const otelRows = `[
{"version":5,"account_id":"123456789012","region":"us-east-1","interface_id":"eni-0abc1234def567890","srcaddr":"10.0.1.100","dstaddr":"10.0.2.200","pkt_srcaddr":"203.0.113.50","pkt_dstaddr":"10.0.2.200","srcport":49152,"dstport":22,"protocol":6,"packets":15,"bytes":3500,"start":1700000000,"end":1700000060,"action":"ACCEPT","log_status":"OK","vpc_id":"vpc-0aaa1111bbbb2222c","subnet_id":"subnet-0ddd3333eeee4444f","instance_id":"i-0abcdef1234567890","tcp_flags":2,"az_id":"use1-az1","type":"IPv4","traffic_path":1},
{"version":5,"account_id":"123456789012","region":"us-east-1","interface_id":"eni-0abc1234def567890","srcaddr":"10.0.1.100","dstaddr":"10.0.3.53","srcport":55000,"dstport":53,"protocol":17,"packets":2,"bytes":140,"start":1700000010,"end":1700000070,"action":"REJECT","log_status":"OK","vpc_id":"vpc-0aaa1111bbbb2222c","subnet_id":"subnet-0ddd3333eeee4444f","instance_id":"i-0abcdef1234567890","az_id":"use1-az1","type":"IPv4","traffic_path":1},
{"version":5,"account_id":"123456789012","region":"us-east-1","interface_id":"eni-0fff9999aaaa8888b","start":1700000030,"end":1700000090,"log_status":"NODATA","vpc_id":"vpc-0aaa1111bbbb2222c","subnet_id":"subnet-0eee5555ffff6666a","instance_id":"i-0fedcba0987654321","az_id":"use1-az2"},
{"version":5,"account_id":"123456789012","region":"us-east-1","interface_id":"eni-0fff9999aaaa8888b","srcaddr":"10.0.1.100","dstaddr":"10.0.3.53","srcport":-1,"dstport":53,"protocol":17,"start":1700000010,"end":1700000070,"log_status":"OK"}
]`

func TestAWSParquet(t *testing.T) {
	place := "{Provider:aws Account:123456789012 Region:us-east-1 Zone:use1-az1 Network:vpc-0aaa1111bbbb2222c Subnet:subnet-0ddd3333eeee4444f Interface:eni-0abc1234def567890 InterfaceType: Instance:i-0abcdef1234567890 Log:}"
	want := "aws-parquet\n" +
		"1 flow src=10.0.1.100 dst=10.0.2.200 pktsrc=203.0.113.50 pktdst=10.0.2.200 sport=49152 dport=22 proto=6 packets=15 bytes=3500 flags=2 start=2023-11-14T22:13:20Z end=2023-11-14T22:14:20Z verdict=allowed " + place + " note={Reason: SrcService: DstService: Path:same_vpc Encryption:}\n" +
		"2 flow src=10.0.1.100 dst=10.0.3.53 sport=55000 dport=53 proto=17 packets=2 bytes=140 start=2023-11-14T22:13:30Z end=2023-11-14T22:14:30Z verdict=denied " + place + " note={Reason: SrcService: DstService: Path:same_vpc Encryption:}\n" +
		"3 nodata start=2023-11-14T22:13:50Z end=2023-11-14T22:14:50Z {Provider:aws Account:123456789012 Region:us-east-1 Zone:use1-az2 Network:vpc-0aaa1111bbbb2222c Subnet:subnet-0eee5555ffff6666a Interface:eni-0fff9999aaaa8888b InterfaceType: Instance:i-0fedcba0987654321 Log:}\n" +
		"lines 4 records 2 nodata 1 skipdata 0 bad range=1\n" +
		"  range x:4: srcport: below zero\n"
	for _, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd} {
		data := parquetOf(t, otelColumns, otelRows, codec)
		got := dumpAll(bytes.NewReader(data), Options{Now: awsNow, Object: &periplus.Object{URI: "x"}})
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", codec, got, want)
		}
	}
}

// TestAWSParquetLikeText reads the same log as text and as Parquet.
func TestAWSParquetLikeText(t *testing.T) {
	text := awsLog(12000)
	data := parquetOf(t, strings.ReplaceAll(awsDefaultV2, "-", "_"), parquetRows(t, text), compress.Codecs.Snappy)
	a, _ := readBytes(t, "text", text, Options{Now: awsNow})
	b, stats := readBytes(t, "parquet", data, Options{Now: awsNow})
	if len(a) != len(b) || stats.Records != 12000 {
		t.Fatalf("%d records, want %d", len(b), len(a))
	}
	for i := range a {
		b[i].Line++ // the header
		if got, want := dump(&b[i]), dump(&a[i]); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// parquetRows makes JSON rows of a log in the default order.
func parquetRows(t testing.TB, text []byte) string {
	t.Helper()
	names := strings.Fields(strings.ReplaceAll(awsDefaultV2, "-", "_"))
	var rows []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		row := map[string]any{}
		for i, v := range strings.Fields(line) {
			if row[names[i]] = v; awsArrow(names[i]) != arrow.BinaryTypes.String {
				row[names[i]] = json.Number(v)
			}
		}
		rows = append(rows, row)
	}
	out, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// An account that some writer took for a number has its zeros back.
func TestAWSParquetAccountNumber(t *testing.T) {
	data := parquetOf(t, "version accountId srcaddr dstaddr start end", `[{"version":2,"accountId":11122223333,"srcaddr":"10.0.0.1","dstaddr":"10.0.0.2","start":1700000000,"end":1700000060}]`, compress.Codecs.Snappy)
	recs, _ := readBytes(t, "account", data, Options{Now: awsNow})
	if got := recs[0].Place.Account; got != "011122223333" {
		t.Errorf("account %s; want 011122223333", got)
	}
}

func TestAWSParquetDamaged(t *testing.T) {
	data := parquetOf(t, otelColumns, otelRows, compress.Codecs.Snappy)
	f := func(name string, in []byte) {
		t.Helper()
		o, err := Open(bytes.NewReader(in), Options{})
		if err == nil {
			_, err = readAll(o.Reader)
		}
		if !errors.Is(err, ErrCut) {
			t.Errorf("%s: %v, want ErrCut", name, err)
		}
	}
	f("cut", data[:len(data)-20])
	f("only the magic", data[:4])
	middle := bytes.Clone(data)
	for i := 40; i < 400; i++ {
		middle[i] = 0xff
	}
	f("damaged pages", middle)
	other := parquetOf(t, "colour shape", `[{"colour":"red","shape":"round"}]`, compress.Codecs.Snappy)
	if _, err := Open(bytes.NewReader(other), Options{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("another Parquet file: %v, want ErrUnknown", err)
	}
}

// TestAWSParquetMutated damages a file in a thousand ways: none panics, and
// what is read is in range.
func TestAWSParquetMutated(t *testing.T) {
	data := parquetOf(t, otelColumns, otelRows, compress.Codecs.Snappy)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		damaged := bytes.Clone(data)
		for range 1 + rnd.IntN(4) {
			damaged[rnd.IntN(len(damaged))] = byte(rnd.IntN(256))
		}
		if r, err := openAWSParquet(bytes.NewReader(damaged), Options{Now: awsNow}); err == nil {
			checkRecords(t, r)
		}
	}
}

func BenchmarkAWSParquet(b *testing.B) {
	data := parquetOf(b, strings.ReplaceAll(awsDefaultV2, "-", "_"), parquetRows(b, awsLog(20000)), compress.Codecs.Snappy)
	benchmarkReader(b, data, Options{})
}

func FuzzAWSParquet(f *testing.F) {
	f.Add(parquetOf(f, otelColumns, otelRows, compress.Codecs.Snappy))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := openAWSParquet(bytes.NewReader(data), Options{Now: awsNow})
		if err != nil {
			return
		}
		checkRecords(t, r)
	})
}

// checkRecords reads to the end and checks what every record must hold.
func checkRecords(t *testing.T, r periplus.Reader) {
	t.Helper()
	recs := make([]periplus.Record, 7)
	var flows, nodata, skipdata int64
	for {
		n, err := r.Read(recs)
		for i := range recs[:n] {
			rec := &recs[i]
			if problem := recordProblem(rec); problem != "" {
				t.Fatalf("%s: %s", problem, dump(rec))
			}
			switch {
			case rec.Mark == periplus.MarkNoData:
				nodata++
			case rec.Mark == periplus.MarkSkipData:
				skipdata++
			case !rec.Part:
				flows++
			}
		}
		if err != nil {
			if n != 0 {
				t.Fatalf("%d records beside %v", n, err)
			}
			break
		}
		if n == 0 {
			t.Fatal("no records and no error")
		}
	}
	s := r.Stats()
	if s.Records != flows || s.NoData != nodata || s.SkipData != skipdata || s.Lines < flows+nodata+skipdata {
		t.Fatalf("stats %+v; met %d, %d, %d", *s, flows, nodata, skipdata)
	}
	if n, err := r.Read(recs); n != 0 || err == nil {
		t.Fatalf("behind the end: %d, %v", n, err)
	}
}

// recordProblem says what cannot be in a record.
func recordProblem(r *periplus.Record) string {
	lo, hi := int64(946684800), awsNow.Unix()+86400
	switch {
	case r.Place == nil:
		return "no place"
	case r.Packets > maxCounter || r.Bytes > maxCounter:
		return "a counter that does not fit"
	case !r.Start.IsZero() && (r.Start.Unix() < lo || r.Start.Unix() > hi), !r.End.IsZero() && (r.End.Unix() < lo || r.End.Unix() > hi):
		return "an absurd time"
	case !r.Start.IsZero() && !r.End.IsZero() && r.End.Before(r.Start):
		return "end before start"
	case r.Src.Is4In6() || r.Dst.Is4In6() || r.PktSrc.Is4In6() || r.PktDst.Is4In6():
		return "an IPv4-mapped address"
	case r.Line < 1:
		return "no line"
	case r.Part && r.Verdict != periplus.Dropped:
		return "a part that is not dropped"
	}
	for _, e := range r.Extra {
		if e.Name == "" || e.Value == "" {
			return fmt.Sprintf("an empty extra column %q", e)
		}
	}
	return ""
}
