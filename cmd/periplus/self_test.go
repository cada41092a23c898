package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/own"
)

// TestExcludeSelf: what a run reads from a real store is left out by the next
// run when its log records come, and nothing else is.
func TestExcludeSelf(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *servers.Store{"s3": servers.S3, "gs": servers.GCS, "azblob": servers.Azure} {
		t.Run(name, func(t *testing.T) { excludeSelf(t, start(t)) })
	}
}

func excludeSelf(t *testing.T, s *servers.Store) {
	s.Put("a.log", v2)
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	_, said := cli(t, 0, "ingest", "--exclude-self", "--lake", lake, s.With("a.log"))
	if strings.Contains(said, "own traffic") {
		t.Errorf("the first run has nothing to leave out:\n%s", said)
	}
	files, err := filepath.Glob(filepath.Join(lake, "own", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the book has %v, %v; want one file", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var conns []own.Conn
	if err := json.Unmarshal(text, &conns); err != nil || len(conns) == 0 {
		t.Fatalf("the book: %v\n%s", err, text)
	}
	// The flow log of the network in which that happened, with another process's
	// connection to the same store at the same time.
	log := v2[:strings.Index(v2, "\n")+1]
	line := func(c own.Conn, from, to any, fromPort, toPort uint16, bytes int) {
		log += fmt.Sprintf("2 111122223333 eni-0a %v %v %d %d 6 10 %d %d %d ACCEPT OK\n", from, to, fromPort, toPort, bytes, c.First.Unix(), c.Last.Unix()+1)
	}
	for _, c := range conns {
		if c.Remote.String() != s.Addr {
			t.Errorf("a connection to %s is in the book, the store is %s", c.Remote, s.Addr)
		}
		line(c, c.Local.Addr(), c.Remote.Addr(), c.Local.Port(), c.Remote.Port(), 1000)
		line(c, c.Remote.Addr(), c.Local.Addr(), c.Remote.Port(), c.Local.Port(), 50000)
	}
	line(conns[0], "10.0.0.77", conns[0].Remote.Addr(), conns[0].Local.Port(), conns[0].Remote.Port(), 777)
	s.Put("b.log", log)
	plain := filepath.Join(dir, "plain")
	_, said = cli(t, 0, "ingest", "--lake", plain, s.With("b.log"))
	all := fmt.Sprint(777 + 51000*len(conns))
	if out, _ := cli(t, 0, "sql", "--lake", plain, "--csv", "SELECT sum(request_bytes) + coalesce(sum(response_bytes), 0) AS n FROM flows"); out != "n\n"+all+"\n" || strings.Contains(said, "own traffic") {
		t.Errorf("without the flag %s bytes are read, want %s\n%s", out, all, said)
	}
	if _, err := os.Stat(filepath.Join(plain, "own")); err == nil {
		t.Error("without the flag a book is kept")
	}
	_, said = cli(t, 0, "ingest", "--exclude-self", "--lake", lake, s.With("b.log"))
	want := fmt.Sprintf("own traffic    %s, %d", several(int64(2*len(conns)), "record"), 51*len(conns))
	if !strings.Contains(said, want) || !strings.Contains(said, "with "+s.Addr+" left out") {
		t.Errorf("the second run says\n%s\nwithout %q", said, want)
	}
	count := func(who string) string {
		out, _ := cli(t, 0, "sql", "--lake", lake, "--csv", fmt.Sprintf("SELECT count(*) AS n FROM flows WHERE server = '%s' AND client = '%s'", conns[0].Remote.Addr(), who))
		return strings.TrimSpace(strings.TrimPrefix(out, "n\n"))
	}
	if own, other := count(conns[0].Local.Addr().String()), count("10.0.0.77"); own != "0" || other != "1" {
		t.Errorf("of the traffic with the store %s rows are Periplus's own and %s another's, want 0 and 1", own, other)
	}
	js, _ := cli(t, 0, "ingest", "--exclude-self", "--json", "--lake", filepath.Join(dir, "third"), s.With("a.log"))
	var sum struct {
		Own []ownJSON `json:"excluded_own"`
	}
	if err := json.Unmarshal([]byte(js), &sum); err != nil || sum.Own == nil || len(sum.Own) != 0 {
		t.Errorf("as JSON: %v\n%s", err, js)
	}
}

// TestWatchExcludesSelf: what a watch reads while it runs is left out when its
// logs come, and it says so at the end.
func TestWatchExcludesSelf(t *testing.T) {
	s := servers.S3(t)
	s.Put("a.log", v2)
	lake := filepath.Join(t.TempDir(), "lake")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, &env{in: strings.NewReader(""), out: io.Discard, errOut: &said},
			[]string{"watch", "--exclude-self", "--flows-only", "--every", "200ms", "--commit-every", "100ms", "--lake", lake, s.Bucket})
	}()
	var conns []own.Conn
	until(t, "the book is written", func() bool {
		files, _ := filepath.Glob(filepath.Join(lake, "own", "*.json"))
		if len(files) == 0 {
			return false
		}
		text, err := os.ReadFile(files[0])
		return err == nil && json.Unmarshal(text, &conns) == nil && len(conns) > 0
	})
	c := conns[0]
	s.Put("b.log", v2[:strings.Index(v2, "\n")+1]+fmt.Sprintf("2 111122223333 eni-0a %v %v %d %d 6 10 1000 %d %d ACCEPT OK\n",
		c.Local.Addr(), c.Remote.Addr(), c.Local.Port(), c.Remote.Port(), c.First.Unix(), c.First.Unix()+1))
	until(t, "both objects are read", func() bool {
		out, _ := cli(t, 0, "sql", "--lake", lake, "--csv", "SELECT count(*) AS n FROM objects WHERE state = 'read'")
		return out == "n\n2\n"
	})
	stop()
	if code := <-done; code != 0 {
		t.Errorf("watch ends with %d", code)
	}
	if want := "own traffic left out"; !strings.Contains(said.String(), want) || !strings.Contains(said.String(), "records=1 bytes=1000") {
		t.Errorf("watch says\n%s\nwithout %q", said.String(), want)
	}
	if out, _ := cli(t, 0, "sql", "--lake", lake, "--csv", "SELECT count(*) AS n FROM flows WHERE server = '127.0.0.1' OR client = '127.0.0.1'"); out != "n\n0\n" {
		t.Errorf("rows of its own traffic: %s", out)
	}
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !f(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}
