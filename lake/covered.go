package lake

import (
	"maps"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// covered is coverage in order, one row an hour and log. Lists and files hold it
// so, and what is in order is added up without looking anything up.
type covered []periplus.Coverage

// inOrder is v in order, rows of the same hour and log added up. It takes v over.
func (v covered) inOrder() covered {
	ascends := true
	for i := 1; i < len(v) && ascends; i++ {
		ascends = v[i-1].Compare(&v[i]) < 0
	}
	if ascends {
		return v
	}
	slices.SortFunc(v, func(a, b periplus.Coverage) int { return a.Compare(&b) })
	out := v[:0]
	for i := range v {
		if n := len(out); n > 0 && out[n-1].Compare(&v[i]) == 0 {
			out[n-1].Add(&v[i])
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
		switch c := v[0].Compare(&o[0]); {
		case c < 0:
			out, v = append(out, v[0]), v[1:]
		case c > 0:
			out, o = append(out, o[0]), o[1:]
		default:
			out = append(out, v[0])
			out[len(out)-1].Add(&o[0])
			v, o = v[1:], o[1:]
		}
	}
	return append(append(out, v...), o...)
}

// find returns the row of c's hour and log; nil: there is none.
func (v covered) find(c *periplus.Coverage) *periplus.Coverage {
	i, ok := slices.BinarySearchFunc(v, c, func(a periplus.Coverage, c *periplus.Coverage) int { return a.Compare(c) })
	if !ok {
		return nil
	}
	return &v[i]
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
		sum.Add(&c)
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
