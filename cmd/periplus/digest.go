package main

import (
	"bufio"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
)

func digestCommand(e *env) *cobra.Command {
	var name string
	var f ingestFlags
	memory := memorySize{1 << 30}
	c := &cobra.Command{
		Use: "digest FILE…", Short: "Compact logs: many records to few rows", Args: cobra.MinimumNArgs(1),
		Long: `Digests logs and prints the rows: one a conversation, 5 minutes, observer and
verdict, tab separated.

--format v2 prints go-vpcflow's digest: v2 lines, the larger port zeroed, packets
and bytes summed, start and end of the whole digest on every line, sorted.`,
		Example: "  periplus digest ./logs\n  periplus digest --format v2 one.log.gz\n  periplus digest --from -24h --region eu-west-1 s3://my-logs/AWSLogs/",
		RunE: func(cmd *cobra.Command, args []string) error {
			memory.bind()
			out := bufio.NewWriter(e.out)
			var err error
			switch name {
			case "v2":
				err = f.digestV2(cmd, e, args, out)
			case "rows":
				err = f.digestRows(cmd, e, args, int64(memory.size), out)
			default:
				return wrong(cmd, fmt.Errorf("--format %q: use rows or v2", name))
			}
			return errors.Join(err, out.Flush())
		},
	}
	c.Flags().StringVar(&name, "format", "rows", "rows or v2")
	f.addSource(c)
	f.addTime(c)
	c.Flags().Var(&memory, "memory", "how much memory to use, such as 512MiB")
	return c
}

func (f *ingestFlags) digestV2(cmd *cobra.Command, e *env, paths []string, out *bufio.Writer) error {
	var d digest.V2
	opt := format.Options{AWSFormat: f.awsFormat, Format: f.format, Now: time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := f.eachRecord(cmd, e, paths, opt, d.Write); err != nil {
		return err
	}
	if d.Unmeasured > 0 {
		fmt.Fprintf(e.errOut, "periplus: no line tells of %d of the records: their packets or bytes were not counted, which is not 0\n", d.Unmeasured)
	}
	_, err := d.WriteTo(out)
	return err
}

// digestRows prints the flow rows of files, without a lake.
func (f *ingestFlags) digestRows(cmd *cobra.Command, e *env, paths []string, memory int64, out *bufio.Writer) error {
	b := digest.Batch{Memory: memory}
	o := b.Object(1)
	if err := f.eachRecord(cmd, e, paths, format.Options{AWSFormat: f.awsFormat, Format: f.format}, o.Write); err != nil {
		return err
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
	for i, field := range fields {
		if i > 0 {
			out.WriteByte('\t') // a bufio.Writer keeps its first error for Flush
		}
		out.WriteString(field.Name)
	}
	out.WriteByte('\n')
	for row, err := range result.Rows {
		if err != nil {
			return err
		}
		for i, field := range fields {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(printable(cell(field.Get(row))))
		}
		out.WriteByte('\n')
	}
	return nil
}
