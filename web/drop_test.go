package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// form is a form with files: name, text, name, text …
func form(t *testing.T, files ...string) (kind string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + files[i] + `"`}, "Content-Type": {"application/octet-stream"}}
		p, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(p, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func post(t *testing.T, s *Server, files ...string) *http.Response {
	t.Helper()
	kind, body := form(t, files...)
	return change(t, s, "POST", "/api/v1/ingest", string(body), func(r *http.Request) { r.Header.Set("Content-Type", kind) })
}

// dropper is a server whose drops are read by f.
func dropServer(t *testing.T, f func(context.Context, *Dropped, Tell) error) *Server {
	s := server()
	s.Drop = Drop{Read: f, Limit: 1 << 20, Temp: t.TempDir()}
	return s
}

// jobIs waits for a job's state.
func jobIs(t *testing.T, s *Server, id, state string) Job {
	t.Helper()
	var j Job
	for range 1000 {
		r := get(t, s, "/api/v1/ingest/"+id)
		if err := json.NewDecoder(r.Body).Decode(&j); err != nil || r.StatusCode != 200 {
			t.Fatalf("job %s: %d, %v", id, r.StatusCode, err)
		}
		if j.State == state {
			return j
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("job %s is %s, want %s: %+v", id, j.State, state, j.Error)
	return j
}

func left(t *testing.T, s *Server) {
	t.Helper()
	for range 400 {
		list, err := os.ReadDir(s.Drop.Temp)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the temporary folder is not empty")
}

func TestDrop(t *testing.T) {
	var got []string
	s := dropServer(t, func(_ context.Context, d *Dropped, tell Tell) error {
		for i := range d.Files {
			in, err := d.Open(&d.Files[i])
			if err != nil {
				return err
			}
			b, err := io.ReadAll(in)
			if err = errors.Join(err, in.Close()); err != nil {
				return err
			}
			got = append(got, d.Files[i].Name+"="+string(b))
		}
		tell(func(j *Job) { j.State, j.Done, j.Records, j.Bad = JobMerging, 4, 9, map[string]int64{"columns": 2} })
		return nil
	})
	r := post(t, s, "AWSLogs/1/x.log", "one", "AWSLogs/2/x.log", "two", "AWSLogs/1/x.log", "three", "AWSLogs/ü <b>.log", "four")
	var j Job
	if err := json.NewDecoder(r.Body).Decode(&j); err != nil || r.StatusCode != http.StatusAccepted || j.Name != "AWSLogs" || j.State != JobQueued {
		t.Fatalf("%d %+v, %v", r.StatusCode, j, err)
	}
	if j = jobIs(t, s, j.ID, JobDone); j.Records != 9 || j.Bad["columns"] != 2 {
		t.Errorf("the job ended as %+v", j)
	}
	if want := []string{"AWSLogs/1/x.log=one", "AWSLogs/2/x.log=two", "AWSLogs/1/x.log=three", "AWSLogs/ü <b>.log=four"}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	left(t, s)
	var m struct{ Sources []Source }
	if err := json.NewDecoder(get(t, s, "/api/v1/meta").Body).Decode(&m); err != nil || len(m.Sources) != 1 || m.Sources[0] != (Source{Name: "AWSLogs", State: "ok", Objects: 4, Records: 9, Bad: 2}) {
		t.Errorf("meta's sources: %+v, %v", m.Sources, err)
	}
	var list struct{ Jobs []Job }
	if err := json.NewDecoder(get(t, s, "/api/v1/ingest").Body).Decode(&list); err != nil || len(list.Jobs) != 1 {
		t.Errorf("jobs: %+v, %v", list, err)
	}
}

func TestDropRefuses(t *testing.T) {
	s := dropServer(t, func(context.Context, *Dropped, Tell) error { t.Error("what was refused is read"); return nil })
	f := func(r *http.Response, status int, code string) {
		t.Helper()
		if got, message, _, _ := problemOf(t, r); r.StatusCode != status || got != code || message == "" {
			t.Errorf("%d %s %q, want %d %s", r.StatusCode, got, message, status, code)
		}
		left(t, s)
	}
	for _, name := range []string{"../x", "a/../../x", `a\..\..\x`, "..", "/etc/passwd", `\x`, `C:\x`, "", ".", "a/\xffb", strings.Repeat("a/", 60) + "b", strings.Repeat("a", 300)} {
		f(post(t, s, "good.log", "x", name, "y"), 400, "name")
	}
	f(post(t, s), 400, "usage")
	f(post(t, s, "a/\x01b", "x"), 400, "usage") // no browser sends such a header
	f(post(t, s, "a", strings.Repeat("x", 1<<20)), 413, "too_large")
	f(change(t, s, "POST", "/api/v1/ingest", `{}`), 415, "type")
	kind, body := form(t, "a", "x")
	f(change(t, s, "POST", "/api/v1/ingest", string(body[:len(body)-20]), func(r *http.Request) { r.Header.Set("Content-Type", kind) }), 400, "usage")
	f(change(t, s, "POST", "/api/v1/ingest", string(body), func(r *http.Request) {
		r.Header.Set("Content-Type", kind)
		r.RemoteAddr = "192.0.2.1:50001"
	}), 403, "remote")
	// Larger than the limit and told so in chunks, without a length.
	kind, body = form(t, "a", "x", "b", strings.Repeat("x", 1<<20))
	f(change(t, s, "POST", "/api/v1/ingest", string(body), func(r *http.Request) { r.Header.Set("Content-Type", kind); r.ContentLength = -1 }), 413, "too_large")
	f(change(t, s, "POST", "/api/v1/ingest/demo", ""), 404, "no_demo")
	f(get(t, s, "/api/v1/ingest/7"), 404, "not_found")
	s.Drop.Read = nil
	f(post(t, s, "a", "x"), 404, "no_drop")
}

// What would lie in one place lies in two: a file and a folder of one name.
func TestDropNamesMeet(t *testing.T) {
	done := make(chan []DroppedFile, 1)
	s := dropServer(t, func(_ context.Context, d *Dropped, _ Tell) error { done <- d.Files; return nil })
	if r := post(t, s, "x", "one", "x/y", "two", "a/b", "three", "a", "four"); r.StatusCode != http.StatusAccepted {
		t.Fatalf("%d", r.StatusCode)
	}
	paths := map[string]bool{}
	for _, f := range <-done {
		if paths[f.Path] || f.Size == 0 {
			t.Errorf("%s lies at %s with %d bytes", f.Name, f.Path, f.Size)
		}
		paths[f.Path] = true
	}
}

func TestJobsRunOneAtATime(t *testing.T) {
	gate := make(chan error)
	s := dropServer(t, func(ctx context.Context, d *Dropped, _ Tell) error {
		select {
		case err := <-gate:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	for range 4 {
		if r := post(t, s, "x.log", "x"); r.StatusCode != http.StatusAccepted {
			t.Fatalf("%d", r.StatusCode)
		}
	}
	jobIs(t, s, "1", JobReading)
	for _, id := range []string{"2", "3", "4"} {
		jobIs(t, s, id, JobQueued)
	}
	change(t, s, "DELETE", "/api/v1/ingest/2", "") // while it waits
	jobIs(t, s, "2", JobStopped)
	gate <- errors.New("no logs <b>")
	if j := jobIs(t, s, "1", JobFailed); j.Error == nil || j.Error.Message != "no logs <b>" {
		t.Errorf("a job that failed says %+v", j.Error)
	}
	jobIs(t, s, "3", JobReading)
	change(t, s, "DELETE", "/api/v1/ingest/3", "") // while it runs
	jobIs(t, s, "3", JobStopped)
	jobIs(t, s, "4", JobReading)
	gate <- nil
	jobIs(t, s, "4", JobDone)
	left(t, s)
	for range waitingJobs + 1 {
		post(t, s, "x.log", "x")
	}
	if code, _, _, _ := problemOf(t, post(t, s, "x.log", "x")); code != "busy" {
		t.Errorf("one job more than may wait: %s, want busy", code)
	}
	s.life.end()
	left(t, s)
	none(t)
	if code, _, _, _ := problemOf(t, post(t, s, "x.log", "x")); code != "ending" {
		t.Errorf("after the end: %s, want ending", code)
	}
}

// A server that is stopped in the middle of an upload ends at once and leaves
// nothing.
func TestStopWhileUploading(t *testing.T) {
	s := dropServer(t, func(context.Context, *Dropped, Tell) error { t.Error("half a file is read"); return nil })
	address, end := serveTest(t, s)
	c, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	kind, body := form(t, "x.log", strings.Repeat("x", 9000))
	host := strings.TrimPrefix(address, "http://")
	head := "POST /api/v1/ingest HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + address + "\r\nContent-Type: " + kind + "\r\nContent-Length: 100000\r\n\r\n"
	if _, err := c.Write(append([]byte(head), body[:8000]...)); err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if list, err := filepath.Glob(filepath.Join(s.Drop.Temp, "*", "x.log")); err == nil && len(list) == 1 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	start := time.Now()
	if err := end(); err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("the end took %v", took)
	}
	if list, err := os.ReadDir(s.Drop.Temp); err != nil || len(list) > 0 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
