package flowgen

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// A delivery file of S3 holds the records that end in its five minutes.
const deliveryWindow = 5 * time.Minute

// s3Sink delivers lines to a bucket as AWS does.
type s3Sink struct {
	account, region, id string
	prefix              string // of the bucket
	hive, hourly        bool
	fields              string // header
	parquet             bool
	organisation        string // one more path level
	files               map[s3File]*bytes.Buffer
}

// s3File is one file to be.
type s3File struct {
	window   int64
	delivery int
}

// s3 makes the sink of one flow log.
func s3(account, region, id, fields string) *s3Sink {
	return &s3Sink{account: account, region: region, id: id, fields: fields, prefix: "aws", files: map[s3File]*bytes.Buffer{}}
}

func (s *s3Sink) line(_ *world, at place, line []byte) {
	f := s3File{at.end.Unix() / int64(deliveryWindow/time.Second), at.delivery}
	if at.late {
		f.window += 4 // twenty minutes
	}
	buf := s.files[f]
	if buf == nil {
		buf = new(bytes.Buffer)
		s.files[f] = buf
	}
	buf.Write(line)
	buf.WriteByte('\n')
}

// flush writes the files whose window is over.
func (s *s3Sink) flush(w *world, now time.Time) error {
	keys := slices.SortedFunc(maps.Keys(s.files), func(a, b s3File) int {
		return cmp.Or(cmp.Compare(a.window, b.window), cmp.Compare(a.delivery, b.delivery))
	})
	for _, f := range keys {
		at := time.Unix(f.window*int64(deliveryWindow/time.Second), 0).UTC()
		if !now.IsZero() && at.Add(deliveryWindow).After(now) {
			continue
		}
		buf := s.files[f]
		delete(s.files, f)
		if !w.arrived(f.delivery) {
			continue
		}
		if err := s.write(w, at, f, buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (s *s3Sink) write(w *world, at time.Time, f s3File, lines []byte) error {
	name := s.name(w, at, f)
	if s.parquet {
		return w.save(name+".log.parquet", func(out *bufio.Writer) error {
			return writeParquet(out, strings.Fields(s.fields), lines)
		})
	}
	return w.save(name+".log.gz", func(out *bufio.Writer) error {
		return w.writeGzip(out, s.fields+"\n", byEnd(strings.Fields(s.fields), lines))
	})
}

// name is the object's key without what ends it.
func (s *s3Sink) name(w *world, at time.Time, f s3File) string {
	var folder string
	if s.hive {
		folder = fmt.Sprintf("aws-account-id=%s/aws-service=vpcflowlogs/aws-region=%s/%s", s.account, s.region,
			at.Format("year=2006/month=01/day=02"))
		if s.hourly {
			folder += at.Format("/hour=15")
		}
	} else {
		folder = fmt.Sprintf("%s/vpcflowlogs/%s/%s", s.account, s.region, at.Format("2006/01/02"))
		if s.hourly {
			folder += at.Format("/15")
		}
	}
	if s.organisation != "" {
		folder = s.organisation + "/" + folder
	}
	return fmt.Sprintf("%s/AWSLogs/%s/%s_vpcflowlogs_%s_%s_%s_%08x", s.prefix, folder, s.account, s.region, s.id,
		at.Format("20060102T1504Z"), uint32(w.hash("s3", s.id, f.window, f.delivery)))
}

// byEnd sorts lines by when their windows ended, as they were handed in.
func byEnd(fields []string, lines []byte) [][]byte {
	end, nic := slices.Index(fields, "end"), slices.Index(fields, "interface-id")
	list := bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"))
	type keyed struct{ end, nic, line []byte }
	keys := make([]keyed, len(list))
	for i, line := range list {
		values := bytes.Fields(line)
		keys[i] = keyed{line: line}
		if end >= 0 {
			keys[i].end = values[end]
		}
		if nic >= 0 {
			keys[i].nic = values[nic]
		}
	}
	slices.SortStableFunc(keys, func(a, b keyed) int {
		return cmp.Or(bytes.Compare(a.end, b.end), bytes.Compare(a.nic, b.nic))
	})
	for i := range keys {
		list[i] = keys[i].line
	}
	return list
}

// gzip is the world's one compressor, for out: making one for each of many
// small files costs more than the files.
func (w *world) gzip(out io.Writer) (*gzip.Writer, error) {
	if w.zip == nil {
		zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
		w.zip = zip
		return zip, err
	}
	w.zip.Reset(out)
	return w.zip, nil
}

// writeGzip writes lines behind a header.
func (w *world) writeGzip(out *bufio.Writer, header string, lines [][]byte) error {
	zip, err := w.gzip(out)
	if err != nil {
		return err
	}
	if _, err := zip.Write([]byte(header)); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := zip.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return zip.Close()
}
