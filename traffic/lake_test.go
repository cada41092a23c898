package traffic

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// fake is a lake of a folder: a file of flows an hour, one of coverage, one a
// step of traffic, written by DuckDB.
type fake struct {
	t     testing.TB
	dir   string
	db    *sql.DB
	files map[string][]string
	flows []struct {
		hour time.Time
		path string
		rows int64
	}
	stale []time.Time
	days  []time.Time
	facts *lake.Facts
	wrote map[int64][]periplus.Traffic // by step
	calls []string
}

func newFake(t testing.TB) (*fake, *duckdb.DB) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, dir: t.TempDir(), db: db, files: map[string][]string{}, wrote: map[int64][]periplus.Traffic{}, facts: lake.NewFacts()}
	engine, err := duckdb.Open(f, duckdb.Options{Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, engine
}

func (f *fake) Files(_ context.Context, table string, step int64, _, _ time.Time) ([]string, error) {
	if step != 0 {
		table = fmt.Sprint(table, "-", step)
	}
	return f.files[table], nil
}

func (f *fake) Stale(context.Context, time.Time, time.Time) ([]time.Time, error) { return f.stale, nil }

func (f *fake) StaleDays(context.Context, time.Time, time.Time) ([]time.Time, error) {
	return f.days, nil
}

func (f *fake) Built(context.Context) ([]time.Time, error) { return nil, nil }

func (f *fake) News(context.Context) (bool, error) { return false, nil }

func (f *fake) Facts(context.Context) (was, now *lake.Facts, err error) { return f.facts, f.facts, nil }

func (f *fake) Held(context.Context, *lake.Facts, *lake.Facts, []time.Time) error { return nil }

func (f *fake) ReplaceTraffic(_ context.Context, step int64, start, end time.Time, rows iter.Seq2[*periplus.Traffic, error]) error {
	f.calls = append(f.calls, fmt.Sprintf("%d %s %s", step, start.Format("15:04"), end.Format("15:04")))
	f.wrote[step] = slices.DeleteFunc(f.wrote[step], func(t periplus.Traffic) bool {
		return !t.Bucket.Before(start) && t.Bucket.Before(end)
	})
	for t, err := range rows {
		if err != nil {
			return err
		}
		if t.Bucket.Before(start) || !t.Bucket.Before(end) || t.Step != step {
			return fmt.Errorf("a row of step %d at %s", t.Step, t.Bucket)
		}
		f.wrote[step] = append(f.wrote[step], *t)
	}
	table := fmt.Sprint("traffic-", step)
	f.files[table] = nil
	write(f, table, periplus.TrafficFields, f.wrote[step])
	return nil
}

// Hours reads what writeFlows wrote.
func (f *fake) Hours(context.Context) (*lake.Hours, error) {
	var h lake.Hours
	for _, w := range f.flows {
		h.Add(w.hour, w.path, w.rows)
	}
	return &h, nil
}

// writeFlows adds a file an hour to flows, as another tool may leave them: in
// no order.
func writeFlows(f *fake, rows []periplus.Flow) {
	f.t.Helper()
	byHour := map[time.Time][]periplus.Flow{}
	for _, r := range rows {
		h := r.Bucket.Truncate(time.Hour)
		byHour[h] = append(byHour[h], r)
	}
	for h, rows := range byHour {
		write(f, "flows", periplus.FlowFields, rows)
		files := f.files["flows"]
		f.flows = append(f.flows, struct {
			hour time.Time
			path string
			rows int64
		}{h, files[len(files)-1], int64(len(rows))})
	}
}

// write adds a file to a table.
func write[T any](f *fake, table string, fields []periplus.Field[T], rows []T) {
	f.t.Helper()
	if len(rows) == 0 {
		return
	}
	var names, types []string
	for _, c := range fields {
		names = append(names, `"`+c.Name+`"`)
		types = append(types, fmt.Sprintf(`"%s" %s`, c.Name, c.Type))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE OR REPLACE TABLE made (%s); INSERT INTO made VALUES ", strings.Join(types, ", "))
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		for j, c := range fields {
			b.WriteString([]string{"(", ", "}[min(j, 1)])
			switch v := c.Get(&rows[i]).(type) {
			case nil:
				b.WriteString("NULL")
			case string:
				b.WriteString("'" + strings.ReplaceAll(v, "'", "''") + "'")
			case time.Time:
				fmt.Fprintf(&b, "make_timestamptz(%d)", v.UnixMicro())
			default:
				fmt.Fprint(&b, v)
			}
		}
		b.WriteString(")")
	}
	path := filepath.Join(f.dir, fmt.Sprintf("%s-%d-%d.parquet", table, len(f.files[table]), len(f.calls)))
	fmt.Fprintf(&b, "; COPY (SELECT %s FROM made) TO '%s' (FORMAT parquet)", strings.Join(names, ", "), path)
	if _, err := f.db.Exec(b.String()); err != nil {
		f.t.Fatal(err)
	}
	f.files[table] = append(f.files[table], path)
}
