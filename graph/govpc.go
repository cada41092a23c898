package graph

import (
	"bufio"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Govpc writes go-vpcflow's DOT of v2 records: an edge a record in the order
// of the records, then the nodes. The zero value with W set is ready; Close
// ends the graph. Unlike the original, two addresses never share a node: the
// first to be met has the original's id, a later one that would get the same
// has its address in its id. What a record does not say is "-".
type Govpc struct {
	W io.Writer

	out   *bufio.Writer
	ids   map[netip.Addr]string
	taken map[string]bool
}

func (g *Govpc) start() {
	if g.out == nil {
		g.out = bufio.NewWriter(g.W)
		g.ids, g.taken = map[netip.Addr]string{}, map[string]bool{}
		g.out.WriteString("digraph {\n") // a bufio.Writer keeps its first error for Close
	}
}

// Write adds records. Only flows with both addresses have an edge.
func (g *Govpc) Write(recs []periplus.Record) error {
	g.start()
	for i := range recs {
		r := &recs[i]
		if r.Mark != periplus.MarkFlow || !r.Src.IsValid() || !r.Dst.IsValid() {
			continue
		}
		n := func(bit periplus.Has, v uint64) string {
			if r.Has&bit == 0 {
				return "-" // not said, as AWS writes it
			}
			return strconv.FormatUint(v, 10)
		}
		at := func(t time.Time) string {
			if t.IsZero() {
				return "-"
			}
			return strconv.FormatInt(t.Unix(), 10)
		}
		fields := [][2]string{{"accountID", r.Place.Account}, {"eniID", r.Place.Interface},
			{"srcPort", n(periplus.HasSrcPort, uint64(r.SrcPort))}, {"dstPort", n(periplus.HasDstPort, uint64(r.DstPort))},
			{"protocol", n(periplus.HasProtocol, uint64(r.Protocol))}, {"packets", n(periplus.HasPackets, r.Packets)}, {"bytes", n(periplus.HasBytes, r.Bytes)},
			{"start", at(r.Start)}, {"end", at(r.End)}}
		g.out.WriteString("\t" + g.id(r.Src) + " -> " + g.id(r.Dst) + " [")
		var label []string
		for _, f := range fields {
			g.out.WriteString("govpc_" + f[0] + "=" + quote(f[1]) + " ")
			label = append(label, inner(f[0]+"="+f[1]))
		}
		colour := "green"
		if r.Verdict.Stopped() {
			colour = "red"
		}
		g.out.WriteString("color=" + colour + ` label="` + strings.Join(label, `\n`) + "\"]\n")
	}
	return nil
}

func (g *Govpc) id(a netip.Addr) string {
	if id, ok := g.ids[a]; ok {
		return id
	}
	plain := strings.NewReplacer(".", "", ":", "")
	id := "n" + plain.Replace(a.String())
	if g.taken[id] {
		id += "_" + strings.NewReplacer(".", "_", ":", "_").Replace(a.String())
	}
	g.ids[a], g.taken[id] = id, true
	return id
}

// Close writes the nodes and the end.
func (g *Govpc) Close() error {
	g.start()
	addrs := make([]netip.Addr, 0, len(g.ids))
	for a := range g.ids {
		addrs = append(addrs, a)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, a := range addrs {
		g.out.WriteString("\t" + g.ids[a] + " [label=" + quote(a.String()) + "]\n")
	}
	g.out.WriteString("}\n")
	return g.out.Flush()
}
