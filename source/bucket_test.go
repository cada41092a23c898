package source

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/periplus"
)

// stores are the three clouds' servers, each with one bucket.
var stores = map[string]func(testing.TB) *servers.Store{"s3": servers.S3, "gs": servers.GCS, "azblob": servers.Azure}

// tree is a bucket with all layouts, and what others leave beside them.
var tree = []string{
	"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/02/trail.json.gz",
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/01/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T2355Z_a.log.gz",
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/02/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261102T1000Z_b.log.gz",
	"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/02/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261102T2200Z_c.log.gz",
	"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/02/10/111122223333_vpcflowlogs_us-east-1_fl-0b_20261102T1000Z_d.log.gz",
	"AWSLogs/aws-account-id=444455556666/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=02/hour=10/x.log.parquet",
	"AWSLogs/o-org/777788889999/vpcflowlogs/eu-west-1/2026/11/02/777788889999_vpcflowlogs_eu-west-1_fl-0c_20261102T1000Z_e.log.gz",
	"compute.googleapis.com/vpc_flows/2026/11/02/10:00:00_10:59:59_A0:77.json",
	"compute.googleapis.com/vpc_flows/2026/11/02/10:00:00_10:59:59_S0.json",
	"compute.googleapis.com/vpc_flows/2026/11/03/10:00:00_10:59:59_S0.json",
	"flowLogResourceID=/S1_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/y=2026/m=11/d=02/h=10/m=00/macAddress=002248AABBCC/PT1H.json",
	"flowLogResourceID=/S1_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/y=2026/m=11/d=02/h=14/m=00/macAddress=002248AABBCC/PT1H.json",
	"other place/ä+b%20.log",
	"plain.log",
}

func filled(t *testing.T, start func(testing.TB) *servers.Store) *servers.Store {
	t.Helper()
	dir := t.TempDir()
	for _, name := range tree {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), "text of "+name)
	}
	s := start(t)
	s.Upload(dir)
	return s
}

// keys lists a bucket: the part after the bucket's name of each object.
func keys(t *testing.T, src periplus.Source) []string {
	t.Helper()
	var out []string
	for o, err := range src.Objects(t.Context()) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		out = append(out, o.URI)
	}
	return out
}

func TestBuckets(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, scheme := range slices.Sorted(maps.Keys(stores)) {
		t.Run(scheme, func(t *testing.T) {
			s := filled(t, stores[scheme])
			f := func(prefix string, c Choice, want ...int) {
				t.Helper()
				b, err := OpenBucket(t.Context(), s.With(prefix), c)
				if err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				var names []string
				for _, i := range want {
					names = append(names, b.uri(tree[i]))
				}
				if got := keys(t, b); !slices.Equal(got, names) {
					t.Errorf("%q with %+v lists\n%s\nwant\n%s", prefix, c, strings.Join(got, "\n"), strings.Join(names, "\n"))
				}
			}
			f("", Choice{}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
			f("AWSLogs/", Choice{}, 1, 2, 3, 4, 5, 6)
			f("", Choice{Regions: []string{"us-east-1"}, Glob: "*.log.gz"}, 4)
			f("AWSLogs/", Choice{Accounts: []string{"777788889999", "444455556666"}}, 5, 6)
			f("", Choice{From: at("2026-11-02T10:00:00Z"), To: at("2026-11-02T11:00:00Z")}, 2, 4, 5, 6, 7, 8, 10, 12, 13)
			f("AWSLogs/111122223333/", Choice{From: at("2026-11-02T00:00:00Z")}, 1, 2, 3, 4)
			f("AWSLogs/", Choice{Logs: []string{"fl-0a"}}, 1, 2, 3, 5)

			b, err := OpenBucket(t.Context(), s.With(""), Choice{})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			n := 0
			for o, err := range b.Objects(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				key, err := b.key(o.URI)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := read(t, b, o), "text of "+key; got != want || o.Size != int64(len(want)) || o.ETag == "" || o.ModTime.IsZero() {
					t.Errorf("%s: %q, size %d, etag %q, %s; want %q", o.URI, got, o.Size, o.ETag, o.ModTime, want)
				}
				n++
			}
			if n != len(tree)-1 {
				t.Errorf("%d objects read, want %d", n, len(tree)-1)
			}

			// Another content of the same length is another object.
			before := tag(t, b, "plain.log")
			s.Put("plain.log", "TEXT of plain.log")
			if after := tag(t, b, "plain.log"); after == before {
				t.Errorf("the etag stays %q after the object was written anew", after)
			}
		})
	}
}

func tag(t *testing.T, b *Bucket, key string) string {
	t.Helper()
	for o, err := range b.Objects(t.Context()) {
		if err == nil && o.URI == b.uri(key) {
			return o.ETag
		}
	}
	t.Fatalf("%s is not listed", key)
	return ""
}

func read(t *testing.T, src periplus.Source, o periplus.Object) string {
	t.Helper()
	r, err := src.Open(t.Context(), &o)
	if err != nil {
		t.Fatalf("%s: %v", o.URI, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", o.URI, err)
	}
	return string(b)
}

// What is wrong is named in the store's words, with what to do.
func TestBucketErrors(t *testing.T) {
	s := servers.S3(t)
	s.Put("x.log", "x")
	f := func(address, want string) {
		t.Helper()
		src, err := Open(t.Context(), []string{address}, Options{})
		if err == nil {
			defer src.Close()
			for _, e := range src.Objects(t.Context()) {
				err = errors.Join(err, e)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	f("ftp://x/y", "Periplus reads files")
	f("s3://", "is no bucket")
	f("s3://logs?external_id=7", "add role=arn:")
	f(strings.Replace(s.Bucket, "logs", "nowhere", 1), "check the bucket's name and region")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	f(s.Bucket, "does not accept the credentials")
	t.Setenv("AZURE_STORAGE_ACCOUNT", "")
	f("azblob://x", "set AZURE_STORAGE_ACCOUNT")
}

// A source's objects come early, in order, within bounds, and only once.
func TestPrefetch(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 40 {
		name := filepath.Join(dir, string(rune('a'+i/26))+string(rune('a'+i%26))+".log")
		text := strings.Repeat("x", i*10)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, text)
	}
	count := &counting{Source: &Files{Paths: []string{dir}}}
	p := &Prefetch{Source: count, Count: 4, Bytes: 900}
	var objects []periplus.Object
	for o, err := range p.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.Expect(ctx, objects)
	for i, o := range objects {
		if got := read(t, p, o); got != want[i] {
			t.Errorf("%s: %d bytes, want %d", o.URI, len(got), len(want[i]))
		}
		p.mu.Lock()
		if len(p.ready) > 4 || p.held > 900 {
			t.Errorf("%d objects of %d bytes are held", len(p.ready), p.held)
		}
		p.mu.Unlock()
	}
	if count.opened.Load() != int64(len(objects)) {
		t.Errorf("%d opened for %d objects", count.opened.Load(), len(objects))
	}
	// One that is gone says so when it is opened.
	if err := os.Remove(filepath.Join(dir, "aa.log")); err != nil {
		t.Fatal(err)
	}
	p.Expect(ctx, objects[:2])
	if _, err := p.Open(ctx, &objects[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an object that is gone: %v", err)
	}
	if got := read(t, p, objects[1]); got != want[1] {
		t.Errorf("the next one is %q", got)
	}
	if p.held != 0 || len(p.ready) != 0 {
		t.Errorf("%d bytes in %d objects are held at the end", p.held, len(p.ready))
	}
}
