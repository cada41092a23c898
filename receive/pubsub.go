package receive

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// pubsub answers a message that Pub/Sub pushes. 2xx acknowledges it; whatever
// else, it comes again, and goes to the dead letter topic where there is one.
func (r *Receiver) pubsub(w http.ResponseWriter, req *http.Request) {
	err := r.takePubSub(w, req)
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, text := r.status(err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	http.Error(w, text, status)
}

func (r *Receiver) takePubSub(w http.ResponseWriter, req *http.Request) error {
	if !same(r.PubSubToken, req.URL.Query().Get("token")) {
		return refuse(http.StatusUnauthorized, "the token is not the one that this endpoint was given")
	}
	if e := req.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return refuse(http.StatusUnsupportedMediaType, "Content-Encoding may be nothing")
	}
	body, taken, err := r.body(w, req)
	if err != nil {
		r.memory.give(taken)
		return err
	}
	uri, data, err := readMessage(body)
	if err != nil || len(data) == 0 {
		r.memory.give(taken)
		if err == nil {
			r.count.accepted.Add(1) // a message of attributes alone
		}
		return err
	}
	return r.deliver(req.Context(), newDelivery(uri, data, taken))
}

// readMessage opens the envelope of a message: what it is called for good, and
// what it holds.
func readMessage(body []byte) (uri string, data []byte, err error) {
	var e struct {
		Message *struct {
			Data      []byte `json:"data"`
			ID        string `json:"messageId"`
			OlderName string `json:"message_id"`
		} `json:"message"`
		Subscription string `json:"subscription"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Message == nil {
		return "", nil, refuse(http.StatusBadRequest, "the body is no message of Pub/Sub: {message: {data, messageId}, subscription}; is payload unwrapping off?")
	}
	id := e.Message.ID
	if id == "" {
		id = e.Message.OlderName
	}
	if id == "" || len(id) > 256 || e.Subscription == "" || len(e.Subscription) > 1024 {
		return "", nil, refuse(http.StatusBadRequest, "the message has no messageId, or names no subscription")
	}
	return "pubsub:" + url.PathEscape(e.Subscription) + "/" + url.PathEscape(id), e.Message.Data, nil
}
