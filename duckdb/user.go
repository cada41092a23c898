package duckdb

import (
	"context"
	"errors"
	"regexp"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/periplus/periplus/query"
)

// QueryUser runs a person's own statement over all tables of the lake. It only
// reads, and only these tables: the statement runs in a database of its own
// whose configuration is locked and which may open nothing but the lake's data
// files. head is called once, with the names of the columns, also
// where no row follows. Values are those of Query; lists and structs come as JSON.
func (db *DB) QueryUser(ctx context.Context, text string, head func(columns []string) error, row func(columns []string, values []any) error) error {
	var spans []query.Span
	for _, t := range tables {
		spans = append(spans, query.Span{Table: t.name})
	}
	views, err := db.views(ctx, spans)
	if err != nil {
		return err
	}
	pool, err := connect(db.opt)
	if err != nil {
		return err
	}
	err = hold(ctx, pool, func(conn *duckdb.Conn) (bool, error) {
		if err := createViews(ctx, conn, views); err != nil {
			return false, err
		}
		if err := lock(ctx, conn, views); err != nil {
			return false, err
		}
		read, err := readOnly(ctx, conn, text)
		if err != nil {
			return false, err
		}
		return false, ask(ctx, conn, read, nil, head, row)
	})
	return errors.Join(err, pool.Close())
}

// lock leaves a connection's database nothing to open but the views' files.
func lock(ctx context.Context, conn *duckdb.Conn, views []view) error {
	var files []string
	for _, v := range views {
		for _, f := range v.files {
			// The pattern is checked as well as what it stands for.
			files = append(files, quote(f), quote(noGlob.Replace(f)))
		}
	}
	for _, s := range []string{
		"SET allowed_paths = [" + strings.Join(files, ", ") + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := conn.ExecContext(ctx, s, nil); err != nil {
			return failed(ctx, err)
		}
	}
	return nil
}

var (
	explain        = regexp.MustCompile(`(?is)^\s*explain\s+(analyze\b)?`)
	explainOptions = regexp.MustCompile(`(?is)^\s*\([^()]*\)`)
)

// readOnly returns the statement to run, or says why it is refused. An EXPLAIN
// is put together again around what was checked, because EXPLAIN ANALYZE runs
// whatever it explains.
func readOnly(ctx context.Context, conn *duckdb.Conn, text string) (string, error) {
	kind, err := statement(conn, text)
	if err != nil {
		return "", failed(ctx, err)
	}
	switch kind {
	case duckdb.STATEMENT_TYPE_SELECT: // also WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE
		return text, nil
	case duckdb.STATEMENT_TYPE_EXPLAIN:
		head := explain.FindString(text)
		rest := text[len(head):]
		if head != "" {
			if kind, err := statement(conn, rest); err == nil && kind == duckdb.STATEMENT_TYPE_SELECT {
				return head + " " + rest, nil
			}
			options := explainOptions.FindString(rest)
			rest = rest[len(options):]
			if kind, err := statement(conn, rest); err == nil && kind == duckdb.STATEMENT_TYPE_SELECT {
				return head + options + " " + rest, nil
			}
		}
		return "", errors.New("only a SELECT may be explained: write EXPLAIN SELECT …, without a comment before it")
	}
	return "", errors.New("this only reads the lake: one statement that begins with SELECT, WITH, EXPLAIN or DESCRIBE")
}

// statement tells what kind of statement text is; it is an error when it is
// not exactly one.
func statement(conn *duckdb.Conn, text string) (duckdb.StmtType, error) {
	prepared, err := conn.Prepare(text)
	if err != nil {
		if _, refused := errors.AsType[*duckdb.Error](err); refused {
			return 0, err
		}
		return 0, errors.New("exactly one statement is wanted")
	}
	defer prepared.Close()
	s, ok := prepared.(*duckdb.Stmt)
	if !ok {
		return 0, errors.New("the driver does not tell what a statement does")
	}
	return s.StatementType()
}
