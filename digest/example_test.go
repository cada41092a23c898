package digest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// A batch of objects becomes flow rows: both directions of a conversation in
// one row, the client first.
func ExampleBatch() {
	opened, err := format.Open(strings.NewReader(`2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0a 10.0.2.20 10.0.1.10 443 50001 6 8 4000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50002 443 6 5 500 1700000010 1700000060 ACCEPT OK
`), format.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch digest.Batch
	object := batch.Object(1)
	recs := make([]periplus.Record, 100)
	for {
		n, err := opened.Reader.Read(recs)
		if err := object.Write(recs[:n]); err != nil {
			fmt.Println(err)
			return
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := object.Close(); err != nil {
		fmt.Println(err)
		return
	}
	result, err := batch.Settle(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer result.Close()
	for f, err := range result.Rows {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f.Client, "->", f.Server, f.ServerPort, f.OrientedBy, f.RequestBytes.N, f.ResponseBytes.N, "connections:", f.Connections)
	}
	// Output:
	// 10.0.1.10 -> 10.0.2.20 443 privileged 1500 4000 connections: 2
}
