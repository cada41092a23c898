package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/format"
)

// Set by the linker; what the build knows of itself else.
var version, commit = "", ""

func versionCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Versions of Periplus and of what it stands on", Args: cobra.NoArgs, Example: "  periplus version --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit"`
				Go      string `json:"go"`
				DuckDB  string `json:"duckdb"`
				Iceberg string `json:"iceberg_go"`
				Inflate string `json:"inflate"`
			}{version, commit, runtime.Version(), "", "", format.Inflate}
			if b, ok := debug.ReadBuildInfo(); ok {
				if v.Version == "" {
					v.Version = b.Main.Version
				}
				for _, s := range b.Settings {
					if s.Key == "vcs.revision" && v.Commit == "" {
						v.Commit = s.Value
					}
				}
				for _, m := range b.Deps {
					if m.Path == "github.com/apache/iceberg-go" {
						v.Iceberg = m.Version
					}
				}
			}
			db, err := duckdb.Open(nil, duckdb.Options{})
			if err != nil {
				return err
			}
			defer db.Close()
			if v.DuckDB, err = db.Version(cmd.Context()); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(e.out, v)
			}
			_, err = fmt.Fprintf(e.out, "periplus %s\ncommit   %s\ngo       %s\nduckdb   %s\niceberg  %s (iceberg-go)\ninflate  %s\n", v.Version, v.Commit, v.Go, v.DuckDB, v.Iceberg, v.Inflate)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}
