package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/periplus/periplus/aws"
)

// many puts n events into a window, and returns its text.
func (c *cloud) many(n int) string {
	c.stream("eni-0a-all")
	var list []event
	var want strings.Builder
	for i := range n {
		e := event{clock("10:00").Add(time.Duration(i) * time.Second), line(clock("10:00"), i)}
		list = append(list, e)
		want.WriteString(e.text + "\n")
	}
	c.put("eni-0a-all", list...)
	return want.String()
}

// limited lets moto answer small pages. AWS's may also be empty and not the last.
func limited(r *http.Request, to int) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var v map[string]any
	if json.Unmarshal(b, &v) == nil {
		v["limit"] = to
		b, _ = json.Marshal(v) // it was read from JSON
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Set("Content-Length", fmt.Sprint(len(b)))
}

func testPages(t *testing.T, c *cloud) {
	want := c.many(50)
	for i := range 60 { // more streams than a page has
		c.stream(fmt.Sprintf("eni-%02d-all", i))
	}
	c.put("eni-59-all", at("09:00", 1))
	empty := 0
	c.breaks(func(w http.ResponseWriter, r *http.Request, operation string) bool {
		if operation != "FilterLogEvents" {
			return false
		}
		b, _ := io.ReadAll(r.Body)
		if token := between(string(b), `"nextToken":"`, `"`); strings.HasPrefix(token, "then ") {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(b), "then ", "", 1)))
		} else if token != "" {
			// An empty page in between, whose token leads on.
			empty++
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			fmt.Fprintf(w, `{"events":[],"nextToken":"then %s"}`, token)
			return true
		} else {
			r.Body = io.NopCloser(bytes.NewReader(b))
		}
		limited(r, 7)
		return false
	})
	got := read(t, c.open(""))
	if got["10:00"] != want || got["09:00"] == "" || empty < 7 {
		t.Errorf("with %d empty pages between, 10:00 holds\n%s\nwant\n%s\n09:00: %q", empty, got["10:00"], want, got["09:00"])
	}
	c.breaks(func(w http.ResponseWriter, _ *http.Request, operation string) bool {
		if operation == "FilterLogEvents" {
			fmt.Fprint(w, `{"events":[],"nextToken":"again"}`)
		}
		return operation == "FilterLogEvents"
	})
	g := c.open("")
	for o := range g.Objects(t.Context()) {
		r, err := g.Open(t.Context(), &o)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil || !strings.Contains(err.Error(), "same page twice") {
			t.Fatalf("pages without end: %v", err)
		}
		break
	}
}

// Throttling, answers of 500 and answers that break in the middle cost time and
// no event.
func testFaults(t *testing.T, c *cloud) {
	want := c.many(30)
	id := c.flowLog("10.1.0.0/16", "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}")
	to, err := url.Parse(c.moto)
	if err != nil {
		t.Fatal(err)
	}
	moto := httputil.NewSingleHostReverseProxy(to)
	var n, throttled, failed, broken, said atomic.Int64
	c.breaks(func(w http.ResponseWriter, r *http.Request, operation string) bool {
		limited := func() {
			if operation == "DescribeFlowLogs" {
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprint(w, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>`)
				return
			}
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest) // so AWS throttles: no 429
			fmt.Fprint(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		}
		switch n.Add(1) % 5 {
		case 0, 3:
			throttled.Add(1)
			limited()
		case 1:
			failed.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			broken.Add(1)
			rec := httptest.NewRecorder()
			moto.ServeHTTP(rec, r)
			maps.Copy(w.Header(), rec.Header())
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2]) // the client is told more
			panic(http.ErrAbortHandler)
		default:
			return false
		}
		return true
	})
	g := c.open("")
	g.To = clock("10:10")
	g.Retried = func(what string, err error, wait time.Duration) {
		if what == "" || err == nil || wait <= 0 {
			t.Errorf("told of %q, %v, %s", what, err, wait)
		}
		said.Add(1)
	}
	got := read(t, g)["10:00"]
	if header, lines, _ := strings.Cut(got, "\n"); !strings.HasPrefix(header, "version account-id") || lines != want {
		t.Errorf("the window holds\n%s\nwant a header and\n%s", got, want)
	}
	if throttled.Load() == 0 || failed.Load() == 0 || broken.Load() == 0 || said.Load() < throttled.Load() {
		t.Errorf("%d throttled, %d failed, %d broken, %d told: nothing was tested", throttled.Load(), failed.Load(), broken.Load(), said.Load())
	}
	for o := range g.Objects(t.Context()) {
		if o.Hint.Log != id {
			t.Errorf("the log is %s, want %s", o.Hint.Log, id)
		}
		break
	}
}

// What is wrong is named in AWS's words, with what to do.
func testErrors(t *testing.T, c *cloud) {
	c.many(1)
	first := func(g *aws.Group) error {
		for o, err := range g.Objects(t.Context()) {
			if err != nil {
				return err
			}
			r, err := g.Open(t.Context(), &o)
			if err != nil {
				return err
			}
			_, err = io.ReadAll(r)
			return errors.Join(err, r.Close())
		}
		return errors.New("no object")
	}
	f := func(err error, want ...string) {
		t.Helper()
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("the error is %v, want %q", err, w)
			}
		}
	}
	open := func(address string) error {
		g, err := aws.OpenGroup(t.Context(), address)
		if err != nil {
			return err
		}
		return first(g)
	}
	f(open("cloudwatch:nowhere?endpoint="+c.at), "no such log group", "?region=NAME")
	f(open("cloudwatch:"), "which log group?", "use cloudwatch:GROUP")
	f(open("cloudwatch://vpc/flow"), "did you mean cloudwatch:vpc/flow")
	f(open("cloudwatch:g?lag=soon"), "lag=soon")
	f(open("cloudwatch:g?external_id=7"), "add role=arn:")
	f(open("cloudwatch:g?regoin=eu-west-1"), "regoin")
	f(open("cloudwatch:arn:aws:logs:eu-west-1:1"), "an ARN is arn:aws:logs:REGION:ACCOUNT:log-group:GROUP")
	refuse := func(operation, code string) {
		c.breaks(func(w http.ResponseWriter, _ *http.Request, op string) bool {
			if op == operation {
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"__type":%q,"message":"User is not authorized"}`, code)
			}
			return op == operation
		})
	}
	refuse("DescribeLogStreams", "AccessDeniedException")
	f(first(c.open("")), "grant them logs:DescribeLogStreams on arn:aws:logs:eu-west-1:*:log-group:/vpc/flow-logs:*")
	refuse("FilterLogEvents", "AccessDeniedException")
	f(first(c.open("")), "grant them logs:FilterLogEvents on arn:aws:logs:eu-west-1:123456789012:log-group:/vpc/flow-logs:*")
	refuse("DescribeLogStreams", "UnrecognizedClientException")
	f(first(c.open("")), "does not accept the credentials")
	t.Setenv("AWS_REGION", "")
	f(open("cloudwatch:g"), "which region?")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	f(open("cloudwatch:g?region=eu-west-1&endpoint="+c.at), "credentials")
}

// Ctrl-C ends a listing, a wait and a read at once.
func testStops(t *testing.T, c *cloud) {
	c.many(5)
	for _, operation := range []string{"DescribeLogStreams", "DescribeFlowLogs", "FilterLogEvents"} {
		c.breaks(func(w http.ResponseWriter, _ *http.Request, op string) bool {
			if op == operation {
				w.WriteHeader(http.StatusInternalServerError)
			}
			return op == operation
		})
		ctx, cancel := context.WithCancel(t.Context())
		g := c.open("")
		tried := 0
		g.Retried = func(string, error, time.Duration) { tried++; cancel() }
		for o, err := range g.Objects(ctx) {
			if err == nil {
				var r io.ReadCloser
				if r, err = g.Open(ctx, &o); err == nil {
					_, err = io.ReadAll(r)
				}
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want that it was called off", operation, err)
			}
		}
		if tried != 1 {
			t.Errorf("%s was tried %d times after Ctrl-C, want once", operation, tried)
		}
		cancel()
	}
}

// Events that came later than the lag allows for are told of.
func testLate(t *testing.T, c *cloud) {
	c.many(2) // two days after they were
	g := c.open("")
	said := told(g)
	read(t, g)
	if strings.Count(said(), "add lag=") != 1 {
		t.Errorf("it says\n%s\nwant to be told of a longer lag, once", said())
	}
	g = c.open("&lag=200h")
	said = told(g)
	read(t, g)
	if strings.Contains(said(), "lag=") {
		t.Errorf("with lag=200h it says\n%s", said())
	}
}
