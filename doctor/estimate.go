package doctor

import "time"

// What reading takes, as docs/benchmarks.md measures it: records with the
// fields of version 2, gzip.
const (
	readCPU   = 1.04e-6 // seconds of one core a record, to the commit of flows
	buildCPU  = 1.37e-6 // the same, for building traffic
	lakeBytes = 23      // a record, with traffic
)

// Estimate is what reading everything will take. It is none of what was
// measured here but the number of records, and that by the sample.
type Estimate struct {
	Records int64
	Exact   bool          // the sample is all there is, and was read whole
	Time    time.Duration // without downloads
	Cores   int
	Lake    int64 // bytes
}

func estimate(r *Report, cores int) Estimate {
	type sum struct{ records, bytes int64 }
	var all sum
	layouts := map[string]sum{} // of what was sampled
	e := Estimate{Cores: cores, Exact: !r.AtLeast}
	sampled := int64(0)
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Err != nil {
			continue
		}
		sampled++
		l := layouts[layout(s.URI)]
		l.records, l.bytes = l.records+s.Estimated, l.bytes+max(s.Size, 0)
		layouts[layout(s.URI)] = l
		all.records, all.bytes = all.records+s.Estimated, all.bytes+max(s.Size, 0)
		e.Exact = e.Exact && (s.Whole || s.Format == "aws-parquet")
	}
	if e.Exact = e.Exact && sampled == r.Objects; e.Exact {
		e.Records = all.records
	} else {
		for _, g := range r.Groups {
			of := layouts[g.Layout]
			if of.bytes == 0 {
				of = all
			}
			if of.bytes > 0 {
				e.Records += int64(float64(of.records) / float64(of.bytes) * float64(g.Bytes))
			}
		}
	}
	e.Time = time.Duration(float64(e.Records) * (readCPU + buildCPU) / float64(cores) * 1e9)
	e.Lake = e.Records * lakeBytes
	return e
}
