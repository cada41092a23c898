package main

import (
	"bufio"
	"encoding/csv"
	"io"
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

func (r *rows) flush() error {
	if r.csv != nil {
		r.csv.Flush()
		return r.csv.Error()
	}
	return r.out.Flush()
}
