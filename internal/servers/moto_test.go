package servers

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Each service that tests use answers: moto imports one when it is first asked.
func TestMoto(t *testing.T) {
	s := Moto(t)
	f := func(service, target, body, want string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Addr+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=periplus/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if target != "" {
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", target)
		}
		out, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Body.Close()
		text, err := io.ReadAll(out.Body)
		if err != nil || out.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s %v\n%s\nwant %q", service, out.Status, err, text, want)
		}
	}
	f("logs", "Logs_20140328.DescribeLogGroups", "{}", `"logGroups"`)
	f("sqs", "AmazonSQS.CreateQueue", `{"QueueName":"logs"}`, "/logs")
	f("ec2", "", "Action=DescribeFlowLogs&Version=2016-11-15", "DescribeFlowLogsResponse")
	f("sts", "", "Action=GetCallerIdentity&Version=2011-06-15", "GetCallerIdentityResult")
}
