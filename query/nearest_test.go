package query

import (
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func TestNearest(t *testing.T) {
	l := town(t)
	q := &Questions{Engine: l}
	f := func(from, to time.Duration, filter, want string) {
		t.Helper()
		a := Ask{From: t0.Add(from), To: t0.Add(to)}
		if filter != "" {
			a.Filter = mustParse(t, filter)
		}
		got, err := q.Nearest(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if !got.IsZero() {
			text = got.Format("15:04")
		}
		if text != want {
			t.Errorf("nearest to %s-%s with %q: %q, want %q", from, to, filter, text, want)
		}
	}
	f(time.Hour, 2*time.Hour, "", "") // the ledger knows of no data
	insert(l, "objects", periplus.ObjectFields, []periplus.ReadObject{
		{ID: 1, URI: "file:///a", State: periplus.ObjectRead, Records: 5, FirstSeen: t0, LastSeen: t0.Add(23 * time.Hour), ReadAt: t0}})
	// All of town's traffic is seen from 10:01 to 10:05.
	f(time.Hour, 2*time.Hour, "", "10:01")
	f(12*time.Hour, 13*time.Hour, "", "10:05")
	f(12*time.Hour, 13*time.Hour, "verdict = denied", "10:05")
	f(12*time.Hour, 13*time.Hour, "port = 9", "")
}
