package source

import (
	"context"
	"io"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Margin is how long after its packets a log may still be delivered: one
// aggregation interval of 10 minutes and the usual lateness.
const Margin = 30 * time.Minute

// A Choice is which objects are wanted, as far as their names say it. What a
// name does not say is kept. The zero value wants all.
type Choice struct {
	From, To time.Time // of the records; zero: no bound
	Accounts []string
	Regions  []string
	Logs     []string
	Glob     string // of the last part of the name, as path.Match has it
}

func (c *Choice) keeps(o *periplus.Object) bool {
	log, _, _ := strings.Cut(o.Hint.Log, "?") // what follows says which part of the log is read
	if !in(c.Accounts, o.Hint.Account) || !in(c.Regions, o.Hint.Region) || !in(c.Logs, log) {
		return false
	}
	if c.Glob != "" {
		if ok, err := path.Match(c.Glob, path.Base(o.URI)); err == nil && !ok {
			return false
		}
	}
	return o.Time.IsZero() || c.during(o.Time, o.Time.Add(o.Window))
}

// Filter leaves out objects by what their names say, before they are opened.
// An object may hold records of another time beside the one chosen.
type Filter struct {
	periplus.Source
	Choice
}

// Objects yields the objects of Source that may hold what is asked.
func (f *Filter) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for o, err := range f.Source.Objects(ctx) {
			if err == nil && !f.keeps(&o) {
				continue
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// Open opens an object of Source.
func (f *Filter) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	return f.Source.Open(ctx, o)
}
