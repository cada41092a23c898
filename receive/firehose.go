package receive

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// firehose answers a delivery of Amazon Data Firehose. Success is 200 and
// nothing else, 413 makes it throw the records away, and everything beside is
// tried again until its retry duration ends; then the records go to the
// stream's backup bucket.
func (r *Receiver) firehose(w http.ResponseWriter, req *http.Request) {
	id := requestID(req.Header.Get("X-Amz-Firehose-Request-Id"))
	err := r.takeFirehose(w, req, &id)
	answer := struct {
		RequestID string `json:"requestId"`
		Timestamp int64  `json:"timestamp"`
		Error     string `json:"errorMessage,omitempty"`
	}{RequestID: id, Timestamp: time.Now().UnixMilli()}
	status := http.StatusOK
	if err != nil {
		status, answer.Error = r.status(err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // who has gone asks again
}

func (r *Receiver) takeFirehose(w http.ResponseWriter, req *http.Request, id *string) error {
	if !same(r.FirehoseKey, req.Header.Get("X-Amz-Firehose-Access-Key")) {
		return refuse(http.StatusUnauthorized, "the access key is not the one that this endpoint was given")
	}
	if v := req.Header.Get("X-Amz-Firehose-Protocol-Version"); v != "" && v != "1.0" {
		return refuse(http.StatusBadRequest, "protocol version 1.0 is understood")
	}
	stream, ok := streamName(req.Header.Get("X-Amz-Firehose-Source-Arn"))
	if !ok {
		return refuse(http.StatusBadRequest, "X-Amz-Firehose-Source-Arn is no ARN of a stream")
	}
	body, taken, err := r.body(w, req)
	if err == nil {
		err = r.unwrapFirehose(req, body, id)
	}
	if err != nil {
		r.memory.give(taken)
		return err
	}
	return r.deliver(req.Context(), newDelivery("firehose:"+stream+"/"+*id, body, taken))
}

// unwrapFirehose checks the envelope and finds its id, which the header may
// have said already.
func (r *Receiver) unwrapFirehose(req *http.Request, body []byte, id *string) error {
	done, err := r.turn(req.Context())
	if err != nil {
		return err
	}
	defer done()
	left := r.Unpacked
	in := io.Reader(bytes.NewReader(body))
	switch e := req.Header.Get("Content-Encoding"); e {
	case "", "identity":
	case "gzip":
		if in, err = inflate(body, &left); err != nil {
			return err
		}
	default:
		return refuse(http.StatusUnsupportedMediaType, "Content-Encoding may be gzip or nothing")
	}
	inside, err := readEnvelope(in, &left)
	if err != nil {
		if e := (*refusal)(nil); errors.As(err, &e) {
			return err
		}
		return refuse(http.StatusBadRequest, "the body is no Firehose request: {requestId, timestamp, records: [{data}]}")
	}
	switch {
	case requestID(inside) == "":
		return refuse(http.StatusBadRequest, "the body has no requestId")
	case *id != "" && *id != inside:
		return refuse(http.StatusBadRequest, "requestId is another in the body than in the header")
	}
	*id = inside
	return nil
}

// readEnvelope walks over a Firehose request with one record in memory and
// returns its id. What its records inflate to is taken off left.
func readEnvelope(in io.Reader, left *int64) (id string, err error) {
	d := json.NewDecoder(in)
	if err := open(d, '{'); err != nil {
		return "", err
	}
	records := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", err
		}
		switch key {
		case "requestId":
			err = d.Decode(&id)
		case "records":
			records = true
			err = readRecords(d, left)
		default:
			var skip json.RawMessage
			err = d.Decode(&skip)
		}
		if err != nil {
			return "", err
		}
	}
	if _, err := d.Token(); err != nil {
		return "", err
	}
	if _, err := d.Token(); err != io.EOF {
		return "", errEnvelope
	}
	if !records {
		return "", errEnvelope
	}
	return id, nil
}

var errEnvelope = errors.New("no Firehose request")

func open(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		err = errEnvelope
	}
	return err
}

func readRecords(d *json.Decoder, left *int64) error {
	if err := open(d, '['); err != nil {
		return err
	}
	var r struct {
		Data *string `json:"data"`
	}
	var plain []byte
	for d.More() {
		r.Data = nil
		if err := d.Decode(&r); err != nil {
			return err
		}
		if r.Data == nil {
			return errEnvelope
		}
		var err error
		if plain, err = base64.StdEncoding.AppendDecode(plain[:0], []byte(*r.Data)); err != nil {
			return err
		}
		if !bytes.HasPrefix(plain, []byte("\x1f\x8b")) {
			continue
		}
		z, err := inflate(plain, left)
		if err != nil {
			return err
		}
		// A damaged record is a bad line of the delivery, and not its end.
		if _, err := io.Copy(io.Discard, z); errors.Is(err, errInflated) {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// requestID is an id as it may stand in a name; "": it is none.
func requestID(s string) string {
	if s == "" || len(s) > 128 || strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != "" {
		return ""
	}
	return s
}

// streamName is a stream's ARN as it may stand in a URI. Without the header
// the stream is not told from others: request ids are unique by themselves.
func streamName(arn string) (string, bool) {
	if arn == "" {
		return "-", true
	}
	if len(arn) > 512 || !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":firehose:") {
		return "", false
	}
	return url.PathEscape(arn), true
}
