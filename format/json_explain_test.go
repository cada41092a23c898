package format

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestExplainClouds(t *testing.T) {
	var b strings.Builder
	f := func(name, line string) {
		t.Helper()
		fmt.Fprintf(&b, "== %s\n", name)
		e, err := Explain([]byte(line), Options{Now: cloudNow})
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			return
		}
		fmt.Fprintln(&b, e.Format)
		for _, f := range e.Fields {
			fmt.Fprintf(&b, "  %s = %s [%s] %s\n", f.Name, f.Value, f.Unit, f.Doc)
		}
		for _, s := range e.Says {
			fmt.Fprintf(&b, "+ %s\n", s)
		}
		for _, s := range e.Silent {
			fmt.Fprintf(&b, "- %s\n", s)
		}
		if e.Record != nil {
			fmt.Fprintln(&b, cloudDump(e.Record))
		}
	}
	lines := func(file string) []string {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(text), "\n")
	}
	flows := lines("gcp-flow.ndjson")
	f("flow", flows[0])
	f("drop", flows[2])
	f("gke", flows[5])
	f("unknown columns", flows[10])
	f("bad port", flows[18])
	f("pretty", strings.Join(lines("gcp-flow-pretty.json"), "\n"))
	f("pubsub", lines("gcp-pubsub.ndjson")[0])
	fire := lines("gcp-firewall.ndjson")
	f("firewall", fire[1])
	f("intercepted", fire[3])
	f("vnet record", lines("azure-vnet.json")[0])
	f("begin", "1493763938,185.170.185.105,10.2.0.4,35370,23,6,I,B,NX,,,,")
	f("copied with its quotes", ` "1493695838,185.170.185.105,10.2.0.4,35370,23,6,I,C,NX,1021,588096,8005,4610880",`)
	f("denied, a new column", "1493695838,185.170.185.105,10.2.0.4,35370,23,6,I,D,NX,0,0,0,0,new")
	f("nsg v1", "1487282421,192.0.2.95,10.1.0.4,51529,5358,T,I,D")
	f("nsg v2", "1487282421,192.0.2.95,10.1.0.4,51529,5358,T,O,A,E,1,2,3,4")
	f("no address", "1487282421,192.0.2.95,10.1.0,51529,5358,T,O,A,E,1,2,3,4")
	const file = "testdata/json-explain.want"
	if *updateClouds {
		if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// Every name that the samples hold is in the table of columns: what is not
// would be explained as unknown.
func TestGCPColumnsAreComplete(t *testing.T) {
	for _, name := range []string{"vpc-flow-log-synthetic.json", "vpc-flow-log-w-internet-routing-details.json", "vpc-flow-log-0-bytes-sent.json", "vpc-flow-log-google-service.ndjson"} {
		for line := range bytes.Lines(cloudSample(t, "gcp-otel-logentry/"+name)) {
			fields, err := jsonFields(line, "jsonPayload.", gcpFlowColumns)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				if f.Doc == unknownDoc {
					t.Errorf("%s: %s is not explained", name, f.Name)
				}
			}
		}
	}
	for _, x := range Formats {
		seen := map[string]bool{}
		for _, c := range x.Columns {
			if c.Doc == "" || seen[c.Name] && c.Name != "time" {
				t.Errorf("%s: column %q has no text or is there twice", x.Name, c.Name)
			}
			seen[c.Name] = true
		}
		if len(x.Columns) == 0 {
			t.Errorf("%s has no columns", x.Name)
		}
	}
}
