package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/lake"
)

// Where nothing was read, the hint is about why.
func TestNothingRead(t *testing.T) {
	f := func(want string, errs ...error) {
		t.Helper()
		s := &summary{Summary: &lake.Summary{Failed: int64(len(errs))}}
		for _, err := range errs {
			s.Failures = append(s.Failures, lake.Failure{URI: "x", Err: err})
		}
		var h hint
		if err := s.empty([]string{"x"}); !errors.As(err, &h) || !strings.Contains(h.do, want) {
			t.Errorf("%v: %q; want a hint with %q", errs, err, want)
		}
	}
	unknown := fmt.Errorf("%w: of something else", format.ErrUnknown)
	f("name a file, folder, bucket or log group")
	f("nothing is there", fs.ErrNotExist, fs.ErrNotExist)
	f("periplus formats", unknown, errors.New("no credentials"))
	f("periplus doctor", errors.New("no credentials"))
}
