package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// bucketName is what a bucket or container may be called, in any of the clouds.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9$][A-Za-z0-9._$-]*$`)

// What a message is that names no object that was written.
const (
	kindTest     = "test"     // sent when notifications were set up
	kindDeletion = "deletion" // only of objects that went
	kindOther    = "other"    // of something else than objects
)

// mostURIs is how many objects one message may name: a thousand times what a
// cloud sends.
const mostURIs = 10_000

// Parse reads a message: the objects that it says were written, else what it is
// instead. It knows S3's events (as they are, in an SNS message or from
// EventBridge; MinIO and versitygw write the same), Cloud Storage's Pub/Sub
// notifications (the attributes, or the object as JSON), Azure's Event Grid
// events in both schemas, and plain text with an address a line. The error says
// that it is none of these.
func Parse(body []byte, attributes map[string]string) (uris []string, kind string, err error) {
	m := message{}
	if err := m.read(body, attributes, 0); err != nil {
		return nil, "", err
	}
	if len(m.uris) == 0 {
		return nil, m.kind, nil
	}
	return m.uris, "", nil
}

// A message is what was found in one.
type message struct {
	uris []string
	kind string
}

// is notes what a message is where it names nothing. That something was deleted
// says more than that something else was.
func (m *message) is(kind string) {
	if m.kind == "" || kind == kindDeletion {
		m.kind = kind
	}
}

func (m *message) object(scheme, bucket, key string) error {
	if key == "" || !bucketName.MatchString(bucket) {
		return fmt.Errorf("an object %.100q in a bucket %.100q", key, bucket)
	}
	return m.uri(scheme + "://" + bucket + "/" + (&url.URL{Path: key}).EscapedPath())
}

func (m *message) uri(uri string) error {
	for _, u := range m.uris {
		if u == uri {
			return nil
		}
	}
	if len(m.uris) == mostURIs {
		return fmt.Errorf("more than %d objects in one message", mostURIs)
	}
	m.uris = append(m.uris, uri)
	return nil
}

func (m *message) read(body []byte, attributes map[string]string, depth int) error {
	if attributes["objectId"] != "" || attributes["bucketId"] != "" {
		return m.gcs(attributes["eventType"], attributes["bucketId"], attributes["objectId"])
	}
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return errors.New("an empty message")
	case body[0] == '{':
		return m.envelope(body, depth)
	case body[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(body, &list); err != nil {
			return fmt.Errorf("JSON: %w", err)
		}
		if len(list) == 0 {
			m.is(kindOther)
		}
		for _, one := range list {
			if err := m.envelope(one, depth); err != nil {
				return err
			}
		}
		return nil
	}
	return m.lines(string(body))
}

// envelope is the union of what the clouds write.
type envelope struct {
	// S3, and those that speak its language.
	Records   []s3Record
	Event     string // s3:TestEvent
	EventName string // MinIO's own
	// SNS
	Type    string
	Message *string
	// EventBridge, Event Grid and CloudEvents: source and detail-type, or type,
	// or eventType with subject.
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     struct {
		Bucket struct{ Name string }
		Object struct{ Key string }
	} `json:"detail"`
	EventType string `json:"eventType"`
	Subject   string `json:"subject"`
	// Cloud Storage: the object itself.
	Kind   string `json:"kind"`
	Bucket string `json:"bucket"`
	Name   string `json:"name"`
}

type s3Record struct {
	EventSource string
	EventName   string
	S3          *struct {
		ConfigurationID string `json:"configurationId"`
		Bucket          struct{ Name string }
		Object          struct{ Key string }
	}
}

// s3Key is the key of an event's object. AWS and MinIO write it as in a form,
// versitygw as it is; it calls its configurations nats-global and the like. A
// text that no form would hold is a key as it is too.
func s3Key(key, configuration string) string {
	switch configuration {
	case "nats-global", "kafka-global", "rabbitmq-global", "webhook-global":
		return key
	}
	if plain, err := url.QueryUnescape(key); err == nil && !strings.ContainsAny(key, " =:&?#,;") {
		return plain
	}
	return key
}

func (m *message) envelope(body []byte, depth int) error {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("JSON: %w", err)
	}
	switch {
	case e.Records != nil:
		return m.s3(e.Records)
	case e.Event == "s3:TestEvent":
		m.is(kindTest)
	case e.Type == "Notification" && e.Message != nil:
		if depth == 3 {
			return errors.New("a message in a message in a message")
		}
		return m.read([]byte(*e.Message), nil, depth+1)
	case e.Type == "SubscriptionConfirmation" || e.Type == "UnsubscribeConfirmation":
		m.is(kindTest)
	case e.DetailType != "":
		return m.bridge(&e)
	case e.EventType != "" || strings.HasPrefix(e.Type, "Microsoft."):
		kind := e.EventType
		if kind == "" {
			kind = e.Type
		}
		return m.grid(kind, e.Subject)
	case e.Kind == "storage#object":
		return m.gcs(e.gcsEvent(), e.Bucket, e.Name)
	default:
		return errors.New("JSON that is no notification of S3, SNS, EventBridge, Cloud Storage or Event Grid")
	}
	return nil
}

// gcsEvent is what happened to an object that came without attributes: where
// nothing says more, it was written.
func (e *envelope) gcsEvent() string {
	if e.Type == "" || strings.HasSuffix(e.Type, ".finalized") {
		return "OBJECT_FINALIZE"
	}
	return e.Type
}

func (m *message) s3(records []s3Record) error {
	if len(records) == 0 {
		m.is(kindOther)
	}
	for _, r := range records {
		name := strings.TrimPrefix(r.EventName, "s3:")
		switch {
		case name == "" && r.S3 == nil:
			return errors.New("a record without an event's name")
		case strings.HasPrefix(name, "ObjectRemoved:"), strings.HasPrefix(name, "LifecycleExpiration:"):
			m.is(kindDeletion)
		case name == "TestEvent":
			m.is(kindTest)
		case !strings.HasPrefix(name, "ObjectCreated:"):
			m.is(kindOther)
		case r.S3 == nil:
			return fmt.Errorf("%.100s without an object", name)
		default:
			if err := m.object("s3", r.S3.Bucket.Name, s3Key(r.S3.Object.Key, r.S3.ConfigurationID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// bridge is an event of EventBridge, which writes keys as they are.
func (m *message) bridge(e *envelope) error {
	switch {
	case e.Source != "aws.s3":
		m.is(kindOther)
	case e.DetailType == "Object Created":
		return m.object("s3", e.Detail.Bucket.Name, e.Detail.Object.Key)
	case e.DetailType == "Object Deleted":
		m.is(kindDeletion)
	default:
		m.is(kindOther)
	}
	return nil
}

// grid is an event of Azure's Event Grid: the subject is
// /blobServices/default/containers/NAME/blobs/PATH in both schemas.
func (m *message) grid(kind, subject string) error {
	switch kind {
	case "Microsoft.Storage.BlobCreated":
	case "Microsoft.Storage.BlobDeleted", "Microsoft.Storage.DirectoryDeleted":
		m.is(kindDeletion)
		return nil
	case "Microsoft.EventGrid.SubscriptionValidationEvent", "Microsoft.EventGrid.SubscriptionDeletedEvent":
		m.is(kindTest)
		return nil
	default:
		m.is(kindOther)
		return nil
	}
	rest, ok := strings.CutPrefix(subject, "/blobServices/default/containers/")
	container, blob, found := strings.Cut(rest, "/blobs/")
	if !ok || !found {
		return fmt.Errorf("subject %.200q names no blob", subject)
	}
	return m.object("azblob", container, blob)
}

// gcs is a notification of Cloud Storage.
func (m *message) gcs(event, bucket, name string) error {
	switch event {
	case "OBJECT_FINALIZE":
		return m.object("gs", bucket, name)
	case "OBJECT_DELETE", "OBJECT_ARCHIVE":
		m.is(kindDeletion)
	case "":
		return errors.New("a notification of Cloud Storage without eventType")
	default:
		m.is(kindOther)
	}
	return nil
}

// lines is what a person or a script sends: an address a line.
func (m *message) lines(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		u, err := url.Parse(line)
		if err != nil || u.Scheme == "" || u.Host == "" && u.Scheme != "file" || u.Path == "" {
			return fmt.Errorf("%.200q is neither JSON nor an address such as s3://BUCKET/KEY", line)
		}
		u.RawQuery, u.Fragment = "", ""
		if err := m.uri(u.String()); err != nil {
			return err
		}
	}
	return nil
}

// notice makes a notice of what a driver received.
func notice(id string, body []byte, attributes map[string]string, ack, back func()) *periplus.Notice {
	n := &periplus.Notice{ID: id, Ack: ack, Back: back}
	n.URIs, n.Kind, n.Err = Parse(body, attributes)
	return n
}
