package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

const about = `Periplus reads network flow logs of AWS, Google Cloud and Azure, keeps them in
an open table, and draws, questions and watches the traffic. Offline.

  periplus map ./logs                  the map of a folder of logs, in the browser
  periplus ingest --lake DIR ./logs    keep them: reads only what is new
  periplus serve --lake DIR            the map of a lake
  periplus top --lake DIR --group-by service --filter 'verdict = denied'`

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use: "periplus", Short: "The map of your cloud traffic", Long: about,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if name := cmd.Name(); err.Error() == "unknown flag: --group-by" && (name == "flows" || name == "conversations") {
			return exit{exitUsage, hint{err, fmt.Sprintf("%s are shown one by one; 'periplus top --group-by …' adds them up", name)}}
		}
		return exit{exitUsage, hint{err, fmt.Sprintf("see '%s --help'", cmd.CommandPath())}}
	})
	root.AddGroup(&cobra.Group{ID: "main", Title: "The main job:"}, &cobra.Group{ID: "ask", Title: "Questions:"}, &cobra.Group{ID: "more", Title: "More:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("main", mapCommand(e), doctorCommand(e), ingestCommand(e), watchCommand(e), serveCommand(e), lakeCommand(e))
	add("ask", topCommand(e), conversationsCommand(e), flowsCommand(e), graphCommand(e), coverageCommand(e), sqlCommand(e))
	add("more", digestCommand(e), explainCommand(e), formatsCommand(e), demoCommand(e), versionCommand(e), manCommand())
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	usage(root)
	completions(root)
	return root
}

// usage makes wrong arguments exit with the code for wrong usage.
func usage(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(cmd *cobra.Command, a []string) error {
			if err := args(cmd, a); err != nil {
				return wrong(cmd, err)
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		usage(sub)
	}
}

func wrong(cmd *cobra.Command, err error) error {
	if x := (exit{}); errors.As(err, &x) {
		return err
	}
	return exit{exitUsage, hint{err, fmt.Sprintf("see '%s --help'", cmd.CommandPath())}}
}
