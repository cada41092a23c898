package lake

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/periplus/periplus/periplus"
)

var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// makeFlows makes n rows of one object within hours hours of day0, sorted as
// digest sorts them.
func makeFlows(object int64, n, hours int) []periplus.Flow {
	r := rand.New(rand.NewPCG(uint64(object), 7))
	places := make([]*periplus.Place, 5)
	for i := range places {
		places[i] = &periplus.Place{Provider: "aws", Account: "123456789010", Region: "eu-west-1",
			Network: "vpc-1", Subnet: fmt.Sprintf("subnet-%d", i%2), Interface: fmt.Sprintf("eni-%d", i), Log: "fl-1"}
	}
	notes := []*periplus.Note{nil, {Reason: "acl"}, {Path: "1", Encryption: "on"}}
	rows := make([]periplus.Flow, n)
	for i := range rows {
		at := day0.Add(time.Duration(r.Int64N(int64(hours)*3600)) * time.Second)
		f := &rows[i]
		*f = periplus.Flow{
			Object: object, Bucket: at.Truncate(periplus.Bucket), FirstSeen: at, LastSeen: at.Add(time.Minute),
			Minutes: 1 << r.IntN(5), Place: places[r.IntN(len(places))], Observer: periplus.Observer(r.IntN(5)),
			Client:     netip.AddrFrom4([4]byte{10, 0, byte(r.IntN(4)), byte(r.IntN(256))}),
			Server:     netip.AddrFrom4([4]byte{10, 1, 0, byte(r.IntN(32))}),
			ServerPort: uint16(r.IntN(1024)), HasPort: i%7 != 0, Protocol: 6, OrientedBy: periplus.Orientation(r.IntN(9)),
			ClientPort: uint16(r.IntN(65536)), HasClientPort: i%5 == 0,
			Verdict: periplus.Verdict(r.IntN(4)), Note: notes[r.IntN(len(notes))],
			RequestPackets: count(r, 100), RequestBytes: count(r, 1e6), ResponsePackets: count(r, 100), ResponseBytes: count(r, 1e6),
			Records: 1 + r.Int64N(9), Connections: 1 + r.Int64N(5), Opened: count(r, 3), TCPFlags: uint8(r.IntN(64)),
			Sampled: i%3 == 0,
		}
		if i%6 == 0 {
			f.NATClient = netip.MustParseAddr("2001:db8::1")
			f.Service = "S3"
		}
		if !f.HasPort {
			f.ServerPort = 0
		}
		if !f.HasClientPort {
			f.ClientPort = 0
		}
	}
	slices.SortStableFunc(rows, func(a, b periplus.Flow) int {
		return cmp.Or(a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)), compareFlows(&a, &b))
	})
	return rows
}

func count(r *rand.Rand, n int64) periplus.Count {
	if r.IntN(4) == 0 {
		return periplus.Count{}
	}
	return periplus.Count{N: r.Int64N(n), Known: true}
}

func seq(rows []periplus.Flow) Rows {
	return func(yield func(*periplus.Flow, error) bool) {
		for i := range rows {
			f := rows[i] // reused by a real one
			if !yield(&f, nil) {
				return
			}
		}
	}
}

func object(uri string, records int64) periplus.ReadObject {
	return periplus.ReadObject{ID: ObjectID(uri), URI: uri, Size: 1, State: periplus.ObjectRead, Records: records,
		Format: "aws-text", FirstSeen: day0, LastSeen: day0.Add(time.Hour), ReadAt: day0,
		Bad: map[periplus.BadKind]int64{periplus.BadSyntax: 2}}
}

func openTest(t testing.TB, dir string) *Lake {
	t.Helper()
	l, err := Create(context.Background(), dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// allFlows reads the table flows back by its columns.
func allFlows(t testing.TB, l *Lake) []string {
	t.Helper()
	files, err := l.Files(t.Context(), Flows, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range files {
		err := readRecords(t.Context(), path, func(r *record) error {
			out = append(out, recordText(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func recordText(r *record) string {
	s := ""
	for _, c := range layouts[Flows].columns {
		a := r.cols[c.name]
		switch x := a.(type) {
		case nil:
			s += "missing "
		case *array.Timestamp:
			s += r.time(c.name).Format(time.RFC3339Nano)
		default:
			if x.IsNull(r.at) {
				s += "null"
			} else {
				s += x.ValueStr(r.at)
			}
		}
		s += "|"
	}
	return s
}

// flowText is recordText of a row that was not written, by the column table.
func flowText(f *periplus.Flow) string {
	s := ""
	for _, c := range periplus.FlowFields {
		switch v := c.Get(f).(type) {
		case nil:
			s += "null"
		case time.Time:
			s += v.Format(time.RFC3339Nano)
		default:
			s += fmt.Sprint(v)
		}
		s += "|"
	}
	return s
}

func flowTexts(sets ...[]periplus.Flow) []string {
	var out []string
	for _, rows := range sets {
		for i := range rows {
			out = append(out, flowText(&rows[i]))
		}
	}
	slices.Sort(out)
	return out
}

func equalTexts(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("row %d\n got %s\nwant %s", i, got[i], want[i])
			break
		}
	}
}

func TestCommitAndReadBack(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir() + "/a lake: ü"
	l := openTest(t, dir)
	a, b := makeFlows(ObjectID("file:///a"), 70_000, 3), makeFlows(ObjectID("file:///b"), 500, 1)
	cover := []periplus.Coverage{{Hour: day0, Provider: "aws", Interface: "eni-1", Log: "fl-1", KeepsPassed: true, Records: 3}}
	if err := l.Commit(ctx, Batch{ID: "one", Flows: []Rows{seq(a)}, Objects: []periplus.ReadObject{object("file:///a", 9)}, Coverage: cover}); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(ctx, Batch{ID: "two", Flows: []Rows{seq(b)}, Objects: []periplus.ReadObject{object("file:///b", 9)}, Coverage: cover}); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(ctx, Batch{ID: "three", Objects: []periplus.ReadObject{object("file:///c", 0)}}); err != nil {
		t.Fatal(err)
	}
	equalTexts(t, "flows", allFlows(t, l), flowTexts(a, b))
	again, err := Open(ctx, dir, Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	equalTexts(t, "flows of another opening", allFlows(t, again), flowTexts(a, b))
	ledger, err := again.Ledger(ctx)
	if err != nil || len(ledger) != 3 {
		t.Fatalf("Ledger = %v, %v; want 3 objects", ledger, err)
	}
	want := object("file:///a", 9)
	want.Batch = "one"
	if got := ledger["file:///a"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("ledger has %v, want %v", got, want)
	}
	files, err := again.Files(ctx, Flows, 0, day0.Add(2*time.Hour), day0.Add(3*time.Hour))
	if err != nil || len(files) != 1 {
		t.Errorf("Files of the third hour = %v, %v; want one", files, err)
	}
	files, err = again.Files(ctx, Coverage, 0, time.Time{}, time.Time{})
	if err != nil || len(files) != 1 {
		t.Fatalf("Files of coverage = %v, %v; want one", files, err)
	}
	rows, err := readListed(ctx, again.tableDir(Coverage)+"/data", files[0][len(again.tableDir(Coverage)+"/data/"):len(files[0])-len(".parquet")], readCoverage)
	if err != nil || len(rows) != 2 || rows[0].Bad != 6 || rows[1].Records != 6 || !rows[1].KeepsPassed {
		t.Errorf("coverage = %v, %v; want a row of 6 bad lines and one of 6 records", rows, err)
	}
}
