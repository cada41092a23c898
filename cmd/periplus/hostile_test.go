package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/periplus/periplus/periplus"
)

// hostile is a name that is alive wherever it is not escaped.
const hostile = `<img src=x onerror=alert(1)>"';=cmd|' /C calc'!A0`

// A name that is a page's, a drawing's or a sheet's own language stays text in
// every answer and every export.
func TestHostileNamesStayText(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range [][]string{{"address", "name", "group", "owner", "subnet", "network"}, {"10.0.1.10", hostile, hostile, hostile, hostile, ""},
		{"10.0.2.20", "=" + hostile, "-" + hostile, "", "", ""}, {"eni-0b", hostile, "", "", "", ""}, {"111122223333", hostile, "", "", "", ""}} {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	names := write(t, filepath.Join(dir, "names.csv"), b.String())
	logs := write(t, filepath.Join(dir, "logs", "<img src=x onerror=alert(1)>.log"), v2)
	lake := filepath.Join(dir, "lake")
	p := serve(t, "map", "--open=false", "--lake", lake, "--names", names, filepath.Dir(logs))
	get := func(path string, change ...func(*http.Request)) (string, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), "GET", p.at+"/api/v1/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range change {
			c(q)
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 200 || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%s: %d %s, %v", path, r.StatusCode, body, err)
		}
		return string(body), r.Header.Get("Content-Type")
	}
	// Answers are JSON in which no tag can be seen, even by who takes it for a page.
	var g struct{ Nodes []struct{ ID, Label string } }
	seen := 0
	answer := func(path string) {
		t.Helper()
		body, kind := get(path)
		if kind != "application/json" || !json.Valid([]byte(body)) || strings.Contains(body, "<") {
			t.Errorf("%s: %s, %.300s", path, kind, body)
		}
		if strings.Contains(body, `\u003cimg`) {
			seen++
		}
		if strings.HasPrefix(path, "graph") {
			if err := json.Unmarshal([]byte(body), &g); err != nil {
				t.Error(err)
			}
		}
	}
	for _, level := range []string{"account", "service", "host"} {
		answer("graph?level=" + level)
	}
	for _, n := range g.Nodes {
		answer("nodes/" + url.PathEscape(n.ID))
		for _, m := range g.Nodes {
			if r, err := http.Get(p.at + "/api/v1/edges?s=" + url.QueryEscape(n.ID) + "&t=" + url.QueryEscape(m.ID)); err == nil {
				r.Body.Close()
				if r.StatusCode == 200 {
					answer("edges?s=" + url.QueryEscape(n.ID) + "&t=" + url.QueryEscape(m.ID))
				}
			}
		}
	}
	for _, path := range []string{"meta", "flows", "facets?fields=service,name,subnet", "suggest?field=service&prefix=%3C", "search?text=%3Cimg", "parse?q=" + url.QueryEscape(`name = "<img src=x>"`)} {
		answer(path)
	}
	if seen < 10 {
		t.Errorf("%d answers hold the name: the test sees nothing", seen)
	}
	// Exports are read by what they are for.
	export := func(format string) string {
		t.Helper()
		body, kind := get("export?level=host&format=" + format)
		if strings.HasPrefix(kind, "text/html") || !strings.Contains(body, "onerror") {
			t.Errorf("%s: %s without the name", format, kind)
		}
		return body
	}
	if body := export("graphml"); strings.Contains(body, "<img") {
		t.Error("graphml holds a tag")
	} else {
		for d := xml.NewDecoder(strings.NewReader(body)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("graphml: %v", err)
			}
		}
	}
	if body := export("mermaid"); strings.Contains(body, "<img") {
		t.Error("mermaid holds a tag")
	}
	if body := export("json"); !json.Valid([]byte(body)) {
		t.Error("json is none")
	}
	sheet := func(what, body string) {
		t.Helper()
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.ContainsAny(cell[:min(1, len(cell))], "=+@") || strings.HasPrefix(cell, "-") && strings.Contains(cell, "cmd") {
					t.Errorf("%s: a cell begins a formula: %s", what, cell)
				}
			}
		}
	}
	sheet("csv", export("csv"))
	rows, _ := get("flows?format=csv")
	sheet("rows", rows)
	dot := export("dot")
	if tool, err := exec.LookPath("dot"); err == nil {
		c := exec.Command(tool, "-Tsvg")
		c.Stdin = strings.NewReader(dot)
		out, err := c.Output()
		if err != nil || bytes.Contains(out, []byte("<img")) || !bytes.Contains(out, []byte("onerror")) {
			t.Errorf("what Graphviz draws of it holds a tag, or no name: %v", err)
		}
	}
}

// Bytes that are no UTF-8, in a log, its name or a file of names, spoil nothing
// that is asked.
func TestNoUTF8(t *testing.T) {
	dir := t.TempDir()
	text := strings.ReplaceAll(v2, "eni-0a", "eni-\xff")
	text = strings.Replace(text, "2 111122223333 eni-0b 198", "2 1111\xc322223333 eni-0b 198", 1)
	logs := filepath.Join(dir, "logs")
	write(t, filepath.Join(logs, "\xff %FF.log"), text)
	names := write(t, filepath.Join(dir, "names.csv"), "address,name,group\n10.0.1.10,a\xe4,b\xc3(\n")
	lake := filepath.Join(dir, "lake")
	cli(t, 0, "ingest", "--lake", lake, "--names", names, logs)
	for _, ask := range [][]string{{"conversations", "--csv"}, {"flows"}, {"coverage"}, {"top", "--group-by", "server.name"}, {"graph", "--format", "json"},
		{"sql", "SELECT * FROM endpoints, objects"}} {
		out, _ := cli(t, 0, append([]string{ask[0], "--lake", lake}, ask[1:]...)...)
		if !utf8.ValidString(out) {
			t.Errorf("%s: %q", ask[0], out)
		}
		if n := strings.Count(out, "\n"); ask[0] == "conversations" && n != 5 {
			t.Errorf("%d lines; want a heading and 4 conversations:\n%s", n, out)
		}
	}
}

// What steers a terminal, and a name without an end, leave tables, JSON and CSV
// whole: nobody's terminal obeys a log.
func TestSteeringNamesStayText(t *testing.T) {
	dir := t.TempDir()
	evil := []string{"\x1b[31mred\x1b]0;title\x07", "\u202eevil", "\u009b31m", "a\x00b\x7f", "two\nlines\r\n", strings.Repeat("long", 1<<18)}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"address", "name", "group", "owner", "subnet"}}
	var log strings.Builder
	log.WriteString("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status new\x1b[31m\n")
	for i, e := range evil {
		rows = append(rows, []string{fmt.Sprintf("10.0.9.%d", i), e, e, e, e})
		id := strings.Join(strings.FieldsFunc(e, func(r rune) bool { return r <= ' ' }), "")
		fmt.Fprintf(&log, "2 %s eni-%s 10.0.9.%d 10.0.2.20 50001 443 6 10 1000 1700000000 1700000050 ACCEPT OK %s\n", id, id, i, id)
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	names := write(t, filepath.Join(dir, "names.csv"), b.String())
	// A NUL among the first lines would make it no text.
	write(t, filepath.Join(dir, "logs", "a\x1b[31m\n\u202eb.log"), strings.ReplaceAll(log.String(), "\x00", ""))
	lake := filepath.Join(dir, "lake")
	_, said := cli(t, 0, "ingest", "--lake", lake, "--names", names, filepath.Join(dir, "logs"))
	calm := func(what, text string) {
		t.Helper()
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\r' && r != '\t' && periplus.Steers(r) }); at >= 0 || !utf8.ValidString(text) {
			t.Errorf("%s: %q steers", what, text[max(at, 0):min(len(text), max(at, 0)+40)])
		}
	}
	calm("ingest", said)
	for _, args := range [][]string{{"top", "--group-by", "client.name,client.subnet,client.account"}, {"conversations"}, {"flows"}, {"coverage", "--group-by", "account,interface"},
		{"sql", "SELECT * FROM endpoints"}, {"graph", "--format", "dot"}, {"graph", "--format", "mermaid"}, {"graph", "--format", "graphml"}} {
		for _, as := range []string{"", "--json", "--csv"} {
			all := append(append([]string{}, args...), "--lake", lake)
			if as != "" && args[0] == "graph" {
				continue
			}
			if as != "" {
				all = append(all, as)
			}
			out, said := cli(t, 0, all...)
			calm(strings.Join(all, " "), out+said)
			switch {
			case as == "--json":
				for d := json.NewDecoder(strings.NewReader(out)); ; {
					var v any
					if err := d.Decode(&v); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("%v: %v", all, err)
					}
				}
			case as == "--csv":
				if _, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil {
					t.Errorf("%v: %v", all, err)
				}
			case args[0] == "top" && len(out) > 20000:
				t.Errorf("a table of %d bytes: one name pads every line", len(out))
			}
		}
	}
}
