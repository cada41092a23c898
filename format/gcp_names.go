package format

import (
	"bytes"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// gcpNames gives out one value for everything that is said again and again, so
// that a record costs no memory. Places are as many as there are interfaces
// and are kept; the rest is forgotten when it grows too large, and made anew.
type gcpNames struct {
	places map[string]*periplus.Place // by what the entry says
	same   map[string]*periplus.Place // by what the place says
	ids    map[string]*periplus.Identity
	notes  map[string]*periplus.Note
	words  map[string]string
	key    []byte
}

// gcpNamesMax is how many values of one kind are kept.
const gcpNamesMax = 1 << 17

func newGCPNames() gcpNames {
	return gcpNames{
		places: map[string]*periplus.Place{},
		same:   map[string]*periplus.Place{},
		ids:    map[string]*periplus.Identity{},
		notes:  map[string]*periplus.Note{},
		words:  map[string]string{},
	}
}

// join writes parts as one key.
func (n *gcpNames) join(parts ...[]byte) []byte {
	n.key = n.key[:0]
	for _, p := range parts {
		n.key = append(append(n.key, p...), 0)
	}
	return n.key
}

// word returns b as a string that is made once.
func (n *gcpNames) word(b []byte) string {
	if s, ok := n.words[string(b)]; ok {
		return s
	}
	if len(n.words) >= gcpNamesMax {
		clear(n.words)
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	n.words[string(b)] = s
	return s
}

func (n *gcpNames) word2(a string, b []byte) string {
	n.key = append(append(n.key[:0], a...), b...)
	return n.word(n.key)
}

// value is the text of an unknown column; a long one is cut.
func (n *gcpNames) value(b []byte) string { return n.word(b[:min(len(b), 1024)]) }

// place is the reporting end's. gateway: a gateway stands there, no VM.
func (n *gcpNames) place(e *gcpEntry, own *gcpEnd, gateway bool) *periplus.Place {
	mode := []byte(nil)
	if gateway {
		mode = []byte{1}
	}
	key := n.join(e.logName, e.resource.project, e.resource.subnet, e.resource.location, e.resource.config,
		own.project, own.region, own.zone, own.vm, own.netProject, own.network, own.subnet, own.subnetRegion,
		own.gateway, own.gatewayType, own.gatewayPlace, own.gatewayProject, mode)
	if p, ok := n.places[string(key)]; ok {
		return p
	}
	k := string(key)
	p := n.newPlace(e, own, gateway)
	// Two texts may say the same place: it is one all the same.
	said := strings.Join([]string{p.Account, p.Region, p.Zone, p.Network, p.Subnet, p.Interface, p.InterfaceType, p.Log}, "\x00")
	if same, ok := n.same[said]; ok {
		p = same
	}
	if len(n.places) >= gcpNamesMax {
		clear(n.places)
	}
	n.same[said], n.places[k] = p, p
	return p
}

func (n *gcpNames) newPlace(e *gcpEntry, own *gcpEnd, gateway bool) *periplus.Place {
	p := &periplus.Place{Provider: "gcp", Interface: n.word(own.vm), Zone: n.word(own.zone), Region: n.word(own.region)}
	if gateway || own.vm == nil && own.gateway != nil {
		p.Interface, p.InterfaceType, p.Zone = n.word(own.gateway), strings.ToLower(n.word(own.gatewayType)), ""
		p.Region = n.word(own.gatewayPlace)
	}
	project, log := gcpLog(e.logName)
	p.Account = first(e.resource.project, project, own.project, own.netProject, own.gatewayProject)
	p.Network = gcpNetwork(own.netProject, own.network)
	p.Subnet = first(own.subnet, e.resource.subnet)
	if zone := e.resource.location; string(zone) != "global" && p.Region == "" {
		region := gcpRegion(zone)
		p.Region = first(own.subnetRegion, region)
		if p.Zone == "" && len(region) < len(zone) && !gateway {
			p.Zone = n.word(zone)
		}
	}
	p.Region = first([]byte(p.Region), own.subnetRegion)
	p.Log = n.word(log)
	if e.resource.config != nil {
		p.Log += "/" + n.word(e.resource.config)
	}
	return p
}

// first is the first of its values that says something.
func first(values ...[]byte) string {
	for _, v := range values {
		if len(v) > 0 {
			return strings.ToValidUTF8(string(v), "\uFFFD")
		}
	}
	return ""
}

// gcpLog splits projects/p/logs/compute.googleapis.com%2Fvpc_flows.
func gcpLog(name []byte) (project, log []byte) {
	parent, log, ok := bytes.Cut(name, []byte("/logs/"))
	if !ok {
		return nil, name
	}
	project, ok = bytes.CutPrefix(parent, []byte("projects/"))
	if !ok { // folders/, organizations/, billingAccounts/
		project = nil
	}
	log = bytes.ReplaceAll(log, []byte("%2F"), []byte("/"))
	return project, bytes.ReplaceAll(log, []byte("%2f"), []byte("/"))
}

// gcpNetwork names a VPC with its project: every project may have one called
// default, with the same addresses.
func gcpNetwork(project, name []byte) string {
	if len(project) == 0 || len(name) == 0 {
		return first(name)
	}
	return first(project) + "/" + first(name)
}

// gcpRegion is the region of a zone (europe-west1-b), or what is one already.
func gcpRegion(place []byte) []byte {
	if n := len(place); n > 2 && place[n-2] == '-' {
		return place[:n-2]
	}
	return place
}

// service2 is the Google service at an end: its name, else its type.
func (x *gcpEnd) service2() []byte {
	if x.api != nil {
		return x.api
	}
	return x.apiType
}

// identity is what the entry says of one end; nil if that is nothing.
func (n *gcpNames) identity(x *gcpEnd) *periplus.Identity {
	key := n.join(x.project, x.region, x.zone, x.vm, x.group, x.netProject, x.network, x.subnet, x.subnetRegion,
		x.cluster, x.clusterPlace, x.pod, x.namespace, x.workload, x.service, x.gateway, x.gatewayType, x.gatewayProject,
		x.gatewayPlace, x.api, x.apiType, x.run, x.runProject, x.runRegion, x.country, x.asn)
	if id, ok := n.ids[string(key)]; ok {
		return id
	}
	if len(n.ids) >= gcpNamesMax {
		clear(n.ids)
	}
	k := string(key)
	id := n.newIdentity(x)
	n.ids[k] = id
	return id
}

func (n *gcpNames) newIdentity(x *gcpEnd) *periplus.Identity {
	id := &periplus.Identity{
		Account: first(x.project, x.runProject, x.gatewayProject, x.netProject),
		Region:  first(x.region, x.runRegion, x.gatewayPlace, x.subnetRegion),
		Zone:    first(x.zone),
		Network: gcpNetwork(x.netProject, x.network),
		Subnet:  first(x.subnet),
		Country: gcpCountry(x.country),
	}
	if asn, ok := jsonUint(x.asn); ok && asn < 1<<32 {
		id.ASN = uint32(asn)
	}
	service := x.service
	if string(service) == "MANY_SERVICES" {
		service = nil
	}
	switch {
	case x.pod != nil || x.workload != nil || service != nil:
		id.Kind, id.Name, id.Service = "gcp.gke", first(x.pod, x.vm), first(x.workload, service)
	case x.vm != nil:
		id.Kind, id.Name, id.Service = "gcp.gce", first(x.vm), first(x.group)
	case x.run != nil:
		id.Kind, id.Name, id.Service = "gcp.run", first(x.run), first(x.run)
	case x.gateway != nil:
		id.Kind, id.Name = gcpGatewayKind(x.gatewayType), first(x.gateway)
	case x.api != nil || x.apiType != nil:
		id.Kind, id.Name, id.Service = gcpServiceKind(x.api), first(x.api), first(x.api, x.apiType)
	}
	for _, t := range [...]struct {
		name  string
		value []byte
	}{{"gke-cluster", x.cluster}, {"gke-namespace", x.namespace}} {
		if t.value != nil {
			id.Tags = append(id.Tags, periplus.Column{Name: t.name, Value: n.word(t.value)})
		}
	}
	if id.Kind == "" && id.Account == "" && id.Region == "" && id.Network == "" && id.Subnet == "" && id.Country == "" && id.ASN == 0 && id.Tags == nil {
		return nil
	}
	return id
}

func gcpGatewayKind(kind []byte) string {
	switch {
	case bytes.Contains(kind, []byte("INTERCONNECT")):
		return "gcp.interconnect"
	case bytes.Contains(kind, []byte("VPN")):
		return "gcp.vpn"
	case bytes.Contains(kind, []byte("NAT")):
		return "gcp.nat"
	}
	return "gcp.router"
}

// gcpServiceKind is the icon of a Google service by its host name.
func gcpServiceKind(name []byte) string {
	host, _, _ := bytes.Cut(name, []byte("."))
	switch string(host) {
	case "storage":
		return "gcp.gcs"
	case "bigquery", "bigquerystorage":
		return "gcp.bigquery"
	case "pubsub":
		return "gcp.pubsub"
	case "spanner":
		return "gcp.spanner"
	case "sqladmin", "cloudsql":
		return "gcp.cloudsql"
	case "redis", "memcache":
		return "gcp.memorystore"
	case "run":
		return "gcp.run"
	case "cloudfunctions":
		return "gcp.functions"
	case "dns":
		return "gcp.dns"
	}
	return "gcp.psc"
}

// note is what an entry says beside numbers and names; nil if that is nothing.
func (n *gcpNames) note(reason, src, dst []byte) *periplus.Note {
	if reason == nil && src == nil && dst == nil {
		return nil
	}
	key := n.join(reason, src, dst)
	if note, ok := n.notes[string(key)]; ok {
		return note
	}
	if len(n.notes) >= gcpNamesMax {
		clear(n.notes)
	}
	k := string(key)
	note := &periplus.Note{Reason: first(reason), SrcService: first(src), DstService: first(dst)}
	n.notes[k] = note
	return note
}
