package flowgen

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Truth is what happened, told by packets: what a right answer must say.
type Truth struct {
	Logs  string // folder of the log files
	Names string // names file; "" where there is none

	From, To time.Time // hours that hold traffic
	// Conversations are sorted by client, server, port, protocol, verdict.
	Conversations []Conversation
	Findings      []Finding // incidents, by time

	Files   int64 // written
	Records int64 // log lines, entries and tuples about traffic, repeats included
	Repeats int64 // records among them that were delivered a second time
	Bad     map[periplus.BadKind]int64
}

// Key is one conversation with one verdict.
type Key struct {
	Client, Server netip.Addr
	// ClientNetwork and ServerNetwork name the VPC or VNet, only where the
	// address exists in more than one.
	ClientNetwork, ServerNetwork string
	Port                         uint16
	HasPort                      bool
	Protocol                     uint8
	Verdict                      periplus.Verdict
}

// Counters are packets and bytes; a counter that no log holds is not Known.
type Counters struct {
	RequestPackets, RequestBytes   periplus.Count
	ResponsePackets, ResponseBytes periplus.Count
}

// Conversation is what is true of one Key.
type Conversation struct {
	Key
	Counters
	Hours       []Hour // by time; their counters add up to Counters
	First, Last time.Time
	Sampled     bool // counters are what the cloud scaled up
	// Incomplete: at least one hour is; then Counters cannot be held exactly.
	Incomplete bool
}

// Hour is a conversation's part in one hour. Packets are booked in the hour in
// which the record that holds them starts (Azure: the tuple's time).
type Hour struct {
	Start time.Time
	Counters
	Incomplete bool // the observer that counts lost records (SKIPDATA)
}

// Finding is an incident that was planted.
type Finding struct {
	Kind     string // route, scan, probe, exfiltration, acl
	About    string
	Client   netip.Addr // who does it; the zero Addr where there are many
	Server   netip.Addr // to whom; the zero Addr where there are many
	From, To time.Time
}

// Add adds what is known of b.
func (c *Counters) Add(b Counters) {
	c.RequestPackets.Add(b.RequestPackets)
	c.RequestBytes.Add(b.RequestBytes)
	c.ResponsePackets.Add(b.ResponsePackets)
	c.ResponseBytes.Add(b.ResponseBytes)
}
