package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/internal/flowgen"
	"github.com/periplus/periplus/query"
)

func demoCommand(e *env) *cobra.Command {
	var opt flowgen.Options
	var start string
	c := &cobra.Command{
		Use: "demo DIR", Short: "Write the logs of a simulated company", Args: cobra.ExactArgs(1),
		Long: `Writes the flow logs of a simulated company in three clouds as each cloud would
write them, a file of names (names.csv), and what is true of its traffic
(truth.json). The same flags write the same bytes.`,
		Example: "  periplus demo ./demo && periplus map --names ./demo/names.csv ./demo/logs",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
				return hint{fmt.Errorf("%s is not empty", dir), "name a folder that does not exist yet"}
			}
			if start != "" {
				t, err := query.ParseTime(start, time.Now())
				if err != nil {
					return wrong(cmd, fmt.Errorf("--start: %w", err))
				}
				opt.Start = t
			}
			if opt.Scale < 0 || opt.Duration < 0 {
				return wrong(cmd, errors.New("--scale and --duration: give a number above 0"))
			}
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return err
			}
			truth, err := writeDemo(cmd.Context(), e, opt, dir)
			if err != nil {
				return err
			}
			b, err := json.MarshalIndent(truth, "", " ")
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "truth.json"), b, 0o666)
		},
	}
	c.Flags().Uint64Var(&opt.Seed, "seed", 0, "another seed, another company")
	c.Flags().StringVar(&start, "start", "", "when its time begins (default 2026-11-01)")
	c.Flags().DurationVar(&opt.Duration, "duration", 0, "how long (default 24h)")
	c.Flags().Float64Var(&opt.Scale, "scale", 0, "how much traffic (default 1)")
	return c
}
