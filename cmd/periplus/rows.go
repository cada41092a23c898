package main

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"github.com/periplus/periplus/graph"
)

// rows writes lines of cells as they come: CSV, where a cell may hold
// anything, or for people, where a tab ends a cell, a line is a row, and
// nothing of a log reaches the terminal as an order to it.
type rows struct {
	csv *csv.Writer
	out *bufio.Writer
}

func newRows(out io.Writer, asCSV bool) *rows {
	if asCSV {
		return &rows{csv: csv.NewWriter(out)}
	}
	return &rows{out: bufio.NewWriter(out)}
}

func (r *rows) write(cells []string) error {
	if r.csv != nil {
		return r.csv.Write(cells)
	}
	for i, c := range cells {
		if i > 0 {
			r.out.WriteByte('\t')
		}
		r.out.WriteString(printable(c))
	}
	return r.out.WriteByte('\n') // a bufio.Writer keeps its first error
}

// text is foreign text as a cell: guarded where a spreadsheet may read it.
func (r *rows) text(s string) string {
	if r.csv != nil {
		return graph.Cell(s)
	}
	return s
}

// cell is a value as text, "" where there is none.
func (r *rows) cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return r.text(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	return fmt.Sprint(v)
}

func (r *rows) flush() error {
	if r.csv != nil {
		r.csv.Flush()
		return r.csv.Error()
	}
	return r.out.Flush()
}
