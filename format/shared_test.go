package format

import (
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// TestShared: readers that share hand out one *Place for one place, and never
// one for places that only their objects' names tell apart.
func TestShared(t *testing.T) {
	const log = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n" +
		"2 111122223333 eni-0123456789abcdef0 10.0.0.1 10.0.0.2 40000 443 6 1 40 1767225600 1767225610 ACCEPT OK\n" +
		"2 111122223333 eni-0123456789abcdef0 10.0.0.1 10.0.0.2 - - 1 1 40 1767225600 1767225610 ACCEPT OK\n" // not the fast way
	shared := new(Shared)
	read := func(region string) *periplus.Place {
		t.Helper()
		o := &periplus.Object{Hint: periplus.Place{Region: region}}
		r, err := Open(strings.NewReader(log), Options{Object: o, Shared: shared, Now: awsNow.AddDate(10, 0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		recs := make([]periplus.Record, 4)
		if n, err := r.Reader.Read(recs); n != 2 {
			t.Fatalf("%d records, %v; want 2", n, err)
		}
		if recs[0].Place != recs[1].Place {
			t.Error("one reader hands out two places for one")
		}
		return recs[0].Place
	}
	a, b, c := read("eu-west-1"), read("us-east-1"), read("eu-west-1")
	if a != c {
		t.Errorf("got %p and %p for one place; want one", a, c)
	}
	if a == b || a.Region != "eu-west-1" || b.Region != "us-east-1" {
		t.Errorf("got regions %q and %q; want eu-west-1 and us-east-1", a.Region, b.Region)
	}
}
