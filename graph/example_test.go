package graph_test

import (
	"fmt"
	"os"
	"time"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// The answer to who talks to whom becomes a graph, and that a file for
// Graphviz.
func ExampleExport() {
	host := func(address string) query.Group {
		k := query.Key{Level: "host", Kind: "own", Value: address, Network: "vpc-1"}
		return query.Group{ID: k.ID(), Key: k, Label: address}
	}
	client, server := host("10.0.1.10"), host("10.0.2.20")
	t0 := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	var v query.Verdicts
	v[periplus.Denied] = query.Totals{Records: 3}
	answer := &query.Map{
		Range: query.Cover(t0, t0.Add(time.Hour)), Level: "host", Metric: "records",
		Nodes:  []query.MapNode{{Group: client}, {Group: server}},
		Edges:  []query.Edge{{Source: client.ID, Target: server.ID, Verdicts: v, StoppedAt: "server", FirstSeen: t0, LastSeen: t0}},
		Totals: v, AllNodes: 2, AllEdges: 1,
	}
	dot, err := graph.ExportNamed("dot")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := dot.Write(os.Stdout, graph.Build(answer, graph.Options{})); err != nil {
		fmt.Println(err)
	}
	// Output:
	// digraph periplus {
	// 	rankdir=LR newrank=true
	// 	label="2 nodes, 1 edges from 2026-11-01T10:00:00Z to 2026-11-01T11:00:00Z"
	// 	node [shape=box style=rounded]
	// 	"host:10.0.1.10@vpc-1" [label="10.0.1.10"]
	// 	"host:10.0.2.20@vpc-1" [label="10.0.2.20"]
	// 	"host:10.0.1.10@vpc-1" -> "host:10.0.2.20@vpc-1" [color=red3 style=dashed label="3 records, stopped at server"]
	// }
}
