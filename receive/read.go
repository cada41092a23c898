package receive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// A refusal is why a delivery is not taken. Its text goes to the caller and
// holds nothing that the caller sent.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// errBusy is for callers who may come again at once, nearly.
var errBusy = refuse(http.StatusServiceUnavailable, "too much is waiting to be committed; send it again")

// body reads what was sent, as long as memory lasts. What it took of memory is
// the caller's to give back, also with an error.
func (r *Receiver) body(w http.ResponseWriter, req *http.Request) (body []byte, taken int64, err error) {
	if req.ContentLength > r.Body {
		return nil, 0, r.tooLarge()
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(r.Slow)) // a test's recorder has none
	defer func() { _ = rc.SetReadDeadline(time.Time{}) }()
	taken = max(req.ContentLength, 4<<10) + 1 // one to see the end with
	if !r.memory.take(taken) {
		return nil, 0, errBusy
	}
	body = make([]byte, 0, taken)
	for {
		if len(body) == cap(body) {
			if int64(len(body)) > r.Body {
				return nil, taken, r.tooLarge()
			}
			more := min(int64(cap(body)), r.Body+1-int64(cap(body)))
			if !r.memory.take(more) {
				return nil, taken, errBusy
			}
			taken += more
			body = append(make([]byte, 0, taken), body...)
		}
		n, err := req.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			if int64(len(body)) > r.Body {
				return nil, taken, r.tooLarge()
			}
			return body, taken, nil
		}
		if err != nil {
			return nil, taken, refuse(http.StatusRequestTimeout, "the body did not come whole")
		}
	}
}

func (r *Receiver) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "a body may have %d bytes at most", r.Body)
}

// inflated reads gzip up to a limit that several share.
type inflated struct {
	in   io.Reader
	left *int64
}

var errInflated = refuse(http.StatusRequestEntityTooLarge, "it inflates to more than any delivery has")

func (r *inflated) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if *r.left -= int64(n); *r.left < 0 {
		return 0, errInflated
	}
	return n, err
}

func inflate(b []byte, left *int64) (io.Reader, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "it is no gzip")
	}
	return &inflated{z, left}, nil
}

// look reads a delivery as the commit will, and refuses what holds bad lines
// and nothing else: it is the sender's to keep. Nothing at all is no fault.
func (r *Receiver) look(ctx context.Context, d *delivery) error {
	done, err := r.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	opt := r.Ingest.Options
	opt.Object = &d.object
	opened, err := format.Open(bytes.NewReader(d.body), opt)
	if errors.Is(err, format.ErrEmpty) {
		return nil
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "it holds no flow logs that are known")
	}
	recs := make([]periplus.Record, 256)
	for {
		_, err := opened.Reader.Read(recs)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return refuse(http.StatusBadRequest, "it is damaged")
		}
	}
	s := opened.Reader.Stats()
	if s.BadTotal() > 0 && s.Records+s.NoData+s.SkipData == 0 {
		return refuse(http.StatusBadRequest, "none of its %d lines could be read; if they have columns of your own, name them with --aws-format", s.BadTotal())
	}
	return nil
}

// turn waits until a body may be looked through: that takes memory of its own.
func (r *Receiver) turn(ctx context.Context) (done func(), err error) {
	select {
	case r.parse <- struct{}{}:
		return func() { <-r.parse }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// deliver looks through a delivery, waits for its commit and returns why it
// must come again, if it must. It takes the memory over that the delivery has:
// what is in the queue stays there when its caller has gone.
func (r *Receiver) deliver(ctx context.Context, d *delivery) error {
	if err := r.look(ctx, d); err != nil {
		r.memory.give(d.taken)
		return err
	}
	size, own := int64(len(d.body)), d
	d, first := r.queue.add(d)
	if !first {
		r.memory.give(own.taken)
		r.count.repeated.Add(1)
	}
	patience := time.NewTimer(r.Patience)
	defer patience.Stop()
	select {
	case <-d.done:
	case <-patience.C:
		return refuse(http.StatusServiceUnavailable, "the commit takes long; send it again")
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.err != nil {
		return refuse(http.StatusServiceUnavailable, "it could not be committed; send it again")
	}
	r.count.accepted.Add(1)
	r.count.bytes.Add(size)
	return nil
}

// status is what a refusal answers, and counts it.
func (r *Receiver) status(err error) (status int, text string) {
	var e *refusal
	if !errors.As(err, &e) {
		e = &refusal{http.StatusServiceUnavailable, "it was not waited for; send it again"}
	}
	switch e.status {
	case http.StatusUnauthorized:
		r.count.keys.Add(1)
		r.warn("a caller without the key was refused")
	case http.StatusRequestEntityTooLarge:
		r.count.tooLarge.Add(1)
		r.warn("a delivery was too large and is refused")
	case http.StatusServiceUnavailable:
		if e == errBusy {
			r.count.busy.Add(1)
		} else {
			r.count.failed.Add(1)
		}
	default:
		r.count.malformed.Add(1)
		r.warn("a delivery could not be read and is refused", "why", e.text)
	}
	return e.status, e.text
}
