package receive

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// A gate is a Receiver that listens, over a lake.
type gate struct {
	*Receiver
	t   *testing.T
	url string
}

const (
	testKey   = "a key that nobody guesses"
	testToken = "0123456789abcdef0123456789abcdef"
	stream    = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/flow-logs"
)

func openLake(t testing.TB, dir string) *lake.Lake {
	t.Helper()
	l, err := lake.Create(context.Background(), dir, lake.Fleeting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func newGate(t *testing.T, r *Receiver) *gate {
	t.Helper()
	if r.Ingest.Lake == nil {
		r.Ingest.Lake = openLake(t, filepath.Join(t.TempDir(), "lake"))
	}
	if r.Every == 0 {
		r.Every = 5 * time.Millisecond
	}
	s := httptest.NewServer(r.Handler())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Commit(ctx) }()
	t.Cleanup(func() { s.Close(); stop(); <-done })
	return &gate{r, t, s.URL}
}

// post sends a body and returns status and answer.
func (g *gate) post(path, body string, header ...string) (int, string) {
	g.t.Helper()
	req, err := http.NewRequest("POST", g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Error(err)
	}
	return res.StatusCode, string(b)
}

// firehose sends a delivery as Firehose does.
func (g *gate) firehose(body string, header ...string) (int, string) {
	g.t.Helper()
	return g.post("/firehose", body, append([]string{"X-Amz-Firehose-Access-Key", testKey, "X-Amz-Firehose-Protocol-Version", "1.0",
		"X-Amz-Firehose-Source-Arn", stream, "Content-Type", "application/json"}, header...)...)
}

// envelope is a Firehose request of records.
func envelope(id string, records ...string) string {
	type data struct {
		Data []byte `json:"data"`
	}
	var list []data
	for _, r := range records {
		list = append(list, data{[]byte(r)})
	}
	b, err := json.Marshal(map[string]any{"requestId": id, "timestamp": 1700000000000, "records": list})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// message is a push of Pub/Sub.
func message(id, data string) string {
	return fmt.Sprintf(`{"message":{"attributes":{"a":"b"},"data":%q,"messageId":%q,"message_id":%q,"publishTime":"2026-11-01T00:00:00Z"},"subscription":"projects/p/subscriptions/s"}`,
		base64.StdEncoding.EncodeToString([]byte(data)), id, id)
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

// line is one AWS record of 10 packets and 1000 bytes.
func line(n int) string {
	return fmt.Sprintf("2 111122223333 eni-0aaa 10.0.1.10 10.0.%d.%d 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK\n", n/250, n%250)
}

// held is what the ledger counts.
func (g *gate) held() (objects, records int64) {
	g.t.Helper()
	return ledger(g.t, g.Ingest.Lake)
}

func ledger(t testing.TB, l *lake.Lake) (objects, records int64) {
	t.Helper()
	all, err := l.Ledger(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		objects++
		records += o.Records
		if o.State != periplus.ObjectRead {
			t.Errorf("%s is %s", o.URI, o.State)
		}
	}
	return objects, records
}

func (g *gate) want(what string, objects, records int64) {
	g.t.Helper()
	if o, r := g.held(); o != objects || r != records {
		g.t.Errorf("%s: the lake holds %d objects, %d records; want %d, %d", what, o, r, objects, records)
	}
}

func TestFirehose(t *testing.T) {
	g := newGate(t, &Receiver{FirehoseKey: testKey})
	body := envelope("id-1", line(1), line(2)+line(3))
	status, answer := g.firehose(body, "X-Amz-Firehose-Request-Id", "id-1")
	var got struct {
		RequestID string
		Timestamp int64
		Error     *string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 200 || got.RequestID != "id-1" || got.Timestamp < 1700000000000 || got.Error != nil {
		t.Fatalf("answer %d %s, %v", status, answer, err)
	}
	g.want("one delivery", 1, 3)
	for range 3 {
		if status, answer := g.firehose(body, "X-Amz-Firehose-Request-Id", "id-1"); status != 200 {
			t.Errorf("sent again: %d %s", status, answer)
		}
	}
	g.want("sent again", 1, 3)
	sub := `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logStream":"eni-0aaa-all","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1700000000000,"message":"` + strings.TrimSpace(line(4)) + `"}]}`
	control := `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1700000000000,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`
	f := func(what string, status int, objects, records int64, body string, header ...string) {
		t.Helper()
		if got, answer := g.firehose(body, header...); got != status {
			t.Errorf("%s: %d %s, want %d", what, got, answer, status)
		}
		g.want(what, objects, records)
	}
	f("envelopes in gzip", 200, 2, 4, envelope("id-2", zipped(control), zipped(sub)))
	f("a probe alone", 200, 3, 4, envelope("id-3", zipped(control)))
	f("the body in gzip", 200, 4, 5, zipped(envelope("id-4", line(5))), "Content-Encoding", "gzip")
	f("partly bad", 200, 5, 6, envelope("id-5", line(6), "2 111122223333 eni-0aaa nonsense\n"))
	f("direct", 200, 6, 7, envelope("id-6", `{"message":"`+strings.TrimSpace(line(7))+`"}`))
	f("no records", 200, 7, 7, envelope("id-7", "\n"))
	if c := g.settled(); c.Accepted != 10 || c.Repeated != 3 || c.Bad != 1 || c.Records != 7 || c.Waiting != 0 || c.Held != 0 || c.Commits != 7 {
		t.Errorf("counts %+v", c)
	}
}

func TestRefusals(t *testing.T) {
	g := newGate(t, &Receiver{FirehoseKey: testKey, PubSubToken: testToken, Body: 1 << 20, Unpacked: 2 << 20})
	ok := envelope("id-1", line(1))
	f := func(want int, got int, answer string) {
		t.Helper()
		if got != want {
			t.Errorf("%d %s, want %d", got, answer, want)
		}
	}
	do := func(want int, path, body string, header ...string) {
		t.Helper()
		got, answer := g.post(path, body, header...)
		f(want, got, answer)
	}
	hose := func(want int, body string, header ...string) {
		t.Helper()
		got, answer := g.firehose(body, header...)
		f(want, got, answer)
		if want != 200 && !strings.Contains(answer, "errorMessage") {
			t.Errorf("%d without errorMessage: %s", got, answer)
		}
	}
	do(401, "/firehose", ok)
	do(401, "/firehose", ok, "X-Amz-Firehose-Access-Key", "a key that nobody guesseS")
	do(401, "/pubsub", message("1", line(1)))
	do(401, "/pubsub?token=no", message("1", line(1)))
	do(404, "/", ok)
	do(404, "/api/v1/meta", ok)
	hose(400, "")
	hose(400, "junk")
	hose(400, `{"requestId":"x"}`)
	hose(400, `{"requestId":"x","records":[{"data":"not base64!"}]}`)
	hose(400, `{"requestId":"x","records":[{"info":1}]}`)
	hose(400, `{"requestId":"x","records":[{"data":null}]}`)
	hose(400, ok+ok)
	hose(400, ok[:len(ok)-3])
	hose(400, envelope("", line(1)))
	hose(400, envelope("../x y", line(1)))
	hose(400, ok, "X-Amz-Firehose-Request-Id", "another")
	hose(400, ok, "X-Amz-Firehose-Source-Arn", "nonsense")
	hose(400, ok, "X-Amz-Firehose-Protocol-Version", "2.0")
	hose(400, ok, "Content-Encoding", "gzip")
	hose(415, ok, "Content-Encoding", "br")
	hose(400, envelope("id-9", "junk without a column\n", "more junk\n"))
	hose(413, envelope("id-9", strings.Repeat(line(1), 1<<14)))
	hose(413, envelope("id-9", zipped(strings.Repeat("0", 3<<20))))
	hose(413, zipped(envelope("id-9", strings.Repeat("0", 3<<20))), "Content-Encoding", "gzip")
	const at = "/pubsub?token=" + testToken
	do(400, at, "")
	do(400, at, "{}")
	do(400, at, line(1))
	do(400, at, `{"message":{"data":"AAAA"},"subscription":"s"}`)
	do(400, at, `{"message":{"data":"AAAA","messageId":"1"}}`)
	do(400, at, message("1", "junk"))
	do(204, at, message("1", ""))
	g.want("nothing was taken", 0, 0)
	if c := g.settled(); c.Keys != 4 || c.TooLarge != 3 || c.Held != 0 || c.Accepted != 1 || c.Malformed != c.Requests-8 {
		t.Errorf("counts %+v", c)
	}
}

// await waits until a delivery is in the queue.
func (g *gate) await(answer <-chan int) {
	g.t.Helper()
	for g.Counts().Waiting == 0 {
		select {
		case s := <-answer:
			g.t.Fatalf("answered with %d instead of waiting", s)
		case <-time.After(time.Millisecond):
		}
	}
}

// settled is what was counted when nothing is held any more: what a delivery held
// is given back after its answer.
func (g *gate) settled() Counts {
	for deadline := time.Now().Add(time.Minute); g.Counts().Held > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return g.Counts()
}

func TestBusy(t *testing.T) {
	g := newGate(t, &Receiver{Every: time.Hour, Memory: 1 << 20, Body: 1 << 20})
	big := envelope("id-1", strings.Repeat(line(1), 5000))
	first := make(chan int)
	go func() { s, _ := g.firehose(big); first <- s }()
	g.await(first)
	res, err := http.Post(g.url+"/firehose", "application/json", strings.NewReader(envelope("id-2", strings.Repeat(line(1), 5000))))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("while too much waits: %d, %v", res.StatusCode, res.Header)
	}
	g.queue.hurry()
	if s := <-first; s != 200 {
		t.Errorf("the first is answered with %d", s)
	}
	if c := g.settled(); c.Busy != 1 || c.Held != 0 {
		t.Errorf("counts %+v", c)
	}
	g.want("one was taken", 1, 5000)
}

// Many senders, each delivery from two of them at once: few commits, all of it
// once.
func TestConcurrentSenders(t *testing.T) {
	g := newGate(t, &Receiver{Every: 50 * time.Millisecond})
	const senders, each = 16, 8
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				n := s/2*each + i
				if status, answer := g.firehose(envelope(fmt.Sprintf("id-%d", n), line(n), line(n+1))); status != 200 {
					t.Errorf("%d %s", status, answer)
				}
			}
		})
	}
	wg.Wait()
	g.want("all", senders/2*each, senders/2*each*2)
	c := g.Counts()
	if c.Repeated != senders/2*each || c.Accepted != senders*each || c.Commits > senders*each/4 {
		t.Errorf("counts %+v", c)
	}
}

// What waits when the end comes is committed and answered.
func TestServeDrains(t *testing.T) {
	l := openLake(t, filepath.Join(t.TempDir(), "lake"))
	r := &Receiver{Ingest: lake.Ingest{Lake: l}, Every: time.Hour}
	ctx, stop := context.WithCancel(t.Context())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, ln, nil) }()
	g := &gate{r, t, "http://" + ln.Addr().String()}
	first := make(chan int)
	go func() { s, _ := g.firehose(envelope("id-1", line(1))); first <- s }()
	g.await(first)
	stop()
	if s := <-first; s != 200 {
		t.Errorf("answered with %d", s)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	g.want("drained", 1, 1)
}

func TestCheck(t *testing.T) {
	f := func(addr, key, token string, ok bool) {
		t.Helper()
		if err := (&Receiver{FirehoseKey: key, PubSubToken: token}).Check(addr); (err == nil) != ok {
			t.Errorf("%s with key %q and token %q: %v", addr, key, token, err)
		}
	}
	f("127.0.0.1:0", "", "", true)
	f("[::1]:0", "", "", true)
	f("localhost:7071", "", "", true)
	f(":8443", "", "", false)
	f("0.0.0.0:8443", "", "", false)
	f("192.0.2.1:8443", "", "", false)
	f("example.com:8443", "", "", false)
	f(":8443", testKey, "", true)
	f(":8443", "", testToken, true)
	f(":8443", "short", "", false)
	f("127.0.0.1:0", "short", "", false)
	f("8443", testKey, "", false)
}

// The other cloud's door is shut where only one has a key.
func TestOneKeyOpensOneDoor(t *testing.T) {
	g := newGate(t, &Receiver{FirehoseKey: testKey})
	if s, _ := g.post("/pubsub", message("1", line(1))); s != 404 {
		t.Errorf("pubsub without a token beside a firehose key: %d, want 404", s)
	}
	g = newGate(t, &Receiver{PubSubToken: testToken})
	if s, _ := g.firehose(envelope("1", line(1))); s != 404 {
		t.Errorf("firehose without a key beside a pubsub token: %d, want 404", s)
	}
}
