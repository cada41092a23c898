package flowgen

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// groupWay is how lines leave a CloudWatch log group, or Firehose.
type groupWay uint8

const (
	groupExport       groupWay = iota // export task: <ISO time> <record>, no header
	groupSubscription                 // envelopes, gzip after gzip
	firehoseHTTP                      // {"requestId":…,"records":[{"data":base64}]}
	firehosePlain                     // records one after the other
)

// groupSink gathers the lines of each stream and hour.
type groupSink struct {
	way     groupWay
	account string
	group   string
	streams map[streamHour][]event
}

type streamHour struct {
	stream   string
	hour     int64
	delivery int
}

type event struct {
	at   time.Time
	text string
}

func group(way groupWay, account, name string) *groupSink {
	return &groupSink{way: way, account: account, group: name, streams: map[streamHour][]event{}}
}

func (s *groupSink) line(_ *world, at place, line []byte) {
	k := streamHour{at.stream, at.end.Unix() / 3600, at.delivery}
	s.streams[k] = append(s.streams[k], event{at.start, string(line)})
}

func (s *groupSink) flush(w *world, now time.Time) error {
	keys := slices.SortedFunc(maps.Keys(s.streams), func(a, b streamHour) int {
		if a.hour != b.hour {
			return int(a.hour - b.hour)
		}
		return bytes.Compare([]byte(a.stream), []byte(b.stream))
	})
	for _, k := range keys {
		at := time.Unix(k.hour*3600, 0).UTC()
		if !now.IsZero() && at.Add(time.Hour).After(now) {
			continue
		}
		events := s.streams[k]
		delete(s.streams, k)
		if !w.arrived(k.delivery) {
			continue
		}
		slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
		if err := s.write(w, k, at, events); err != nil {
			return err
		}
	}
	return nil
}

func (s *groupSink) write(w *world, k streamHour, at time.Time, events []event) error {
	mark := w.hash("group", s.group, k)
	switch s.way {
	case groupExport:
		name := fmt.Sprintf("cloudwatch/exportedlogs/%016x%016x/%s-all/%06d.gz", w.hash("task", s.group), w.hash(s.group), k.stream, k.hour%1000000)
		return w.save(name, func(out *bufio.Writer) error {
			var lines [][]byte
			for _, e := range events {
				lines = append(lines, []byte(e.at.Format("2006-01-02T15:04:05.000Z ")+e.text))
			}
			return w.writeGzip(out, "", lines)
		})
	case groupSubscription:
		name := fmt.Sprintf("cloudwatch/firehose/%s/flow-logs-1-%s-%016x", at.Format("2006/01/02/15"), at.Format("2006-01-02-15-04-05"), mark)
		return w.save(name, func(out *bufio.Writer) error { return s.envelopes(w, out, k, events) })
	case firehoseHTTP:
		name := fmt.Sprintf("firehose/http/%s/%016x.json", at.Format("2006/01/02/15"), mark)
		return w.save(name, func(out *bufio.Writer) error { return httpRequest(out, mark, at, events) })
	}
	name := fmt.Sprintf("firehose/plain/%s/flow-logs-1-%s-%016x.gz", at.Format("2006/01/02/15"), at.Format("2006-01-02-15-04-05"), mark)
	return w.save(name, func(out *bufio.Writer) error {
		var lines [][]byte
		for _, e := range events {
			lines = append(lines, []byte(e.text))
		}
		return w.writeGzip(out, "", lines)
	})
}

// envelopes writes subscription messages, each its own gzip member, with the
// health probe that CloudWatch sends first.
func (s *groupSink) envelopes(w *world, out *bufio.Writer, k streamHour, events []event) error {
	type logEvent struct {
		ID        string `json:"id"`
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	}
	type envelope struct {
		MessageType         string     `json:"messageType"`
		Owner               string     `json:"owner"`
		LogGroup            string     `json:"logGroup"`
		LogStream           string     `json:"logStream"`
		SubscriptionFilters []string   `json:"subscriptionFilters"`
		LogEvents           []logEvent `json:"logEvents"`
	}
	send := func(e envelope) error {
		zip, err := w.gzip(out)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(zip).Encode(e); err != nil {
			return err
		}
		return zip.Close()
	}
	probe := envelope{MessageType: "CONTROL_MESSAGE", Owner: "CloudwatchLogs", SubscriptionFilters: []string{},
		LogEvents: []logEvent{{Timestamp: events[0].at.UnixMilli(), Message: "CWL CONTROL MESSAGE: Checking health of destination Firehose."}}}
	if err := send(probe); err != nil {
		return err
	}
	for part := range slices.Chunk(events, 40) {
		e := envelope{MessageType: "DATA_MESSAGE", Owner: s.account, LogGroup: s.group, LogStream: k.stream + "-all",
			SubscriptionFilters: []string{"to-firehose"}}
		for _, v := range part {
			w.ids++
			e.LogEvents = append(e.LogEvents, logEvent{fmt.Sprintf("%056d", w.hash("event", w.ids)), v.at.UnixMilli(), v.text})
		}
		if err := send(e); err != nil {
			return err
		}
	}
	return nil
}

// httpRequest writes what Firehose posts to an HTTP endpoint.
func httpRequest(out *bufio.Writer, mark uint64, at time.Time, events []event) error {
	type data struct {
		Data string `json:"data"`
	}
	request := struct {
		RequestID string `json:"requestId"`
		Timestamp int64  `json:"timestamp"`
		Records   []data `json:"records"`
	}{RequestID: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(mark), mark>>16), Timestamp: at.UnixMilli()}
	for _, e := range events {
		request.Records = append(request.Records, data{base64.StdEncoding.EncodeToString([]byte(e.text + "\n"))})
	}
	return json.NewEncoder(out).Encode(request)
}
