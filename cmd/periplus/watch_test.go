package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/periplus/periplus/internal/servers"
)

// watching is 'periplus watch' as a process, with its metrics.
type watching struct {
	t   *testing.T
	cmd *exec.Cmd
	at  string // of the metrics
	out chan string
}

func startWatch(t *testing.T, args ...string) *watching {
	t.Helper()
	w := &watching{t: t, cmd: exec.Command(os.Args[0], append([]string{"watch", "--metrics", "127.0.0.1:0"}, args...)...), out: make(chan string, 1)}
	w.cmd.Env = append(os.Environ(), "PERIPLUS_TEST_MAIN=1", "PERIPLUS_LAKE=")
	errOut, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() }) // it may have ended
	in := bufio.NewReader(errOut)
	line, err := in.ReadString('\n')
	var ok bool
	if w.at, ok = strings.CutPrefix(strings.TrimSpace(line), "metrics        "); err != nil || !ok {
		rest, _ := io.ReadAll(in)
		t.Fatalf("it begins with %q, %v\n%s", line, err, rest)
	}
	w.at = strings.TrimSuffix(w.at, "/metrics")
	go func() {
		rest, err := io.ReadAll(in)
		w.out <- fmt.Sprint(string(rest), err)
	}()
	return w
}

func (w *watching) get(path string) (int, string) {
	w.t.Helper()
	r, err := http.Get(w.at + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// until waits for a line of the metrics.
func (w *watching) until(line string) {
	w.t.Helper()
	re := regexp.MustCompile("(?m)^" + line + "$")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, all := w.get("/metrics")
		if re.MatchString(all) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not within a minute: %s\n%s", line, all)
		}
	}
}

// end sends SIGTERM and returns what was said.
func (w *watching) end() string {
	w.t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	said := <-w.out
	if err := w.cmd.Wait(); err != nil {
		w.t.Errorf("it ends with %v\n%s", err, said)
	}
	return said
}

// From the store's own notification to the answer, without any listing after
// the first: two processes share a queue, and a signal drains them.
func TestWatchFollowsAStore(t *testing.T) {
	n := servers.NATS(t)
	conn, err := nats.Connect("nats://" + n.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs"}}); err != nil {
		t.Fatal(err)
	}
	s := servers.S3With(t, "--event-nats-url", "nats://"+n.Addr, "--event-nats-topic", "logs")
	// host is the logs of another client each: its address at its own interface.
	host := func(address, nic string) string {
		return strings.NewReplacer("10.0.1.10", address, "eni-0a", nic).Replace(v2)
	}
	s.Put("AWSLogs/0.log", host("10.0.9.9", "eni-9"))
	lake := filepath.Join(t.TempDir(), "lake")
	args := []string{"--lake", lake, s.With("AWSLogs/"), "--queue", "nats://" + n.Addr + "?stream=LOGS", "--every", "1h", "--commit-every", "50ms"}
	a := startWatch(t, args...)
	a.until(`periplus_records_total 7`)
	b := startWatch(t, args...)
	b.until(`periplus_lists_total\{outcome="ok",source="s3://logs/AWSLogs/"\} 1`)
	if code, text := b.get("/readyz"); code != 200 || text != "ok\n" {
		t.Errorf("/readyz says %d %q", code, text)
	}
	if code, _ := b.get("/healthz"); code != 200 {
		t.Errorf("/healthz says %d", code)
	}
	const more = 20
	for i := range more {
		s.Put(fmt.Sprintf("AWSLogs/1/%02d.log", i), host(fmt.Sprintf("10.1.0.%d", i), fmt.Sprintf("eni-1%02d", i)))
	}
	s.Put("elsewhere/x.log", v2) // not below the source
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, _ := cli(t, 0, "sql", "--lake", lake, "--json", "SELECT count(*) AS n FROM objects")
		if strings.Contains(out, fmt.Sprint(more+1)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: %s", out)
		}
	}
	a.until(`periplus_lag_seconds\{source="s3://logs/AWSLogs/"\} [0-9.e+]+`)
	for _, w := range []*watching{a, b} {
		if said := w.end(); !strings.Contains(said, "draining") {
			t.Errorf("it says\n%s", said)
		}
	}
	c, err := js.Consumer(t.Context(), "LOGS", "periplus")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := c.Info(t.Context()); err != nil || info.NumAckPending+int(info.NumPending) != 0 {
		t.Errorf("%d messages wait and %d are not acknowledged, %v", info.NumPending, info.NumAckPending, err)
	}
	plain := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", plain, s.With("AWSLogs/"))
	want, _ := cli(t, 0, "conversations", "--lake", plain, "--csv")
	if got, _ := cli(t, 0, "conversations", "--lake", lake, "--csv"); got != want {
		t.Errorf("watch:\n%s\ningest:\n%s", got, want)
	}
}

// A folder is followed without any queue, and what is said of wrong words helps.
func TestWatchAFolder(t *testing.T) {
	dir, lake := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	w := startWatch(t, "--lake", lake, "--every", "30ms", "--quiet", dir)
	w.until(`periplus_lists_total\{outcome="ok",source="` + regexp.QuoteMeta(dir) + `"\} [2-9]`)
	write(t, filepath.Join(dir, "a.log"), v2+"bad line\n")
	w.until(`periplus_records_total 7`)
	w.until(`periplus_bad_lines_total\{kind="columns"\} 1`)
	if said := w.end(); strings.Contains(said, "level=INFO") {
		t.Errorf("--quiet says\n%s", said)
	}
	f := func(want string, args ...string) {
		t.Helper()
		if _, errOut := cli(t, 2, append([]string{"watch"}, args...)...); !strings.Contains(errOut, want) {
			t.Errorf("%v says %q, want %q", args, errOut, want)
		}
	}
	f("no lake", dir)
	f("give an address that begins with awssqs://", "--lake", lake, "--queue", "kafka://x", dir)
	f("--commit-every: give a time above 0", "--lake", lake, "--commit-every", "0s", dir)
	f("--commit-records: give 1 or more", "--lake", lake, "--commit-records", "0", dir)
	f("--metrics", "--lake", lake, "--metrics", "x", dir)
	f("cannot be watched", "--lake", lake, "-")
	f("requires at least 1 arg", "--lake", lake)
}

// A mistyped path is an error at once; with --wait the folder may come later.
func TestWatchWhatIsNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	lake := filepath.Join(t.TempDir(), "lake")
	if _, said := cli(t, 1, "watch", "--lake", lake, dir); !strings.Contains(said, dir) || !strings.Contains(said, "--wait") {
		t.Errorf("it says\n%s", said)
	}
	w := startWatch(t, "--lake", lake, "--every", "30ms", "--wait", dir)
	w.until(`periplus_lists_total\{outcome="failed",source="` + regexp.QuoteMeta(dir) + `"\} [2-9]`)
	write(t, filepath.Join(dir, "a.log"), v2)
	w.until(`periplus_records_total 7`)
	w.end()
}

func TestMetricsAddress(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got, err := (&watchFlags{metrics: in}).listen(); got != want || (err != nil) != (want == "" && in != "") {
			t.Errorf("--metrics %q listens on %q, %v; want %q", in, got, err, want)
		}
	}
	f("", "")
	f("9464", "127.0.0.1:9464")
	f(":9464", "127.0.0.1:9464")
	f("0.0.0.0:9464", "0.0.0.0:9464")
	f("[::1]:0", "[::1]:0")
	f("localhost", "")
	f("a:b:c", "")
	f(":99999", "")
}

// The page's server tells how it is, to those who may ask it.
func TestServeHealth(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, write(t, filepath.Join(t.TempDir(), "a.log"), v2))
	at := serve(t, "serve", "--lake", lake).at
	f := func(host, path string, code int, want string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		b, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != code || !strings.Contains(string(b), want) {
			t.Errorf("%s of %q: %d, %v\n%s", path, host, got.StatusCode, err, b)
		}
	}
	f("", "/healthz", 200, "ok")
	f("", "/readyz", 200, "ok")
	f("", "/metrics", 200, "periplus_lake_records 7\n")
	f("", "/metrics", 200, "periplus_lake_lag_seconds ")
	f("evil.example", "/metrics", 403, "")
}
