package source

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
)

// tries is how often a request is made in all. The clouds' own libraries try
// a few times below that.
const tries = 6

// firstWait doubles with every try, to a minute at most.
const firstWait = 200 * time.Millisecond

// try makes a request until it succeeds, cannot succeed, or was tried enough.
func (b *Bucket) try(ctx context.Context, what string, request func() error) error {
	wait := firstWait
	for n := 1; ; n++ {
		err := request()
		if err == nil || n == tries || !passing(err) || ctx.Err() != nil {
			return err
		}
		// Between half and the whole of the wait, so that many do not come back
		// at the same moment.
		pause := wait/2 + rand.N(wait/2)
		if b.Retried != nil {
			b.Retried(what, err, pause)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, time.Minute)
	}
}

// passing reports whether the same request may succeed a moment later.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	if s := status(err); s != 0 {
		return s >= 500 || s == http.StatusTooManyRequests || s == http.StatusRequestTimeout
	}
	switch gcerrors.Code(err) {
	case gcerrors.Internal, gcerrors.ResourceExhausted, gcerrors.DeadlineExceeded, gcerrors.Unknown:
		return true
	}
	return false
}

// status is the HTTP status that a store answered; 0: it did not answer.
func status(err error) int {
	var aws interface{ HTTPStatusCode() int }
	var azure *azcore.ResponseError
	var google *googleapi.Error
	switch {
	case errors.As(err, &aws):
		return aws.HTTPStatusCode()
	case errors.As(err, &azure):
		return azure.StatusCode
	case errors.As(err, &google):
		return google.Code
	}
	return 0
}
