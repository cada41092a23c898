package traffic

import (
	"strings"
	"time"

	"github.com/periplus/periplus/merge"
	"github.com/periplus/periplus/query"
)

// A part is what one statement builds: whole hours, of all clients or of a
// range of them in byte order.
type part struct {
	from, to     time.Time
	first, after string // clients from first up to after; "": no bound
}

// statement builds the SQL of a part. Every `?` is written by scan or by one
// of its kind, so that the arguments are in order.
type statement struct {
	part
	special special
	alone   bool // the interface alone tells sources apart; see facts
	args    []any
}

// special is what makes conversations need the rule whatever their rows look
// like.
type special struct {
	addresses []string // more than one network owns them
	skipped   bool     // coverage holds logs that lost records
	// servers are ends that are known as servers by now and that a weak rule
	// took for clients.
	servers []server
}

const (
	conversation = "client, server, coalesce(server_port, -1) AS port, protocol"
	rank         = "CASE observer WHEN 'server' THEN 3 WHEN 'client' THEN 2 ELSE 1 END AS rank"
	// Which verdicts and observers a row has, as bits: aggregated they tell
	// what is mixed.
	bits = "CASE verdict WHEN 'allowed' THEN 1 WHEN 'unknown' THEN 2 ELSE 4 END" +
		" + CASE observer WHEN 'server' THEN 8 WHEN 'client' THEN 16 WHEN 'middle' THEN 32 ELSE 64 END AS bits"
	// Who reported a row. Where the interface alone says it, that is a tenth of
	// the time of the whole statement less.
	source = "interface || chr(31) || account || chr(31) || provider || chr(31) || log AS source"
	told   = "bucket, verdict, reason, observer, request_packets, request_bytes, response_packets, response_bytes," +
		" records, connections, opened, tcp_flags, first_seen, last_seen, service, path, encryption, sampled"
	// What only the rule needs of a row, as one text: a column less is worth
	// more than a tenth of the time that rows take to come out of an engine.
	evidence = "r.oriented_by || chr(31) || coalesce(CAST(r.client_port AS varchar), '') || chr(31) || r.provider || chr(31) || r.account ||" +
		" chr(31) || r.region || chr(31) || r.network || chr(31) || r.interface || chr(31) || r.log AS evidence"
)

// same is the condition that two relations mean the same conversation.
func same(a, b string) string {
	return a + ".client = " + b + ".client AND " + a + ".server = " + b + ".server AND " + a + ".port = " + b + ".port AND " + a + ".protocol = " + b + ".protocol"
}

// scan is a SELECT of flows: of the part's own hours, or also of what lies
// around them.
func (s *statement) scan(columns string, around bool) string {
	from, to := s.from, s.to
	if around {
		from, to = from.Add(-merge.Around), to.Add(merge.Around)
	}
	text := "SELECT " + columns + " FROM flows WHERE bucket >= ? AND bucket < ? AND observer <> 'leg'"
	s.args = append(s.args, from, to)
	if s.first != "" {
		text += " AND client >= ?"
		s.args = append(s.args, s.first)
	}
	if s.after != "" {
		text += " AND client < ?"
		s.args = append(s.args, s.after)
	}
	return text
}

// watched are the conversations that more than one source reported, or that are
// special, with their class: 0 easy, 1 hard, 2 turned. What is not in it is
// plain.
func (s *statement) watched() string {
	by := source
	if s.alone {
		by = "interface AS source"
	}
	around := s.scan(conversation+", "+rank+", "+bits+", "+by+", reason, 0 AS class", true)
	const like = ", 1 AS rank, 0 AS bits, CAST(NULL AS varchar) AS source, CAST(NULL AS varchar) AS reason"
	if len(s.special.addresses) > 0 {
		list := questions(1, len(s.special.addresses))
		around += " UNION ALL " + s.scan(conversation+like+", 1 AS class", true) + " AND (client IN (" + list + ") OR server IN (" + list + "))"
		for range 2 {
			for _, a := range s.special.addresses {
				s.args = append(s.args, a)
			}
		}
	}
	if s.special.skipped {
		around += " UNION ALL " + s.scan(conversation+like+", 1 AS class", true) +
			" AND (provider, account, interface, log) IN (SELECT provider, account, interface, log FROM coverage WHERE skipdata > 0 AND hour >= ? AND hour < ?)"
		s.args = append(s.args, s.from, s.to)
	}
	if len(s.special.servers) > 0 {
		list := questions(3, len(s.special.servers))
		around += " UNION ALL " + s.scan(conversation+like+", 2 AS class", true) +
			" AND ((client_port IS NOT NULL AND (client, client_port, protocol) IN (" + list + ")) OR (server, server_port, protocol) IN (" + list + "))"
		for range 2 {
			for _, v := range s.special.servers {
				s.args = append(s.args, v.address, v.port, v.protocol)
			}
		}
	}
	return "SELECT client, server, port, protocol," +
		" CASE WHEN class > 0 THEN class WHEN " + hard + " THEN 1 ELSE 0 END AS class" +
		" FROM (SELECT client, server, port, protocol, max(class) AS class, bitwise_or_agg(bits) AS bits, min(reason) AS r1, max(reason) AS r2," +
		" min(CASE WHEN rank = 3 THEN source END) AS s1, max(CASE WHEN rank = 3 THEN source END) AS s2," +
		" min(CASE WHEN rank = 2 THEN source END) AS c1, max(CASE WHEN rank = 2 THEN source END) AS c2," +
		" min(CASE WHEN rank = 1 THEN source END) AS m1, max(CASE WHEN rank = 1 THEN source END) AS m2" +
		" FROM (" + around + ") AS around GROUP BY client, server, port, protocol) AS conversations" +
		" WHERE class > 0 OR s1 <> s2 OR c1 <> c2 OR m1 <> m2 OR bitwise_and(bits, 3) = 3 OR bitwise_and(bits, 120) NOT IN (8, 16, 32, 64)"
}

// hard says of a watched conversation that it needs the rule: something was
// stopped, verdicts or reasons are mixed, several sources have one rank, or one
// interface has several.
const hard = "coalesce(bitwise_and(bits, 4) <> 0 OR bitwise_and(bits, 3) = 3 OR r1 <> r2 OR s1 <> s2 OR c1 <> c2 OR m1 <> m2" +
	" OR split_part(s1, chr(31), 1) = split_part(c1, chr(31), 1) OR split_part(s1, chr(31), 1) = split_part(m1, chr(31), 1)" +
	" OR split_part(c1, chr(31), 1) = split_part(m1, chr(31), 1), false)"

// sums are the counters, of the rows for which filter holds.
func sums(filter string) string {
	var b strings.Builder
	for _, c := range []string{"request_packets", "request_bytes", "response_packets", "response_bytes", "records", "connections", "opened"} {
		b.WriteString(", CAST(sum(" + c + ")" + filter + " AS bigint) AS " + c)
	}
	return b.String()
}

// best is the word of the most trusted observer that has one.
func best(c string) string {
	return ", substr(max(CASE WHEN kept AND " + c + " <> '' THEN CASE rank WHEN 3 THEN '3' WHEN 2 THEN '2' ELSE '1' END || " + c + " END), 2) AS " + c
}

// summed are the plain conversations and the easy ones, which several sources
// reported without dispute: a row is left out where a better source speaks.
// There is none in a plain one, and an easy one has one verdict and reason, so
// both are grouped alike.
func (s *statement) summed() string {
	// Whether a better source speaks depends on these columns only, so the set
	// of what is left out is small. (NOT EXISTS for each row takes a fifth longer.)
	const span = ".client, #.server, #.port, #.protocol, #.rank, #.first_seen, #.last_seen"
	worse := s.scan(conversation+", "+rank+", first_seen, last_seen", false) + " AND observer <> 'server'"
	better := s.scan(conversation+", "+rank+", first_seen - INTERVAL '60' SECOND AS speaks_from, last_seen + INTERVAL '60' SECOND AS speaks_to", true) +
		" AND observer IN ('server', 'client')"
	rows := s.scan(conversation+", "+rank+", "+told, false)
	return "SELECT client, server, port, protocol, bucket, verdict, reason," +
		" CASE WHEN bool_or(rank = 3) AND bool_or(rank = 2) THEN 'both' WHEN bool_or(rank = 3) THEN 'server' WHEN bool_or(rank = 2) THEN 'client'" +
		" WHEN bool_or(observer = 'middle') THEN 'middle' ELSE 'unknown' END AS seen_by" + sums(" FILTER (WHERE kept)") +
		", bitwise_or_agg(CASE WHEN kept THEN tcp_flags END) AS tcp_flags," +
		" min(CASE WHEN kept THEN first_seen END) AS first_seen, max(CASE WHEN kept THEN last_seen END) AS last_seen" +
		best("service") + best("path") + best("encryption") + ", bool_or(sampled AND kept) AS sampled, '' AS evidence" +
		" FROM (SELECT r.*, (r" + strings.ReplaceAll(span, "#", "r") + ") NOT IN (SELECT x" + strings.ReplaceAll(span, "#", "x") +
		" FROM (" + worse + ") AS x JOIN (" + better + ") AS b ON " + same("b", "x") +
		" AND b.rank > x.rank AND b.speaks_from <= x.last_seen AND b.speaks_to >= x.first_seen) AS kept" +
		" FROM (" + rows + ") AS r LEFT JOIN watched AS w ON " + same("w", "r") + " WHERE w.client IS NULL OR w.class = 0) AS undisputed" +
		" GROUP BY client, server, port, protocol, bucket, verdict, reason HAVING bool_or(kept)"
}

// rows are those of the conversations of a class as they are, around the part.
func (s *statement) rows(class string) string {
	rows := s.scan(conversation+", "+told+", oriented_by, client_port, provider, account, region, network, interface, log", true)
	return "SELECT r.client, r.server, r.port, r.protocol, r.bucket, r.verdict, r.reason, r.observer AS seen_by," +
		" r.request_packets, r.request_bytes, r.response_packets, r.response_bytes, r.records, r.connections, r.opened," +
		" r.tcp_flags, r.first_seen, r.last_seen, r.service, r.path, r.encryption, r.sampled, " + evidence +
		" FROM (" + rows + ") AS r JOIN watched AS w ON " + same("w", "r") + " WHERE w.class = " + class
}

// build is the traffic of a part: sums of the plain and easy conversations and
// the rows of the hard ones, in the order in which traffic lies.
func (s *statement) build() query.Statement {
	watched := s.watched()
	summed, hard := s.summed(), s.rows("1")
	return s.done("WITH watched AS (" + watched + ") SELECT * FROM (" + summed + " UNION ALL " + hard + ") AS told" +
		" ORDER BY client, server, port, protocol, bucket, verdict, reason")
}

// turned are the rows of the conversations that known servers turn round, with
// those that they may then join.
func (s *statement) turned() query.Statement {
	watched := s.watched()
	return s.done("WITH watched AS (" + watched + ") " + s.rows("2"))
}

func (s *statement) done(text string) query.Statement {
	spans := []query.Span{{Table: "flows", From: s.from.Add(-merge.Around), To: s.to.Add(merge.Around)}}
	if s.special.skipped {
		spans = append(spans, query.Span{Table: "coverage", From: s.from, To: s.to})
	}
	return query.Statement{SQL: text, Args: s.args, Spans: spans}
}
