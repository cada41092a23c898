package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// cli runs a command line as a person would and returns what it printed.
func cli(t *testing.T, code int, args ...string) (out, errOut string) {
	t.Helper()
	return cliIn(t, code, "", args...)
}

func cliIn(t *testing.T, code int, in string, args ...string) (string, string) {
	t.Helper()
	t.Setenv("PERIPLUS_LAKE", "")
	var out, errOut bytes.Buffer
	got := run(context.Background(), &env{in: strings.NewReader(in), out: &out, errOut: &errOut}, args)
	if got != code {
		t.Errorf("periplus %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), errOut.String())
	}
	return out.String(), errOut.String()
}

// v2 is an hour of two hosts, logged at both ends, and a stranger who is
// denied. Its true totals are known: see conversations below.
const v2 = `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 111122223333 eni-0a 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0a 10.0.2.20 10.0.1.10 443 50001 6 8 4000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0b 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0b 10.0.2.20 10.0.1.10 443 50001 6 8 4000 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0b 10.0.3.30 10.0.2.20 50009 443 6 3 300 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0a 10.0.1.10 10.0.4.40 50002 5432 6 2 200 1700000000 1700000050 ACCEPT OK
2 111122223333 eni-0b 198.51.100.7 10.0.2.20 40000 22 6 1 40 1700000005 1700000055 REJECT OK
2 111122223333 eni-0b - - - - - - - 1700000060 1700000120 - NODATA
`

// What the summary says is the same on standard error and as JSON, and --quiet
// takes only the first away.
func TestSummaryCountsConversations(t *testing.T) {
	dir := t.TempDir()
	text := logs(t)
	_, said := cli(t, 0, "ingest", "--lake", filepath.Join(dir, "a"), text)
	if !regexp.MustCompile(`(?m)^conversations +4$`).MatchString(said) {
		t.Errorf("the summary does not tell 4 conversations:\n%s", said)
	}
	out, said := cli(t, 0, "ingest", "--quiet", "--json", "--lake", filepath.Join(dir, "b"), text)
	if !strings.Contains(out, `"conversations": 4,`) || said != "" {
		t.Errorf("--quiet --json: %s\n%s\nwant 4 conversations, and nothing else said", out, said)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func logs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log"), v2)
	return dir
}

func TestConversationsCountEachPacketOnce(t *testing.T) {
	out, _ := cli(t, 0, "conversations", "--csv", logs(t))
	var got []string
	for line := range strings.Lines(out) {
		got = append(got, strings.Join(strings.Split(strings.TrimSpace(line), ",")[:9], ","))
	}
	want := []string{
		"client,server,server_port,protocol,verdict,request_packets,request_bytes,response_packets,response_bytes",
		"10.0.1.10,10.0.2.20,443,6,allowed,10,1000,8,4000",
		"10.0.1.10,10.0.4.40,5432,6,allowed,2,200,,",
		"10.0.3.30,10.0.2.20,443,6,allowed,3,300,,",
		"198.51.100.7,10.0.2.20,22,6,denied,1,40,,",
	}
	slices.Sort(got[1:])
	if !slices.Equal(got, want) {
		t.Errorf("conversations\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	out, _ = cli(t, 0, "conversations", "--json", "--filter", "verdict = denied", logs(t))
	var c conversationJSON
	if err := json.Unmarshal([]byte(out), &c); err != nil || c.ResponseBytes != nil || *c.ServerPort != 22 {
		t.Errorf("denied as JSON: %v\n%s", err, out)
	}
}

// A log without a protocol says none: 0 would be one.
func TestProtocolThatNobodyLogged(t *testing.T) {
	text := write(t, filepath.Join(t.TempDir(), "short.log"), `version interface-id srcaddr dstaddr srcport dstport packets bytes start end action log-status
2 eni-0a 10.0.1.10 10.0.2.20 50001 443 10 1000 1700000000 1700000050 ACCEPT OK
`)
	out, _ := cli(t, 0, "conversations", "--json", text)
	if !strings.Contains(out, `"server_port":443,"protocol":null,`) {
		t.Errorf("conversations: %s", out)
	}
	if out, _ = cli(t, 0, "conversations", "--csv", text); !strings.Contains(out, "10.0.1.10,10.0.2.20,443,,allowed") {
		t.Errorf("conversations as CSV: %s", out)
	}
	if out, _ = cli(t, 0, "graph", "--format", "dot", "--group-by", "host", text); !strings.Contains(out, "unknown/443") {
		t.Errorf("graph: %s", out)
	}
}

func TestIngestReadsOnlyWhatIsNew(t *testing.T) {
	dir, lake := logs(t), filepath.Join(t.TempDir(), "lake")
	_, first := cli(t, 0, "ingest", "--lake", lake, dir)
	if !strings.Contains(first, "1 read, 0 unchanged") || !strings.Contains(first, "records        7") {
		t.Errorf("the first ingest says\n%s", first)
	}
	totals := func() string {
		out, _ := cli(t, 0, "top", "--lake", lake, "--group-by", "verdict", "--csv")
		return out
	}
	before := totals()
	if !strings.Contains(before, "allowed,5500,") {
		t.Errorf("totals %s, want 5500 bytes allowed", before)
	}
	_, second := cli(t, 0, "ingest", "--lake", lake, dir)
	if !strings.Contains(second, "0 read, 1 unchanged") {
		t.Errorf("the second ingest says\n%s", second)
	}
	if after := totals(); after != before {
		t.Errorf("totals %s became %s", before, after)
	}
	// A changed file replaces its rows.
	write(t, filepath.Join(dir, "a.log"), strings.Replace(v2, " 3 300 ", " 5 900 ", 1))
	cli(t, 0, "ingest", "--lake", lake, dir)
	if after := totals(); !strings.Contains(after, "allowed,6100,") {
		t.Errorf("totals after the file changed: %s, want 6100 bytes allowed", after)
	}
	for _, args := range [][]string{{"info"}, {"info", "--json"}, {"compact"}, {"expire", "--keep", "0s"}, {"rebuild"}} {
		cli(t, 0, append(append([]string{"lake"}, args...), "--lake", lake)...)
	}
	if after := totals(); !strings.Contains(after, "allowed,6100,") {
		t.Errorf("totals after compact, expire and rebuild: %s, want 6100 bytes allowed", after)
	}
	out, _ := cli(t, 0, "sql", "--lake", lake, "--csv", "SELECT count(*) AS n FROM flows")
	if out != "n\n5\n" {
		t.Errorf("sql prints %q", out)
	}
	cli(t, 1, "sql", "--lake", lake, "SELECT * FROM read_csv('/etc/passwd')")
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	for range 2000 {
		if _, err := z.Write([]byte(v2)); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	f := func(name, text string, code int, says ...string) {
		t.Helper()
		sub := filepath.Join(dir, name)
		write(t, filepath.Join(sub, name+".log"), text)
		lake := filepath.Join(dir, "lake-"+name)
		_, errOut := cli(t, code, "ingest", "--lake", lake, sub)
		for _, s := range says {
			if !strings.Contains(errOut, s) {
				t.Errorf("%s: no %q in\n%s", name, s, errOut)
			}
		}
	}
	if _, errOut := cli(t, 1, "ingest", "--lake", filepath.Join(dir, "l"), empty); !strings.Contains(errOut, "no flow logs") || !strings.Contains(errOut, "periplus formats") {
		t.Errorf("an empty folder: %s", errOut)
	}
	if _, errOut := cli(t, 1, "ingest", "--lake", filepath.Join(dir, "l"), filepath.Join(dir, "gone")); !strings.Contains(errOut, "no such file") || !strings.Contains(errOut, "check the path") {
		t.Errorf("a folder that is not there: %s", errOut)
	}
	f("prose", "Dear reader,\nthis is no log at all, but some lines of prose.\n", 1, "unknown log format", "periplus formats")
	f("junk", string([]byte{0, 1, 2, 3, 0xff, 0xfe, 0, 9, 0x7f, 'E', 'L', 'F'}), 1, "failed")
	f("cut", string(zip.Bytes()[:zip.Len()/2]), 0, "1 ended early", "partly")
	f("columns", v2+"2 1 2 3\n", 0, "bad lines      1 (columns=1)", "columns.log:10: columns")
	f("port", strings.Replace(v2, " 50002 5432 ", " 50002 70000 ", 1), 0, "range=1", "port.log:7")
	f("protocol", strings.Replace(v2, " 5432 6 ", " 5432 8080 ", 1), 0, "range=1")
	f("time", strings.Replace(v2, "1700000005 1700000055", "5 6", 1), 0, "time=1", "time.log:8")
	f("version", "version srcaddr dstaddr new-in-99 start end action log-status\n99 10.0.0.1 10.0.0.2 x 1700000000 1700000050 ACCEPT OK\n", 0, "1 unknown column kept: new-in-99")
	// Of these not one line could be read, so nothing was.
	f("short", "2 1 2 3\n", 1, "nothing could be read")
	f("allbad", v2[:strings.Index(v2, "\n")+1]+"2 1 2 3\n", 1, "bad lines      1 (columns=1)", "nothing could be read", "--aws-format")
	f("header", v2[:strings.Index(v2, "\n")+1], 0)
	f("nothing", "", 0)
	f("cutshort", string(zip.Bytes()[:12]), 1, "failed")
	// What could not be read for want of its columns is read when they are named.
	custom := `{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"1","timestamp":1700000000000,"message":"2 eni-0a 10.0.1.10 10.0.2.20"}]}`
	f("custom", custom, 1, "bad lines      1 (columns=1)", "--aws-format")
	if _, said := cli(t, 0, "ingest", "--lake", filepath.Join(dir, "lake-custom"), "--aws-format", "${version} ${interface-id} ${srcaddr} ${dstaddr}", filepath.Join(dir, "custom")); !strings.Contains(said, "1 read, 0 unchanged") {
		t.Errorf("with its columns: %s", said)
	}
	_, errOut := cli(t, 3, "ingest", "--strict", "--lake", filepath.Join(dir, "lake-strict"), filepath.Join(dir, "columns"))
	if !strings.Contains(errOut, "--strict") {
		t.Errorf("--strict says %s", errOut)
	}
	// One bad file among good ones stops nothing.
	write(t, filepath.Join(dir, "mixed", "good.log"), v2)
	write(t, filepath.Join(dir, "mixed", "bad.log"), "nothing\n")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "mixed", "link.log")); err != nil {
		t.Fatal(err)
	}
	if _, errOut := cli(t, 0, "ingest", "--lake", filepath.Join(dir, "lake-mixed"), filepath.Join(dir, "mixed")); !strings.Contains(errOut, "1 read, 0 unchanged since the last time, 2 failed") {
		t.Errorf("one good file of three: %s", errOut)
	}
}

func TestWrongUsage(t *testing.T) {
	dir := logs(t)
	for _, args := range [][]string{
		{"ingest", dir}, {"nonsense"}, {"map", "--demo", dir}, {"map", "--max-drop", "much"}, {"serve"}, {"top", "--what"}, {"top"}, {"digest"},
		{"top", dir, "--filter", "prot = 3 and"}, {"top", dir, "--from", "yesterdayish"}, {"graph", dir, "--format", "gif"}, {"graph", dir, "--compat", "x"},
		{"map", dir, "--addr", "0.0.0.0:7070"}, {"top", dir, "--json", "--csv"}, {"explain"}, {"formats", "x"}, {"graph", dir, "--group-by", "planet"},
		{"digest", "--format", "x", dir}, {"top", dir, "--group-by", "taste"}, {"top", dir, "--memory", "lots"}, {"top", dir, "--memory", "1MiB"}, {"top", dir, "--metric", "taste"},
	} {
		if _, errOut := cli(t, 2, args...); !strings.HasPrefix(errOut, "periplus: ") {
			t.Errorf("periplus %v says %q", args, errOut)
		}
	}
	if _, errOut := cli(t, 2, "top", dir, "--filter", "verdict = denyed"); !strings.Contains(errOut, "^") || !strings.Contains(errOut, "denied") {
		t.Errorf("a wrong filter says\n%s", errOut)
	}
}

func TestStdin(t *testing.T) {
	out, _ := cliIn(t, 0, v2, "top", "-", "--group-by", "verdict", "--csv")
	if !strings.Contains(out, "allowed,5500,") {
		t.Errorf("top of stdin:\n%s", out)
	}
	body := v2[strings.Index(v2, "\n")+1:]
	var custom strings.Builder
	for line := range strings.Lines(body) {
		c := strings.Fields(line)
		custom.WriteString(strings.Join([]string{c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[2]}, " ") + "\n")
	}
	out, _ = cliIn(t, 0, custom.String(), "top", "-", "--group-by", "verdict", "--csv", "--aws-format",
		"${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${interface-id}")
	if !strings.Contains(out, "allowed,5500,") {
		t.Errorf("top of stdin with --aws-format:\n%s", out)
	}
}

func TestGraph(t *testing.T) {
	dir := logs(t)
	for _, format := range []string{"dot", "json", "csv", "graphml", "mermaid", "viewer"} {
		out, errOut := cli(t, 0, "graph", "--format", format, "--group-by", "host", "--top", "2", dir)
		if !strings.Contains(out, "10.0.2.20") || !strings.Contains(errOut, "left out 2 edges") {
			t.Errorf("%s:\n%s%s", format, out, errOut)
		}
		again, _ := cli(t, 0, "graph", "--format", format, "--group-by", "host", "--top", "2", dir)
		if again != out {
			t.Errorf("%s: another run gives another file", format)
		}
	}
	out, _ := cli(t, 0, "graph", "--compat", "govpc", dir)
	if !strings.Contains(out, `n100110 -> n100220 [govpc_accountID="111122223333" govpc_eniID="eni-0a"`) || strings.Count(out, " -> ") != 7 {
		t.Errorf("govpc:\n%s", out)
	}
	var viewer struct {
		Nodes []string
		Edges []struct {
			Src, Dst string
			Count    int
		}
	}
	out, _ = cli(t, 0, "graph", "--compat", "viewer", "--min-records", "1", dir)
	if err := json.Unmarshal([]byte(out), &viewer); err != nil || len(viewer.Nodes) != 5 || viewer.Edges[0].Src != "10.0.2.20" {
		t.Errorf("viewer: %v\n%s", err, out)
	}
}

func TestSQLIsPrinted(t *testing.T) {
	dir := logs(t)
	for _, args := range [][]string{{"top"}, {"flows"}, {"conversations"}, {"graph"}} {
		out, _ := cli(t, 0, append(args, "--sql", "--filter", "server.ip = 10.0.2.20", dir)...)
		if !strings.Contains(out, "SELECT") || strings.Contains(out, "?") || !strings.Contains(out, "10.0.2.20") {
			t.Errorf("%v --sql prints\n%s", args, out)
		}
	}
}

func TestFlowsLeadToTheirFile(t *testing.T) {
	dir := logs(t)
	out, _ := cli(t, 0, "flows", "--json", "--filter", "verdict = denied", dir)
	var row map[string]any
	if err := json.Unmarshal([]byte(out), &row); err != nil || row["client"] != "198.51.100.7" || !strings.HasSuffix(row["uri"].(string), "/a.log") || row["response_bytes"] != nil {
		t.Errorf("flows: %v\n%s", err, out)
	}
}

func TestExplainAndFormats(t *testing.T) {
	out, _ := cli(t, 0, "explain", "2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 REJECT OK")
	for _, want := range []string{"verdict: denied\n", "srcaddr", "10.0.1.10", "what it does not say"} {
		if !strings.Contains(out, want) {
			t.Errorf("explain says no %q:\n%s", want, out)
		}
	}
	if _, errOut := cli(t, 1, "explain", "hello there"); !strings.Contains(errOut, "unknown log format") || !strings.Contains(errOut, "--aws-format") {
		t.Errorf("explain of prose: %s", errOut)
	}
	if _, errOut := cli(t, 1, "explain", "2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 70000 6 10 1000 1700000000 1700000060 REJECT OK"); strings.Contains(errOut, "--aws-format") || !strings.Contains(errOut, "dstport") {
		t.Errorf("explain of a port out of range: %s", errOut)
	}
	var list []struct{ Name, About string }
	out, _ = cli(t, 0, "formats", "--json", "aws-text")
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 1 || list[0].Name != "aws-text" || !strings.Contains(out, `"fields": [`) {
		t.Errorf("formats as JSON: %v\n%s", err, out)
	}
	out, _ = cli(t, 0, "formats")
	for _, want := range []string{"aws-text", "azure", "gcp"} {
		if !strings.Contains(out, want) {
			t.Errorf("formats lists no %s:\n%s", want, out)
		}
	}
}

func TestVersionCompletionMan(t *testing.T) {
	out, _ := cli(t, 0, "version", "--json")
	var v map[string]string
	if err := json.Unmarshal([]byte(out), &v); err != nil || !strings.HasPrefix(v["duckdb"], "v1.") || v["go"] == "" {
		t.Errorf("version: %v\n%s", err, out)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out, _ := cli(t, 0, "completion", shell); len(out) < 500 {
			t.Errorf("completion %s prints %d bytes", shell, len(out))
		}
	}
	for flag, want := range map[string]string{"graph --format": "graphml", "graph --group-by": "subnet", "top --group-by": "client.service", "map --log-format": "azure-nsg", "flows --show": "dropped"} {
		if out, _ := cli(t, 0, append(append([]string{"__complete"}, strings.Fields(flag)...), "")...); !strings.Contains(out, want) {
			t.Errorf("%s completes to\n%s", flag, out)
		}
	}
	dir := t.TempDir()
	cli(t, 0, "man", dir)
	if _, err := os.Stat(filepath.Join(dir, "periplus-ingest.1")); err != nil {
		t.Error(err)
	}
}

// A statement without a row still says its columns.
func TestSQLSaysItsColumns(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, logs(t))
	out, _ := cli(t, 0, "sql", "--lake", lake, "--csv", "SELECT client, server FROM flows WHERE client = 'nobody'")
	if want := "client,server\n"; out != want {
		t.Errorf("sql prints %q, want %q", out, want)
	}
	_, said := cli(t, 0, "lake", "rebuild", "--lake", lake)
	if !strings.Contains(said, "objects    1 rows made anew") {
		t.Errorf("lake rebuild says %q", said)
	}
}

// A log of empty windows is told from a lake that was never filled.
func TestNoTrafficSaysWhy(t *testing.T) {
	dir := t.TempDir()
	lines := strings.SplitAfter(v2, "\n")
	write(t, filepath.Join(dir, "a.log"), lines[0]+lines[len(lines)-2])
	if _, said := cli(t, 1, "top", dir); !strings.Contains(said, "the logs hold no record of traffic") {
		t.Errorf("top says %q", said)
	}
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, dir)
	if _, said := cli(t, 1, "top", "--lake", lake); !strings.Contains(said, "the lake holds no traffic") {
		t.Errorf("top --lake says %q", said)
	}
}

// A digest says of its input what ingest says, and writes rows as the questions
// do.
func TestDigestSays(t *testing.T) {
	dir := t.TempDir()
	name := write(t, filepath.Join(dir, "future.log"), "version srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status new-in-99\n"+
		"99 10.0.0.1 10.0.0.2 50000 443 6 1 40 1700000000 1700000050 ACCEPT OK x\n2 1 2\n")
	out, said := cli(t, 3, "digest", "--json", "--strict", name)
	var row struct {
		Server       string
		RequestBytes int64  `json:"request_bytes"`
		Response     *int64 `json:"response_bytes"`
	}
	if err := json.Unmarshal([]byte(out), &row); err != nil || row.Server != "10.0.0.2" || row.RequestBytes != 40 || row.Response != nil {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
	for _, want := range []string{"1 unknown column kept: new-in-99, 1 value\n", "bad lines      1 (columns=1)", "future.log:3: columns", "--strict"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says nothing of %q:\n%s", want, said)
		}
	}
	if out, _ = cli(t, 0, "digest", "--csv", "--quiet", name); strings.Count(out, "\n") != 2 || !strings.HasPrefix(out, "bucket,first_seen,") {
		t.Errorf("as CSV:\n%s", out)
	}
	cli(t, 3, "digest", "--strict", "--format", "v2", name)
	cli(t, 3, "graph", "--strict", "--compat", "govpc", name)
	cli(t, 2, "digest", "--json", "--csv", name)
	cli(t, 2, "digest", "--json", "--format", "v2", name)
	cli(t, 2, "digest", "--aws-format", "${what} ${ever}", name)
	cli(t, 1, "digest", write(t, filepath.Join(dir, "bad.log"), "2 1 2\n"))
}

// An error that quotes what is foreign gives a terminal no orders.
func TestErrorsAreText(t *testing.T) {
	_, said := cli(t, 1, "digest", filepath.Join(t.TempDir(), "\x1b[31mred\x07\u202egnp"))
	if strings.ContainsAny(said, "\x1b\x07\u202e") || !strings.Contains(said, "red") {
		t.Errorf("said %q", said)
	}
	if _, said = cli(t, 2, "top", t.TempDir(), "--filter", "port = \"\x1b]0;x\x07"); strings.ContainsAny(said, "\x1b\x07") || strings.Count(said, "\n") < 3 {
		t.Errorf("said %q", said)
	}
}

// Hours are times in every answer, and sums say of how many records they know
// nothing.
func TestTopSays(t *testing.T) {
	dir := t.TempDir()
	name := write(t, filepath.Join(dir, "a.log"), "version srcaddr dstaddr srcport dstport protocol start end action\n"+
		"2 10.0.0.1 10.0.0.2 50000 443 6 1700000000 1700000050 REJECT\n")
	for _, as := range []string{"--json", "--csv", "--quiet"} {
		out, said := cli(t, 0, "top", "--group-by", "hour", as, name)
		if !strings.Contains(out, "2023-11-14T22:00:00Z") {
			t.Errorf("%s: no time of the hour in\n%s", as, out)
		}
		if want := "1 record without packets and bytes"; as == "--quiet" && !strings.Contains(said, want) {
			t.Errorf("it says %q, want %q", said, want)
		}
		if want := `"unmeasured_records": 1`; as == "--json" && !strings.Contains(out, want) {
			t.Errorf("%s without %s", out, want)
		}
	}
	if _, said := cli(t, 2, "conversations", name, "--group-by", "port"); !strings.Contains(said, "periplus top --group-by") {
		t.Errorf("--group-by of conversations: %s", said)
	}
	lake := filepath.Join(dir, "lake")
	cli(t, 0, "ingest", "--lake", lake, name)
	const formula = "SELECT '=1+1' AS f, -5 AS n"
	if out, _ := cli(t, 0, "sql", "--lake", lake, formula); out != "f\tn\n=1+1\t-5\n" {
		t.Errorf("for people: %q", out)
	}
	if out, _ := cli(t, 0, "sql", "--csv", "--lake", lake, formula); out != "f,n\n'=1+1,-5\n" {
		t.Errorf("for a sheet: %q", out)
	}
}
