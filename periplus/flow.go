package periplus

import (
	"math"
	"net/netip"
	"strings"
	"time"
)

// Bucket is the length of a flow row's window.
const Bucket = 5 * time.Minute

// Observer is where on a conversation's path its records were written.
type Observer uint8

// The observers. Leg is the far side of a NAT in the NAT's own name: it is
// kept and shown, and in no total.
const (
	ObserverUnknown Observer = iota
	ObserverClient
	ObserverServer
	ObserverMiddle
	ObserverLeg
)

// Orientation is the rule that decided who the client is, the strongest first.
// merge.md's table is their definition.
type Orientation uint8

// The rules of orientation.
const (
	ByUndecided Orientation = iota
	ByFlags
	ByProvider
	ByKnown
	ByPrivileged
	ByOneWay
	ByFanIn
	ByService
	ByPort
)

// Weak reports whether later evidence may turn the row round.
func (o Orientation) Weak() bool { return o == ByUndecided || o >= ByOneWay }

// Count is a counter that may be unknown.
type Count struct {
	N     int64
	Known bool
}

// Add adds a known number of b to a; unknown adds nothing. A sum that 64 bits
// do not hold stays TooMany.
func (a *Count) Add(b Count) {
	if b.Known {
		a.N = Plus(a.N, b.N)
		a.Known = true
	}
}

// TooMany is where sums stop: they never wrap.
const TooMany = math.MaxInt64

// Plus adds two counters.
func Plus(a, b int64) int64 {
	if b > 0 && a > TooMany-b {
		return TooMany
	}
	return a + b
}

// Flow is one row of the table flows, the evidence: one conversation in one
// bucket at one observer, from one object, with one verdict and reason.
type Flow struct {
	Object              int64     // id in objects
	Bucket              time.Time // start of the 5 minutes, UTC
	FirstSeen, LastSeen time.Time
	// Minutes has bit i set when a record began or ended in minute i.
	Minutes  int64
	Place    *Place
	Observer Observer

	Client, Server netip.Addr
	ServerPort     uint16
	HasPort        bool // false: ICMP and other portless protocols
	Protocol       uint8
	OrientedBy     Orientation
	// ClientPort is kept only where a weak rule oriented a single 5-tuple.
	ClientPort    uint16
	HasClientPort bool

	Verdict Verdict
	Note    *Note // Reason, Path, Encryption; nil: none

	RequestPackets, RequestBytes   Count // client to server
	ResponsePackets, ResponseBytes Count
	Records                        int64
	Connections                    int64 // distinct client ports, exact up to 4096
	Opened                         Count // connections that began in this row
	TCPFlags                       uint8
	Sampled                        bool

	// NATClient and NATServer are what the interface saw where that differs
	// from the ends; else the zero Addr.
	NATClient, NATServer netip.Addr
	Service              string // cloud service at the server, else at the client
}

// Traffic is one row of the table traffic: one conversation in one step of
// time with one verdict and reason, its observers merged.
type Traffic struct {
	Step   int64 // seconds: 300, 3600, 86400
	Bucket time.Time

	Client, Server               netip.Addr
	ClientNetwork, ServerNetwork string
	ServerPort                   uint16
	HasPort                      bool
	Protocol                     uint8
	Verdict                      Verdict
	Reason                       string

	RequestPackets, RequestBytes   Count
	ResponsePackets, ResponseBytes Count
	Records                        int64
	Connections                    int64 // an upper bound once rows are summed
	Opened                         Count
	TCPFlags                       uint8
	FirstSeen, LastSeen            time.Time
	SeenBy                         string // client, server, both, middle, unknown
	StoppedAt                      string // client, server, middle or ""
	Answer                         string // seen, none, unknown
	Service, Path, Encryption      string
	Sampled, Incomplete            bool
}

// Forever is the valid_to of what is still valid.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Endpoint is one row of the table endpoints: who an address was in a network
// for a span of time.
type Endpoint struct {
	Address            netip.Addr
	Network            string // "" where the address belongs to none
	ValidFrom, ValidTo time.Time
	Kind               string // own, public, special

	Name, Service, Subnet, Account, Region, Provider string
	Role, Owner, Country                             string
	ASN                                              int64 // 0: not known
	Tags                                             []Column
	NamedBy                                          string // file, inventory, log, cloud, geo or ""
}

// Coverage is one row of the table coverage: what one log of one interface
// held in one hour.
type Coverage struct {
	Hour                                                  time.Time
	Provider, Account, Network, Subnet, Region, Interface string
	Log                                                   string
	KeepsPassed                                           bool // it held a record with a verdict other than stopped
	Records, NoData, SkipData, Late, Bad                  int64
}

// Compare orders coverage as the table does, by hour and log. 0: both are of the
// same, so that one row tells them.
func (c *Coverage) Compare(o *Coverage) int {
	if by := c.Hour.Compare(o.Hour); by != 0 {
		return by
	}
	switch { // cmp.Or would make all comparisons
	case c.Provider != o.Provider:
		return strings.Compare(c.Provider, o.Provider)
	case c.Account != o.Account:
		return strings.Compare(c.Account, o.Account)
	case c.Region != o.Region:
		return strings.Compare(c.Region, o.Region)
	case c.Network != o.Network:
		return strings.Compare(c.Network, o.Network)
	case c.Subnet != o.Subnet:
		return strings.Compare(c.Subnet, o.Subnet)
	case c.Interface != o.Interface:
		return strings.Compare(c.Interface, o.Interface)
	}
	return strings.Compare(c.Log, o.Log)
}

// Add adds what o tells of the same hour and log.
func (c *Coverage) Add(o *Coverage) {
	c.KeepsPassed = c.KeepsPassed || o.KeepsPassed
	c.Records += o.Records
	c.NoData += o.NoData
	c.SkipData += o.SkipData
	c.Late += o.Late
	c.Bad += o.Bad
}

// ObjectState is how the reading of an object ended.
type ObjectState string

// The states of an object.
const (
	ObjectRead   ObjectState = "read"
	ObjectPartly ObjectState = "partly" // it ended early or grows
	ObjectFailed ObjectState = "failed"
)

// ReadObject is one row of the table objects: the ledger.
type ReadObject struct {
	ID                  int64 // stable: a hash of URI
	URI                 string
	Size                int64
	ETag                string
	Format              string
	State               ObjectState
	Cursor              int64 // bytes read of a growing blob
	Batch               string
	Records             int64
	Bad                 map[BadKind]int64
	FirstSeen, LastSeen time.Time
	ReadAt              time.Time
}
