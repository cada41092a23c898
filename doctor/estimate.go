package doctor

import (
	"strings"
	"time"
)

// What reading takes, as docs/benchmarks.md measures it.
const (
	readCPU   = 1.04e-6 // seconds of one core a record of AWS, to the commit of flows
	jsonCPU   = 4e-6    // the same of the clouds that write JSON
	objectCPU = 0.7e-3  // an object, whatever it holds
	buildCPU  = 1.37e-6 // building traffic of a record
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
	type sum struct {
		objects, records, bytes int64
		cpu                     float64 // a record, to read
	}
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
		l.objects, l.records, l.bytes, l.cpu = l.objects+1, l.records+s.Estimated, l.bytes+max(s.Size, 0), readCPU
		if strings.HasPrefix(s.Format, "gcp-") || strings.HasPrefix(s.Format, "azure-") {
			l.cpu = jsonCPU
		}
		all.cpu = max(all.cpu, l.cpu)
		layouts[layout(s.URI)] = l
		all.objects, all.records, all.bytes = all.objects+1, all.records+s.Estimated, all.bytes+max(s.Size, 0)
		e.Exact = e.Exact && (s.Whole || s.Format == "aws-parquet")
	}
	e.Exact = e.Exact && sampled == r.Objects
	cpu := float64(r.Objects) * objectCPU
	for _, g := range r.Groups {
		of := layouts[g.Layout]
		if of.objects == 0 {
			of = all
		}
		var n float64
		switch {
		case of.bytes > 0:
			n = float64(of.records) / float64(of.bytes) * float64(g.Bytes)
		case of.objects > 0: // windows of a log group, whose size nobody knows
			n = float64(of.records) / float64(of.objects) * float64(g.Objects)
		}
		e.Records += int64(n)
		cpu += n * (of.cpu + buildCPU)
	}
	if e.Exact {
		e.Records = all.records
	}
	e.Time = time.Duration(cpu / float64(cores) * 1e9)
	e.Lake = e.Records * lakeBytes
	return e
}
