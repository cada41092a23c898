package flowgen_test

import (
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/periplus"
)

func ledgerRecords(t *testing.T, h *harbour) (n int64) {
	t.Helper()
	ledger, err := h.lake.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ledger {
		n += o.Records
	}
	return n
}

// passed books what no log says the verdict of with what was allowed. Google
// Cloud's flow entries have none, and learn it from firewall entries of the same
// commit: how many learn it depends on how files are shared out to commits.
func passed(b *books) *books {
	out := &books{hours: map[flowgen.Key]map[time.Time]*flowgen.Hour{}, shared: b.shared}
	for k, hours := range b.hours {
		if k.Verdict == periplus.Unknown {
			k.Verdict = periplus.Allowed
		}
		if out.hours[k] == nil {
			out.hours[k] = map[time.Time]*flowgen.Hour{}
		}
		for start, h := range hours {
			to := out.hours[k][start]
			if to == nil {
				to = &flowgen.Hour{Start: start}
				out.hours[k][start] = to
			}
			to.Add(h.Counters)
			to.Incomplete = to.Incomplete || h.Incomplete
		}
	}
	return out
}

func passedTruth(truth *flowgen.Truth) *flowgen.Truth {
	b := &books{hours: map[flowgen.Key]map[time.Time]*flowgen.Hour{}}
	for _, c := range truth.Conversations {
		b.hours[c.Key] = map[time.Time]*flowgen.Hour{}
		for _, h := range c.Hours {
			b.hours[c.Key][h.Start] = &h
		}
	}
	out := *truth
	out.Conversations = nil
	for k, hours := range passed(b).hours {
		c := flowgen.Conversation{Key: k}
		for _, h := range hours {
			c.Hours = append(c.Hours, *h)
			c.Add(h.Counters)
			c.Incomplete = c.Incomplete || h.Incomplete
		}
		out.Conversations = append(out.Conversations, c)
	}
	return &out
}
