package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/receive"
)

// health is /metrics, /healthz and /readyz. ready says why not; nil: always.
func health(ready func() error, of ...prometheus.Collector) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "periplus_build_info", Help: "1, of this version.",
			ConstLabels: prometheus.Labels{"version": version}}, func() float64 { return 1 }))
	r.MustRegister(of...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	text := func(why error) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			rw.Header().Set("X-Content-Type-Options", "nosniff")
			if why == nil {
				io.WriteString(rw, "ok\n")
				return
			}
			rw.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(rw, why)
		}
	}
	mux.Handle("GET /healthz", text(nil))
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, req *http.Request) {
		var why error
		if ready != nil {
			why = ready()
		}
		text(why)(rw, req)
	})
	return mux
}

// lakeState is what a lake holds, asked when the metrics are.
type lakeState struct{ questions *query.Questions }

// A figure is a metric and where it comes from.
type figure[T any] struct {
	name, help string
	kind       prometheus.ValueType
	of         func(*T) float64
}

func (f *figure[T]) desc() *prometheus.Desc {
	return prometheus.NewDesc("periplus_"+f.name, f.help, nil, nil)
}

func describeAll[T any](list []figure[T], ch chan<- *prometheus.Desc) {
	for i := range list {
		ch <- list[i].desc()
	}
}

func collectAll[T any](list []figure[T], v *T, ch chan<- prometheus.Metric) {
	for i := range list {
		ch <- prometheus.MustNewConstMetric(list[i].desc(), list[i].kind, list[i].of(v))
	}
}

var lakeFigures = []figure[query.Extent]{
	{"lake_objects", "Objects that the lake holds.", prometheus.GaugeValue, func(x *query.Extent) float64 { return float64(x.Objects) }},
	{"lake_objects_failed", "Objects that could not be read.", prometheus.GaugeValue, func(x *query.Extent) float64 { return float64(x.Failed) }},
	{"lake_objects_partly", "Objects that ended early.", prometheus.GaugeValue, func(x *query.Extent) float64 { return float64(x.Partly) }},
	{"lake_records", "Records that the lake holds.", prometheus.GaugeValue, func(x *query.Extent) float64 { return float64(x.Records) }},
	{"lake_bad_lines", "Lines that could not be read.", prometheus.GaugeValue, func(x *query.Extent) float64 { return float64(x.Bad) }},
	{"lake_lag_seconds", "Now minus the newest record of the lake; 0: it has none.", prometheus.GaugeValue, func(x *query.Extent) float64 {
		if x.To.IsZero() {
			return 0
		}
		return time.Since(x.To).Seconds()
	}},
}

func (l *lakeState) Describe(ch chan<- *prometheus.Desc) { describeAll(lakeFigures, ch) }

func (l *lakeState) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	x, err := l.questions.Extent(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(lakeFigures[0].desc(), err)
		return
	}
	collectAll(lakeFigures, x, ch)
}

// ready reports whether the lake answers.
func (l *lakeState) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := l.questions.Extent(ctx)
	return err
}

// pushState is what was pushed.
type pushState struct{ *receive.Receiver }

func counter(name, help string, of func(*receive.Counts) int64) figure[receive.Counts] {
	return figure[receive.Counts]{name, help, prometheus.CounterValue, func(c *receive.Counts) float64 { return float64(of(c)) }}
}

var pushFigures = []figure[receive.Counts]{
	counter("receive_requests_total", "Deliveries that came.", func(c *receive.Counts) int64 { return c.Requests }),
	counter("receive_accepted_total", "Deliveries that are committed.", func(c *receive.Counts) int64 { return c.Accepted }),
	counter("receive_repeated_total", "Accepted deliveries that were there already.", func(c *receive.Counts) int64 { return c.Repeated }),
	counter("receive_wrong_key_total", "Deliveries with a wrong key or token.", func(c *receive.Counts) int64 { return c.Keys }),
	counter("receive_malformed_total", "Deliveries that are none.", func(c *receive.Counts) int64 { return c.Malformed }),
	counter("receive_too_large_total", "Deliveries longer than any.", func(c *receive.Counts) int64 { return c.TooLarge }),
	counter("receive_busy_total", "Deliveries that were told to come again because too much is here.", func(c *receive.Counts) int64 { return c.Busy }),
	counter("receive_failed_total", "Deliveries that were told to come again because the commit failed.", func(c *receive.Counts) int64 { return c.Failed }),
	counter("receive_commits_total", "Commits to the lake.", func(c *receive.Counts) int64 { return c.Commits }),
	counter("receive_records_total", "Records that were committed.", func(c *receive.Counts) int64 { return c.Records }),
	counter("receive_bad_lines_total", "Lines that could not be read.", func(c *receive.Counts) int64 { return c.Bad }),
	counter("receive_bytes_total", "Bytes of accepted deliveries, as sent.", func(c *receive.Counts) int64 { return c.Bytes }),
	{"receive_waiting", "Deliveries that wait for their commit.", prometheus.GaugeValue, func(c *receive.Counts) float64 { return float64(c.Waiting) }},
	{"receive_held_bytes", "Bytes of deliveries that are here.", prometheus.GaugeValue, func(c *receive.Counts) float64 { return float64(c.Held) }},
}

func (p pushState) Describe(ch chan<- *prometheus.Desc) { describeAll(pushFigures, ch) }

func (p pushState) Collect(ch chan<- prometheus.Metric) {
	c := p.Counts()
	collectAll(pushFigures, &c, ch)
}
