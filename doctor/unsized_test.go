package doctor

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// unsized is a source that does not know the sizes of its objects.
type unsized struct{ memory }

func (u *unsized) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for o, err := range u.memory.Objects(ctx) {
			if o.Size = -1; !yield(o, err) {
				return
			}
		}
	}
}

// A log group's first and last windows are often empty: others are looked into.
func TestUnsized(t *testing.T) {
	u := &unsized{memory{text: map[string]string{}}}
	for h := range 10 {
		u.text[awsName("fl-0a", h)] = ""
	}
	check := func(readable bool, samples int) {
		t.Helper()
		r, err := (&Check{Source: u}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Readable() != readable || r.Unknown != 10 || len(r.Samples) != samples {
			t.Errorf("readable %v, %d of unknown size, %d samples; want %v, 10, %d: %v", r.Readable(), r.Unknown, len(r.Samples), readable, samples, kinds(r))
		}
		if readable && r.Samples[samples-1].Records != 100 {
			t.Errorf("%d records, want 100", r.Samples[samples-1].Records)
		}
	}
	check(false, 2)
	u.text[awsName("fl-0a", 4)] = awsLog(100, wide())
	check(true, 3)
	u.text[awsName("fl-0a", 4)] = fmt.Sprintln("no log")
	check(false, 3)
}
