package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	keptJobs    = 50 // that are over, for a page that was reloaded
	waitingJobs = 20 // that may stand in line
	// jobBeat is how often a job's progress is told at most.
	jobBeat = 200 * time.Millisecond
)

// The states of a job.
const (
	JobQueued  = "queued"
	JobReading = "reading"
	JobMerging = "merging" // read and committed; the map is brought up to date
	JobDone    = "done"
	JobFailed  = "failed"
	JobStopped = "stopped"
)

// A Job is one drop on the page and what became of it.
type Job struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	State     string           `json:"state"`
	Objects   int64            `json:"objects"`
	Done      int64            `json:"done"`
	Bytes     int64            `json:"bytes"`
	DoneBytes int64            `json:"doneBytes"`
	Records   int64            `json:"records"`
	Skipped   int64            `json:"skipped"` // the data has them already
	Failed    int64            `json:"failed"`
	Empty     int64            `json:"empty"` // held no record
	Bad       map[string]int64 `json:"bad"`   // lines by kind
	Problems  []Problem        `json:"problems,omitempty"`
	Extent    *Span            `json:"extent,omitempty"`
	Error     *JobError        `json:"error,omitempty"`
}

// A Problem is a line or file that could not be read.
type Problem struct {
	File    string `json:"file"`
	Line    int64  `json:"line,omitempty"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Span is a range of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// A JobError says why a job failed, or what it waits for, and what to do.
type JobError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// copied is the job as it is now, for somebody else.
func (j *Job) copied() Job {
	c := *j
	c.Bad = maps.Clone(j.Bad)
	if c.Bad == nil {
		c.Bad = map[string]int64{}
	}
	c.Problems = slices.Clone(j.Problems)
	return c
}

func (j *Job) over() bool {
	return j.State == JobDone || j.State == JobFailed || j.State == JobStopped
}

// A Tell changes a job and lets the page know.
type Tell func(func(*Job))

// task is a job with what it does.
type task struct {
	Job
	changed int64 // number of its last change
	run     func(context.Context, Tell) error
	clean   func() error // after it is over, whether it ran or not
	stop    context.CancelFunc
	stopped bool
}

// jobs run one at a time, in the order in which they came.
type jobs struct {
	mu      sync.Mutex
	list    []*task // the oldest first
	running bool
	changes int64
	made    int
	told    time.Time
}

// add puts a job at the end of the line.
func (s *Server) add(name string, run func(context.Context, Tell) error, clean func() error) (Job, error) {
	k := &s.jobs
	k.mu.Lock()
	defer k.mu.Unlock()
	waiting := 0
	for _, t := range k.list {
		if t.State == JobQueued {
			waiting++
		}
	}
	if waiting >= waitingJobs {
		return Job{}, problem{http.StatusTooManyRequests, "busy", fmt.Sprintf("%d drops wait to be read", waiting), "wait for one to end"}
	}
	ctx, finish, ok := s.life.begin(context.Background())
	if !ok {
		return Job{}, problem{http.StatusServiceUnavailable, "ending", "the server ends", "start it again"}
	}
	if n := len(k.list) - keptJobs; n > 0 {
		over := 0
		k.list = slices.DeleteFunc(k.list, func(t *task) bool { over++; return over <= n && t.over() })
	}
	k.made++
	k.changes++
	t := &task{Job: Job{ID: strconv.Itoa(k.made), Name: name, State: JobQueued}, changed: k.changes, run: run, clean: clean}
	ctx, t.stop = context.WithCancel(ctx)
	k.list = append(k.list, t)
	go func() {
		defer finish()
		s.work(ctx, t)
	}()
	return t.copied(), nil
}

// work waits for a job's turn, runs it and cleans up.
func (s *Server) work(ctx context.Context, t *task) {
	defer t.stop()
	k := &s.jobs
	err := s.turn(ctx, t)
	if err == nil {
		err = t.run(ctx, func(f func(*Job)) { s.progress(t, f) })
		k.mu.Lock()
		k.running = false
		k.mu.Unlock()
	}
	if cleaned := t.clean(); cleaned != nil && s.Log != nil {
		s.Log.Error("remove what was dropped", "error", cleaned)
	}
	// The data first: who hears that the job is over finds it.
	if looked := s.look(context.WithoutCancel(ctx)); looked != nil && s.Log != nil {
		s.Log.Error("look for new data", "error", looked)
	}
	k.mu.Lock()
	switch {
	case err == nil:
		t.State, t.Error = JobDone, nil
	case ctx.Err() != nil:
		t.State, t.Error = JobStopped, nil
	default:
		t.State, t.Error = JobFailed, &JobError{Code: "failed", Message: err.Error()}
		if h, ok := errors.AsType[interface {
			error
			Hint() string
		}](err); ok {
			t.Error.Hint = h.Hint()
		}
	}
	k.changes++
	t.changed = k.changes
	k.mu.Unlock()
	s.news.tell()
}

// turn returns when the job is the one that runs.
func (s *Server) turn(ctx context.Context, t *task) error {
	k := &s.jobs
	for {
		next := s.news.next()
		k.mu.Lock()
		first := slices.IndexFunc(k.list, func(o *task) bool { return o.State == JobQueued && !o.stopped })
		if !k.running && k.list[max(first, 0)] == t && ctx.Err() == nil {
			k.running, t.State = true, JobReading
			k.changes++
			t.changed = k.changes
			k.mu.Unlock()
			s.news.tell()
			return nil
		}
		k.mu.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// progress changes a job; the readers hear of it a few times a second.
func (s *Server) progress(t *task, f func(*Job)) {
	k := &s.jobs
	k.mu.Lock()
	before := t.State
	f(&t.Job)
	k.changes++
	t.changed = k.changes
	now := time.Now()
	tell := t.State != before || now.Sub(k.told) >= jobBeat
	if tell {
		k.told = now
	}
	k.mu.Unlock()
	if tell {
		s.news.tell()
	}
}

// reading reports whether a job changes the data right now.
func (k *jobs) reading() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.running
}

// since are the jobs that changed after a change, the oldest first, and the
// number of the last change. Who hears of jobs for the first time is not told
// of those that are over.
func (k *jobs) since(change int64, first bool) ([]Job, int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []Job
	for _, t := range k.list {
		if t.changed > change && !(first && t.over()) {
			list = append(list, t.copied())
		}
	}
	return list, k.changes
}

func (k *jobs) find(id string) *task {
	for _, t := range k.list {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (s *Server) listJobs(*http.Request) (any, error) {
	list, _ := s.jobs.since(-1, false)
	slices.Reverse(list)
	if list == nil {
		list = []Job{}
	}
	return map[string][]Job{"jobs": list}, nil
}

var noJob = problem{http.StatusNotFound, "not_found", "there is no such job", "GET /ingest lists them"}

func (s *Server) showJob(r *http.Request) (any, error) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	t := s.jobs.find(r.PathValue("id"))
	if t == nil {
		return nil, noJob
	}
	return t.copied(), nil
}

// stopJob calls a job off. What it committed stays.
func (s *Server) stopJob(r *http.Request) (any, error) {
	s.jobs.mu.Lock()
	t := s.jobs.find(r.PathValue("id"))
	if t == nil {
		s.jobs.mu.Unlock()
		return nil, noJob
	}
	t.stopped = true
	t.stop()
	j := t.copied()
	s.jobs.mu.Unlock()
	s.news.tell() // who waits behind it looks again
	return j, nil
}

// dropped are the drops as sources of data.
func (s *Server) dropped() []Source {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	var list []Source
	for _, t := range s.jobs.list {
		w := Source{Name: t.Name, Objects: t.Done, Records: t.Records}
		for _, n := range t.Bad {
			w.Bad += n
		}
		if t.State == JobDone && t.Done == 0 {
			continue // all of it was known
		}
		switch t.State {
		case JobDone:
			w.State, w.Objects = "ok", t.Done-t.Failed
		case JobReading, JobMerging:
			w.State = "reading"
		case JobFailed:
			w.State, w.Message = "error", t.Error.Message
		default:
			continue
		}
		list = append(list, w)
	}
	return list
}

// Dropped is what the drops brought that are over, added up.
func (s *Server) Dropped() Source {
	var all Source
	for _, w := range s.dropped() {
		if w.State == "ok" {
			all.Objects, all.Records, all.Bad = all.Objects+w.Objects, all.Records+w.Records, all.Bad+w.Bad
		}
	}
	return all
}
