package format

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// gcpExplain explains a log entry, a payload without its envelope, the first
// entry of an array, or what is in a Pub/Sub message.
func gcpExplain(line []byte, opt Options) (*Explanation, error) {
	text := bytes.TrimLeft(oneEntry(line), "[ \t\r\n")
	if len(text) == 0 {
		return nil, ErrEmpty
	}
	in, err := openGCP(bytes.NewReader(text), opt)
	if err != nil {
		return nil, err
	}
	recs := make([]periplus.Record, 1)
	g := in.(*gcpReader)
	if n, err := g.Read(recs); n == 0 {
		if s := g.Stats(); len(s.First) > 0 {
			return nil, hint{fmt.Errorf("not a flow: %s (%s)", s.First[0].Msg, s.First[0].Kind), "give one whole log entry as JSON"}
		}
		return nil, fmt.Errorf("not a log entry: %w", err)
	}
	e := &Explanation{Format: "gcp-flow", Record: &recs[0]}
	columns := gcpFlowColumns
	if recs[0].Mark == periplus.MarkEvent {
		e.Format, columns = "gcp-firewall", gcpFirewallColumns
	}
	entry := text
	if len(g.data) > 0 {
		entry = g.inner.b
		e.Says = append(e.Says, "It came in a Pub/Sub message.")
	}
	if e.Fields, err = jsonFields(entry, "jsonPayload.", columns); err != nil {
		return nil, err
	}
	if recs[0].Mark == periplus.MarkEvent {
		gcpSaysEvent(e)
	} else {
		gcpSaysFlow(e, &g.e)
	}
	for i, name := range [...]string{"source", "destination"} {
		if id := [...]*periplus.Identity{recs[0].SrcID, recs[0].DstID}[i]; id != nil {
			e.Says = append(e.Says, "The "+name+" is "+gcpWho(id)+".")
		}
	}
	for _, x := range recs[0].Extra {
		e.Says = append(e.Says, fmt.Sprintf("Nobody knows %s yet; it is kept.", x.Name))
	}
	return e, nil
}

func gcpSaysFlow(e *Explanation, entry *gcpEntry) {
	r := e.Record
	say := func(format string, args ...any) { e.Says = append(e.Says, fmt.Sprintf(format, args...)) }
	silent := func(s string) { e.Silent = append(e.Silent, s) }
	src, dst, over := cloudEnds(r)
	counts := cloudCounts(r, r.Packets, r.Bytes, periplus.HasPackets, periplus.HasBytes)
	if r.Verdict == periplus.Dropped {
		reason := "the log does not say why"
		if r.Note != nil && r.Note.Reason != "" {
			reason = r.Note.Reason
		}
		say("The network dropped what %s sent to %s%s: %s (%s).", src, dst, over, counts, reason)
	} else {
		say("%s sent %s to %s%s.", src, counts, dst, over)
		silent("Whether it was allowed: flow entries have no verdict. Firewall entries have one, and denied ingress is in no flow entry.")
	}
	say("The counts are estimates: packets are sampled, and Google scales them up; bytes are payload only.")
	switch string(entry.reporter) {
	case "SRC":
		say("The source's side saw it, before its firewall rules for egress.")
	case "DEST":
		say("The destination's side saw it, behind its firewall rules for ingress.")
	case "SRC_GATEWAY", "DEST_GATEWAY":
		say("A gateway saw it, which is at neither end.")
	default:
		silent("Who saw it: there is no reporter that we know.")
	}
	if entry.start == nil {
		say("There is no start_time; the end, or else the entry's time, is taken for it.")
	}
	if r.Place.Interface == "" {
		silent("Which VM saw it: the log's configuration leaves metadata out, or no VM did.")
	}
	silent("Who opened the connection: there are no TCP flags.")
	silent("The other direction: it is an entry of its own.")
}

func gcpSaysEvent(e *Explanation) {
	r := e.Record
	src, dst, over := cloudEnds(r)
	did := map[periplus.Verdict]string{periplus.Allowed: "was allowed", periplus.Denied: "was denied", periplus.Unknown: "was neither allowed nor denied by this rule"}[r.Verdict]
	rule := ""
	if r.Note != nil {
		rule = ": rule " + r.Note.Reason
	}
	e.Says = append(e.Says, fmt.Sprintf("A connection from %s to %s%s %s%s.", src, dst, over, did, rule))
	switch r.Direction {
	case periplus.Ingress:
		e.Says = append(e.Says, "The rule stands at the destination (INGRESS).")
	case periplus.Egress:
		e.Says = append(e.Says, "The rule stands at the source (EGRESS).")
	}
	if r.Verdict == periplus.Unknown {
		e.Silent = append(e.Silent, "What became of it: something else decided, and says so in its own log.")
	}
	e.Silent = append(e.Silent,
		"How many packets and bytes: firewall entries measure nothing. Flow entries do.",
		"What rules without logging did, and the implied rules: they are never logged.")
}

// gcpWho says who an end is.
func gcpWho(id *periplus.Identity) string {
	kind := map[string]string{"gcp.gce": "the VM", "gcp.gke": "the GKE workload", "gcp.run": "the Cloud Run workload",
		"gcp.vpn": "the VPN", "gcp.interconnect": "the interconnect", "gcp.nat": "the NAT", "gcp.router": "the gateway"}[id.Kind]
	if kind == "" && id.Kind != "" {
		kind = "the Google service"
	}
	name := id.Name
	if name == "" {
		name = id.Service
	}
	parts := []string{strings.TrimSpace(kind + " " + name)}
	add := func(what, value string) {
		if value != "" {
			parts = append(parts, what+value)
		}
	}
	if id.Service != name {
		add("of ", id.Service)
	}
	add("in ", id.Zone)
	add("in network ", id.Network)
	add("in ", id.Country)
	if id.ASN != 0 {
		add("in AS ", fmt.Sprint(id.ASN))
	}
	if parts[0] == "" {
		parts = parts[1:]
		if len(parts) == 0 {
			return "of project " + id.Account
		}
	}
	return strings.Join(parts, " ")
}
