package lake

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// The logs of one connection in a Google Cloud network: its flow entries, and
// what the server's firewall said when it began.
func gcpFlowAt(id int, at time.Time) string {
	stamp := at.Format(time.RFC3339)
	return fmt.Sprintf(`{"insertId":"f%d","logName":"projects/p1/logs/compute.googleapis.com%%2Fvpc_flows","timestamp":%q,"jsonPayload":{"connection":{"protocol":6,"src_ip":"10.9.0.2","src_port":51000,"dest_ip":"10.9.1.9","dest_port":9000},"reporter":"DEST","bytes_sent":"120","packets_sent":"3","start_time":%q,"end_time":%q,"dest_vpc":{"project_id":"p1","vpc_name":"prod"},"dest_instance":{"project_id":"p1","vm_name":"db"}}}`+"\n", id, stamp, stamp, stamp)
}

func gcpAllowedAt(id int, at time.Time, rule string) string {
	return fmt.Sprintf(`{"insertId":"e%d","logName":"projects/p1/logs/compute.googleapis.com%%2Ffirewall","timestamp":%q,"jsonPayload":{"connection":{"protocol":6,"src_ip":"10.9.0.2","src_port":51000,"dest_ip":"10.9.1.9","dest_port":9000},"disposition":"ALLOWED","rule_details":{"direction":"INGRESS","reference":"network:prod/firewall:%s"},"vpc":{"project_id":"p1","vpc_name":"prod"},"instance":{"project_id":"p1","vm_name":"db"}}}`+"\n", id, at.Format(time.RFC3339), rule)
}

// What a firewall let through is known to later batches: of the same run, of
// another process, after many lists were made one, and until its object says
// something else.
func TestDecisionsLast(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	l := openTest(t, dir)
	src := &fakeSource{text: map[string]string{}}
	verdicts := func(want string) {
		t.Helper()
		got := map[string]bool{}
		for _, f := range flowsOf(t, l) {
			if f.RequestPackets.Known {
				word := f.Verdict.String()
				if f.Note != nil {
					word += " " + strings.TrimPrefix(f.Note.Reason, "network:prod/firewall:")
				}
				got[f.Bucket.Format("15 ")+word] = true
			}
		}
		var all []string
		for h := range 24 {
			for w := range maps.Keys(got) {
				if strings.HasPrefix(w, fmt.Sprintf("%02d ", h)) {
					all = append(all, w)
				}
			}
		}
		if s := strings.Join(all, "; "); s != want {
			t.Errorf("got %q; want %q", s, want)
		}
	}
	at := func(hour int) time.Time { return day0.Add(time.Duration(hour) * time.Hour) }
	put := func(name, text string) {
		t.Helper()
		src.text["file:///"+name] = text
		ingest(t, l, src)
	}
	put("fw", gcpAllowedAt(1, at(0), "in"))
	put("1", gcpFlowAt(1, at(1)))
	verdicts("01 allowed in")

	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if l, err = Open(ctx, dir, Fleeting); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	put("2", gcpFlowAt(2, at(2)))
	verdicts("01 allowed in; 02 allowed in")

	if err := l.roll(ctx, 1); err != nil {
		t.Fatal(err)
	}
	put("3", gcpFlowAt(3, at(3)))
	verdicts("01 allowed in; 02 allowed in; 03 allowed in")

	put("fw", gcpAllowedAt(2, at(0), "other"))
	if all, err := l.Decisions(ctx); err != nil || len(all) != 1 || !strings.HasSuffix(all[0].Reason, "other") {
		t.Errorf("decisions %v, %v; want that of the object as it is now", all, err)
	}
	put("4", gcpFlowAt(4, at(4)))
	verdicts("01 allowed in; 02 allowed in; 03 allowed in; 04 allowed other")

	put("fw", strings.Replace(gcpAllowedAt(3, at(0), "in"), "ALLOWED", "DENIED", 1))
	put("5", gcpFlowAt(5, at(5)))
	verdicts("01 allowed in; 02 allowed in; 03 allowed in; 04 allowed other; 05 unknown")
}

// The newest are remembered, in whatever order they came.
func TestRecentDecisions(t *testing.T) {
	var all []digest.Decision
	for i := range 100 {
		all = append(all, digest.Decision{Tuple: uint64(i), Time: day0.Add(time.Duration(i*37%100) * time.Second)})
	}
	if got := recentDecisions(slices.Clone(all), 100); len(got) != 100 {
		t.Errorf("%d of 100 are left where 100 may be", len(got))
	}
	got := recentDecisions(slices.Clone(all), 80)
	if len(got) != 70 {
		t.Fatalf("%d are left; want 70", len(got))
	}
	for _, d := range got {
		if d.Time.Before(day0.Add(30 * time.Second)) {
			t.Errorf("%v is left; want the newest 70", d)
		}
	}
}

func flowsOf(t *testing.T, l *Lake) (out []periplus.Flow) {
	t.Helper()
	files, err := l.dataFiles(t.Context(), Flows)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for row, err := range newFlowReader().rows(t.Context(), f.path()) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, *row)
		}
	}
	return out
}
