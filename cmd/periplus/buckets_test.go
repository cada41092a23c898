package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/periplus/periplus/internal/servers"
)

// The same logs say the same from a folder and from a bucket of each cloud, and
// a second ingest reads only what changed.
func TestBucketsSayWhatFoldersSay(t *testing.T) {
	dir := t.TempDir()
	const day = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2023/11/14/111122223333_vpcflowlogs_eu-west-1_fl-0a_"
	lines := strings.SplitAfter(v2, "\n")
	write(t, filepath.Join(dir, day+"20231114T2210Z_a.log"), lines[0]+strings.Join(lines[1:4], ""))
	write(t, filepath.Join(dir, day+"20231114T2215Z_b.log"), lines[0]+strings.Join(lines[4:], ""))
	want, _ := cli(t, 0, "conversations", "--csv", dir)
	for name, start := range map[string]func(testing.TB) *servers.Store{"s3": servers.S3, "gs": servers.GCS, "azblob": servers.Azure} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Upload(dir)
			if got, _ := cli(t, 0, "conversations", "--csv", s.With("")); got != want {
				t.Errorf("the bucket says\n%s\nthe folder\n%s", got, want)
			}
			lake := filepath.Join(t.TempDir(), "lake")
			cli(t, 0, "ingest", "--lake", lake, "--prefetch", "2", s.With("AWSLogs/"))
			if _, said := cli(t, 0, "ingest", "--lake", lake, s.With("AWSLogs/")); !strings.Contains(said, "0 read, 2 unchanged") {
				t.Errorf("the second ingest says\n%s", said)
			}
			s.Put(day+"20231114T2215Z_b.log", lines[0]+strings.Join(lines[4:], "")+strings.Replace(lines[7], " 40000 22 ", " 40000 23 ", 1))
			if _, said := cli(t, 0, "ingest", "--lake", lake, s.With("AWSLogs/")); !strings.Contains(said, "1 read, 1 unchanged") {
				t.Errorf("the third ingest says\n%s", said)
			}
			if got, _ := cli(t, 0, "conversations", "--csv", "--lake", lake); strings.Count(got, "\n") != strings.Count(want, "\n")+1 {
				t.Errorf("after an object was written anew:\n%s", got)
			}
			if _, said := cli(t, 1, "ingest", "--lake", lake, "--from", "2024-01-01", s.With("AWSLogs/")); !strings.Contains(said, "no flow logs") {
				t.Errorf("an ingest of another time says\n%s", said)
			}
		})
	}
	if _, said := cli(t, 2, "top", "ftp://x/y"); !strings.Contains(said, "s3://") {
		t.Errorf("an address of no store says %q", said)
	}
}
