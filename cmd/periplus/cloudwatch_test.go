package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/internal/servers"
)

// The simulated company says the same whether its log group is read from where
// it was sent to or from CloudWatch Logs itself, and is read once.
func TestLogGroupSaysWhatItsFilesSay(t *testing.T) {
	moto := "http://" + servers.Moto(t).Addr
	dir := t.TempDir()
	// CloudWatch Logs takes events of the last 14 days.
	truth, err := flowgen.Options{Seed: 5, Start: time.Now().Add(-30 * time.Hour), Duration: time.Hour, Scale: 0.2}.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	folder := []string{"conversations", "--csv", truth.Logs}
	want, _ := cli(t, 0, folder...)

	askLogs(t, moto, "CreateLogGroup", map[string]any{"logGroupName": "/vpc/shared"})
	sent := filepath.Join(truth.Logs, "cloudwatch")
	events := 0
	streams := map[string]bool{}
	err = filepath.WalkDir(sent, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		text, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		for dec := json.NewDecoder(text); ; {
			var e struct {
				MessageType, LogStream string
				LogEvents              []map[string]any
			}
			if err := dec.Decode(&e); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if e.MessageType != "DATA_MESSAGE" {
				continue
			}
			if !streams[e.LogStream] {
				streams[e.LogStream] = true
				askLogs(t, moto, "CreateLogStream", map[string]any{"logGroupName": "/vpc/shared", "logStreamName": e.LogStream})
			}
			for _, v := range e.LogEvents {
				delete(v, "id")
			}
			askLogs(t, moto, "PutLogEvents", map[string]any{"logGroupName": "/vpc/shared", "logStreamName": e.LogStream, "logEvents": e.LogEvents})
			events += len(e.LogEvents)
		}
	})
	if err != nil || events == 0 {
		t.Fatalf("%d events put: %v", events, err)
	}
	if err := os.RemoveAll(sent); err != nil {
		t.Fatal(err)
	}
	if less, _ := cli(t, 0, folder...); less == want {
		t.Fatal("without the group's files the folder says the same: nothing is tested")
	}
	group := "cloudwatch:/vpc/shared?region=eu-west-1&endpoint=" + moto
	got, _ := cli(t, 0, append(folder, group)...)
	// An address names the region, which what is sent to Firehose does not.
	if got = strings.ReplaceAll(got, ",222233334444/eu-west-1", ",222233334444"); got != want {
		t.Errorf("with %d events of the group\n%s", events, differences(got, want))
	}

	lake := filepath.Join(t.TempDir(), "lake")
	_, said := cli(t, 0, "ingest", "--lake", lake, group)
	if !strings.Contains(said, "no flow log of eu-west-1 writes to it now") {
		t.Errorf("the ingest says\n%s\nwant that nobody says which columns there are", said)
	}
	if _, said := cli(t, 0, "ingest", "--lake", lake, group); !strings.Contains(said, " 0 read") && !strings.Contains(said, "0 read,") {
		t.Errorf("the second ingest says\n%s", said)
	}
	if _, said := cli(t, 1, "top", "cloudwatch:nowhere?region=eu-west-1&endpoint="+moto); !strings.Contains(said, "no such log group") {
		t.Errorf("a group that there is not: %s", said)
	}
	if _, said := cli(t, 2, "top", "cloudwatch://vpc"); !strings.Contains(said, "did you mean cloudwatch:vpc") {
		t.Errorf("an address with slashes: %s", said)
	}
}

// differences are the lines that only one of two texts has, the first few.
func differences(got, want string) string {
	var out []string
	only := func(a, b, sign string) {
		have := map[string]bool{}
		for line := range strings.Lines(b) {
			have[line] = true
		}
		for line := range strings.Lines(a) {
			if !have[line] && len(out) < 20 {
				out = append(out, sign+line)
			}
		}
	}
	only(got, want, "got  ")
	only(want, got, "want ")
	return strings.Join(out, "")
}

// askLogs asks moto's CloudWatch Logs.
func askLogs(t *testing.T, moto, operation string, body map[string]any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, moto+"/", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=periplus/20260101/eu-west-1/logs/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	out, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if text, err := io.ReadAll(out.Body); err != nil || out.StatusCode != http.StatusOK || strings.Contains(string(text), "EventIndex") {
		t.Fatalf("%s: %s %v %s", operation, out.Status, err, text)
	}
}
