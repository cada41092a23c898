package queue

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

const s3Event = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-11-02T10:05:12.000Z","eventName":"ObjectCreated:Put",
"s3":{"s3SchemaVersion":"1.0","configurationId":"flow-logs","bucket":{"name":"my-logs","arn":"arn:aws:s3:::my-logs"},
"object":{"key":"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/02/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261102T1000Z_b.log.gz","size":1234,"eTag":"0123456789abcdef0123456789abcdef","sequencer":"0055AED6DCD90281E5"}}}]}`

const awsKey = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/11/02/111122223333_vpcflowlogs_eu-west-1_fl-0a_20261102T1000Z_b.log.gz"

// sns wraps a message as SNS does.
func sns(text string) string {
	b, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:logs", "Subject": "Amazon S3 Notification", "Message": text})
	if err != nil {
		panic(err)
	}
	return string(b)
}

const vnet = "flowLogResourceID=/S1_NETWORKWATCHERRG/NETWORKWATCHER_WESTEUROPE_HUB-RG-FLOWLOGS/y=2026/m=11/d=02/h=10/m=00/macAddress=002248AABBCC/PT1H.json"

const gridData = `"subject":"/blobServices/default/containers/insights-logs-flowlogflowevent/blobs/` + vnet + `","data":{"api":"PutBlockList","contentType":"application/octet-stream","contentLength":524288,"blobType":"BlockBlob","eTag":"0x8D4BCC2E4835CD0","url":"https://mylogs.blob.core.windows.net/insights-logs-flowlogflowevent/` + vnet + `"}`

// samples are messages as the clouds document them.
var samples = []struct {
	name, body string
	attributes map[string]string
	uris       []string
	kind       string
	wrong      string
}{
	{name: "s3", body: s3Event, uris: []string{"s3://my-logs/" + awsKey}},
	{name: "s3 by sns", body: sns(s3Event), uris: []string{"s3://my-logs/" + awsKey}},
	{name: "s3 by sns by sns", body: sns(sns(s3Event)), uris: []string{"s3://my-logs/" + awsKey}},
	{name: "s3 key as in a form", body: `{"Records":[{"eventName":"ObjectCreated:CompleteMultipartUpload","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2Bc%C3%A4/x%2520.log"}}}]}`,
		uris: []string{"s3://b/a%20b+c%C3%A4/x%2520.log"}},
	{name: "s3 key as it is", body: `{"Records":[{"eventName":"s3:ObjectCreated:Put","s3":{"configurationId":"nats-global","bucket":{"name":"b"},"object":{"key":"a+b%20c"}}},
{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"y=1/a+b"}}},{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"100%"}}}]}`,
		uris: []string{"s3://b/a+b%2520c", "s3://b/y=1/a+b", "s3://b/100%25"}},
	{name: "minio", body: `{"EventName":"s3:ObjectCreated:Put","Key":"logs/a.log","Records":[{"eventSource":"minio:s3","eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"a.log","size":1,"eTag":"x"}}}]}`,
		uris: []string{"s3://logs/a.log"}},
	{name: "s3 several", body: `{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"0"}}},
{"eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"1"}}},{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"2"}}},
{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"1"}}}]}`, uris: []string{"s3://b/1", "s3://b/2"}},
	{name: "s3 test", body: `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-02T10:00:00.000Z","Bucket":"my-logs","RequestId":"1","HostId":"2"}`, kind: kindTest},
	{name: "s3 deletion", body: `{"Records":[{"eventName":"ObjectRemoved:DeleteMarkerCreated","s3":{"bucket":{"name":"b"},"object":{"key":"0"}}}]}`, kind: kindDeletion},
	{name: "s3 expiration", body: `{"Records":[{"eventName":"LifecycleExpiration:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"0"}}}]}`, kind: kindDeletion},
	{name: "s3 tagging", body: `{"Records":[{"eventName":"ObjectTagging:Put","s3":{"bucket":{"name":"b"},"object":{"key":"0"}}}]}`, kind: kindOther},
	{name: "s3 empty", body: `{"Records":[]}`, kind: kindOther},
	{name: "sns confirmation", body: `{"Type":"SubscriptionConfirmation","MessageId":"1","Message":"You have chosen to subscribe"}`, kind: kindTest},
	{name: "eventbridge", body: `{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","account":"111122223333","detail":{"version":"0","bucket":{"name":"my-logs"},"object":{"key":"a+b c%20.log","size":5,"etag":"b1","sequencer":"00"},"reason":"PutObject"}}`,
		uris: []string{"s3://my-logs/a+b%20c%2520.log"}},
	{name: "eventbridge deletion", body: `{"detail-type":"Object Deleted","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"0"}}}`, kind: kindDeletion},
	{name: "eventbridge other", body: `{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","detail":{}}`, kind: kindOther},
	{name: "gcs", attributes: map[string]string{"notificationConfig": "projects/_/buckets/sink/notificationConfigs/3", "eventType": "OBJECT_FINALIZE", "payloadFormat": "JSON_API_V1",
		"bucketId": "sink", "objectId": "compute.googleapis.com/vpc_flows/2026/11/02/10:00:00_10:59:59_S0.json", "objectGeneration": "1"}, body: `{"kind":"storage#object"}`,
		uris: []string{"gs://sink/compute.googleapis.com/vpc_flows/2026/11/02/10:00:00_10:59:59_S0.json"}},
	{name: "gcs without payload", attributes: map[string]string{"eventType": "OBJECT_FINALIZE", "payloadFormat": "NONE", "bucketId": "sink", "objectId": "x"}, uris: []string{"gs://sink/x"}},
	{name: "gcs deletion", attributes: map[string]string{"eventType": "OBJECT_DELETE", "bucketId": "sink", "objectId": "x"}, kind: kindDeletion},
	{name: "gcs metadata", attributes: map[string]string{"eventType": "OBJECT_METADATA_UPDATE", "bucketId": "sink", "objectId": "x"}, kind: kindOther},
	{name: "gcs payload alone", body: `{"kind":"storage#object","id":"sink/x/1","name":"x y","bucket":"sink","generation":"1","size":"3"}`, uris: []string{"gs://sink/x%20y"}},
	{name: "event grid", body: `[{"topic":"/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/mylogs","id":"1","eventType":"Microsoft.Storage.BlobCreated","eventTime":"2026-11-02T10:05:00Z","dataVersion":"","metadataVersion":"1",` + gridData + `}]`,
		uris: []string{"azblob://insights-logs-flowlogflowevent/" + vnet}},
	{name: "event grid alone", body: `{"eventType":"Microsoft.Storage.BlobCreated",` + gridData + `}`, uris: []string{"azblob://insights-logs-flowlogflowevent/" + vnet}},
	{name: "cloud events", body: `{"specversion":"1.0","type":"Microsoft.Storage.BlobCreated","source":"/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/mylogs","id":"1","time":"2026-11-02T10:05:00Z",` + gridData + `}`,
		uris: []string{"azblob://insights-logs-flowlogflowevent/" + vnet}},
	{name: "event grid deletion", body: `{"eventType":"Microsoft.Storage.BlobDeleted",` + gridData + `}`, kind: kindDeletion},
	{name: "event grid validation", body: `[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","subject":"","data":{"validationCode":"1"}}]`, kind: kindTest},
	{name: "event grid other", body: `{"eventType":"Microsoft.Storage.BlobRenamed",` + gridData + `}`, kind: kindOther},
	{name: "lines", body: "s3://logs/a%20b.log\n\n gs://sink/x \r\nfile:///var/log/x.log", uris: []string{"s3://logs/a%20b.log", "gs://sink/x", "file:///var/log/x.log"}},
	{name: "no lines", body: "hello", wrong: "neither JSON nor an address"},
	{name: "empty", body: " \n", wrong: "an empty message"},
	{name: "cut", body: s3Event[:200], wrong: "JSON"},
	{name: "no event", body: `{"a":1}`, wrong: "no notification of S3"},
	{name: "number", body: `[1]`, wrong: "JSON"},
	{name: "bucket", attributes: map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": "a\tb", "objectId": "x"}, wrong: `in a bucket "a\tb"`},
	{name: "s3 bucket", body: `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"../x"},"object":{"key":"0"}}}]}`, wrong: `in a bucket "../x"`},
	{name: "s3 key", body: `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":""}}}]}`, wrong: `an object ""`},
	{name: "s3 nothing", body: `{"Records":[{}]}`, wrong: "without an event's name"},
	{name: "grid subject", body: `{"eventType":"Microsoft.Storage.BlobCreated","subject":"/x"}`, wrong: "names no blob"},
	{name: "gcs no type", attributes: map[string]string{"bucketId": "sink", "objectId": "x"}, wrong: "without eventType"},
	{name: "nested", body: sns(sns(sns(sns(s3Event)))), wrong: "in a message in a message"},
}

func TestParse(t *testing.T) {
	for _, s := range samples {
		uris, kind, err := Parse([]byte(s.body), s.attributes)
		switch {
		case s.wrong != "":
			if err == nil || !contains(err.Error(), s.wrong) {
				t.Errorf("%s: %q, %q, %v; want an error with %q", s.name, uris, kind, err, s.wrong)
			}
		case err != nil || kind != s.kind || !slices.Equal(uris, s.uris):
			t.Errorf("%s: %q, %q, %v; want %q, %q", s.name, uris, kind, err, s.uris, s.kind)
		}
	}
}

// Whatever a message holds: what is named is an address, or it is said what the
// message is, or why it is none.
func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s.body), s.attributes["eventType"], s.attributes["bucketId"], s.attributes["objectId"])
	}
	f.Fuzz(func(t *testing.T, body []byte, event, bucket, object string) {
		uris, kind, err := Parse(body, map[string]string{"eventType": event, "bucketId": bucket, "objectId": object})
		if err != nil {
			if uris != nil || kind != "" || len(err.Error()) > 2000 {
				t.Errorf("with an error %.2000v: %q, %q", err, uris, kind)
			}
			return
		}
		if (len(uris) == 0) == (kind == "") {
			t.Errorf("%q and the kind %q", uris, kind)
		}
		for _, u := range uris {
			p, err := url.Parse(u)
			if err != nil || p.Scheme == "" || p.Path == "" || p.RawQuery != "" {
				t.Errorf("%q: %+v, %v", u, p, err)
			}
		}
	})
}
