package lake

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// covered is coverage in order, one row an hour and log. Lists and files hold it
// so, and what is in order is added up without looking anything up.
type covered []periplus.Coverage

func compareCoverage(a, b *periplus.Coverage) int {
	if c := a.Hour.Compare(b.Hour); c != 0 {
		return c
	}
	switch {
	case a.Provider != b.Provider:
		return strings.Compare(a.Provider, b.Provider)
	case a.Account != b.Account:
		return strings.Compare(a.Account, b.Account)
	case a.Region != b.Region:
		return strings.Compare(a.Region, b.Region)
	case a.Network != b.Network:
		return strings.Compare(a.Network, b.Network)
	case a.Subnet != b.Subnet:
		return strings.Compare(a.Subnet, b.Subnet)
	case a.Interface != b.Interface:
		return strings.Compare(a.Interface, b.Interface)
	}
	return strings.Compare(a.Log, b.Log)
}

// inOrder is v in order, rows of the same hour and log added up. It takes v over.
func (v covered) inOrder() covered {
	ascends := true
	for i := 1; i < len(v) && ascends; i++ {
		ascends = compareCoverage(&v[i-1], &v[i]) < 0
	}
	if ascends {
		return v
	}
	slices.SortFunc(v, func(a, b periplus.Coverage) int { return compareCoverage(&a, &b) })
	out := v[:0]
	for i := range v {
		if n := len(out); n > 0 && compareCoverage(&out[n-1], &v[i]) == 0 {
			addCovered(&out[n-1], &v[i])
		} else {
			out = append(out, v[i])
		}
	}
	return out
}

// plus is the sum of v and o, both in order. It may be one of them.
func (v covered) plus(o covered) covered {
	if len(v) == 0 {
		return o
	}
	if len(o) == 0 {
		return v
	}
	out := make(covered, 0, len(v)+len(o))
	for len(v) > 0 && len(o) > 0 {
		switch c := compareCoverage(&v[0], &o[0]); {
		case c < 0:
			out, v = append(out, v[0]), v[1:]
		case c > 0:
			out, o = append(out, o[0]), o[1:]
		default:
			out = append(out, v[0])
			addCovered(&out[len(out)-1], &o[0])
			v, o = v[1:], o[1:]
		}
	}
	return append(append(out, v...), o...)
}

// find returns the row of c's hour and log; nil: there is none.
func (v covered) find(c *periplus.Coverage) *periplus.Coverage {
	i, ok := slices.BinarySearchFunc(v, c, func(a periplus.Coverage, c *periplus.Coverage) int { return compareCoverage(&a, c) })
	if !ok {
		return nil
	}
	return &v[i]
}

func addCovered(to, c *periplus.Coverage) {
	to.KeepsPassed = to.KeepsPassed || c.KeepsPassed
	to.Records += c.Records
	to.NoData += c.NoData
	to.SkipData += c.SkipData
	to.Late += c.Late
	to.Bad += c.Bad
}

// coverageDays is coverage by day.
type coverageDays map[int32]covered

// add adds coverage that is in order.
func (d coverageDays) add(v covered) {
	for len(v) > 0 {
		day, n := dayOf(v[0].Hour), 1
		for n < len(v) && dayOf(v[n].Hour) == day {
			n++
		}
		d[day] = d[day].plus(v[:n:n])
		v = v[n:]
	}
}

// inOrder is the coverage of all days.
func (d coverageDays) inOrder() covered {
	var out covered
	for _, day := range slices.Sorted(maps.Keys(d)) {
		out = append(out, d[day]...)
	}
	return out
}

// A coverageSum adds up rows that come one by one in no order.
type coverageSum map[coverageKey]*periplus.Coverage

type coverageKey struct {
	hour                                                           time.Time
	provider, account, region, network, subnet, interfaceName, log string
}

func (s coverageSum) add(c periplus.Coverage) {
	k := coverageKey{c.Hour, c.Provider, c.Account, c.Region, c.Network, c.Subnet, c.Interface, c.Log}
	if sum := s[k]; sum != nil {
		addCovered(sum, &c)
		return
	}
	s[k] = &c
}

func (s coverageSum) inOrder() covered {
	out := make(covered, 0, len(s))
	for _, c := range s {
		out = append(out, *c)
	}
	return out.inOrder()
}
