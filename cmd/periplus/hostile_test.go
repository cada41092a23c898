package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
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
