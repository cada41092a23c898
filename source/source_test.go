package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func TestHint(t *testing.T) {
	f := func(path string, want periplus.Place, at string, window time.Duration) {
		t.Helper()
		p, when, w := Hint(path)
		got := ""
		if !when.IsZero() {
			got = when.Format(time.RFC3339)
		}
		if p != want || got != at || w != window {
			t.Errorf("Hint(%q) = %+v, %s, %s; want %+v, %s, %s", path, p, got, w, want, at, window)
		}
	}
	f("x/AWSLogs/111122223333/vpcflowlogs/eu-west-1/2024/05/01/111122223333_vpcflowlogs_eu-west-1_fl-0a1_20240501T1005Z_ab12.log.gz",
		periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1", Log: "fl-0a1"}, "2024-05-01T10:05:00Z", 5*time.Minute)
	f("AWSLogs/o-abc/111122223333/vpcflowlogs/eu-west-1/2024/05/01/10/other.log.gz",
		periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}, "2024-05-01T10:00:00Z", time.Hour)
	f("AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2024/month=05/day=01/f.log.parquet",
		periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}, "2024-05-01T00:00:00Z", 24*time.Hour)
	f("bucket/compute.googleapis.com/vpc_flows/2024/05/01/10:00:00_10:59:59_A0:123.json",
		periplus.Place{Provider: "gcp"}, "2024-05-01T10:00:00Z", time.Hour)
	f("c/flowLogResourceID=/S1_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/y=2024/m=05/d=01/h=10/m=00/macAddress=002248AABBCC/PT1H.json",
		periplus.Place{Provider: "azure", Account: "s1", Region: "westeurope", Log: "hub-rg-flowlogs", Interface: "002248AABBCC"}, "2024-05-01T10:00:00Z", time.Hour)
	f("c/resourceId=/SUBSCRIPTIONS/S1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG/y=2024/m=05/d=01/h=10/m=00/macAddress=0022/PT1H.json",
		periplus.Place{Provider: "azure", Account: "s1", Log: "web-nsg", Interface: "0022"}, "2024-05-01T10:00:00Z", time.Hour)
	f("c/flowLogResourceID=/S\xff_NETWORKWATCHERRG/NETWORKWATCHER_X_LOG/y=2024/m=05/d=01/h=10/m=00/macAddress=00\xc3/PT1H.json",
		periplus.Place{Provider: "azure", Account: "s\uFFFD", Region: "x", Log: "log", Interface: "00\uFFFD"}, "2024-05-01T10:00:00Z", time.Hour)
	f("some/file.log", periplus.Place{}, "", 0)
}

func list(t *testing.T, s periplus.Source) (names, bad []string) {
	t.Helper()
	for o, err := range s.Objects(context.Background()) {
		if err != nil {
			bad = append(bad, o.URI)
			continue
		}
		names = append(names, filepath.Base(o.URI))
	}
	return names, bad
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.log", "b/.hidden/x", "b/.DS_Store", "a/1 x.log", "b/_SUCCESS"} {
		write(t, filepath.Join(dir, name), "x")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "b"), link); err != nil {
		t.Fatal(err)
	}
	src := &Files{Paths: []string{dir, link, filepath.Join(dir, "a/1 x.log"), filepath.Join(dir, "gone"), "-"}, Stdin: strings.NewReader("in")}
	names, bad := list(t, src)
	if got, want := strings.Join(names, " "), "1%20x.log 2.log stdin:"; got != want {
		t.Errorf("objects %q, want %q: once each, hidden files left out, sorted", got, want)
	}
	if len(bad) != 1 || !strings.HasSuffix(bad[0], "/gone") {
		t.Errorf("errors %q, want one for the path that does not exist", bad)
	}
	for o, err := range src.Objects(context.Background()) {
		if err != nil {
			continue
		}
		in, err := src.Open(context.Background(), &o)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(in)
		in.Close()
		if want := map[bool]string{true: "in", false: "x"}[o.URI == "stdin:"]; string(b) != want {
			t.Errorf("%s holds %q, want %q", o.URI, b, want)
		}
	}
}

func TestFileRewrittenHasAnotherETag(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	src := &Files{Paths: []string{path}}
	etag := func() string {
		for o, err := range src.Objects(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			return o.ETag
		}
		return ""
	}
	write(t, path, "one")
	first := etag()
	write(t, path+".new", "two")
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if second := etag(); second == first || first == "" {
		t.Errorf("etag %q stayed although the file was replaced by one of the same size", second)
	}
}

func TestFilter(t *testing.T) {
	dir := t.TempDir()
	at := func(acct, region, hhmm string) {
		write(t, filepath.Join(dir, acct+"_vpcflowlogs_"+region+"_fl-1_20240501T"+hhmm+"Z_h.log.gz"), "x")
	}
	at("111111111111", "eu-west-1", "0900")
	at("111111111111", "eu-west-1", "1000")
	at("222222222222", "us-east-1", "1000")
	at("222222222222", "us-east-1", "1200")
	write(t, filepath.Join(dir, "plain.log"), "x")
	clock := func(h int) time.Time { return time.Date(2024, 5, 1, h, 0, 0, 0, time.UTC) }
	f := func(want int, c Choice) {
		t.Helper()
		filter := Filter{&Files{Paths: []string{dir}}, c}
		if names, _ := list(t, &filter); len(names) != want {
			t.Errorf("%+v keeps %q, want %d", c, names, want)
		}
	}
	f(5, Choice{})
	f(3, Choice{Accounts: []string{"111111111111"}})
	f(3, Choice{Regions: []string{"us-east-1"}})
	f(4, Choice{From: clock(10)})
	f(4, Choice{To: clock(10)})
	f(2, Choice{From: clock(12)})
	f(1, Choice{Glob: "plain*"})
	f(1, Choice{Logs: []string{"fl-2"}})
}
