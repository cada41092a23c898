package main

import (
	"cmp"
	"time"

	"github.com/periplus/periplus/doctor"
	"github.com/periplus/periplus/graph"
)

// when is a time, or null where there is none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

type doctorGroup struct {
	Layout   string     `json:"layout"`
	Provider string     `json:"provider"`
	Account  string     `json:"account"`
	Region   string     `json:"region"`
	Log      string     `json:"log"`
	Objects  int64      `json:"objects"`
	Bytes    graph.Int  `json:"bytes"`
	Hours    int64      `json:"hours"`
	From     *time.Time `json:"from"`
	To       *time.Time `json:"to"`
}

type doctorSample struct {
	URI         string     `json:"uri"`
	Size        graph.Int  `json:"size"`
	Read        graph.Int  `json:"read"`
	Whole       bool       `json:"whole"`
	Format      string     `json:"format"`
	Columns     []string   `json:"columns"`
	Records     int64      `json:"records"`
	Bad         int64      `json:"bad"`
	First       *time.Time `json:"first_seen"`
	Last        *time.Time `json:"last_seen"`
	Missing     []string   `json:"missing"`
	Recommended string     `json:"recommended"`
	Error       string     `json:"error"`
}

type doctorProblem struct {
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Do    string `json:"do"`
	Right string `json:"right,omitempty"`
	On    string `json:"on,omitempty"`
	Grant string `json:"grant,omitempty"`
}

type doctorAct struct {
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Error string `json:"error"`
}

type doctorGap struct {
	Provider string    `json:"provider"`
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Log      string    `json:"log"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

type doctorNewest struct {
	URI    string    `json:"uri"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Stored time.Time `json:"stored"`
	Age    float64   `json:"age_seconds"`
}

type doctorReport struct {
	Objects  int64          `json:"objects"`
	Bytes    graph.Int      `json:"bytes"`
	Unknown  int64          `json:"of_unknown_size"`
	AtLeast  bool           `json:"at_least"`
	Groups   []doctorGroup  `json:"groups"`
	Acts     []doctorAct    `json:"acts"`
	Samples  []doctorSample `json:"samples"`
	Gaps     []doctorGap    `json:"gaps"`
	Newest   *doctorNewest  `json:"newest"`
	Delivery struct {
		Objects int64   `json:"objects"`
		Median  float64 `json:"median_seconds"`
		Worst   float64 `json:"worst_seconds"`
	} `json:"delivery"`
	Estimate struct {
		Records graph.Int `json:"records"`
		Exact   bool      `json:"records_exact"`
		Seconds float64   `json:"seconds"`
		Cores   int       `json:"cores"`
		Lake    graph.Int `json:"lake_bytes"`
	} `json:"estimate"`
	Problems []doctorProblem `json:"problems"`
}

func doctorJSON(r *doctor.Report) *doctorReport {
	out := &doctorReport{Objects: r.Objects, Bytes: graph.Int(r.Bytes), Unknown: r.Unknown, AtLeast: r.AtLeast, Groups: []doctorGroup{}, Acts: []doctorAct{}, Samples: []doctorSample{}, Gaps: []doctorGap{}, Problems: []doctorProblem{}}
	for _, g := range r.Groups {
		out.Groups = append(out.Groups, doctorGroup{g.Layout, g.Provider, g.Account, g.Region, g.Log, g.Objects, graph.Int(g.Bytes), g.Hours, when(g.From), when(g.To)})
	}
	for _, a := range r.Acts {
		out.Acts = append(out.Acts, doctorAct{a.Name, a.Done, text(a.Err)})
	}
	for i := range r.Samples {
		s := &r.Samples[i]
		missing := []string{}
		for _, f := range s.Missing {
			missing = append(missing, f.Name)
		}
		out.Samples = append(out.Samples, doctorSample{s.URI, graph.Int(s.Size), graph.Int(s.Read), s.Whole, s.Format, append([]string{}, s.Columns...), s.Records, s.Bad, when(s.First), when(s.Last), missing, s.Recommended, text(cmp.Or(s.Err, s.Early))})
	}
	for _, g := range r.Gaps {
		out.Gaps = append(out.Gaps, doctorGap(g))
	}
	if n := r.Newest; n != nil {
		out.Newest = &doctorNewest{n.URI, n.Window, n.Window.Add(n.Length), n.Stored, n.Age.Seconds()}
	}
	out.Delivery.Objects, out.Delivery.Median, out.Delivery.Worst = r.Delivery.Objects, r.Delivery.Median.Seconds(), r.Delivery.Worst.Seconds()
	x := r.Estimate
	out.Estimate.Records, out.Estimate.Exact, out.Estimate.Seconds, out.Estimate.Cores, out.Estimate.Lake = graph.Int(x.Records), x.Exact, x.Time.Seconds(), x.Cores, graph.Int(x.Lake)
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, doctorProblem(p))
	}
	return out
}
