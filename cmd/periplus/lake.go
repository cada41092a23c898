package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/lake"
)

func lakeCommand(e *env) *cobra.Command {
	var d deskFlags
	var asJSON bool
	c := &cobra.Command{
		Use: "lake", Short: "Show and tend a lake",
		Example: "  periplus lake info --lake DIR\n  periplus lake compact --lake DIR && periplus lake expire --lake DIR",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	// open runs f on the lake.
	open := func(f func(cmd *cobra.Command, k *desk) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			if d.lake == "" {
				return wrong(cmd, errors.New("no lake: give its folder with --lake DIR"))
			}
			k, err := openDesk(cmd.Context(), &d, false)
			if err != nil {
				return err
			}
			return errors.Join(f(cmd, k), k.Close())
		}
	}
	info := &cobra.Command{Use: "info", Short: "Tables, snapshots, files, rows, bytes and span", Args: cobra.NoArgs, Example: "  periplus lake info --lake DIR --json",
		RunE: open(func(cmd *cobra.Command, k *desk) error { return lakeInfo(cmd, e, k, asJSON) })}
	info.Flags().BoolVar(&asJSON, "json", false, "as JSON")

	compact := &cobra.Command{Use: "compact", Short: "Merge the small files of many commits", Args: cobra.NoArgs, Example: "  periplus lake compact --lake DIR",
		Long: "Merges the files of each hour into few. What older snapshots need stays until\n'periplus lake expire'.",
		RunE: open(func(cmd *cobra.Command, k *desk) error {
			r, err := k.Compact(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(e.errOut, "%d hours: %d files became %d\n", r.Hours, r.Before, r.After)
			return nil
		})}

	var keep time.Duration
	expire := &cobra.Command{Use: "expire", Short: "Delete what no snapshot in use needs", Args: cobra.NoArgs, Example: "  periplus lake expire --lake DIR --keep 24h",
		RunE: open(func(cmd *cobra.Command, k *desk) error {
			if keep < 0 {
				return wrong(cmd, errors.New("--keep: give a duration such as 24h"))
			}
			r, err := k.Expire(cmd.Context(), keep)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.errOut, "%d snapshots and %d files deleted, %s\n", r.Snapshots, r.Files, graph.Bytes(r.Bytes))
			return nil
		})}
	expire.Flags().DurationVar(&keep, "keep", 7*24*time.Hour, "how long old snapshots stay")

	rebuild := &cobra.Command{Use: "rebuild", Short: "Make the derived tables anew from flows", Args: cobra.NoArgs, Example: "  periplus lake rebuild --lake DIR",
		Long: "Makes objects, coverage, traffic and endpoints anew from the commits to flows.",
		RunE: open(func(cmd *cobra.Command, k *desk) error {
			if err := k.Rebuild(cmd.Context()); err != nil {
				return err
			}
			if err := k.build(cmd.Context(), e, false); err != nil {
				return err
			}
			info, err := k.Info(cmd.Context())
			if err != nil {
				return err
			}
			for _, i := range info.Tables {
				if i.Name != lake.Flows {
					fmt.Fprintf(e.errOut, "%-10s %d rows made anew\n", i.Name, i.Rows)
				}
			}
			return nil
		})}
	for _, sub := range []*cobra.Command{info, compact, expire, rebuild} {
		d.add(sub)
		c.AddCommand(sub)
	}
	return c
}

func lakeInfo(cmd *cobra.Command, e *env, k *desk, asJSON bool) error {
	info, err := k.Info(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(e.out, info)
	}
	t := table{head: []string{"table", "snapshots", "files", "rows", "bytes", "from", "to"}, right: []bool{false, true, true, true, true, false, false}}
	span := func(x time.Time) string {
		if x.IsZero() {
			return ""
		}
		return stamp(x)
	}
	for _, i := range info.Tables {
		t.rows = append(t.rows, []string{i.Name, fmt.Sprint(i.Snapshots), fmt.Sprint(i.Files), fmt.Sprint(i.Rows), graph.Bytes(i.Bytes), span(i.First), span(i.Last)})
	}
	return t.print(e.out)
}
