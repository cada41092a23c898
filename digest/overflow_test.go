package digest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Sums that no longer fit are not known; they never wrap to a small or negative
// number.
func TestSumsDoNotWrap(t *testing.T) {
	var b Batch
	o := b.Object(1)
	place := &periplus.Place{Provider: "aws", Interface: "eni-0a"}
	at := time.Unix(1700000000, 0)
	var recs []periplus.Record
	for range 1100 {
		recs = append(recs, periplus.Record{Place: place, Src: netip.MustParseAddr("10.0.1.10"), Dst: netip.MustParseAddr("10.0.2.20"), SrcPort: 50001, DstPort: 443, Protocol: 6,
			Packets: 3, Bytes: 1 << 54, Has: periplus.HasSrcPort | periplus.HasDstPort | periplus.HasProtocol | periplus.HasPackets | periplus.HasBytes,
			Start: at, End: at.Add(time.Minute), Booked: at, Verdict: periplus.Allowed})
	}
	if err := o.Write(recs); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	res, err := b.Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Close()
	rows := 0
	for f, err := range res.Rows {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		if f.RequestBytes.Known || f.RequestPackets != (periplus.Count{N: 3300, Known: true}) {
			t.Errorf("bytes %+v, packets %+v; want unknown and 3300", f.RequestBytes, f.RequestPackets)
		}
	}
	if rows != 1 {
		t.Errorf("%d rows, want 1", rows)
	}
}
