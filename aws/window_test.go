package aws

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func TestWindowsOfSpans(t *testing.T) {
	clock := func(s string) time.Time {
		v, err := time.Parse("15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 0, 0)
	}
	f := func(spans, want string) {
		t.Helper()
		var list []span
		for s := range strings.FieldsSeq(spans) {
			from, to, _ := strings.Cut(s, "-")
			list = append(list, span{clock(from), clock(to)})
		}
		var got []string
		for w := range new(Group).windows(joined(list)) {
			got = append(got, w.Format("15:04"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: windows %v, want %s", spans, got, want)
		}
	}
	f("", "")
	f("10:00-10:00", "10:00")
	f("10:04-10:14", "10:00 10:05 10:10")
	f("10:41-10:42 10:04-10:06 10:03-10:04", "10:00 10:05 10:40")
	f("10:04-10:06 10:07-10:08 10:09-10:16", "10:00 10:05 10:10 10:15") // each once
}

// A window is looked at a few times, whatever the lag.
func TestLooks(t *testing.T) {
	f := func(lag time.Duration, want string) {
		t.Helper()
		var got []string
		for _, age := range lookAges(lag) {
			got = append(got, short(age))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with a lag of %s it is looked at after %v, want %s", lag, got, want)
		}
	}
	f(time.Hour, "0s 2m 4m 6m 8m 10m 12m 16m 22m 1h5m 6h 23h")
	f(20*time.Minute, "0s 2m 4m 6m 8m 10m 12m 16m 25m 6h 23h")
	f(0, "0s 2m 4m 5m 6h 23h")
	f(3*time.Hour, "0s 2m 4m 6m 8m 10m 12m 16m 22m 44m 1h28m 3h5m 6h 23h")
	f(8*time.Hour, "0s 2m 4m 6m 8m 10m 12m 16m 22m 44m 1h28m 2h56m 8h5m 23h")
	f(48*time.Hour, "0s 2m 4m 6m 8m 10m 12m 16m 22m 44m 1h28m 2h56m 5h52m 11h44m 23h28m 48h5m")

	g, start := &Group{lag: time.Hour}, time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]string{-time.Hour: "0s", 0: "0s", 119 * time.Second: "0s", 2 * time.Minute: "2m", 15 * time.Minute: "12m",
		30 * time.Minute: "22m", 65 * time.Minute: "1h5m", 23 * time.Hour: "23h", 1000 * time.Hour: "23h"} {
		if got := g.look(start, start.Add(age)); got != want {
			t.Errorf("after %s the look is %s, want %s", age, got, want)
		}
	}
}

// What a stream says may be old, or not be there.
func TestSpanOfStream(t *testing.T) {
	at := func(min int) time.Time {
		return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Add(time.Duration(min) * time.Minute)
	}
	ms := func(t time.Time) *int64 { v := t.UnixMilli(); return &v }
	f := func(what string, g *Group, s types.LogStream, now time.Time, want span) {
		t.Helper()
		got, ok := g.span(&s, now)
		if none := want == (span{}); ok == none || ok && got != want {
			t.Errorf("%s: %v to %v, %v; want %v to %v", what, got.from, got.to, ok, want.from, want.to)
		}
	}
	g := &Group{lag: time.Hour}
	full := types.LogStream{CreationTime: ms(at(5)), FirstEventTimestamp: ms(at(0)), LastEventTimestamp: ms(at(60))}
	f("now", g, full, at(70), span{at(-10), at(70)})
	f("long after", g, full, at(10000), span{at(-10), at(60 + 180)})
	f("of the future", g, full, at(30), span{at(-10), at(60)})
	f("new, nothing said", g, types.LogStream{CreationTime: ms(at(5))}, at(20), span{at(-55), at(20)})
	f("from", &Group{lag: time.Hour, From: at(30)}, full, at(70), span{at(20), at(70)})
	f("to", &Group{lag: time.Hour, To: at(30)}, full, at(70), span{at(-10), at(30).Add(-1)})
	f("before", &Group{lag: time.Hour, To: at(-30)}, full, at(70), span{})
	f("after", &Group{lag: time.Hour, From: at(500)}, full, at(10000), span{})
}

func TestMeets(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		of := func(s string) *flowLog {
			resource, traffic, _ := strings.Cut(s, " ")
			return &flowLog{Resource: resource, Traffic: traffic}
		}
		if of(a).meets(of(b)) != want || of(b).meets(of(a)) != want {
			t.Errorf("%s and %s: want %v, both ways", a, b, want)
		}
	}
	f("vpc-1 ALL", "vpc-2 ALL", false)
	f("vpc-1 ALL", "vpc-1 REJECT", true)
	f("vpc-1 ACCEPT", "vpc-1 REJECT", false)
	f("vpc-1 ACCEPT", "subnet-1 ACCEPT", true)
	f("vpc-1 ALL", "eni-1 REJECT", true)
	f("vpc-1 ALL", "tgw-1 ALL", false)
	f("tgw-1 ALL", "tgw-1 ALL", true)
}

func TestWritesTo(t *testing.T) {
	f := func(l flowLog, want bool) {
		t.Helper()
		if l.writesTo("/vpc/f") != want {
			t.Errorf("%+v: want %v", l, want)
		}
	}
	f(flowLog{Group: "/vpc/f"}, true)
	f(flowLog{Group: "/vpc/f2"}, false)
	f(flowLog{Destination: "arn:aws:logs:eu-west-1:1:log-group:/vpc/f"}, true)
	f(flowLog{Destination: "arn:aws:logs:eu-west-1:1:log-group:/vpc/f:*"}, true)
	f(flowLog{Destination: "arn:aws:logs:eu-west-1:1:log-group:/other/vpc/f"}, false)
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{2 * time.Hour: "2h", 90 * time.Minute: "1h30m", 20*time.Minute + time.Second: "20m", 10 * time.Hour: "10h"} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %s, want %s", d, got, want)
		}
	}
}

// An ARN names the region, and objects the group for good.
func TestARN(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_REGION", "us-east-1")
	g, err := OpenGroup(t.Context(), "cloudwatch:arn:aws-cn:logs:cn-north-1:111122223333:log-group:a/b#c:*?lag=20m")
	if err != nil {
		t.Fatal(err)
	}
	g.account = "111122223333"
	at := time.Date(2026, 11, 20, 10, 10, 0, 0, time.UTC)
	o := g.object(at)
	if want := "cloudwatch:arn:aws-cn:logs:cn-north-1:111122223333:log-group:a/b%23c:20261120T1010Z"; o.URI != want || g.lag != 20*time.Minute {
		t.Errorf("%s with a lag of %s, want %s and 20m", o.URI, g.lag, want)
	}
	if got, err := g.start(o.URI); err != nil || !got.Equal(at) {
		t.Errorf("it begins at %v, %v; want %v", got, err, at)
	}
	if g.ec2Endpoint(t.Context()) != "https://ec2.cn-north-1.amazonaws.com.cn/" {
		t.Errorf("EC2 is asked at %s", g.ec2Endpoint(t.Context()))
	}
}
