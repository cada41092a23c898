package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"
)

// tries is how often a request is made in all; the wait before the second is
// firstWait and doubles with every try. As source does with buckets.
const (
	tries     = 6
	firstWait = 200 * time.Millisecond
	maxWait   = time.Minute
)

// patient lets a request of the SDK be tried as often, and be told of.
func (g *Group) patient(what string) func(*cloudwatchlogs.Options) {
	return func(o *cloudwatchlogs.Options) { o.Retryer = g.retryer(what) }
}

// retryer decides as the SDK does what is worth another try: throttling, answers
// of 500 and above, lost connections; and an answer that breaks in the middle.
func (g *Group) retryer(what string) *teller {
	return &teller{what: what, told: g.Retried, Standard: retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.RateLimiter = ratelimit.None // the number of tries is the limit
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) sdk.Ternary {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return sdk.TrueTernary
			}
			return sdk.UnknownTernary
		}))
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			wait := min(firstWait<<max(0, min(attempt-1, 20)), maxWait)
			return wait/2 + rand.N(wait/2), nil
		})
	})}
}

// A teller is a retryer that tells of each try that will be made again.
type teller struct {
	*retry.Standard
	what string
	told func(what string, err error, wait time.Duration)
}

// RetryDelay is asked once before every further try.
func (t *teller) RetryDelay(attempt int, err error) (time.Duration, error) {
	wait, werr := t.Standard.RetryDelay(attempt, err)
	if t.told != nil && werr == nil {
		t.told(t.what, err, wait)
	}
	return wait, werr
}

// Refused is a request that AWS did not permit.
type Refused struct {
	Right string // what is missing, as IAM names it: logs:FilterLogEvents
	On    string // the ARN that it is missing on, or "*"
	// Stranger: AWS did not accept the credentials themselves.
	Stranger bool
	Err      error // AWS's own
}

func (r *Refused) Error() string {
	if r.Stranger {
		return fmt.Sprintf("%v; AWS does not accept the credentials: check which are used, whether they have expired, and the clock", r.Err)
	}
	return fmt.Sprintf("%v; check the credentials, and grant them %s on %s", r.Err, r.Right, r.On)
}

// Unwrap is AWS's own error.
func (r *Refused) Unwrap() error { return r.Err }

// explain says what to do about an answer of AWS. right is the permission that
// the request needs.
func (g *Group) explain(right string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var api smithy.APIError
	var status interface{ HTTPStatusCode() int }
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	if errors.As(err, &status) && status.HTTPStatusCode() == http.StatusForbidden && code == "" {
		code = "AccessDenied"
	}
	err = fmt.Errorf("%s in %s: %w", g.Name(), g.region, err)
	switch code {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w; there is no such log group: check its name, the account and the region (?region=NAME)", err)
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		on := "*" // EC2 knows no finer one for its lists
		if strings.HasPrefix(right, "logs:") {
			g.mu.Lock()
			on = strings.Replace(g.base(), "::log-group", ":*:log-group", 1)[len(Scheme):] + "*"
			g.mu.Unlock()
		}
		return &Refused{Right: right, On: on, Err: err}
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "InvalidClientTokenId", "AuthFailure", "RequestExpired", "SignatureDoesNotMatch":
		return &Refused{Right: right, Stranger: true, Err: err}
	}
	return err
}
