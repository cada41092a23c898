package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/query"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// hourly is a lake whose table traffic has one file an hour and step; the
// number of the hour is in every row.
type hourly struct{ dir string }

func (h hourly) Files(_ context.Context, table string, step int64, from, to time.Time) ([]string, error) {
	if table == "broken" {
		return nil, errors.New("no such folder")
	}
	var out []string
	for _, s := range []int64{300, 3600} {
		for i := range 24 {
			at := day.Add(time.Duration(i) * time.Hour)
			if table != "traffic" || s == 3600 && i > 2 || step != 0 && step != s || !from.IsZero() && at.Before(from) || !to.IsZero() && !at.Before(to) {
				continue
			}
			out = append(out, h.path(s, i))
		}
	}
	return out, nil
}

// path looks like hive's partitions, with wrong values, and holds what SQL and
// a glob would trip over.
func (h hourly) path(step int64, hour int) string {
	return filepath.Join(h.dir, "it's [a] lake*?", "step=7", fmt.Sprintf("%d-%02d.parquet", step, hour))
}

// lakeOf writes the files of hourly with DuckDB itself.
func lakeOf(t testing.TB) (*DB, hourly) {
	t.Helper()
	h := hourly{t.TempDir()}
	db, err := Open(h, Options{Memory: 512 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.MkdirAll(filepath.Dir(h.path(300, 0)), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range []int64{300, 3600} {
		for i := range 24 {
			if step == 3600 && i > 2 {
				continue
			}
			at := day.Add(time.Duration(i) * time.Hour).Unix()
			_, err := db.pool.Exec(fmt.Sprintf(`COPY (SELECT CAST(%d AS bigint) AS step, to_timestamp(%d) AS bucket,
				'10.0.0.%d' AS client, 'vpc' AS client_network, '10.0.1.1' AS server, 'vpc' AS server_network,
				CAST(443 AS integer) AS server_port, 6 AS protocol, 'allowed' AS verdict, '' AS reason,
				CAST(%d AS bigint) AS request_packets, CAST(NULL AS bigint) AS request_bytes, CAST(1 AS bigint) AS response_packets, CAST(1 AS bigint) AS response_bytes,
				CAST(1 AS bigint) AS records, CAST(1 AS bigint) AS connections, CAST(1 AS bigint) AS opened, 2 AS tcp_flags,
				to_timestamp(%d) AS first_seen, to_timestamp(%d) AS last_seen, 'both' AS seen_by, '' AS stopped_at, 'seen' AS answer,
				'' AS service, '' AS path, '' AS encryption, false AS sampled, false AS incomplete) TO %s (FORMAT parquet)`,
				step, at, i, i, at, at+1, quote(h.path(step, i))))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return db, h
}

// rows runs a statement and prints its rows.
func rows(t *testing.T, db *DB, s query.Statement) string {
	t.Helper()
	var out []string
	err := db.Query(t.Context(), s, func(_ []string, values []any) error {
		out = append(out, fmt.Sprintf("%T%v", values[0], values))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", s.SQL, err)
	}
	return strings.Join(out, "\n")
}

func hours(step int64, from, to int) query.Span {
	return query.Span{Table: "traffic", Step: step, From: day.Add(time.Duration(from) * time.Hour), To: day.Add(time.Duration(to) * time.Hour)}
}

func TestQuery(t *testing.T) {
	db, _ := lakeOf(t)
	f := func(sql, want string, args []any, spans ...query.Span) {
		t.Helper()
		if got := rows(t, db, query.Statement{SQL: sql, Args: args, Spans: spans}); got != want {
			t.Errorf("%s = %s; want %s", sql, got, want)
		}
	}
	f("SELECT sum(request_packets) AS n, min(step) AS a, max(step) AS b FROM traffic", "int64[276 300 300]", nil, hours(300, 0, 24))
	f("SELECT sum(request_packets) AS n FROM traffic WHERE bucket >= ? AND bucket < ?", "int64[5]", []any{day.Add(2 * time.Hour), day.Add(4 * time.Hour)}, hours(300, 0, 24))
	// Two spans: the union of their files, none of them twice.
	f("SELECT count(*) AS n, sum(request_packets) AS p, count(DISTINCT step) AS s FROM traffic", "int64[5 13 2]", nil, hours(300, 4, 6), hours(300, 3, 5), hours(3600, 0, 2))
	f("SELECT step, count(*) AS n FROM traffic GROUP BY step ORDER BY step", "int64[300 2]\nint64[3600 2]", nil, hours(300, 4, 6), hours(3600, 1, 3))
	f("SELECT count(*) AS n FROM flows", "int64[0]", nil, query.Span{Table: "flows"})
	f("SELECT bucket FROM traffic", "time.Time[2026-11-01 05:00:00 +0000 UTC]", nil, hours(300, 5, 6))
	f("SELECT request_bytes, server_port, sampled FROM traffic", "<nil>[<nil> 443 false]", nil, hours(300, 5, 6))
	f("SELECT client FROM traffic WHERE client = ? OR sampled = ? OR request_packets = ?", "", []any{"x' OR 1 = 1 --", true, int64(99)}, hours(300, 5, 6))
	f("SELECT count(*) AS n FROM endpoints WHERE ip BETWEEN ? AND ?", "int64[0]", []any{[]byte{0}, []byte{255}}, query.Span{Table: "endpoints"})
	f("SELECT from_hex('00ff') AS b", "[]uint8[[0 255]]", nil)
	f("SELECT 7 / 2 AS a, bitwise_or_agg(x) AS b, date_diff('hour', from_unixtime(0), from_unixtime(7100)) AS c, hour(from_unixtime(3600)) AS d, greatest(1, NULL) AS e FROM (VALUES (1), (6)) AS t (x)", "int64[3 7 1 1 <nil>]", nil)
}

// A table that the statement does not name must not be what an earlier
// question on the same connection saw.
func TestNothingIsLeft(t *testing.T) {
	db, _ := lakeOf(t)
	db.pool.SetMaxOpenConns(1)
	rows(t, db, query.Statement{SQL: "SELECT count(*) FROM traffic", Spans: []query.Span{hours(300, 0, 24)}})
	err := db.Query(t.Context(), query.Statement{SQL: "SELECT count(*) FROM traffic"}, func([]string, []any) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "traffic") {
		t.Errorf("traffic without a span: %v; want an error that names it", err)
	}
}

// The mark of spans changes with their files and with nothing else.
func TestMark(t *testing.T) {
	db, _ := lakeOf(t)
	mark := func(spans ...query.Span) string {
		t.Helper()
		m, err := db.Mark(t.Context(), spans)
		if err != nil || m == "" {
			t.Fatalf("mark %q, %v", m, err)
		}
		return m
	}
	few := mark(hours(300, 4, 6))
	if again := mark(hours(300, 4, 6)); again != few {
		t.Errorf("the mark changed from %s to %s", few, again)
	}
	for _, other := range []string{mark(hours(300, 4, 7)), mark(), mark(hours(300, 4, 6), query.Span{Table: "endpoints"})} {
		if other == few {
			t.Error("other files have the same mark")
		}
	}
	if _, err := db.Mark(t.Context(), []query.Span{{Table: "broken"}}); err == nil {
		t.Error("a table that cannot be planned has a mark")
	}
}

func TestErrors(t *testing.T) {
	db, _ := lakeOf(t)
	f := func(want string, s query.Statement) {
		t.Helper()
		err := db.Query(t.Context(), s, func([]string, []any) error { return errors.New("stop here") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want %q in it", s.SQL, err, want)
		}
	}
	f("does not fit 64 bits", query.Statement{SQL: "SELECT sum(x) AS n FROM (VALUES (9223372036854775807), (1)) AS t (x)"})
	f("ask for a shorter range", query.Statement{SQL: "SELECT CAST(sum(x) AS bigint) AS n FROM (VALUES (9223372036854775807), (1)) AS t (x)"})
	f("ask for a shorter range", query.Statement{SQL: "SELECT x + x AS n FROM (VALUES (9223372036854775807)) AS t (x)"})
	f("parameter 1 is a float64", query.Statement{SQL: "SELECT 1 WHERE 1 = ?", Args: []any{1.5}})
	f("files of broken: no such folder", query.Statement{SQL: "SELECT 1", Spans: []query.Span{{Table: "broken"}}})
	f(`"lakes" is no table`, query.Statement{SQL: "SELECT 1", Spans: []query.Span{{Table: "lakes"}}})
	f("stop here", query.Statement{SQL: "SELECT 1"})
}

// Fifty questions with different ranges at once: each sees its own files.
func TestFiftyAtOnce(t *testing.T) {
	db, _ := lakeOf(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			from, to := i%12, i%12+1+i%11
			want := int64((to - from) * (from + to - 1) / 2)
			err := db.Query(t.Context(), query.Statement{SQL: "SELECT sum(request_packets) AS n, count(*) AS c FROM traffic",
				Spans: []query.Span{hours(300, from, to)}}, func(_ []string, v []any) error {
				if v[0] != want || v[1] != int64(to-from) {
					return fmt.Errorf("hours %d to %d: %v; want %d of %d files", from, to, v, want, to-from)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestCancel(t *testing.T) {
	db, _ := lakeOf(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := db.Query(ctx, query.Statement{SQL: "SELECT sum(a.x * b.x % 7) AS n FROM UNNEST(sequence(1, 3000000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 100000)) AS b (x)"},
		func([]string, []any) error { return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want %v", err, context.DeadlineExceeded)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v to be called off", took)
	}
	if got := rows(t, db, query.Statement{SQL: "SELECT 1 AS n"}); got != "int64[1]" {
		t.Errorf("after it: %s", got)
	}
}

func TestVersion(t *testing.T) {
	db, _ := lakeOf(t)
	if v, err := db.Version(t.Context()); err != nil || !strings.HasPrefix(v, "v1.") {
		t.Errorf("Version() = %q, %v; want v1.…", v, err)
	}
}

// What a question costs beside its own work: planning, the views, a connection.
func BenchmarkQuery(b *testing.B) {
	db, _ := lakeOf(b)
	for b.Loop() {
		err := db.Query(b.Context(), query.Statement{SQL: "SELECT count(*) AS n FROM traffic", Spans: []query.Span{hours(300, 0, 24)}},
			func([]string, []any) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Rows of 25 columns come out of the engine.
func BenchmarkRows(b *testing.B) {
	db, _ := lakeOf(b)
	const n = 20_000
	sql := fmt.Sprintf("SELECT traffic.*, x FROM traffic CROSS JOIN UNNEST(sequence(1, %d)) AS u (x)", n)
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		err := db.Query(b.Context(), query.Statement{SQL: sql, Spans: []query.Span{hours(300, 0, 1)}},
			func([]string, []any) error { rows++; return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
