package watch

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// What becomes of an object or a message.
const (
	outcomeCommitted = "committed" // read now
	outcomeKnown     = "known"     // the ledger had it
	outcomeGone      = "gone"      // deleted before it was read
	outcomeOther     = "other"     // in none of the sources, or not chosen of them
	outcomePoison    = "poison"    // not understood, not acknowledged
	outcomeLeft      = "left"      // its object could not be read, not acknowledged
	outcomeBack      = "back"      // given back at the end
	outcomeFailed    = "failed"
)

// Metrics are the counts of a Watch, for Prometheus.
type Metrics struct {
	objects, bytes, messages, retries, bad, lists *prometheus.CounterVec
	records, commits                              prometheus.Counter
	seconds                                       prometheus.Histogram
	lag                                           *lagging
}

// NewMetrics makes metrics that are 0.
func NewMetrics() *Metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "periplus_" + name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "periplus_" + name, Help: help})
	}
	m := &Metrics{
		objects:  vec("objects_total", "Objects, by what became of them: committed, known, failed.", "source", "outcome"),
		bytes:    vec("bytes_total", "Bytes of the objects that were committed, as stored.", "source"),
		messages: vec("queue_messages_total", "Messages of the queue, by what became of them.", "outcome"),
		retries:  vec("retries_total", "What is done again: lake, conflict, object, queue, build, store.", "what"),
		bad:      vec("bad_lines_total", "Lines that could not be read, by kind.", "kind"),
		lists:    vec("lists_total", "Listings of a source.", "source", "outcome"),
		records:  one("records_total", "Records that were committed."),
		commits:  one("commits_total", "Commits to the lake."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "periplus_batch_seconds", Help: "How long a batch took, from its first object to its commit.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 60, 120, 300, 900}}),
		lag: &lagging{records: map[string]time.Time{}, objects: map[string]time.Time{}, now: time.Now},
	}
	for _, o := range []string{outcomeCommitted, outcomeKnown, outcomeGone, outcomeOther, outcomePoison, outcomeLeft, outcomeBack, "test", "deletion"} {
		m.messages.WithLabelValues(o)
	}
	for _, what := range []string{"lake", "conflict", "object", "queue", "build", "store"} {
		m.retries.WithLabelValues(what)
	}
	return m
}

// Describe and Collect make Metrics a prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect is said at Describe.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range []prometheus.Collector{m.objects, m.bytes, m.messages, m.retries, m.bad, m.lists, m.records, m.commits, m.seconds, m.lag} {
		c.Collect(ch)
	}
}

// Retried counts a request that the store refused for the moment.
func (m *Metrics) Retried() { m.retried("store") }

func (m *Metrics) retried(what string)    { m.retries.WithLabelValues(what).Inc() }
func (m *Metrics) message(outcome string) { m.messages.WithLabelValues(outcome).Inc() }

func (m *Metrics) listed(source string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = outcomeFailed
	}
	m.lists.WithLabelValues(source, outcome).Inc()
}

func (m *Metrics) object(source, outcome string, row periplus.ReadObject) {
	m.objects.WithLabelValues(source, outcome).Inc()
	if outcome == outcomeCommitted {
		m.bytes.WithLabelValues(source).Add(float64(max(0, row.Size)))
	}
}

// batch counts what was committed.
func (m *Metrics) batch(sum *lake.Summary, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	if sum.Objects > 0 {
		m.commits.Inc()
	}
	m.records.Add(float64(sum.Stats.Records))
	for kind, n := range sum.Stats.Bad {
		m.bad.WithLabelValues(string(kind)).Add(float64(n))
	}
}

// newest notes how far a source has come; zero times say nothing.
func (m *Metrics) newest(source string, record, object time.Time) { m.lag.note(source, record, object) }

// lagging is how far each source has come.
type lagging struct {
	mu               sync.Mutex
	records, objects map[string]time.Time
	now              func() time.Time
}

func (l *lagging) note(source string, record, object time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if record.After(l.records[source]) {
		l.records[source] = record
	}
	if object.After(l.objects[source]) {
		l.objects[source] = object
	}
}

var (
	lagDesc = prometheus.NewDesc("periplus_lag_seconds",
		"Now minus the newest record of a source that the lake holds.", []string{"source"}, nil)
	newestObjectDesc = prometheus.NewDesc("periplus_newest_object_timestamp_seconds",
		"When the newest object of a source that the lake holds was written to its store.", []string{"source"}, nil)
)

func (l *lagging) Describe(ch chan<- *prometheus.Desc) { ch <- lagDesc; ch <- newestObjectDesc }

func (l *lagging) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, t := range l.records {
		ch <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, l.now().Sub(t).Seconds(), s)
	}
	for s, t := range l.objects {
		ch <- prometheus.MustNewConstMetric(newestObjectDesc, prometheus.GaugeValue, float64(t.UnixMilli())/1000, s)
	}
}
