package query

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// marking is an engine that finds one scanner and counts how often it is asked.
type marking struct {
	mark  string
	next  string // the mark after a question, "" for the same
	err   error
	asked int
}

func (m *marking) Mark(context.Context, []Span) (string, error) { return m.mark, m.err }

func (m *marking) Query(_ context.Context, s Statement, row func([]string, []any) error) error {
	if !strings.Contains(s.SQL, "doors") {
		return errors.New("this is not asked here")
	}
	m.asked++
	if m.next != "" {
		m.mark = m.next
	}
	return row([]string{"client"}, []any{fmt.Sprintf("203.0.113.%d", m.asked)})
}

// Who scans is searched once for a range, until the tables change.
func TestScannersAreRemembered(t *testing.T) {
	m := &marking{mark: "one"}
	q := &Questions{Engine: m}
	a, err := Ask{From: t0, To: t0.Add(time.Hour)}.settle()
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, a Ask, asked int, want string) {
		t.Helper()
		w, err := q.scanners(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(w.Args, []any{want}) || m.asked != asked {
			t.Errorf("%s: %v after %d searches; want %s after %d", what, w.Args, m.asked, want, asked)
		}
	}
	longer := a
	longer.To = a.To.Add(time.Hour)
	f("first", a, 1, "203.0.113.1")
	f("again", a, 1, "203.0.113.1")
	f("another range", longer, 2, "203.0.113.2")
	f("the first", a, 2, "203.0.113.1")
	m.mark = "two"
	f("other tables", a, 3, "203.0.113.3")
	m.mark, m.next = "three", "four"
	f("tables that change meanwhile", a, 4, "203.0.113.4")
	m.mark, m.next = "three", ""
	f("which was not kept", a, 5, "203.0.113.5")
	for i := range 2 * keptScans {
		longer.To = longer.To.Add(time.Hour)
		f("many", longer, 6+i, fmt.Sprintf("203.0.113.%d", 6+i))
	}
	if n := len(q.scans.found); n != keptScans || len(q.scans.order) != n {
		t.Errorf("%d are kept in %d places; want %d", n, len(q.scans.order), keptScans)
	}
	m.err = errors.New("no plan")
	if _, err := q.scanners(bg, a); err == nil {
		t.Error("an engine that fails to plan is no error")
	}
}
