package flowgen_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/source"
	"github.com/periplus/periplus/traffic"
)

// shuffled is files in a random order.
type shuffled struct {
	source.Files
	rng *rand.Rand
	// before tells which of two objects was delivered first; nil: they come in
	// any order.
	before func(a, b periplus.Object) int
}

func (s *shuffled) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	type found struct {
		o   periplus.Object
		err error
	}
	var all []found
	for o, err := range s.Files.Objects(ctx) {
		all = append(all, found{o, err})
	}
	s.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if s.before != nil {
		slices.SortStableFunc(all, func(a, b found) int { return s.before(a.o, b.o) })
	}
	return func(yield func(periplus.Object, error) bool) {
		for _, f := range all {
			if !yield(f.o, f.err) {
				return
			}
		}
	}
}

// harbour is a lake with all that stands on it.
type harbour struct {
	t      *testing.T
	lake   *lake.Lake
	db     *duckdb.DB
	keeper *traffic.Keeper
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	return harbourAt(t, filepath.Join(t.TempDir(), "lake"))
}

func harbourAt(t *testing.T, dir string) *harbour {
	t.Helper()
	l, err := lake.Create(context.Background(), dir, lake.Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	db, err := duckdb.Open(l, duckdb.Options{Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Close()
		l.Close()
	})
	return &harbour{t, l, db, &traffic.Keeper{Lake: l, Engine: db}}
}

// take reads what is new in a folder, so many objects a commit.
func (h *harbour) take(logs string, rng *rand.Rand, objects int) *lake.Summary {
	h.t.Helper()
	return h.takeFrom(&shuffled{Files: source.Files{Paths: []string{logs}}, rng: rng}, objects)
}

func (h *harbour) takeFrom(from *shuffled, objects int) *lake.Summary {
	h.t.Helper()
	in := lake.Ingest{Lake: h.lake, Source: from, Workers: 1 + from.rng.IntN(4), BatchObjects: objects}
	s, err := in.Run(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range s.Failures {
		// A file of nothing but bad lines is among the scenarios; had it been more,
		// the totals would show it.
		if !errors.Is(f.Err, lake.ErrNoLine) {
			h.t.Errorf("not read: %v", f)
		}
	}
	if err := h.keeper.Current(context.Background(), time.Time{}, time.Time{}); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// books are the rows of a step of traffic.
func (h *harbour) books(truth *flowgen.Truth, step int64) *books {
	h.t.Helper()
	b := newBooks(truth)
	columns := "bucket, client, client_network, server, server_network, server_port, protocol, verdict, " +
		"request_packets, request_bytes, response_packets, response_bytes, incomplete"
	err := h.db.Query(context.Background(), query.Statement{
		SQL:   "SELECT " + columns + " FROM traffic WHERE step = ?",
		Args:  []any{step},
		Spans: []query.Span{{Table: "traffic", Step: step}},
	}, func(_ []string, v []any) error {
		r := &periplus.Traffic{Step: step}
		r.Bucket = v[0].(time.Time)
		r.Client, r.ClientNetwork = netip.MustParseAddr(v[1].(string)), v[2].(string)
		r.Server, r.ServerNetwork = netip.MustParseAddr(v[3].(string)), v[4].(string)
		if port, ok := v[5].(int64); ok {
			r.ServerPort, r.HasPort = uint16(port), true
		}
		r.Protocol, r.Verdict = uint8(v[6].(int64)), verdict(v[7].(string))
		for i, c := range []*periplus.Count{&r.RequestPackets, &r.RequestBytes, &r.ResponsePackets, &r.ResponseBytes} {
			c.N, c.Known = v[8+i].(int64)
		}
		r.Incomplete = v[12].(bool)
		b.add(r)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func verdict(s string) periplus.Verdict {
	for _, v := range []periplus.Verdict{periplus.Allowed, periplus.Denied, periplus.Dropped} {
		if v.String() == s {
			return v
		}
	}
	return periplus.Unknown
}

// answers holds what Conversations says of the whole range against the truth.
func (h *harbour) answers(truth *flowgen.Truth) []string {
	h.t.Helper()
	b := newBooks(truth)
	q := &query.Questions{Engine: h.db, Current: h.keeper.Current}
	_, err := q.Conversations(context.Background(), query.Ask{From: truth.From, To: truth.To}, func(c *query.Conversation) error {
		n := c.Totals
		b.add(&periplus.Traffic{
			Bucket: truth.From, Client: netip.MustParseAddr(c.Client), ClientNetwork: c.ClientNetwork,
			Server: netip.MustParseAddr(c.Server), ServerNetwork: c.ServerNetwork, ServerPort: c.ServerPort, HasPort: c.HasPort,
			Protocol: c.Protocol, Verdict: c.Verdict, RequestPackets: n.RequestPackets, RequestBytes: n.RequestBytes,
			ResponsePackets: n.ResponsePackets, ResponseBytes: n.ResponseBytes,
		})
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	// In one piece: the truth's totals as if all were one hour.
	whole := *truth
	whole.Conversations = nil
	for _, c := range truth.Conversations {
		if c.Incomplete {
			delete(b.hours, c.Key)
			continue
		}
		c.Hours = []flowgen.Hour{{Start: truth.From, Counters: c.Counters}}
		whole.Conversations = append(whole.Conversations, c)
	}
	return b.against(&whole)
}

// hold compares all that can be asked with the truth.
func (h *harbour) hold(truth *flowgen.Truth) {
	h.t.Helper()
	hours := h.books(truth, 3600)
	report(h.t, hours.against(truth))
	if h.t.Failed() {
		return
	}
	buckets := h.books(truth, 300)
	if !equalBooks(hours, buckets) {
		h.t.Error("the hours are not the sums of their buckets")
	}
	if days := h.books(truth, 86400); len(days.hours) == 0 || !equalBooks(byDay(hours), days) {
		h.t.Errorf("the %d conversations of the days are not the sums of their hours", len(days.hours))
	}
	report(h.t, h.answers(truth))
}

// byDay adds the hours of each day up.
func byDay(b *books) *books {
	out := &books{hours: map[flowgen.Key]map[time.Time]*flowgen.Hour{}}
	for k, hours := range b.hours {
		days := map[time.Time]*flowgen.Hour{}
		for start, h := range hours {
			day := start.Truncate(24 * time.Hour)
			if days[day] == nil {
				days[day] = &flowgen.Hour{Start: day}
			}
			days[day].Add(h.Counters)
			days[day].Incomplete = days[day].Incomplete || h.Incomplete
		}
		out.hours[k] = days
	}
	return out
}

func equalBooks(a, b *books) bool {
	return maps.EqualFunc(a.hours, b.hours, func(x, y map[time.Time]*flowgen.Hour) bool {
		return maps.EqualFunc(x, y, func(p, q *flowgen.Hour) bool { return *p == *q })
	})
}

// The whole way: files in any order, by any number of workers, read once or as
// they arrive, to the answer.
func TestLakeTellsTheTruth(t *testing.T) {
	for i, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(i); seed < uint64(i)+seeds(1); seed++ {
				arriving(t, s, seed)
			}
		})
	}
}

// arriving reads a scenario as it arrives and holds the end of it to be true.
func arriving(t *testing.T, s flowgen.Scenario, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	dir, h := t.TempDir(), newHarbour(t)
	var truth *flowgen.Truth
	var err error
	for n := 1; n <= s.Deliveries; n++ {
		if truth, err = s.Write(context.Background(), dir, seed, n); err != nil {
			t.Fatal(err)
		}
		h.take(truth.Logs, rng, 0)
	}
	h.hold(truth)
}

// gcpHour orders the files of a sink by the hour in their names.
func gcpHour(a, b periplus.Object) int {
	hour := func(o periplus.Object) string {
		parts := strings.Split(o.URI, "/")
		return strings.Join(parts[max(0, len(parts)-4):], "/")[:len("2026/11/01/10")]
	}
	return strings.Compare(hour(a), hour(b))
}

// Read in many small commits, in any order, the totals are the same, but where
// only many records together show who asked. A firewall's entry that comes an
// hour after what it let through is told in time only of what is around it, so
// there the hours are in order.
func TestCommitsDoNotMatter(t *testing.T) {
	for _, s := range scenarios() {
		if s.Name == "aws-server-port-above-client-port" {
			continue // no flags, no known port: it takes eight peers in one batch
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(4, 4))
			h := newHarbour(t)
			truth, err := s.Write(context.Background(), t.TempDir(), 4, 0)
			if err != nil {
				t.Fatal(err)
			}
			from, objects := &shuffled{Files: source.Files{Paths: []string{truth.Logs}}, rng: rng}, 6
			if s.Provider == "gcp" {
				objects = 1
			}
			if s.Name == "gcp-firewall-long" {
				from.before = gcpHour
			}
			sum := h.takeFrom(from, objects)
			if sum.Repeats != truth.Repeats {
				t.Errorf("%d repeats dropped, %d were delivered", sum.Repeats, truth.Repeats)
			}
			h.hold(truth)
			if again := h.take(truth.Logs, rng, 6); again.Objects != 0 {
				t.Errorf("reading the same folder again read %d objects", again.Objects)
			}
		})
	}
}

// Compacting, expiring and making everything again from flows change nothing.
func TestTendingDoesNotMatter(t *testing.T) {
	ctx := context.Background()
	for _, s := range scenarios() {
		if !slices.Contains([]string{"aws-nacl-denies-reply-at-server", "aws-skipdata", "aws-over-midnight", "azure-vnet-both-observers", "gcp-repeated"}, s.Name) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			h := newHarbour(t)
			truth, err := s.Write(ctx, t.TempDir(), 6, 0)
			if err != nil {
				t.Fatal(err)
			}
			h.take(truth.Logs, rand.New(rand.NewPCG(6, 6)), 4)
			f := func(what string, err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if err := h.keeper.Current(ctx, time.Time{}, time.Time{}); err != nil {
					t.Fatalf("after %s: %v", what, err)
				}
				h.hold(truth)
			}
			_, err = h.lake.Compact(ctx)
			f("compact", err)
			_, err = h.lake.Expire(ctx, 0)
			f("expire", err)
			f("rebuild", h.lake.Rebuild(ctx))
		})
	}
}

func TestLakeTellsTheCompany(t *testing.T) {
	t.Parallel()
	h := newHarbour(t)
	truth, err := small(9).Write(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := h.take(truth.Logs, rand.New(rand.NewPCG(9, 9)), 0)
	h.hold(truth)
	if s.Stats.Records != truth.Records || s.Repeats != truth.Repeats {
		t.Errorf("read %d records and dropped %d repeats; %d and %d were written", s.Stats.Records, s.Repeats, truth.Records, truth.Repeats)
	}
	if got := fmt.Sprint(s.Stats.Bad); s.Stats.BadTotal() != 0 {
		t.Errorf("bad lines: %s", got)
	}
}

// Blobs of Azure's that are looked at while they grow, and traffic that is made
// after each look, come to the truth; most of them are read on, not anew.
func TestGrowingBlobsTellTheTruth(t *testing.T) {
	names := []string{"azure-vnet-both-observers", "azure-nsg-and-vnet", "azure-over-midnight"}
	for i, s := range flowgen.Scenarios() {
		if !slices.Contains(names, s.Name) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			whole, dir := t.TempDir(), t.TempDir()
			truth, err := s.Write(context.Background(), whole, uint64(i), 0)
			if err != nil {
				t.Fatal(err)
			}
			h := newHarbour(t)
			rng := rand.New(rand.NewPCG(uint64(i), 5))
			grown := int64(0)
			const looks = 6
			for look := 1; look <= looks; look++ {
				copyCut(t, truth.Logs, dir, look, looks)
				grown += h.take(dir, rng, 0).Grown
			}
			if grown == 0 {
				t.Error("no blob was read on")
			}
			h.hold(truth)
		})
	}
}

// copyCut copies files, each up to the record that lies at a part of it.
func copyCut(t *testing.T, from, to string, part, of int) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if part < of {
			at := bytes.LastIndex(b[:len(b)*part/of], []byte(`,{"time"`))
			b = append(b[:max(at, len(`{"records":[`))], "]}"...)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		path = filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		return os.WriteFile(path, b, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

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
