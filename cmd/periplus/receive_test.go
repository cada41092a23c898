package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// The command itself takes what Firehose and Pub/Sub push, from those who know
// the keys, shows it on its page, and knows it again after a restart.
func TestServeTakesWhatIsPushed(t *testing.T) {
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	const key, token = "a key that nobody guesses", "0123456789abcdef0123456789abcdef"
	t.Setenv("PERIPLUS_PUBSUB_TOKEN", token)
	args := []string{"serve", "--lake", lake, "--receive", "127.0.0.1:0", "--receive-every", "20ms",
		"--firehose-key-file", write(t, filepath.Join(dir, "key"), key+"\n")}
	p := serve(t, args...)
	post := func(path, body string, header ...string) (int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.push+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			q.Header.Set(header[i], header[i+1])
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	// What CloudWatch or a flow log sends has no header line.
	_, lines, _ := strings.Cut(v2, "\n")
	delivery, err := json.Marshal(map[string]any{"requestId": "r-1", "timestamp": 1700000000000, "records": []any{map[string]any{"data": []byte(lines)}}})
	if err != nil {
		t.Fatal(err)
	}
	firehose := func(key string) (int, string) {
		t.Helper()
		return post("/firehose", string(delivery), "X-Amz-Firehose-Access-Key", key, "X-Amz-Firehose-Protocol-Version", "1.0", "X-Amz-Firehose-Request-Id", "r-1",
			"X-Amz-Firehose-Source-Arn", "arn:aws:firehose:eu-west-1:111122223333:deliverystream/flow-logs")
	}
	entry := `{"insertId":"id1","logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2023-11-14T22:13:30Z","resource":{"type":"gce_subnetwork","labels":{"project_id":"p","location":"europe-west1-b","subnetwork_name":"s","subnetwork_id":"1"}},"jsonPayload":{"connection":{"src_ip":"10.8.0.1","src_port":20000,"dest_ip":"10.8.1.9","dest_port":443,"protocol":6},"bytes_sent":"300","packets_sent":"3","start_time":"2023-11-14T22:13:20Z","end_time":"2023-11-14T22:13:25Z","reporter":"DEST","dest_instance":{"project_id":"p","vm_name":"web","region":"europe-west1","zone":"europe-west1-b"},"dest_vpc":{"project_id":"p","vpc_name":"v","subnetwork_name":"s"}}}`
	pubsub := func(token string) (int, string) {
		t.Helper()
		return post("/pubsub?token="+token, fmt.Sprintf(`{"message":{"data":%q,"messageId":"7","publishTime":"2023-11-14T22:13:31Z"},"subscription":"projects/p/subscriptions/periplus"}`,
			base64.StdEncoding.EncodeToString([]byte(entry))))
	}
	total := func(bytes, denied int64, when string) {
		t.Helper()
		var g struct{ Totals struct{ Bytes, Denied int64 } }
		if p.get("graph?level=host", &g); g.Totals.Bytes != bytes || g.Totals.Denied != denied {
			t.Errorf("%s the page shows %d bytes, %d denied; want %d and %d", when, g.Totals.Bytes, g.Totals.Denied, bytes, denied)
		}
	}
	for what, got := range map[string]func() (int, string){
		"no key": func() (int, string) { return firehose("") }, "a wrong key": func() (int, string) { return firehose(key + "x") },
		"no token": func() (int, string) { return pubsub("") }, "a wrong token": func() (int, string) { return pubsub(token[1:] + "0") },
		"Pub/Sub's token for Firehose": func() (int, string) { return firehose(token) },
	} {
		if code, text := got(); code != http.StatusUnauthorized || strings.Contains(text, "10.") {
			t.Errorf("%s: %d %s", what, code, text)
		}
	}
	if m := p.meta(); m.Extent != nil {
		t.Errorf("after what was refused the page says %+v", m)
	}
	if code, text := firehose(key); code != http.StatusOK || !strings.Contains(text, `"requestId":"r-1"`) {
		t.Errorf("Firehose: %d %s", code, text)
	}
	total(5540, 1, "after Firehose's delivery")
	if code, text := pubsub(token); code != http.StatusNoContent {
		t.Errorf("Pub/Sub: %d %s", code, text)
	}
	total(5840, 1, "after Pub/Sub's message")
	if code := p.stop(); code != 0 {
		t.Errorf("Ctrl-C: exit %d", code)
	}
	p = serve(t, args...)
	if code, text := firehose(key); code != http.StatusOK {
		t.Errorf("Firehose, again: %d %s", code, text)
	}
	if code, text := pubsub(token); code != http.StatusNoContent {
		t.Errorf("Pub/Sub, again: %d %s", code, text)
	}
	total(5840, 1, "after both came again")
	r, err := http.Get(p.at + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(b), "periplus_receive_repeated_total 2\n") || !strings.Contains(string(b), "periplus_lake_records 8\n") {
		t.Errorf("the metrics say %v\n%s", err, b)
	}
	// Without a key nobody but this machine is listened to.
	if _, said := cli(t, 2, "serve", "--lake", lake, "--receive", "0.0.0.0:0", "--firehose-key-file", write(t, filepath.Join(dir, "short"), "short")); !strings.Contains(said, "16") {
		t.Errorf("a short key: %s", said)
	}
	t.Setenv("PERIPLUS_PUBSUB_TOKEN", "")
	if _, said := cli(t, 2, "serve", "--lake", lake, "--receive", "0.0.0.0:0"); !strings.Contains(said, "can be reached by others") {
		t.Errorf("no key: %s", said)
	}
}
