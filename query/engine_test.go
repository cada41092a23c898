package query

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/periplus/periplus/periplus"
)

// prelude is what gives DuckDB the functions of Trino that our statements use;
// the package duckdb holds the whole.
var prelude = []string{
	"SET TimeZone = 'UTC'", "SET integer_division = true",
	"CREATE OR REPLACE MACRO from_unixtime(s) AS to_timestamp(s)",
	"CREATE OR REPLACE MACRO to_unixtime(t) AS epoch(t)",
	"CREATE OR REPLACE MACRO sequence(a, b) AS generate_series(a, b), (a, b, step) AS generate_series(a, b, step)",
	"CREATE OR REPLACE MACRO regexp_like(s, pattern) AS regexp_matches(s, pattern)",
	"CREATE OR REPLACE MACRO bitwise_or_agg(a) AS bit_or(CAST(a AS bigint))",
}

// lake is tables in a DuckDB of its own, as a query.Engine.
type lake struct {
	t  testing.TB
	db *sql.DB
	// asked are all statements that ran.
	asked []Statement
	mu    sync.Mutex
}

func newLake(t testing.TB) *lake {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	l := &lake{t: t, db: db}
	for _, s := range prelude {
		l.exec(s)
	}
	create(l, "traffic", periplus.TrafficFields)
	create(l, "flows", periplus.FlowFields)
	create(l, "endpoints", periplus.EndpointFields)
	create(l, "coverage", periplus.CoverageFields)
	create(l, "objects", periplus.ObjectFields)
	return l
}

func (l *lake) exec(s string) {
	l.t.Helper()
	if _, err := l.db.Exec(s); err != nil {
		l.t.Fatalf("%s: %v", s, err)
	}
}

func create[T any](l *lake, table string, fields []periplus.Field[T]) {
	l.t.Helper()
	columns := make([]string, len(fields))
	for i, f := range fields {
		typ := map[periplus.Type]string{periplus.Varbinary: "blob"}[f.Type]
		if typ == "" {
			typ = f.Type.String()
		}
		columns[i] = f.Name + " " + typ
		if !f.Null {
			columns[i] += " NOT NULL"
		}
	}
	l.exec("CREATE TABLE " + table + " (" + strings.Join(columns, ", ") + ")")
}

func insert[T any](l *lake, table string, fields []periplus.Field[T], rows []T) {
	l.t.Helper()
	conn, err := l.db.Conn(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		a, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", table)
		if err != nil {
			return err
		}
		values := make([]driver.Value, len(fields))
		for i := range rows {
			for j, f := range fields {
				values[j] = f.Get(&rows[i])
				if n, ok := values[j].(int64); ok && f.Type == periplus.Integer {
					values[j] = int32(n)
				}
			}
			if err := a.AppendRow(values...); err != nil {
				return err
			}
		}
		return a.Close()
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// Query is a query.Engine's. It holds every statement against the rules that
// all engines share.
func (l *lake) Query(ctx context.Context, s Statement, row func([]string, []any) error) error {
	if bad := forbidden(s); bad != "" {
		return fmt.Errorf("%s in %s", bad, s.SQL)
	}
	l.mu.Lock()
	l.asked = append(l.asked, s)
	l.mu.Unlock()
	args := make([]any, len(s.Args))
	for i, a := range s.Args {
		if args[i] = a; fmt.Sprintf("%T", a) == "time.Time" {
			args[i] = duckdb.Typed(a.(time.Time), duckdb.TYPE_TIMESTAMP_TZ)
		}
	}
	rows, err := l.db.QueryContext(ctx, s.SQL, args...)
	if err != nil {
		return fmt.Errorf("%w in %s %v", err, s.SQL, s.Args)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range into {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range values {
			switch v := v.(type) {
			case *big.Int:
				values[i] = v.Int64()
			case int32:
				values[i] = int64(v)
			case time.Time:
				values[i] = v.UTC()
			}
		}
		if err := row(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// steps makes the hours and days of traffic from its rows of 5 minutes.
func (l *lake) steps() {
	l.t.Helper()
	for _, s := range []struct {
		step int
		unit string
	}{{3600, "hour"}, {86400, "day"}} {
		l.exec(fmt.Sprintf(`INSERT INTO traffic SELECT %d, date_trunc('%s', bucket), client, client_network, server, server_network, server_port, protocol, verdict, reason,
			sum(request_packets), sum(request_bytes), sum(response_packets), sum(response_bytes), sum(records), sum(connections), sum(opened), bit_or(tcp_flags),
			min(first_seen), max(last_seen), max(seen_by), max(stopped_at), CASE WHEN bool_or(answer = 'seen') THEN 'seen' WHEN bool_or(answer = 'none') THEN 'none' ELSE 'unknown' END, max(service), max(path), max(encryption), bool_or(sampled), bool_or(incomplete)
			FROM traffic WHERE step = 300 GROUP BY ALL`, s.step, s.unit))
	}
}

// timed logs how long each statement takes.
type timed struct {
	*lake
	t testing.TB
}

func (e timed) Query(ctx context.Context, s Statement, row func([]string, []any) error) error {
	start, busy, n := time.Now(), cpu(), 0
	err := e.lake.Query(ctx, s, func(c []string, v []any) error { n++; return row(c, v) })
	if d := cpu() - busy; d > 20*time.Millisecond {
		e.t.Logf("   %4d ms of CPU, %4d ms, %6d rows %.60q", d.Milliseconds(), time.Since(start).Milliseconds(), n, s.SQL)
	}
	return err
}

// cpu is the processor time that the test has used: what the clock says
// depends on what else the machine does.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
