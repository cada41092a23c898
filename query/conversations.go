package query

import "context"

// ConversationsSQL is the statement of Conversations.
func (a Ask) ConversationsSQL() (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	r := a.cover()
	return statement(build("SELECT t.client, t.client_network, t.server, t.server_network, t.server_port, t.protocol, t.verdict,\n ", sums,
		",\n min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen\nFROM ", a.rows(r),
		"\nGROUP BY 1, 2, 3, 4, 5, 6, 7\nORDER BY client, client_network, server, server_network, server_port, protocol, verdict"), r.spans()), nil
}

// Conversations calls row for every merged conversation of the range, sorted
// by client, server, port, protocol and verdict. c is reused.
func (q *Questions) Conversations(ctx context.Context, a Ask, row func(c *Conversation) error) (Range, error) {
	a, err := q.prepare(ctx, a)
	if err != nil {
		return Range{}, err
	}
	s, err := a.ConversationsSQL()
	if err != nil {
		return Range{}, err
	}
	var c Conversation
	err = q.ask(ctx, s, func(r *reader) {
		c = Conversation{Client: r.text(), ClientNetwork: r.text(), Server: r.text(), ServerNetwork: r.text()}
		port := r.count()
		c.ServerPort, c.HasPort, c.Protocol = uint16(port.N), port.Known, uint8(r.int())
		c.Verdict, c.Totals, c.FirstSeen, c.LastSeen = r.verdict(), r.totals(), r.time(), r.time()
		if r.err == nil {
			r.err = row(&c)
		}
	})
	return a.cover(), err
}
