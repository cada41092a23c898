package queue

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	gcaws "gocloud.dev/aws"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/periplus"
)

// come receives notices until as many as wanted are there, by what they name.
func come(t *testing.T, q Queue, n int) map[string]*periplus.Notice {
	t.Helper()
	got := map[string]*periplus.Notice{}
	for len(got) < n {
		x := receive(t, q)
		what := x.Kind
		switch {
		case x.Err != nil:
			what = "poison"
		case len(x.URIs) > 0:
			what = x.URIs[0]
		}
		if got[what] != nil {
			t.Fatalf("%s came twice within its time", what)
		}
		got[what] = x
	}
	return got
}

// SQS as moto plays it: messages are acknowledged, given back or left, and what
// is left too often is put with the dead letters.
func TestSQS(t *testing.T) {
	m := servers.Moto(t)
	endpoint := "http://" + m.Addr
	cfg, err := gcaws.V2ConfigFromURLParams(t.Context(), url.Values{"region": {"eu-west-1"}, "endpoint": {endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	client := sqs.NewFromConfig(cfg)
	create := func(name string, attributes map[string]string) string {
		t.Helper()
		out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		return *out.QueueUrl
	}
	dead := create("dead", nil)
	at := create("logs", map[string]string{"VisibilityTimeout": "2",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":"2"}`})
	for _, body := range []string{s3Event, sns(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"my-logs"},"object":{"key":"back"}}}]}`), "nothing", `{"Event":"s3:TestEvent"}`} {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &at, MessageBody: aws.String(body)}); err != nil {
			t.Fatal(err)
		}
	}
	_, path, _ := strings.Cut(at, m.Addr)
	q := open(t, "awssqs://"+m.Addr+path+"?region=eu-west-1&waittime=1s&endpoint="+url.QueryEscape(endpoint))
	first := come(t, q, 4)
	first["s3://my-logs/"+awsKey].Ack()
	first[kindTest].Ack()
	first["s3://my-logs/back"].Back()
	again := come(t, q, 2) // what was given back, and what was left
	again["s3://my-logs/back"].Ack()
	if again["poison"] == nil {
		t.Errorf("what was left did not come again: %v", again)
	}
	if err := q.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	// Whoever asks next finds what was not understood with the dead letters.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if _, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &at}); err != nil {
			t.Fatal(err)
		}
		out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &dead,
			AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages}})
		if err != nil {
			t.Fatal(err)
		}
		if out.Attributes["ApproximateNumberOfMessages"] == "1" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what was left is not with the dead letters")
		}
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &at,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
	if err != nil || out.Attributes["ApproximateNumberOfMessages"] != "0" || out.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" {
		t.Errorf("left in the queue: %v, %v", out.Attributes, err)
	}
}

// Pub/Sub as its own test server plays it, over gRPC. That there were no
// credentials once does not stand in the way.
func TestPubSub(t *testing.T) {
	t.Setenv("PUBSUB_EMULATOR_HOST", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", t.TempDir()+"/none.json")
	if q, err := Open(t.Context(), "gcppubsub://projects/p/subscriptions/periplus"); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Fatalf("without credentials: %v, %v", q, err)
	}
	s := pstest.NewServer()
	defer s.Close()
	t.Setenv("PUBSUB_EMULATOR_HOST", s.Addr)
	if _, err := s.GServer.CreateTopic(t.Context(), &pubsubpb.Topic{Name: "projects/p/topics/logs"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GServer.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: "projects/p/subscriptions/periplus", Topic: "projects/p/topics/logs", AckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	publish := func(body, event, object string) string {
		return s.Publish("projects/p/topics/logs", []byte(body), map[string]string{"eventType": event, "bucketId": "sink", "objectId": object, "payloadFormat": "JSON_API_V1"})
	}
	one := publish(`{"kind":"storage#object"}`, "OBJECT_FINALIZE", "vpc_flows/10:00:00_S0.json")
	publish("", "OBJECT_DELETE", "old.json")
	back := publish("", "OBJECT_FINALIZE", "back.json")
	poison := s.Publish("projects/p/topics/logs", []byte("x"), nil)
	q := open(t, "gcppubsub://projects/p/subscriptions/periplus")
	first := come(t, q, 4)
	first["gs://sink/vpc_flows/10:00:00_S0.json"].Ack()
	first[kindDeletion].Ack()
	first["gs://sink/back.json"].Back()
	again := come(t, q, 1)
	if again["gs://sink/back.json"] == nil {
		t.Fatalf("what was given back did not come again: %v", again)
	}
	again["gs://sink/back.json"].Ack()
	if err := q.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	acks := map[string]int{}
	for _, m := range s.Messages() {
		acks[m.ID] = m.Acks
	}
	if acks[one] != 1 || acks[back] != 1 || acks[poison] != 0 {
		t.Errorf("acknowledged: %v; want %s and %s once and %s not", acks, one, back, poison)
	}
}

// A queue that cannot be reached says so, and Receive ends with its context.
func TestQueuesThatAreGone(t *testing.T) {
	m := servers.Moto(t)
	q := open(t, fmt.Sprintf("awssqs://%s/123456789012/none?region=eu-west-1&waittime=1s&endpoint=%s", m.Addr, url.QueryEscape("http://"+m.Addr)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if n, err := q.Receive(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("a queue that is not there: %+v, %v", n, err)
	}
	n := servers.NATS(t)
	stream(t, n.Addr)
	for _, address := range []string{"nats://" + n.Addr + "?subject=logs", "nats://" + n.Addr + "?stream=LOGS"} {
		q := open(t, address)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if n, err := q.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: received %+v, %v when time was over", address, n, err)
		}
		if err := q.Close(t.Context()); err != nil {
			t.Errorf("%s: close: %v", address, err)
		}
		if n, err := q.Receive(t.Context()); err == nil {
			t.Errorf("%s: received %+v of a queue that is closed", address, n)
		}
	}
}
