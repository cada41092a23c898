package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"runtime"

	servicebus "github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"gocloud.dev/gcp"
	"gocloud.dev/pubsub"
	_ "gocloud.dev/pubsub/awssnssqs" // awssqs://
	"gocloud.dev/pubsub/azuresb"
	"gocloud.dev/pubsub/gcppubsub"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/periplus/periplus/periplus"
)

// cloudQueue is a queue of one of the three clouds.
type cloudQueue struct {
	sub  *pubsub.Subscription
	conn io.Closer // that is its own; nil: the library's
}

// openSQS opens awssqs://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE, with region,
// profile, endpoint as gocloud.dev/aws names them.
func openSQS(ctx context.Context, u *url.URL) (Queue, error) {
	raw := *u
	q := raw.Query()
	q.Set("raw", "true") // SNS's envelope is opened here
	if !q.Has("waittime") {
		q.Set("waittime", "10s")
	}
	raw.RawQuery = q.Encode()
	return openCloud(ctx, &raw)
}

// openPubSub opens gcppubsub://projects/PROJECT/subscriptions/NAME. The library
// would look for credentials once in the life of a process and keep what came of
// it, an error too: whoever starts before the network does would never get in.
func openPubSub(ctx context.Context, u *url.URL) (Queue, error) {
	conn, err := dialPubSub(ctx)
	if err != nil {
		return nil, err
	}
	sub, err := (&gcppubsub.URLOpener{Conn: conn}).OpenSubscriptionURL(ctx, u)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &cloudQueue{sub, conn}, nil
}

func dialPubSub(ctx context.Context) (*grpc.ClientConn, error) {
	if host := os.Getenv("PUBSUB_EMULATOR_HOST"); host != "" {
		return grpc.NewClient(host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	creds, err := gcp.DefaultCredentials(ctx)
	if err != nil {
		return nil, err
	}
	conn, _, err := gcppubsub.Dial(ctx, creds.TokenSource)
	return conn, err
}

func openCloud(ctx context.Context, u *url.URL) (Queue, error) {
	sub, err := pubsub.OpenSubscription(ctx, u.String())
	if err != nil {
		return nil, err
	}
	return &cloudQueue{sub: sub}, nil
}

// openServiceBus opens azuresb://QUEUE or azuresb://TOPIC?subscription=NAME of
// the namespace that the environment names.
func openServiceBus(ctx context.Context, u *url.URL) (Queue, error) {
	if u.Query().Get("subscription") != "" {
		return openCloud(ctx, u)
	}
	for k := range u.Query() {
		return nil, fmt.Errorf("there is no %q: use azuresb://QUEUE or azuresb://TOPIC?subscription=NAME", k)
	}
	// Event Grid delivers to queues too, which gocloud.dev's addresses do not
	// know.
	var client *servicebus.Client
	var err error
	switch words, host := os.Getenv("SERVICEBUS_CONNECTION_STRING"), os.Getenv("AZURE_SERVICEBUS_HOSTNAME"); {
	case words != "":
		client, err = azuresb.NewClientFromConnectionString(words, nil)
	case host != "":
		client, err = azuresb.NewClientFromServiceBusHostname(host, nil)
	default:
		err = errors.New("which namespace? set AZURE_SERVICEBUS_HOSTNAME=NAME.servicebus.windows.net, or SERVICEBUS_CONNECTION_STRING")
	}
	if err != nil {
		return nil, err
	}
	receiver, err := client.NewReceiverForQueue(path.Join(u.Host, u.Path), nil)
	if err != nil {
		return nil, err
	}
	sub, err := azuresb.OpenSubscription(ctx, client, receiver, nil)
	if err != nil {
		return nil, err
	}
	return &cloudQueue{sub: sub}, nil
}

func (c *cloudQueue) Receive(ctx context.Context) (*periplus.Notice, error) {
	m, err := c.sub.Receive(ctx)
	if err != nil {
		return nil, err
	}
	// The library complains of messages that are neither acknowledged nor given
	// back. Here that is what hands them to the dead letter policy.
	runtime.SetFinalizer(m, nil)
	back := func() {
		if m.Nackable() {
			m.Nack()
		}
	}
	return notice(m.LoggableID, m.Body, m.Metadata, m.Ack, back), nil
}

func (c *cloudQueue) Close(ctx context.Context) error {
	err := c.sub.Shutdown(ctx)
	if c.conn != nil {
		err = errors.Join(err, c.conn.Close())
	}
	return err
}
