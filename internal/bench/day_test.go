package main

import (
	"cmp"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// The day is the same every time, in the order of a batch, and holds every
// conversation.
func TestDay(t *testing.T) {
	const conversations = 3000
	type end struct {
		client, server string
		port           uint16
		protocol       uint8
	}
	var sums [2]int64
	for i := range sums {
		d := newDay(conversations)
		b, err := d.batch()
		if err != nil {
			t.Fatal(err)
		}
		var last periplus.Flow
		met := map[end]bool{}
		observers := map[periplus.Observer]int{}
		rows := 0
		for f, err := range b.Flows[0] {
			if err != nil {
				t.Fatal(err)
			}
			if rows > 0 && compare(&last, f) > 0 {
				t.Fatalf("row %d: %v comes after %v", rows, *f, last)
			}
			last = *f
			rows++
			met[end{f.Client.String(), f.Server.String(), f.ServerPort, f.Protocol}] = true
			observers[f.Observer]++
			sums[i] += f.RequestBytes.N + f.ResponseBytes.N
		}
		if len(met) != conversations {
			t.Errorf("%d conversations; want %d", len(met), conversations)
		}
		if rows < 6*conversations || int64(rows) != d.rows {
			t.Errorf("%d rows, counted %d; want at least six a conversation", rows, d.rows)
		}
		for _, o := range []periplus.Observer{periplus.ObserverClient, periplus.ObserverServer, periplus.ObserverMiddle} {
			if observers[o] == 0 {
				t.Errorf("no row of observer %s", o)
			}
		}
		var records int64
		for _, o := range b.Objects {
			records += o.Records
		}
		for _, c := range b.Coverage {
			records -= c.Records
		}
		if records != 0 {
			t.Errorf("objects hold %d records more than coverage", records)
		}
		if n := len(b.Owned); n < dayOwn*8/10 || n != len(b.Named) {
			t.Errorf("%d hosts of ours, %d named; want about %d", n, len(b.Named), dayOwn)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("two days differ: %d and %d bytes", sums[0], sums[1])
	}
}

// compare orders rows as digest says.
func compare(a, b *periplus.Flow) int {
	if c := a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)); c != 0 {
		return c
	}
	if c := a.Client.Compare(b.Client); c != 0 {
		return c
	}
	if c := a.Server.Compare(b.Server); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.ServerPort, b.ServerPort), cmp.Compare(a.Protocol, b.Protocol), a.Bucket.Compare(b.Bucket))
}

// Every conversation of the lake of pairs is of another pair of services.
func TestPairs(t *testing.T) {
	const pairs = 2*pairServices + 5
	d := newPairs(pairs)
	met := map[[2]int]bool{}
	for _, t := range d.talks {
		met[[2]int{d.hosts[t.clientHost].service, d.hosts[t.serverHost].service}] = true
	}
	names := map[string]bool{}
	for _, s := range d.services {
		names[s.name] = true
	}
	if len(met) != pairs || len(names) != pairServices {
		t.Errorf("%d pairs of %d services by name; want %d of %d", len(met), len(names), pairs, pairServices)
	}
}
