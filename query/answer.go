package query

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Totals are counters added up. A Count that is not Known was told by no row.
type Totals struct {
	RequestBytes, RequestPackets   periplus.Count
	ResponseBytes, ResponsePackets periplus.Count
	Opened                         periplus.Count
	Records                        int64
	Connections                    int64 // an upper bound
	// Unmeasured are the records of rows that hold no counter at all, so bytes
	// and packets are "at least" where it is not 0.
	Unmeasured int64
}

// Bytes is both directions together; unknown only where neither is known.
func (t Totals) Bytes() periplus.Count {
	n := t.RequestBytes
	n.Add(t.ResponseBytes)
	return n
}

// Packets is both directions together; unknown only where neither is known.
func (t Totals) Packets() periplus.Count {
	n := t.RequestPackets
	n.Add(t.ResponsePackets)
	return n
}

// Metric is the counter of that name (one of Metrics).
func (t Totals) Metric(name string) periplus.Count {
	switch name {
	case "packets":
		return t.Packets()
	case "records":
		return periplus.Count{N: t.Records, Known: true}
	case "opened":
		return t.Opened
	}
	return t.Bytes()
}

// Add adds what another sum holds.
func (t *Totals) Add(o Totals) {
	t.RequestBytes.Add(o.RequestBytes)
	t.RequestPackets.Add(o.RequestPackets)
	t.ResponseBytes.Add(o.ResponseBytes)
	t.ResponsePackets.Add(o.ResponsePackets)
	t.Opened.Add(o.Opened)
	t.Records += o.Records
	t.Connections += o.Connections
	t.Unmeasured += o.Unmeasured
}

// Verdicts holds totals by verdict: v[periplus.Denied].
type Verdicts [4]Totals

// All is the sum over the verdicts.
func (v Verdicts) All() Totals {
	var t Totals
	for i := range v {
		t.Add(v[i])
	}
	return t
}

// Stopped is the sum of denied and dropped.
func (v Verdicts) Stopped() Totals {
	t := v[periplus.Denied]
	t.Add(v[periplus.Dropped])
	return t
}

// Passed is the sum of allowed and unknown.
func (v Verdicts) Passed() Totals {
	t := v[periplus.Allowed]
	t.Add(v[periplus.Unknown])
	return t
}

// Add adds what other totals hold, verdict by verdict.
func (v *Verdicts) Add(o Verdicts) {
	for i := range v {
		v[i].Add(o[i])
	}
}

// Group is who stands at an end: one address, or many that share a level.
type Group struct {
	ID    string // stable and unambiguous; see Key
	Key   Key
	Label string
	// Parent is the id of the group that it lies in, "" for none.
	Parent string
	// Role is an icon key such as aws.ec2, "" where its members differ or
	// nobody knows.
	Role string
	// What all members share; "" where they differ or nobody knows.
	Provider, Account, Region, Network, Subnet, Country string
	// Service is, of an address, the id of its group at level service; "" where
	// it stands for itself there.
	Service   string
	ASN       int64 // 0 where they differ or nobody knows
	Endpoints int64 // addresses known to lie in it
	// Seen are the tightest prefixes, one of IPv4 and one of IPv6, that hold
	// the addresses of one's own group; none where there is but one address.
	Seen []netip.Prefix
	// Gates are how many of its members let traffic in or out of a network.
	Gates     int64
	Addresses []string
	// Expandable: asking with its ID in Expand shows its members.
	Expandable bool
	// What a host or all members of a group share; "" and 0 as above.
	Owner, NamedBy string
	tags           []periplus.Column
	service        string // that all members share
}

// Tags are those that all members share.
func (g *Group) Tags() []periplus.Column { return g.tags }

// MapNode is a group with what it sent and received.
type MapNode struct {
	Group
	// In is what it was asked as a server, Out what it asked as a client, Self
	// what its members asked of one another (in neither of the others).
	In, Out, Self Verdicts
	Expanded      bool
}

// PortUse is what went to one server port of one protocol.
type PortUse struct {
	Port     uint16
	HasPort  bool
	Protocol uint8
	Verdicts Verdicts
	// Answer is, by verdict, of what was let through: seen, none or unknown,
	// the strongest of its rows. Unanswered are the records of which the log
	// could have shown an answer and did not. Only ports of panels have them.
	Answer     [4]string
	Unanswered [4]int64
	// Of panels only: why and where it was stopped, and with whom it was spoken;
	// In: the others asked.
	Reason, StoppedAt string
	Peer              *Group
	In                bool
}

// Edge is what clients of one group asked of servers of another.
type Edge struct {
	Source, Target string // ids of groups; client and server
	Verdicts       Verdicts
	Ports          []PortUse // the first three by the asked metric
	MorePorts      int64     // how many others
	Answer         string    // of what was let through: seen, none or unknown, the strongest of its rows
	Unanswered     int64     // records let through of which the log could have shown an answer and did not
	// StoppedAt is where most of what was stopped was: client, server, middle
	// or "" where nothing was or nobody knows.
	StoppedAt           string
	SeenBy              string // client, server, both, middle, unknown; "mixed"
	FirstSeen, LastSeen time.Time
	Sampled, Incomplete bool
}

// Share is a part of a whole: how much of a metric is shown.
type Share struct{ Shown, All int64 }

// Map is the answer to Questions.Map.
type Map struct {
	Range  Range
	Level  string
	Metric string
	Groups []Group // what nodes lie in, parents before children
	Nodes  []MapNode
	Edges  []Edge
	Totals Verdicts // of everything that was asked for, shown or not
	// Rest is what is in Totals and on no edge shown.
	Rest               Verdicts
	AllEdges, AllNodes int64 // how many there are, shown or not
	// Coverage says how much of each of Metrics is shown, and of "denied", the
	// records of what was stopped.
	Coverage map[string]Share
	LeftOut  LeftOut
	// Higher is the next wider level, where not all edges are shown; "" where
	// there is none.
	Higher string
}

// LeftOut is what an answer does not hold or cannot know.
type LeftOut struct {
	// Legs is what was seen again behind a NAT in its own name: in no total.
	LegBytes, LegRecords int64
	// Unmeasured are records of the totals that came without any counter.
	Unmeasured int64
	// Rows of the totals whose observer lost records, and whose counters are
	// estimates, with their records.
	IncompleteRecords, SampledRecords int64
	// From coverage, whatever the filter: windows in which records were lost,
	// records that came late, bad lines, and whole hours without any log.
	SkipData, Late, Bad int64
	Hours, HoursCovered int64
}

// Timeline is the answer to Questions.Timeline: bins of equal length that
// cover the range.
type Timeline struct {
	Range Range
	Start time.Time
	Step  time.Duration
	Bins  []Verdicts
}

// TopRow is one line of a table: the values of what it was grouped by.
type TopRow struct {
	Values   []string // in the order of By; numbers in digits, "" where there is none
	Verdicts Verdicts
	// FirstSeen and LastSeen are zero in a rest.
	FirstSeen, LastSeen time.Time
}

// Top is the answer to Questions.Top.
type Top struct {
	Range  Range
	By     []string
	Rows   []TopRow
	Rest   Verdicts
	All    int64 // how many rows there are, shown or not
	Totals Verdicts
}

// FlowRow is one row of the evidence with the object it came from.
type FlowRow struct {
	periplus.Flow
	URI string // "" where the ledger does not know the object
}

// Rows is one page of the answer to Questions.Rows; Next is "" at the end.
type Rows struct {
	Range Range
	Rows  []FlowRow
	Next  string
}

// Conversation is one merged conversation of the range.
type Conversation struct {
	Client, Server               string
	ClientNetwork, ServerNetwork string
	ServerPort                   uint16
	HasPort                      bool
	Protocol                     uint8
	Verdict                      periplus.Verdict
	Totals                       Totals
	FirstSeen, LastSeen          time.Time
}

// Peer is who a node speaks to.
type Peer struct {
	Group
	Verdicts Verdicts
}

// NodeAnswer is the answer to Questions.Node.
type NodeAnswer struct {
	Range               Range
	Group               Group
	Tags                []periplus.Column // what all members share
	Service             string            // of a host, or what all members share
	Zone                string            // of a host, as its own interface's last records have it
	In, Out, Self       Verdicts
	Clients, Servers    []Peer // who asks it, whom it asks
	AllClients          int64
	AllServers          int64
	Ports               []PortUse // that it serves and that it asks of others
	AllPorts            int64
	Stops               []Stop // the most frequent
	Timeline            Timeline
	FirstSeen, LastSeen time.Time
}

// Stop says where and why packets were stopped.
type Stop struct {
	Verdict   periplus.Verdict
	StoppedAt string
	Reason    string
	Records   int64
}

// EdgeAnswer is the answer to Questions.Edge.
type EdgeAnswer struct {
	Range          Range
	Source, Target Group
	Edge           Edge // Ports holds more than three
	Stops          []Stop
	SeenBy         map[string]int64 // records by seen_by
	Timeline       Timeline
}

// FacetValue is one value of a field and how much it stands for.
type FacetValue struct {
	Value   string
	Records int64
	Bytes   periplus.Count
	Stopped int64 // records
}

// Facet is the top values of one field.
type Facet struct {
	Field  string
	Values []FacetValue
	All    int64 // how many there are, shown or not
}

// Extent is what the lake holds.
type Extent struct {
	From, To               time.Time // zero: no data
	Objects, Records, Bad  int64
	Partly, Failed         int64 // objects
	Size                   int64
	Interfaces, Networks   int64
	Providers              []string
	SkipData, NoData, Late int64
}
