package format

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// readText reads the first records of text.
func readText(t *testing.T, text string, opt Options) ([]periplus.Record, *periplus.Stats) {
	t.Helper()
	o, err := Open(strings.NewReader(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	recs := make([]periplus.Record, 16)
	n, err := o.Reader.Read(recs)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return recs[:n], o.Reader.Stats()
}

// A counter that no interface can have counted is a bad line, in every format:
// a few of them would not fit a sum.
func TestAbsurdCountersAreBad(t *testing.T) {
	aws := "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	azure := func(n string) string {
		return `{"records":[{"time":"2026-11-01T00:00:00Z","category":"FlowLogFlowEvent","flowLogVersion":4,"macAddress":"0022482A2401","flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"r","flowTuples":["1761955200000,10.0.0.6,10.0.0.7,35370,443,6,O,E,NX,1,` + n + `,1,1"]}]}]}}]}`
	}
	gcp := func(n string) string {
		return `{"insertId":"a","logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2025-11-01T00:00:10Z","jsonPayload":{"connection":{"src_ip":"10.1.0.1","dest_ip":"10.2.0.1","src_port":4444,"dest_port":443,"protocol":6},"bytes_sent":"` + n + `","packets_sent":"1","reporter":"SRC","start_time":"2025-11-01T00:00:00Z","end_time":"2025-11-01T00:00:05Z"}}` + "\n"
	}
	line := func(n string) string {
		return aws + "2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 " + n + " 1700000000 1700000060 ACCEPT OK\n"
	}
	for name, text := range map[string]func(string) string{"aws": line, "azure": azure, "gcp": gcp} {
		recs, stats := readText(t, text("18014398509481984"), Options{})
		if len(recs) != 1 || recs[0].Bytes != 1<<54 {
			t.Errorf("%s: 18 petabytes give %d records, %+v", name, len(recs), stats)
		}
		for _, n := range []string{"18014398509481985", "9223372036854775807", "9223372036854775808", "18446744073709551616"} {
			recs, stats := readText(t, text(n), Options{})
			if len(recs) != 0 || stats.Bad[periplus.BadRange] != 1 {
				t.Errorf("%s: %s bytes give %d records and %v, want one bad line", name, n, len(recs), stats.Bad)
			}
		}
	}
}

// Lines that name no time are from when their object is: year 1 is no answer.
func TestLinesWithoutTimeAreBookedAtTheirObject(t *testing.T) {
	const text = "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr\neni-0a 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5\n"
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	named, written := now.Add(-48*time.Hour), now.Add(-time.Hour)
	for _, c := range []struct {
		object periplus.Object
		want   time.Time
	}{
		{periplus.Object{Time: named, ModTime: written}, named},
		{periplus.Object{ModTime: written}, written},
		{periplus.Object{Time: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), ModTime: written}, written},
		{periplus.Object{}, now},
	} {
		recs, _ := readText(t, text, Options{Object: &c.object, Now: now})
		if len(recs) != 1 || !recs[0].Booked.Equal(c.want) {
			t.Errorf("object %v, %v: booked at %v, want %v", c.object.Time, c.object.ModTime, recs[0].Booked, c.want)
		}
	}
}
