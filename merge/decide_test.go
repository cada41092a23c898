package merge

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// Google Cloud's flow entries learn what its firewall decided, whatever commit
// either came with.
func TestDecide(t *testing.T) {
	f := func(name, in, want string) {
		t.Helper()
		rows := parse(t, in)
		for i := range rows {
			rows[i].Place.Provider = "gcp"
			if !rows[i].RequestPackets.Known && !rows[i].ResponsePackets.Known {
				rows[i].Place.Log = "firewall"
			}
		}
		opt := ofHour(Options{KeepsPassed: keepsAllBut("firewall")})
		if got := show(Merge(rows, opt)); got != wanted(want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, wanted(want))
		}
	}
	f("let in", `
		server vm-s unknown 0:10..1:10 req=9/900 resp=8/800
		server vm-s allowed:in 0:10..0:10`, `
		0 allowed:in req=9/900 resp=8/800 records=1 server seen`)
	f("the digest joined them: the firewall's entry is told", `
		server vm-s allowed:in 0:10..1:10 req=9/900 resp=8/800
		server vm-s allowed:in 0:10..0:10`, `
		0 allowed:in req=9/900 resp=8/800 records=1 server seen`)
	f("a connection that goes on in later buckets", `
		server vm-s allowed:in 0:10..0:10
		server vm-s unknown 0:10..1:10 req=9/900
		server vm-s unknown 15:00..16:00 req=1/100`, `
		0 allowed:in req=9/900 resp=null records=1 server none
		15 allowed:in req=1/100 resp=null records=1 server none`)
	f("the last decision before", `
		server vm-s allowed:old 0:10..0:10
		server vm-s unknown 0:10..1:10 req=9/900
		server vm-s allowed:new 10:10..10:10
		server vm-s unknown 15:00..16:00 req=1/100`, `
		0 allowed:old req=9/900 resp=null records=1 server none
		15 allowed:new req=1/100 resp=null records=1 server none`)
	f("what left the client and was stopped there", `
		client vm-c unknown 0:10..1:10 req=3/180
		client vm-c denied:no-ssh 0:10..0:10`, `
		0 denied:no-ssh req=3/180 resp=null records=1 client unknown at=client`)
	f("what was answered was not stopped", `
		client vm-c unknown 0:10..1:10 req=3/180 resp=2/100
		client vm-c denied:no-ssh 0:10..0:10`, `
		0 denied:no-ssh req=null resp=null records=1 client unknown at=client
		0 unknown req=3/180 resp=2/100 records=1 client seen`)
	f("a denial is for its moment", `
		client vm-c denied:no-ssh 0:10..0:10
		client vm-c unknown 4:10..5:10 req=3/180`, `
		0 denied:no-ssh req=null resp=null records=1 client unknown at=client
		0 unknown req=3/180 resp=null records=1 client none`)
	f("what came in was let in, whatever else was not", `
		server vm-s unknown 0:10..1:10 req=3/180
		server vm-s denied:no 0:10..0:10`, `
		0 denied:no req=null resp=null records=1 server unknown at=server
		0 unknown req=3/180 resp=null records=1 server none`)
	f("the other end's firewall does not decide", `
		client vm-c unknown 0:10..1:10 req=3/180
		server vm-s allowed:in 6:00..6:00`, `
		0 unknown req=3/180 resp=null records=1 client none
		5 allowed:in req=null resp=null records=1 server unknown`)
	f("nor if both are at once: it was let in there, which the client's entry does not say", `
		client vm-c unknown 0:10..1:10 req=3/180
		server vm-s allowed:in 0:10..0:10`, `
		0 allowed req=3/180 resp=null records=1 both none
		0 allowed:in req=null resp=null records=1 both unknown`)
	f("another network's neither", `
		server vm-s unknown 6:10..7:10 req=3/180
		server vm-s allowed:in 0:10..0:10 net=vpc-b`, `
		0 allowed:in req=null resp=null records=1 server unknown
		5 unknown req=3/180 resp=null records=1 server none`)
	f("not after it", `
		server vm-s unknown 0:10..1:10 req=3/180
		server vm-s allowed:in 6:00..6:00`, `
		0 unknown req=3/180 resp=null records=1 server none
		5 allowed:in req=null resp=null records=1 server unknown`)
	f("drops keep their own", `
		server vm-s allowed:in 0:10..0:10
		server vm-s dropped:mtu 0:10..1:10 req=3/180`, `
		0 allowed:in req=null resp=null records=1 server unknown
		0 dropped:mtu req=3/180 resp=null records=1 server unknown at=server`)
}

// A machine whose flow entries of a connection are missing, because one in some
// packets is sampled, does not speak by its firewall's having let it in: nothing
// was counted there. What its firewall stopped got no further all the same.
func TestDecideCountsNothing(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		rows := parse(t, in)
		for i := range rows {
			rows[i].Place.Provider = "gcp"
		}
		if got := show(Merge(rows, ofHour(Options{}))); got != wanted(want) {
			t.Errorf("got\n%swant\n%s", got, wanted(want))
		}
	}
	f(`
		client vm-c unknown 0:10..1:10 req=9/900 resp=8/800
		server vm-s allowed:in 0:10..0:10`, `
		0 allowed req=9/900 resp=8/800 records=1 both seen
		0 allowed:in req=null resp=null records=1 both unknown`)
	f(`
		client vm-c unknown 0:10..1:10 req=3/180
		server vm-s denied:no 0:10..0:10`, `
		0 denied:no req=null resp=null records=1 both unknown at=server`)
}

// Only Google Cloud's logs are so: a tuple that begins a connection in Azure's
// counts nothing and is a record like others.
func TestDecideIsGoogles(t *testing.T) {
	rows := parse(t, `
		server nic-s allowed:in 0:10..0:10
		server nic-s allowed:in 0:10..1:10 req=9/900 resp=8/800`)
	for i := range rows {
		rows[i].Place.Provider = "azure"
	}
	if got := show(Merge(rows, ofHour(Options{}))); !strings.Contains(got, "records=2") {
		t.Errorf("got %swant 2 records", got)
	}
}

// What firewalls decided moves packets from one verdict to another, makes none
// and loses none, and does not depend on the order of rows.
func TestDecideProperties(t *testing.T) {
	opt := ofHour(Options{})
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 2000 {
		var rows []periplus.Flow
		for _, f := range random(r) {
			if f.OrientedBy == periplus.ByFlags && f.Observer != periplus.ObserverLeg {
				rows = append(rows, f)
			}
		}
		var plain []periplus.Flow // without the firewalls' entries
		for i := range rows {
			p := *rows[i].Place
			p.Provider, p.Interface = "gcp", "vm" // one observer: nothing else is left out or taken
			f := &rows[i]
			f.Place, f.Observer, f.Verdict = &p, periplus.ObserverClient, periplus.Unknown
			p.Log = "flows"
			if r.IntN(3) == 0 {
				p.Log, f.Verdict = "firewall", periplus.Verdict(r.IntN(3))
				f.RequestPackets, f.RequestBytes, f.ResponsePackets, f.ResponseBytes = periplus.Count{}, periplus.Count{}, periplus.Count{}, periplus.Count{}
			} else if (&row{Flow: f}).measured() {
				plain = append(plain, *f)
			}
		}
		sum := func(rows []periplus.Traffic) (n int64) {
			for _, t := range rows {
				n += t.RequestPackets.N + t.RequestBytes.N + t.ResponsePackets.N + t.ResponseBytes.N
			}
			return n
		}
		opt := opt
		opt.KeepsPassed = keepsAllBut("firewall")
		got := Merge(rows, opt)
		if a, b := sum(got), sum(Merge(plain, opt)); a != b {
			t.Fatalf("case %d: the rows count %d with the firewall's entries and %d without", n, a, b)
		}
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if again := Merge(rows, opt); show(again) != show(got) {
			t.Fatalf("case %d: another order of rows gives\n%swant\n%s", n, show(again), show(got))
		}
	}
}
