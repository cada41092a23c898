package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/periplus/periplus/periplus"
)

// TestMain lets a test start the command as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("PERIPLUS_TEST_MAIN") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// A reader that has seen enough (| head) ends the command, and what was
// temporary is gone.
func TestClosedPipeLeavesNothing(t *testing.T) {
	dir, temp := logs(t), t.TempDir()
	var many strings.Builder
	many.WriteString(v2)
	for i := range 5000 {
		many.WriteString("2 111122223333 eni-0a 10.0.1.10 10.7." + strconv.Itoa(i/250) + "." + strconv.Itoa(i%250) + " 50001 443 6 10 1000 1700000000 1700000050 ACCEPT OK\n")
	}
	write(t, filepath.Join(dir, "b.log"), many.String())
	cmd := exec.Command(os.Args[0], "conversations", dir)
	cmd.Env = append(os.Environ(), "PERIPLUS_TEST_MAIN=1", "TMPDIR="+temp, "PERIPLUS_LAKE=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReaderSize(out, 64).ReadString('\t')
	if err != nil || line != "client\t" {
		t.Errorf("the first word is %q, %v", line, err)
	}
	out.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("ends with %v, want exit 0", err)
	}
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestInterruptWhileStdinWaits(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, stop := context.WithCancel(t.Context())
	s := &stoppable{ctx: ctx, in: in}
	go func() {
		_, _ = out.Write([]byte("ab")) // the read below says whether it came
		time.Sleep(10 * time.Millisecond)
		stop()
	}()
	got, err := io.ReadAll(s)
	if string(got) != "ab" || !errors.Is(err, context.Canceled) {
		t.Errorf("read %q, %v; want ab and canceled", got, err)
	}
}

func TestStdinComesWhole(t *testing.T) {
	want := strings.Repeat("0123456789abcdef", 100_000)
	if err := iotest.TestReader(&stoppable{ctx: t.Context(), in: strings.NewReader(want)}, []byte(want)); err != nil {
		t.Error(err)
	}
}

func TestLogsCannotSteerTheTerminal(t *testing.T) {
	evil := "\x1b[31m\u202e\u009b1m"
	log := write(t, filepath.Join(t.TempDir(), "a.log"), "version vpc-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action flow-direction log-status\n"+
		"5 vpc-"+evil+" eni-"+evil+" 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000050 ACCEPT egress OK\n")
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, log)
	for _, args := range [][]string{{"conversations"}, {"flows"}, {"top", "-g", "client.network"}, {"sql", "SELECT network, interface FROM flows"}} {
		out, errOut := cli(t, 0, append(args, "--lake", lake)...)
		if !strings.Contains(out, "vpc-") {
			t.Errorf("%v shows no network:\n%s", args, out)
		}
		if strings.ContainsAny(out+errOut, "\x1b\u202e\u009b") {
			t.Errorf("%v passes control characters on: %q", args, out)
		}
	}
}

func TestGraphTakesJSONAndCSVAsOthersDo(t *testing.T) {
	dir := logs(t)
	if out, _ := cli(t, 0, "graph", "--json", dir); !strings.HasPrefix(out, "{") {
		t.Errorf("--json gives\n%s", out)
	}
	if out, _ := cli(t, 0, "graph", "--csv", dir); !strings.HasPrefix(out, "source_id,") {
		t.Errorf("--csv gives\n%s", out)
	}
	cli(t, 2, "graph", "--json", "--format", "dot", dir)
	cli(t, 2, "graph", "--json", "--csv", dir)
	cli(t, 2, "graph", "--compat", "govpc", "--from", "2026-01-01", dir)
	if out, _ := cli(t, 1, "graph", "--compat", "govpc", "--glob", "*.gz", dir); out != "" {
		t.Errorf("--glob is not heeded by --compat govpc:\n%s", out)
	}
	cli(t, 2, "ingest", "--workers", "-1", "--lake", filepath.Join(t.TempDir(), "l"), dir)
}

// What DuckDB says of its memory is advice for DuckDB's users.
func TestOutOfMemorySaysWhatToDo(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, logs(t))
	_, errOut := cli(t, 1, "sql", "--lake", lake, "--memory", "64MiB", "SELECT max(len(l)) FROM (SELECT list(i) AS l FROM range(20000000) AS t(i))")
	if !strings.Contains(errOut, "--memory 2GiB") || strings.Contains(errOut, "SET threads") {
		t.Errorf("out of memory says\n%s", errOut)
	}
}

// What has no line in a digest of version 2 is said.
func TestDigestV2SaysWhatItLeavesOut(t *testing.T) {
	dir := t.TempDir()
	const denied = `{"insertId":"a","logName":"projects/p1/logs/compute.googleapis.com%2Ffirewall","timestamp":"2026-05-01T10:00:05Z","jsonPayload":{"connection":{"protocol":6,"src_ip":"198.51.100.7","src_port":51000,"dest_ip":"10.1.0.2","dest_port":22},"disposition":"DENIED","rule_details":{"reference":"network:n/firewall:r","direction":"INGRESS"},"instance":{"project_id":"p1","vm_name":"web-1"}}}`
	if err := os.WriteFile(filepath.Join(dir, "firewall.json"), []byte(denied+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, errOut := cli(t, 0, "digest", "--format", "v2", dir); out != "" || !strings.Contains(errOut, "no line tells of 1 of the records") {
		t.Errorf("a firewall's entry gives %q and %q", out, errOut)
	}
	if out, errOut := cli(t, 0, "digest", "--format", "v2", logs(t)); out == "" || strings.Contains(errOut, "no line") {
		t.Errorf("AWS records give %q and %q", out, errOut)
	}
}

// --memory binds the heap too, but for who sets a limit of his own.
func TestMemoryBindsTheHeap(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	cli(t, 0, "digest", "--memory", "300MiB", logs(t))
	if got := debug.SetMemoryLimit(-1); got != 300<<20 {
		t.Errorf("digest --memory 300MiB: the heap's limit is %d bytes", got)
	}
	cli(t, 0, "top", "--memory", "200MiB", logs(t))
	if got := debug.SetMemoryLimit(-1); got != 200<<20 {
		t.Errorf("top --memory 200MiB: the heap's limit is %d bytes", got)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	cli(t, 0, "top", "--memory", "100MiB", logs(t))
	if got := debug.SetMemoryLimit(-1); got != 200<<20 {
		t.Errorf("with GOMEMLIMIT set, --memory makes the limit %d bytes", got)
	}
}

func TestSQLWritesEveryNumberAsJSON(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, logs(t))
	out, _ := cli(t, 0, "sql", "--lake", lake, "--json", "SELECT 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b, 1.5::DOUBLE AS c")
	if want := "{\"a\":null,\"b\":null,\"c\":1.5}\n"; out != want {
		t.Errorf("got %s, want %s", out, want)
	}
}

// A log with more unknown columns than are named says so.
func TestSummaryOfManyColumns(t *testing.T) {
	var stats periplus.Stats
	for i := range periplus.MaxUnknown + 2 {
		stats.AddUnknown(fmt.Sprintf("made-up-%d", i), 1)
	}
	var said strings.Builder
	printStats(&env{errOut: &said}, &stats)
	if got := strings.Count(said.String(), "1 unknown column kept: made-up-"); got != periplus.MaxUnknown {
		t.Errorf("%d columns are named; want %d", got, periplus.MaxUnknown)
	}
	if want := "more than 100 unknown columns kept: 2 values of those not named here\n"; !strings.Contains(said.String(), want) {
		t.Errorf("it does not say %q:\n%s", want, said.String())
	}
}

// Who may not write where the lake should be is told to look elsewhere.
func TestLakeWhereNothingCanBeMade(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	_, said := cli(t, 1, "ingest", "--lake", filepath.Join(file, "lake"), logs(t))
	if !strings.Contains(said, "make the lake") || !strings.Contains(said, "give a folder that can be written") {
		t.Errorf("it says\n%s", said)
	}
}
