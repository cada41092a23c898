package format

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/periplus/periplus/periplus"
)

// TestColumns: what was read names its columns, from a header, by default order,
// out of an envelope and from a schema.
func TestColumns(t *testing.T) {
	f := func(name, data string, opt Options, want string) {
		t.Helper()
		o, err := Open(strings.NewReader(data), opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := o.Reader.Read(make([]periplus.Record, 10)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(o.Columns(), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const line = "2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK"
	f("header", "srcaddr dstaddr new-one start end\n10.0.0.1 10.0.0.2 x 1700000000 1700000060\n", Options{Now: awsNow}, "srcaddr dstaddr new-one start end")
	f("default", line+"\n", Options{Now: awsNow}, awsDefaultV2)
	f("given", "10.0.0.1 10.0.0.2 443 1700000000 1700000060\n", Options{Now: awsNow, AWSFormat: "${srcaddr} ${dstaddr} ${dstport} ${start} ${end}"}, "srcaddr dstaddr dstport start end")
	f("envelope", `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"eni-0aaa-all","logEvents":[{"id":"1","timestamp":1700000000000,"message":"`+line+`"}]}`, Options{Now: awsNow}, awsDefaultV2)
	footer, err := ReadParquetFooter(bytes.NewReader(parquetOf(t, otelColumns, otelRows, compress.Codecs.Snappy)))
	if err != nil || footer.Rows != 4 || strings.Join(footer.Columns, " ") != strings.ReplaceAll(otelColumns, "_", "-") {
		t.Errorf("footer %+v, %v", footer, err)
	}
	if _, err := ReadParquetFooter(strings.NewReader("PAR1 but no more")); err == nil {
		t.Error("the footer of a cut file is read")
	}
	if !Names([]string{"account_id", "pktSrcaddr"}, "pkt-srcaddr") || Names([]string{"account_id"}, "account") {
		t.Error("Names does not know how a column is spelled")
	}
}

func TestFields(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, err := Fields(strings.NewReader(in), 10)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v; want %s", in, got, err, want)
		}
	}
	f(`{"jsonPayload":{"a":1,"b":{"c":"x"}},"logName":"l"}`+"\n"+`{"jsonPayload":{"d":[{"e":1}]}}`+"\n"+`{"jsonPayload":{"cut":`, "a b.c d.e logName")
	f("no JSON\n", "")
	if _, err := Fields(strings.NewReader(""), 10); err == nil {
		t.Error("an empty log has fields")
	}
}
