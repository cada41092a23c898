package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manCommand() *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use: "man DIR", Short: "Write man pages, or Markdown, of all commands", Args: cobra.ExactArgs(1),
		Example: "  periplus man /usr/local/share/man/man1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("man pages: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the same tree, the same pages
			if markdown {
				return doc.GenMarkdownTree(root, args[0])
			}
			return doc.GenManTree(root, &doc.GenManHeader{Title: "PERIPLUS", Section: "1", Source: "Periplus"}, args[0])
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "Markdown, as in docs/commands")
	return c
}
