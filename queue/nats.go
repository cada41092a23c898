package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/periplus/periplus/periplus"
)

// natsQueue is a subject of a NATS server: plain, where what nobody reads at
// the moment is lost, or kept in a JetStream stream until it is acknowledged.
type natsQueue struct {
	conn     *nats.Conn
	next     func(ctx context.Context) (*periplus.Notice, error)
	stop     func()
	lifetime context.Context // ends with the connection
}

// What a durable consumer is made with where there is none.
const (
	natsAckWait    = 5 * time.Minute
	natsMaxDeliver = 20
	natsPending    = 10_000
	natsName       = "periplus" // of the consumer, or the group that shares a plain subject
)

// openNATS opens nats://HOST:PORT with subject and group, or with stream,
// consumer, subject and ack_wait. creds names a file of credentials; a name and
// password, or a token, stand before the host; tls=true asks for TLS.
func openNATS(ctx context.Context, u *url.URL) (Queue, error) {
	q := u.Query()
	for k := range q {
		switch k {
		case "subject", "group", "stream", "consumer", "ack_wait", "creds", "tls":
		default:
			return nil, fmt.Errorf("there is no %q: use subject, group, stream, consumer, ack_wait, creds, tls", k)
		}
	}
	subject, stream := q.Get("subject"), q.Get("stream")
	if subject == "" && stream == "" {
		return nil, errors.New("name ?subject=SUBJECT, or ?stream=NAME for a JetStream stream")
	}
	lifetime, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opts := []nats.Option{nats.Name("periplus watch"), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond),
		nats.ClosedHandler(func(*nats.Conn) { cancel() })}
	if f := q.Get("creds"); f != "" {
		opts = append(opts, nats.UserCredentials(f))
	}
	if on, err := strconv.ParseBool(cmp.Or(q.Get("tls"), "false")); err != nil {
		cancel()
		return nil, errors.New("tls is true or false")
	} else if on {
		opts = append(opts, nats.Secure())
	}
	at := url.URL{Scheme: "nats", User: u.User, Host: u.Host}
	conn, err := nats.Connect(at.String(), opts...)
	if err != nil {
		cancel()
		return nil, err
	}
	n := &natsQueue{conn: conn, lifetime: lifetime, stop: func() {}}
	if stream == "" {
		err = n.plain(subject, cmp.Or(q.Get("group"), natsName))
	} else {
		err = n.stream(ctx, stream, cmp.Or(q.Get("consumer"), natsName), subject, q.Get("ack_wait"))
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return n, nil
}

// plain reads a subject. There is nothing to acknowledge.
func (n *natsQueue) plain(subject, group string) error {
	sub, err := n.conn.QueueSubscribeSync(subject, group)
	if err != nil {
		return err
	}
	n.next = func(ctx context.Context) (*periplus.Notice, error) {
		for {
			m, err := sub.NextMsgWithContext(ctx)
			if errors.Is(err, nats.ErrSlowConsumer) {
				continue // some are lost, as they may be; listing finds their objects
			}
			if err != nil {
				return nil, err
			}
			return notice(subject, m.Data, headers(m.Header), func() {}, func() {}), nil
		}
	}
	return nil
}

// stream reads a stream by a durable consumer, which all that name it share.
func (n *natsQueue) stream(ctx context.Context, stream, consumer, subject, ackWait string) error {
	js, err := jetstream.New(n.conn)
	if err != nil {
		return err
	}
	c, err := js.Consumer(ctx, stream, consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		wait := natsAckWait
		if ackWait != "" {
			if wait, err = time.ParseDuration(ackWait); err != nil || wait <= 0 {
				return fmt.Errorf("ack_wait %q: write it as 5m", ackWait)
			}
		}
		// Another process may make it at the same moment, in the same words.
		c, err = js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: consumer, FilterSubject: subject,
			AckPolicy: jetstream.AckExplicitPolicy, AckWait: wait, MaxDeliver: natsMaxDeliver, MaxAckPending: natsPending})
	}
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(256))
	if err != nil {
		return err
	}
	n.stop = messages.Stop
	n.next = func(ctx context.Context) (*periplus.Notice, error) {
		for {
			m, err := messages.Next(jetstream.NextContext(ctx))
			if errors.Is(err, jetstream.ErrNoHeartbeat) && n.conn.Status() != nats.CLOSED {
				continue // it connects again by itself
			}
			if err != nil {
				return nil, err
			}
			id := stream
			if meta, err := m.Metadata(); err == nil {
				id += ":" + strconv.FormatUint(meta.Sequence.Stream, 10)
			}
			// What is not told, because the connection is gone, comes again.
			return notice(id, m.Data(), headers(m.Headers()), func() { _ = m.Ack() }, func() { _ = m.Nak() }), nil
		}
	}
	return nil
}

// headers are a message's, as attributes.
func headers(h nats.Header) map[string]string {
	if len(h) == 0 {
		return nil
	}
	out := make(map[string]string, len(h))
	for k := range h {
		out[k] = h.Get(k)
	}
	return out
}

func (n *natsQueue) Receive(ctx context.Context) (*periplus.Notice, error) {
	got, err := n.next(ctx)
	if err != nil && ctx.Err() == nil && n.lifetime.Err() != nil {
		return nil, errors.Join(nats.ErrConnectionClosed, n.conn.LastError())
	}
	return got, err
}

func (n *natsQueue) Close(ctx context.Context) error {
	n.stop()
	var err error
	if n.conn.IsConnected() {
		if _, ok := ctx.Deadline(); !ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
		}
		err = n.conn.FlushWithContext(ctx)
	}
	n.conn.Close()
	return err
}
