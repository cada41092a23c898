package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/source"
)

// group is a log group of moto's server, behind a proxy that counts how often
// each event is downloaded.
type group struct {
	t       *testing.T
	moto    string
	address string

	mu    sync.Mutex
	times map[string]int // by message
	lists int            // of streams
}

func newGroup(t *testing.T) *group {
	t.Helper()
	g := &group{t: t, moto: "http://" + servers.Moto(t).Addr, times: map[string]int{}}
	to, err := url.Parse(g.moto)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = g.count
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	g.address = "cloudwatch:/vpc/flow-logs?region=eu-west-1&endpoint=" + s.URL
	g.ask("CreateLogGroup", map[string]any{"logGroupName": "/vpc/flow-logs"})
	return g
}

func (g *group) count(r *http.Response) error {
	operation := r.Request.Header.Get("X-Amz-Target")
	g.mu.Lock()
	defer g.mu.Unlock()
	if strings.HasSuffix(operation, ".DescribeLogStreams") {
		g.lists++
	}
	if !strings.HasSuffix(operation, ".FilterLogEvents") {
		return nil
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	var page struct{ Events []struct{ Message string } }
	if err := json.Unmarshal(b, &page); err != nil {
		return err
	}
	for _, e := range page.Events {
		g.times[e.Message]++
	}
	return nil
}

// downloads are how often an event was downloaded at most, and all together.
func (g *group) downloads() (most, sum int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, n := range g.times {
		most, sum = max(most, n), sum+n
	}
	return most, sum
}

func (g *group) ask(operation string, body map[string]any) {
	g.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.moto+"/", bytes.NewReader(b))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=periplus/20260101/eu-west-1/logs/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	out, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer out.Body.Close()
	if text, err := io.ReadAll(out.Body); err != nil || out.StatusCode != http.StatusOK || strings.Contains(string(text), "EventIndex") {
		g.t.Fatalf("%s: %s %v %s", operation, out.Status, err, text)
	}
}

// put puts an event into an interface's stream, the i-th of all.
func (g *group) put(nic, i int, at time.Time) {
	g.t.Helper()
	line := fmt.Sprintf("2 123456789012 eni-%d 10.0.1.%d 10.0.2.20 %d 443 6 10 1000 %d %d ACCEPT OK", nic, i%200, 20000+i, at.Unix(), at.Unix()+30)
	g.ask("PutLogEvents", map[string]any{"logGroupName": "/vpc/flow-logs", "logStreamName": fmt.Sprintf("eni-%d-all", nic),
		"logEvents": []map[string]any{{"timestamp": at.UnixMilli(), "message": line}}})
}

// open is the group at a time that clock tells.
func (g *group) open(clock func() time.Time) *source.Set {
	g.t.Helper()
	s, err := source.Open(g.t.Context(), []string{g.address}, source.Options{Now: clock})
	if err != nil {
		g.t.Fatal(err)
	}
	return s
}

// rows are those of a lake, as text.
func rows(t *testing.T, l *lake.Lake, from, to time.Time) (out []string) {
	t.Helper()
	h, err := l.Hours(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		for list, err := range h.Conversations(t.Context(), hour) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				if r.Bucket.Truncate(time.Hour).Equal(hour) {
					place := *r.Place
					r.Place = nil
					r.Observer = 0 // a batch of one record cannot tell whose side it was
					out = append(out, fmt.Sprintf("%+v %+v", r, place))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// A log group is followed while its events come in and out of order, late, and
// later than anybody allows for; the process is stopped and started meanwhile.
// What was read piece by piece is what reading it once at the end gives; what
// comes in time is there after two minutes; and no event is downloaded more often
// than a window is looked at.
func TestFollowALogGroup(t *testing.T) {
	g, l := newGroup(t), newLake(t)
	begin := time.Now().UTC().Add(-30 * time.Hour).Truncate(time.Hour).Add(17 * time.Minute)
	var now atomic.Int64
	now.Store(begin.UnixNano())
	clock := func() time.Time { return time.Unix(0, now.Load()).UTC() }
	minute := func(m float64) time.Time { return begin.Add(time.Duration(m * float64(time.Minute))) }
	const nics = 2
	for nic := range nics {
		g.ask("CreateLogStream", map[string]any{"logGroupName": "/vpc/flow-logs", "logStreamName": fmt.Sprintf("eni-%d-all", nic)})
	}
	put := 0
	add := func(nic int, at time.Time) { g.put(nic, put, at); put++ }
	add(0, minute(-3))

	start := func() *watching {
		return follow(t, l, &Watch{Sources: []Named{{"group", g.open(clock)}}, Every: 2 * time.Millisecond, CommitEvery: time.Millisecond, Whole: time.Hour})
	}
	// idle waits until all that is due now is in the lake.
	idle := func(w *watching) {
		t.Helper()
		lists := func() float64 { return testutil.ToFloat64(w.Metrics.lists.WithLabelValues("group", "ok")) }
		began := lists()
		until(t, "a look at the group", func() bool {
			waits, read := w.wait.size()
			return lists() >= began+2 && waits+read == 0
		})
	}
	w := start()
	until(t, "the first list", func() bool { return w.ready.Load() })
	idle(w)
	inTime := []int{put} // how many events had been put by a minute
	for m := 1; m <= 26; m++ {
		now.Store(minute(float64(m)).UnixNano())
		for nic := range nics { // between one and seven minutes after it was, in no order
			add(nic, minute(float64(m-1-(m*5+nic*2)%7)))
		}
		inTime = append(inTime, put)
		switch m {
		case 9:
			w.end()
		case 12:
			w = start()
		}
		if m < 9 || m >= 12 {
			idle(w)
		}
		if m < 9 || m > 14 { // it was started anew three minutes ago
			if got, want := records(t, l), int64(inTime[max(0, m-2)]); got < want {
				t.Errorf("minute %d: %d records, want %d of two minutes ago at least", m, got, want)
			}
		}
	}
	later := func(age time.Duration, want int) {
		t.Helper()
		now.Store(begin.Add(age).UnixNano())
		idle(w)
		if got := records(t, l); got != int64(want) {
			t.Errorf("after %s the lake holds %d records of %d, want %d", age, got, put, want)
		}
	}
	add(1, minute(2.5)) // late
	later(time.Hour+50*time.Minute, put)
	add(1, minute(4.5)) // later than the lag
	later(3*time.Hour, put-1)
	later(7*time.Hour, put)
	add(0, minute(21.5))
	add(0, minute(-3.5))
	later(20*time.Hour, put-2)
	later(23*time.Hour+40*time.Minute, put)
	w.end()

	once := newLake(t)
	if sum, err := (&lake.Ingest{Lake: once, Source: g.open(clock)}).Run(context.Background()); err != nil || len(sum.Failures) > 0 {
		t.Fatal(err, sum.Failures)
	}
	got, want := rows(t, l, minute(-20), minute(100)), rows(t, once, minute(-20), minute(100))
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("of %d rows, followed, and %d, read once, these differ first:\n%s\n%s", len(got), len(want), got[min(i, len(got)-1)], want[min(i, len(want)-1)])
			break
		}
	}
	// Twelve looks, one more for each start, and reading it once.
	most, sum := g.downloads()
	if most > 12+1+1 || sum > 10*put {
		t.Errorf("an event was downloaded up to %d times, %d events %d times in all", most, put, sum)
	}
	if g.lists > 2*2+1 {
		t.Errorf("the streams were listed %d times, want once or twice a start", g.lists)
	}
	t.Logf("%d events, downloaded %d times, at most %d", put, sum, most)
}
