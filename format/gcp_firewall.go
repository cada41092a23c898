package format

import "github.com/periplus/periplus/periplus"

var gcpFirewall = Format{
	Name:  "gcp-firewall",
	Title: "GCP Firewall Rules Logging (Cloud Logging entries, JSON)",
	About: "One entry a connection that a rule with logging let in or turned away: who asked whom, the rule, the verdict. " +
		"It measures nothing, so packets and bytes are unknown. Only TCP and UDP, only rules with logging; the implied rules are never in it.",
	Columns: gcpFirewallColumns,
	Guess:   func(head []byte, _ Options) bool { return gcpGuess(head, true) },
	Open:    openGCP,
	Explain: gcpExplain,
}

// event makes a record of a firewall entry.
func (g *gcpReader) event(r *periplus.Record, e *gcpEntry) (periplus.BadKind, string) {
	if kind, msg := g.connection(r, e); kind != "" {
		return kind, msg
	}
	if kind, msg := g.times(r, e); kind != "" {
		return kind, msg
	}
	r.Mark = periplus.MarkEvent
	r.Initiator = true
	switch string(e.disposition) {
	case "ALLOWED":
		r.Verdict = periplus.Allowed
	case "DENIED":
		r.Verdict = periplus.Denied
	case "INTERCEPTED": // a firewall endpoint looks into it: what that decides is not in this log
	default:
		if e.disposition != nil {
			g.p.extra = append(g.p.extra, gcpExtra{"", gcpDisposition, e.disposition})
		}
	}
	src, dst := &e.remote, &e.local // a rule is about ingress unless it says otherwise
	switch string(e.ruleDirection) {
	case "INGRESS":
		r.Direction = periplus.Ingress
	case "EGRESS":
		r.Direction = periplus.Egress
		src, dst = dst, src
	}
	r.Place = g.names.place(e, &e.local, false)
	if r.Direction != periplus.DirectionUnknown {
		r.SrcID, r.DstID = g.names.identity(src), g.names.identity(dst)
	}
	r.Note = g.names.note(e.ruleReference, nil, nil)
	return "", ""
}
