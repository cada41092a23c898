package query

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestGroupsAreExact: what the map says of a node is what its filter selects,
// what its panel says, and what hiding it takes away.
func TestGroupsAreExact(t *testing.T) {
	l, _ := randomLake(t, rand.New(rand.NewPCG(5, 6)), 400)
	q := &Questions{Engine: l}
	for _, level := range Levels {
		a := Ask{From: t0, To: t0.Add(72 * time.Hour), Level: level}
		m, err := q.Map(bg, a)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Nodes) < 3 {
			t.Fatalf("%s: %d nodes", level, len(m.Nodes))
		}
		for _, n := range m.Nodes {
			of := n.In
			of.Add(n.Out)
			of.Add(n.Self)
			f := mustParse(t, n.Key.Filter(""))
			total := func(filter, hide *Filter) Verdicts {
				t.Helper()
				b := a
				b.Filter, b.Hide, b.MaxEdges = filter, hide, 1
				m, err := q.Map(bg, b)
				if err != nil {
					t.Fatal(err)
				}
				return m.Totals
			}
			if got := total(f, nil); got != of {
				t.Errorf("%s: %s selects\n%+v\nwant\n%+v", level, f, got, of)
			}
			if got, want := total(nil, f), m.Totals.minus(of); measured(got).All().Records != want.All().Records {
				t.Errorf("%s: hiding %s leaves %d records, want %d", level, f, got.All().Records, want.All().Records)
			}
			p, err := q.Node(bg, a, n.ID)
			if err != nil {
				t.Fatal(err)
			}
			if p.In != n.In || p.Out != n.Out || p.Self != n.Self {
				t.Errorf("%s: the panel of %s says\n%+v\nwant\n%+v", level, n.ID, p.In, n.In)
			}
		}
	}
}

// TestHide: what is hidden is in no answer, and only that.
func TestHide(t *testing.T) {
	q := &Questions{Engine: town(t)}
	a := ask("service")
	f := func(filter, hide, same string) {
		t.Helper()
		one, two := a, a
		one.Filter, one.Hide, two.Filter = mustParse(t, filter), mustParse(t, hide), mustParse(t, same)
		m, err := q.Map(bg, one)
		if err != nil {
			t.Fatal(err)
		}
		n, err := q.Map(bg, two)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := draw(m), draw(n); got != want {
			t.Errorf("%q without %q: got\n%s\nwant that of %q\n%s", filter, hide, got, same, want)
		}
		x, err := q.Timeline(bg, one, 1)
		if err != nil {
			t.Fatal(err)
		}
		if x.Bins[0] != m.Totals {
			t.Errorf("the timeline without %q: %+v, want %+v", hide, x.Bins[0], m.Totals)
		}
	}
	f("", "", "")
	f("", "port = 443", "not port = 443")
	f("verdict = allowed", "port = 443 or port = 5432", "verdict = allowed and port not in (443, 5432)")
	f("", `node = "svc:aws::S3"`, "not server.service = S3")
	f("", `not node = "svc:aws::S3"`, "server.service = S3")
}
