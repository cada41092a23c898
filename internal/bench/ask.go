package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/traffic"
	"github.com/periplus/periplus/web"
)

// asking measures questions on a lake of one day.
type asking struct {
	bench
	conversations int
	rounds        int
	again         bool // make traffic and names again in a lake that was kept
	build         bool // that, and no questions
	trace         bool
	only          string // measure only questions whose name holds this
	profile       string
}

func (a *asking) flags(f *flag.FlagSet) {
	f.IntVar(&a.conversations, "conversations", 1_000_000, "of the day that is asked")
	f.IntVar(&a.rounds, "rounds", 9, "how often a question is asked")
	f.BoolVar(&a.again, "again", false, "build traffic again in a day that was kept")
	f.BoolVar(&a.build, "build", false, "build traffic again in a day that was kept and ask nothing")
	f.BoolVar(&a.trace, "trace", false, "write every statement and what it took to stderr")
	f.StringVar(&a.only, "only", "", "ask only questions whose name holds this")
}

const (
	askRows = 10_000_000 // that a lake of a million conversations must have at least
	madeOf  = "made.json"
)

// ask makes the lake, unless an earlier run kept it, and asks it.
func (a *asking) ask(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Join(a.dir, "day")
	rows, err := a.kept(dir)
	if err != nil {
		return err
	}
	var built []took
	if rows == 0 {
		if rows, err = makeDay(ctx, dir, newDay(a.conversations)); err != nil {
			return err
		}
		a.again = true
	}
	if a.conversations >= 1_000_000 && rows < askRows {
		return fmt.Errorf("the day has %d rows, want at least %d", rows, askRows)
	}
	from, to := dayStart.Format(time.RFC3339), dayStart.AddDate(0, 0, 1).Format(time.RFC3339)
	if a.again || a.build {
		if err := forget(ctx, dir); err != nil {
			return err
		}
		t, err := measure(ctx, "building `traffic`", self, "-child", "traffic", "-cpuprofile", a.profile, dir)
		if err != nil {
			return err
		}
		// The first command that asks writes the names.
		n, err := measure(ctx, "naming the ends, and one `periplus top`", a.periplus, "top", "--lake", dir, "--from", from, "--to", to, "--json")
		if err != nil {
			return err
		}
		built = append(built, t, n)
		if err := a.keeps(dir, rows); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "One day, %d rows in `flows`, %d conversations, %d cores, load %s\n\n", rows, a.conversations, runtime.NumCPU(), load())
	if len(built) > 0 {
		fmt.Fprintln(a.out, "| | CPU s | wall s | peak MiB |\n|---|---:|---:|---:|")
		for _, t := range built {
			fmt.Fprintf(a.out, "| %s | %.1f | %.1f | %d |\n", t.name, t.cpu.Seconds(), t.wall.Seconds(), t.rss>>20)
		}
		fmt.Fprintln(a.out)
	}
	if a.build {
		return nil
	}
	return a.questions(ctx, dir)
}

// made is what a kept lake remembers.
type made struct {
	Conversations int
	Rows          int64
}

// kept returns the rows of a lake of the wanted size that an earlier run left,
// 0 where there is none.
func (a *asking) kept(dir string) (int64, error) {
	b, err := os.ReadFile(filepath.Join(dir, madeOf))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	var m made
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil || m.Conversations != a.conversations {
		return 0, err
	}
	return m.Rows, nil
}

func (a *asking) keeps(dir string, rows int64) error {
	b, err := json.Marshal(made{a.conversations, rows})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, madeOf), b, 0o666)
}

// makeDay writes the lake.
func makeDay(ctx context.Context, dir string, d *day) (rows int64, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "writing a day of %d conversations to %s …\n", len(d.talks), dir)
	l, err := lake.Create(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b, err := d.batch()
	if err != nil {
		return 0, err
	}
	return d.rows, l.Commit(ctx, b)
}

// forget drops the traffic of the day, so that it is built again.
func forget(ctx context.Context, dir string) (err error) {
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return l.ReplaceTraffic(ctx, lake.StepBucket, dayStart, dayStart.AddDate(0, 0, 1), nil)
}

// buildTraffic is the child that makes traffic current.
func buildTraffic(ctx context.Context, dir, profile string, trace bool) (err error) {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	db, err := duckdb.Open(l, duckdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	k := traffic.Keeper{Lake: l, Engine: db}
	if trace {
		k.Engine = traced{db}
	}
	return k.Current(ctx, dayStart, dayStart.AddDate(0, 0, 1))
}

// A question is asked several times.
type question struct {
	name string
	ask  func(context.Context) error
}

// questions asks what the page asks, through its API, and beside it what
// DuckDB takes to group flows as they are.
func (a *asking) questions(ctx context.Context, dir string) (err error) {
	l, err := lake.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	db, err := duckdb.Open(l, duckdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := whole(ctx, db, a.conversations); err != nil {
		return err
	}
	k := traffic.Keeper{Lake: l, Engine: db}
	var engine query.Engine = db
	if a.trace {
		engine = traced{db}
	}
	q := &query.Questions{Engine: engine, Current: func(ctx context.Context, from, to time.Time) error {
		return errors.Join(k.Current(ctx, from, to), named(ctx, l))
	}}
	list, err := a.list(ctx, q)
	if err != nil {
		return err
	}
	for _, by := range []string{"client.service, server.service", "client, server"} {
		list = append(list, question{"plain DuckDB over `flows` by " + by, plain(db, by)})
	}
	fmt.Fprintln(a.out, "| question | median ms | least | most | CPU ms |\n|---|---:|---:|---:|---:|")
	for _, q := range list {
		if !strings.Contains(q.name, a.only) {
			continue
		}
		if err := a.time(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return nil
}

// traced is an engine that says what each statement took.
type traced struct{ query.Engine }

func (e traced) Query(ctx context.Context, s query.Statement, row func([]string, []any) error) error {
	start, used, n := time.Now(), cpuUsed(), 0
	err := e.Engine.Query(ctx, s, func(c []string, v []any) error { n++; return row(c, v) })
	fmt.Fprintf(os.Stderr, "%d ms, %d ms of CPU, %d rows: %.300s\n", time.Since(start).Milliseconds(), (cpuUsed() - used).Milliseconds(), n, strings.Join(strings.Fields(s.SQL), " "))
	return err
}

// whole checks that the day's traffic holds all conversations.
func whole(ctx context.Context, db *duckdb.DB, conversations int) error {
	s := query.Statement{Spans: []query.Span{{Table: "traffic", Step: lake.StepDay}},
		SQL: "SELECT count(*) AS n FROM (SELECT DISTINCT client, server, server_port, protocol FROM traffic WHERE step = 86400) AS t"}
	return db.Query(ctx, s, func(_ []string, v []any) error {
		if v[0] != int64(conversations) {
			return fmt.Errorf("the day's traffic holds %v conversations, want %d", v[0], conversations)
		}
		return nil
	})
}

// named says whether the names are as they would be.
func named(ctx context.Context, l *lake.Lake) error {
	of, err := l.EndpointsMark(ctx)
	if err != nil {
		return err
	}
	now, err := l.FactsMark(ctx)
	if err == nil && strings.TrimSpace(of) != now {
		return fmt.Errorf("the names are of %q, the facts of %q: run again with -again", of, now)
	}
	return err
}

// list is the questions, with the ends that the map shows.
func (a *asking) list(ctx context.Context, q *query.Questions) ([]question, error) {
	api := (&web.Server{Questions: q}).Handler()
	day := url.Values{"from": {dayStart.Format(time.RFC3339)}, "to": {dayStart.AddDate(0, 0, 1).Format(time.RFC3339)}}
	get := func(path string, more ...string) func(context.Context) error {
		v := url.Values{}
		for _, of := range []string{"from", "to"} {
			v[of] = day[of]
		}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return func(ctx context.Context) error { _, err := call(ctx, api, path, v); return err }
	}
	ask := query.Ask{From: dayStart, To: dayStart.AddDate(0, 0, 1)}
	m, err := q.Map(ctx, ask)
	if err != nil {
		return nil, err
	}
	e := largest(m, func(e *query.Edge) bool {
		return strings.HasPrefix(e.Source, "svc:") && strings.HasPrefix(e.Target, "svc:") && e.Source != e.Target
	})
	in := largest(m, func(e *query.Edge) bool { return e.Source == "inet:" && strings.HasPrefix(e.Target, "svc:") })
	if e == nil || in == nil {
		return nil, errors.New("the map has no edge between services, or none from the internet")
	}
	hosts, err := q.Top(ctx, ask, []string{"server.ip", "server.network"}, 1)
	if err != nil {
		return nil, err
	}
	host := query.Key{Level: "host", Value: hosts.Rows[0].Values[0], Network: hosts.Rows[0].Values[1]}.ID()
	return []question{
		{"`/graph` by service", get("graph")},
		{"`/graph` by host", get("graph", "level", "host")},
		{"`/graph` by network", get("graph", "level", "network")},
		{"`/graph` by service, `port = 443`", get("graph", "q", "port = 443")},
		{"`/timeline`, 96 bins", get("timeline", "bins", "96")},
		{"`/nodes`, a service", get("nodes/" + url.PathEscape(e.Target))},
		{"`/nodes`, a host", get("nodes/"+url.PathEscape(host), "level", "host")},
		{"`/nodes`, the internet", get("nodes/" + url.PathEscape("inet:"))},
		{"`/edges`, two services", get("edges", "s", e.Source, "t", e.Target)},
		{"`/edges`, from the internet", get("edges", "s", in.Source, "t", in.Target)},
		{"`/facets` of port and network", get("facets", "fields", "port,network")},
		{"`/flows`, the first page", get("flows")},
		{"`/search`", get("search", "text", "check")},
		{"`/meta`, the extent", get("meta")},
		{"top of services and ports", func(ctx context.Context) error {
			_, err := q.Top(ctx, ask, []string{"client.service", "server.service", "port", "protocol"}, 20)
			return err
		}},
	}, nil
}

// largest is the edge with the most bytes of those that are wanted.
func largest(m *query.Map, of func(*query.Edge) bool) *query.Edge {
	var best *query.Edge
	for i := range m.Edges {
		e := &m.Edges[i]
		if of(e) && (best == nil || e.Verdicts.All().Bytes().N > best.Verdicts.All().Bytes().N) {
			best = e
		}
	}
	return best
}

// call asks the API and returns what it answers.
func call(ctx context.Context, api http.Handler, path string, v url.Values) ([]byte, error) {
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path+"?"+v.Encode(), nil)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %s", r.URL, w.Code, w.Body)
	}
	return io.ReadAll(w.Body)
}

// plain groups flows as they are, with the columns that a map needs, and so
// counts twice what two observers saw.
func plain(db *duckdb.DB, by string) func(context.Context) error {
	joins, columns := "", by
	spans := []query.Span{{Table: "flows", From: dayStart, To: dayStart.AddDate(0, 0, 1)}}
	if by != "client, server" {
		columns = "c.service AS client_service, s.service AS server_service"
		joins = " LEFT JOIN endpoints AS c ON c.address = t.client LEFT JOIN endpoints AS s ON s.address = t.server"
		spans = append(spans, query.Span{Table: "endpoints"})
	}
	s := query.Statement{Spans: spans, Args: []any{dayStart, dayStart.AddDate(0, 0, 1)},
		SQL: "SELECT count(*) AS n, sum(request_bytes), sum(request_packets), sum(response_bytes), sum(response_packets), sum(records), sum(connections), sum(opened)" +
			" FROM (SELECT " + columns + ", server_port, protocol, verdict, sum(request_bytes) AS request_bytes, sum(request_packets) AS request_packets," +
			" sum(response_bytes) AS response_bytes, sum(response_packets) AS response_packets, sum(records) AS records, sum(connections) AS connections, sum(opened) AS opened" +
			" FROM flows AS t" + joins + " WHERE bucket >= ? AND bucket < ? GROUP BY 1, 2, 3, 4, 5) AS g"}
	return func(ctx context.Context) error {
		return db.Query(ctx, s, func(_ []string, v []any) error {
			if n, ok := v[0].(int64); !ok || n == 0 {
				return errors.New("no row")
			}
			return nil
		})
	}
}

// time asks a question once to warm up and then several times.
func (a *asking) time(ctx context.Context, q question) error {
	if err := q.ask(ctx); err != nil {
		return err
	}
	var walls []time.Duration
	before := cpuUsed()
	for range a.rounds {
		start := time.Now()
		if err := q.ask(ctx); err != nil {
			return err
		}
		walls = append(walls, time.Since(start))
	}
	used := (cpuUsed() - before) / time.Duration(a.rounds)
	slices.Sort(walls)
	fmt.Fprintf(a.out, "| %s | %d | %d | %d | %d |\n", q.name, walls[len(walls)/2].Milliseconds(), walls[0].Milliseconds(), walls[len(walls)-1].Milliseconds(), used.Milliseconds())
	return nil
}

func cpuUsed() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// load is how busy the machine is beside us, "unknown" where it does not say.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(b)); err == nil && len(f) > 0 {
		return f[0]
	}
	return "unknown"
}
