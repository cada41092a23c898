package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
)

func flowsCommand(e *env) *cobra.Command {
	var f askFlags
	var n int
	c := &cobra.Command{
		Use: "flows [FILE…]", Short: "Rows of the evidence, with the object they came from",
		Long: `Rows of the table flows: what each observer said, not merged, with the URI of
the log object. --json writes a line each. --limit 0 writes all.`,
		Example: "  periplus flows ./logs --filter 'server.ip = 10.0.1.10 and verdict = denied'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 0 {
				return wrong(cmd, errors.New("--limit: give 0 or more"))
			}
			a, err := f.settle(cmd)
			if err != nil {
				return err
			}
			if _, err := some(a).RowsSQL("", max(n, 1)); err != nil {
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
				s, err := a.RowsSQL("", max(n, 1))
				return statement(e, s, err)
			}
			out := newRows(e.out, f.csv)
			enc := graph.NewJSON(e.out)
			if !f.json {
				head := []string{}
				for _, field := range periplus.FlowFields {
					head = append(head, field.Name)
				}
				head[0] = "uri" // the object's id leads to it, its name says more
				if err := out.write(head); err != nil {
					return err
				}
			}
			left := n
			for cursor := ""; ; {
				size := 1000
				if n > 0 {
					size = min(size, left)
				}
				page, err := q.Rows(cmd.Context(), a, cursor, size)
				if err != nil {
					return err
				}
				for i := range page.Rows {
					r := &page.Rows[i]
					if f.json {
						m := map[string]any{"uri": r.URI}
						for _, field := range periplus.FlowFields[1:] {
							m[field.Name] = field.Get(&r.Flow)
						}
						if err := enc.Encode(m); err != nil {
							return err
						}
						continue
					}
					row := []string{out.text(r.URI)}
					for _, field := range periplus.FlowFields[1:] {
						row = append(row, out.cell(field.Get(&r.Flow)))
					}
					if err := out.write(row); err != nil {
						return err
					}
				}
				if err := out.flush(); err != nil {
					return err
				}
				left -= len(page.Rows)
				cursor = page.Next
				if cursor == "" {
					return nil
				}
				if n > 0 && left <= 0 {
					fmt.Fprintf(e.errOut, "the first %d rows; --limit 0 writes all\n", n)
					return nil
				}
			}
		},
	}
	f.add(c)
	c.Flags().IntVarP(&n, "limit", "n", 100, "how many rows; 0: all")
	return c
}
