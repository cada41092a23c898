package lake

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// wholeCoverage is what a batch does to coverage: what the digest counted, less
// what replaced objects had added, with what the digest cannot know. Late are
// the records that an interface gained in an hour whose traffic was built, each
// commit for itself: what is read again and was there before is not, and of
// records that go the late ones go last. Bad are the bad lines of objects: nobody knows what they were of, so they
// stand with the log that the object's name tells, in no interface.
func (l *Lake) wholeCoverage(ctx context.Context, b Batch, known map[string]periplus.ReadObject, less []periplus.Coverage) ([]periplus.Coverage, error) {
	built := map[int64]bool{}
	files, err := l.dataFiles(ctx, Traffic)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if t, ok := builtOf(f.path()); ok && t.step == StepHour {
			built[t.start] = true
		}
	}
	var bad covered
	for _, o := range b.Objects {
		if c, ok := badLines(o); ok {
			bad = append(bad, c)
		}
		if c, ok := badLines(known[o.URI]); ok {
			c.Bad = -c.Bad
			bad = append(bad, c)
		}
	}
	rows := covered(b.Coverage).inOrder().plus(covered(less).inOrder())
	shrunk := coverageDays{}
	for i := range rows {
		switch c := &rows[i]; {
		case !built[c.Hour.Unix()]:
		case c.Records > 0:
			c.Late = c.Records
		case c.Records < 0:
			shrunk[dayOf(c.Hour)] = append(shrunk[dayOf(c.Hour)], *c)
		}
	}
	if err := l.lessLate(ctx, shrunk, rows); err != nil {
		return nil, err
	}
	return rows.plus(bad.inOrder()), nil
}

// lessLate makes sure that where records go no more stay late than stay.
func (l *Lake) lessLate(ctx context.Context, shrunk coverageDays, rows covered) error {
	if len(shrunk) == 0 {
		return nil
	}
	files, err := l.dataFiles(ctx, Coverage)
	if err != nil {
		return err
	}
	for _, f := range files {
		day, ok := partitionNumber(f.file, firstPartitionID)
		if !ok || shrunk[day] == nil {
			continue
		}
		err := readRecords(ctx, f.path(), func(r *record) error {
			old := readCoverage(r)
			if less := shrunk[day].find(&old); less != nil {
				rows.find(&old).Late = min(0, old.Records+less.Records-old.Late)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// badLines is what the bad lines of an object add to coverage, in the hour of
// its first record; else of its name's time. Without either it is nothing: the
// table objects tells of them.
func badLines(o periplus.ReadObject) (periplus.Coverage, bool) {
	var c periplus.Coverage
	for _, n := range o.Bad {
		c.Bad += n
	}
	if c.Bad == 0 {
		return c, false
	}
	path, err := url.PathUnescape(o.URI)
	if err != nil {
		path = o.URI
	}
	place, at, _ := source.Hint(path)
	if !o.FirstSeen.IsZero() {
		at = o.FirstSeen
	}
	if place.Provider == "" {
		place.Provider, _, _ = strings.Cut(o.Format, "-")
	}
	c.Hour = at.UTC().Truncate(time.Hour)
	c.Provider, c.Account, c.Region, c.Log = place.Provider, place.Account, place.Region, place.Log
	return c, !at.IsZero()
}

// unread reports whether a row of coverage tells of bad lines alone.
func unread(c *periplus.Coverage) bool {
	return c.Records == 0 && c.NoData == 0 && c.SkipData == 0 && c.Interface == ""
}
