package queue

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	_ "gocloud.dev/blob/s3blob" // the store that tells of its objects

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/periplus"
)

// receive waits for the next notice.
func receive(t *testing.T, q Queue) *periplus.Notice {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := q.Receive(ctx)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return n
}

func stream(t *testing.T, addr string) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect("nats://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "LOGS", Subjects: []string{"logs.>"}}); err != nil {
		t.Fatal(err)
	}
	return js
}

func open(t *testing.T, address string) Queue {
	t.Helper()
	q, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close(context.Background()) })
	return q
}

// What versitygw says of the objects that it takes is understood, whatever
// their names are.
func TestNATSFromStore(t *testing.T) {
	n := servers.NATS(t)
	q := open(t, "nats://"+n.Addr+"?subject=logs")
	s := servers.S3With(t, "--event-nats-url", "nats://"+n.Addr, "--event-nats-topic", "logs")
	for _, key := range []string{"plain.log", "other place/ä+b%20.log", "y=2026/m=11/10:00:00_S0.json"} {
		s.Put(key, "x")
		for {
			got := receive(t, q)
			if got.Err != nil {
				t.Errorf("%s: %v", key, got.Err)
				break
			}
			if len(got.URIs) == 0 {
				continue // that the gateway could be reached
			}
			m := message{}
			if err := m.object("s3", "logs", key); err != nil || !slices.Equal(got.URIs, m.uris) {
				t.Errorf("%s: names %q, want %q", key, got.URIs, m.uris)
			}
			break
		}
	}
}

// A stream keeps a message until it is acknowledged, also over the death of the
// server, and those that share a consumer share the messages.
func TestNATSStream(t *testing.T) {
	n := servers.NATS(t)
	js := stream(t, n.Addr)
	address := "nats://" + n.Addr + "?stream=LOGS&consumer=one&ack_wait=1s"
	a, b := open(t, address), open(t, address)
	for _, uri := range []string{"s3://logs/1", "s3://logs/2"} {
		if _, err := js.Publish(t.Context(), "logs.new", []byte(uri)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	left := make(chan *periplus.Notice)
	for _, q := range []Queue{a, b} {
		go func() {
			for {
				n, err := q.Receive(t.Context())
				if err != nil {
					return
				}
				left <- n
			}
		}()
	}
	one, two := <-left, <-left
	got = append(slices.Clone(one.URIs), two.URIs...)
	slices.Sort(got)
	if want := []string{"s3://logs/1", "s3://logs/2"}; !slices.Equal(got, want) {
		t.Fatalf("received %q, want %q", got, want)
	}
	one.Ack()
	two.Back()
	if three := <-left; three.URIs[0] != two.URIs[0] {
		t.Errorf("given back was %q, came %q", two.URIs, three.URIs)
	}
	four := <-left // not settled: it comes again after ack_wait
	if four.URIs[0] != two.URIs[0] {
		t.Errorf("not settled was %q, came %q", two.URIs, four.URIs)
	}
	n.Kill()
	n.Start()
	five := <-left
	if five.URIs[0] != two.URIs[0] {
		t.Errorf("after the server's death came %q, want %q", five.URIs, two.URIs)
	}
	five.Ack()
	for {
		select {
		case n := <-left: // what was on its way before
			n.Ack()
			continue
		case <-time.After(2 * time.Second):
		}
		break
	}
	c, err := js.Consumer(t.Context(), "LOGS", "one")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := c.Info(t.Context()); err != nil || info.NumAckPending+int(info.NumPending) != 0 {
		t.Errorf("%+v, %v; want nothing left", info, err)
	}
}

// What is wrong with an address is said before it is used, without its secrets.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	n := servers.NATS(t)
	f := func(address, want string) {
		t.Helper()
		q, err := Open(t.Context(), address)
		if err == nil {
			q.Close(t.Context())
		}
		if err == nil || !contains(err.Error(), want) || contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	f("kafka://x/y", "give an address that begins with awssqs://, azuresb://, gcppubsub://, nats://")
	f("nats://me:secret@"+n.Addr, "name ?subject=SUBJECT")
	f("nats://"+n.Addr+"?topic=x", `there is no "topic"`)
	f("nats://"+n.Addr+"?stream=NONE", "stream not found")
	f("nats://:secret@[::1", "missing ']'")
	f("azuresb://queue", "set AZURE_SERVICEBUS_HOSTNAME")
	f("azuresb://queue?topic=1", `there is no "topic"`)
}
