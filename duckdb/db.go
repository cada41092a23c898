// Package duckdb answers SQL over the data files of a lake with the DuckDB
// that is linked into the program. It is the only package that needs cgo.
// Nothing it runs may reach the network or write outside its temporary folder.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/periplus/periplus/query"
)

// Files plans what a question must read: the data files of a table that may
// hold rows of a step and a range. Step 0 is every step, a zero time no bound.
type Files interface {
	Files(ctx context.Context, table string, step int64, from, to time.Time) ([]string, error)
}

// Options bound what a DB may use. The zero value works.
type Options struct {
	Memory  int64  // bytes before it spills to Temp; 0: 1 GiB
	Threads int    // 0: one a core
	Temp    string // folder for what it spills; "": one of its own, removed by Close
}

// DB is a query.Engine over the files of a lake. It may be used by several
// goroutines at once; every question has a connection of its own.
type DB struct {
	files Files
	opt   Options
	own   string // temporary folder to remove
	pool  *sql.DB
}

var (
	_ query.Engine = (*DB)(nil)
	_ query.Marker = (*DB)(nil)
)

// Open starts an engine over the lake whose files are planned by files.
func Open(files Files, opt Options) (*DB, error) {
	db := &DB{files: files, opt: opt}
	if db.opt.Memory <= 0 {
		db.opt.Memory = 1 << 30
	}
	if db.opt.Temp == "" {
		dir, err := os.MkdirTemp("", "periplus-duckdb-")
		if err != nil {
			return nil, fmt.Errorf("a folder for what DuckDB spills: %w; set TMPDIR to one that can be written", err)
		}
		db.own, db.opt.Temp = dir, dir
	}
	pool, err := connect(db.opt)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.pool = pool
	return db, nil
}

// Close ends the engine and removes what it spilled.
func (db *DB) Close() error {
	var err error
	if db.pool != nil {
		err = db.pool.Close()
	}
	if db.own != "" {
		err = errors.Join(err, os.RemoveAll(db.own))
	}
	return err
}

// Version tells DuckDB's version, such as v1.5.5.
func (db *DB) Version(ctx context.Context) (string, error) {
	var v string
	err := db.pool.QueryRowContext(ctx, "SELECT version()").Scan(&v)
	return v, err
}

// connect opens an empty database in memory whose connections all know the
// prelude. Macros belong to the database and are made once: connections that
// open at the same moment would conflict over them.
func connect(opt Options) (*sql.DB, error) {
	settings := []string{
		"SET TimeZone = 'UTC'",
		"SET integer_division = true", // 7 / 2 = 3, as in Trino
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_persistent_secrets = false", // nor look for them in the home folder
		"SET parquet_metadata_cache = true",    // data files never change
		fmt.Sprintf("SET memory_limit = '%dB'", opt.Memory),
		"SET temp_directory = " + quote(opt.Temp),
	}
	if opt.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads = %d", opt.Threads))
	}
	var macros sync.Mutex
	made := false
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		macros.Lock()
		defer macros.Unlock()
		for _, s := range settings {
			if _, err := conn.ExecContext(context.Background(), s, nil); err != nil {
				return fmt.Errorf("duckdb: %s: %w", s, err)
			}
		}
		if made {
			return nil
		}
		for _, s := range prelude {
			if _, err := conn.ExecContext(context.Background(), "CREATE OR REPLACE MACRO "+s, nil); err != nil {
				return fmt.Errorf("duckdb: macro %s: %w", s, err)
			}
		}
		made = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("duckdb: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxIdleConns(8)
	return pool, nil
}

// Query calls row for each row of the answer; see query.Engine. The tables of
// s.Spans are the only ones that the statement can name.
func (db *DB) Query(ctx context.Context, s query.Statement, row func(columns []string, values []any) error) error {
	views, err := db.views(ctx, s.Spans)
	if err != nil {
		return err
	}
	return hold(ctx, db.pool, func(conn *duckdb.Conn) (clean bool, err error) {
		// The next question on this connection must not see these tables.
		defer func() { clean = dropViews(conn, views) == nil }()
		if err := createViews(ctx, conn, views); err != nil {
			return false, err
		}
		return false, ask(ctx, conn, s.SQL, s.Args, nil, row)
	})
}

// hold calls f with a connection that nobody else uses meanwhile. One that f
// does not leave clean is thrown away.
func hold(ctx context.Context, pool *sql.DB, f func(*duckdb.Conn) (clean bool, err error)) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return failed(ctx, err)
	}
	err = driver.ErrBadConn
	clean := false
	_ = conn.Raw(func(c any) error { // what it returns is ours
		if clean, err = f(c.(*duckdb.Conn)); !clean {
			return driver.ErrBadConn // tells the pool to close it
		}
		return nil
	})
	if closed := conn.Close(); clean && err == nil {
		err = closed
	}
	return err
}

// ask runs one statement and hands on its rows as query.Engine wants them. It
// reads the driver itself: database/sql would copy every value once more. head
// may be nil.
func ask(ctx context.Context, conn *duckdb.Conn, text string, args []any, head func([]string) error, row func([]string, []any) error) (err error) {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		if named[i], err = argument(i+1, a); err != nil {
			return err
		}
	}
	rows, err := conn.QueryContext(ctx, text, named)
	if err != nil {
		return failed(ctx, err)
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	columns := rows.Columns()
	if head != nil {
		if err := head(columns); err != nil {
			return err
		}
	}
	values := make([]driver.Value, len(columns))
	out := make([]any, len(columns))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := rows.Next(values); err == io.EOF {
			return nil
		} else if err != nil {
			return failed(ctx, err)
		}
		for i, v := range values {
			if out[i], err = value(v); err != nil {
				return fmt.Errorf("column %s: %w", columns[i], err)
			}
		}
		if err := row(columns, out); err != nil {
			return err
		}
	}
}

// failed tells a question that was called off from one that DuckDB refused.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s := err.Error(); strings.Contains(s, "INT64") && (strings.Contains(s, "INT128") || strings.Contains(s, "Overflow in addition")) {
		return fmt.Errorf("%w: some log holds an absurd counter; ask for a shorter range, or leave out by a filter what it is about", errTooMany)
	}
	return fmt.Errorf("duckdb: %w", err)
}

var errTooMany = errors.New("a sum does not fit 64 bits")

// argument checks a parameter's type before the driver guesses at it.
func argument(place int, a any) (driver.NamedValue, error) {
	n := driver.NamedValue{Ordinal: place}
	switch v := a.(type) {
	case string, int64, bool, []byte:
		n.Value = v
	case time.Time:
		n.Value = duckdb.Typed(v.UTC(), duckdb.TYPE_TIMESTAMP_TZ)
	default:
		return n, fmt.Errorf("parameter %d is a %T: use string, int64, bool, time.Time or []byte", place, a)
	}
	return n, nil
}

// quote writes text as an SQL literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
