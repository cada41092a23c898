package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	arrowmem "github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// awsLog is a log of n records with some fields, whose numbers are not alike.
func awsLog(n int, fields string) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(fields + "\n")
	for i := range n {
		values := map[string]string{"version": "5", "account-id": "111122223333", "interface-id": "eni-0a", "srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "srcport": fmt.Sprint(1024 + rnd.IntN(60000)), "dstport": "443",
			"protocol": "6", "packets": fmt.Sprint(rnd.IntN(1e6)), "bytes": fmt.Sprint(rnd.IntN(1e9)), "start": fmt.Sprint(t0.Unix() + int64(i%60)), "end": fmt.Sprint(t0.Unix() + 60), "action": "ACCEPT", "log-status": "OK"}
		for j, f := range strings.Fields(fields) {
			if j > 0 {
				b.WriteByte(' ')
			}
			if v := values[f]; v != "" {
				b.WriteString(v)
			} else {
				b.WriteByte('-')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func awsName(log string, hour int) string {
	at := t0.Add(time.Duration(hour) * time.Hour)
	return fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/eu-west-1/%s/111122223333_vpcflowlogs_eu-west-1_%s_%s_aa.log.gz", at.Format("2006/01/02"), log, at.Format("20060102T1504Z"))
}

const v2 = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

func wide() string {
	var names []string
	for _, f := range AWSFields {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// memory is a source of texts whose objects the store got 7 minutes after
// their windows.
type memory struct {
	text  map[string]string
	open  int64 // bytes that were opened
	fails error
}

func (m *memory) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		var names []string
		for name := range m.text {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			o := periplus.Object{URI: "s3://logs/" + name, Size: int64(len(m.text[name]))}
			o.Hint, o.Time, o.Window = source.Hint("/" + name)
			o.ModTime = o.Time.Add(o.Window + 7*time.Minute)
			if !yield(o, nil) {
				return
			}
		}
		if m.fails != nil {
			yield(periplus.Object{URI: "s3://logs/"}, m.fails)
		}
	}
}

func (m *memory) Open(_ context.Context, o *periplus.Object) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(m.text[strings.TrimPrefix(o.URI, "s3://logs/")])), nil
}

func (m *memory) OpenPart(_ context.Context, o *periplus.Object, from, n int64) (io.ReadCloser, error) {
	text := m.text[strings.TrimPrefix(o.URI, "s3://logs/")]
	text = text[min(from, int64(len(text))):min(from+n, int64(len(text)))]
	m.open += int64(len(text))
	return io.NopCloser(strings.NewReader(text)), nil
}

func kinds(r *Report) string {
	var list []string
	for _, p := range r.Problems {
		list = append(list, p.Kind)
	}
	return strings.Join(list, " ")
}

func TestReport(t *testing.T) {
	m := &memory{text: map[string]string{}}
	for h := range 10 {
		m.text[awsName("fl-0a", h)] = zip(t, awsLog(100, wide()))
		if h != 4 && h != 5 {
			m.text[awsName("fl-0b", h)] = zip(t, awsLog(50, v2))
		}
	}
	m.text["notes/readme.txt"] = "nothing of ours\n"
	c := &Check{Source: m, Samples: 12, Cores: 2, Now: func() time.Time { return t0.Add(9*time.Hour + 20*time.Minute) }}
	r, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Objects != 19 || len(r.Groups) != 3 || r.AtLeast || !r.Readable() {
		t.Errorf("%d objects in %d groups, at least: %v; want 19 in 3", r.Objects, len(r.Groups), r.AtLeast)
	}
	if g := r.Groups[2]; g.Layout != "AWS S3" || g.Log != "fl-0b" || g.Region != "eu-west-1" || g.Objects != 8 || g.Hours != 8 || !g.From.Equal(t0) || !g.To.Equal(t0.Add(9*time.Hour+5*time.Minute)) {
		t.Errorf("fl-0b is %+v", g)
	}
	if want := "[{aws 111122223333 eu-west-1 fl-0b 2026-11-01 04:00:00 +0000 UTC 2026-11-01 06:00:00 +0000 UTC}]"; fmt.Sprint(r.Gaps) != want {
		t.Errorf("gaps %v, want %s", r.Gaps, want)
	}
	if n := r.Newest; n == nil || !n.Window.Equal(t0.Add(9*time.Hour)) || n.Age != 15*time.Minute {
		t.Errorf("newest %+v, want that of 9 o'clock, 15 minutes ago", n)
	}
	if d := r.Delivery; d.Objects != 18 || d.Median != 7*time.Minute || d.Worst != 7*time.Minute {
		t.Errorf("delivery %+v, want 18 objects after 7 minutes", d)
	}
	if got, want := kinds(r), "format fields gap"; got != want {
		t.Errorf("problems %s, want %s\n%+v", got, want, r.Problems)
	}
	missing := ""
	for _, s := range r.Samples {
		if strings.Contains(s.URI, "fl-0a") && len(s.Missing) > 0 {
			t.Errorf("%s lacks %v", s.URI, s.Missing)
		}
		if strings.Contains(s.URI, "fl-0b") {
			missing = s.without()
		}
	}
	if !strings.HasPrefix(missing, "vpc-id, subnet-id, instance-id, tcp-flags, pkt-srcaddr") {
		t.Errorf("version 2 lacks %q", missing)
	}
	if e := r.Estimate; e.Records < 1000 || e.Records > 1800 || e.Exact || e.Lake != e.Records*lakeBytes {
		t.Errorf("estimate %+v, want about 1400 records", e)
	}
}

// A log that lacks what only tells of ECS and the like has no problem, and is
// told what it lacks.
func TestFieldsThatNotEverybodyNeeds(t *testing.T) {
	f := func(problems, missing, columns string) {
		t.Helper()
		m := &memory{text: map[string]string{awsName("fl-0a", 0): zip(t, awsLog(10, columns))}}
		r, err := (&Check{Source: m, Now: func() time.Time { return t0.Add(20 * time.Minute) }}).Run(t.Context())
		if err != nil || kinds(r) != problems {
			t.Errorf("%v: problems %+v, want %q", err, r.Problems, problems)
		}
		if names := fmt.Sprint(r.Samples[0].Missing); !strings.Contains(names, missing) {
			t.Errorf("missing are %s, want %s", names, missing)
		}
	}
	without := func(words ...string) string {
		return strings.Join(slices.DeleteFunc(strings.Fields(wide()), func(name string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(name, w) })
		}), " ")
	}
	f("", "[]", wide())
	f("", "ecs-service-name", without("ecs-", "resource-id", "encryption-status"))
	f("fields", "tcp-flags", without("ecs-", "tcp-flags"))
}

// TestParts: of a large object the first part is downloaded, and of a Parquet
// file its end.
func TestParts(t *testing.T) {
	text := zip(t, awsLog(60_000, v2))
	m := &memory{text: map[string]string{awsName("fl-0a", 0): text}}
	r, err := (&Check{Source: m, Part: 64 << 10}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.open != 64<<10 || len(text) < 256<<10 {
		t.Errorf("%d bytes of %d were downloaded, want 64 KiB of many more", m.open, len(text))
	}
	s := r.Samples[0]
	if s.Err != nil || s.Bad != 0 || s.Whole || s.Estimated < 50_000 || s.Estimated > 70_000 {
		t.Errorf("sample %+v, want about 60000 records and no error", s)
	}
	text = parquetOf(t, 5000)
	m = &memory{text: map[string]string{strings.Replace(awsName("fl-0a", 0), ".log.gz", ".log.parquet", 1): text}}
	r, err = (&Check{Source: m, Part: 16}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Samples[0]; s.Err != nil || s.Format != "aws-parquet" || s.Records != 5000 || !format.Names(s.Columns, "srcaddr") || s.Read != m.open || m.open > int64(len(text))/2 {
		t.Errorf("of %d bytes of Parquet %d were downloaded: %+v", len(text), m.open, s)
	}
}

// parquetOf is a file of n rows that are not alike.
func parquetOf(t *testing.T, n int) string {
	t.Helper()
	var fields []arrow.Field
	for _, name := range []string{"srcaddr", "dstaddr", "interface_id"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(arrowmem.DefaultAllocator, schema)
	defer b.Release()
	for i := range n {
		for j := range fields {
			b.Field(j).(*array.StringBuilder).Append(fmt.Sprint(i*(j+7)*7919%100003, "x", i))
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAtLeastAndNothing(t *testing.T) {
	m := &memory{text: map[string]string{}}
	for h := range 10 {
		m.text[awsName("fl-0a", h)] = zip(t, awsLog(10, wide()))
	}
	r, err := (&Check{Source: m, MaxObjects: 4, Now: func() time.Time { return t0.AddDate(1, 0, 0) }}).Run(t.Context())
	if err != nil || r.Objects != 4 || !r.AtLeast || r.Estimate.Exact || len(r.Problems) != 0 {
		t.Errorf("%+v, %v; want at least 4 objects, and an archive of last year without a problem", r, err)
	}
	r, err = (&Check{Source: m, MaxObjects: 10}).Run(t.Context())
	if err != nil || r.AtLeast || r.Estimate.Exact || r.Estimate.Records != 100 {
		t.Errorf("%+v, %v; want about 100 records of 10 objects and no more", r.Estimate, err)
	}
	two := &memory{text: map[string]string{awsName("fl-0a", 0): m.text[awsName("fl-0a", 0)], awsName("fl-0a", 1): zip(t, awsLog(7, wide()))}}
	r, err = (&Check{Source: two}).Run(t.Context())
	if err != nil || !r.Estimate.Exact || r.Estimate.Records != 17 {
		t.Errorf("%+v, %v; want exactly 17 records", r.Estimate, err)
	}
	r, err = (&Check{Source: &memory{}}).Run(t.Context())
	if err != nil || r.Readable() || kinds(r) != "empty" {
		t.Errorf("an empty source: %s, %v", kinds(r), err)
	}
	r, err = (&Check{Source: &source.Files{Paths: []string{filepath.Join(t.TempDir(), "nowhere")}}}).Run(t.Context())
	if err != nil || r.Readable() || kinds(r) != "unreadable" {
		t.Errorf("a folder that is not there: %s, %v", kinds(r), err)
	}
	// A bucket whose logs have stopped this morning.
	r, err = (&Check{Source: m, Now: func() time.Time { return t0.Add(14 * time.Hour) }}).Run(t.Context())
	if err != nil || kinds(r) != "late" {
		t.Errorf("logs that stopped: %s, %v", kinds(r), err)
	}
	r, err = (&Check{Source: m, Until: t0.Add(9 * time.Hour), Now: func() time.Time { return t0.Add(14 * time.Hour) }}).Run(t.Context())
	if err != nil || kinds(r) != "" {
		t.Errorf("logs of the morning, asked for: %s, %v", kinds(r), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&Check{Source: m}).Run(ctx); err == nil {
		t.Error("a check that was stopped ends without an error")
	}
}

// TestRecommended: what is recommended is known to the reader, each field once.
// What a truncated object holds before its end is read, and its end is told.
func TestCutObject(t *testing.T) {
	whole := zip(t, awsLog(2000, wide()))
	for _, c := range []struct {
		bytes    int
		readable bool
	}{{len(whole) / 2, true}, {12, false}} {
		r, err := (&Check{Source: &memory{text: map[string]string{awsName("fl-0a", 0): whole[:c.bytes]}}, Now: func() time.Time { return t0.Add(time.Hour) }}).Run(t.Context())
		if err != nil || r.Readable() != c.readable || kinds(r) != "unreadable" {
			t.Errorf("%d bytes: readable %v, problems %q, %v; want %v and the end told", c.bytes, r.Readable(), kinds(r), err, c.readable)
			continue
		}
		if s := r.Samples[0]; c.readable && (s.Records == 0 || s.Records >= 2000 || !errors.Is(s.Early, io.ErrUnexpectedEOF) || s.Err != nil) {
			t.Errorf("%d bytes: %+v; want some of 2000 records", c.bytes, s)
		}
	}
}

func TestRecommended(t *testing.T) {
	known := map[string]bool{}
	for _, f := range format.Formats {
		if f.Name == "aws-text" {
			for _, c := range f.Columns {
				known[c.Name] = true
			}
		}
	}
	for _, list := range [][]Field{AWSFields, TransitGatewayFields} {
		have := map[string]bool{}
		for _, f := range list {
			if !known[f.Name] || have[f.Name] {
				t.Errorf("%s is unknown, or there twice", f.Name)
			}
			have[f.Name] = true
		}
		for _, need := range strings.Fields("srcaddr dstaddr srcport dstport protocol packets bytes start end log-status tcp-flags flow-direction") {
			if !have[need] {
				t.Errorf("%s is not recommended", need)
			}
		}
	}
}

// TestRefusals: alike refusals are told once, in AWS's words for log groups too.
func TestRefusals(t *testing.T) {
	r := &Report{}
	r.failed("list", "cloudwatch:x", &aws.Refused{Right: "logs:DescribeLogStreams", On: "arn:aws:logs:eu-west-1:*:log-group:x:*", Err: io.ErrUnexpectedEOF})
	for range 2 {
		r.failed("read", "cloudwatch:x", &aws.Refused{Right: "logs:FilterLogEvents", On: "arn:aws:logs:eu-west-1:*:log-group:x:*", Err: io.ErrUnexpectedEOF})
	}
	r.failed("list", "cloudwatch:x", &aws.Refused{Right: "logs:DescribeLogStreams", Stranger: true, Err: io.ErrUnexpectedEOF})
	if got, want := kinds(r), "permission permission credentials"; got != want {
		t.Fatalf("problems %s, want %s", got, want)
	}
	if got, want := r.Problems[1].Grant, `{"Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": "arn:aws:logs:eu-west-1:*:log-group:x:*"}`; got != want {
		t.Errorf("grant %s, want %s", got, want)
	}
}
