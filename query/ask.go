package query

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Levels are what an end can be grouped by, the widest first.
var Levels = []string{"provider", "account", "region", "network", "subnet", "service", "host"}

// Metrics are what edges, ports and peers can be ordered by.
var Metrics = []string{"bytes", "packets", "records", "opened"}

// Shows are the verdicts that a view can be cut down to.
var Shows = []string{"all", "allowed", "denied", "dropped", "unknown"}

// The caps of an answer to Map.
const (
	DefaultNodes, DefaultEdges = 400, 1500
	MaxNodes, MaxEdges         = 2000, 6000
)

// Ask is what a view shows: when, of what, at which level. From and To are
// needed, the rest has a default.
type Ask struct {
	From, To time.Time
	Filter   *Filter  // nil: everything
	Hide     *Filter  // what it matches is in no answer; nil: nothing
	Level    string   // one of Levels; "": service
	Expand   []string // ids of groups that are shown at the next level
	Metric   string   // one of Metrics; "": bytes
	Show     string   // one of Shows; "": all
	MaxNodes int      // 0: DefaultNodes; never more than MaxNodes
	MaxEdges int      // 0: DefaultEdges; never more than MaxEdges

	scanners Where // who scans in the range: a list or a select in brackets; "" for nobody
}

// settle puts in the defaults and says what is wrong.
func (a Ask) settle() (Ask, error) {
	a.Level = or(a.Level, "service")
	a.Metric = or(a.Metric, "bytes")
	a.Show = or(a.Show, "all")
	for _, c := range []struct {
		what, value string
		list        []string
	}{{"level", a.Level, Levels}, {"metric", a.Metric, Metrics}, {"show", a.Show, Shows}} {
		if !slices.Contains(c.list, c.value) {
			return a, mistake("%s %q: use one of %s", c.what, c.value, strings.Join(c.list, ", "))
		}
	}
	if !a.From.Before(a.To) {
		return a, mistake("the range ends at %s and begins at %s: it must end after it begins",
			a.To.UTC().Format(time.RFC3339), a.From.UTC().Format(time.RFC3339))
	}
	a.From, a.To = a.From.UTC(), a.To.UTC()
	a.Filter, a.Hide = a.Filter.And(a.Hide.not()), nil
	if a.scanners.SQL == "" && a.Filter.ofStrangers() {
		a.scanners = build("(", scannersSQL(a.cover()), ")")
	}
	a.MaxNodes = limit(a.MaxNodes, DefaultNodes, MaxNodes)
	a.MaxEdges = limit(a.MaxEdges, DefaultEdges, MaxEdges)
	return a, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func limit(n, normal, most int) int {
	if n <= 0 {
		return normal
	}
	return min(n, most)
}

// Questions asks an engine. Its methods may be called at once from several
// goroutines if the engine's may.
type Questions struct {
	Engine Engine
	// Current makes the table traffic true for a range before it is asked;
	// nil: it is.
	Current func(ctx context.Context, from, to time.Time) error

	scans scans
}
