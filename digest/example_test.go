package digest_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// A request and its answer, seen by the server's interface, become one row.
func Example() {
	eni := &periplus.Place{Provider: "aws", Interface: "eni-0db"}
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	app, db := netip.MustParseAddr("10.0.1.10"), netip.MustParseAddr("10.0.2.20")
	rec := periplus.Record{
		Place: eni, Src: app, Dst: db, SrcPort: 50001, DstPort: 5432, Protocol: 6,
		Has:     periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort | periplus.HasPackets | periplus.HasBytes,
		Packets: 10, Bytes: 1000, Start: at, End: at.Add(time.Minute), Booked: at,
		Verdict: periplus.Allowed, Direction: periplus.Ingress,
	}
	answer := rec
	answer.Src, answer.Dst, answer.SrcPort, answer.DstPort = db, app, 5432, 50001
	answer.Packets, answer.Bytes, answer.Direction = 8, 64000, periplus.Egress

	var b digest.Batch
	o := b.Object(1)
	if err := o.Write([]periplus.Record{rec, answer}); err != nil {
		fmt.Println(err)
	}
	if err := o.Close(); err != nil {
		fmt.Println(err)
	}
	res, err := b.Settle(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Close()
	for f, err := range res.Rows {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s -> %s:%d by %s, seen by the %s: %d bytes asked, %d answered\n", f.Client, f.Server, f.ServerPort,
			f.OrientedBy, f.Observer, f.RequestBytes.N, f.ResponseBytes.N)
	}
	// Output:
	// 10.0.1.10 -> 10.0.2.20:5432 by service, seen by the server: 1000 bytes asked, 64000 answered
}

// go-vpcflow's digest of raw text.
func ExampleV2() {
	var d digest.V2
	_, err := d.ReadFrom(strings.NewReader(`2 123456789010 eni-1 10.0.0.5 10.0.1.9 40001 5432 6 20 1000 1418530010 1418530070 ACCEPT OK
2 123456789010 eni-1 10.0.0.5 10.0.1.9 40002 5432 6 20 1000 1418530020 1418530080 ACCEPT OK
`))
	if err != nil {
		fmt.Println(err)
	}
	if _, err := d.WriteTo(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 123456789010 eni-1 10.0.0.5 10.0.1.9 0 5432 6 40 2000 1418530010 1418530080 ACCEPT OK
}
