package aws_test

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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/internal/servers"
)

// cloud is moto's server and a proxy before it that may let it fail. Where moto
// is another than AWS, the tests say so.
type cloud struct {
	t    *testing.T
	moto string // where it answers
	at   string // where the proxy does

	mu    sync.Mutex
	asked map[string][]map[string]any // bodies of requests to CloudWatch Logs, by operation
	// fault, when set, may answer instead of moto, and returns true then; or give
	// the request another body.
	fault func(w http.ResponseWriter, r *http.Request, operation string) bool
}

const groupName = "/vpc/flow-logs"

// TestMoto runs what needs a cloud, each in an empty one: moto takes seconds to
// start.
func TestMoto(t *testing.T) {
	c := newCloud(t)
	for name, f := range map[string]func(*testing.T, *cloud){
		"windows": testWindows, "lake": testLake, "gone": testGone, "views": testViews, "range": testRange,
		"columns of flow logs": testColumnsOfFlowLogs, "columns that nobody can tell": testColumnsThatNobodyCanTell,
		"columns without permission": testColumnsWithoutPermission, "flow log made meanwhile": testFlowLogMadeMeanwhile,
		"pages": testPages, "faults": testFaults, "errors": testErrors, "stops": testStops, "late": testLate,
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.breaks(nil)
			c.ask("", "", "", "moto-api/reset")
			c.logs("CreateLogGroup", map[string]any{"logGroupName": groupName})
			f(t, c)
		})
	}
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, moto: "http://" + servers.Moto(t).Addr, asked: map[string][]map[string]any{}}
	to, err := url.Parse(c.moto)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, logs := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		c.mu.Lock()
		fault := c.fault
		if logs {
			var v map[string]any
			_ = json.Unmarshal(body, &v) // a body that is none is moto's to refuse
			c.asked[operation] = append(c.asked[operation], v)
		} else {
			form, _ := url.ParseQuery(string(body))
			operation = form.Get("Action")
			c.asked[operation] = append(c.asked[operation], nil)
		}
		c.mu.Unlock()
		if fault != nil && fault(w, r, operation) {
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	c.at = s.URL
	return c
}

// breaks sets what fails.
func (c *cloud) breaks(f func(w http.ResponseWriter, r *http.Request, operation string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fault = f
}

// count is how often an operation was asked for, and since then.
func (c *cloud) count(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.asked[operation])
	c.asked[operation] = nil
	return n
}

func (c *cloud) ask(service, target, body string, path ...string) string {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.moto+"/"+strings.Join(path, "/"), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=periplus/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if target != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", target)
	}
	out, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil || out.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %s %v\n%s", service, target, out.Status, err, text)
	}
	return string(text)
}

func (c *cloud) logs(operation string, body map[string]any) string {
	c.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.ask("logs", "Logs_20140328."+operation, string(b))
}

func (c *cloud) stream(name string) {
	c.t.Helper()
	c.logs("CreateLogStream", map[string]any{"logGroupName": groupName, "logStreamName": name})
}

// event is a line and when it was.
type event struct {
	at   time.Time
	text string
}

// put puts events into a stream.
func (c *cloud) put(stream string, events ...event) {
	c.t.Helper()
	var list []map[string]any
	for _, e := range events {
		list = append(list, map[string]any{"timestamp": e.at.UnixMilli(), "message": e.text})
	}
	if said := c.logs("PutLogEvents", map[string]any{"logGroupName": groupName, "logStreamName": stream, "logEvents": list}); strings.Contains(said, "EventIndex") {
		c.t.Fatalf("moto takes events of the last 14 days only: %s", said)
	}
}

// flowLog makes a flow log that writes to the group, and returns its id.
func (c *cloud) flowLog(cidr, format string) string {
	c.t.Helper()
	vpc := between(c.ask("ec2", "", url.Values{"Action": {"CreateVpc"}, "Version": {"2016-11-15"}, "CidrBlock": {cidr}}.Encode()), "<vpcId>", "<")
	return between(c.ask("ec2", "", url.Values{"Action": {"CreateFlowLogs"}, "Version": {"2016-11-15"}, "ResourceType": {"VPC"}, "ResourceId.1": {vpc},
		"TrafficType": {"ALL"}, "LogGroupName": {groupName}, "LogDestinationType": {"cloud-watch-logs"},
		"DeliverLogsPermissionArn": {"arn:aws:iam::123456789012:role/logs"}, "LogFormat": {format}}.Encode()), "<item>", "<")
}

// subnet is one of those that moto has from the beginning.
func (c *cloud) subnet() string {
	c.t.Helper()
	return between(c.ask("ec2", "", "Action=DescribeSubnets&Version=2016-11-15"), "<subnetId>", "<")
}

func between(text, a, b string) string {
	_, text, _ = strings.Cut(text, a)
	text, _, _ = strings.Cut(text, b)
	return strings.TrimSpace(text)
}

// open opens the group as a person would name it.
func (c *cloud) open(words string) *aws.Group {
	c.t.Helper()
	g, err := aws.OpenGroup(c.t.Context(), "cloudwatch:"+groupName+"?endpoint="+c.at+words)
	if err != nil {
		c.t.Fatal(err)
	}
	g.To = clock("14:00")
	return g
}

// read is the text of all objects, by when their windows begin.
func read(t *testing.T, g *aws.Group) map[string]string {
	t.Helper()
	out := map[string]string{}
	for o, err := range g.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Open(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if len(b) > 0 {
			out[o.Time.Format("15:04")] = string(b)
		}
	}
	return out
}

// line is a record of the default columns.
func line(at time.Time, i int) string {
	return fmt.Sprintf("2 123456789012 eni-0a 10.0.1.%d 10.0.2.20 %d 443 6 10 1000 %d %d ACCEPT OK", i%200, 20000+i, at.Unix(), at.Add(time.Minute).Unix())
}
