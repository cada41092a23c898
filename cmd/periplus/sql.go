package main

import (
	"encoding/json"
	"errors"
	"math"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
)

func sqlCommand(e *env) *cobra.Command {
	var d deskFlags
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use: "sql --lake DIR STATEMENT", Short: "Your own read-only SQL over the lake's tables", Args: cobra.ExactArgs(1),
		Long: `Runs one SELECT over the tables flows, traffic, endpoints, objects and coverage
with DuckDB. It can read nothing else: no files, no network. docs/columns.md
says what the columns mean. --json writes a line each.`,
		Example: `  periplus sql --lake DIR "SELECT server, sum(request_bytes) AS bytes FROM traffic WHERE step = 3600 GROUP BY server ORDER BY bytes DESC LIMIT 10"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.lake == "" {
				return wrong(cmd, errors.New("no lake: give its folder with --lake DIR"))
			}
			if asJSON && asCSV {
				return wrong(cmd, errors.New("--json and --csv exclude each other"))
			}
			k, err := openDesk(cmd.Context(), &d, false)
			if err != nil {
				return err
			}
			defer k.Close()
			if err := k.build(cmd.Context(), e, true); err != nil {
				return err
			}
			enc := graph.NewJSON(e.out)
			out := newRows(e.out, asCSV)
			err = k.db.QueryUser(cmd.Context(), args[0], func(columns []string) error {
				if asJSON {
					return nil
				}
				return out.write(columns)
			}, func(columns []string, values []any) error {
				if asJSON {
					return enc.Encode(object{columns, values})
				}
				row := make([]string, len(values))
				for i, v := range values {
					row[i] = out.cell(v)
				}
				return out.write(row)
			})
			return errors.Join(err, out.flush())
		},
	}
	d.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "a line of JSON each")
	c.Flags().BoolVar(&asCSV, "csv", false, "as CSV")
	return c
}

// object is a row as JSON, with its columns in order.
type object struct {
	names  []string
	values []any
}

// MarshalJSON keeps the order of the columns, and exact what JavaScript would
// round.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		v := o.values[i]
		switch n := v.(type) {
		case int64:
			v = graph.Int(n)
		case float64:
			if math.IsNaN(n) || math.IsInf(n, 0) {
				v = nil // JSON has no word for it
			}
		}
		for _, part := range []any{name, v} {
			j, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			b = append(append(b, j...), ':')
		}
		b = b[:len(b)-1]
	}
	return append(b, '}'), nil
}
