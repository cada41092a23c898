package main

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
)

func digestCommand(e *env) *cobra.Command {
	var name string
	var asJSON, asCSV bool
	var f ingestFlags
	memory := memorySize{1 << 30}
	c := &cobra.Command{
		Use: "digest FILE…", Short: "Compact logs: many records to few rows", Args: cobra.MinimumNArgs(1),
		Long: `Digests logs and prints the rows: one a conversation, 5 minutes, observer and
verdict, tab separated. --json writes a line each.

--format v2 prints go-vpcflow's digest: v2 lines, the larger port zeroed, packets
and bytes summed, start and end of the whole digest on every line, sorted.

Exit code 0: something was read; 1: nothing could be read; 2: wrong usage; 3:
--strict and something was bad.`,
		Example: "  periplus digest ./logs\n  periplus digest --format v2 one.log.gz\n  periplus digest --from -24h --region eu-west-1 s3://my-logs/AWSLogs/",
		RunE: func(cmd *cobra.Command, args []string) error {
			memory.bind()
			if err := f.check(); err != nil {
				return wrong(cmd, err)
			}
			if asJSON && asCSV || name == "v2" && (asJSON || asCSV) {
				return wrong(cmd, errors.New("--json, --csv and --format v2 exclude each other"))
			}
			out := bufio.NewWriter(e.out)
			var err error
			switch name {
			case "v2":
				err = f.digestV2(cmd, e, args, out)
			case "rows":
				err = f.digestRows(cmd, e, args, int64(memory.size), rowFormat{asJSON, asCSV}, out)
			default:
				return wrong(cmd, fmt.Errorf("--format %q: use rows or v2", name))
			}
			return errors.Join(err, out.Flush())
		},
	}
	c.Flags().StringVar(&name, "format", "rows", "rows or v2")
	f.addSource(c)
	f.addTime(c)
	c.Flags().BoolVar(&asJSON, "json", false, "a line of JSON each")
	c.Flags().BoolVar(&asCSV, "csv", false, "as CSV")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no word of bad lines and unknown columns")
	c.Flags().BoolVar(&f.strict, "strict", false, "exit with 3 when a line or file was bad")
	c.Flags().Var(&memory, "memory", "how much memory to use, such as 512MiB")
	return c
}

func (f *ingestFlags) digestV2(cmd *cobra.Command, e *env, paths []string, out *bufio.Writer) error {
	var d digest.V2
	opt := format.Options{AWSFormat: f.awsFormat, Format: f.format, Now: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
	bad := f.eachRecord(cmd, e, paths, opt, d.Write)
	if bad != nil && !isStrict(bad) {
		return bad
	}
	if d.Unmeasured > 0 {
		fmt.Fprintf(e.errOut, "periplus: no line tells of %d of the records: their packets or bytes were not counted, which is not 0\n", d.Unmeasured)
	}
	if d.Unmeasured > 0 && !f.quiet {
		fmt.Fprintf(e.errOut, "%s without packets and bytes: version 2 has no place for them\n", several(d.Unmeasured, "record"))
	}
	_, err := d.WriteTo(out)
	return errors.Join(err, bad)
}

// rowFormat is how rows are written: neither, with tabs between.
type rowFormat struct{ json, csv bool }

// digestRows prints the flow rows of files, without a lake.
func (f *ingestFlags) digestRows(cmd *cobra.Command, e *env, paths []string, memory int64, as rowFormat, out *bufio.Writer) error {
	b := digest.Batch{Memory: memory}
	o := b.Object(1)
	bad := f.eachRecord(cmd, e, paths, format.Options{AWSFormat: f.awsFormat, Format: f.format}, o.Write)
	if bad != nil && !isStrict(bad) {
		return bad
	}
	if err := o.Close(); err != nil {
		return err
	}
	result, err := b.Settle(cmd.Context())
	if err != nil {
		return err
	}
	defer result.Close()
	fields := periplus.FlowFields[1:] // there are no objects here
	enc, table := graph.NewJSON(out), newRows(out, as.csv)
	row := make([]string, len(fields))
	if !as.json {
		for i, field := range fields {
			row[i] = field.Name
		}
		if err := table.write(row); err != nil {
			return err
		}
	}
	for flow, err := range result.Rows {
		if err != nil {
			return err
		}
		if as.json {
			m := make(map[string]any, len(fields))
			for _, field := range fields {
				m[field.Name] = field.Get(flow)
			}
			if err := enc.Encode(m); err != nil {
				return err
			}
			continue
		}
		for i, field := range fields {
			row[i] = table.cell(field.Get(flow))
		}
		if err := table.write(row); err != nil {
			return err
		}
	}
	return errors.Join(table.flush(), bad)
}
