package merge

import (
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func TestSum(t *testing.T) {
	f := func(a, b, want string, sum func(a, b string) string) {
		t.Helper()
		if got := sum(a, b); got != want {
			t.Errorf("%q with %q = %q; want %q", a, b, got, want)
		}
		if got := sum(b, a); got != want {
			t.Errorf("%q with %q = %q; want %q", b, a, got, want)
		}
	}
	f("client", "server", "both", bothSeen)
	f("client", "both", "both", bothSeen)
	f("client", "middle", "client", bothSeen)
	f("middle", "unknown", "middle", bothSeen)
	f("unknown", "unknown", "unknown", bothSeen)
	f("server", "server", "server", bothSeen)
	f("client", "server", "server", furtherStop)
	f("", "middle", "middle", furtherStop)
	f("none", "seen", "seen", betterAnswer)
	f("none", "unknown", "none", betterAnswer)

	rows := Merge(parse(t, `
		server eni-s allowed 0:10..1:10 req=5/300 resp=2/100 service=B
		client eni-c allowed 20:10..21:10 req=1/60 opened=1 service=A sampled`), ofHour(Options{}))
	into := rows[0]
	Sum(&into, &rows[1])
	if got, want := show([]periplus.Traffic{into}), "0 allowed req=6/360 resp=2/100 records=2 both seen sampled\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
	if into.Service != "B" || into.Opened != (periplus.Count{N: 1, Known: true}) || into.LastSeen != clock(t, "21:10") {
		t.Errorf("got %+v", into)
	}
}

// A coarser step has all that its finer ones have, whichever comes first.
func TestSumOfEveryColumn(t *testing.T) {
	count := func(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }
	a := periplus.Traffic{RequestPackets: count(1), RequestBytes: count(2), Records: 3, Connections: 4, TCPFlags: 2,
		FirstSeen: hour, LastSeen: hour.Add(time.Minute), SeenBy: "client", Answer: "none", Service: "S3", Incomplete: true}
	b := periplus.Traffic{RequestPackets: count(10), ResponsePackets: count(20), ResponseBytes: count(30), Records: 40, Connections: 50, Opened: count(60), TCPFlags: 16,
		FirstSeen: hour.Add(-time.Minute), LastSeen: hour, SeenBy: "middle", StoppedAt: "middle", Answer: "seen", Path: "8", Encryption: "on", Sampled: true}
	want := periplus.Traffic{RequestPackets: count(11), RequestBytes: count(2), ResponsePackets: count(20), ResponseBytes: count(30),
		Records: 43, Connections: 54, Opened: count(60), TCPFlags: 18,
		FirstSeen: hour.Add(-time.Minute), LastSeen: hour.Add(time.Minute), SeenBy: "client", StoppedAt: "middle", Answer: "seen",
		Service: "S3", Path: "8", Encryption: "on", Sampled: true, Incomplete: true}
	f := func(into, t2 periplus.Traffic) {
		t.Helper()
		if Sum(&into, &t2); into != want {
			t.Errorf("got\n%+v\nwant\n%+v", into, want)
		}
	}
	f(a, b)
	f(b, a)
}
