package traffic

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
)

var hour = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

// company makes flow rows of all classes around three hours.
type company struct {
	r      *rand.Rand
	rows   []periplus.Flow
	places map[periplus.Place]*periplus.Place
}

func (c *company) place(p periplus.Place) *periplus.Place {
	if c.places[p] == nil {
		c.places[p] = &p
	}
	return c.places[p]
}

func (c *company) count() periplus.Count {
	if c.r.IntN(8) == 0 {
		return periplus.Count{}
	}
	return periplus.Count{N: c.r.Int64N(100), Known: true}
}

// row is a row of a conversation at a random time of the four hours around.
func (c *company) row(o periplus.Observer, p periplus.Place, client, server string, port int) *periplus.Flow {
	first := hour.Add(time.Duration(c.r.IntN(4*3600)-1800) * time.Second).Add(time.Duration(c.r.IntN(1000)) * time.Millisecond)
	notes := []*periplus.Note{nil, nil, {Path: "8"}, {Path: "1", Encryption: "on"}}
	c.rows = append(c.rows, periplus.Flow{
		Object: int64(len(c.rows)), Bucket: first.Truncate(periplus.Bucket), FirstSeen: first, LastSeen: first.Add(time.Duration(c.r.IntN(300)) * time.Second),
		Place: c.place(p), Observer: o, Client: netip.MustParseAddr(client), Server: netip.MustParseAddr(server),
		ServerPort: uint16(max(port, 0)), HasPort: port >= 0, Protocol: map[bool]uint8{true: 6, false: 1}[port >= 0], OrientedBy: periplus.ByFlags,
		Verdict: periplus.Allowed, Note: notes[c.r.IntN(len(notes))], Service: []string{"", "", "S3"}[c.r.IntN(3)],
		RequestPackets: c.count(), RequestBytes: c.count(), ResponsePackets: c.count(), ResponseBytes: c.count(),
		Records: 1 + c.r.Int64N(3), Connections: 1 + c.r.Int64N(3), Opened: c.count(), TCPFlags: uint8(c.r.IntN(32)), Sampled: c.r.IntN(30) == 0,
	})
	return &c.rows[len(c.rows)-1]
}

func aws(iface, log, network string) periplus.Place {
	return periplus.Place{Provider: "aws", Account: "1", Region: "r", Network: network, Interface: iface, Log: log}
}

// make fills rows with n conversations of each kind.
func (c *company) make(n int) {
	c.places = map[periplus.Place]*periplus.Place{}
	for i := range n {
		client, server := fmt.Sprintf("10.0.%d.%d", i%3, i%200), fmt.Sprintf("10.1.0.%d", 1+i%40)
		eniC, eniS := aws(fmt.Sprint("eni-c", i), "fl-1", "vpc-a"), aws(fmt.Sprint("eni-s", i), "fl-1", "vpc-a")
		some := func(f func()) {
			for range 1 + c.r.IntN(4) {
				f()
			}
		}
		// plain: one observer, also with denials and reasons
		some(func() {
			f := c.row(periplus.ObserverServer, eniS, client, server, 443)
			if c.r.IntN(3) == 0 {
				f.Verdict, f.Note = periplus.Denied, &periplus.Note{Reason: []string{"acl", "it's | 'x'"}[c.r.IntN(2)]}
			}
		})
		some(func() { c.row(periplus.ObserverClient, eniC, "2001:db8::"+fmt.Sprint(i), "2001:db8:1::9", -1) })
		some(func() { c.row(periplus.ObserverUnknown, eniC, client, "192.0.2.9", 123).Verdict = periplus.Unknown })
		// easy: both ends, or both and a gateway between
		some(func() { c.row(periplus.ObserverServer, eniS, client, server, 5432) })
		some(func() { c.row(periplus.ObserverClient, eniC, client, server, 5432) })
		if i%2 == 0 {
			some(func() { c.row(periplus.ObserverMiddle, aws("tgw", "fl-2", "vpc-a"), client, server, 5432) })
		}
		// hard: denials at one end, two logs, two of a rank, mixed verdicts
		some(func() { c.row(periplus.ObserverClient, eniC, client, server, 22) })
		some(func() { c.row(periplus.ObserverServer, eniS, client, server, 22).Verdict = periplus.Denied })
		some(func() {
			f := c.row(periplus.ObserverMiddle, aws(fmt.Sprint("tgw-", c.r.IntN(2)), "fl-2", "vpc-a"), client, server, 8080)
			f.Verdict = periplus.Verdict(c.r.IntN(2))
		})
		some(func() {
			c.row(periplus.ObserverServer, aws(eniS.Interface, fmt.Sprint("fl-", c.r.IntN(2)), "vpc-a"), client, server, 25)
		})
		some(func() {
			p := eniS
			if c.r.IntN(2) == 0 {
				p.Log = "rejects"
			}
			f := c.row(periplus.ObserverServer, p, client, server, 3389)
			if p.Log == "rejects" {
				f.Verdict = periplus.Denied
			}
		})
		some(func() { c.row(periplus.ObserverClient, eniC, client, server, 3389) })
		// one interface of two kinds, alone and with another
		some(func() { c.row(periplus.Observer(c.r.IntN(4)), eniS, client, server, 9000) })
		some(func() { c.row(periplus.Observer(c.r.IntN(4)), eniS, client, server, 9001) })
		some(func() { c.row(periplus.ObserverClient, eniC, client, server, 9001) })
		some(func() { c.row(periplus.ObserverLeg, eniC, client, server, 9001) })
		// two networks with one range
		some(func() {
			c.row(periplus.ObserverServer, aws(eniS.Interface, "fl-1", []string{"vpc-a", "vpc-b"}[c.r.IntN(2)]), "172.16.0.5", "172.16.0.9", 80)
		})
		// records were lost
		some(func() { c.row(periplus.ObserverServer, aws("eni-lossy", "fl-1", "vpc-a"), client, "10.9.9.9", 80) })
		// a known server that a weak rule turned round
		some(func() {
			f := c.row(periplus.ObserverClient, eniS, "10.1.0.200", client, 40000+i)
			f.OrientedBy, f.ClientPort, f.HasClientPort = periplus.ByOneWay, 11211, true
		})
		some(func() { c.row(periplus.ObserverClient, eniC, client, "10.1.0.200", 11211) })
		some(func() {
			f := c.row(periplus.ObserverServer, eniS, "198.51.100.7", client, 443)
			f.OrientedBy, f.ClientPort, f.HasClientPort = periplus.ByOneWay, 55555, true
		})
	}
}

func ownedBy(addr string, p periplus.Place) digest.Owned {
	return digest.Owned{Addr: netip.MustParseAddr(addr), Place: &p, First: hour.Add(-24 * time.Hour), Last: hour.Add(24 * time.Hour)}
}

// lakeOf is a fake lake that holds the company, and the rule's options for it.
func lakeOf(t *testing.T, seed uint64, n int) (*fake, *Keeper, *company) {
	t.Helper()
	f, engine := newFake(t)
	c := &company{r: rand.New(rand.NewPCG(seed, 1))}
	c.make(n)
	writeFlows(f, c.rows)
	coverage := []periplus.Coverage{
		{Hour: hour, Provider: "aws", Account: "1", Interface: "eni-lossy", Log: "fl-1", KeepsPassed: true, SkipData: 1},
		{Hour: hour.Add(time.Hour), Provider: "aws", Account: "1", Interface: "eni-s1", Log: "rejects"},
	}
	write(f, "coverage", periplus.CoverageFields, coverage)
	for _, c := range coverage {
		f.facts.AddCoverage(c)
	}
	for _, s := range []digest.Server{{Addr: netip.MustParseAddr("10.1.0.200"), Port: 11211, Protocol: 6}, {Addr: netip.MustParseAddr("10.7.7.7"), Port: 1, Protocol: 17}} {
		f.facts.AddServer(s)
	}
	for _, o := range []digest.Owned{
		ownedBy("172.16.0.5", aws("a", "", "vpc-a")), ownedBy("172.16.0.5", aws("b", "", "vpc-b")), ownedBy("172.16.0.9", aws("b", "", "vpc-b")),
		ownedBy("10.1.0.2", aws("c", "", "vpc-a")), ownedBy("10.1.0.3", aws("d", "", "")), ownedBy("10.1.0.2", aws("c", "x", "")),
	} {
		f.facts.AddOwned(o)
	}
	for i := range 3 {
		f.stale = append(f.stale, hour.Add(time.Duration(i)*time.Hour))
	}
	return f, &Keeper{Lake: f, Engine: engine, Temp: t.TempDir()}, c
}

// truth is what the rule makes of all rows, without SQL.
func truth(c *company, from, to time.Time) []periplus.Traffic {
	pairs := map[[2]netip.Addr][]periplus.Flow{}
	for _, f := range c.rows {
		k := [2]netip.Addr{f.Client, f.Server}
		if f.Server.Less(f.Client) {
			k = [2]netip.Addr{f.Server, f.Client}
		}
		pairs[k] = append(pairs[k], f)
	}
	var out []periplus.Traffic
	for h := from; h.Before(to); h = h.Add(time.Hour) {
		opt := merge.Options{From: h, To: h.Add(time.Hour),
			KeepsPassed: func(p *periplus.Place) bool { return p.Log != "rejects" },
			SkipData:    func(p *periplus.Place, at time.Time) bool { return p.Interface == "eni-lossy" && at.Equal(hour) },
			Known: func(a netip.Addr, port uint16, proto uint8) bool {
				return a == netip.MustParseAddr("10.1.0.200") && port == 11211
			},
			Owns: func(a netip.Addr) []merge.Owner {
				vpcA, vpcB := merge.Owner{Network: "vpc-a", Account: "1", Region: "r"}, merge.Owner{Network: "vpc-b", Account: "1", Region: "r"}
				switch a.String() {
				case "172.16.0.5":
					return []merge.Owner{vpcA, vpcB}
				case "172.16.0.9":
					return []merge.Owner{vpcB}
				case "10.1.0.2":
					return []merge.Owner{vpcA}
				case "10.1.0.3":
					return []merge.Owner{{Network: "1/r", Account: "1", Region: "r"}}
				}
				return nil
			}}
		for _, rows := range pairs {
			var around []periplus.Flow
			for _, f := range rows {
				if !f.Bucket.Before(h.Add(-merge.Around)) && f.Bucket.Before(h.Add(time.Hour+merge.Around)) {
					around = append(around, f)
				}
			}
			out = append(out, merge.Merge(around, opt)...)
		}
	}
	sortRows(out)
	return out
}

func sortRows(rows []periplus.Traffic) {
	slices.SortFunc(rows, func(a, b periplus.Traffic) int { return merge.Compare(&a, &b) })
}

// coarser sums rows into a longer step, plainly.
func coarser(rows []periplus.Traffic, step int64) []periplus.Traffic {
	type key struct {
		bucket                       int64
		client, server               netip.Addr
		clientNet, serverNet, reason string
		port                         uint16
		hasPort                      bool
		protocol                     uint8
		verdict                      periplus.Verdict
	}
	at := map[key]int{}
	var out []periplus.Traffic
	for _, t := range rows {
		b := t.Bucket.Truncate(time.Duration(step) * time.Second)
		k := key{b.Unix(), t.Client, t.Server, t.ClientNetwork, t.ServerNetwork, t.Reason, t.ServerPort, t.HasPort, t.Protocol, t.Verdict}
		if i, ok := at[k]; ok {
			merge.Sum(&out[i], &t)
			continue
		}
		at[k] = len(out)
		t.Step, t.Bucket = step, b
		out = append(out, t)
	}
	sortRows(out)
	return out
}

func compare(t *testing.T, what string, got, want []periplus.Traffic) {
	t.Helper()
	if len(want) == 0 {
		t.Fatalf("%s: the test wants no rows", what)
	}
	bad := 0
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s: missing %+v", what, want[i])
		case i >= len(want):
			t.Errorf("%s: too much %+v", what, got[i])
		case got[i] == want[i]:
			continue
		default:
			t.Errorf("%s: row %d of %d (want %d)\n got %+v\nwant %+v", what, i, len(got), len(want), got[i], want[i])
		}
		if bad++; bad == 3 {
			t.FailNow()
		}
	}
}

// What is built is what the rule makes of all rows, whatever is built together
// and however much of it stays in memory.
func TestCurrent(t *testing.T) {
	for seed := range uint64(2) {
		f, k, c := lakeOf(t, seed, 12)
		want := truth(c, hour, hour.Add(3*time.Hour))
		for _, rows := range []int{0, 250, 30} { // all hours at once, an hour at once, none of it kept
			k.Rows = rows
			f.calls = nil
			if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
				t.Fatal(err)
			}
			compare(t, fmt.Sprintf("seed %d rows %d", seed, rows), f.wrote[stepBucket], want)
			compare(t, fmt.Sprintf("seed %d rows %d by hour", seed, rows), f.wrote[stepHour], coarser(want, stepHour))
			if got, want := len(f.calls), map[int]int{0: 2, 250: 6, 30: 6}[rows]; got != want {
				t.Errorf("rows %d: %d replacements %v; want %d", rows, got, f.calls, want)
			}
		}
	}
}

func TestDay(t *testing.T) {
	f, k, c := lakeOf(t, 3, 12)
	day := hour.Truncate(24 * time.Hour)
	f.days = []time.Time{day, time.Now().UTC().Truncate(24 * time.Hour)} // today is not over
	want := coarser(truth(c, hour, hour.Add(3*time.Hour)), stepDay)
	for _, rows := range []int{0, 30} {
		k.Rows = rows
		if err := k.Current(t.Context(), day, day.AddDate(0, 0, 1)); err != nil {
			t.Fatal(err)
		}
		compare(t, "day", f.wrote[stepDay], want)
	}
}

// Nothing is asked where nothing is stale.
func TestNothingStale(t *testing.T) {
	f, k, _ := lakeOf(t, 3, 1)
	f.stale = nil
	k.Engine = nil
	if err := k.Current(t.Context(), hour, hour.Add(time.Hour)); err != nil || len(f.calls) > 0 {
		t.Errorf("got %v, %v; want nothing done", err, f.calls)
	}
}

// Rows of hours that are not stale are not touched.
func TestOnlyStale(t *testing.T) {
	f, k, _ := lakeOf(t, 3, 4)
	f.stale = []time.Time{hour, hour.Add(2 * time.Hour)}
	if err := k.Current(t.Context(), hour, hour.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(f.calls, ", "), "300 10:00 11:00, 3600 10:00 11:00, 300 12:00 13:00, 3600 12:00 13:00"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// Rows come out of a spool in order, whatever of it fits in memory.
func TestSpool(t *testing.T) {
	_, _, c := lakeOf(t, 5, 6)
	want := truth(c, hour, hour.Add(2*time.Hour))
	in := slices.Clone(want) // as a builder adds them: addresses as numbers
	slices.SortStableFunc(in, func(a, b periplus.Traffic) int {
		return cmp.Or(a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)), a.Client.Compare(b.Client), a.Server.Compare(b.Server))
	})
	if slices.Equal(in, want) {
		t.Fatal("numbers and texts have one order; the test means two")
	}
	for _, memory := range []int{0, 2000, 1} {
		s := spool{dir: t.TempDir(), memory: memory}
		for i := range in {
			if err := s.add(&in[i]); err != nil {
				t.Fatal(err)
			}
		}
		if spilled := s.file != nil; spilled != (memory > 0) {
			t.Errorf("memory %d: written to a file: %v", memory, spilled)
		}
		for range 2 {
			var got []periplus.Traffic
			for r, err := range s.all() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, *r)
			}
			compare(t, fmt.Sprint("memory ", memory), got, want)
		}
		if err := s.reset(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// Everything that a row may say comes back, also where texts are too many to
// have numbers.
func TestRowCode(t *testing.T) {
	known := func(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }
	rows := []periplus.Traffic{
		{Bucket: hour, FirstSeen: hour.Add(-time.Microsecond), LastSeen: hour.Add(90 * time.Minute), Step: 300},
		{Step: 86400, Bucket: hour, FirstSeen: hour, LastSeen: hour, Client: netip.MustParseAddr("fe80::1%eth0"), Server: netip.MustParseAddr("2001:db8::1"),
			ServerPort: 65535, HasPort: true, Protocol: 255, Verdict: periplus.Dropped, Reason: "it's", RequestPackets: known(math.MaxInt64), RequestBytes: known(0),
			ResponsePackets: known(-1), Opened: known(3), Records: math.MaxInt64, Connections: 1, TCPFlags: 255, SeenBy: "both", StoppedAt: "middle", Answer: "none",
			ClientNetwork: "a", ServerNetwork: "b", Service: "S3", Path: "8", Encryption: "on", Sampled: true, Incomplete: true},
		{Bucket: hour, FirstSeen: hour, LastSeen: hour, Client: netip.MustParseAddr("::ffff:10.0.0.1"), Server: netip.MustParseAddr("10.0.0.1"), Reason: "another", ResponseBytes: known(1)},
	}
	for _, many := range []bool{false, true} {
		var c rowCode
		if many {
			c.texts, c.number = make([]string, manyTexts), map[string]uint64{}
		}
		var b []byte
		for i := range rows {
			b = c.append(b, &rows[i])
		}
		d := rowDecoder{code: &c, b: b}
		for i := range rows {
			if got := d.next(); *got != rows[i] {
				t.Errorf("many texts %v: got %+v; want %+v", many, *got, rows[i])
			}
		}
		if len(d.b) > 0 {
			t.Errorf("many texts %v: %d bytes are left", many, len(d.b))
		}
	}
}

func TestOwners(t *testing.T) {
	at1 := func(d int) time.Time { return hour.Add(time.Duration(d) * time.Hour) }
	o := func(network, account string, first, last int) digest.Owned {
		return digest.Owned{Addr: netip.MustParseAddr("10.0.0.1"), First: at1(first), Last: at1(last),
			Place: &periplus.Place{Account: account, Region: "r", Network: network}}
	}
	f := func(d int, want string, owned ...digest.Owned) {
		t.Helper()
		known := lake.NewFacts()
		for _, o := range owned {
			known.AddOwned(o)
		}
		var got []string
		for _, x := range at(owners(known.Owned)[netip.MustParseAddr("10.0.0.1")], at1(d)) {
			got = append(got, x.Network)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("owners at %d = %s; want %s", d, g, want)
		}
	}
	a, b := o("vpc-a", "1", 0, 5), o("vpc-b", "2", 10, 12)
	f(3, "vpc-a", a, b)
	f(11, "vpc-b", a, b)
	f(7, "vpc-a", a, b)
	f(-4, "vpc-a", b, a)
	f(20, "vpc-b", a, b)
	f(3, "vpc-a vpc-c", a, o("vpc-c", "3", 2, 4))
	f(3, "vpc-a", a, o("", "1", 2, 4))     // the same interface, by a log that names no network
	f(3, "1/r", o("", "1", 2, 4))          // no log names it
	f(3, "2/r vpc-a", a, o("", "2", 2, 4)) // another account
}
