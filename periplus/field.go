package periplus

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Type is a column's type in every engine: no unsigned, nothing that only one
// of them has.
type Type uint8

// The column types.
const (
	Varchar Type = iota
	Bigint
	Integer
	Boolean
	Timestamptz // microseconds, UTC
	Varbinary
)

func (t Type) String() string {
	return [...]string{"varchar", "bigint", "integer", "boolean", "timestamptz", "varbinary"}[t]
}

// A Field is one column of a table whose rows are T: what SQL, Parquet, CSV,
// JSON and the documentation say of it, once. Get returns string, int64, bool,
// time.Time, []byte, or nil for null.
type Field[T any] struct {
	Name  string
	Type  Type
	Null  bool
	Doc   string
	Get   func(*T) any
	Added int // Iceberg field id; 0: its place in the table, from 1
}

// place makes the field of a Flow that its Place holds.
func place(name, doc string, get func(*Place) string) Field[Flow] {
	return Field[Flow]{Name: name, Doc: doc, Get: func(f *Flow) any { return get(f.Place) }}
}

// FlowFields is the table flows, in column order. A varchar that is not Null
// is never null: what the log did not say is "".
var FlowFields = []Field[Flow]{
	{Name: "object", Type: Bigint, Doc: "id in objects of the file it came from", Get: func(f *Flow) any { return f.Object }},
	{Name: "bucket", Type: Timestamptz, Doc: "start of the 5-minute bucket", Get: func(f *Flow) any { return f.Bucket }},
	{Name: "first_seen", Type: Timestamptz, Doc: "start of the first record", Get: func(f *Flow) any { return f.FirstSeen }},
	{Name: "last_seen", Type: Timestamptz, Doc: "end of the last record", Get: func(f *Flow) any { return f.LastSeen }},
	{Name: "minutes", Type: Bigint, Doc: "bit i: a record began or ended in minute i of the bucket", Get: func(f *Flow) any { return f.Minutes }},
	place("provider", "aws, gcp, azure", func(p *Place) string { return p.Provider }),
	place("account", "AWS account, GCP project, Azure subscription of the observer", func(p *Place) string { return p.Account }),
	place("region", "region of the observer", func(p *Place) string { return p.Region }),
	place("zone", "zone of the observer", func(p *Place) string { return p.Zone }),
	place("network", "VPC or VNet of the observer", func(p *Place) string { return p.Network }),
	place("subnet", "subnet of the observer", func(p *Place) string { return p.Subnet }),
	place("interface", "interface that wrote it", func(p *Place) string { return p.Interface }),
	place("log", "flow log that wrote it", func(p *Place) string { return p.Log }),
	{Name: "observer", Doc: "client, server, middle, leg, unknown", Get: func(f *Flow) any { return f.Observer.String() }},
	{Name: "client", Doc: "address of the client", Get: func(f *Flow) any { return addr(f.Client) }},
	{Name: "server", Doc: "address of the server", Get: func(f *Flow) any { return addr(f.Server) }},
	{Name: "server_port", Type: Integer, Null: true, Doc: "null for ICMP and other portless protocols", Get: func(f *Flow) any { return port(f.ServerPort, f.HasPort) }},
	{Name: "protocol", Type: Integer, Doc: "IANA number; 0 also where the log does not say it", Get: func(f *Flow) any { return int64(f.Protocol) }},
	{Name: "oriented_by", Doc: "rule that decided who the client is", Get: func(f *Flow) any { return f.OrientedBy.String() }},
	{Name: "client_port", Type: Integer, Null: true, Doc: "kept only where a weak rule oriented a single 5-tuple", Get: func(f *Flow) any { return port(f.ClientPort, f.HasClientPort) }},
	{Name: "verdict", Doc: "allowed, denied, dropped, unknown", Get: func(f *Flow) any { return f.Verdict.String() }},
	{Name: "reason", Doc: "reject reason, rule name, drop reason", Get: func(f *Flow) any { return note(f.Note).Reason }},
	{Name: "request_packets", Type: Bigint, Null: true, Doc: "packets from client to server", Get: func(f *Flow) any { return f.RequestPackets.any() }},
	{Name: "request_bytes", Type: Bigint, Null: true, Doc: "bytes from client to server", Get: func(f *Flow) any { return f.RequestBytes.any() }},
	{Name: "response_packets", Type: Bigint, Null: true, Doc: "packets from server to client", Get: func(f *Flow) any { return f.ResponsePackets.any() }},
	{Name: "response_bytes", Type: Bigint, Null: true, Doc: "bytes from server to client", Get: func(f *Flow) any { return f.ResponseBytes.any() }},
	{Name: "records", Type: Bigint, Doc: "log records merged", Get: func(f *Flow) any { return f.Records }},
	{Name: "connections", Type: Bigint, Doc: "distinct client ports within this row", Get: func(f *Flow) any { return f.Connections }},
	{Name: "opened", Type: Bigint, Null: true, Doc: "connections that began in this row; null where the log cannot say", Get: func(f *Flow) any { return f.Opened.any() }},
	{Name: "tcp_flags", Type: Integer, Doc: "OR of all TCP flags", Get: func(f *Flow) any { return int64(f.TCPFlags) }},
	{Name: "nat_client", Null: true, Doc: "the client as this interface saw it, where that differs", Get: func(f *Flow) any { return addrOrNil(f.NATClient) }},
	{Name: "nat_server", Null: true, Doc: "the server as this interface saw it, where that differs", Get: func(f *Flow) any { return addrOrNil(f.NATServer) }},
	{Name: "service", Null: true, Doc: "cloud service", Get: func(f *Flow) any { return orNil(f.Service) }},
	{Name: "path", Null: true, Doc: "traffic path", Get: func(f *Flow) any { return orNil(note(f.Note).Path) }},
	{Name: "encryption", Null: true, Doc: "encryption state", Get: func(f *Flow) any { return orNil(note(f.Note).Encryption) }},
	{Name: "sampled", Type: Boolean, Doc: "counters are estimates", Get: func(f *Flow) any { return f.Sampled }},
}

// TrafficFields is the table traffic, in column order.
var TrafficFields = []Field[Traffic]{
	{Name: "step", Type: Bigint, Doc: "seconds: 300, 3600, 86400", Get: func(t *Traffic) any { return t.Step }},
	{Name: "bucket", Type: Timestamptz, Doc: "start of the step", Get: func(t *Traffic) any { return t.Bucket }},
	{Name: "client", Doc: "address of the client", Get: func(t *Traffic) any { return addr(t.Client) }},
	{Name: "client_network", Doc: "network that the client belongs to, '' for none", Get: func(t *Traffic) any { return t.ClientNetwork }},
	{Name: "server", Doc: "address of the server", Get: func(t *Traffic) any { return addr(t.Server) }},
	{Name: "server_network", Doc: "network that the server belongs to, '' for none", Get: func(t *Traffic) any { return t.ServerNetwork }},
	{Name: "server_port", Type: Integer, Null: true, Doc: "null for ICMP and other portless protocols", Get: func(t *Traffic) any { return port(t.ServerPort, t.HasPort) }},
	{Name: "protocol", Type: Integer, Doc: "IANA number; 0 also where the log does not say it", Get: func(t *Traffic) any { return int64(t.Protocol) }},
	{Name: "verdict", Doc: "allowed, denied, dropped, unknown", Get: func(t *Traffic) any { return t.Verdict.String() }},
	{Name: "reason", Doc: "reject reason, rule name, drop reason", Get: func(t *Traffic) any { return t.Reason }},
	{Name: "request_packets", Type: Bigint, Null: true, Doc: "packets from client to server", Get: func(t *Traffic) any { return t.RequestPackets.any() }},
	{Name: "request_bytes", Type: Bigint, Null: true, Doc: "bytes from client to server", Get: func(t *Traffic) any { return t.RequestBytes.any() }},
	{Name: "response_packets", Type: Bigint, Null: true, Doc: "packets from server to client", Get: func(t *Traffic) any { return t.ResponsePackets.any() }},
	{Name: "response_bytes", Type: Bigint, Null: true, Doc: "bytes from server to client", Get: func(t *Traffic) any { return t.ResponseBytes.any() }},
	{Name: "records", Type: Bigint, Doc: "log records of the observers that were kept", Get: func(t *Traffic) any { return t.Records }},
	{Name: "connections", Type: Bigint, Doc: "client ports, an upper bound", Get: func(t *Traffic) any { return t.Connections }},
	{Name: "opened", Type: Bigint, Null: true, Doc: "connections that began here", Get: func(t *Traffic) any { return t.Opened.any() }},
	{Name: "tcp_flags", Type: Integer, Doc: "OR of all TCP flags", Get: func(t *Traffic) any { return int64(t.TCPFlags) }},
	{Name: "first_seen", Type: Timestamptz, Doc: "start of the first record", Get: func(t *Traffic) any { return t.FirstSeen }},
	{Name: "last_seen", Type: Timestamptz, Doc: "end of the last record", Get: func(t *Traffic) any { return t.LastSeen }},
	{Name: "seen_by", Doc: "client, server, both, middle, unknown", Get: func(t *Traffic) any { return t.SeenBy }},
	{Name: "stopped_at", Doc: "client, server, middle or ''", Get: func(t *Traffic) any { return t.StoppedAt }},
	{Name: "answer", Doc: "seen, none (the log could have shown one), unknown", Get: func(t *Traffic) any { return t.Answer }},
	{Name: "service", Doc: "cloud service", Get: func(t *Traffic) any { return t.Service }},
	{Name: "path", Doc: "traffic path", Get: func(t *Traffic) any { return t.Path }},
	{Name: "encryption", Doc: "encryption state", Get: func(t *Traffic) any { return t.Encryption }},
	{Name: "sampled", Type: Boolean, Doc: "counters are estimates", Get: func(t *Traffic) any { return t.Sampled }},
	{Name: "incomplete", Type: Boolean, Doc: "records were lost (SKIPDATA) at the chosen observer", Get: func(t *Traffic) any { return t.Incomplete }},
}

// EndpointFields is the table endpoints, in column order.
var EndpointFields = []Field[Endpoint]{
	{Name: "address", Doc: "canonical text", Get: func(e *Endpoint) any { return addr(e.Address) }},
	{Name: "ip", Type: Varbinary, Doc: "16 bytes, IPv4 mapped", Get: func(e *Endpoint) any { b := e.Address.As16(); return b[:] }},
	{Name: "network", Doc: "'' where it belongs to none", Get: func(e *Endpoint) any { return e.Network }},
	{Name: "valid_from", Type: Timestamptz, Doc: "from when this holds", Get: func(e *Endpoint) any { return e.ValidFrom }},
	{Name: "valid_to", Type: Timestamptz, Doc: "until when; 9999-12-31: still", Get: func(e *Endpoint) any { return e.ValidTo }},
	{Name: "kind", Doc: "own, public, special", Get: func(e *Endpoint) any { return e.Kind }},
	{Name: "name", Doc: "what it is called", Get: func(e *Endpoint) any { return e.Name }},
	{Name: "service", Doc: "the group it belongs to", Get: func(e *Endpoint) any { return e.Service }},
	{Name: "subnet", Doc: "", Get: func(e *Endpoint) any { return e.Subnet }},
	{Name: "account", Doc: "", Get: func(e *Endpoint) any { return e.Account }},
	{Name: "region", Doc: "", Get: func(e *Endpoint) any { return e.Region }},
	{Name: "provider", Doc: "", Get: func(e *Endpoint) any { return e.Provider }},
	{Name: "role", Doc: "icon key such as aws.ec2, net.internet", Get: func(e *Endpoint) any { return e.Role }},
	{Name: "owner", Doc: "", Get: func(e *Endpoint) any { return e.Owner }},
	{Name: "country", Doc: "ISO 3166 alpha-2", Get: func(e *Endpoint) any { return e.Country }},
	{Name: "asn", Type: Bigint, Doc: "0: not known", Get: func(e *Endpoint) any { return e.ASN }},
	{Name: "tags", Doc: "key=value lines, percent-encoded, sorted", Get: func(e *Endpoint) any { return TagText(e.Tags) }},
	{Name: "named_by", Doc: "what named it: file, inventory, log, cloud, geo or ''", Get: func(e *Endpoint) any { return e.NamedBy }},
}

// CoverageFields is the table coverage, in column order.
var CoverageFields = []Field[Coverage]{
	{Name: "hour", Type: Timestamptz, Doc: "start of the hour", Get: func(c *Coverage) any { return c.Hour }},
	{Name: "provider", Doc: "", Get: func(c *Coverage) any { return c.Provider }},
	{Name: "account", Doc: "", Get: func(c *Coverage) any { return c.Account }},
	{Name: "region", Doc: "", Get: func(c *Coverage) any { return c.Region }},
	{Name: "network", Doc: "", Get: func(c *Coverage) any { return c.Network }},
	{Name: "subnet", Doc: "", Get: func(c *Coverage) any { return c.Subnet }},
	{Name: "interface", Doc: "", Get: func(c *Coverage) any { return c.Interface }},
	{Name: "log", Doc: "", Get: func(c *Coverage) any { return c.Log }},
	{Name: "keeps_passed", Type: Boolean, Doc: "it held traffic that was not stopped; once true it stays", Get: func(c *Coverage) any { return c.KeepsPassed }},
	{Name: "records", Type: Bigint, Doc: "", Get: func(c *Coverage) any { return c.Records }},
	{Name: "nodata", Type: Bigint, Doc: "windows without traffic", Get: func(c *Coverage) any { return c.NoData }},
	{Name: "skipdata", Type: Bigint, Doc: "windows that lost records", Get: func(c *Coverage) any { return c.SkipData }},
	{Name: "late", Type: Bigint, Doc: "records by which the hour grew after its traffic was built", Get: func(c *Coverage) any { return c.Late }},
	{Name: "bad", Type: Bigint, Doc: "bad lines of objects; they stand with their log, in no interface", Get: func(c *Coverage) any { return c.Bad }},
}

// ObjectFields is the table objects, in column order.
var ObjectFields = []Field[ReadObject]{
	{Name: "id", Type: Bigint, Doc: "flows.object", Get: func(o *ReadObject) any { return o.ID }},
	{Name: "uri", Doc: "where it lies", Get: func(o *ReadObject) any { return o.URI }},
	{Name: "size", Type: Bigint, Doc: "bytes as stored; -1 when not known", Get: func(o *ReadObject) any { return o.Size }},
	{Name: "etag", Doc: "", Get: func(o *ReadObject) any { return o.ETag }},
	{Name: "format", Doc: "", Get: func(o *ReadObject) any { return o.Format }},
	{Name: "state", Doc: "read, partly, failed", Get: func(o *ReadObject) any { return string(o.State) }},
	{Name: "cursor", Type: Bigint, Doc: "bytes read of a growing blob", Get: func(o *ReadObject) any { return o.Cursor }},
	{Name: "batch", Doc: "the commit that read it", Get: func(o *ReadObject) any { return o.Batch }},
	{Name: "records", Type: Bigint, Doc: "", Get: func(o *ReadObject) any { return o.Records }},
	{Name: "bad", Doc: "kind=count, sorted, comma between", Get: func(o *ReadObject) any { return BadText(o.Bad) }},
	{Name: "first_seen", Type: Timestamptz, Null: true, Doc: "", Get: func(o *ReadObject) any { return timeOrNil(o.FirstSeen) }},
	{Name: "last_seen", Type: Timestamptz, Null: true, Doc: "", Get: func(o *ReadObject) any { return timeOrNil(o.LastSeen) }},
	{Name: "read_at", Type: Timestamptz, Doc: "", Get: func(o *ReadObject) any { return o.ReadAt }},
}

func (c Count) any() any {
	if !c.Known {
		return nil
	}
	return c.N
}

func note(n *Note) Note {
	if n == nil {
		return Note{}
	}
	return *n
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func addrOrNil(a netip.Addr) any {
	if !a.IsValid() {
		return nil
	}
	return a.String()
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func port(p uint16, has bool) any {
	if !has {
		return nil
	}
	return int64(p)
}

var (
	verdictNames     = [...]string{"unknown", "allowed", "denied", "dropped"}
	observerNames    = [...]string{"unknown", "client", "server", "middle", "leg"}
	orientationNames = [...]string{"undecided", "flags", "provider", "known", "privileged", "one_way", "fan_in", "service", "port"}
	directionNames   = [...]string{"", "ingress", "egress", "through"}
)

func (v Verdict) String() string     { return verdictNames[v] }
func (o Observer) String() string    { return observerNames[o] }
func (o Orientation) String() string { return orientationNames[o] }
func (d Direction) String() string   { return directionNames[d] }

// ParseVerdict is the inverse of Verdict.String.
func ParseVerdict(s string) (Verdict, error) { return parse[Verdict](s, verdictNames[:]) }

// ParseObserver is the inverse of Observer.String.
func ParseObserver(s string) (Observer, error) { return parse[Observer](s, observerNames[:]) }

// ParseOrientation is the inverse of Orientation.String.
func ParseOrientation(s string) (Orientation, error) {
	return parse[Orientation](s, orientationNames[:])
}

func parse[T ~uint8](s string, names []string) (T, error) {
	for i, n := range names {
		if n == s {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%q is none of %s", s, strings.Join(names, ", "))
}
