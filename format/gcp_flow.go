package format

import (
	"bytes"
	"time"

	"github.com/periplus/periplus/periplus"
)

var gcpFlow = Format{
	Name:  "gcp-flow",
	Title: "GCP VPC Flow Logs (Cloud Logging entries, JSON)",
	About: "One direction of a connection as one end saw it, sampled and scaled up by Google, so counters are estimates. " +
		"It says who both ends are (VM, GKE pod, Google service, country). It has no verdict: only drop records say that packets were stopped; " +
		"denied ingress is not in it at all, denied egress looks like any other flow. Read the firewall log beside it.",
	Columns: gcpFlowColumns,
	Guess:   func(head []byte, _ Options) bool { return gcpGuess(head, false) },
	Open:    openGCP,
	Explain: gcpExplain,
}

// gcpGuess looks for what only such entries have. The log's name decides; a
// payload without its envelope is known by its connection.
func gcpGuess(head []byte, firewall bool) bool {
	b := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n[,")
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	connection := has(`"connection"`) && has(`"src_ip"`)
	rules := has(`%2Ffirewall"`) || connection && has(`"rule_details"`)
	switch {
	case has(`vpc_flows"`):
		return !firewall
	case rules || connection:
		return firewall == rules
	}
	e := gcpEnveloped(b)
	return e != nil && e.rule == firewall
}

// gcpEnveloped is the log entry in the Pub/Sub message that head begins with;
// nil if there is none.
func gcpEnveloped(head []byte) *gcpEntry {
	if !bytes.Contains(head, []byte(`"message"`)) || !bytes.Contains(head, []byte(`"data"`)) {
		return nil
	}
	g := &gcpReader{}
	g.p.reset(head)
	var e gcpEntry
	data := g.p.entry(&e)
	if g.p.fault != jsonFine || data == nil || g.unpack(data, 0) == nil || !g.e.payload {
		return nil
	}
	return &g.e
}

// flow makes a record of a flow entry.
func (g *gcpReader) flow(r *periplus.Record, e *gcpEntry) (periplus.BadKind, string) {
	if kind, msg := g.connection(r, e); kind != "" {
		return kind, msg
	}
	if kind, msg := g.times(r, e); kind != "" {
		return kind, msg
	}
	r.Mark = periplus.MarkFlow
	r.Sampled = true
	packets, octets := e.packetsSent, e.bytesSent
	stopped := string(e.disposition) == "DROPPED" || e.disposition == nil && (e.dropReason != nil || e.bytesLost != nil || e.packetsLost != nil)
	switch {
	case stopped:
		r.Verdict = periplus.Dropped
		packets, octets = e.packetsLost, e.bytesLost
	case e.disposition != nil:
		g.p.extra = append(g.p.extra, gcpExtra{"", gcpDisposition, e.disposition})
	}
	var ok bool
	if packets != nil {
		if r.Packets, ok = jsonUint(packets); !ok || r.Packets > maxCounter {
			return periplus.BadRange, "packets: " + gcpQuote(packets)
		}
		r.Has |= periplus.HasPackets
	}
	if octets != nil {
		if r.Bytes, ok = jsonUint(octets); !ok || r.Bytes > maxCounter {
			return periplus.BadRange, "bytes: " + gcpQuote(octets)
		}
		r.Has |= periplus.HasBytes
	}
	own := &e.src
	switch string(e.reporter) {
	case "SRC":
		r.Direction = periplus.Egress
	case "DEST":
		r.Direction, own = periplus.Ingress, &e.dst
	case "SRC_GATEWAY":
		r.Direction = periplus.Through
	case "DEST_GATEWAY":
		r.Direction, own = periplus.Through, &e.dst
	default:
		own = &gcpEnd{}
	}
	r.Place = g.names.place(e, own, r.Direction == periplus.Through)
	r.SrcID = g.names.identity(&e.src)
	r.DstID = g.names.identity(&e.dst)
	r.Note = g.names.note(e.dropReason, e.src.service2(), e.dst.service2())
	return "", ""
}

// times fills the span. A start that is missing is the end, as for ICMP in
// older entries; without both there is the entry's own time.
func (g *gcpReader) times(r *periplus.Record, e *gcpEntry) (periplus.BadKind, string) {
	var ok [3]bool
	var at time.Time
	r.Start, ok[0] = gcpTime(e.start)
	r.End, ok[1] = gcpTime(e.end)
	at, ok[2] = gcpTime(e.timestamp)
	for i, name := range [...]string{"start_time", "end_time", "timestamp"} {
		if !ok[i] {
			return periplus.BadTime, name + ": " + gcpQuote([...][]byte{e.start, e.end, e.timestamp}[i])
		}
	}
	switch {
	case r.Start.IsZero() && r.End.IsZero():
		r.Start, r.End = at, at
	case r.Start.IsZero():
		r.Start = r.End
	case r.End.IsZero():
		r.End = r.Start
	}
	if r.Start.IsZero() {
		return periplus.BadTime, "no start_time, end_time or timestamp"
	}
	if msg := g.absurd(r.Start, r.End); msg != "" {
		return periplus.BadTime, msg
	}
	r.Booked = r.Start
	if r.Has&periplus.HasID != 0 {
		r.ID = gcpID(e, at)
	}
	return "", ""
}

// gcpTime reads a time that may be missing.
func gcpTime(b []byte) (time.Time, bool) {
	if b == nil {
		return time.Time{}, true
	}
	return jsonTime(b)
}

// gcpDisposition is kept like an unknown column where nobody knows its value.
var gcpDisposition = []byte("disposition")
