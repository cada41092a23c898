package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// hours is a log that writes in some hours of 2023-11-14.
func hours(t *testing.T, dir, log string, hours ...int) {
	t.Helper()
	for _, h := range hours {
		at := 1699920000 + h*3600
		text := fmt.Sprintf("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"+
			"2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50001 443 6 10 1000 %d %d ACCEPT OK\n", at+60, at+110)
		write(t, filepath.Join(dir, fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/eu-west-1/2023/11/14/111122223333_vpcflowlogs_eu-west-1_%s_20231114T%02d00Z_aa.log", log, h)), text)
	}
}

func TestCoverageCommand(t *testing.T) {
	dir, lake := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	hours(t, dir, "fl-0a", 0, 1, 2, 5, 6, 7)
	hours(t, dir, "fl-0b", 0, 1, 2, 3, 4, 5)
	cli(t, 0, "ingest", "--quiet", "--lake", lake, dir)
	out, said := cli(t, 0, "coverage", "--lake", lake)
	for _, want := range []string{"fl-0a      6  2023-11-14T00:00:00Z  2023-11-14T07:00:00Z        6",
		"missing  aws       111122223333  fl-0a  2023-11-14T03:00:00Z  2023-11-14T05:00:00Z      2",
		"missing  aws       111122223333  fl-0b  2023-11-14T06:00:00Z  2023-11-14T07:00:00Z      1"} {
		if !strings.Contains(out, want) {
			t.Errorf("coverage prints\n%s\nwithout %q", out, want)
		}
	}
	if want := "2 logs, 12 hours with entries; 2 gaps in 2 logs: 3 hours missing\n"; said != want {
		t.Errorf("the summary is %q, want %q", said, want)
	}
	out, _ = cli(t, 3, "coverage", "--lake", lake, "--strict", "--gaps", "--csv", "--filter", "log = fl-0a")
	if want := "gap,provider,account,log,from,to,hours\nmissing,aws,111122223333,fl-0a,2023-11-14T03:00:00Z,2023-11-14T05:00:00Z,2\n"; out != want {
		t.Errorf("gaps as CSV\n%swant\n%s", out, want)
	}
	out, _ = cli(t, 0, "coverage", "--lake", lake, "--json", "--group-by", "hour", "--from", "2023-11-14T02:00:00Z", "--to", "2023-11-14T04:00:00Z")
	var got struct {
		Rows []struct {
			Values  map[string]string
			Hours   int64
			Records int64
		}
		Gaps []struct{ Log, From, To string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Rows) != 2 || got.Rows[0].Records != 2 || got.Rows[1].Values["hour"] != "2023-11-14T03:00:00Z" ||
		len(got.Gaps) != 1 || got.Gaps[0].To != "2023-11-14T04:00:00Z" {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
	sql, _ := cli(t, 0, "coverage", "--lake", lake, "--sql", "--filter", "log = \"it's\"")
	if rows, _ := cli(t, 0, "sql", "--lake", lake, "--csv", strings.TrimSpace(sql)); !strings.HasPrefix(rows, "v1,v2,v3,v4,hours,") || strings.Count(rows, "\n") != 1 {
		t.Errorf("the statement\n%s\nanswers %q", sql, rows)
	}
	sql, _ = cli(t, 0, "coverage", "--lake", lake, "--sql", "--gaps", "--filter", "provider = aws")
	if rows, _ := cli(t, 0, "sql", "--lake", lake, "--csv", strings.TrimSpace(sql)); strings.Count(rows, "\n") != 3 {
		t.Errorf("the statement\n%s\nanswers %q", sql, rows)
	}
	// A file of bad lines alone, whose name tells no time, is not passed over.
	write(t, filepath.Join(dir, "junk.log"), "2 1 2\n")
	cli(t, 1, "ingest", "--quiet", "--lake", lake, "--log-format", "aws-text", filepath.Join(dir, "junk.log"))
	_, said = cli(t, 3, "coverage", "--lake", lake, "--strict", "--quiet")
	if !strings.Contains(said, "; 1 bad line of unknown time (table objects)\n") {
		t.Errorf("the summary is %q, want a bad line of unknown time", said)
	}
	out, _ = cli(t, 0, "coverage", "--lake", lake, "--json")
	if !strings.Contains(out, `"bad_without_hour": 1,`) {
		t.Errorf("as JSON, without the bad line of unknown time:\n%s", out)
	}
	cli(t, 2, "coverage", "--lake", lake, "--filter", "port = 443")
	cli(t, 2, "coverage", "--lake", lake, "--group-by", "port")
	if out, _ = cli(t, 0, "coverage", logs(t)); !strings.Contains(out, "111122223333") {
		t.Errorf("coverage of files prints\n%s", out)
	}
}
