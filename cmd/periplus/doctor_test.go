package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/doctor"
	"github.com/periplus/periplus/internal/servers"
)

func TestDoctorCommand(t *testing.T) {
	dir, lake := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	hours(t, dir, "fl-0a", 0, 1, 2, 5, 6, 7)
	hours(t, dir, "fl-0b", 0, 1, 2, 3, 4, 5)
	out, _ := cli(t, 0, "doctor", dir)
	for _, want := range []string{"objects    12, ", "AWS S3  aws       111122223333  eu-west-1  fl-0a        6", "read       works", "missing: tcp-flags: who opened a connection",
		"recommend  ${version} ${account-id}", "estimate   about 12 records; less than a second", "problem    gap: aws 111122223333 eu-west-1 fl-0a has no object from 2023-11-14T03:00:00Z to 2023-11-14T05:00:00Z"} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor prints\n%s\nwithout %q", out, want)
		}
	}
	if n := strings.Count(out, "${tcp-flags}"); n != 1 {
		t.Errorf("the recommended format is printed %d times, want once", n)
	}
	// What doctor calls a gap before reading is one of the lake after it.
	out, _ = cli(t, 3, "doctor", "--strict", "--json", dir)
	var r doctorReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Gaps) != 2 || r.Newest == nil || len(r.Problems) != 3 {
		t.Fatalf("as JSON: %v\n%s", err, out)
	}
	cli(t, 0, "ingest", "--quiet", "--lake", lake, dir)
	out, _ = cli(t, 0, "coverage", "--json", "--lake", lake)
	var c struct{ Gaps []doctorGap }
	if err := json.Unmarshal([]byte(out), &c); err != nil || len(c.Gaps) != len(r.Gaps) {
		t.Fatalf("coverage: %v\n%s", err, out)
	}
	for i, g := range c.Gaps {
		g.Region = r.Gaps[i].Region // a gap of the lake is of all regions
		if g != r.Gaps[i] {
			t.Errorf("gap %d of the lake is %+v, doctor's is %+v", i, g, r.Gaps[i])
		}
	}
	out, _ = cli(t, 0, "doctor", "--from", "2023-11-14T05:00:00Z", "--flow-log", "fl-0b", "--max-objects", "1", dir)
	if !strings.Contains(out, "objects    1, ") {
		t.Errorf("of fl-0b from 5 o'clock on:\n%s", out)
	}
	if out, _ = cli(t, 0, "doctor", "--max-objects", "3", dir); !strings.Contains(out, "objects    at least 3, at least ") {
		t.Errorf("with a bound:\n%s", out)
	}
	_, said := cli(t, 1, "doctor", t.TempDir())
	if !strings.Contains(said, "nothing can be read") {
		t.Errorf("an empty folder: %s", said)
	}
	bad := t.TempDir()
	write(t, filepath.Join(bad, "x.log"), "not a log\x1b[31m\n")
	if out, _ = cli(t, 1, "doctor", bad); !strings.Contains(out, "problem    format: ") || strings.Contains(out, "\x1b") {
		t.Errorf("what is no log:\n%q", out)
	}
	// What tells of ECS alone is advice, also for --strict.
	values := map[string]string{"version": "8", "account-id": "111122223333", "interface-id": "eni-0a", "srcaddr": "10.0.1.10", "dstaddr": "10.0.2.20",
		"srcport": "50001", "dstport": "443", "protocol": "6", "packets": "10", "bytes": "1000", "start": "1700000000", "end": "1700000050", "action": "ACCEPT", "log-status": "OK"}
	var head, line []string
	for _, f := range doctor.AWSFields {
		if v := values[f.Name]; !strings.HasPrefix(f.Name, "ecs-") {
			head, line = append(head, f.Name), append(line, cmp.Or(v, "-"))
		}
	}
	good := t.TempDir()
	write(t, filepath.Join(good, "a.log"), strings.Join(head, " ")+"\n"+strings.Join(line, " ")+"\n")
	if out, _ = cli(t, 0, "doctor", "--strict", good); !strings.Contains(out, "which service of ECS an address is; only for who has ECS") || !strings.Contains(out, "problems   none") {
		t.Errorf("without the fields of ECS:\n%s", out)
	}
	cli(t, 2, "doctor")
	cli(t, 2, "doctor", "--max-objects", "-1", dir)
}

// A log group is looked at like any other source.
func TestDoctorOfLogGroup(t *testing.T) {
	moto := "http://" + servers.Moto(t).Addr
	name := map[string]any{"logGroupName": "/vpc/shared"}
	askLogs(t, moto, "CreateLogGroup", name)
	askLogs(t, moto, "CreateLogStream", map[string]any{"logGroupName": "/vpc/shared", "logStreamName": "eni-0a-all"})
	at := time.Now().Add(-5 * time.Hour).Truncate(time.Hour)
	for h := range 3 {
		start := at.Add(time.Duration(h) * time.Hour)
		line := fmt.Sprintf("2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50001 443 6 10 1000 %d %d ACCEPT OK", start.Unix(), start.Unix()+50)
		askLogs(t, moto, "PutLogEvents", map[string]any{"logGroupName": "/vpc/shared", "logStreamName": "eni-0a-all", "logEvents": []any{map[string]any{"timestamp": start.UnixMilli(), "message": line}}})
	}
	out, _ := cli(t, 0, "doctor", "--from", at.UTC().Format(time.RFC3339), "--to", at.Add(3*time.Hour).UTC().Format(time.RFC3339), "cloudwatch:/vpc/shared?region=eu-west-1&endpoint="+moto)
	for _, want := range []string{" 0 B, the size of ", "CloudWatch Logs  aws", "read       works", "missing: tcp-flags", "estimate "} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor prints\n%s\nwithout %q", out, want)
		}
	}
	if out, _ := cli(t, 1, "doctor", "cloudwatch:nowhere?region=eu-west-1&endpoint="+moto); !strings.Contains(out, "no such log group") {
		t.Errorf("a group that there is not:\n%s", out)
	}
}
