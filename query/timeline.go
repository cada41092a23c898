package query

import (
	"context"
	"time"
)

// widths are how long a bin of a timeline may be, in seconds.
var widths = []int64{300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400}

// MaxBins is how many bins a timeline may have.
const MaxBins = 2000

// timelineRange is the width of the bins and the range in steps that fit in
// them.
func (a Ask) timelineRange(bins int) (Range, int64) {
	bins = limit(bins, 96, MaxBins)
	from, to := floor(a.From.UTC(), 300), ceil(a.To.UTC(), 300)
	width := widths[len(widths)-1]
	for _, w := range widths {
		if ceil(to, w).Sub(floor(from, w)) <= time.Duration(bins)*time.Duration(w)*time.Second {
			width = w
			break
		}
	}
	if n := int64(ceil(to, width).Sub(floor(from, width))/time.Second) / width; n > int64(bins) {
		width *= (n + int64(bins) - 1) / int64(bins)
	}
	var steps []int64
	for _, s := range Steps {
		if width%s == 0 {
			steps = append(steps, s)
		}
	}
	return a.cover(steps...), width
}

func (a Ask) timelineSQL(r Range, width int64, more ...func(*sqlFor) Where) Where {
	return build("SELECT CAST(floor((to_unixtime(t.bucket) - ", floor(r.From, width).Unix(), ") / ", width, ") AS bigint) AS bin, t.verdict,\n ",
		sums, "\nFROM ", a.rows(r, more...), "\nGROUP BY 1, 2 ORDER BY bin, verdict")
}

// TimelineSQL is the statement of Timeline. Bins without traffic are no rows.
func (a Ask) TimelineSQL(bins int) (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	r, width := a.timelineRange(bins)
	return statement(a.timelineSQL(r, width), r.spans()), nil
}

// Timeline is how much there was, in at most so many bins (0: 96) whose length
// is a round one. The first and the last bin may lie partly outside the range;
// what is outside is not counted.
func (q *Questions) Timeline(ctx context.Context, a Ask, bins int) (*Timeline, error) {
	a, err := q.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	return q.timeline(ctx, a, bins)
}

func (q *Questions) timeline(ctx context.Context, a Ask, bins int, more ...func(*sqlFor) Where) (*Timeline, error) {
	r, width := a.timelineRange(bins)
	start := floor(r.From, width)
	t := &Timeline{Range: r, Start: start, Step: time.Duration(width) * time.Second}
	t.Bins = make([]Verdicts, ceil(r.To, width).Sub(start)/t.Step)
	err := q.ask(ctx, statement(a.timelineSQL(r, width, more...), r.spans()), func(r *reader) {
		bin, v, sum := r.int(), r.verdict(), r.totals()
		if bin < 0 || bin >= int64(len(t.Bins)) {
			r.fail("a bin outside the range")
			return
		}
		t.Bins[bin][v].Add(sum)
	})
	return t, err
}
