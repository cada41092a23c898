package query

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

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

// ends are what a map of hosts shows: addresses, and keys of what is no host of
// the user's.
type ends struct {
	hosts  []netip.Addr
	groups []string
}

// add takes an end of an edge in, by its key as SQL has it.
func (e *ends) add(text string) error {
	k, err := keyOfSQL(text)
	if err != nil {
		return err
	}
	if k.Level == "host" {
		address, err := netip.ParseAddr(k.Value)
		if err != nil {
			return fmt.Errorf("a host of the map: %w", err)
		}
		e.hosts = append(e.hosts, address)
	}
	if k.Level != "host" || k.Network == "" {
		e.groups = append(e.groups, text)
	}
	return nil
}

// settle makes each end stand there once, in order.
func (e *ends) settle() {
	slices.SortFunc(e.hosts, netip.Addr.Compare)
	e.hosts, e.groups = slices.Compact(e.hosts), unique(e.groups)
}

// with is the WITH that column and joins need: picks, the names with the key
// only where the group is shown, and hosts, the addresses that are.
func (e ends) with() Where {
	const columns = "SELECT n.address, n.network, n.valid_from, n.valid_to, "
	picks, hosts := build(columns, "'' AS key FROM names AS n"), Where{}
	if len(e.groups) > 0 {
		picks = build(columns, "n.key FROM names AS n WHERE n.key IN ", list(e.groups), " UNION ALL ", picks, " WHERE n.key NOT IN ", list(e.groups))
	}
	if len(e.hosts) > 0 {
		parts := []any{"hosts AS (SELECT h.address FROM (VALUES "}
		for i, a := range e.hosts {
			if i > 0 {
				parts = append(parts, ", ")
			}
			parts = append(parts, "(", a, ")")
		}
		hosts = build(append(parts, ") AS h (address)),\n")...)
	}
	return build("picks AS (", picks, "),\n", hosts)
}

// joins brings picks and hosts to both ends of rows of traffic AS t, as c, s,
// ch and sh.
func (e ends) joins() string {
	joins := ""
	for _, end := range []side{client, server} {
		joins += strings.Replace(joinNames(end), "names AS", "picks AS", 1)
		if len(e.hosts) > 0 {
			joins += fmt.Sprintf(" LEFT JOIN hosts AS %[1]sh ON %[1]sh.address = t.%[2]s", string(end[:1]), end)
		}
	}
	return joins
}

// column is one end of rows of traffic AS t: the address of a host that is
// shown, the key of another end that is, ” for the rest. It may show more than
// is asked for: an address stands for itself in every network.
func (e ends) column(g grouping, end side) string {
	as, missing := string(end[:1]), "''"
	host := "coalesce(" + as + "h.address, '')"
	if len(e.hosts) == 0 {
		host = "''"
	}
	switch key := strings.ReplaceAll(g.missing, "%[1]s", "t."+string(end)); {
	case g.open(internet): // it is a host
		missing = "CASE WHEN " + host + " <> '' THEN " + key + " ELSE '' END"
	case slices.Contains(e.groups, internet.sqlText()):
		missing = key
	}
	return "CASE WHEN t." + string(end) + "_network <> '' THEN " + host + " ELSE coalesce(" + as + ".key, " + missing + ") END"
}

// hostMap is the rest of the map of hosts, in the columns of groupMap: the
// edges between some ends, and what these ends sent and received in all. One
// scan adds everything up, by what is shown of it: the rest is one end without
// a name, so there are few sums, and all that is wanted comes of them.
func (a Ask) hostMap(g grouping, r Range, e ends) Where {
	const both = "CASE WHEN t.source <> '' AND t.target <> '' THEN "
	return build("WITH ", g.with(), e.with(),
		"shown AS (SELECT t.*, ", e.column(g, client), " AS source, ", e.column(g, server), " AS target FROM ", a.rows(r), e.joins(), "),\n",
		"summed AS (SELECT t.source, CASE WHEN t.source <> '' THEN t.client_network ELSE '' END AS source_network, t.target, CASE WHEN t.target <> '' THEN t.server_network ELSE '' END AS target_network,\n ",
		"t.verdict, ", both, "coalesce(t.server_port, -1) ELSE -1 END AS port, ", both, "t.protocol ELSE -1 END AS number,\n ", sums, ",\n ", extras, " FROM shown AS t GROUP BY 1, 2, 3, 4, 5, 6, 7),\n",
		"named AS (SELECT ", keyOfShown("t.source", "t.source_network"), " AS source, ", keyOfShown("t.target", "t.target_network"), " AS target, t.verdict, t.port, t.number AS protocol,\n ",
		resums, ",\n ", reextras, " FROM summed AS t GROUP BY 1, 2, 3, 4, 5),\n",
		"everything AS (SELECT * FROM named AS t WHERE t.source <> '' AND t.target <> ''),\n",
		a.places("everything AS t"), edgeLines(),
		"\nUNION ALL ", nodeLine(lineIn, "''", "t.target", "named AS t WHERE t.target <> '' AND t.source <> t.target"),
		"\nUNION ALL ", nodeLine(lineOut, "t.source", "''", "named AS t WHERE t.source <> '' AND t.source <> t.target"),
		"\nUNION ALL ", nodeLine(lineSelf, "t.source", "t.target", "everything AS t WHERE t.source = t.target"),
		"\nUNION ALL ", nodeLine(lineAll, "''", "''", "named AS t"),
		"\nORDER BY line, source, target, verdict, place, port, protocol")
}

// keyOfShown is keyOfEnd, and ” for what is not shown.
func keyOfShown(column, network string) string {
	return "CASE WHEN " + column + " = '' THEN '' ELSE " + keyOfEnd(column, network) + " END"
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
