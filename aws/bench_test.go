package aws_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/aws"
)

// BenchmarkRead reads full pages (10,000 events, as CloudWatch Logs answers them)
// from a server that has them ready: what asking and decoding cost.
func BenchmarkRead(b *testing.B) {
	const events, pages = 10_000, 5
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	var page strings.Builder
	size := 0
	for i := range events {
		text := line(at, i)
		size += len(text) + 1
		fmt.Fprintf(&page, `%s{"logStreamName":"eni-0a-all","timestamp":%d,"message":%q,"ingestionTime":%d,"eventId":"%056d"}`,
			map[bool]string{true: ",", false: ""}[i > 0], at.UnixMilli(), text, at.UnixMilli()+300_000, i)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The SDK closes a request's body as soon as the answer begins. Over
		// loopback that may be before the transport has seen its end; then the
		// connection is closed, and the page asked for again.
		var asked struct{ NextToken string }
		_ = json.NewDecoder(r.Body).Decode(&asked) // EC2's is no JSON
		n, _ := strconv.Atoi(asked.NextToken)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
		case "DescribeLogStreams":
			fmt.Fprintf(w, `{"logStreams":[{"logStreamName":"eni-0a-all","arn":"arn:aws:logs:eu-west-1:1:log-group:g:log-stream:s","creationTime":%d,"firstEventTimestamp":%[1]d,"lastEventTimestamp":%[1]d}]}`, at.UnixMilli())
		case "FilterLogEvents":
			token := ""
			if n+1 < pages {
				token = fmt.Sprintf(`,"nextToken":"%d"`, n+1)
			}
			fmt.Fprintf(w, `{"events":[%s]%s}`, page.String(), token)
		default:
			io.WriteString(w, `<DescribeFlowLogsResponse><flowLogSet/></DescribeFlowLogsResponse>`)
		}
	}))
	defer s.Close()
	b.Setenv("AWS_ACCESS_KEY_ID", "periplus")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "periplus-secret")
	b.Setenv("AWS_CONFIG_FILE", "/dev/null")
	g, err := aws.OpenGroup(b.Context(), "cloudwatch:g?region=eu-west-1&endpoint="+s.URL)
	if err != nil {
		b.Fatal(err)
	}
	g.From, g.To = at, at.Add(time.Minute)
	b.SetBytes(int64(size * pages))
	for b.Loop() {
		for o, err := range g.Objects(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			if !o.Time.Equal(at) {
				continue
			}
			r, err := g.Open(b.Context(), &o)
			if err != nil {
				b.Fatal(err)
			}
			got, err := io.Copy(io.Discard, r)
			if err != nil || got != int64(size*pages) {
				b.Fatalf("%d bytes, want %d: %v", got, size*pages, err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*events*pages/b.Elapsed().Seconds(), "events/s")
}
