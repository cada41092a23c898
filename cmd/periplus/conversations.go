package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/query"
)

// conversationJSON is a merged conversation; null where the logs cannot say.
type conversationJSON struct {
	Client          string     `json:"client"`
	Server          string     `json:"server"`
	ServerPort      *int       `json:"server_port"`
	Protocol        *int       `json:"protocol"`
	Verdict         string     `json:"verdict"`
	RequestPackets  *graph.Int `json:"request_packets"`
	RequestBytes    *graph.Int `json:"request_bytes"`
	ResponsePackets *graph.Int `json:"response_packets"`
	ResponseBytes   *graph.Int `json:"response_bytes"`
	Records         graph.Int  `json:"records"`
	ClientNetwork   string     `json:"client_network"`
	ServerNetwork   string     `json:"server_network"`
	FirstSeen       time.Time  `json:"first_seen"`
	LastSeen        time.Time  `json:"last_seen"`
}

var conversationHead = []string{"client", "server", "server_port", "protocol", "verdict", "request_packets", "request_bytes", "response_packets", "response_bytes", "records", "client_network", "server_network", "first_seen", "last_seen"}

func conversationsCommand(e *env) *cobra.Command {
	var f askFlags
	c := &cobra.Command{
		Use: "conversations [FILE…]", Short: "Every merged conversation of the range",
		Long: `Every conversation of the range, each packet counted once whoever logged it:
client, server, server_port, protocol, verdict, packets and bytes both ways
(empty, or null in JSON, where the logs cannot say). --json writes a line each.`,
		Example: "  periplus conversations ./logs --csv\n  periplus conversations --lake DIR --filter 'server.ip in 10.0.0.0/8' --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := f.settle(cmd)
			if err != nil {
				return err
			}
			if _, err := some(a).ConversationsSQL(); err != nil {
				return wrong(cmd, err)
			}
			d, err := f.desk(cmd.Context(), e, cmd, args)
			if err != nil {
				return err
			}
			defer d.Close()
			q := d.questions()
			a, err = d.ask(cmd.Context(), q, a)
			if err != nil {
				return err
			}
			if f.sql {
				s, err := a.ConversationsSQL()
				return statement(e, s, err)
			}
			return f.printConversations(cmd, e, q, a)
		},
	}
	f.add(c)
	return c
}

func (f *askFlags) printConversations(cmd *cobra.Command, e *env, q *query.Questions, a query.Ask) error {
	enc := graph.NewJSON(e.out)
	out := newRows(e.out, f.csv)
	if !f.json {
		if err := out.write(conversationHead); err != nil {
			return err
		}
	}
	r, err := q.Conversations(cmd.Context(), a, func(c *query.Conversation) error {
		j := conversationJSON{Client: c.Client, Server: c.Server, Verdict: c.Verdict.String(),
			RequestPackets: graph.Known(c.Totals.RequestPackets), RequestBytes: graph.Known(c.Totals.RequestBytes),
			ResponsePackets: graph.Known(c.Totals.ResponsePackets), ResponseBytes: graph.Known(c.Totals.ResponseBytes), Records: graph.Int(c.Totals.Records),
			ClientNetwork: c.ClientNetwork, ServerNetwork: c.ServerNetwork, FirstSeen: c.FirstSeen, LastSeen: c.LastSeen}
		port, protocol := "", ""
		if !query.ProtocolUnknown(c.Protocol, c.HasPort) {
			p := int(c.Protocol)
			j.Protocol, protocol = &p, fmt.Sprint(p)
		}
		if c.HasPort {
			p := int(c.ServerPort)
			j.ServerPort, port = &p, fmt.Sprint(p)
		}
		if f.json {
			return enc.Encode(j)
		}
		t := &c.Totals
		return out.write([]string{c.Client, c.Server, port, protocol, j.Verdict, exact(t.RequestPackets), exact(t.RequestBytes), exact(t.ResponsePackets), exact(t.ResponseBytes),
			fmt.Sprint(t.Records), out.text(c.ClientNetwork), out.text(c.ServerNetwork), stamp(c.FirstSeen), stamp(c.LastSeen)})
	})
	if err != nil {
		return err
	}
	if err := out.flush(); err != nil {
		return err
	}
	said(e, r)
	return nil
}
