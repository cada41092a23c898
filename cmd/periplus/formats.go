package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
)

func formatsCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "formats [NAME]", Short: "List the log formats, or one with its fields", Args: cobra.MaximumNArgs(1),
		Long:    "Lists the log formats that are read, in the order in which they are tried.\nWith a name: what it can and cannot say, and every field with unit and meaning.",
		Example: "  periplus formats\n  periplus formats aws-text",
		RunE: func(cmd *cobra.Command, args []string) error {
			list := format.Formats
			if len(args) == 1 {
				f, err := formatNamed(args[0])
				if err != nil {
					return wrong(cmd, err)
				}
				list = []format.Format{*f}
			}
			if asJSON {
				return formatsJSON(e.out, list)
			}
			if len(args) == 1 {
				return describe(e.out, &list[0])
			}
			w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
			for _, f := range list {
				fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Title)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func formatNamed(name string) (*format.Format, error) {
	var names []string
	for i := range format.Formats {
		if f := &format.Formats[i]; f.Name == name {
			return f, nil
		}
		names = append(names, format.Formats[i].Name)
	}
	return nil, fmt.Errorf("unknown format %q; known are %s", name, strings.Join(names, ", "))
}

func describe(out io.Writer, f *format.Format) error {
	fmt.Fprintf(out, "%s: %s\n\n%s\n\n", f.Name, f.Title, f.About)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range f.Columns {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, c.Since, c.Unit, c.Doc)
	}
	return w.Flush()
}

func formatsJSON(out io.Writer, list []format.Format) error {
	type field struct {
		Name  string `json:"name"`
		Since string `json:"since,omitempty"`
		Unit  string `json:"unit,omitempty"`
		Doc   string `json:"doc"`
	}
	type one struct {
		Name   string  `json:"name"`
		Title  string  `json:"title"`
		About  string  `json:"about"`
		Fields []field `json:"fields"`
	}
	all := []one{}
	for _, f := range list {
		o := one{f.Name, f.Title, f.About, []field{}}
		for _, c := range f.Columns {
			o.Fields = append(o.Fields, field(c))
		}
		all = append(all, o)
	}
	return writeJSON(out, all)
}

func writeJSON(out io.Writer, v any) error {
	enc := graph.NewJSON(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func explainCommand(e *env) *cobra.Command {
	var awsFormat, name string
	var asJSON bool
	c := &cobra.Command{
		Use: "explain [LINE]", Short: "Say what a raw log line means, field by field",
		Long: `Takes one raw line or entry, as an argument or on standard input, and names
every field with its unit and meaning, the verdict, and what the line does not
say. On standard input a header may stand before the line.`,
		Example: `  periplus explain '2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			line := []byte(strings.Join(args, " "))
			if len(args) == 0 {
				b, err := io.ReadAll(bufio.NewReader(io.LimitReader(e.in, 1<<20)))
				if err != nil {
					return err
				}
				line = b
			}
			if len(bytes.TrimSpace(line)) == 0 {
				return wrong(cmd, errors.New("no line: give one as an argument or on standard input"))
			}
			if name != "" {
				if _, err := formatNamed(name); err != nil {
					return wrong(cmd, err)
				}
			}
			if err := format.CheckAWSFormat(awsFormat); err != nil {
				return wrong(cmd, err)
			}
			x, err := format.Explain(line, format.Options{AWSFormat: awsFormat, Format: name})
			if errors.Is(err, format.ErrUnknown) {
				return hint{err, "where it is AWS text, put its header before it on standard input, or name its columns with --aws-format"}
			}
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(e.out, explanationJSON(x))
			}
			return printExplanation(e.out, x)
		},
	}
	c.Flags().StringVar(&awsFormat, "aws-format", "", "columns of AWS text without a header: '${version} ${srcaddr} …'")
	c.Flags().StringVar(&name, "log-format", "", "name of the format; see 'periplus formats'")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func printExplanation(out io.Writer, x *format.Explanation) error {
	fmt.Fprintf(out, "format: %s\n", x.Format)
	if v := verdictOf(x); v != "" {
		fmt.Fprintf(out, "verdict: %s\n", v)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range x.Fields {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", printable(f.Name), printable(f.Value), f.Unit, printable(f.Doc))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		lines []string
	}{{"what it says", x.Says}, {"what it does not say", x.Silent}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(out, "\n%s\n", part.title)
			for _, l := range part.lines {
				fmt.Fprintf(out, "  - %s\n", printable(l))
			}
		}
	}
	return nil
}

// verdictOf is the verdict of a line, "" where it is not about traffic.
func verdictOf(x *format.Explanation) string {
	if r := x.Record; r != nil && (r.Mark == periplus.MarkFlow || r.Mark == periplus.MarkEvent) {
		return r.Verdict.String()
	}
	return ""
}

// printable keeps foreign text from steering a terminal: control characters,
// line ends, and what turns the direction of the text around.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if periplus.Steers(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func explanationJSON(x *format.Explanation) any {
	type field struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		Unit  string `json:"unit,omitempty"`
		Doc   string `json:"doc,omitempty"`
	}
	out := struct {
		Format  string   `json:"format"`
		Verdict string   `json:"verdict,omitempty"`
		Start   string   `json:"start,omitempty"`
		End     string   `json:"end,omitempty"`
		Fields  []field  `json:"fields"`
		Says    []string `json:"says"`
		Silent  []string `json:"silent"`
	}{Format: x.Format, Fields: []field{}, Says: x.Says, Silent: x.Silent}
	for _, f := range x.Fields {
		out.Fields = append(out.Fields, field{f.Name, f.Value, f.Unit, f.Doc})
	}
	if out.Verdict = verdictOf(x); out.Verdict != "" {
		r := x.Record
		out.Start, out.End = r.Start.UTC().Format(time.RFC3339Nano), r.End.UTC().Format(time.RFC3339Nano)
	}
	return out
}
