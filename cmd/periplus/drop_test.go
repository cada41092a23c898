package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/web"
)

// served is a command that serves the page.
type served struct {
	t    *testing.T
	at   string
	push string // where pushed logs are taken; "": nowhere
	// stop ends it as Ctrl-C does and returns its exit code.
	stop func() int
}

func serve(t *testing.T, args ...string) *served {
	t.Helper()
	t.Setenv("PERIPLUS_LAKE", "")
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, &env{in: strings.NewReader(""), out: io.Discard, errOut: out}, append(args, "--addr", "127.0.0.1:0"))
		out.Close()
	}()
	p := &served{t: t}
	both := slices.Contains(args, "--receive")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "http://"); ok {
			at = "http://" + strings.Fields(at)[0]
			if strings.HasPrefix(lines.Text(), "receive ") {
				p.push, _, _ = strings.Cut(at, "/firehose")
			} else {
				p.at = at
			}
		}
		if p.at != "" && (!both || p.push != "") {
			break
		}
	}
	go io.Copy(io.Discard, in)
	ended := false
	p.stop = func() int {
		if ended {
			return 0
		}
		ended = true
		cancel()
		return <-code
	}
	t.Cleanup(func() { p.stop() })
	if p.at == "" {
		t.Fatalf("periplus %v: exit %d, no address", args, p.stop())
	}
	return p
}

func (p *served) ask(method, path, kind string, body io.Reader, to any) int {
	p.t.Helper()
	q, err := http.NewRequestWithContext(p.t.Context(), method, p.at+"/api/v1/"+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	q.Header.Set("Origin", p.at)
	q.Header.Set("Content-Type", kind)
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		p.t.Fatalf("%s %s: %d, %v", method, path, r.StatusCode, err)
	}
	return r.StatusCode
}

func (p *served) get(path string, to any) int { return p.ask("GET", path, "", nil, to) }

// drop drops files, name, text, name, text …, and waits until they were read.
func (p *served) drop(files ...string) web.Job {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + files[i] + `"`}})
		if err == nil {
			_, err = io.WriteString(part, files[i+1])
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		p.t.Fatal(err)
	}
	var j web.Job
	if code := p.ask("POST", "ingest", w.FormDataContentType(), &b, &j); code != http.StatusAccepted {
		p.t.Fatalf("POST ingest: %d", code)
	}
	return p.wait(j)
}

func (p *served) wait(j web.Job) web.Job {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		id := j.ID
		j = web.Job{}
		p.get("ingest/"+id, &j)
		switch j.State {
		case web.JobDone, web.JobFailed, web.JobStopped:
			return j
		}
	}
	p.t.Fatalf("job %s is still %s", j.ID, j.State)
	return j
}

type metaAnswer struct {
	Sources            []web.Source
	Drop, Demo, Views  bool
	Live               bool
	Mark               string
	Extent             *web.Span
	Icons              []struct{ Provider string }
	Error              struct{ Code, Message string }
	DropLimit          int64
	Nodes, Edges, Rows []json.RawMessage
}

func (p *served) meta() metaAnswer {
	p.t.Helper()
	var m metaAnswer
	p.get("meta", &m)
	return m
}

// The first run: an empty page, files dropped on it, answers.
func TestDropOnAnEmptyPage(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	p := serve(t, "map", "--open=false")
	if m := p.meta(); m.Extent != nil || !m.Drop || !m.Demo || m.Views || !m.Live || len(m.Sources) != 0 || m.DropLimit != 4<<30 {
		t.Errorf("an empty page says %+v", m)
	}
	if j := p.drop("what.txt", "nothing\n"); j.State != web.JobFailed || j.Error == nil || !strings.Contains(j.Error.Message, "nothing could be read") || j.Error.Hint == "" ||
		len(j.Problems) != 1 || j.Problems[0].File != "what.txt" {
		t.Errorf("a file that is no log: %+v, %+v", j, j.Error)
	}
	if j := p.drop("empty.log", ""); j.State != web.JobFailed {
		t.Errorf("an empty file: %+v", j)
	}
	j := p.drop("AWSLogs/a.log", v2+"2 1 2\n", "AWSLogs/readme.txt", "hello\n")
	if j.State != web.JobDone || j.Name != "AWSLogs" || j.Records != 7 || j.Bad["columns"] != 1 || j.Failed != 1 || len(j.Problems) != 2 || j.Extent == nil {
		t.Errorf("a good file and another: %+v", j)
	}
	if m := p.meta(); m.Extent == nil || m.Demo || len(m.Sources) != 3 || m.Sources[2].Name != "AWSLogs" || m.Sources[2].Records != 7 {
		t.Errorf("after the drop the page says %+v", m)
	}
	var g struct {
		Totals struct{ Bytes, Denied int64 }
		Edges  []json.RawMessage
	}
	if p.get("graph?level=host", &g); g.Totals.Denied != 1 || g.Totals.Bytes != 5540 || len(g.Edges) != 4 {
		t.Errorf("the map of what was dropped: %d bytes, %d denied, %d edges", g.Totals.Bytes, g.Totals.Denied, len(g.Edges))
	}
	// The same under another name is not counted again.
	if j := p.drop("b.log", v2+"2 1 2\n"); j.State != web.JobDone || j.Skipped != 1 || j.Records != 0 {
		t.Errorf("the same file again: %+v", j)
	}
	if p.get("graph?level=host", &g); g.Totals.Bytes != 5540 {
		t.Errorf("after the same file: %d bytes, want 5540", g.Totals.Bytes)
	}
	var f struct{ Rows []struct{ Object string } }
	if p.get("flows", &f); len(f.Rows) == 0 || !strings.HasPrefix(f.Rows[0].Object, "drop:") || !strings.HasSuffix(f.Rows[0].Object, "/AWSLogs/a.log") {
		t.Errorf("the evidence comes from %+v", f.Rows)
	}
	var e metaAnswer
	if code := p.get("views", &e); code != 404 || e.Error.Code != "temporary" {
		t.Errorf("views of what goes away: %d %s", code, e.Error.Code)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("Ctrl-C: exit %d", code)
	}
	if list, err := os.ReadDir(temp); err != nil || len(list) > 0 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}

// What another process reads into the lake is shown; a view is kept there.
func TestServeIsLive(t *testing.T) {
	lake, dir := filepath.Join(t.TempDir(), "lake"), logs(t)
	cli(t, 0, "ingest", "--lake", lake, dir)
	p := serve(t, "serve", "--lake", lake)
	before := p.meta()
	if !before.Drop || !before.Views || before.Demo || !before.Live || len(before.Sources) != 1 || before.Sources[0].Records != 7 {
		t.Errorf("meta says %+v", before)
	}
	q, err := http.NewRequestWithContext(t.Context(), "GET", p.at+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	marks := make(chan string, 10)
	go func() {
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e struct{ Mark string }
				if err := json.Unmarshal([]byte(d), &e); err == nil && e.Mark != "" {
					marks <- e.Mark
				}
			}
		}
		close(marks)
	}()
	if got := <-marks; got != before.Mark {
		t.Errorf("the stream begins with %q, meta says %q", got, before.Mark)
	}
	write(t, filepath.Join(dir, "b.log"), strings.ReplaceAll(v2, "170000", "170001"))
	cli(t, 0, "ingest", "--lake", lake, dir)
	select {
	case got := <-marks:
		if now := p.meta(); got == before.Mark || got != now.Mark || !now.Extent.To.After(before.Extent.To) {
			t.Errorf("the stream says %q, meta %q up to %v", got, now.Mark, now.Extent.To)
		}
	case <-time.After(30 * time.Second):
		t.Error("the stream says nothing of another process's ingest")
	}
	var v struct {
		Views []struct{ Name, Query string }
	}
	if code := p.ask("PUT", "views/denied%20at%20night", "application/json", strings.NewReader(`{"query":"v=1&show=denied"}`), &v); code != 200 || len(v.Views) != 1 {
		t.Errorf("saving a view: %d %+v", code, v)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("Ctrl-C: exit %d", code)
	}
	for range marks {
		t.Error("the stream goes on after the end")
	}

	p = serve(t, "serve", "--lake", lake, "--read-only")
	var e metaAnswer
	if m := p.meta(); m.Drop || m.Views {
		t.Errorf("a read-only page says %+v", m)
	}
	if code := p.ask("POST", "ingest", "multipart/form-data; boundary=x", strings.NewReader(""), &e); code != 404 || e.Error.Code != "no_drop" {
		t.Errorf("a drop on a read-only page: %d %s", code, e.Error.Code)
	}
	p.stop()
	p = serve(t, "map", "--lake", lake, "--open=false") // no source: the lake itself
	if p.get("views", &v); len(v.Views) != 1 || v.Views[0].Query != "v=1&show=denied" {
		t.Errorf("the view is not kept: %+v", v)
	}
	// What was read by its path is the same when it is dropped.
	if j := p.drop("logs/a.log", v2); j.Skipped != 1 || j.Records != 0 {
		t.Errorf("a file that the lake has from its folder: %+v", j)
	}
}

// A drop into a lake that another process reads into waits for it.
func TestDropWaitsForTheLake(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	cli(t, 0, "ingest", "--lake", lake, logs(t))
	p := serve(t, "serve", "--lake", lake)
	in, out := io.Pipe() // an ingest that goes on until it is closed
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), &env{in: in, out: io.Discard, errOut: io.Discard}, []string{"ingest", "--lake", lake, "-"})
	}()
	if _, err := io.WriteString(out, v2); err != nil {
		t.Fatal(err)
	}
	started := make(chan web.Job, 1)
	go func() { started <- p.drop("new.log", strings.ReplaceAll(v2, "170000", "170002")) }()
	var list struct{ Jobs []web.Job }
	for range 500 {
		p.get("ingest", &list)
		if len(list.Jobs) == 1 && list.Jobs[0].Error != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(list.Jobs) != 1 || list.Jobs[0].Error == nil || list.Jobs[0].Error.Code != "busy" {
		t.Errorf("a drop into a lake in use: %+v", list.Jobs)
	}
	out.Close()
	if code := <-done; code != 0 {
		t.Errorf("the other ingest: exit %d", code)
	}
	if j := <-started; j.State != web.JobDone || j.Error != nil || j.Records != 7 {
		t.Errorf("after the other has ended: %+v, %+v", j, j.Error)
	}
}
