package flowgen_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/periplus/periplus/internal/flowgen"
)

// digestOf is a hash of every file below dir, with its name.
func digestOf(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(b), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
			one, err := s.Write(context.Background(), a, 7, 0)
			if err != nil {
				t.Fatal(err)
			}
			two, err := s.Write(context.Background(), b, 7, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Write(context.Background(), c, 8, 0); err != nil {
				t.Fatal(err)
			}
			if digestOf(t, a) != digestOf(t, b) {
				t.Error("seed 7 wrote other bytes the second time")
			}
			if digestOf(t, a) == digestOf(t, c) {
				t.Error("seeds 7 and 8 wrote the same bytes")
			}
			if !reflect.DeepEqual(one.Conversations, two.Conversations) {
				t.Error("seed 7 told another truth the second time")
			}
			if len(one.Conversations) == 0 || one.Files == 0 || one.Records == 0 {
				t.Errorf("got %d conversations, %d files, %d records; want some of each", len(one.Conversations), one.Files, one.Records)
			}
		})
	}
}

func TestHoursAddUp(t *testing.T) {
	for _, s := range scenarios() {
		truth, err := s.Write(context.Background(), t.TempDir(), 3, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range truth.Conversations {
			var sum flowgen.Counters
			for _, h := range c.Hours {
				sum.Add(h.Counters)
			}
			if sum != c.Counters {
				t.Errorf("%s: %v: hours add up to %+v, total is %+v", s.Name, c.Key, sum, c.Counters)
			}
			if len(c.Hours) == 0 || c.First.After(c.Last) {
				t.Errorf("%s: %v: %d hours, first %v, last %v", s.Name, c.Key, len(c.Hours), c.First, c.Last)
			}
		}
	}
}

// A later delivery only adds files and lets files grow.
func TestDeliveriesGrow(t *testing.T) {
	for _, s := range scenarios() {
		dir := t.TempDir()
		before := map[string]int64{}
		for n := 1; n <= s.Deliveries; n++ {
			if _, err := s.Write(context.Background(), dir, 5, n); err != nil {
				t.Fatal(err)
			}
			after := sizes(t, dir)
			changed := n == 1
			for name, size := range before {
				if after[name] < size {
					t.Errorf("%s: %s shrank from %d to %d bytes with delivery %d", s.Name, name, size, after[name], n)
				}
				changed = changed || after[name] > size
			}
			if !changed && len(after) == len(before) {
				t.Errorf("%s: delivery %d brought nothing", s.Name, n)
			}
			before = after
		}
		all := t.TempDir()
		if _, err := s.Write(context.Background(), all, 5, 0); err != nil {
			t.Fatal(err)
		}
		if digestOf(t, dir) != digestOf(t, all) {
			t.Errorf("%s: delivered in parts it is not what it is at once", s.Name)
		}
	}
}

func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	m := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		m[path] = i.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The names of files are those that each cloud gives.
func TestNamesOfFiles(t *testing.T) {
	f := func(scenario, want string) {
		t.Helper()
		for _, s := range flowgen.Scenarios() {
			if s.Name != scenario {
				continue
			}
			truth, err := s.Write(context.Background(), t.TempDir(), 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			whole := regexp.MustCompile("^" + want + "$")
			for name := range sizes(t, truth.Logs) {
				if rel, _ := filepath.Rel(truth.Logs, name); !whole.MatchString(rel) {
					t.Errorf("%s: %s is not like %s", scenario, rel, want)
				}
			}
			return
		}
		t.Errorf("no scenario %s", scenario)
	}
	const file = `\d{12}_vpcflowlogs_eu-central-1_fl-[0-9a-z]+_\d{8}T\d\d[0-5][05]Z_[0-9a-f]{8}\.log`
	f("aws-text-v5", `aws/AWSLogs/\d{12}/vpcflowlogs/eu-central-1/2026/11/01/`+file+`\.gz`)
	f("aws-s3-hourly", `aws/AWSLogs/\d{12}/vpcflowlogs/eu-central-1/2026/11/01/1\d/`+file+`\.gz`)
	f("aws-parquet-hive", `aws/AWSLogs/aws-account-id=\d{12}/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2026/month=11/day=01/hour=1\d/`+file+`\.parquet`)
	f("aws-s3-organisation", `aws/AWSLogs/o-[a-z]+/\d{12}/vpcflowlogs/eu-central-1/2026/11/01/`+file+`\.gz`)
	f("gcp-shards", `gcp/shop-prod/compute.googleapis.com/(vpc_flows|firewall)/2026/11/01/(1\d):00:00_1\d:59:59_S\d+\.json`)
	f("gcp-late", `gcp/shop-prod/compute.googleapis.com/vpc_flows/2026/11/01/(1\d):00:00_1\d:59:59_(S\d+|A\d:\d+_S\d+)\.json`)
	f("azure-nsg-v2", `azure/insights-logs-networksecuritygroupflowevent/resourceId=/SUBSCRIPTIONS/[0-9A-F-]{36}/RESOURCEGROUPS/[A-Z-]+/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/[A-Z-]+/y=2026/m=11/d=01/h=1\d/m=00/macAddress=[0-9A-F]{12}/PT1H.json`)
	f("azure-vnet-denied", `azure/insights-logs-flowlogflowevent/flowLogResourceID=/[0-9A-F-]{36}_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_[A-Z-]+-FLOWLOGS/y=2026/m=11/d=01/h=1\d/m=00/macAddress=[0-9A-F]{12}/PT1H.json`)
}
