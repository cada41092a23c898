package format

import (
	"strconv"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// A transit gateway's line of which nothing got through is one dropped record,
// not an allowed one of no packets beside it.
func TestLostWhole(t *testing.T) {
	f := func(packets, bytes, noRoute, mtu, want string) {
		t.Helper()
		line := awsDefaultTGW + "\n6 TransitGateway 111122223333 tgw-1 tgw-attach-1 - - - - - - - - - - - 10.0.0.1 10.0.1.1 40000 443 6 " +
			packets + " " + bytes + " 1793527200 1793527260 OK IPv4 " + noRoute + " 0 " + mtu + " 0 2 eu-central-1 ingress - -\n"
		in, err := Open(strings.NewReader(line), Options{})
		if err != nil {
			t.Fatal(err)
		}
		recs := make([]periplus.Record, 4)
		n, err := in.Reader.Read(recs)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range recs[:n] {
			text := r.Verdict.String() + " " + dumpCount(r.Packets, r.Has&periplus.HasPackets != 0) + "/" + dumpCount(r.Bytes, r.Has&periplus.HasBytes != 0)
			if r.Part {
				text = "part " + text
			}
			if r.Note != nil {
				text += " " + r.Note.Reason
			}
			got = append(got, strings.TrimSpace(text))
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("packets %s, lost %s and %s: got %q, want %q", packets, noRoute, mtu, g, want)
		}
	}
	f("0", "0", "5", "0", "dropped 5/? no-route")
	f("0", "0", "5", "2", "dropped 5/? no-route, part dropped 2/? mtu-exceeded")
	f("7", "700", "5", "0", "unknown 7/700, part dropped 5/? no-route")
	f("0", "0", "0", "0", "unknown 0/0")
}

func dumpCount(n uint64, known bool) string {
	if !known {
		return "?"
	}
	return strconv.FormatUint(n, 10)
}
