package source

import (
	"testing"
	"time"
)

func TestFolders(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02T15", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	day := Choice{From: at("2026-11-02T06"), To: at("2026-11-03T00"), Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"}}
	azure := Choice{From: day.From, To: day.To, Accounts: []string{"s1"}}
	f := func(c Choice, name string, may, settled bool) {
		t.Helper()
		x := folderOf(name)
		if got := c.may(&x); got != may {
			t.Errorf("%s may hold it: %v, want %v", name, got, may)
		}
		if got := c.settled(&x); may && got != settled {
			t.Errorf("%s is settled: %v, want %v", name, got, settled)
		}
	}
	const aws = "team/AWSLogs/"
	f(day, "team/", true, false)
	f(day, aws, true, false)
	f(day, aws+"o-abc/", true, false)
	f(day, aws+"o-abc/111122223333/", true, false)
	f(day, aws+"111122223333/", true, false)
	f(day, aws+"999922223333/", false, false)
	f(day, aws+"111122223333/CloudTrail/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/", true, false)
	f(day, aws+"111122223333/vpcflowlogs/us-east-1/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2025/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/", true, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/10/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/", true, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/01/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/02/", true, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/02/05/", true, false) // its last delivery may be of 06:00
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/02/04/", false, false)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/02/06/", true, true)
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/03/", true, false) // what is delivered late
	f(day, aws+"111122223333/vpcflowlogs/eu-west-1/2026/11/04/", false, false)
	f(day, "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=02/hour=07/", true, true)
	f(day, "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=11/day=01/", false, false)
	f(day, "AWSLogs/aws-account-id=999922223333/", false, false)
	f(Choice{}, aws+"111122223333/vpcflowlogs/", true, true)
	f(Choice{}, aws+"111122223333/", true, false)

	times := Choice{From: day.From, To: day.To}
	f(times, "compute.googleapis.com/", true, false)
	f(times, "compute.googleapis.com/vpc_flows/2026/11/02/", true, false)
	f(times, "compute.googleapis.com/vpc_flows/2026/11/01/", false, false)
	f(times, "compute.googleapis.com/firewall/2026/11/", true, false)
	f(times, "compute.googleapis.com/nat_flows/", false, false)
	f(times, "cloudaudit.googleapis.com/", false, false)
	f(Choice{}, "networkmanagement.googleapis.com/vpc_flows/", true, true)

	const vnet = "flowLogResourceID=/S1_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/"
	f(azure, vnet, true, false)
	f(azure, vnet+"y=2026/", true, false)
	f(azure, vnet+"y=2026/m=11/d=02/h=06/", true, true)
	f(azure, vnet+"y=2026/m=11/d=02/h=06/m=00/macAddress=002248AABBCC/", true, true)
	f(azure, vnet+"y=2026/m=11/d=02/h=02/", false, false)
	f(azure, "flowLogResourceID=/S2_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/y=2026/", false, false)
	f(azure, "resourceId=/SUBSCRIPTIONS/S1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG/y=2026/m=11/d=02/h=07/", true, true)
}
