package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/duckdb/duckdb-go/v2" // the driver "duckdb"
)

// duckSQL is the work of ingest as far as SQL can say it: conversations by the
// smaller port, in buckets of five minutes, by file, interface and verdict.
// Counting distinct client ports is left out, in DuckDB's favour.
const duckSQL = `
COPY (
	SELECT filename, time_bucket, interface_id,
		CASE WHEN srcport < dstport THEN dstaddr ELSE srcaddr END AS client,
		CASE WHEN srcport < dstport THEN srcaddr ELSE dstaddr END AS server,
		least(srcport, dstport) AS server_port, protocol, action,
		sum(CASE WHEN srcport < dstport THEN 0 ELSE packets END) AS request_packets,
		sum(CASE WHEN srcport < dstport THEN 0 ELSE bytes END) AS request_bytes,
		sum(CASE WHEN srcport < dstport THEN packets ELSE 0 END) AS response_packets,
		sum(CASE WHEN srcport < dstport THEN bytes ELSE 0 END) AS response_bytes,
		count(*) AS records, min("start") AS first_seen, max("end") AS last_seen
	FROM (
		SELECT *, "start" - "start" %% 300 AS time_bucket
		FROM read_csv('%s', delim = ' ', header = true, filename = true, nullstr = '-', columns = {
			'version': 'INTEGER', 'account_id': 'VARCHAR', 'interface_id': 'VARCHAR', 'srcaddr': 'VARCHAR', 'dstaddr': 'VARCHAR',
			'srcport': 'INTEGER', 'dstport': 'INTEGER', 'protocol': 'INTEGER', 'packets': 'BIGINT', 'bytes': 'BIGINT',
			'start': 'BIGINT', 'end': 'BIGINT', 'action': 'VARCHAR', 'log_status': 'VARCHAR'})
		WHERE log_status = 'OK'
	)
	GROUP BY ALL
) TO '%s' (FORMAT parquet, COMPRESSION zstd)`

// duck does the work and checks what came of it.
func duck(ctx context.Context, logs, out string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// What does not fit goes to the same disk as everything else.
	if _, err := db.ExecContext(ctx, fmt.Sprintf("SET temp_directory = '%s.tmp'", out)); err != nil {
		return err
	}
	glob := filepath.Join(logs, filepath.FromSlash(logFolder), "*.log.gz")
	if _, err := db.ExecContext(ctx, fmt.Sprintf(duckSQL, glob, out)); err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	return nil
}

// duckRows counts rows, records and packets of DuckDB's file, outside of what
// is measured.
func duckRows(ctx context.Context, out string) (rows, records, packets int64, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), sum(records)::BIGINT, sum(request_packets + response_packets)::BIGINT FROM '%s'", out)).Scan(&rows, &records, &packets)
	return rows, records, packets, err
}

// lakeRows is the same for the data files of a lake's table flows.
func lakeRows(ctx context.Context, dir string) (rows, records, packets int64, err error) {
	files, err := flowFiles(dir)
	if err != nil {
		return 0, 0, 0, err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list := ""
	for i, f := range files {
		if i > 0 {
			list += ", "
		}
		list += "'" + f + "'"
	}
	err = db.QueryRowContext(ctx, "SELECT count(*), sum(records)::BIGINT, sum(coalesce(request_packets, 0) + coalesce(response_packets, 0))::BIGINT FROM read_parquet(["+list+"])").Scan(&rows, &records, &packets)
	return rows, records, packets, err
}

// flowFiles are the data files of a fresh lake.
func flowFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(filepath.Join(dir, "periplus", "flows", "data"), func(path string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".parquet" {
			out = append(out, path)
		}
		return err
	})
	return out, err
}
