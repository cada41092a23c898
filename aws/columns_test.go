package aws_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

// stats are the records of a group, as their reader has them.
type stats struct {
	recs  []periplus.Record
	bad   int64
	first []periplus.SyntaxError
	err   error
}

func statsOf(t *testing.T, g *aws.Group, opt format.Options) (s stats) {
	t.Helper()
	recs := make([]periplus.Record, 64)
	for o, err := range g.Objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		body, err := g.Open(t.Context(), &o)
		if err != nil {
			s.err = err
			continue
		}
		opt.Object = &o
		in, err := format.Open(body, opt)
		if errors.Is(err, format.ErrEmpty) {
			continue
		}
		if err != nil {
			s.err = err
			continue
		}
		for {
			n, err := in.Reader.Read(recs)
			for _, r := range recs[:n] {
				r.Extra = nil
				s.recs = append(s.recs, r)
			}
			if err != nil {
				if err != io.EOF {
					s.err = err
				}
				break
			}
		}
		st := in.Reader.Stats()
		s.bad += st.BadTotal()
		s.first = append(s.first, st.First...)
	}
	return s
}

// told gathers the notices of a group.
func told(g *aws.Group) func() string {
	var mu sync.Mutex
	var all []string
	g.Notice = func(s string) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
	}
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(all, "\n")
	}
}

const (
	wide  = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${tcp-flags} ${flow-direction}"
	other = "${srcport} ${dstport} ${srcaddr} ${dstaddr} ${interface-id} ${bytes} ${packets} ${protocol} ${start} ${end} ${action} ${log-status} ${type} ${vpc-id} ${subnet-id} ${version}"
	bare  = "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${action}"
)

// lineOf writes a record in the columns of a format.
func lineOf(columns string, at time.Time, i int) string {
	v := map[string]string{"version": "5", "account-id": "123456789012", "interface-id": "eni-0a", "srcaddr": fmt.Sprintf("10.0.1.%d", i), "dstaddr": "10.0.2.20",
		"srcport": "40000", "dstport": "443", "protocol": "6", "packets": "10", "bytes": "1000", "start": fmt.Sprint(at.Unix()), "end": fmt.Sprint(at.Unix() + 60),
		"action": "ACCEPT", "log-status": "OK", "tcp-flags": "2", "flow-direction": "egress", "type": "IPv4", "vpc-id": "vpc-1", "subnet-id": "subnet-1"}
	var out []string
	for _, name := range strings.Fields(columns) {
		out = append(out, v[strings.Trim(name, "${}")])
	}
	return strings.Join(out, " ")
}

// good checks that n records of 10 packets and 1000 bytes to port 443 were read.
func (s *stats) good(t *testing.T, what string, n int) {
	t.Helper()
	if len(s.recs) != n || s.bad > 0 || s.err != nil {
		t.Errorf("%s: %d records, %d bad lines %v, error %v; want %d records", what, len(s.recs), s.bad, s.first, s.err, n)
	}
	for _, r := range s.recs {
		if r.Packets != 10 || r.Bytes != 1000 || r.DstPort != 443 || r.Place.Interface != "eni-0a" || !r.Start.Equal(clock("10:00")) {
			t.Errorf("%s: %+v of %+v, want 10 packets of 1000 bytes to 443 at %s", what, r, *r.Place, clock("10:00"))
		}
	}
}

func testColumnsOfFlowLogs(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	f := func(what, words string, set func(*aws.Group), opt format.Options, n int, says ...string) *stats {
		t.Helper()
		g := c.open(words)
		said := told(g)
		if set != nil {
			set(g)
		}
		s := statsOf(t, g, opt)
		if n > 0 {
			s.good(t, what, n)
		}
		for _, want := range says {
			if !strings.Contains(said(), want) {
				t.Errorf("%s says\n%s\nwant %q", what, said(), want)
			}
		}
		if len(says) == 0 && (strings.Contains(said(), "columns") || strings.Contains(said(), "twice")) {
			t.Errorf("%s says\n%s\nwant nothing of columns or of packets that count twice", what, said())
		}
		return &s
	}
	put := func(columns string, i int) {
		c.put("eni-0a-all", event{clock("10:00"), lineOf(columns, clock("10:00"), i)})
	}
	put(wide, 1)
	if s := f("no flow log", "", nil, format.Options{}, 0, "no flow log of eu-west-1 writes to it now"); s.err == nil {
		t.Error("lines whose columns nobody names were read")
	}
	id := c.flowLog("10.1.0.0/16", wide)
	s := f("one flow log", "", nil, format.Options{}, 1)
	if s.recs[0].Place.Log != id || s.recs[0].TCPFlags != periplus.SYN {
		t.Errorf("the record is of %s with flags %d, want %s with SYN", s.recs[0].Place.Log, s.recs[0].TCPFlags, id)
	}
	// A line of a flow log that there was before, with the default columns.
	c.put("eni-0a-all", event{clock("10:00"), lineOf("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status", clock("10:00"), 2)})
	f("a flow log that is gone", "", nil, format.Options{}, 2)

	// As many columns in another order, and one that does not say when it was.
	c.flowLog("10.2.0.0/16", other)
	put(other, 3)
	f("two with as many columns", "", nil, format.Options{}, 3)
	c.flowLog("10.3.0.0/16", bare)
	put(bare, 4)
	put(bare, 5)
	f("one without times and interface", "", nil, format.Options{}, 5)

	// One of a subnet may log what one of a VPC logs.
	c.ask("ec2", "", url.Values{"Action": {"CreateFlowLogs"}, "Version": {"2016-11-15"}, "ResourceType": {"Subnet"}, "ResourceId.1": {c.subnet()},
		"TrafficType": {"REJECT"}, "LogGroupName": {groupName}, "DeliverLogsPermissionArn": {"arn:aws:iam::123456789012:role/logs"}, "LogFormat": {wide}}.Encode())
	f("a VPC and a subnet", "", nil, format.Options{}, 5, "its packets count twice", "REJECT of subnet-")

	// The user's own columns go before what AWS says.
	s = f("--aws-format", "", func(g *aws.Group) { g.Columns = wide }, format.Options{AWSFormat: wide}, 0, "twice")
	if len(s.recs) != 1 || s.bad != 4 { // one of the four has as many columns, with values that cannot be
		t.Errorf("--aws-format: %d records, %d bad lines, want 1 and 4", len(s.recs), s.bad)
	}
}

// Lines that fit two orders of columns are not guessed at.
func testColumnsThatNobodyCanTell(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	one := c.flowLog("10.1.0.0/16", "${version} ${interface-id} ${srcaddr} ${dstaddr} ${start} ${end}")
	two := c.flowLog("10.2.0.0/16", "${version} ${interface-id} ${dstaddr} ${srcaddr} ${start} ${end}")
	c.put("eni-0a-all", event{clock("10:00"), lineOf("version interface-id srcaddr dstaddr start end", clock("10:00"), 1)})
	s := statsOf(t, c.open(""), format.Options{})
	if s.err == nil || !strings.Contains(s.err.Error(), one) || !strings.Contains(s.err.Error(), two) || !strings.Contains(s.err.Error(), "--aws-format") {
		t.Errorf("the error is %v, want both flow logs and what to do", s.err)
	}
}

// Without the permission the default columns are recognised all the same, and
// what is missing is said.
func testColumnsWithoutPermission(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.flowLog("10.1.0.0/16", wide)
	c.put("eni-0a-all", at("10:00", 1), at("10:00", 2))
	c.breaks(func(w http.ResponseWriter, _ *http.Request, operation string) bool {
		if operation == "DescribeFlowLogs" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>r</RequestID></Response>`)
			return true
		}
		return false
	})
	g := c.open("")
	said := told(g)
	s := statsOf(t, g, format.Options{})
	s.good(t, "default columns", 2)
	for _, want := range []string{"grant them ec2:DescribeFlowLogs on *", "--aws-format"} {
		if strings.Count(said(), want) != 1 {
			t.Errorf("it says\n%s\nwant %q once", said(), want)
		}
	}
	g = c.open("")
	said, g.Columns = told(g), wide
	if statsOf(t, g, format.Options{AWSFormat: wide}); strings.Contains(said(), "ec2:") {
		t.Errorf("with --aws-format it says\n%s\nwant nothing of EC2", said())
	}
}

// A group that is followed for long meets flow logs that are made meanwhile.
func testFlowLogMadeMeanwhile(t *testing.T, c *cloud) {
	c.stream("eni-0a-all")
	c.put("eni-0a-all", at("10:00", 1))
	now := clock("10:30")
	g := c.open("")
	g.Now = func() time.Time { return now }
	log := func() (log string) {
		for o, err := range g.Objects(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			log = o.Hint.Log
		}
		return log
	}
	if got := log(); got != groupName {
		t.Errorf("without a flow log the log is %s, want %s", got, groupName)
	}
	id := c.flowLog("10.1.0.0/16", wide)
	c.count("DescribeFlowLogs")
	if got := log(); got != groupName || c.count("DescribeFlowLogs") != 0 {
		t.Errorf("asked again at once: %s", got)
	}
	now = now.Add(11 * time.Minute)
	if got := log(); got != id {
		t.Errorf("after 11 minutes the log is %s, want %s", got, id)
	}
}
