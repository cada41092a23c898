package merge

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// random makes rows of one conversation of every kind.
func random(r *rand.Rand) []periplus.Flow {
	notes := []*periplus.Note{nil, {Reason: "acl"}, {Path: "8", Encryption: "on"}}
	var places []*periplus.Place
	for i := range 4 {
		for l := range 2 {
			places = append(places, &periplus.Place{Provider: "aws", Account: "1", Interface: fmt.Sprint("eni-", i), Log: fmt.Sprint("fl-", l*r.IntN(2))})
		}
	}
	count := func() periplus.Count {
		if r.IntN(4) == 0 {
			return periplus.Count{}
		}
		return periplus.Count{N: r.Int64N(20), Known: true}
	}
	rows := make([]periplus.Flow, 1+r.IntN(14))
	for i := range rows {
		first := hour.Add(time.Duration(r.IntN(100*60)-20*60) * time.Second)
		f := periplus.Flow{Object: int64(i), Place: places[r.IntN(len(places))], Observer: periplus.Observer(r.IntN(5)), Verdict: periplus.Verdict(r.IntN(4)),
			Client: netip.MustParseAddr("10.0.0.5"), Server: netip.MustParseAddr("10.0.1.9"), ServerPort: 443, HasPort: true, Protocol: 6, OrientedBy: periplus.ByFlags,
			FirstSeen: first, LastSeen: first.Add(time.Duration(r.IntN(600)) * time.Second), Bucket: first.Truncate(periplus.Bucket),
			Note: notes[r.IntN(len(notes))], Records: 1 + r.Int64N(3), Connections: 1, TCPFlags: uint8(r.IntN(32)), Sampled: r.IntN(9) == 0,
			RequestPackets: count(), ResponsePackets: count(), Opened: count(), Service: []string{"", "S3"}[r.IntN(2)]}
		if r.IntN(5) == 0 {
			f.OrientedBy, f.ClientPort, f.HasClientPort = periplus.ByOneWay, 50000, true
		}
		f.RequestBytes, f.ResponseBytes = f.RequestPackets, f.ResponsePackets
		rows[i] = f
	}
	return rows
}

// The order of rows does not matter, and nothing is ever negative, more than
// what was seen, or denied less than once.
func TestProperties(t *testing.T) {
	opt := ofHour(Options{
		KeepsPassed: func(p *periplus.Place) bool { return p.Interface != "eni-3" },
		Known:       func(_ netip.Addr, port uint16, _ uint8) bool { return port == 50000 },
	})
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		rows := random(r)
		got := Merge(rows, opt)
		var seen, stopped, out, outStopped int64
		for _, f := range rows {
			seen += f.RequestPackets.N + f.ResponsePackets.N
		}
		for _, x := range got {
			for _, c := range []periplus.Count{x.RequestPackets, x.RequestBytes, x.ResponsePackets, x.ResponseBytes, x.Opened} {
				if c.N < 0 {
					t.Fatalf("case %d: a negative counter: %+v", n, x)
				}
			}
			out += x.RequestPackets.N + x.ResponsePackets.N
			if x.Verdict.Stopped() {
				outStopped += x.RequestPackets.N + x.ResponsePackets.N
			}
			if x.Bucket.Before(hour) || !x.Bucket.Before(hour.Add(time.Hour)) || x.Records < 1 {
				t.Fatalf("case %d: %+v", n, x)
			}
		}
		for _, p := range chosenStops(rows, opt) {
			stopped += p
		}
		if out > seen || outStopped != stopped {
			t.Fatalf("case %d: %d packets in all and %d stopped; the rows hold %d and %d", n, out, outStopped, seen, stopped)
		}
		for range 3 {
			r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			if again := Merge(rows, opt); show(again) != show(got) || !slices.Equal(again, got) {
				t.Fatalf("case %d: another order of rows gives\n%swant\n%s", n, show(again), show(got))
			}
		}
	}
}

// chosenStops is what was stopped in the hour, said plainly: of each interface
// the rows that no better log of it tells.
func chosenStops(rows []periplus.Flow, opt Options) []int64 {
	type stop struct {
		*periplus.Flow
		of string // conversation and interface
	}
	var stops []stop
	totals, counts, sampled := map[string]int64{}, map[string]bool{}, map[string]bool{} // by conversation, interface and log
	most := map[string]int64{}
	for i := range rows {
		f := &rows[i]
		if !f.Verdict.Stopped() || f.Observer == periplus.ObserverLeg {
			continue
		}
		m := Merger{Options: opt}
		g := m.turn(f)
		s := stop{f, fmt.Sprint(g.Client, g.Place.Interface, " ")}
		stops = append(stops, s)
		l := s.of + f.Place.Log
		totals[l] += f.RequestPackets.N + f.ResponsePackets.N
		counts[l] = counts[l] || f.RequestPackets.Known || f.ResponsePackets.Known
		sampled[l] = sampled[l] || f.Sampled
	}
	for _, s := range stops {
		most[s.of] = max(most[s.of], totals[s.of+s.Place.Log])
	}
	better := func(a, b stop) bool {
		x, y := a.of+a.Place.Log, b.of+b.Place.Log
		switch far := [2]bool{totals[x]*2 < most[a.of], totals[y]*2 < most[b.of]}; {
		case counts[x] != counts[y]:
			return counts[x]
		case sampled[x] != sampled[y]:
			return !sampled[x]
		case far[0] != far[1]:
			return !far[0]
		}
		return a.Place.Log < b.Place.Log
	}
	var out []int64
	for _, s := range stops {
		told := slices.ContainsFunc(stops, func(o stop) bool {
			return o.of == s.of && better(o, s) &&
				!o.FirstSeen.Add(-widen).After(s.LastSeen) && !s.FirstSeen.After(o.LastSeen.Add(widen))
		})
		if !told && !s.Bucket.Before(hour) && s.Bucket.Before(hour.Add(time.Hour)) {
			out = append(out, s.RequestPackets.N+s.ResponsePackets.N)
		}
	}
	return out
}
