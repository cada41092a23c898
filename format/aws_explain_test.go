package format

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// explained writes an explanation as text.
func explained(e *Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Format)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "  %s = %s [%s] %s\n", f.Name, f.Value, f.Unit, f.Doc)
	}
	for _, s := range e.Says {
		fmt.Fprintf(&b, "+ %s\n", s)
	}
	for _, s := range e.Silent {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	return b.String()
}

func TestExplainAWS(t *testing.T) {
	var b strings.Builder
	f := func(name, line string, opt Options) {
		opt.Now = awsNow
		e, err := Explain([]byte(line), opt)
		fmt.Fprintf(&b, "== %s\n", name)
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			return
		}
		b.WriteString(explained(e))
		if e.Record != nil {
			fmt.Fprintf(&b, "%s\n", dump(e.Record))
		}
	}
	f("v2", oneLine, Options{})
	f("denied", strings.Replace(oneLine, "ACCEPT", "REJECT", 1), Options{})
	f("skipdata", "2 111122223333 eni-0aaa - - - - - - - 1700000260 1700000320 - SKIPDATA", Options{})
	f("nodata", "2 111122223333 eni-0aaa - - - - - - - 1700000260 1700000320 - NODATA", Options{})
	f("header", awsDefaultV2+" colour", Options{})
	f("with header", "version srcaddr dstaddr srcport dstport protocol tcp-flags pkt-srcaddr pkt-dstaddr flow-direction traffic-path action log-status start end instance-tag colour\n"+
		"11 10.0.1.10 10.0.9.9 50001 443 6 2 10.0.1.10 198.51.100.7 egress 8 ACCEPT OK 1700000000 1700000060 my%2Dapp red", Options{})
	f("custom", "10.0.1.10 10.0.9.9 1", Options{AWSFormat: "${srcaddr} ${dstaddr} ${protocol}"})
	tgw, err := os.ReadFile("testdata/aws-tgw.log")
	if err != nil {
		t.Fatal(err)
	}
	f("gateway", strings.SplitAfter(string(tgw), "\n")[0], Options{})
	f("gateway, lost", strings.Replace(strings.SplitAfter(string(tgw), "\n")[0], " 10 1000 ", " 0 0 ", 1), Options{})
	envelope, err := os.ReadFile("testdata/aws-cw-custom.json")
	if err != nil {
		t.Fatal(err)
	}
	f("envelope", string(envelope), Options{AWSFormat: "version interface-id srcaddr dstaddr"})
	f("control", `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE"}]}`, Options{})
	f("export", "2023-11-14T22:13:20.000Z "+oneLine, Options{})
	f("bad", strings.Replace(oneLine, "443", "70000", 1), Options{})
	f("junk", "what is this", Options{})
	want, err := os.ReadFile("testdata/explain-aws.want")
	if *updateAWS {
		if err := os.WriteFile("testdata/explain-aws.want", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func FuzzExplainAWS(f *testing.F) {
	seed(f, "testdata/aws*")
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, explain := range []func([]byte, Options) (*Explanation, error){explainAWS, explainCloudWatch} {
			e, err := explain(line, Options{Now: awsNow})
			if err == nil && len(e.Says) == 0 {
				t.Errorf("%q: nothing said", line)
			}
		}
	})
}
