package query

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestSpeed times every question over files that PERIPLUS_SPEED names:
// traffic.parquet with a day's step of a million conversations, and
// endpoints.parquet and flows.parquet that fit. The targets are held by `make
// bench`; this prints where the time goes.
func TestSpeed(t *testing.T) {
	dir := os.Getenv("PERIPLUS_SPEED")
	if dir == "" {
		t.Skip("PERIPLUS_SPEED names no folder")
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	l := &lake{t: t, db: db}
	for _, s := range prelude {
		l.exec(s)
	}
	l.exec("SET threads = 2")
	for _, table := range []string{"traffic", "endpoints", "flows", "coverage", "objects"} {
		l.exec(fmt.Sprintf("CREATE TEMP VIEW %s AS SELECT * FROM read_parquet('%s/%s.parquet')", table, dir, table))
	}
	q := &Questions{Engine: timed{l, t}}
	a := Ask{From: t0, To: t0.Add(24 * time.Hour)}
	run := func(name string, f func(a Ask) error) {
		if only := os.Getenv("PERIPLUS_SPEED_ONLY"); only != "" && !strings.Contains(only, name) {
			return
		}
		best, busy := time.Hour, time.Hour
		for range 3 {
			start, used := time.Now(), cpu()
			if err := f(a); err != nil {
				t.Fatal(name, err)
			}
			best, busy = min(best, time.Since(start)), min(busy, cpu()-used)
		}
		t.Logf("%s: %s, %s of CPU", name, best.Round(time.Millisecond), busy.Round(time.Millisecond))
	}
	id := ""
	for _, level := range []string{"service", "host", "network"} {
		a.Level = level
		run("map "+level, func(a Ask) error {
			m, err := q.Map(bg, a)
			if err == nil {
				id = m.Nodes[len(m.Nodes)-1].ID
			}
			return err
		})
	}
	a.Level = "service"
	run("node "+id, func(a Ask) error { _, err := q.Node(bg, a, id); return err })
	run("edge", func(a Ask) error { _, err := q.Edge(bg, a, "inet:", id); return err })
	run("timeline", func(a Ask) error { _, err := q.Timeline(bg, a, 1); return err })
	run("facets", func(a Ask) error {
		_, err := q.Facets(bg, a, []string{"provider", "network", "port"}, "", 10)
		return err
	})
	run("facet ip", func(a Ask) error { _, err := q.Facets(bg, a, []string{"ip"}, "", 10); return err })
	run("top ports", func(a Ask) error { _, err := q.Top(bg, a, []string{"port"}, 20); return err })
	run("top pairs", func(a Ask) error { _, err := q.Top(bg, a, []string{"client.ip", "server.ip"}, 20); return err })
	run("rows", func(a Ask) error { _, err := q.Rows(bg, a, "", 100); return err })
	run("search", func(a Ask) error { _, err := q.Search(bg, "10.3", 20); return err })
	for _, text := range []string{"port = 443", "service = service-7", "bytes > 1MB", "client.ip in 10.3.0.0/16"} {
		a.Filter = mustParse(t, text)
		run("map "+text, func(a Ask) error { _, err := q.Map(bg, a); return err })
	}
}
