package format

import (
	"testing"

	"github.com/periplus/periplus/periplus"
)

// gcpRecord reads one entry with a payload.
func gcpRecord(t *testing.T, log, payload string) periplus.Record {
	t.Helper()
	entry := `{"insertId":"a","logName":"projects/p1/logs/compute.googleapis.com%2F` + log + `","timestamp":"2026-05-01T10:00:05Z","resource":{"labels":{"project_id":"p1","location":"global"}},"jsonPayload":{` +
		`"connection":{"protocol":6,"src_ip":"10.1.0.2","src_port":51000,"dest_ip":"10.2.0.9","dest_port":443},` + payload + "}}\n"
	recs, stats := readBytes(t, payload, []byte(entry), Options{Now: awsNow})
	if len(recs) != 1 {
		t.Fatalf("%s: %d records, %+v", payload, len(recs), stats)
	}
	return recs[0]
}

// A drop record is one by any of the fields that only drop records have, and
// what was dropped stands in fields of its own.
func TestGCPDrops(t *testing.T) {
	f := func(payload string, want periplus.Verdict, has periplus.Has, packets uint64) {
		t.Helper()
		r := gcpRecord(t, "vpc_flows", `"reporter":"SRC",`+payload)
		const counters = periplus.HasPackets | periplus.HasBytes
		if r.Verdict != want || r.Has&counters != has || r.Packets != packets {
			t.Errorf("%s: %v, %d packets (has %b); want %v, %d (%b)", payload, r.Verdict, r.Packets, r.Has&counters, want, packets, has)
		}
	}
	f(`"packets_sent":"7","bytes_sent":"700"`, periplus.Unknown, periplus.HasPackets|periplus.HasBytes, 7)
	f(`"disposition":"DROPPED","packets_dropped":"3","bytes_dropped":"300","drop_reason":"NO_ROUTE"`, periplus.Dropped, periplus.HasPackets|periplus.HasBytes, 3)
	f(`"packets_dropped":"3"`, periplus.Dropped, periplus.HasPackets, 3)
	f(`"bytes_dropped":"300"`, periplus.Dropped, periplus.HasBytes, 0)
	f(`"drop_reason":"NO_ROUTE"`, periplus.Dropped, 0, 0)
	f(`"disposition":"DROPPED","packets_sent":"7"`, periplus.Dropped, 0, 0)
}

// Where a gateway reports, it is the place: that of the side which it names.
func TestGCPGateways(t *testing.T) {
	f := func(reporter, iface string, direction periplus.Direction) {
		t.Helper()
		r := gcpRecord(t, "vpc_flows", `"reporter":"`+reporter+`","src_gateway":{"name":"tunnel-a","type":"VPN_TUNNEL","location":"europe-west1"},"dest_gateway":{"name":"attach-b","type":"INTERCONNECT_ATTACHMENT","location":"us-east1"}`)
		if r.Place.Interface != iface || r.Direction != direction || r.Place.Account != "p1" {
			t.Errorf("%s: %+v, direction %d; want %s, %d", reporter, *r.Place, r.Direction, iface, direction)
		}
	}
	f("SRC_GATEWAY", "tunnel-a", periplus.Through)
	f("DEST_GATEWAY", "attach-b", periplus.Through)
	f("SRC", "tunnel-a", periplus.Egress)
	f("DEST", "attach-b", periplus.Ingress)
}

// A firewall's entry is known by its rule, or by the name of its log.
func TestGCPFirewallEntries(t *testing.T) {
	for _, payload := range []string{`"disposition":"DENIED","rule_details":{"reference":"r","direction":"INGRESS"}`, `"disposition":"DENIED"`} {
		if r := gcpRecord(t, "firewall", payload); r.Mark != periplus.MarkEvent || r.Verdict != periplus.Denied || r.Has&(periplus.HasPackets|periplus.HasBytes) != 0 {
			t.Errorf("%s: %+v", payload, r)
		} else if r.Place.Region != "" || r.Place.Zone != "" {
			t.Errorf("region %q, zone %q; global is neither", r.Place.Region, r.Place.Zone)
		}
	}
	// A shared VPC's log belongs to the host project, its machine to another.
	r := gcpRecord(t, "firewall", `"disposition":"ALLOWED","rule_details":{"reference":"r","direction":"INGRESS"},"instance":{"project_id":"p9","vm_name":"web","region":"us-east1"},"vpc":{"project_id":"p1","vpc_name":"prod"}`)
	if p := r.Place; p.Account != "p1" || p.Interface != "web" || p.Region != "us-east1" || p.Network != "p1/prod" || r.DstID == nil || r.DstID.Account != "p9" {
		t.Errorf("place %+v, machine %+v; want account p1 for the log and p9 for the machine", *p, r.DstID)
	}
}
