package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// EC2 is asked one question. Its package of the SDK is the largest there is: it
// would add 0.4 MB to the program, but more than a minute of a core to every
// build, and as much again with -race. So the question is signed here.

// flowLog is what EC2 says of a flow log.
type flowLog struct {
	ID          string `xml:"flowLogId"`
	Resource    string `xml:"resourceId"`  // a VPC, a subnet, an interface, a gateway
	Traffic     string `xml:"trafficType"` // ACCEPT, REJECT, ALL
	Format      string `xml:"logFormat"`
	Group       string `xml:"logGroupName"`
	Destination string `xml:"logDestination"`
	Status      string `xml:"deliverLogsStatus"`
	Error       string `xml:"deliverLogsErrorMessage"`
}

// writesTo reports whether a flow log writes to a log group.
func (l *flowLog) writesTo(group string) bool {
	return l.Group == group || strings.HasSuffix(strings.TrimSuffix(l.Destination, ":*"), ":log-group:"+group)
}

// meets reports whether two flow logs may write of the same packets: those of one
// resource, or of a VPC and of what may be in it.
func (l *flowLog) meets(o *flowLog) bool {
	if l.Traffic != o.Traffic && l.Traffic != "ALL" && o.Traffic != "ALL" {
		return false // what is accepted and what is rejected
	}
	kind, _, _ := strings.Cut(l.Resource, "-")
	other, _, _ := strings.Cut(o.Resource, "-")
	if kind == other {
		return l.Resource == o.Resource
	}
	return kind != "tgw" && other != "tgw"
}

// flowLogs are the flow logs that write to the group.
func (g *Group) flowLogs(ctx context.Context) ([]flowLog, error) {
	var out []flowLog
	for token := ""; ; {
		q := url.Values{"Action": {"DescribeFlowLogs"}, "Version": {"2016-11-15"},
			"Filter.1.Name": {"log-destination-type"}, "Filter.1.Value.1": {"cloud-watch-logs"}}
		if token != "" {
			q.Set("NextToken", token)
		}
		var page struct {
			Logs  []flowLog `xml:"flowLogSet>item"`
			Token string    `xml:"nextToken"`
		}
		if err := g.ec2(ctx, q, &page); err != nil {
			return nil, g.explain("ec2:DescribeFlowLogs", err)
		}
		for _, l := range page.Logs {
			if l.writesTo(g.name) {
				out = append(out, l)
			}
		}
		if token = page.Token; token == "" {
			return out, nil
		}
	}
}

// ec2 asks EC2 and tries again as the SDK's clients do.
func (g *Group) ec2(ctx context.Context, q url.Values, answer any) error {
	r := g.retryer("ask EC2 for flow logs")
	for n := 1; ; n++ {
		err := g.ec2Once(ctx, q, answer)
		if err == nil || n == r.MaxAttempts() || ctx.Err() != nil || !r.IsErrorRetryable(err) {
			return err
		}
		wait, werr := r.RetryDelay(n, err)
		if werr != nil {
			return errors.Join(err, werr)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func (g *Group) ec2Once(ctx context.Context, q url.Values, answer any) error {
	body := q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.ec2Endpoint(ctx), strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if g.cfg.Credentials != nil {
		c, err := g.cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(ctx, c, r, hex.EncodeToString(sum[:]), "ec2", g.region, time.Now()); err != nil {
			return err
		}
	}
	client := g.cfg.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	out, err := client.Do(r)
	if err != nil {
		return &smithyhttp.RequestSendError{Err: err}
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, 16<<20))
	if err != nil {
		return err
	}
	if out.StatusCode == http.StatusOK {
		return xml.Unmarshal(text, answer)
	}
	var refused struct {
		Code    string `xml:"Errors>Error>Code"`
		Message string `xml:"Errors>Error>Message"`
	}
	var reason error = fmt.Errorf("%s", out.Status)
	if xml.Unmarshal(text, &refused) == nil && refused.Code != "" {
		reason = &smithy.GenericAPIError{Code: refused.Code, Message: refused.Message}
	}
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: out}, Err: reason}
}

// ec2Endpoint is where EC2 answers: where the address or the environment says,
// or AWS's own place in the region.
func (g *Group) ec2Endpoint(ctx context.Context) string {
	for _, s := range g.cfg.ConfigSources {
		if own, ok := s.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if at, found, err := own.GetServiceBaseEndpoint(ctx, "EC2"); err == nil && found {
				return at
			}
		}
	}
	if g.cfg.BaseEndpoint != nil {
		return *g.cfg.BaseEndpoint
	}
	domain := ".amazonaws.com"
	if strings.HasPrefix(g.region, "cn-") {
		domain += ".cn"
	}
	return "https://ec2." + g.region + domain + "/"
}
