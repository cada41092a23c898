package query

// The map is asked in one of two ways. Groups are few: one scan joins the
// names, adds up by group, verdict and port, and all that is wanted comes of
// that sum. Hosts are many: their pairs are ranked first, with the least that
// ranking needs, and only what is shown is then asked in full.

// line is what a row of the map's statement is about.
const (
	lineEdge = iota
	lineIn
	lineOut
	lineSelf
	lineAll
	lineEdges // how many there are
	lineNodes
)

// marks are what rows of traffic AS t say in few words, as bits of one number:
// one aggregate is cheaper than five.
const marks = `CASE t.seen_by WHEN 'client' THEN 1 WHEN 'server' THEN 2 WHEN 'both' THEN 4 WHEN 'middle' THEN 8 ELSE 16 END +
  CASE WHEN t.verdict IN ('denied', 'dropped') THEN 0 WHEN t.answer = 'seen' THEN 32 WHEN t.answer = 'none' THEN 64 ELSE 0 END + CASE WHEN t.sampled THEN 128 ELSE 0 END + CASE WHEN t.incomplete THEN 256 ELSE 0 END`

const (
	markAnswered, markUnanswered = 32, 64
	markSampled, markIncomplete  = 128, 256
)

// seenBy names the first bits of marks.
var seenBy = []string{"client", "server", "both", "middle", "unknown"}

// extras are what an edge has beside its sums, in the order in which
// drawn.extra reads them, and nExtras their number.
const extras = `min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, bitwise_or_agg(` + marks + `) AS marks,
  CAST(sum(CASE WHEN t.stopped_at = 'client' THEN t.records ELSE 0 END) AS bigint) AS at_client,
  CAST(sum(CASE WHEN t.stopped_at = 'middle' THEN t.records ELSE 0 END) AS bigint) AS at_middle,
  CAST(sum(CASE WHEN t.stopped_at = 'server' THEN t.records ELSE 0 END) AS bigint) AS at_server,
  CAST(sum(CASE WHEN ` + unanswered + ` THEN t.records ELSE 0 END) AS bigint) AS unanswered`

// unanswered is the condition on rows of traffic AS t that something was let
// through and never answered, where the log could have shown an answer.
const unanswered = "t.answer = 'none' AND t.verdict IN ('allowed', 'unknown')"

const nExtras = 7

// reextras puts the extras of rows AS t together again.
const reextras = `min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen, bitwise_or_agg(t.marks) AS marks,
  CAST(sum(t.at_client) AS bigint) AS at_client, CAST(sum(t.at_middle) AS bigint) AS at_middle, CAST(sum(t.at_server) AS bigint) AS at_server,
  CAST(sum(t.unanswered) AS bigint) AS unanswered`

const noExtras = "CAST(NULL AS timestamp with time zone) AS first_seen, CAST(NULL AS timestamp with time zone) AS last_seen, " +
	"0 AS marks, 0 AS at_client, 0 AS at_middle, 0 AS at_server, 0 AS unanswered"

const noSums = "0 AS request_bytes, 0 AS request_packets, 0 AS response_bytes, 0 AS response_packets, 0 AS opened, 0 AS records, 0 AS connections, 0 AS unmeasured"

// stoppedRecords are the records of rows AS t that were stopped.
const stoppedRecords = "CASE WHEN t.verdict IN ('denied', 'dropped') THEN t.records ELSE 0 END"

// ranked selects the first n pairs by the metric, and with them the first m by
// what was stopped.
func ranked(columns string, n, m int) Where {
	return build("SELECT ", columns, " FROM (SELECT ", columns, " FROM pairs ORDER BY metric DESC, ", columns, " LIMIT ", n,
		") AS a UNION SELECT ", columns, " FROM (SELECT ", columns, " FROM pairs WHERE stopped > 0 ORDER BY stopped DESC, ", columns, " LIMIT ", m, ") AS b")
}

// groupMap is the map of groups: rows of line, source, target, verdict, place,
// port, protocol, ports, sums, extras.
func (a Ask) groupMap(g grouping, r Range) Where {
	from := build(" FROM ", a.rows(r), g.joins())
	amount := amounts[a.Metric]
	return build("WITH ", g.with(),
		"everything AS (SELECT ", g.column(client), " AS source, ", g.column(server), " AS target, t.verdict, coalesce(t.server_port, -1) AS port, t.protocol,\n ",
		sums, ",\n ", extras, from, " GROUP BY 1, 2, 3, 4, 5),\n",
		"pairs AS (SELECT t.source, t.target, CAST(coalesce(sum(", amount, "), 0) AS bigint) AS metric, CAST(sum(", stoppedRecords,
		") AS bigint) AS stopped FROM everything AS t GROUP BY 1, 2),\n",
		"chosen AS (", ranked("source, target", a.MaxEdges, a.MaxEdges), "),\n",
		a.places("everything AS t JOIN chosen AS n ON n.source = t.source AND n.target = t.target"),
		edgeLines(),
		"\nUNION ALL ", nodeLine(lineIn, "''", "t.target", "everything AS t WHERE t.source <> t.target"),
		"\nUNION ALL ", nodeLine(lineOut, "t.source", "''", "everything AS t WHERE t.source <> t.target"),
		"\nUNION ALL ", nodeLine(lineSelf, "t.source", "t.target", "everything AS t WHERE t.source = t.target"),
		"\nUNION ALL ", nodeLine(lineAll, "''", "''", "everything AS t"),
		"\nUNION ALL ", countLine(lineEdges, "pairs"),
		"\nUNION ALL ", countLine(lineNodes, "(SELECT source FROM pairs UNION SELECT target FROM pairs) AS u"),
		"\nORDER BY line, source, target, verdict, place, port, protocol")
}

// places is the WITH that ranks the ports of each edge by the metric. It sorts
// rows of six columns, not of thirty.
func (a Ask) places(from string) Where {
	return build("used AS (SELECT t.source, t.target, t.port, t.protocol, CAST(coalesce(sum(", amounts[a.Metric], "), 0) AS bigint) AS weight, CAST(sum(", stoppedRecords,
		") AS bigint) AS stopped FROM ", from, " GROUP BY 1, 2, 3, 4),\n",
		"placed AS (SELECT u.source, u.target, u.port, u.protocol, row_number() OVER (PARTITION BY u.source, u.target ORDER BY u.weight DESC, u.stopped DESC, u.port, u.protocol) AS place FROM used AS u)\n")
}

// edgeLines are the edges: one row for each of the first three ports and one
// for the rest, by verdict. The greatest ports is the number of the edge's.
func edgeLines() Where {
	return build("SELECT ", lineEdge, " AS line, t.source, t.target, t.verdict, CASE WHEN p.place <= 3 THEN p.place ELSE 4 END AS place,\n",
		" min(CASE WHEN p.place <= 3 THEN t.port ELSE -1 END) AS port, min(CASE WHEN p.place <= 3 THEN t.protocol ELSE -1 END) AS protocol, max(p.place) AS ports,\n ",
		resums, ",\n ", reextras, " FROM everything AS t JOIN placed AS p ON p.source = t.source AND p.target = t.target AND p.port = t.port AND p.protocol = t.protocol GROUP BY 2, 3, 4, 5")
}

func nodeLine(line int, source, target, from string) Where {
	by := map[int]string{lineIn: "t.target, ", lineOut: "t.source, ", lineSelf: "t.source, t.target, "}[line]
	return build("SELECT ", line, " AS line, ", source, " AS source, ", target, " AS target, t.verdict, 0 AS place, -1 AS port, -1 AS protocol, 0 AS ports, ",
		resums, ", ", noExtras, " FROM ", from, " GROUP BY ", by, "t.verdict")
}

// countLine says in ports how many rows there are.
func countLine(line int, of string) Where {
	return build("SELECT ", line, " AS line, '' AS source, '' AS target, '' AS verdict, 0 AS place, -1 AS port, -1 AS protocol, count(*) AS ports, ",
		noSums, ", ", noExtras, " FROM ", of)
}

const hostColumns = "source, source_network, target, target_network"

// endColumns are one end of rows of traffic AS t at the host level: the address
// in its network, or the key of its group and "".
func (g grouping) endColumns(end side) (column, network string) {
	network = "t." + string(end) + "_network"
	return "CASE WHEN " + network + " <> '' THEN t." + string(end) + " ELSE " + g.named(end) + " END", network
}

// keyOfEnd puts them together.
func keyOfEnd(column, network string) string {
	return "CASE WHEN strpos(" + column + ", '|') > 0 THEN " + column + " ELSE 'host|||' || " + bar(network) + " || '|' || " + column + " END"
}

// home is the condition that both ends of rows of traffic AS t lie in networks
// of the user's, so that they are hosts and need no name. away is the rest.
func home(*sqlFor) Where { return build("(t.client_network <> '' AND t.server_network <> '')") }
func away(*sqlFor) Where { return build("(t.client_network = '' OR t.server_network = '')") }

// hostPairs ranks the pairs of hosts: rows of line, the four columns, metric,
// stopped; and how many pairs and hosts there are.
func (a Ask) hostPairs(g grouping, r Range) Where {
	order := " DESC, " + hostColumns + " LIMIT "
	sums := build(" CAST(coalesce(sum(", amounts[a.Metric], "), 0) AS bigint) AS metric, CAST(sum(", stoppedRecords, ") AS bigint) AS stopped\n FROM ")
	return build("WITH ", g.with(), "pairs AS (", homeColumns, sums, a.rows(r, home), " GROUP BY 1, 2, 3, 4\nUNION ALL ", g.awayColumns(), sums, a.rows(r, away), g.joins(), " GROUP BY 1, 2, 3, 4)\n",
		"SELECT ", lineEdge, " AS line, ", hostColumns, ", metric, stopped FROM (SELECT * FROM pairs ORDER BY metric", order, a.MaxEdges, ") AS a\n",
		"UNION SELECT ", lineEdge, " AS line, ", hostColumns, ", metric, stopped FROM (SELECT * FROM pairs WHERE stopped > 0 ORDER BY stopped", order, a.MaxEdges, ") AS b\n",
		"UNION ALL SELECT ", lineEdges, " AS line, '' AS source, '' AS source_network, '' AS target, '' AS target_network, count(*) AS metric, 0 AS stopped FROM pairs\n",
		"UNION ALL SELECT ", lineNodes, " AS line, '' AS source, '' AS source_network, '' AS target, '' AS target_network, count(*) AS metric, 0 AS stopped",
		" FROM (SELECT source, source_network FROM pairs UNION SELECT target, target_network FROM pairs) AS u\n",
		"ORDER BY line, ", hostColumns)
}

const homeColumns = "SELECT t.client AS source, t.client_network AS source_network, t.server AS target, t.server_network AS target_network, "

func (g grouping) awayColumns() string {
	source, sourceNetwork := g.endColumns(client)
	target, targetNetwork := g.endColumns(server)
	return "SELECT " + source + " AS source, " + sourceNetwork + " AS source_network, " + target + " AS target, " + targetNetwork + " AS target_network, "
}

// ends are what a map of hosts shows: addresses of the user's networks, and
// keys of all others.
type ends struct{ hosts, groups []string }

// atHome and atGroup are the conditions that an end of rows of traffic AS t is
// among them.
func (e ends) atHome(end side) Where {
	if len(e.hosts) == 0 {
		return build("1 = 0")
	}
	return build("(t.", string(end), "_network <> '' AND t.", string(end), " IN ", list(e.hosts), ")")
}

func (e ends) atGroup(g grouping, end side) Where {
	if len(e.groups) == 0 {
		return build("1 = 0")
	}
	return build("(t.", string(end), "_network = '' AND ", g.named(end), " IN ", list(e.groups), ")")
}

func (e ends) at(g grouping, end side) Where {
	return build("(", e.atHome(end), " OR ", e.atGroup(g, end), ")")
}

// hostMap is the rest of the map of hosts, in the columns of groupMap: the
// edges between some ends, and what these ends sent and received in all.
func (a Ask) hostMap(g grouping, r Range, e ends) Where {
	fixed := func(w Where) func(*sqlFor) Where { return func(*sqlFor) Where { return w } }
	values := build("t.verdict, coalesce(t.server_port, -1) AS port, t.protocol,\n ", sums, ",\n ", extras, " FROM ")
	return build("WITH ", g.with(),
		"pairs AS (", homeColumns, values, a.rows(r, home, fixed(e.atHome(client)), fixed(e.atHome(server))), " GROUP BY 1, 2, 3, 4, 5, 6, 7\nUNION ALL ",
		g.awayColumns(), values, a.rows(r, away), g.joins(), whereAll(e.at(g, client), e.at(g, server)), " GROUP BY 1, 2, 3, 4, 5, 6, 7),\n",
		"everything AS (SELECT ", keyOfEnd("t.source", "t.source_network"), " AS source, ", keyOfEnd("t.target", "t.target_network"), " AS target, t.verdict, t.port, t.protocol,\n ",
		resums, ",\n ", reextras, " FROM pairs AS t GROUP BY 1, 2, 3, 4, 5),\n",
		a.places("everything AS t"), edgeLines(),
		"\nUNION ALL ", a.hostLine(lineIn, server, g, r, e),
		"\nUNION ALL ", a.hostLine(lineOut, client, g, r, e),
		"\nUNION ALL ", nodeLine(lineSelf, "t.source", "t.target", "everything AS t WHERE t.source = t.target"),
		"\nUNION ALL SELECT ", lineAll, " AS line, '' AS source, '' AS target, t.verdict, 0 AS place, -1 AS port, -1 AS protocol, 0 AS ports, ", sums, ", ", noExtras,
		" FROM ", a.rows(r), " GROUP BY t.verdict",
		"\nORDER BY line, source, target, verdict, place, port, protocol")
}

// hostLine is what one end of all rows of the ends sent or received, but for
// what is between its own members. Only groups need names.
func (a Ask) hostLine(line int, end side, g grouping, r Range, e ends) Where {
	fixed := func(w Where) func(*sqlFor) Where { return func(*sqlFor) Where { return w } }
	source, target := keyOfEnd("t.host", "t.host_network"), "''"
	if line == lineIn {
		source, target = target, source
	}
	apart := build("NOT (t.client = t.server AND t.client_network = t.server_network)")
	others := build("NOT (t.client_network = t.server_network AND ", g.named(client), " = ", g.named(server), ")")
	return build("SELECT ", line, " AS line, ", source, " AS source, ", target, " AS target, t.verdict, 0 AS place, -1 AS port, -1 AS protocol, 0 AS ports, ", resums, ", ", noExtras,
		" FROM (SELECT t.", string(end), " AS host, t.", string(end), "_network AS host_network, t.verdict, ", sums, " FROM ", a.rows(r, fixed(e.atHome(end)), fixed(apart)), " GROUP BY 1, 2, 3",
		" UNION ALL SELECT ", g.named(end), " AS host, '' AS host_network, t.verdict, ", sums, " FROM ", a.rows(r, fixed(build("t."+string(end)+"_network = ''"))), g.joins(),
		whereAll(e.atGroup(g, end), others), " GROUP BY 1, 2, 3) AS t GROUP BY t.host, t.host_network, t.verdict")
}

// MapSQL is the statement of Map that does the counting: at the host level the
// one that ranks the pairs.
func (a Ask) MapSQL() (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	r := a.cover()
	a.scanners = build("(", scannersSQL(r), ")")
	g, err := groupingOf(a)
	if err != nil {
		return Statement{}, err
	}
	if g.hosts() {
		return statement(a.hostPairs(g, r), r.spans()), nil
	}
	return statement(a.groupMap(g, r), r.spans()), nil
}
