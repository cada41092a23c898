package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// mermaidEdges is how many edges Mermaid draws unless it is told otherwise.
const mermaidEdges = 500

func graphCommand(e *env) *cobra.Command {
	var f askFlags
	var name, level, compat string
	var opt graph.Options
	var expand []string
	c := &cobra.Command{
		Use: "graph [FILE…]", Short: "The map as a file: dot, json, csv, graphml, mermaid",
		Long: `Writes who talks to whom as a file. What a cut leaves out is said in it.

--compat govpc writes go-vpcflow's DOT, an edge a record, of AWS records.
--compat viewer writes nodes and unordered edges with a count of records, cut
as that viewer cuts: at least 10 records, then the 50 largest.`,
		Example: "  periplus graph --format dot ./logs | dot -Tsvg > map.svg\n  periplus graph --lake DIR --format mermaid --group-by network --top 50",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.graphFormat(cmd, &name, compat); err != nil {
				return wrong(cmd, err)
			}
			if opt.Top < 0 || opt.MinRecords < 0 {
				return wrong(cmd, errors.New("--top and --min-records: give a number above 0"))
			}
			switch compat {
			case "":
			case "govpc":
				for _, flag := range []string{"lake", "filter", "from", "to", "show", "sql", "group-by", "expand", "metric", "top", "min-records", "names"} {
					if cmd.Flags().Changed(flag) {
						return wrong(cmd, fmt.Errorf("--compat govpc draws records as they stand, without --%s", flag))
					}
				}
				if len(args) == 0 {
					return wrong(cmd, errors.New("--compat govpc draws records as they stand: name log files"))
				}
				return f.govpc(cmd, e, args)
			case "viewer":
				name, level, f.metric, opt.Pairs = "viewer", "host", "records", true
				if !cmd.Flags().Changed("min-records") {
					opt.MinRecords = 10
				}
				if !cmd.Flags().Changed("top") {
					opt.Top = 50
				}
			default:
				return wrong(cmd, fmt.Errorf("--compat %q: use govpc or viewer", compat))
			}
			export, err := graph.ExportNamed(name)
			if err != nil {
				return wrong(cmd, err)
			}
			a, err := f.settle(cmd)
			if err != nil {
				return err
			}
			a.Level, a.Expand, a.MaxNodes, a.MaxEdges = level, expand, query.MaxNodes, query.MaxEdges
			if _, err := some(a).MapSQL(); err != nil {
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
				s, err := a.MapSQL()
				return statement(e, s, err)
			}
			m, err := q.Map(cmd.Context(), a)
			if errors.As(err, new(*query.Mistake)) {
				return wrong(cmd, err)
			}
			if err != nil {
				return err
			}
			opt.Label, opt.CIDR = d.label, d.cidrs
			g := graph.Build(m, opt)
			out := bufio.NewWriter(e.out)
			if err := export.Write(out, g); err != nil {
				return err
			}
			fmt.Fprintln(e.errOut, g.Summary())
			if export.Name == "mermaid" && len(g.Edges) > mermaidEdges {
				fmt.Fprintf(e.errOut, "Mermaid draws no more than %d edges unless its setting maxEdges says so; --top %d writes the largest\n", mermaidEdges, mermaidEdges)
			}
			return out.Flush()
		},
	}
	f.add(c)
	var names []string
	for _, x := range graph.Exports {
		names = append(names, x.Name)
	}
	c.Flags().StringVar(&name, "format", "dot", strings.Join(names, ", "))
	c.Flags().StringVarP(&level, "group-by", "g", "service", strings.Join(query.Levels, ", "))
	c.Flags().StringVar(&f.metric, "metric", "bytes", "order by bytes, packets, records or opened")
	c.Flags().StringSliceVar(&expand, "expand", nil, "ids of groups that are shown at the next level")
	c.Flags().IntVar(&opt.Top, "top", 0, "only the K largest edges")
	c.Flags().Int64Var(&opt.MinRecords, "min-records", 0, "only edges of at least so many records")
	c.Flags().StringVar(&compat, "compat", "", "the output of another tool: govpc, viewer")
	return c
}

// graphFormat makes --json and --csv mean what they mean elsewhere.
func (f *askFlags) graphFormat(cmd *cobra.Command, name *string, compat string) error {
	short := ""
	switch {
	case f.json && f.csv:
		return errors.New("--json and --csv exclude each other")
	case f.json:
		short = "json"
	case f.csv:
		short = "csv"
	default:
		return nil
	}
	if compat != "" || cmd.Flags().Changed("format") && *name != short {
		return fmt.Errorf("--%s and another format exclude each other", short)
	}
	*name = short
	return nil
}

// govpc draws the records of files, each as an edge.
func (f *askFlags) govpc(cmd *cobra.Command, e *env, paths []string) error {
	g := graph.Govpc{W: e.out}
	// That tool knows no absurd times.
	opt := format.Options{AWSFormat: f.awsFormat, Format: f.format, Now: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
	bad := f.eachRecord(cmd, e, paths, opt, g.Write)
	if bad != nil && !isStrict(bad) {
		return bad
	}
	return errors.Join(g.Close(), bad)
}

// eachRecord reads the records of files in the order of their names. A file
// that is no log is said and passed over. The error that --strict asks for
// comes when all is read; see isStrict.
func (f *ingestFlags) eachRecord(cmd *cobra.Command, e *env, paths []string, opt format.Options, write func([]periplus.Record) error) error {
	src, err := f.source(cmd.Context(), e, paths)
	if err != nil {
		return err
	}
	defer src.Close()
	var stats periplus.Stats
	read, failed := 0, 0
	stream := format.Stream{Source: f.ahead(src, src), Options: opt,
		Trouble: func(uri string, err error) {
			failed++
			fmt.Fprintf(e.errOut, "periplus: %s: %s\n", printable(uri), printable(err.Error()))
		},
		Read: func(_ *periplus.Object, s *periplus.Stats) {
			read++
			stats.Add(s)
		}}
	if err := stream.Each(cmd.Context(), write); err != nil {
		return exit{exitNothing, err}
	}
	if !f.quiet {
		printStats(e, &stats)
	}
	bad := stats.BadTotal() > 0
	if read == 0 || bad && stats.Records+stats.NoData+stats.SkipData == 0 {
		return hint{errors.New("nothing could be read"), "'periplus formats' lists what is read, --aws-format names the columns of text without a header"}
	}
	if f.strict && (bad || failed > 0) {
		return exit{exitStrict, errors.New("--strict: something was bad; see above")}
	}
	return nil
}

// isStrict reports whether an error is what --strict asks for: all there is was
// read.
func isStrict(err error) bool {
	x, ok := errors.AsType[exit](err)
	return ok && x.code == exitStrict
}
