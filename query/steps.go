package query

import "time"

// Steps are the lengths of the buckets of the table traffic in seconds, the
// coarsest first.
var Steps = []int64{86400, 3600, 300}

// StepSpan is a run of buckets of one length.
type StepSpan struct {
	Step     int64
	From, To time.Time
}

// Range is what was asked, widened to whole buckets.
type Range struct {
	From, To           time.Time
	AskedFrom, AskedTo time.Time
	Steps              []StepSpan // what covers it, in order of time
}

// Widened reports whether the range holds more than was asked for.
func (r Range) Widened() bool {
	return !r.From.Equal(r.AskedFrom) || !r.To.Equal(r.AskedTo)
}

// Cover widens a range to whole buckets of 5 minutes and covers it by the
// coarsest whole steps that lie in it.
func Cover(from, to time.Time) Range {
	r := Range{AskedFrom: from.UTC(), AskedTo: to.UTC()}
	r.From, r.To = floor(r.AskedFrom, 300), ceil(r.AskedTo, 300)
	r.Steps = cover(nil, r.From, r.To, Steps)
	return r
}

func cover(spans []StepSpan, from, to time.Time, steps []int64) []StepSpan {
	if !from.Before(to) {
		return spans
	}
	first, last := ceil(from, steps[0]), floor(to, steps[0])
	if len(steps) == 1 || first.Before(last) {
		if len(steps) > 1 {
			spans = cover(spans, from, first, steps[1:])
		}
		spans = append(spans, StepSpan{steps[0], first, last})
		if len(steps) > 1 {
			spans = cover(spans, last, to, steps[1:])
		}
		return spans
	}
	return cover(spans, from, to, steps[1:])
}

func floor(t time.Time, step int64) time.Time {
	n := t.Unix()
	return time.Unix(n-((n%step)+step)%step, 0).UTC()
}

func ceil(t time.Time, step int64) time.Time {
	f := floor(t, step)
	if f.Before(t) {
		f = f.Add(time.Duration(step) * time.Second)
	}
	return f
}
