package duckdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func user(t *testing.T, db *DB, sql string) (string, error) {
	t.Helper()
	var out []string
	err := db.QueryUser(t.Context(), sql, func([]string) error { return nil }, func(_ []string, values []any) error {
		out = append(out, fmt.Sprint(values...))
		return nil
	})
	return strings.Join(out, "\n"), err
}

func TestQueryUser(t *testing.T) {
	db, _ := lakeOf(t)
	f := func(sql, want string) {
		t.Helper()
		if got, err := user(t, db, sql); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s = %s, %v; want %q in it", sql, got, err, want)
		}
	}
	f("SELECT count(*) FROM traffic WHERE step = 300", "24")
	f("WITH a AS (SELECT * FROM traffic) SELECT count(*), (SELECT count(*) FROM flows) FROM a", "27 0")
	f("-- how many\nSELECT count(*) FROM objects;", "0")
	f("DESCRIBE traffic", "client_network")
	f("EXPLAIN SELECT * FROM traffic", "PARQUET")
	f("explain analyze select * from traffic", "Total Time")
	f("EXPLAIN (FORMAT json) SELECT 1", "{")
	f("SELECT [1, 2]", "[1,2]")
	f("SELECT count(*) FROM endpoints, coverage", "0")
}

func TestQueryUserOnlyReads(t *testing.T) {
	db, h := lakeOf(t)
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := h.path(300, 0)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, sql := range []string{
		"COPY traffic TO " + quote(out),
		"COPY (SELECT 1) TO " + quote(file),
		"EXPLAIN ANALYZE COPY (SELECT 1) TO " + quote(file) + " (FORMAT csv)",
		"EXPLAIN (ANALYZE) COPY (SELECT 1) TO " + quote(file) + " (FORMAT csv)",
		"/* x */ EXPLAIN ANALYZE COPY (SELECT 1) TO " + quote(file) + " (FORMAT csv)",
		"ATTACH " + quote(out+".db") + " AS x",
		"SELECT * FROM read_csv(" + quote(secret) + ")",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM '/etc/passwd'",
		"SELECT * FROM " + quote(secret),
		"SELECT * FROM sniff_csv(" + quote(secret) + ")",
		"SELECT count(*) FROM glob('/etc/*') HAVING count(*) > 0",
		"FROM read_csv('https://127.0.0.1/x.csv')",
		"INSTALL httpfs",
		"LOAD httpfs",
		"SET enable_external_access = true",
		"SELECT 1; SELECT 2",
		"SELECT 1; COPY (SELECT 1) TO " + quote(file),
		"PRAGMA profile_output = " + quote(out),
		"CREATE TABLE x AS SELECT 1",
		"CREATE OR REPLACE TEMP VIEW traffic AS SELECT 1",
		"DROP VIEW traffic",
		"INSERT INTO traffic SELECT * FROM traffic",
		"EXPORT DATABASE " + quote(out),
		"CALL pragma_version()",
		"CREATE SECRET (TYPE s3)",
		"VACUUM",
		"", ";",
	} {
		if got, err := user(t, db, sql); err == nil {
			t.Errorf("%s was not refused: %.200s", sql, got)
		} else if testing.Verbose() {
			t.Logf("%s: %v", sql, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("a data file was written: %v", err)
	}
	if made, err := filepath.Glob(out + "*"); err != nil || len(made) > 0 {
		t.Errorf("something was written: %v, %v", made, err)
	}
}

type nothing struct{}

func (nothing) Files(context.Context, string, int64, time.Time, time.Time) ([]string, error) {
	return nil, nil
}

// What does not fit in memory is spilled, external access or not.
func TestQueryUserSpills(t *testing.T) {
	db, err := Open(nothing{}, Options{Memory: 60 << 20, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := user(t, db, "SELECT count(*), max(length(x)) FROM (SELECT repeat(CAST(i AS varchar), 20) AS x FROM range(1500000) AS r (i) ORDER BY x LIMIT 1400000)")
	if err != nil || got != "1400000 140" {
		t.Errorf("got %s, %v; want 1400000 140", got, err)
	}
}
