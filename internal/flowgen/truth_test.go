package flowgen_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// books are traffic rows added up as the truth is: by key and hour.
type books struct {
	hours  map[flowgen.Key]map[time.Time]*flowgen.Hour
	shared map[netip.Addr]bool // addresses of several networks
}

// newBooks knows from the truth which addresses need their network.
func newBooks(truth *flowgen.Truth) *books {
	b := &books{hours: map[flowgen.Key]map[time.Time]*flowgen.Hour{}, shared: map[netip.Addr]bool{}}
	for _, c := range truth.Conversations {
		if c.ClientNetwork != "" {
			b.shared[c.Client] = true
		}
		if c.ServerNetwork != "" {
			b.shared[c.Server] = true
		}
	}
	return b
}

// add books one traffic row, of whatever step up to an hour.
func (b *books) add(r *periplus.Traffic) {
	k := flowgen.Key{Client: r.Client, Server: r.Server, Port: r.ServerPort, HasPort: r.HasPort, Protocol: r.Protocol, Verdict: r.Verdict}
	if b.shared[r.Client] {
		k.ClientNetwork = r.ClientNetwork
	}
	if b.shared[r.Server] {
		k.ServerNetwork = r.ServerNetwork
	}
	hours := b.hours[k]
	if hours == nil {
		hours = map[time.Time]*flowgen.Hour{}
		b.hours[k] = hours
	}
	start := r.Bucket.UTC().Truncate(time.Hour)
	h := hours[start]
	if h == nil {
		h = &flowgen.Hour{Start: start}
		hours[start] = h
	}
	h.Add(flowgen.Counters{RequestPackets: r.RequestPackets, RequestBytes: r.RequestBytes, ResponsePackets: r.ResponsePackets, ResponseBytes: r.ResponseBytes})
	h.Incomplete = h.Incomplete || r.Incomplete
}

// against holds the books against the truth and says where they differ.
func (b *books) against(truth *flowgen.Truth) []string {
	var diff []string
	say := func(k flowgen.Key, format string, args ...any) {
		diff = append(diff, fmt.Sprintf("%s: ", name(k))+fmt.Sprintf(format, args...))
	}
	told := map[flowgen.Key]bool{}
	for _, c := range truth.Conversations {
		told[c.Key] = true
		hours := b.hours[c.Key]
		if hours == nil {
			say(c.Key, "missing; truth is %s", counters(c.Counters))
			continue
		}
		var total flowgen.Counters
		seen := map[time.Time]bool{}
		for _, h := range c.Hours {
			seen[h.Start] = true
			got := hours[h.Start]
			switch {
			case got == nil:
				say(c.Key, "%s missing; truth is %s", h.Start.Format("02 15h"), counters(h.Counters))
			case h.Incomplete && !got.Incomplete:
				say(c.Key, "%s lost records and is not marked", h.Start.Format("02 15h"))
			case !h.Incomplete && (got.Incomplete || got.Counters != h.Counters):
				say(c.Key, "%s got %s (incomplete %v), truth is %s", h.Start.Format("02 15h"), counters(got.Counters), got.Incomplete, counters(h.Counters))
			}
		}
		for start, got := range hours {
			total.Add(got.Counters)
			if !seen[start] {
				say(c.Key, "%s got %s, in truth nothing", start.Format("02 15h"), counters(got.Counters))
			}
		}
		if !c.Incomplete && total != c.Counters {
			say(c.Key, "total got %s, truth is %s", counters(total), counters(c.Counters))
		}
	}
	for k, hours := range b.hours {
		if !told[k] {
			var total flowgen.Counters
			for _, h := range hours {
				total.Add(h.Counters)
			}
			say(k, "got %s, in truth there is no such conversation", counters(total))
		}
	}
	slices.Sort(diff)
	return diff
}

func name(k flowgen.Key) string {
	return strings.TrimSpace(fmt.Sprintf("%s%s > %s%s:%d/%d %s", k.Client, network(k.ClientNetwork), k.Server, network(k.ServerNetwork), k.Port, k.Protocol, k.Verdict))
}

func network(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func counters(c flowgen.Counters) string {
	f := func(n periplus.Count) string {
		if !n.Known {
			return "?"
		}
		return fmt.Sprint(n.N)
	}
	return fmt.Sprintf("%s/%s request, %s/%s response", f(c.RequestPackets), f(c.RequestBytes), f(c.ResponsePackets), f(c.ResponseBytes))
}

// report fails with what differs, the first few whole.
func report(t *testing.T, diff []string) {
	t.Helper()
	for i, d := range diff {
		if i == 12 {
			t.Errorf("… and %d more", len(diff)-i)
			return
		}
		t.Error(d)
	}
}

// digested reads the files of a truth in a random order into one batch.
func digested(t *testing.T, truth *flowgen.Truth, rng *rand.Rand) *digest.Result {
	t.Helper()
	var objects []periplus.Object
	for o, err := range (&source.Files{Paths: []string{truth.Logs}}).Objects(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	rng.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
	b := &digest.Batch{}
	recs := make([]periplus.Record, 512)
	for i := range objects {
		o := &objects[i]
		f, err := os.Open(unescape(t, o.URI))
		if err != nil {
			t.Fatal(err)
		}
		in, err := format.Open(f, format.Options{Object: o})
		if err != nil {
			t.Fatal(err)
		}
		to := b.Object(int64(i))
		for err == nil {
			var n int
			if n, err = in.Reader.Read(recs); n > 0 {
				if err := to.Write(recs[:n]); err != nil {
					t.Fatal(err)
				}
			}
		}
		f.Close()
		if err := cmp.Or(to.Close(), notEOF(err)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Settle(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// merged is the rule of merge.md over all flow rows, without a lake between.
func merged(t *testing.T, truth *flowgen.Truth, r *digest.Result) *books {
	t.Helper()
	opt := options(r)
	type conversation struct {
		a, b  netip.Addr
		port  uint16
		proto uint8
	}
	rows := map[conversation][]periplus.Flow{}
	for f, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		k := conversation{a: f.Client, b: f.Server, port: f.ServerPort, proto: f.Protocol}
		rows[k] = append(rows[k], *f)
	}
	b := newBooks(truth)
	for _, list := range rows {
		for _, row := range merge.Merge(list, opt) {
			b.add(&row)
		}
	}
	return b
}

// options are what the whole batch says beside its rows.
func options(r *digest.Result) merge.Options {
	passed, skipped := map[string]bool{}, map[string]bool{}
	id := func(p, a, i, l string) string { return p + " " + a + " " + i + " " + l }
	for _, c := range r.Coverage {
		k := id(c.Provider, c.Account, c.Interface, c.Log)
		for _, k := range []string{id(c.Provider, c.Account, "", c.Log), id(c.Provider, c.Account, c.Interface, "")} {
			passed[k] = passed[k] || c.KeepsPassed
		}
		if c.SkipData > 0 {
			skipped[k+c.Hour.UTC().String()] = true
		}
	}
	// One log of an interface may name its network, another not.
	homes := map[string]string{}
	for _, o := range r.Owned {
		if o.Place.Network != "" {
			homes[id(o.Place.Provider, o.Place.Account, o.Place.Interface, "")] = o.Place.Network
		}
	}
	owners := map[netip.Addr][]merge.Owner{}
	for _, o := range r.Owned {
		w := merge.Owner{Network: o.Place.Home(), Account: o.Place.Account, Region: o.Place.Region}
		if home := homes[id(o.Place.Provider, o.Place.Account, o.Place.Interface, "")]; home != "" {
			w.Network = home
		}
		if !slices.Contains(owners[o.Addr], w) {
			owners[o.Addr] = append(owners[o.Addr], w)
		}
	}
	return merge.Options{
		KeepsPassed: func(p *periplus.Place) bool {
			return passed[id(p.Provider, p.Account, "", p.Log)] || passed[id(p.Provider, p.Account, p.Interface, "")]
		},
		SkipData: func(p *periplus.Place, hour time.Time) bool {
			return skipped[id(p.Provider, p.Account, p.Interface, p.Log)+hour.UTC().String()]
		},
		Owns: func(a netip.Addr) []merge.Owner { return owners[a] },
	}
}

// seeds is how many seeds are tried: n, or what PERIPLUS_SEEDS says.
func seeds(n uint64) uint64 {
	if v, err := strconv.ParseUint(os.Getenv("PERIPLUS_SEEDS"), 10, 64); err == nil {
		return v
	}
	return n
}

// The rule itself: files in any order, digest, merge.
func TestMergeTellsTheTruth(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			for seed := range seeds(2) {
				truth, err := s.Write(context.Background(), t.TempDir(), seed, 0)
				if err != nil {
					t.Fatal(err)
				}
				r := digested(t, truth, rand.New(rand.NewPCG(seed, 1)))
				report(t, merged(t, truth, r).against(truth))
				if r.Repeats != truth.Repeats {
					t.Errorf("%d repeats dropped, %d were delivered", r.Repeats, truth.Repeats)
				}
			}
		})
	}
}

// The company mixes everything.
func TestMergeTellsTheCompany(t *testing.T) {
	for seed := range seeds(2) {
		truth, err := small(seed).Write(context.Background(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		r := digested(t, truth, rand.New(rand.NewPCG(seed, 2)))
		report(t, merged(t, truth, r).against(truth))
		if r.Repeats != truth.Repeats {
			t.Errorf("%d repeats dropped, %d were delivered", r.Repeats, truth.Repeats)
		}
	}
}
