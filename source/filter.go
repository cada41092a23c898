package source

import (
	"context"
	"io"
	"iter"
	"path"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Margin is how long after its packets a log may still be delivered: one
// aggregation interval of 10 minutes and the usual lateness.
const Margin = 30 * time.Minute

// Filter leaves out objects by what their names say. An object whose name does
// not say it is kept: its records are filtered again after reading.
type Filter struct {
	periplus.Source
	From, To time.Time // of the records; zero: no bound
	Accounts []string
	Regions  []string
	Logs     []string
	Glob     string // of the last part of the name, as path.Match has it
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

func (f *Filter) keeps(o *periplus.Object) bool {
	in := func(list []string, v string) bool {
		return len(list) == 0 || v == "" || slices.Contains(list, v)
	}
	if !in(f.Accounts, o.Hint.Account) || !in(f.Regions, o.Hint.Region) || !in(f.Logs, o.Hint.Log) {
		return false
	}
	if f.Glob != "" {
		if ok, err := path.Match(f.Glob, path.Base(o.URI)); err == nil && !ok {
			return false
		}
	}
	if o.Time.IsZero() {
		return true
	}
	// A delivery holds packets of its window and of up to Margin before it.
	if !f.To.IsZero() && o.Time.After(f.To.Add(Margin)) {
		return false
	}
	return f.From.IsZero() || !o.Time.Add(o.Window).Before(f.From)
}
