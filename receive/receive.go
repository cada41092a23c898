// Package receive takes flow logs that are pushed: Amazon Data Firehose's HTTP
// deliveries and Google Cloud's Pub/Sub push. A delivery is answered when its
// records are committed, and one that is sent again counts once.
package receive

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/periplus/periplus/lake"
)

// A Receiver answers deliveries and commits them. Ingest.Lake is needed, the
// rest may be zero. Several deliveries become one commit: it is made when the
// oldest waits for Every, or when Bytes or Requests wait.
type Receiver struct {
	// Ingest is how deliveries are read; its Source and Wait are set here.
	Ingest lake.Ingest

	FirehoseKey string // what X-Amz-Firehose-Access-Key must be; "": any caller
	PubSubToken string // what ?token= must be; "": any caller

	// What is committed together tells more of who asked whom: a longer wait is
	// better, as far as senders have the patience.
	Every    time.Duration // 0: 10 seconds
	Bytes    int64         // of bodies; 0: 64 MiB
	Requests int           // 0: 2000

	// Memory is what the bodies that are here may be together, as sent; more
	// are told to come again. 0: 256 MiB.
	Memory int64
	// Body is how long one may be, as sent, and Unpacked when inflated; longer
	// ones are refused for good. 0: 96 MiB and 512 MiB, which is beyond what
	// the clouds send.
	Body, Unpacked int64
	// Patience is how long a caller waits for its commit before it is told to
	// come again; 0: 2.5 minutes, as Firehose hangs up after 3.
	Patience time.Duration
	// Slow is how long a body may take to arrive; 0: a minute.
	Slow time.Duration

	Log *slog.Logger // nil: none

	once   sync.Once
	queue  queue
	memory budget
	parse  chan struct{} // a token for each body that is looked through at once
	calls  chan struct{} // and for each caller
	said   said
	count  counters

	committed func() // of a test: between a commit and its answers; nil: nothing
}

// The defaults of a Receiver.
const (
	defaultEvery    = 10 * time.Second
	defaultBytes    = 64 << 20
	defaultRequests = 2000
	defaultMemory   = 256 << 20
	defaultBody     = 96 << 20
	defaultUnpacked = 512 << 20
	defaultPatience = 150 * time.Second
	defaultSlow     = time.Minute
	maxCalls        = 4096
)

func orElse[T int | int64 | time.Duration](v, other T) T {
	if v == 0 {
		return other
	}
	return v
}

func (r *Receiver) begin() {
	r.once.Do(func() {
		r.Every, r.Bytes, r.Requests = orElse(r.Every, defaultEvery), orElse(r.Bytes, defaultBytes), orElse(r.Requests, defaultRequests)
		r.Memory, r.Body, r.Unpacked = orElse(r.Memory, defaultMemory), orElse(r.Body, defaultBody), orElse(r.Unpacked, defaultUnpacked)
		r.Patience, r.Slow = orElse(r.Patience, defaultPatience), orElse(r.Slow, defaultSlow)
		r.Memory = max(r.Memory, r.Body) // else the longest would be sent for ever
		r.memory.left = r.Memory
		r.queue.begin()
		r.parse, r.calls = make(chan struct{}, runtime.GOMAXPROCS(0)), make(chan struct{}, maxCalls)
	})
}

// Check says why a Receiver must not listen at an address: what others can
// reach needs a key that cannot be guessed.
func (r *Receiver) Check(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address: write HOST:PORT, such as 127.0.0.1:7071 or :8443", addr)
	}
	for _, k := range []string{r.FirehoseKey, r.PubSubToken} {
		if k != "" && len(k) < minKey {
			return fmt.Errorf("a key of %d characters can be guessed: use %d or more, such as 'openssl rand -hex 32' makes", len(k), minKey)
		}
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if r.FirehoseKey == "" && r.PubSubToken == "" {
		return fmt.Errorf("%s can be reached by others: set a key for Firehose, a token for Pub/Sub, or both", addr)
	}
	return nil
}

const minKey = 16

// Handler answers POST /firehose and POST /pubsub. Deliveries are answered
// while Commit runs.
func (r *Receiver) Handler() http.Handler {
	r.begin()
	mux := http.NewServeMux()
	mux.Handle("POST /firehose", r.guard(r.FirehoseKey != "" || r.PubSubToken == "", r.firehose))
	mux.Handle("POST /pubsub", r.guard(r.PubSubToken != "" || r.FirehoseKey == "", r.pubsub))
	return mux
}

// guard bounds callers and the time that a body takes. A cloud whose key was
// not set while the other's was is not expected at all.
func (r *Receiver) guard(open bool, answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !open {
			http.NotFound(w, req)
			return
		}
		r.count.requests.Add(1)
		select {
		case r.calls <- struct{}{}:
			defer func() { <-r.calls }()
		default:
			r.count.busy.Add(1)
			w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer(w, req)
	})
}

// retryAfter is in how many seconds a caller is asked to come again.
const retryAfter = 5

// same compares in a time that tells nothing of the key.
func same(key, given string) bool {
	a, b := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(given))
	return key == "" || subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Serve listens until ctx ends, and then commits and answers what is here.
func (r *Receiver) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	server := &http.Server{Handler: r.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, TLSConfig: t, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	committed := make(chan struct{})
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(committed)
		r.Commit(work)
	}()
	done := make(chan error, 1)
	go func() {
		if t != nil {
			done <- server.ServeTLS(l, "", "")
		} else {
			done <- server.Serve(l)
		}
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		r.queue.hurry()
		stop, cancel := context.WithTimeout(work, drain)
		if server.Shutdown(stop) != nil {
			_ = server.Close() // who is left is not answered, and comes again
		}
		cancel()
		err = <-done
	}
	end()
	<-committed
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// drain is how long deliveries that are here may take when the end has come.
const drain = 30 * time.Second
