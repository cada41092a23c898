package graph

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

var csvExport = Export{"csv", "text/csv", "CSV, a line an edge and verdict", writeCSV}

// Cell guards foreign text against spreadsheets that would run it as a
// formula, and against terminals that would obey it. Ends of lines and tabs
// within it stay.
func Cell(s string) string {
	s = plain(s)
	if s != "" {
		switch s[0] {
		case '=', '+', '-', '@', '\t', '\r', '\n':
			return "'" + s
		}
	}
	return s
}

func writeCSV(w io.Writer, g *Graph) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"source_id", "source", "target_id", "target", "verdict", "stopped_at", "answer", "bytes", "packets", "records", "opened", "paths", "first_seen", "last_seen"}}
	names := labels(g)
	for i := range g.Edges {
		e := &g.Edges[i]
		for _, v := range e.Verdicts.list() {
			rows = append(rows, []string{Cell(e.Source), Cell(names[e.Source]), Cell(e.Target), Cell(names[e.Target]), v.name, v.at, e.Answer,
				digits(v.Bytes), digits(v.Packets), digits(&v.Records), digits(v.Opened), Cell(e.text(v)),
				e.First.UTC().Format(time.RFC3339), e.Last.UTC().Format(time.RFC3339)})
		}
	}
	if o := g.Other; o != nil {
		rows = append(rows, []string{"", "(other)", "", "(other)", "", "", "", digits(o.Bytes), "", digits(&o.Records), "", strconv.Itoa(int(o.Edges)) + " edges left out", "", ""})
	}
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	return c.Error()
}
