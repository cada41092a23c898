package format_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// Any format is read alike: it is recognised by content, decompressed where it
// must be, and comes out as records.
func ExampleOpen() {
	log := strings.NewReader(`version srcaddr dstaddr dstport protocol bytes action start end log-status
5 10.0.1.10 10.0.2.20 443 6 1000 ACCEPT 1700000000 1700000050 OK
5 198.51.100.7 10.0.2.20 22 6 - REJECT 1700000005 1700000055 OK
`)
	opened, err := format.Open(log, format.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(opened.Format.Name)
	recs := make([]periplus.Record, 100)
	for {
		n, err := opened.Reader.Read(recs)
		for _, r := range recs[:n] {
			size := "unknown"
			if r.Has&periplus.HasBytes != 0 {
				size = fmt.Sprint(r.Bytes)
			}
			fmt.Println(r.Src, r.Dst, r.DstPort, r.Verdict, size)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// aws-text
	// 10.0.1.10 10.0.2.20 443 allowed 1000
	// 198.51.100.7 10.0.2.20 22 denied unknown
}
