package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
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

// errDenied: AWS does not let these credentials do it.
var errDenied = errors.New("denied")

type denied struct{ error }

func (d denied) Unwrap() error      { return d.error }
func (denied) Is(target error) bool { return target == errDenied }

// explain says what to do about an answer of AWS. right is the permission that
// the request needs, as IAM names it.
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
	where := fmt.Sprintf("%s in %s", g.Name(), g.region)
	switch code {
	case "ResourceNotFoundException":
		return fmt.Errorf("%s: no such log group: check its name, the account and the region (?region=NAME): %w", where, err)
	case "AccessDeniedException", "AccessDenied", "UnauthorizedOperation":
		return denied{fmt.Errorf("%s: these credentials lack %s: grant it to them: %w", where, right, err)}
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "InvalidClientTokenId", "AuthFailure", "RequestExpired", "SignatureDoesNotMatch":
		return fmt.Errorf("%s: AWS does not know these credentials: check them, the profile and the clock: %w", where, err)
	case "":
		if errors.As(err, &status) && status.HTTPStatusCode() == http.StatusForbidden {
			return denied{fmt.Errorf("%s: these credentials lack %s: grant it to them: %w", where, right, err)}
		}
	}
	return fmt.Errorf("%s: %w", where, err)
}
