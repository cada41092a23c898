package lake

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// A plan is remembered for its snapshot only, and is the caller's own.
func TestPlansFollowTheTable(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	files := func(from time.Time) []string {
		t.Helper()
		list, err := l.Files(ctx, Endpoints, 0, from, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	write := func(mark string) {
		t.Helper()
		row := periplus.Endpoint{Address: netip.MustParseAddr("10.0.0.1"), ValidTo: periplus.Forever, Kind: "own", Name: mark}
		if err := l.WriteEndpoints(ctx, []periplus.Endpoint{row}, mark); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	first := files(time.Time{})
	if len(first) != 1 {
		t.Fatalf("files %q, want one", first)
	}
	kept := first[0]
	first[0] = "spoilt by its owner"
	if again := files(time.Time{}); !slices.Equal(again, []string{kept}) {
		t.Errorf("asked again: %q, want %q", again, kept)
	}
	write("second")
	if second := files(time.Time{}); len(second) != 1 || second[0] == kept {
		t.Errorf("after another commit: %q, want another file than %s", second, kept)
	}
	for i := range 2 * keptPlans {
		files(time.Unix(int64(i)*300, 0))
	}
	if n := len(l.plans.files); n > keptPlans {
		t.Errorf("%d plans are kept, want at most %d", n, keptPlans)
	}
}
