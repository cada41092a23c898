package flowgen_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/receive"
)

// A push is one delivery as its cloud sends it.
type push struct{ path, body string }

// pushes are a scenario's files as they would be pushed: what Firehose posts
// stays what it is, what leaves a log group is a record of Firehose's, a line
// of Google Cloud's is a message.
func pushes(t *testing.T, truth *flowgen.Truth) (out []push) {
	t.Helper()
	err := filepath.WalkDir(truth.Logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case strings.Contains(path, "/firehose/http/"):
			out = append(out, push{"/firehose", string(b)})
		case strings.Contains(path, "/firehose/"):
			out = append(out, push{"/firehose", fmt.Sprintf(`{"requestId":"made-%d","timestamp":1700000000000,"records":[{"data":%q}]}`,
				len(out), base64.StdEncoding.EncodeToString(b))})
		default:
			for l := range strings.Lines(string(b)) {
				m := map[string]any{"subscription": "projects/p/subscriptions/flows", "message": map[string]any{
					"data": []byte(l), "messageId": fmt.Sprint(len(out)), "publishTime": "2026-11-01T00:00:00Z"}}
				text, err := json.Marshal(m)
				if err != nil {
					return err
				}
				out = append(out, push{"/pubsub", string(text)})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What is pushed comes to the same totals as what is read from files, though
// senders are many and each delivery comes up to three times.
func TestPushedTellsTheTruth(t *testing.T) {
	pushable := map[string]bool{"aws-firehose-http": true, "aws-firehose-plain": true, "aws-cloudwatch-subscription": true,
		"gcp-both-observers": true, "gcp-repeated": true, "gcp-firewall-allowed": true}
	for i, s := range flowgen.Scenarios() {
		if !pushable[s.Name] {
			continue
		}
		delete(pushable, s.Name)
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			truth, err := s.Write(context.Background(), t.TempDir(), uint64(i), 0)
			if err != nil {
				t.Fatal(err)
			}
			h := newHarbour(t)
			all := pushes(t, truth)
			r := &receive.Receiver{Ingest: lake.Ingest{Lake: h.lake}, Every: 300 * time.Millisecond}
			if s.Provider == "gcp" {
				// One commit: an entry tells one direction and has no flags, so
				// who asked shows only where both are together.
				r.Every, r.Requests = time.Hour, len(all)
			}
			server := httptest.NewServer(r.Handler())
			ctx, stop := context.WithCancel(context.Background())
			var commits sync.WaitGroup
			commits.Go(func() { r.Commit(ctx) })
			deliver(t, server.URL, all, rand.New(rand.NewPCG(uint64(i), 4)))
			server.Close()
			stop()
			commits.Wait()
			if err := h.keeper.Current(context.Background(), time.Time{}, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if c := r.Counts(); c.Repeated == 0 || c.Commits == 0 || c.Failed+c.Busy+c.Malformed > 0 {
				t.Errorf("counts %+v", c)
			}
			h.hold(truth)
		})
	}
	if len(pushable) > 0 {
		t.Errorf("no such scenarios: %v", pushable)
	}
}

// deliver sends all, some of them several times, by many senders.
func deliver(t *testing.T, url string, all []push, rng *rand.Rand) {
	t.Helper()
	for _, p := range all[:len(all):len(all)] {
		for range rng.IntN(3) {
			all = append(all, p)
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var wg sync.WaitGroup
	next := make(chan push)
	for range len(all) { // each waits for its commit
		wg.Go(func() {
			for p := range next {
				res, err := http.Post(url+p.path, "application/json", bytes.NewReader([]byte(p.body)))
				if err != nil {
					t.Error(err)
					continue
				}
				res.Body.Close()
				if res.StatusCode/100 != 2 {
					t.Errorf("%s answers %d", p.path, res.StatusCode)
				}
			}
		})
	}
	for _, p := range all {
		next <- p
	}
	close(next)
	wg.Wait()
}
