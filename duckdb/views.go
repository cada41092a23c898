package duckdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// A view is a table of the lake as one question sees it.
type view struct {
	table  string
	create string
	files  []string
}

// table is a name and its columns.
type table struct {
	name    string
	columns []column
}

type column struct {
	name string
	typ  periplus.Type
}

var tables = []table{
	{"flows", columnsOf(periplus.FlowFields)},
	{"traffic", columnsOf(periplus.TrafficFields)},
	{"endpoints", columnsOf(periplus.EndpointFields)},
	{"objects", columnsOf(periplus.ObjectFields)},
	{"coverage", columnsOf(periplus.CoverageFields)},
}

func columnsOf[T any](fields []periplus.Field[T]) []column {
	out := make([]column, len(fields))
	for i, f := range fields {
		out[i] = column{f.Name, f.Type}
	}
	return out
}

// views plans the tables of a statement: one view a table, over the files of
// all of its spans. Spans only leave files out, so a statement with several of
// one table still says step and range itself.
func (db *DB) views(ctx context.Context, spans []query.Span) ([]view, error) {
	var out []view
	for _, s := range spans {
		i := slices.IndexFunc(out, func(v view) bool { return v.table == s.Table })
		if i < 0 {
			i = len(out)
			out = append(out, view{table: s.Table})
		}
		files, err := db.files.Files(ctx, s.Table, s.Step, s.From, s.To)
		if err != nil {
			return nil, fmt.Errorf("files of %s: %w", s.Table, err)
		}
		for _, f := range files {
			out[i].files = append(out[i].files, strings.TrimPrefix(f, "file://"))
		}
	}
	for i := range out {
		v := &out[i]
		slices.Sort(v.files)
		v.files = slices.Compact(v.files) // spans of one table may share files
		var err error
		if v.create, err = createView(v.table, v.files); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Mark is of the files that the spans' tables have: data files never change.
func (db *DB) Mark(ctx context.Context, spans []query.Span) (string, error) {
	views, err := db.views(ctx, spans)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, v := range views {
		fmt.Fprintf(h, "%q %q\n", v.table, v.files)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// createView writes the view over files. Columns are named one by one: paths
// of partitions look like hive's and must add none.
func createView(name string, files []string) (string, error) {
	i := slices.IndexFunc(tables, func(t table) bool { return t.name == name })
	if i < 0 {
		return "", fmt.Errorf("%q is no table of the lake; it has flows, traffic, endpoints, objects and coverage", name)
	}
	var b strings.Builder
	b.WriteString("CREATE OR REPLACE TEMP VIEW " + name + " AS SELECT ")
	for j, c := range tables[i].columns {
		if j > 0 {
			b.WriteString(", ")
		}
		if len(files) == 0 {
			fmt.Fprintf(&b, `CAST(NULL AS %s) AS "%s"`, c.typ, c.name)
		} else {
			fmt.Fprintf(&b, `"%s"`, c.name)
		}
	}
	if len(files) == 0 { // read_parquet([]) is an error
		b.WriteString(" WHERE false")
		return b.String(), nil
	}
	b.WriteString(" FROM read_parquet([")
	for j, f := range files {
		if j > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(noGlob.Replace(f)))
	}
	b.WriteString("], hive_partitioning = false)")
	return b.String(), nil
}

// noGlob keeps a path that holds wildcards from being expanded.
var noGlob = strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]")

func createViews(ctx context.Context, conn *duckdb.Conn, views []view) error {
	for _, v := range views {
		if _, err := conn.ExecContext(ctx, v.create, nil); err != nil {
			return failed(ctx, fmt.Errorf("table %s: %w", v.table, err))
		}
	}
	return nil
}

// dropViews leaves the connection as it was. The question may have been called
// off, so this has a short time of its own.
func dropViews(conn *duckdb.Conn, views []view) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, v := range views {
		if _, err := conn.ExecContext(ctx, "DROP VIEW IF EXISTS temp."+v.table, nil); err != nil {
			return err
		}
	}
	return nil
}
