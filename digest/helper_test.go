package digest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

var t0 = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// rec reads "src:port dst:port proto packets bytes" and options after it, so
// that a test's input reads as a log does. Seconds are from t0.
//
//	at=10-60 eni=… flags=S|SA|… egress ingress through deny drop unknown init
//	pkt=src>dst type=… instance=… id=… event rev=packets/bytes begin cont end
//	reason=… path=… srcsvc=… dstsvc=… part nocount noproto gcp azure net=… log=… booked=…
func rec(t testing.TB, line string) periplus.Record {
	t.Helper()
	f := strings.Fields(line)
	r := periplus.Record{Verdict: periplus.Allowed}
	p := periplus.Place{Provider: "aws", Account: "111122223333", Interface: "eni-1", Log: "fl-1"}
	end := func(s string) (netip.Addr, uint16, bool) {
		host, port := s, ""
		if i := strings.LastIndexByte(s, '/'); i >= 0 {
			host, port = s[:i], s[i+1:]
		}
		var n uint16
		if port != "" {
			fmt.Sscan(port, &n)
		}
		return netip.MustParseAddr(host).Unmap(), n, port != ""
	}
	var ok bool
	if r.Src, r.SrcPort, ok = end(f[0]); ok {
		r.Has |= periplus.HasSrcPort
	}
	if r.Dst, r.DstPort, ok = end(f[1]); ok {
		r.Has |= periplus.HasDstPort
	}
	fmt.Sscan(f[2], &r.Protocol)
	fmt.Sscan(f[3], &r.Packets)
	fmt.Sscan(f[4], &r.Bytes)
	r.Has |= periplus.HasProtocol | periplus.HasPackets | periplus.HasBytes
	from, to, booked := 0, 60, -1
	var note periplus.Note
	for _, o := range f[5:] {
		k, v, _ := strings.Cut(o, "=")
		switch k {
		case "at":
			fmt.Sscanf(v, "%d-%d", &from, &to)
		case "booked":
			fmt.Sscan(v, &booked)
		case "eni":
			p.Interface = v
		case "net":
			p.Network = v
		case "log":
			p.Log = v
		case "type":
			p.InterfaceType = v
		case "instance":
			p.Instance = v
		case "gcp", "azure":
			p.Provider = k
			if k == "gcp" {
				r.Verdict = periplus.Unknown
			}
		case "flags":
			r.Has |= periplus.HasTCPFlags
			for _, c := range v {
				r.TCPFlags |= map[rune]uint8{'S': periplus.SYN, 'A': periplus.ACK, 'P': periplus.PSH, 'U': periplus.URG, 'F': periplus.FIN, '0': 0}[c]
			}
		case "egress":
			r.Direction = periplus.Egress
		case "ingress":
			r.Direction = periplus.Ingress
		case "through":
			r.Direction = periplus.Through
		case "allow":
			r.Verdict = periplus.Allowed
		case "deny":
			r.Verdict = periplus.Denied
		case "drop":
			r.Verdict = periplus.Dropped
		case "init":
			r.Initiator = true
		case "pkt":
			a, b, _ := strings.Cut(v, ">")
			r.PktSrc, r.PktDst = netip.MustParseAddr(a), netip.MustParseAddr(b)
		case "id":
			r.Has |= periplus.HasID
			fmt.Sscan(v, &r.ID)
		case "event":
			r.Mark = periplus.MarkEvent
			r.Has &^= periplus.HasPackets | periplus.HasBytes
		case "nodata":
			r.Mark = periplus.MarkNoData
		case "skipdata":
			r.Mark = periplus.MarkSkipData
		case "noproto":
			r.Has &^= periplus.HasProtocol
		case "nocount":
			r.Has &^= periplus.HasPackets | periplus.HasBytes
		case "nobytes":
			r.Has &^= periplus.HasBytes
		case "rev":
			fmt.Sscanf(v, "%d/%d", &r.RevPackets, &r.RevBytes)
			r.Has |= periplus.HasRevPackets | periplus.HasRevBytes
		case "begin":
			r.State = periplus.StateBegin
		case "cont":
			r.State = periplus.StateContinue
		case "end":
			r.State = periplus.StateEnd
		case "reason":
			note.Reason = v
		case "path":
			note.Path = v
		case "srcsvc":
			note.SrcService = v
		case "dstsvc":
			note.DstService = v
		case "part":
			r.Part = true
		case "sampled":
			r.Sampled = true
		case "srcid":
			r.SrcID = &periplus.Identity{Name: v}
		case "dstid":
			r.DstID = &periplus.Identity{Name: v}
		default:
			t.Fatalf("rec: unknown option %q", o)
		}
	}
	if note != (periplus.Note{}) {
		r.Note = &note
	}
	r.Place = &p
	r.Start, r.End = t0.Add(time.Duration(from)*time.Second), t0.Add(time.Duration(to)*time.Second)
	r.Booked = r.Start
	if booked >= 0 {
		r.Booked = t0.Add(time.Duration(booked) * time.Second)
	}
	return r
}

// recs reads several lines; blank ones are left out.
func recs(t testing.TB, text string) []periplus.Record {
	t.Helper()
	var out []periplus.Record
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, rec(t, line))
		}
	}
	return out
}

// settle digests objects, one a slice, in their order.
func settle(t testing.TB, b *Batch, objects ...[]periplus.Record) *Result {
	t.Helper()
	for i, rs := range objects {
		o := b.Object(int64(i + 1))
		if err := o.Write(rs); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	res, err := b.Settle(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := res.Close(); err != nil {
			t.Error(err)
		}
	})
	return res
}

// flows copies the rows.
func flows(t testing.TB, r *Result) []periplus.Flow {
	t.Helper()
	var out []periplus.Flow
	for f, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, *f)
	}
	return out
}

// brief writes a row in short: who, how oriented, from where, how much.
func brief(f *periplus.Flow) string {
	s := fmt.Sprintf("%s>%s", f.Client, f.Server)
	if f.HasPort {
		s += fmt.Sprintf("/%d", f.ServerPort)
	}
	s += fmt.Sprintf(" %d %s %s %s req=%s resp=%s", f.Protocol, f.OrientedBy, f.Observer, f.Verdict,
		counts(f.RequestPackets, f.RequestBytes), counts(f.ResponsePackets, f.ResponseBytes))
	if f.HasClientPort {
		s += fmt.Sprintf(" cport=%d", f.ClientPort)
	}
	return s
}

func counts(a, b periplus.Count) string {
	if !a.Known && !b.Known {
		return "?"
	}
	return fmt.Sprintf("%d/%d", a.N, b.N)
}

// text is every column of every row.
func text(t testing.TB, r *Result) string {
	t.Helper()
	var b strings.Builder
	for f, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range periplus.FlowFields {
			fmt.Fprint(&b, c.Get(f), "\t")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// rest is all of a result but its rows.
func rest(r *Result) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Servers, r.Spans, r.Repeats, r.IDs)
	for _, c := range r.Coverage {
		fmt.Fprintln(&b, c)
	}
	for _, w := range windowTexts(r) {
		fmt.Fprintln(&b, w)
	}
	for _, o := range r.Owned {
		fmt.Fprintln(&b, o.Addr, *o.Place, o.First, o.Last)
	}
	for _, n := range r.Named {
		fmt.Fprintln(&b, n.Addr, n.Network, *n.Identity, n.Provider, n.First, n.Last)
	}
	return b.String()
}

// windowTexts are the windows of a result, sorted.
func windowTexts(r *Result) (out []string) {
	for w, err := range r.Windows {
		if err != nil {
			return []string{err.Error()}
		}
		out = append(out, fmt.Sprintf("%d %s %s nodata=%d skipdata=%d", w.Object, w.Bucket.Format("15:04"), w.Place.Interface, w.NoData, w.SkipData))
	}
	slices.Sort(out)
	return out
}

// parallel digests objects in a random order by several workers, with other
// pointers for every object, as readers do.
func parallel(t testing.TB, b *Batch, objects [][]periplus.Record, workers int, rnd *rand.Rand) *Result {
	t.Helper()
	order := rnd.Perm(len(objects))
	work := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range work {
				o := b.Object(int64(i + 1))
				rs := objects[i]
				for len(rs) > 0 {
					n := min(len(rs), 37)
					if err := o.Write(rs[:n]); err != nil {
						t.Error(err)
					}
					rs = rs[n:]
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, i := range order {
		work <- i
	}
	close(work)
	wg.Wait()
	res, err := b.Settle(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Close() })
	return res
}
