package merge

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

var hour = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

func TestMerge(t *testing.T) {
	opt := Options{}
	f := func(name, in, want string) {
		t.Helper()
		rows := parse(t, in)
		if got := show(Merge(rows, ofHour(opt))); got != wanted(want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, wanted(want))
		}
		opt = Options{}
	}

	f("the server's side counts", `
		client eni-c allowed 0:10..1:10 req=10/1000 resp=8/800
		server eni-s allowed 0:11..1:11 req=9/900 resp=8/800`, `
		0 allowed req=9/900 resp=8/800 records=1 both seen`)
	f("else the client's", `
		middle eni-m allowed 0:10..1:10 req=10/1000 resp=8/800
		client eni-c allowed 0:10..1:10 req=10/1000 resp=7/700`, `
		0 allowed req=10/1000 resp=7/700 records=1 client seen`)
	f("else the largest in between", `
		middle eni-m allowed 0:10..1:10 req=10/1000
		unknown eni-n allowed 0:10..1:10 req=11/1100 resp=1/1`, `
		0 allowed req=11/1100 resp=1/1 records=1 middle seen`)
	f("ties of observers go by interface", `
		middle eni-n allowed 0:10..1:10 req=10/1000
		middle eni-m allowed 0:10..1:10 req=5/1001 resp=5/1`, `
		0 allowed req=5/1001 resp=5/1 records=1 middle seen`)
	f("but first by account", `
		middle eni-n allowed 0:10..1:10 req=10/1000 account=1
		middle eni-m allowed 0:10..1:10 req=5/1001 resp=5/1 account=2`, `
		0 allowed req=10/1000 resp=null records=1 middle none`)
	f("interfaces of one name in two accounts are two observers", `
		server web-1 allowed 0:10..1:10 req=9/900 account=1
		client web-1 allowed 0:10..1:10 req=10/1000 account=2`, `
		0 allowed req=9/900 resp=null records=1 both none`)
	f("and at two providers", `
		server web-1 allowed 0:10..1:10 req=9/900 provider=gcp
		client web-1 allowed 0:10..1:10 req=10/1000 provider=azure`, `
		0 allowed req=9/900 resp=null records=1 both none`)
	f("interfaces without a name are told apart by their logs", `
		server - allowed 0:10..1:10 req=9/900 log=b
		client - allowed 0:10..1:10 req=10/1000 log=a`, `
		0 allowed req=9/900 resp=null records=1 both none`)
	f("choosing is by who speaks, not by bucket: 10 minutes against 1", `
		server eni-s allowed 0:00..9:59 req=20/2000 resp=20/2000
		client eni-c allowed 0:00..0:59 req=2/200 resp=2/200
		client eni-c allowed 6:00..6:59 req=18/1800 resp=18/1800`, `
		0 allowed req=20/2000 resp=20/2000 records=1 both seen`)
	f("a minute of grace on both sides", `
		server eni-s allowed 2:00..3:00 req=4/400
		client eni-c allowed 0:00..0:59 req=1/100
		client eni-c allowed 1:00..1:00 req=1/100
		client eni-c allowed 4:00..4:01 req=1/100
		client eni-c allowed 4:01..4:30 req=1/100`, `
		0 allowed req=6/600 resp=null records=3 both none`)
	f("a server that logs only a part leaves the rest to the client", `
		server eni-s allowed 30:00..31:00 req=5/500 resp=5/500
		client eni-c allowed 10:00..11:00 req=3/300 resp=3/300
		client eni-c allowed 30:00..31:00 req=5/500 resp=5/500`, `
		10 allowed req=3/300 resp=3/300 records=1 client seen
		30 allowed req=5/500 resp=5/500 records=1 both seen`)
	f("who speaks is asked of the conversation, not of the direction", `
		server eni-s allowed 0:00..1:00 resp=5/500
		client eni-c allowed 0:00..1:00 req=3/300 resp=5/500`, `
		0 allowed req=null resp=5/500 records=1 both seen`)

	f("stopped at the server: denied once, whatever the client let through", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 0:10..1:10 req=3/180`, `
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	f("the same where the server's log keeps denials only", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 0:10..1:10 req=3/180 log=rejects`, `
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("a log of denials is silent about the rest", `
		client eni-c allowed 0:10..1:10 req=10/600 resp=7/420
		server eni-s denied 0:10..1:10 req=3/180 log=rejects`, `
		0 allowed req=7/420 resp=7/420 records=1 both seen
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	f("the server let the first through and stopped the second", `
		client eni-c allowed 0:10..1:10 req=10/600 resp=7/420
		server eni-s allowed 0:10..1:10 req=7/420 resp=7/420
		server eni-s denied 0:20..1:10 req=3/180`, `
		0 allowed req=7/420 resp=7/420 records=1 both seen
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	f("stopped in the middle after an interface's ACCEPT", `
		client eni-c allowed 0:10..1:10 req=10/600
		middle tgw-1 dropped:no-route 0:10..1:10 req=10/600`, `
		0 dropped:no-route req=10/600 resp=null records=1 client unknown at=middle`)
	f("what was stopped is taken from its own bucket first", `
		server eni-s allowed 3:30..4:50 resp=9/540
		server eni-s allowed 5:10..6:10 resp=9/540
		client eni-c denied 5:12..5:14 resp=3/180`, `
		0 allowed req=null resp=9/540 records=1 server seen
		5 allowed req=null resp=6/360 records=1 both seen
		5 denied req=null resp=3/180 records=1 both seen at=client`)
	f("a gateway that counts what it lost in packets only leaves no bytes behind", `
		client eni-c allowed 0:10..1:10 req=10/600
		middle tgw-1 dropped:no-route 0:10..1:10 req=10`, `
		0 dropped:no-route req=10 resp=null records=1 client unknown at=middle`)
	f("a reply that an ACL at the server stops is a denied row with response counters only", `
		server eni-s allowed 0:10..1:10 req=5/300
		server eni-s denied 0:10..1:10 resp=5/200
		client eni-c allowed 0:10..1:10 req=5/300`, `
		0 allowed req=5/300 resp=null records=1 both none
		0 denied req=null resp=5/200 records=1 both seen at=server`)
	f("a reply that an ACL at the client stops is not allowed at the server", `
		server eni-s allowed 0:10..1:10 req=5/300 resp=5/200
		client eni-c allowed 0:10..1:10 req=5/300
		client eni-c denied 0:10..1:10 resp=5/200`, `
		0 allowed req=5/300 resp=0/0 records=1 both none
		0 denied req=null resp=5/200 records=1 both seen at=client`)
	f("stopped rows before an observer are not taken from it", `
		client eni-c denied 0:10..1:10 req=2/100
		server eni-s allowed 0:10..1:10 req=5/300 resp=5/200`, `
		0 allowed req=5/300 resp=5/200 records=1 both seen
		0 denied req=2/100 resp=null records=1 both unknown at=client`)
	f("one conversation stopped at both ends in one bucket", `
		client eni-c denied 0:10..1:10 req=2/100
		server eni-s denied 3:00..4:00 req=5/300`, `
		0 denied req=7/400 resp=null records=2 both unknown at=server`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("a denial of ten minutes against windows of one", `
		client eni-c allowed 0:00..0:59 req=3/300
		client eni-c allowed 4:00..4:59 req=4/400
		client eni-c allowed 8:00..8:59 req=5/500
		server eni-s denied 0:00..9:59 req=10/1000 log=rejects`, `
		0 denied req=10/1000 resp=null records=1 both unknown at=server
		5 allowed req=2/200 resp=null records=1 client none`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("subtraction stops at 0", `
		client eni-c allowed 0:10..1:10 req=3/180 resp=1/60
		server eni-s denied 0:10..1:10 req=5/300 log=rejects`, `
		0 allowed req=0/0 resp=1/60 records=1 both seen
		0 denied req=5/300 resp=null records=1 both unknown at=server`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("a denial out of reach is not taken", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 3:11..4:10 req=3/180 log=rejects`, `
		0 allowed req=3/180 resp=null records=1 both none
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("one that both reach, each widened by a minute, is: after", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 3:10..4:10 req=3/180 log=rejects`, `
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("and before", `
		server eni-s denied 0:10..1:10 req=3/180 log=rejects
		client eni-c allowed 3:10..4:10 req=3/180`, `
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	f("who stands nobody knows where is in between: what it stops the client let through", `
		client eni-c allowed 0:10..1:10 req=5/300
		unknown eni-n denied 0:10..1:10 req=3/180 log=rejects`, `
		0 allowed req=2/120 resp=null records=1 client none
		0 denied req=3/180 resp=null records=1 client unknown at=middle`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("but not what another one in between let through", `
		unknown eni-n allowed 0:10..1:10 req=5/300
		middle eni-m denied 0:10..1:10 req=3/180 log=rejects`, `
		0 allowed req=5/300 resp=null records=1 middle none
		0 denied req=3/180 resp=null records=1 middle unknown at=middle`)
	opt.KeepsPassed = keepsAllBut("rejects")
	f("a denial that was not measured keeps null and takes nothing", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 0:10..1:10 log=rejects`, `
		0 allowed req=3/180 resp=null records=1 both none
		0 denied req=null resp=null records=1 both unknown at=server`)
	f("but where its log keeps what passed the client's packets are those", `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 0:10..1:10`, `
		0 denied req=null resp=null records=1 both unknown at=server`)
	f("stopped where nobody logs: allowed and unanswered", `
		client eni-c allowed 0:10..1:10 req=3/180`, `
		0 allowed req=3/180 resp=null records=1 client none`)

	f("two logs of one interface: the one with far more counted packets", `
		server eni-s allowed 0:10..1:10 req=5/300 resp=5/300 log=fl-1
		server eni-s allowed 0:10..1:10 req=1/300 resp=1/300 log=fl-0`, `
		0 allowed req=5/300 resp=5/300 records=1 server seen`)
	f("two whole logs: by name", `
		server eni-s allowed 0:10..1:10 req=5/301 log=fl-1
		server eni-s allowed 0:10..1:10 req=4/300 log=fl-0`, `
		0 allowed req=4/300 resp=null records=1 server none`)
	f("a log that begins in the middle goes on where the other ends", `
		server eni-s allowed 0:10..1:10 req=2/120 log=fl-1
		server eni-s allowed 30:10..31:10 req=5/301 log=fl-1
		server eni-s allowed 30:20..31:00 req=4/300 log=fl-0`, `
		0 allowed req=2/120 resp=null records=1 server none
		30 allowed req=4/300 resp=null records=1 server none`)
	f("logs whose windows cut the hour at different packets are not changed there", `
		server eni-s unknown -0:10..0:05 req=5/500 log=b
		server eni-s unknown 0:20..0:30 req=5/500 log=b
		server eni-s unknown -0:10..-0:01 req=3/300 log=a
		server eni-s unknown 0:02..0:05 req=2/200 log=a
		server eni-s unknown 0:20..0:30 req=5/500 log=a`, `
		0 unknown req=7/700 resp=null records=2 server none`)
	opt.KeepsPassed = keepsAllBut("fl-0", "fl-1")
	f("what one log of an interface tells again was stopped once", `
		client eni-c allowed 0:10..1:10 req=10/600
		server eni-s denied 0:10..1:10 req=3/180 log=fl-0
		server eni-s denied 0:11..1:11 req=3/180 log=fl-1`, `
		0 allowed req=7/420 resp=null records=1 both none
		0 denied req=3/180 resp=null records=1 both unknown at=server`)
	f("one log for what passed and one for denials: both count", `
		server eni-s allowed 0:10..1:10 req=5/300 log=accepts
		server eni-s denied 0:10..1:10 req=1/60 log=rejects`, `
		0 allowed req=5/300 resp=null records=1 server none
		0 denied req=1/60 resp=null records=1 server unknown at=server`)
	f("two logs of a GCP machine: estimates give way", `
		server vm-1 unknown 0:10..1:10 req=6/300 log=half sampled
		server vm-1 unknown 0:10..1:10 req=5/290 log=full`, `
		0 unknown req=5/290 resp=null records=1 server none`)

	f("what a gateway cannot say goes with what an interface says", `
		middle tgw-1 unknown 0:10..1:10 req=5/300
		client eni-c allowed 3:30..4:10 req=2/100
		middle tgw-1 unknown 6:10..7:10 req=4/300`, `
		0 allowed req=7/400 resp=null records=2 client none
		5 unknown req=4/300 resp=null records=1 middle none`)
	f("legs are left out", `
		leg eni-nat allowed 0:10..1:10 req=5/300 resp=5/300
		middle eni-nat allowed 0:10..1:10 req=5/300 resp=5/300`, `
		0 allowed req=5/300 resp=5/300 records=1 middle seen`)
	f("an interface that one batch could not place is one observer", `
		unknown eni-s allowed 0:10..1:10 req=5/300
		server eni-s allowed 1:30..2:10 req=5/300
		client eni-c allowed 0:10..2:10 req=10/600`, `
		0 allowed req=10/600 resp=null records=2 both none`)
	f("so is one that logs of the interface placed in the middle, and at its end", `
		middle eni-s allowed 0:10..1:10 req=5/300
		server eni-s allowed 1:30..2:10 req=5/300
		client eni-c allowed 0:10..2:10 req=10/600`, `
		0 allowed req=10/600 resp=null records=2 both none`)
	f("reasons are apart, and everything else is summed", `
		server eni-s denied:acl 0:10..1:10 req=1/60 records=2
		server eni-s denied:sg 0:20..1:10 req=2/120
		server eni-s denied:acl 2:10..3:10 req=3/180`, `
		0 denied:acl req=4/240 resp=null records=3 server unknown at=server
		0 denied:sg req=2/120 resp=null records=1 server unknown at=server`)
	f("only the hour's buckets, with what its neighbours saw", `
		server eni-s allowed -1:00..0:30 req=5/300
		client eni-c allowed 0:10..1:10 req=5/300
		client eni-c allowed 59:50..60:50 req=5/300
		server eni-s allowed 60:10..61:10 req=5/300
		client eni-c allowed 59:00..59:05 req=1/60`, `
		55 allowed req=1/60 resp=null records=1 client none`)
	opt.SkipData = func(p *periplus.Place, at time.Time) bool { return p.Interface == "eni-s" && at.Equal(hour) }
	f("records were lost at the chosen observer", `
		server eni-s allowed 0:10..1:10 req=5/300
		client eni-c allowed 30:10..31:10 req=5/300`, `
		0 allowed req=5/300 resp=null records=1 server none incomplete
		30 allowed req=5/300 resp=null records=1 client none`)
	f("nothing counted: seen, but how much is not known", `
		client nic-1 allowed 0:10..0:10
		server nic-2 denied 9:10..9:10`, `
		0 allowed req=null resp=null records=1 client unknown
		5 denied req=null resp=null records=1 server unknown at=server`)
	f("ports of ICMP are null", `
		client eni-c allowed 0:10..0:10 req=1/84 port=-1
		server eni-s allowed 0:10..0:10 req=1/84 port=-1`, `
		0 allowed req=1/84 resp=null records=1 both none 10.0.0.5>10.0.1.9:65535`)
}

func TestTurned(t *testing.T) {
	known := func(addr string, port uint16) func(netip.Addr, uint16, uint8) bool {
		return func(a netip.Addr, p uint16, proto uint8) bool {
			return a == netip.MustParseAddr(addr) && p == port && proto == 6
		}
	}
	f := func(name string, k func(netip.Addr, uint16, uint8) bool, in, want string) {
		t.Helper()
		if got := show(Merge(parse(t, in), ofHour(Options{Known: k}))); got != wanted(want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, wanted(want))
		}
	}
	const in = `
		client eni-s allowed 0:10..1:10 req=5/300 client=10.0.1.9 server=10.0.0.5 port=40000 cport=443 by=one_way
		client eni-c allowed 0:10..1:10 req=3/180 resp=5/300`
	f("a weak row joins its conversation once the server is known", known("10.0.1.9", 443), in, `
		0 allowed req=null resp=5/300 records=1 both seen`)
	f("and stays until then", nil, in, `
		0 allowed req=3/180 resp=5/300 records=1 client seen
		0 allowed req=5/300 resp=null records=1 client none 10.0.1.9>10.0.0.5:40000`)
	f("and when its server is known", known("10.0.0.5", 40000), in, `
		0 allowed req=3/180 resp=5/300 records=1 client seen
		0 allowed req=5/300 resp=null records=1 client none 10.0.1.9>10.0.0.5:40000`)
	f("and when both are known", func(_ netip.Addr, port uint16, _ uint8) bool { return port == 443 || port == 40000 }, in, `
		0 allowed req=3/180 resp=5/300 records=1 client seen
		0 allowed req=5/300 resp=null records=1 client none 10.0.1.9>10.0.0.5:40000`)
	f("a strong rule stays", known("10.0.1.9", 443), strings.Replace(in, "by=one_way", "by=flags", 1), `
		0 allowed req=3/180 resp=5/300 records=1 client seen
		0 allowed req=5/300 resp=null records=1 client none 10.0.1.9>10.0.0.5:40000`)
}

func TestNetworks(t *testing.T) {
	a, b := Owner{Network: "vpc-a", Account: "1", Region: "r"}, Owner{Network: "vpc-b", Account: "2", Region: "r"}
	c := Owner{Network: "vpc-c", Account: "3", Region: "r"}
	f := func(name string, client, server []Owner, in, want string) {
		t.Helper()
		owns := func(addr netip.Addr) []Owner {
			if addr == netip.MustParseAddr("10.0.0.5") {
				return client
			}
			return server
		}
		if got := show(Merge(parse(t, in), ofHour(Options{Owns: owns}))); got != wanted(want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, wanted(want))
		}
	}
	const two = `
		client eni-1 allowed 0:10..1:10 req=5/300 net=vpc-a
		server eni-2 allowed 0:10..1:10 req=5/300 net=vpc-a
		client eni-3 allowed 0:10..1:10 req=7/400 net=vpc-b`
	f("two networks with the same range", []Owner{a, b}, []Owner{a, b}, two, `
		0 allowed req=5/300 resp=null records=1 both none vpc-a>vpc-a
		0 allowed req=7/400 resp=null records=1 client none vpc-b>vpc-b`)
	f("nobody owns them", nil, nil, two, `
		0 allowed req=5/300 resp=null records=1 both none`)
	f("one owner each: nothing is split", []Owner{a}, []Owner{c}, two, `
		0 allowed req=5/300 resp=null records=1 both none vpc-a>vpc-c`)
	f("the other end is in the only other network that owns it", []Owner{a, b}, []Owner{c}, `
		client eni-1 allowed 0:10..1:10 req=5/300 net=vpc-a
		client eni-3 allowed 0:10..1:10 req=7/400 net=vpc-b`, `
		0 allowed req=5/300 resp=null records=1 client none vpc-a>vpc-c
		0 allowed req=7/400 resp=null records=1 client none vpc-b>vpc-c`)
	f("else in none", []Owner{a, b}, []Owner{c}, `
		server eni-4 allowed 0:10..1:10 req=5/300 net=vpc-c`, `
		0 allowed req=5/300 resp=null records=1 server none >vpc-c`)
	f("account and region where the log names no network", []Owner{{Network: "111122223333/eu-west-1", Account: "111122223333", Region: "eu-west-1"}, b}, []Owner{b}, `
		client eni-1 allowed 0:10..1:10 req=5/300 net=-`, `
		0 allowed req=5/300 resp=null records=1 client none 111122223333/eu-west-1>vpc-b`)
	west, east := Owner{"vpc-w", "111122223333", "eu-west-1"}, Owner{"vpc-e", "111122223333", "us-east-1"}
	f("the region tells an account's networks apart", []Owner{east, west}, []Owner{b}, `
		client eni-1 allowed 0:10..1:10 req=5/300 net=-`, `
		0 allowed req=5/300 resp=null records=1 client none vpc-w>vpc-b`)
	f("where a log says neither network nor region the account has to do", []Owner{b, east}, []Owner{b}, `
		client eni-1 allowed 0:10..1:10 req=5/300 net=- region=-`, `
		0 allowed req=5/300 resp=null records=1 client none vpc-e>vpc-b`)
	f("the observer's own end is in its network, known to own it or not", []Owner{b, c}, []Owner{b, c}, `
		client eni-1 allowed 0:10..1:10 req=5/300 net=vpc-a`, `
		0 allowed req=5/300 resp=null records=1 client none vpc-a>`)
}

func TestSumsOfKeptRows(t *testing.T) {
	rows := parse(t, `
		server eni-s allowed 0:10..1:10 req=5/300 conns=2 opened=1 flags=2 service=S3 path=8 records=3
		server eni-s allowed 2:10..3:20 req=5/300 conns=3 flags=16 enc=on
		client eni-c allowed 0:05..4:10 req=5/300 conns=9 opened=9 flags=1 service=Z path=9 enc=off sampled`)
	got := Merge(rows, ofHour(Options{}))
	want := []periplus.Traffic{{Step: 300, Bucket: hour, Client: rows[0].Client, Server: rows[0].Server, ServerPort: 443, HasPort: true, Protocol: 6,
		Verdict: periplus.Allowed, RequestPackets: periplus.Count{N: 10, Known: true}, RequestBytes: periplus.Count{N: 600, Known: true},
		Records: 4, Connections: 5, Opened: periplus.Count{N: 1, Known: true}, TCPFlags: 18, FirstSeen: clock(t, "0:10"), LastSeen: clock(t, "3:20"),
		SeenBy: "both", Answer: "none", Service: "S3", Path: "8", Encryption: "on"}}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}

	// Where several are kept the best one's words are, in any order.
	got = Merge(parse(t, `
		client eni-c allowed 0:10..1:10 req=5/300 service=Z path=9 enc=off
		server eni-s allowed 3:30..4:10 req=5/300 service=S3 path=8
		server eni-s allowed 3:40..4:20 req=5/300 service=A`), ofHour(Options{}))
	if len(got) != 1 || got[0].Service != "S3" || got[0].Path != "8" || got[0].Encryption != "off" {
		t.Errorf("got %+v; want one row with the server's service S3, path 8, and encryption off, which it did not say", got)
	}
}

func TestBelow(t *testing.T) {
	m := Merger{Options: Options{KeepsPassed: keepsAllBut("rejects")}}
	m.Merge(parse(t, `
		client eni-c allowed 0:10..1:10 req=3/180
		server eni-s denied 0:10..1:10 req=5/300 log=rejects`))
	if m.Below != 1 {
		t.Errorf("Below = %d; want 1: two packets were stopped that nobody let through", m.Below)
	}
}

// What nobody counted on its way was not let through in too small a number.
func TestBelowUnmeasured(t *testing.T) {
	m := Merger{Options: Options{KeepsPassed: keepsAllBut("rejects")}}
	m.Merge(parse(t, `
		client eni-c allowed 0:10..1:10
		server eni-s denied 0:10..1:10 req=5/300 log=rejects`))
	if m.Below != 0 {
		t.Errorf("Below = %d; want 0", m.Below)
	}
}

func BenchmarkMerge(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var all [][]periplus.Flow
	rows := 0
	for range 1000 {
		all = append(all, random(r))
		rows += len(all[len(all)-1])
	}
	m := Merger{Options: ofHour(Options{})}
	b.ReportAllocs()
	for b.Loop() {
		for _, rows := range all {
			m.Merge(rows)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// Addresses are ordered as SQL orders their text.
func TestCompareText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	random := func() netip.Addr {
		switch r.IntN(4) {
		case 0:
			return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(r.IntN(300))})
		case 1:
			return netip.AddrFrom16(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}).As16())
		}
		return netip.AddrFrom4([4]byte{byte(r.IntN(256)), byte(r.IntN(3)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	text := func(a netip.Addr) string {
		if !a.IsValid() {
			return ""
		}
		return a.String()
	}
	f := func(a, b netip.Addr) {
		t.Helper()
		if got, want := CompareText(a, b), strings.Compare(text(a), text(b)); got != want {
			t.Errorf("CompareText(%v, %v) = %d; want %d", a, b, got, want)
		}
	}
	for range 3000 {
		a, b := random(), random()
		f(a, b)
		f(a, a)
	}
	f(netip.Addr{}, netip.MustParseAddr("10.0.0.1"))
	f(netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("fe80::1"))
}
