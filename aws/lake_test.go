package aws_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
)

// totals is what the rows of a lake add up to.
type totals struct{ records, packets int64 }

func sumOf(t *testing.T, l *lake.Lake, from, to time.Time) (s totals) {
	t.Helper()
	h, err := l.Hours(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		for rows, err := range h.Conversations(t.Context(), hour) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.Bucket.Truncate(time.Hour).Equal(hour) {
					s.records += r.Records
					s.packets += r.RequestPackets.N + r.ResponsePackets.N
				}
			}
		}
	}
	return s
}

// Read again and again, the lake holds every event once: also those that come
// late and out of order, as long as their window is open. What is closed and
// read is not asked for again.
func testLake(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	put := 0
	add := func(stream string, times ...string) {
		t.Helper()
		var list []event
		for _, at := range times {
			put++
			list = append(list, event{clock(at), line(clock(at), put)})
		}
		c.put(stream, list...)
	}
	ingest := func(what, now string, read int) {
		t.Helper()
		g := c.open("") // a new run each time
		g.Now = func() time.Time { return clock(now) }
		c.count("FilterLogEvents")
		sum, err := (&lake.Ingest{Lake: l, Source: g}).Run(t.Context())
		if err != nil || len(sum.Failures) > 0 {
			t.Fatalf("%s: %v %v", what, err, sum.Failures)
		}
		if got, want := sumOf(t, l, clock("00:00"), clock("23:59")), (totals{int64(put), 10 * int64(put)}); got != want {
			t.Errorf("%s: the lake holds %+v, want %+v", what, got, want)
		}
		// A request may be made again: see BenchmarkRead.
		if n := c.count("FilterLogEvents"); n < read || read == 0 && n > 0 || sum.Objects != int64(read) {
			t.Errorf("%s: %d objects read with %d requests, want %d", what, sum.Objects, n, read)
		}
	}
	add("eni-0a-all", "10:00", "10:05", "10:15", "11:00", "11:01")
	// 10:00 to 11:10 is seven windows and the one that runs, and one before, in which
	// a record may begin that comes later.
	ingest("new", "11:10", 9)
	ingest("again", "11:10", 0)
	ingest("a little later", "11:12", 0)
	// 10:00 closes at 11:10, 10:10 at 11:20: at 11:12 10:10 is open.
	add("eni-0a-all", "10:12", "11:11")
	ingest("late and out of order", "11:12", 7)
	c.stream("eni-0b-all")
	add("eni-0b-all", "10:45", "11:05")
	ingest("another interface", "11:13", 7)
	ingest("again", "11:13", 0)
	// 10:00 to 13:00 are 19 windows; only 10:00 was read when it was closed.
	ingest("long after", "13:00", 18)
	ingest("again", "13:05", 0)
	ingest("one closes and one begins", "13:10", 2)
}

// Another view of a group is another log: nobody adds it to the first.
func testViews(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.stream("eni-0b-all")
	c.put("eni-0a-all", at("10:00", 1), event{clock("10:01"), strings.Replace(line(clock("10:01"), 2), "ACCEPT", "REJECT", 1)})
	c.put("eni-0b-all", at("10:02", 3))
	f := func(words, uri, log string, lines int) {
		t.Helper()
		g := c.open(words)
		c.count("FilterLogEvents")
		text := read(t, g)["10:00"]
		if n := strings.Count(text, "\n"); n != lines {
			t.Errorf("%q: %d lines, want %d:\n%s", words, n, lines, text)
		}
		for o := range g.Objects(t.Context()) {
			if o.Time.Equal(clock("10:00")) && (o.URI != uri || o.Hint.Log != log || o.Hint.Account != "123456789012" || o.Hint.Region != "eu-west-1") {
				t.Errorf("%q: %s of %+v, want %s of log %s", words, o.URI, o.Hint, uri, log)
			}
			if !g.Owns(o.URI) || words != "" && c.open("").Owns(o.URI) {
				t.Errorf("%s: whose is it?", o.URI)
			}
		}
	}
	at := "cloudwatch:arn:aws:logs:eu-west-1:123456789012:log-group:/vpc/flow-logs:" + clock("10:00").Format("20060102T1504Z")
	f("", at, groupName, 3)
	f("&filter=REJECT", at+"?filter=REJECT", groupName+"?filter=REJECT", 1)
	// moto knows words and phrases and takes anything else for "all"; and it does
	// not know prefixes of streams, so that we are asked to leave out what AWS would.
	f("&stream_prefix=eni-0b", at+"?stream_prefix=eni-0b", groupName+"?stream_prefix=eni-0b", 1)
	read(t, c.open("&stream_prefix=eni-0b&filter=%22ACCEPT%22"))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, asked := range c.asked["FilterLogEvents"][len(c.asked["FilterLogEvents"])-1:] {
		if got, want := fmt.Sprint(asked["logStreamNamePrefix"], asked["filterPattern"], asked["logGroupName"]), `eni-0b"ACCEPT"`+groupName; got != want {
			t.Errorf("AWS was asked for %s, want %s", got, want)
		}
	}
}

// A time range asks for its windows only.
func testRange(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.put("eni-0a-all", at("08:00", 1), at("10:00", 2), at("10:10", 3), at("12:00", 4))
	f := func(from, to string, want string) {
		t.Helper()
		g := c.open("")
		if from != "" {
			g.From = clock(from)
		}
		if to != "" {
			g.To = clock(to)
		}
		got := slices.Sorted(maps.Keys(read(t, g)))
		if strings.Join(got, " ") != want {
			t.Errorf("%s to %s reads %v, want %s", from, to, got, want)
		}
	}
	f("", "", "08:00 10:00 10:10 12:00")
	f("10:15", "", "10:00 10:10 12:00") // what begins at 10:05 may last until 10:15
	f("10:20", "12:00", "10:10")
	f("", "10:10", "08:00 10:00")
	f("13:00", "", "")
}
