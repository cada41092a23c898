package receive

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
)

// Whatever comes as a Firehose request, no more is inflated than allowed, and
// what passes has an id and is what encoding/json sees in it.
func FuzzFirehose(f *testing.F) {
	f.Add([]byte(envelope("id-1", line(1), zipped(line(2)))))
	f.Add([]byte(`{"records":[{"data":""}],"requestId":"x","timestamp":1}`))
	f.Add([]byte(`{"requestId":"x","records":[{"data":"AAAA"},{"data":null}]}`))
	f.Add([]byte(`{"requestId":1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		left := int64(1 << 20)
		id, err := readEnvelope(bytes.NewReader(body), &left)
		if err != nil {
			return
		}
		var want struct {
			RequestID string `json:"requestId"`
			Records   []struct {
				Data *string `json:"data"`
			} `json:"records"`
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q is taken, but %v", body, err)
		}
		for _, r := range want.Records {
			if r.Data == nil {
				t.Fatalf("%q is taken with a record without data", body)
			}
			if _, err := base64.StdEncoding.DecodeString(*r.Data); err != nil {
				t.Fatalf("%q is taken, but %v", body, err)
			}
		}
		if name := requestID(id); name != "" && (strings.ContainsAny(name, "/ \n%") || name != id) {
			t.Fatalf("%q has the id %q", body, name)
		}
	})
}

// Whatever comes as a message, what passes has a name that tells it from
// others and holds nothing that a name must not.
func FuzzPubSub(f *testing.F) {
	f.Add([]byte(message("1", line(1))), "2")
	f.Add([]byte(`{"message":{"data":"AAAA","message_id":"1"},"subscription":"projects/p/subscriptions/s"}`), "a/b")
	f.Add([]byte(`{"message":null}`), "")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		uri, _, err := readMessage(body)
		if err == nil && (!strings.HasPrefix(uri, "pubsub:") || strings.Count(uri, "/") != 1 || strings.ContainsAny(uri, " \n\x00\x1b")) {
			t.Fatalf("%q is called %q", body, uri)
		}
		made, err := json.Marshal(map[string]any{"subscription": "projects/p/subscriptions/s", "message": map[string]any{"data": body, "messageId": id}})
		if err != nil {
			t.Fatal(err)
		}
		uri, data, err := readMessage(made)
		if id == "" || len(id) > 200 {
			return
		}
		if err != nil || !bytes.Equal(data, body) || !strings.HasPrefix(uri, "pubsub:projects%2Fp%2Fsubscriptions%2Fs/") {
			t.Fatalf("message %q of %q is %q, %q, %v", id, body, uri, data, err)
		}
	})
}

// BenchmarkFirehose is records a second over HTTP, committed: deliveries of
// 5,000 records by eight senders.
func BenchmarkFirehose(b *testing.B) {
	const each = 5000
	l, err := lake.Create(b.Context(), filepath.Join(b.TempDir(), "lake"), lake.Fleeting)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := &Receiver{Ingest: lake.Ingest{Lake: l}, Every: 500 * time.Millisecond}
	s := httptest.NewServer(r.Handler())
	defer s.Close()
	go r.Commit(b.Context())
	lines := make([]string, each)
	for i := range lines {
		lines[i] = line(i)
	}
	var texts strings.Builder
	for _, l := range lines {
		texts.WriteString(l)
	}
	n := make(chan int, 1)
	n <- 0
	b.SetBytes(int64(texts.Len()))
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			i := <-n
			n <- i + 1
			res, err := http.Post(s.URL+"/firehose", "application/json", strings.NewReader(envelope(fmt.Sprintf("id-%d", i), lines...)))
			if err != nil || res.StatusCode != 200 {
				b.Error(res, err)
				return
			}
			res.Body.Close()
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)*each/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkLedger is a commit of one message when so many were delivered
// before.
func BenchmarkLedger(b *testing.B) {
	for _, before := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(before), func(b *testing.B) {
			l, err := lake.Create(b.Context(), filepath.Join(b.TempDir(), "lake"), lake.Fleeting)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			r := &Receiver{Ingest: lake.Ingest{Lake: l}}
			r.begin()
			commit := func(from, n int) {
				var all []*delivery
				for i := range n {
					d := newDelivery(fmt.Sprintf("pubsub:projects%%2Fp%%2Fsubscriptions%%2Fs/%d", from+i), []byte(line(i)), 0)
					all = append(all, d)
				}
				r.queue.mu.Lock()
				r.queue.next = all
				r.queue.mu.Unlock()
				all = r.queue.take()
				r.commit(b.Context(), all)
				if err := all[0].err; err != nil {
					b.Fatal(err)
				}
			}
			commit(0, before)
			b.ResetTimer()
			for i := range b.N {
				commit(before+i, 1)
			}
		})
	}
}
