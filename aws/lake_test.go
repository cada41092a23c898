package aws_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
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
// late and out of order. A window is asked for when a look at it is due, and its
// rows are replaced when it holds something new.
func testLake(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"), lake.Fleeting)
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
	// looked is how many windows are asked for, read how many of them are news.
	ingest := func(what, now string, looked, read, held int) {
		t.Helper()
		g := c.open("") // a new run each time
		g.To = clock("23:59")
		g.Now = func() time.Time { return clock(now) }
		c.count("FilterLogEvents")
		before, err := l.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sum, err := (&lake.Ingest{Lake: l, Source: g}).Run(t.Context())
		if err != nil || len(sum.Failures) > 0 {
			t.Fatalf("%s: %v %v", what, err, sum.Failures)
		}
		if got, want := sumOf(t, l, clock("00:00"), clock("23:59")), (totals{int64(held), 10 * int64(held)}); got != want {
			t.Errorf("%s: the lake holds %+v, want %+v", what, got, want)
		}
		// A request may be made again: see BenchmarkRead.
		if n := c.count("FilterLogEvents"); n < looked || looked == 0 && n > 0 || sum.Objects != int64(read) {
			t.Errorf("%s: %d objects read with %d requests, want %d and %d", what, sum.Objects, n, read, looked)
		}
		if after, err := l.Mark(t.Context()); err != nil || (after == before) != (looked == 0) {
			t.Errorf("%s: the lake was at %s and is at %s, %v, after %d requests", what, before, after, err, looked)
		}
	}
	add("eni-0a-all", "10:00", "10:05", "10:15", "11:00", "11:01")
	// 10:00 to 11:10 is fourteen windows and the one that runs, and two before, in
	// which a record may begin that comes later.
	ingest("new", "11:10", 17, 17, 5)
	ingest("again", "11:10", 0, 0, 5)
	// Five of them are 2, 6, 12, 16 and 22 minutes old by now.
	ingest("a little later", "11:12", 5, 0, 5)
	add("eni-0a-all", "10:58", "11:11")
	ingest("late and out of order", "11:14", 2, 1, 6)
	c.stream("eni-0b-all")
	add("eni-0b-all", "10:45", "11:06")
	// 10:55 is 22 minutes old; 10:45 is looked at when it is closed, at 11:50.
	ingest("another interface", "11:17", 6, 3, 8)
	ingest("again", "11:17", 0, 0, 8)
	// 21 are new, 13 are closed by now.
	ingest("closed", "13:00", 34, 22, 9)
	ingest("again", "13:00", 0, 0, 9)
	add("eni-0a-all", "10:02", "10:03")
	// 14 are new, 13 closed, and 3 are six hours old.
	ingest("later than ever", "16:02", 30, 15, 11)
	ingest("again", "16:02", 0, 0, 11)
	// What the group keeps no longer stays: 10:45 had an event of this interface
	// only, and ten windows are six hours old by now.
	c.logs("DeleteLogStream", map[string]any{"logGroupName": groupName, "logStreamName": "eni-0b-all"})
	ingest("gone", "16:52", 10, 0, 11)
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
	f("10:14", "", "10:00 10:10 12:00") // what begins at 10:04 may last until 10:14
	f("10:15", "", "10:10 12:00")
	f("10:24", "12:00", "10:10")
	f("", "10:10", "08:00 10:00")
	f("13:00", "", "")
}

// A window whose events are gone keeps what was read of it, whatever it was read
// as; one with other events does not.
func testGone(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.put("eni-0a-all", at("10:00", 1))
	g := c.open("")
	f := func(uri, held, want string, holds bool) {
		t.Helper()
		o := periplus.Object{URI: uri, ETag: "6h", Held: held}
		r, err := g.Open(t.Context(), &o)
		if holds != errors.Is(err, periplus.ErrHeld) || !holds && err != nil || !strings.HasPrefix(o.ETag, want) {
			t.Errorf("%s, held as %q: %v, %q; want %v, %q", uri, held, err, o.ETag, holds, want)
		}
		if err == nil {
			r.Close()
		}
	}
	for o, err := range g.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Time.Equal(clock("10:00")) {
			f(o.URI, "", "6h 1-", false)
			f(o.URI, "2m", "6h 1-", false)
			f(o.URI, "2m 0-0", "6h 1-", false)
			f(o.URI, "2m 1-7", "6h 1-", false)
			f(o.URI, "2m 2-7", "6h 2-7", true)
		}
		if o.Time.Equal(clock("09:55")) {
			f(o.URI, "", "6h 0-0", false)
			f(o.URI, "2m 0-0", "6h 0-0", true)
			f(o.URI, "2m 2-7", "6h 2-7", true)
			f(o.URI, "closed", "6h 0-0", true)
		}
	}
}
