package traffic

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// modelSeeds are some whose logs together make the model do all that
// wantReached names, what is rare more than once.
var modelSeeds = []uint64{0, 15, 16, 20, 24, 26, 48, 51, 56, 58}

// wantReached is what the logs of all seeds together must make the model do;
// else they no longer ask what they are there to ask.
var wantReached = []string{
	"rule flags", "rule known", "rule privileged", "rule one_way", "rule fan_in", "rule service", "rule port", "rule undecided",
	"turned by what is known", "turned as an answer", "turned by its ports",
	"another log", "another observer", "a log of denials only", "stopped further on",
	"read again", "built between",
}

// Whatever the logs are and however they come, traffic holds what the model
// says. A seed is repeated by its name: -run TestModel/51.
func TestModel(t *testing.T) {
	reached, ran := map[string]bool{}, 0
	for _, seed := range modelSeeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ran++
			maps.Copy(reached, modelRun(t, seed))
		})
	}
	if ran < len(modelSeeds) || t.Failed() {
		return // -run asked for some, or it is wrong already
	}
	for _, w := range wantReached {
		if !reached[w] {
			t.Errorf("no seed reaches %q: take more, or other logs", w)
		}
	}
}

// modelRun has a lake take a seed's logs, builds between them, and compares. It
// returns what the model did.
func modelRun(t *testing.T, seed uint64) map[string]bool {
	r := rand.New(rand.NewPCG(seed, 77))
	logs := newModelLogs(r)
	l := newModelLake(t, r, logs)
	// An object of the first batch may hold more in the next one, and a flow log
	// may have a name or none.
	shared, named := r.IntN(2) == 0, r.IntN(2) == 0
	for _, records := range logs.batches {
		changed := map[int]bool{}
		for _, x := range records {
			if shared {
				x.object %= 10
			}
			if _, ok := l.logs[x.object]; named && !ok {
				l.logs[x.object] = oneOf(r, "", "fl-a", "fl-b")
			}
			x.log = l.logs[x.object]
			l.records[x.object] = append(l.records[x.object], x)
			changed[x.object] = true
		}
		l.take(changed)
	}
	for range r.IntN(3) {
		l.take(l.shorten())
	}
	l.current()
	want := l.model.totals()
	for _, step := range []int64{stepBucket, stepHour} {
		l.compare(fmt.Sprintf("seed %d, step %d", seed, step), l.asked(step), want)
	}
	return l.model.reached
}

// modelLake is a lake beside the model, and a store of the objects that both
// read.
type modelLake struct {
	t       *testing.T
	r       *rand.Rand
	text    *modelLogs
	lake    *lake.Lake
	engine  *duckdb.DB
	keeper  *Keeper
	model   *model
	records map[int][]modelRecord
	logs    map[int]string // the flow log that an object is of
	objects map[int]string // as text
}

func newModelLake(t *testing.T, r *rand.Rand, text *modelLogs) *modelLake {
	l, engine, keeper := realLake(t)
	return &modelLake{t: t, r: r, text: text, lake: l, engine: engine, keeper: keeper, model: newModel(),
		records: map[int][]modelRecord{}, logs: map[int]string{}, objects: map[int]string{}}
}

func (l *modelLake) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(l.objects)) {
			text := l.objects[id]
			o := periplus.Object{URI: fmt.Sprintf("file:///%03d.log", id), Size: int64(len(text)), ETag: text, Hint: periplus.Place{Log: l.logs[id]}}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Open reads an object as it was listed: its tag is its text.
func (l *modelLake) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(o.ETag)), nil
}

// shorten puts an object anew, with fewer records and other counters.
func (l *modelLake) shorten() map[int]bool {
	if len(l.records) == 0 {
		return nil
	}
	id := oneOf(l.r, slices.Sorted(maps.Keys(l.records))...)
	records := slices.Clone(l.records[id])
	if n := len(records); n > 1 {
		records = records[:1+l.r.IntN(n-1)]
	}
	for i := range records {
		if l.r.IntN(3) == 0 {
			records[i].packets += 5
		}
	}
	l.records[id] = records
	return map[int]bool{id: true}
}

// take has the model and the lake read the objects that are new or changed.
func (l *modelLake) take(changed map[int]bool) {
	l.t.Helper()
	var records []modelRecord
	var read int64
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		text := l.text.text(l.records[id])
		was, again := l.objects[id]
		if was == text {
			continue
		}
		if again {
			l.model.reach("read again")
		}
		read++
		l.objects[id] = text
		l.model.object(id)
		records = append(records, l.records[id]...)
	}
	if read == 0 {
		return
	}
	l.model.batch(records)
	in := lake.Ingest{Lake: l.lake, Source: l, Workers: 1 + l.r.IntN(3)}
	if l.r.IntN(2) == 0 {
		in.Memory = 1 << 20 // it spills
	}
	s, err := in.Run(l.t.Context())
	if err != nil || len(s.Failures) > 0 || len(s.Stats.Bad) > 0 {
		l.t.Fatal(err, s.Failures, s.Stats.Bad)
	}
	if s.Objects != read {
		l.t.Fatalf("%d objects are read; want %d", s.Objects, read)
	}
	l.tend()
}

// tend does what may happen between batches: nothing, a build, a compaction.
func (l *modelLake) tend() {
	l.t.Helper()
	if l.r.IntN(2) == 0 {
		l.model.reach("built between")
		l.current()
	}
	if l.r.IntN(6) == 0 {
		if _, err := l.lake.Compact(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
		if _, err := l.lake.Expire(l.t.Context(), 0); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *modelLake) current() {
	l.t.Helper()
	if err := l.keeper.Current(l.t.Context(), time.Time{}, time.Time{}); err != nil {
		l.t.Fatal(err)
	}
}

// asked is what the lake says, by hour whatever the step.
func (l *modelLake) asked(step int64) map[string]string {
	l.t.Helper()
	out := map[string]string{}
	err := l.engine.Query(l.t.Context(), query.Statement{SQL: fmt.Sprintf(`SELECT CAST(floor(to_unixtime(bucket) / 3600) AS bigint) AS hour,
		client, server, server_port, protocol, verdict, sum(request_packets), sum(request_bytes), sum(response_packets), sum(response_bytes)
		FROM traffic WHERE step = %d GROUP BY 1, 2, 3, 4, 5, 6`, step), Spans: []query.Span{{Table: "traffic", Step: step}}}, func(_ []string, v []any) error {
		hour := time.Unix(v[0].(int64)*modelHour, 0).UTC().Format("01-02T15")
		out[fmt.Sprint(hour, " ", v[1], " ", v[2], " ", v[3], " ", v[4], " ", v[5])] = fmt.Sprint(v[6], " ", v[7], " ", v[8], " ", v[9])
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

// compare tells the first totals that differ, with the records of the first.
func (l *modelLake) compare(what string, got, want map[string]string) {
	l.t.Helper()
	all := maps.Clone(want)
	maps.Copy(all, got)
	wrong := 0
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if got[k] == want[k] {
			continue
		}
		if wrong++; wrong == 1 {
			l.tell(strings.Fields(k)[1:3])
		}
		if wrong <= 5 {
			l.t.Errorf("%s: %s: got %q, model %q", what, k, got[k], want[k])
		}
	}
	if wrong > 5 {
		l.t.Errorf("%s: %d totals of %d are wrong", what, wrong, len(all))
	}
}

// tell prints the records between two addresses, as they are at last.
func (l *modelLake) tell(ends []string) {
	l.t.Helper()
	l.t.Log(l.text.header())
	for _, id := range slices.Sorted(maps.Keys(l.records)) {
		for i := range l.records[id] {
			x := &l.records[id][i]
			if slices.Contains(ends, x.src.String()) && slices.Contains(ends, x.dst.String()) {
				l.t.Logf("object %d of log %q: %s", id, x.log, l.text.line(x))
			}
		}
	}
}
