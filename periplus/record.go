package periplus

import (
	"net/netip"
	"time"
)

// Verdict is what the network did with packets. Its zero value is Unknown:
// the log did not say (GCP flow entries never do).
type Verdict uint8

// The four verdicts.
const (
	Unknown Verdict = iota
	Allowed
	Denied  // by a rule: security group, ACL, firewall, NSG
	Dropped // by the network itself: no route, blackhole, MTU, TTL
)

// Stopped reports whether the packets did not get through.
func (v Verdict) Stopped() bool { return v == Denied || v == Dropped }

// Mark tells what a record is about.
type Mark uint8

// A record's marks. Only Flow and Event are traffic; neither NoData nor
// SkipData is ever counted as a flow, an edge or bytes.
const (
	MarkFlow     Mark = iota // packets were seen; counters may still be unknown
	MarkEvent                // a firewall's decision on a connection; it measures nothing
	MarkNoData               // nothing happened in the window
	MarkSkipData             // records of the window were lost; one may stand for many
)

// Direction is where packets went, seen from the interface that logged them.
type Direction uint8

// The directions. Through is a gateway's: it is at neither end.
const (
	DirectionUnknown Direction = iota
	Ingress
	Egress
	Through
)

// State is where in its life a connection was, as Azure says it.
type State uint8

// The states.
const (
	StateUnknown State = iota
	StateBegin         // measures nothing, opens a connection
	StateContinue
	StateEnd
	StateDenied // measures nothing
)

// Has says which optional fields of a Record the log gave. A counter whose
// bit is not set is unknown and must never be read as 0.
type Has uint16

// The presence bits.
const (
	HasProtocol Has = 1 << iota
	HasSrcPort
	HasDstPort
	HasPackets    // Packets
	HasBytes      // Bytes
	HasRevPackets // RevPackets
	HasRevBytes   // RevBytes
	HasTCPFlags   // TCPFlags
	HasID         // ID
)

// TCP flags as AWS writes them, OR-ed over the window.
const (
	FIN = 1
	SYN = 2
	RST = 4
	PSH = 8
	ACK = 16
	URG = 32
)

// Place is who wrote a record and where it stands: one interface in one flow
// log. What the log did not say is "". A reader hands out the same *Place for
// all records of one place and never changes it afterwards, so it may be
// compared by address within one reader and kept.
type Place struct {
	Provider      string // aws, gcp, azure
	Account       string // AWS account, GCP project, Azure subscription
	Region        string
	Zone          string
	Network       string // VPC, VNet
	Subnet        string
	Interface     string // eni-…, MAC, GCP instance
	InterfaceType string // AWS v11 interface-type, '_' for '-', lower case
	Instance      string // instance id; "-" where the log says that there is none
	Log           string // fl-…, log name and configuration, NSG or VNet flow log
}

// Note is what a record says beside its numbers. Shared like a Place.
type Note struct {
	Reason     string // reject-reason, rule name, drop reason
	SrcService string // cloud service at the source (AWS S3, Google API …)
	DstService string
	Path       string // traffic path
	Encryption string
}

// Identity is what the log itself says of one end. Shared like a Place.
type Identity struct {
	Name    string // instance, pod, task
	Kind    string // icon key such as aws.ec2, gcp.gke; see docs/names
	Service string // what it belongs to: instance group, workload, ECS service
	Account string
	Region  string
	Zone    string
	Network string
	Subnet  string
	Country string // ISO 3166 alpha-2, upper case
	ASN     uint32
	Tags    []Column // AWS v11: the tag field's name and its decoded value
}

// Column is a field by name, as text: what no other field of a Record holds.
type Column struct{ Name, Value string }

// Record is one log line in our words: what one observer says of packets
// between two ends. AWS and GCP write one direction a record, Azure both.
//
// A Reader owns the records that it fills and everything they point to except
// Place, Note, SrcID and DstID, which may be kept.
type Record struct {
	Mark  Mark
	Place *Place    // never nil
	Note  *Note     // nil: nothing to say
	SrcID *Identity // nil: the log did not say; belongs to the packet-level source
	DstID *Identity

	// Src and Dst are the addresses of the interface level, PktSrc and PktDst
	// those of the packet where the log tells them apart (NAT, balancers,
	// pods); the zero Addr where it did not say. IPv4-mapped IPv6 is unmapped.
	Src, Dst       netip.Addr
	PktSrc, PktDst netip.Addr

	SrcPort, DstPort uint16 // meaningless for ICMP and other portless protocols
	Protocol         uint8  // IANA number
	Has              Has

	Packets, Bytes       uint64 // Src to Dst
	RevPackets, RevBytes uint64 // Dst to Src (Azure)

	Start, End time.Time // first and last packet, UTC
	// Booked is the time that decides the bucket: Start for AWS and GCP, the
	// tuple's time for Azure.
	Booked time.Time

	Verdict   Verdict
	Direction Direction
	State     State
	TCPFlags  uint8
	Sampled   bool // counters are estimates
	// Initiator: the log says that Src began the conversation (Azure tuples,
	// GCP firewall entries).
	Initiator bool
	// Part: a further record of the line before (what a transit gateway lost
	// of it), so it adds to counters but not to the number of records.
	Part bool

	ID    uint64   // hash of what makes the log entry unique (GCP: log, timestamp, insertId)
	Line  int64    // line, or number of the entry, in its object; from 1
	Extra []Column // unknown columns, kept by name; reused by the next Read
}

// Ends returns the two addresses that the record is about: the packet-level
// ones where the log has them, else the interface-level ones.
func (r *Record) Ends() (src, dst netip.Addr) {
	src, dst = r.PktSrc, r.PktDst
	if !src.IsValid() {
		src = r.Src
	}
	if !dst.IsValid() {
		dst = r.Dst
	}
	return src, dst
}

// Portless reports whether a protocol has no ports of its own (ICMP, GRE …):
// whatever the log says there is no port.
func Portless(protocol uint8) bool {
	switch protocol {
	case 6, 17, 33, 132, 136: // TCP, UDP, DCCP, SCTP, UDP-Lite
		return false
	}
	return true
}

// Home is the network that an end at this place belongs to: the network of the
// log, else its account and region, else "".
func (p *Place) Home() string {
	switch {
	case p.Network != "":
		return p.Network
	case p.Account != "" && p.Region != "":
		return p.Account + "/" + p.Region
	}
	return p.Account
}
