package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra/doc"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

var update = flag.Bool("update", false, "rewrite docs and testdata")

// TestDocs holds the reference pages against the tables that they are made of:
// commands, formats, columns and the fields of the filter.
func TestDocs(t *testing.T) {
	t.Setenv("PERIPLUS_LAKE", "")
	pages := map[string]string{"formats.md": formatsPage(), "columns.md": columnsPage(), "filter-fields.md": fieldsPage()}
	dir := t.TempDir()
	root := newRoot(&env{in: strings.NewReader(""), out: io.Discard, errOut: io.Discard})
	root.DisableAutoGenTag = true
	if err := doc.GenMarkdownTree(root, dir); err != nil {
		t.Fatal(err)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(made) < 10 {
		t.Fatalf("%d pages of commands, %v", len(made), err)
	}
	for _, path := range made {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages["commands/"+filepath.Base(path)] = string(b)
	}
	docs := filepath.Join("..", "..", "docs")
	for name, want := range pages {
		path := filepath.Join(docs, name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("docs/%s: %v; 'go test ./cmd/periplus -run TestDocs -update' writes it", name, err)
		} else if string(got) != want {
			t.Errorf("docs/%s is not what the code says; 'go test ./cmd/periplus -run TestDocs -update' writes it", name)
		}
	}
	old, err := filepath.Glob(filepath.Join(docs, "commands", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if _, ok := pages["commands/"+filepath.Base(path)]; !ok {
			t.Errorf("%s is of a command that there is no more", path)
		}
	}
}

const generated = "<!-- Made from the code: go test ./cmd/periplus -run TestDocs -update -->\n"

func formatsPage() string {
	var b bytes.Buffer
	b.WriteString(generated + "# Log formats\n\nRecognised by content, plain, gzip or zstd, from files, folders and standard input. They are tried in this order. A column that nobody knows is kept by its name.\n")
	for _, f := range format.Formats {
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n", f.Name, f.Title, f.About)
		if len(f.Columns) == 0 {
			continue
		}
		b.WriteString("\n| field | since | unit | meaning |\n|---|---|---|---|\n")
		for _, c := range f.Columns {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Name, c.Since, bar(c.Unit), bar(c.Doc))
		}
	}
	return b.String()
}

// bar keeps a cell from ending.
func bar(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func columnsPage() string {
	var b bytes.Buffer
	b.WriteString(generated + "# Columns\n\nThe tables of a lake. Every `varchar` that is not marked null is never NULL: what the log did not say is `''`. A counter that is NULL is not known, and not 0. Times are UTC.\n")
	section(&b, "flows", "The evidence: what one observer said of one conversation in 5 minutes, from one object. Never summed over observers: ask `traffic` for totals.", periplus.FlowFields)
	section(&b, "traffic", "Derived: each packet once. A row is a conversation in one step of time; a coarser step is the sum of the finer, so ask one step only.", periplus.TrafficFields)
	section(&b, "endpoints", "Who an address is, in a network and for a span of time.", periplus.EndpointFields)
	section(&b, "objects", "The ledger: what was read.", periplus.ObjectFields)
	section(&b, "coverage", "What one log of one interface held in one hour.", periplus.CoverageFields)
	return b.String()
}

func section[T any](b *bytes.Buffer, name, about string, fields []periplus.Field[T]) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| column | type | null | meaning |\n|---|---|---|---|\n", name, about)
	for _, f := range fields {
		null := ""
		if f.Null {
			null = "null"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, null, bar(f.Doc))
	}
}

func fieldsPage() string {
	var b bytes.Buffer
	b.WriteString(generated + "# Fields of the filter\n\nA field marked *end* stands alone for either end, or after `client.` or `server.`; [filter.md](filter.md) tells the language.\n\n| field | end | operators | values | meaning |\n|---|---|---|---|---|\n")
	for _, f := range query.Fields() {
		end := ""
		if f.Ends {
			end = "end"
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", f.Name, end, strings.Join(f.Operators, "` `"), bar(strings.Join(f.Enum, ", ")), bar(f.Doc))
	}
	return b.String()
}
