package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/source"
	"github.com/periplus/periplus/web"
)

// busyPause is how long a drop waits before it asks again whether another
// process has stopped reading logs into the lake.
const busyPause = 2 * time.Second

// A dropper reads what is dropped on the page into the lake that it shows.
type dropper struct {
	*desk
	env   *env
	flags *ingestFlags // of the command that serves the page
}

// read reads dropped files.
func (d *dropper) read(ctx context.Context, got *web.Dropped, tell web.Tell) error {
	known, err := d.Ledger(ctx)
	if err != nil {
		return err
	}
	src := &source.Dropped{Known: known}
	for i := range got.Files {
		f := &got.Files[i]
		src.Files = append(src.Files, source.DroppedFile{Name: f.Name, Size: f.Size, Sum: f.Sum,
			Open: func() (io.ReadCloser, error) { return got.Open(f) }})
	}
	sum, err := d.ingest(ctx, src, tell)
	if err != nil {
		return err
	}
	tell(func(j *web.Job) { j.Skipped += src.Repeats })
	return errors.Join(d.update(ctx, tell), nothingIn(sum, src.Repeats, len(got.Files)))
}

// demo reads the simulated company.
func (d *dropper) demo(ctx context.Context, tell web.Tell) error {
	dir, err := os.MkdirTemp("", "periplus-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	truth, err := writeDemo(ctx, d.env, flowgen.Options{}, dir)
	if err != nil {
		return err
	}
	if err := d.rename(truth.Names); err != nil {
		return err
	}
	if _, err := d.ingest(ctx, &source.Files{Paths: []string{truth.Logs}}, tell); err != nil {
		return err
	}
	return d.update(ctx, tell)
}

// ingest is 'periplus ingest', telling a job.
func (d *dropper) ingest(ctx context.Context, src periplus.Source, tell web.Tell) (*lake.Summary, error) {
	c := &counted{Source: src}
	job := lake.Ingest{Lake: d.Lake, Source: c, Workers: d.flags.workers, Memory: d.memory / 2, // questions go on meanwhile
		Options: format.Options{AWSFormat: d.flags.awsFormat, Format: d.flags.format}}
	job.Progress = func(p lake.Progress) {
		tell(func(j *web.Job) {
			j.State, j.Error = web.JobReading, nil
			j.Objects, j.Done, j.Bytes, j.Records, j.Bad = p.Objects, p.Done, p.Bytes, p.Records, texts(p.Bad)
		})
	}
	defer c.watch(tell)()
	for {
		sum, err := job.Run(ctx)
		if !errors.Is(err, lake.ErrBusy) {
			tell(func(j *web.Job) { summarise(j, sum) })
			return sum, err
		}
		tell(func(j *web.Job) {
			j.Error = &web.JobError{Code: "busy", Message: err.Error(), Hint: "it goes on by itself then"}
		})
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// update makes the map true for all that the lake holds.
func (d *dropper) update(ctx context.Context, tell web.Tell) error {
	tell(func(j *web.Job) { j.State = web.JobMerging })
	x, err := (&query.Questions{Engine: d.db}).Extent(ctx)
	if err != nil || x.From.IsZero() {
		return err
	}
	return d.current(ctx, x.From, x.To.Add(time.Second))
}

// summarise writes what was committed.
func summarise(j *web.Job, s *lake.Summary) {
	j.Error = nil
	j.Done, j.Records, j.Bad = s.Objects+s.Failed, s.Stats.Records, texts(s.Stats.Bad)
	j.Skipped, j.Failed, j.Empty = s.Skipped, s.Failed, s.Empty
	j.Problems = nil
	for _, f := range s.Failures {
		j.Problems = append(j.Problems, web.Problem{File: fileName(f.URI), Kind: string(f.State), Message: f.Err.Error()})
	}
	for _, b := range s.Stats.First {
		j.Problems = append(j.Problems, web.Problem{File: fileName(b.URI), Line: b.Line, Kind: string(b.Kind), Message: b.Msg})
	}
	if !s.First.IsZero() {
		j.Extent = &web.Span{From: s.First, To: s.Last}
	}
}

// nothingIn is why a drop brought nothing; nil: it did, or all of it was known.
func nothingIn(s *lake.Summary, repeats int64, files int) error {
	const do = "'periplus formats' lists what is read; for AWS text without a header start the server with --aws-format"
	switch {
	case s.Skipped+repeats > 0 || s.Stats.Records+s.Stats.NoData+s.Stats.SkipData > 0:
		return nil
	case s.Stats.BadTotal() > 0:
		return hint{fmt.Errorf("nothing could be read: all %d lines are bad", s.Stats.BadTotal()), do}
	case s.Failed > 0:
		return hint{fmt.Errorf("nothing could be read: %d of %d files are no flow logs that are known", s.Failed, files), do}
	}
	return hint{errors.New("the files hold no flow logs"), do}
}

func texts(bad map[periplus.BadKind]int64) map[string]int64 {
	out := make(map[string]int64, len(bad))
	for k, n := range bad {
		out[string(k)] = n
	}
	return out
}

// fileName is a dropped file's name as it was dropped.
func fileName(uri string) string {
	name, ok := strings.CutPrefix(uri, "drop:")
	if !ok {
		return uri
	}
	if sum, rest, ok := strings.Cut(name, "/"); ok && len(sum) == 16 {
		name = rest
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return name
}

// counted counts the bytes that are read, so that one large file moves the
// bar, too.
type counted struct {
	periplus.Source
	n atomic.Int64
}

func (c *counted) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	in, err := c.Source.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &countedFile{in, &c.n}, nil
}

type countedFile struct {
	io.ReadCloser
	n *atomic.Int64
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.n.Add(int64(n))
	return n, err
}

// watch tells of the bytes until the function that it returns is called.
func (c *counted) watch(tell web.Tell) (done func()) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				tell(func(j *web.Job) { j.DoneBytes = j.Bytes })
				return
			case <-tick.C:
				if n := c.n.Load(); n > 0 {
					tell(func(j *web.Job) { j.DoneBytes = min(n, j.Bytes) })
				}
			}
		}
	})
	return func() { close(stop); wg.Wait() }
}
