package flowgen_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/periplus/periplus/internal/flowgen"
)

// PERIPLUS_SHOW=scenario prints its flow rows.
func TestShow(t *testing.T) {
	for _, s := range flowgen.Scenarios() {
		if s.Name != os.Getenv("PERIPLUS_SHOW") {
			continue
		}
		truth, err := s.Write(context.Background(), t.TempDir(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := digested(t, truth, rand.New(rand.NewPCG(0, 1)))
		for _, c := range r.Coverage {
			fmt.Printf("%+v\n", c)
		}
		for f, err := range r.Rows {
			if err != nil {
				t.Fatal(err)
			}
			reason := ""
			if f.Note != nil {
				reason = f.Note.Reason
			}
			c := counters(flowgen.Counters{RequestPackets: f.RequestPackets, RequestBytes: f.RequestBytes, ResponsePackets: f.ResponsePackets, ResponseBytes: f.ResponseBytes})
			fmt.Printf("%s-%s %s > %s:%d/%d %s %q by %s at %s %s/%s n=%d: %s (%v)\n", f.FirstSeen.Format("15:04:05.000"), f.LastSeen.Format("15:04:05.000"),
				f.Client, f.Server, f.ServerPort, f.Protocol, f.Verdict, reason, f.OrientedBy, f.Observer, f.Place.Account+" "+f.Place.Network+" "+f.Place.Interface, f.Place.Log, f.Records, c, f.Sampled)
		}
	}
}
