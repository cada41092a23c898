package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/servers"
)

// A log group is followed by a process that is killed, and by the next: nothing
// is lost, nothing counted twice, and what was read is not read again.
func TestWatchALogGroup(t *testing.T) {
	moto := "http://" + servers.Moto(t).Addr
	lake := filepath.Join(t.TempDir(), "lake")
	group := "cloudwatch:/vpc/flow-logs?region=eu-west-1&endpoint=" + moto
	askLogs(t, moto, "CreateLogGroup", map[string]any{"logGroupName": "/vpc/flow-logs"})
	n := 0
	// put puts events of an interface, the first so long ago and one a minute.
	put := func(nic, count int, ago time.Duration) {
		t.Helper()
		stream := fmt.Sprintf("eni-%d-all", nic)
		askLogs(t, moto, "CreateLogStream", map[string]any{"logGroupName": "/vpc/flow-logs", "logStreamName": stream})
		var list []map[string]any
		for i := range count {
			at := time.Now().Add(time.Duration(i)*time.Minute - ago)
			list = append(list, map[string]any{"timestamp": at.UnixMilli(), "message": fmt.Sprintf(
				"2 123456789012 eni-%d 10.0.%d.1 10.0.9.%d %d 443 6 10 1000 %d %d ACCEPT OK", nic, nic, i%3, 20000+n, at.Unix(), at.Unix()+30)})
			n++
		}
		askLogs(t, moto, "PutLogEvents", map[string]any{"logGroupName": "/vpc/flow-logs", "logStreamName": stream, "logEvents": list})
	}
	// The windows that are looked at often are left alone: real minutes would pass.
	put(1, 20, 4*time.Hour)
	args := []string{"--lake", lake, "--every", "50ms", "--commit-every", "50ms", group}
	w := startWatch(t, args...)
	w.until(`periplus_records_total 20`)
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-w.out
	_ = w.cmd.Wait() // it was killed
	put(2, 30, 9*time.Hour)
	w = startWatch(t, args...)
	w.until(`periplus_records_total 30`)
	w.until(`periplus_lists_total\{outcome="ok",source="cloudwatch:/vpc/flow-logs"\} [1-9][0-9]+`)
	w.until(`periplus_records_total 30`) // and not more
	if said := w.end(); strings.Contains(said, "level=WARN msg=\"a") {
		t.Errorf("it says\n%s", said)
	}
	plain := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", plain, group)
	want, _ := cli(t, 0, "conversations", "--lake", plain, "--csv")
	if got, _ := cli(t, 0, "conversations", "--lake", lake, "--csv"); got != want || strings.Count(want, "\n") < 7 {
		t.Errorf("watch:\n%s\ningest:\n%s", got, want)
	}
}
