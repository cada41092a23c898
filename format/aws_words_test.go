package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// The numbers of traffic-path and encryption-status in words, each one; what
// nobody knows stays as it is.
func TestAWSWords(t *testing.T) {
	f := func(column, value, want string) {
		t.Helper()
		text := "srcaddr dstaddr " + column + " start end\n10.0.0.1 10.0.0.2 " + value + " 1700000000 1700000060\n"
		recs, _ := readBytes(t, column, []byte(text), Options{Now: awsNow})
		got := ""
		if n := recs[0].Note; n != nil {
			got = strings.TrimSpace(n.Path + " " + n.Encryption)
		}
		if got != want {
			t.Errorf("%s %s: %q; want %q", column, value, got, want)
		}
	}
	for i, want := range []string{"0", "same_vpc", "internet_or_gateway_endpoint", "virtual_private_gateway", "peering", "peering_regions",
		"local_gateway", "gateway_endpoint", "internet_gateway", "9"} {
		f("traffic-path", fmt.Sprint(i), want)
	}
	for i, want := range []string{"none", "nitro", "application", "nitro+application", "4"} {
		f("encryption-status", fmt.Sprint(i), want)
	}
	f("traffic-path", "-", "")
	f("encryption-status", "-", "")
}

// Words are read in any case.
func TestAWSWordsInAnyCase(t *testing.T) {
	f := func(direction, action string, want periplus.Direction, verdict periplus.Verdict) {
		t.Helper()
		text := "srcaddr dstaddr flow-direction action log-status\n10.0.0.1 10.0.0.2 " + direction + " " + action + " Ok\n"
		recs, stats := readBytes(t, direction, []byte(text), Options{Now: awsNow})
		if len(recs) != 1 || recs[0].Direction != want || recs[0].Verdict != verdict {
			t.Errorf("%s %s: %v, %+v", direction, action, recs, stats)
		}
	}
	f("Ingress", "Accept", periplus.Ingress, periplus.Allowed)
	f("EGRESS", "reject", periplus.Egress, periplus.Denied)
	f("-", "-", periplus.DirectionUnknown, periplus.Unknown)
}

// A log stream bears the name of its interface.
func TestLogStream(t *testing.T) {
	for in, want := range map[string]string{"eni-0aaa-all": "eni-0aaa", "eni-0aaa-accept": "eni-0aaa", "eni-0aaa-reject": "eni-0aaa", "eni-0aaa": "eni-0aaa", "other-all": "", "": ""} {
		if got := logStream(in); got != want {
			t.Errorf("%s: %q; want %q", in, got, want)
		}
	}
}

// A tag's value is percent-encoded; a plus stands for itself, and what is no
// encoding stays.
func TestAWSTags(t *testing.T) {
	f := func(value, want string) {
		t.Helper()
		text := "srcaddr dstaddr flow-direction instance-tag\n10.0.0.1 10.0.0.2 egress " + value + "\n"
		recs, _ := readBytes(t, value, []byte(text), Options{Now: awsNow})
		if id := recs[0].SrcID; id == nil || len(id.Tags) != 1 || id.Tags[0] != (periplus.Column{Name: "instance-tag", Value: want}) {
			t.Errorf("%s: %+v; want %s", value, id, want)
		}
	}
	f("my%2Dapp", "my-app")
	f("a%20b%3Ac%2Fd%3De", "a b:c/d=e")
	f("a+b", "a+b")
	f("100%", "100%")
}
