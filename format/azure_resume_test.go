package format

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// growingBlob is an hour of a NIC as Azure writes it: a record a minute, with
// connections that go on for a while, some of them out of order by seconds.
// ends are where its records end.
func growingBlob(rng *rand.Rand, minutes int, nested bool) (text []byte, ends []int) {
	var b bytes.Buffer
	b.WriteString(`{"records":[`)
	begin := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	for m := range minutes {
		var tuples []string
		for range rng.IntN(6) {
			at := begin.Add(time.Duration(m)*time.Minute + time.Duration(rng.IntN(62)-2)*time.Second)
			state, numbers := "C", fmt.Sprintf("%d,%d,%d,%d", 1+rng.IntN(9), 100+rng.IntN(900), rng.IntN(9), rng.IntN(900))
			switch rng.IntN(5) {
			case 0:
				state, numbers = "B", "0,0,0,0"
			case 1:
				state = "E"
			case 2:
				state, numbers = "D", "0,0,0,0"
			}
			tuples = append(tuples, fmt.Sprintf(`"%d,10.0.0.%d,10.1.0.4,%d,443,6,O,%s,NX,%s"`, at.UnixMilli(), 1+rng.IntN(3), 50000+rng.IntN(4), state, numbers))
		}
		if rng.IntN(20) == 0 {
			tuples = append(tuples, `"nonsense"`)
		}
		if m > 0 {
			b.WriteByte(',')
		}
		r := fmt.Sprintf(`{"time":"%s","flowLogVersion":4,"macAddress":"0022480FF0%02X","category":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"x","flowGroups":[{"rule":"r%d","flowTuples":[%s]}]}]}}`,
			begin.Add(time.Duration(m)*time.Minute).Format(time.RFC3339), rng.IntN(2), rng.IntN(2), strings.Join(tuples, ","))
		if nested {
			r = `{"records":[` + r + `]}`
		}
		b.WriteString(r)
		ends = append(ends, b.Len())
	}
	b.WriteString(`]}`)
	return b.Bytes(), ends
}

type readBlob struct {
	tuples []string
	stats  periplus.Stats
	at     *Checkpoint
}

func readGrowing(t *testing.T, text []byte, from *Checkpoint) readBlob {
	t.Helper()
	r, err := openAzure(bytes.NewReader(text), Options{Now: cloudNow, Grows: true, From: from})
	if err != nil {
		t.Fatal(err)
	}
	var out readBlob
	recs := make([]periplus.Record, 7)
	for {
		n, err := r.Read(recs)
		for i := range recs[:n] {
			x := &recs[i]
			out.tuples = append(out.tuples, fmt.Sprintf("%s %s-%s line %d %v", tupleText(x), x.Start, x.End, x.Line, *x.Place))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out.stats = *r.Stats()
	out.at = r.(Resumer).Checkpoint()
	return out
}

// Whatever state of a blob was read first, going on from its checkpoint gives
// the records, the counts and the next checkpoint that the whole gives.
func TestAzureResume(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		text, ends := growingBlob(rng, 60, seed%4 == 3)
		whole := readGrowing(t, text, nil)
		if whole.at == nil || whole.at.Offset < int64(len(text)/2) {
			t.Fatalf("the whole blob has the checkpoint %+v", whole.at)
		}
		cuts := map[int]string{}
		for _, end := range ends {
			cuts[end] = "]}"
		}
		for range 40 {
			cuts[rng.IntN(len(text))] = ""
		}
		went := 0
		for cut, closer := range cuts {
			for _, closer := range []string{closer, ""} {
				first := readGrowing(t, append(bytes.Clone(text[:cut]), closer...), nil)
				c := first.at
				if c == nil {
					continue
				}
				went++
				what := fmt.Sprintf("seed %d, cut at %d%s, from %d", seed, cut, closer, c.Offset)
				if c.Offset > c.End || c.End > int64(cut) {
					t.Fatalf("%s: checkpoint %+v", what, c)
				}
				rest := readGrowing(t, text[c.Offset:], c)
				if want := whole.tuples[c.Stats.Records:]; !reflect.DeepEqual(rest.tuples, want) {
					t.Fatalf("%s: got\n%s\nwant\n%s", what, strings.Join(rest.tuples, "\n"), strings.Join(want, "\n"))
				}
				if int(c.Stats.Records+c.Records) > len(first.tuples) || !reflect.DeepEqual(first.tuples[:c.Stats.Records+c.Records], whole.tuples[:c.Stats.Records+c.Records]) {
					t.Fatalf("%s: the %d+%d records before the end are others", what, c.Stats.Records, c.Records)
				}
				got := rest.stats
				got.Add(&c.Stats)
				if got.Lines != whole.stats.Lines || got.Records != whole.stats.Records || !maps.Equal(got.Bad, whole.stats.Bad) {
					t.Errorf("%s: counts %+v, want %+v", what, got, whole.stats)
				}
				x, y := *rest.at, *whole.at
				if len(x.State) != len(y.State) {
					t.Errorf("%s: the next state is %d bytes, want %d", what, len(x.State), len(y.State))
				}
				x.State, y.State = nil, nil // its connections are in no order
				if !reflect.DeepEqual(x, y) {
					t.Fatalf("%s: the next checkpoint is\n%+v, want\n%+v", what, x, y)
				}
			}
		}
		if went < 60 {
			t.Errorf("seed %d: only %d of the cuts had a checkpoint", seed, went)
		}
	}
}

// No place behind broken text can be gone on from; one before it can.
func TestAzureResumeBeforeDamage(t *testing.T) {
	text, ends := growingBlob(rand.New(rand.NewPCG(1, 2)), 60, false)
	broken := append(append(bytes.Clone(text[:ends[30]]), `,{"time":nonsense}`...), text[ends[30]:]...)
	got := readGrowing(t, broken, nil)
	if got.stats.BadTotal() == 0 || got.at == nil || got.at.End > int64(ends[30]) {
		t.Errorf("checkpoint %+v with %d bad, want one before %d", got.at, got.stats.BadTotal(), ends[30])
	}
	if c := readGrowing(t, text[:ends[1]], nil).at; c != nil {
		t.Errorf("two minutes have the checkpoint %+v", c)
	}
	c := readGrowing(t, text, nil).at
	for _, state := range [][]byte{nil, []byte("x"), c.State[:len(c.State)-3]} {
		bad := *c
		bad.State = state
		if _, err := openAzure(bytes.NewReader(text[c.Offset:]), Options{Grows: true, From: &bad}); err == nil {
			t.Errorf("a state of %d bytes is taken", len(state))
		}
	}
}
