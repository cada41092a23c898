package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

func topCommand(e *env) *cobra.Command {
	var f askFlags
	var by []string
	var n int
	c := &cobra.Command{
		Use: "top [FILE…]", Short: "The largest, grouped by anything",
		Long: `The largest groups of traffic. Group by port, protocol, verdict, reason,
seen_by, stopped_at, answer, hour, or a field of an end: client.service,
server.ip, server.network … What is cut off is in the last line.`,
		Example: `  periplus top ./logs
  periplus top --lake DIR --group-by client.service,server.service,port --filter 'verdict = denied' --metric records`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 {
				return wrong(cmd, errors.New("--limit: give a number above 0"))
			}
			a, err := f.settle(cmd)
			if err != nil {
				return err
			}
			if _, err := some(a).TopSQL(by, n); err != nil {
				return wrong(cmd, err)
			}
			d, err := f.desk(cmd.Context(), e, cmd, args)
			if err != nil {
				return err
			}
			defer d.Close()
			q := d.questions()
			a, err = d.ask(cmd.Context(), q, a)
			if err != nil {
				return err
			}
			if f.sql {
				s, err := a.TopSQL(by, n)
				return statement(e, s, err)
			}
			t, err := q.Top(cmd.Context(), a, by, n)
			if err != nil {
				return err
			}
			return f.printTop(e, t)
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.metric, "metric", "bytes", "order by bytes, packets, records or opened")
	c.Flags().StringSliceVarP(&by, "group-by", "g", []string{"client.service", "server.service", "port", "protocol"}, "what to group by")
	c.Flags().IntVarP(&n, "limit", "n", 20, "how many rows")
	return c
}

type topJSON struct {
	Range  graph.Range    `json:"range"`
	By     []string       `json:"by"`
	Rows   []topRowJSON   `json:"rows"`
	Rest   graph.Verdicts `json:"rest"`
	All    int64          `json:"all"`
	Totals graph.Verdicts `json:"totals"`
	// Unmeasured are records of the totals that came without any counter.
	Unmeasured graph.Int `json:"unmeasured_records"`
}

type topRowJSON struct {
	Values   map[string]string `json:"values"`
	Total    graph.Counter     `json:"total"`
	Verdicts graph.Verdicts    `json:"verdicts"`
}

func (f *askFlags) printTop(e *env, t *query.Top) error {
	if f.json {
		out := topJSON{graph.Range{From: t.Range.From, To: t.Range.To}, t.By, []topRowJSON{}, graph.VerdictsOf(t.Rest, ""), t.All, graph.VerdictsOf(t.Totals, ""), graph.Int(t.Totals.All().Unmeasured)}
		for _, r := range t.Rows {
			values := map[string]string{}
			for i, v := range r.Values {
				values[t.By[i]] = hour(t.By[i], v)
			}
			out.Rows = append(out.Rows, topRowJSON{values, graph.CounterOf(r.Verdicts.All()), graph.VerdictsOf(r.Verdicts, "")})
		}
		return writeJSON(e.out, out)
	}
	tab := table{head: append(append([]string{}, t.By...), "bytes", "packets", "records", "denied", "dropped")}
	tab.right = make([]bool, len(tab.head))
	for i := len(t.By); i < len(tab.head); i++ {
		tab.right[i] = true
	}
	number := strconv.FormatInt
	line := func(values []string, v query.Verdicts) []string {
		all := v.All()
		row := append([]string{}, values...)
		if f.csv {
			return append(row, exact(all.Bytes()), exact(all.Packets()), number(all.Records, 10), number(v[periplus.Denied].Records, 10), number(v[periplus.Dropped].Records, 10))
		}
		return append(row, human(all.Bytes()), exact(all.Packets()), number(all.Records, 10), number(v[periplus.Denied].Records, 10), number(v[periplus.Dropped].Records, 10))
	}
	for _, r := range t.Rows {
		values := append([]string{}, r.Values...)
		for i, by := range t.By {
			values[i] = hour(by, values[i])
			if !f.csv {
				values[i] = named(by, values[i], r.Values, t.By)
			}
		}
		tab.rows = append(tab.rows, line(values, r.Verdicts))
	}
	if left := t.All - int64(len(t.Rows)); left > 0 {
		values := make([]string, len(t.By))
		values[0] = fmt.Sprintf("(%d others)", left)
		tab.rows = append(tab.rows, line(values, t.Rest))
	}
	if f.csv {
		return tab.csv(e.out)
	}
	if err := tab.print(e.out); err != nil {
		return err
	}
	said(e, t.Range)
	unmeasured(e, t.Totals.All().Unmeasured)
	return nil
}

// hour writes hours, which SQL counts in seconds, as times.
func hour(by, v string) string {
	if n, err := strconv.ParseInt(v, 10, 64); by == "hour" && err == nil {
		return stamp(time.Unix(n, 0))
	}
	return v
}

// unmeasured tells on stderr that sums are lower bounds.
func unmeasured(e *env, records int64) {
	if records > 0 {
		fmt.Fprintf(e.errOut, "%s without packets and bytes, such as denials: these are sums of the others\n", several(records, "record"))
	}
}

// named writes ports and protocols as people know them.
func named(by, v string, values, bys []string) string {
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		return v
	}
	switch by {
	case "protocol":
		return query.ProtocolName(uint8(n))
	case "port":
		proto := uint8(6)
		for i, b := range bys {
			if p, err := strconv.ParseUint(values[i], 10, 8); b == "protocol" && err == nil {
				proto = uint8(p)
			}
		}
		if name := periplus.ServiceName(uint16(n), proto); name != "" {
			return v + " " + name
		}
	}
	return v
}

// said tells on stderr which range an answer is of.
func said(e *env, r query.Range) {
	s := fmt.Sprintf("%s to %s", stamp(r.From), stamp(r.To))
	if r.Widened() {
		s += ", widened to whole 5-minute buckets"
	}
	fmt.Fprintln(e.errOut, s)
}

// exact is a counter in digits, "" where no log says it.
func exact(c periplus.Count) string {
	if !c.Known {
		return ""
	}
	return strconv.FormatInt(c.N, 10)
}

// human is a counter of bytes for people, "?" where no log says it.
func human(c periplus.Count) string {
	if !c.Known {
		return "?"
	}
	return graph.Bytes(c.N)
}
