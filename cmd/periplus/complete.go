package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/query"
)

// completions give the shell the words of flags that take one of a few.
func completions(root *cobra.Command) {
	var formats, exports []string
	for _, f := range format.Formats {
		formats = append(formats, f.Name+"\t"+f.Title)
	}
	for _, x := range graph.Exports {
		exports = append(exports, x.Name+"\t"+x.Title)
	}
	words := map[string][]string{
		"show": {"allowed", "denied", "dropped", "unknown"}, "metric": query.Metrics, "log-format": formats,
		"graph format": exports, "graph group-by": query.Levels, "graph compat": {"govpc", "viewer"},
		"digest format": {"rows", "v2"}, "coverage group-by": query.CoverageGroups(), "top group-by": query.Groups(),
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for name, list := range words {
			of, flag, one := strings.Cut(name, " ")
			if !one {
				of, flag = c.Name(), name
			}
			if of != c.Name() || c.Flags().Lookup(flag) == nil {
				continue
			}
			if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)); err != nil {
				panic(err) // the flag is there, and has none yet
			}
		}
		if c.Name() == "formats" {
			c.ValidArgsFunction = cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
