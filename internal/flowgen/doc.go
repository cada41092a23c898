// Package flowgen is a simulated company: from one seed it makes packets,
// walks them over interfaces that let them through or stop them, and writes
// the log files that AWS, Google Cloud and Azure would have written, together
// with the truth, which is taken from the packets and never from the records.
package flowgen

import (
	"context"
	"time"
)

// Options is what company to write. The zero value is the demo's: 24 hours
// that end at the hour of DefaultStart plus a day.
type Options struct {
	Seed     uint64
	Start    time.Time     // zero: DefaultStart; cut to the hour
	Duration time.Duration // zero: 24 hours; cut to hours
	Scale    float64       // how much traffic there is; zero: 1, about 400,000 records a day
}

// DefaultStart is when the simulated company's day begins unless told
// otherwise, so that the demo is the same on every machine.
var DefaultStart = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// Write writes the company's logs below dir/logs, its names file beside them,
// and returns the truth. dir is made if it does not exist; what it holds
// already stays, so give it an empty one. The same Options write the same
// bytes.
func (o Options) Write(ctx context.Context, dir string) (*Truth, error) {
	return writeCompany(ctx, o, dir)
}

// A Scenario is one small set of logs that shows one thing, so that a failure
// names its cause.
type Scenario struct {
	Name     string // aws-nacl-denies-reply
	About    string // one sentence: what is simulated and what must come out
	Provider string // aws, gcp, azure, or mixed
	// Deliveries is how many times something arrives; a reader must come to the
	// same totals whether it looks after each or once after all. At least 1.
	Deliveries int

	build func(w *world)
}

// Write writes what has arrived after the first n deliveries (0: all of them)
// below dir/logs. A later call with a greater n adds files and lets those grow
// that grow. The truth is always that of all deliveries.
func (s Scenario) Write(ctx context.Context, dir string, seed uint64, n int) (*Truth, error) {
	return writeScenario(ctx, s, dir, seed, n)
}

// Scenarios returns every scenario, in a fixed order.
func Scenarios() []Scenario { return scenarios() }
