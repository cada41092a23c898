// Package queue reads the messages in which clouds say that an object was
// written: Amazon SQS, Google Cloud Pub/Sub, Azure Service Bus and NATS.
package queue

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// A Queue brings notices. Its methods may be called by several goroutines.
type Queue interface {
	// Receive waits for the next notice. After an error other than ctx's the
	// queue is of no more use and is to be closed.
	Receive(ctx context.Context) (*periplus.Notice, error)
	// Close ends the connection once what was acknowledged is on its way.
	Close(ctx context.Context) error
}

// drivers are the queues, by the scheme of their addresses.
var drivers = map[string]func(context.Context, *url.URL) (Queue, error){
	"awssqs":    openSQS,
	"gcppubsub": openPubSub,
	"azuresb":   openServiceBus,
	"nats":      openNATS,
}

// Check says what is wrong with an address, without asking anybody.
func Check(address string) error {
	_, err := parseURL(address)
	return err
}

func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", bare(err))
	}
	if drivers[u.Scheme] == nil || u.Host == "" {
		return nil, fmt.Errorf("queue %s: give an address that begins with %s", u.Redacted(),
			strings.Join(slices.Sorted(maps.Keys(drivers)), "://, ")+"://; see docs/watch.md")
	}
	return u, nil
}

// bare leaves the address, in which a password may be, out of an error.
func bare(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

// Open connects to the queue at an address; docs/watch.md names what may stand
// in it.
func Open(ctx context.Context, address string) (Queue, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	q, err := drivers[u.Scheme](ctx, u)
	if err != nil {
		return nil, fmt.Errorf("queue %s: %w", u.Redacted(), err)
	}
	return q, nil
}
