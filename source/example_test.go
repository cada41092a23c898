package source_test

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/periplus/periplus/source"
)

// Objects are left out by what their paths say, before anything is opened.
func ExampleFilter() {
	dir, err := os.MkdirTemp("", "logs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{
		"111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T1000Z_aa.log.gz",
		"111122223333_vpcflowlogs_us-east-1_fl-0b_20261101T1000Z_bb.log.gz",
		"444455556666_vpcflowlogs_eu-west-1_fl-0c_20261101T1000Z_cc.log.gz",
		"111122223333_vpcflowlogs_eu-west-1_fl-0a_20261103T1000Z_dd.log.gz",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	logs := source.Filter{
		Source: &source.Files{Paths: []string{dir}},
		Choice: source.Choice{
			From: day, To: day.AddDate(0, 0, 1),
			Accounts: []string{"111122223333"},
			Regions:  []string{"eu-west-1"},
		},
	}
	for o, err := range logs.Objects(context.Background()) {
		fmt.Println(path.Base(o.URI), o.Hint.Account, o.Hint.Region, err)
	}
	// Output:
	// 111122223333_vpcflowlogs_eu-west-1_fl-0a_20261101T1000Z_aa.log.gz 111122223333 eu-west-1 <nil>
}
