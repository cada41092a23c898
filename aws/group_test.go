package aws_test

import (
	"strings"
	"testing"
	"time"
)

// noon is a time that CloudWatch Logs still takes events of.
var noon = time.Now().UTC().Add(-48 * time.Hour).Truncate(24 * time.Hour).Add(12 * time.Hour)

// clock is a time of that day.
func clock(hhmm string) time.Time {
	t, err := time.Parse("15:04", hhmm)
	if err != nil {
		panic(err)
	}
	return noon.Truncate(24 * time.Hour).Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
}

func at(hhmm string, i int) event { return event{clock(hhmm), line(clock(hhmm), i)} }

func testWindows(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.stream("eni-0b-all")
	c.put("eni-0a-all", at("10:00", 1), at("10:04", 2), at("10:10", 3))
	c.put("eni-0b-all", at("09:00", 4), at("10:03", 5))
	g := c.open("")
	got := read(t, g)
	join := func(e ...event) string {
		var b strings.Builder
		for _, v := range e {
			b.WriteString(v.text + "\n")
		}
		return b.String()
	}
	want := map[string]string{"09:00": join(at("09:00", 4)), "10:00": join(at("10:00", 1), at("10:04", 2), at("10:03", 5)), "10:10": join(at("10:10", 3))}
	for w, text := range want {
		if got[w] != text {
			t.Errorf("window %s holds\n%s\nwant\n%s", w, got[w], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d windows hold events, want %d: %q", len(got), len(want), got)
	}
}
