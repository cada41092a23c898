package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/periplus/periplus/internal/servers"
)

// missing asks an address.
func missing(t *testing.T, patience time.Duration, address string) error {
	t.Helper()
	s, err := Open(t.Context(), []string{address}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return s.Missing(ctx)
}

// A bucket that there is not is missing; one of a store that does not answer is
// not, nor is a prefix below which nothing lies yet.
func TestMissingBuckets(t *testing.T) {
	for _, scheme := range slices.Sorted(maps.Keys(stores)) {
		t.Run(scheme, func(t *testing.T) {
			s := stores[scheme](t)
			if err := missing(t, time.Minute, s.With("nothing/yet/")); err != nil {
				t.Errorf("an empty bucket: %v", err)
			}
			wrong := strings.Replace(s.With(""), "://logs", "://lgos", 1)
			if err := missing(t, time.Minute, wrong); err == nil || !strings.Contains(err.Error(), "check the bucket's name") {
				t.Errorf("%s: %v", wrong, err)
			}
			s.Kill()
			if err := missing(t, time.Second, s.With("")); err != nil {
				t.Errorf("a store that does not answer: %v", err)
			}
		})
	}
}

func TestMissingGroup(t *testing.T) {
	m := servers.Moto(t)
	address := "cloudwatch:nowhere?endpoint=http://" + m.Addr
	if err := missing(t, time.Minute, address); err == nil || !strings.Contains(err.Error(), "no such log group") {
		t.Errorf("%s: %v", address, err)
	}
	m.Kill()
	if err := missing(t, time.Second, address); err != nil {
		t.Errorf("a service that does not answer: %v", err)
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	if err := missing(t, time.Minute, dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := missing(t, time.Minute, filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "none")) {
		t.Errorf("a folder that there is not: %v", err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir(closed); err == nil {
		t.Skip("this user may read everything")
	}
	if err := missing(t, time.Minute, closed); err == nil {
		t.Error("a folder that may not be read is not told of")
	}
}

// Only an answer to what was asked is certain.
func TestDefinite(t *testing.T) {
	b := &Bucket{scheme: "s3", host: "logs", name: "s3://logs/"}
	f := func(err error, want bool) {
		t.Helper()
		if got := definite(b.explain("list", "", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
	f(nil, false)
	f(awsError{"AccessDenied", "Access Denied"}, true)
	f(awsError{"ExpiredToken", "The provided token has expired."}, true)
	f(awsError{"RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."}, false)
	f(&googleapi.Error{Code: 401}, true)
	f(&googleapi.Error{Code: 429}, false)
	f(&googleapi.Error{Code: 503}, false)
	f(context.DeadlineExceeded, false)
	f(context.Canceled, false)
	f(fmt.Errorf("dial: %w", errors.New("no such host")), false)
}
