package lake

import (
	"fmt"
	"math"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// Sums that 64 bits do not hold stop; they never wrap.
func TestSummaryTooMany(t *testing.T) {
	rows := makeFlows(1, 3, 1)
	for i := range rows {
		rows[i].Verdict = periplus.Allowed
		rows[i].RequestBytes = periplus.Count{N: 1<<62 - 1, Known: true}
		rows[i].ResponseBytes = rows[i].RequestBytes
	}
	var all Summary
	for range 2 {
		var s Summary
		for _, err := range s.count(seq(rows), new(distinct)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		all.add(&s)
	}
	if got := all.Bytes[periplus.Allowed]; got != math.MaxInt64 {
		t.Errorf("%d bytes; want %d", got, int64(math.MaxInt64))
	}
}

// Conversations that several batches hold count once, and where nobody asks
// for them nothing is counted.
func TestSummaryConversations(t *testing.T) {
	src := &fakeSource{text: map[string]string{}}
	want := map[[2]int]bool{} // client, server: all talk TCP to port 443
	for file, n := range []int{100, 300, 250, 100, 40} {
		src.text[fmt.Sprint("file:///logs/", file)] = awsLog(file, n, day0)
		for i := range n {
			want[[2]int{file%4<<8 | i%200, i % 17}] = true
		}
	}
	for _, asked := range []bool{true, false} {
		in := Ingest{Lake: openTest(t, t.TempDir()), Source: src, Workers: 2, BatchObjects: 2, Conversations: asked}
		sum, err := in.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		if asked {
			count = len(want)
		}
		if sum.Conversations != int64(count) || sum.ConversationsAtLeast {
			t.Errorf("asked %v: %d conversations, at least: %v; want %d", asked, sum.Conversations, sum.ConversationsAtLeast, count)
		}
	}
}
