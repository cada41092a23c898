package flowgen

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// gcpWriter writes one project's flow log or firewall log as Cloud Logging
// puts it into a bucket: a file an hour, more shards when there is much, and
// later additions beside it.
type gcpWriter struct {
	log     *flowLog
	project string
	// config is the name of a VPC flow logs configuration (Network Management
	// API); "": the subnet's own setting.
	config string
	prefix string // of the bucket
	array  bool   // as gcloud logging read prints it: one array
	shard  int    // entries a file
	hours  map[gcpFile][]gcpLine
}

// gcpFile is one file to be.
type gcpFile struct {
	hour     int64
	added    bool // an addition that came later
	delivery int
}

type gcpLine struct {
	at   time.Time
	text []byte
}

// logGCP adds a GCP flow log (or, with kind firewallLog, a firewall log).
func (w *world) logGCP(l *flowLog, project, config string, nics ...*nic) *gcpWriter {
	if l.kind != firewallLog {
		l.kind = gcpLog
	}
	if l.window == 0 {
		l.window = 5 * time.Second
	}
	g := &gcpWriter{log: l, project: project, config: config, prefix: "gcp", shard: 20000, hours: map[gcpFile][]gcpLine{}}
	l.out = g
	w.log(l, nics...)
	return g
}

// The entry's parts, in the order in which exports have them.
type gcpEntry struct {
	InsertID  string      `json:"insertId"`
	Payload   gcpPayload  `json:"jsonPayload"`
	LogName   string      `json:"logName"`
	Received  string      `json:"receiveTimestamp"`
	Resource  gcpResource `json:"resource"`
	Timestamp string      `json:"timestamp"`
}

type gcpResource struct {
	Labels map[string]string `json:"labels"`
	Type   string            `json:"type"`
}

type gcpPayload struct {
	BytesSent    string         `json:"bytes_sent,omitempty"`
	BytesLost    string         `json:"bytes_dropped,omitempty"`
	Connection   gcpConnection  `json:"connection"`
	DestGKE      *gcpGKE        `json:"dest_gke_details,omitempty"`
	DestService  *gcpService    `json:"dest_google_service,omitempty"`
	DestInstance *gcpInstance   `json:"dest_instance,omitempty"`
	DestLocation *gcpLocation   `json:"dest_location,omitempty"`
	DestVPC      *gcpVPC        `json:"dest_vpc,omitempty"`
	Disposition  string         `json:"disposition,omitempty"`
	DropReason   string         `json:"drop_reason,omitempty"`
	EndTime      string         `json:"end_time,omitempty"`
	Instance     *gcpInstance   `json:"instance,omitempty"`
	PacketsSent  string         `json:"packets_sent,omitempty"`
	PacketsLost  string         `json:"packets_dropped,omitempty"`
	RemoteInst   *gcpInstance   `json:"remote_instance,omitempty"`
	RemoteLoc    *gcpLocation   `json:"remote_location,omitempty"`
	RemoteVPC    *gcpVPC        `json:"remote_vpc,omitempty"`
	Reporter     string         `json:"reporter,omitempty"`
	Rule         map[string]any `json:"rule_details,omitempty"`
	SrcGKE       *gcpGKE        `json:"src_gke_details,omitempty"`
	SrcService   *gcpService    `json:"src_google_service,omitempty"`
	SrcInstance  *gcpInstance   `json:"src_instance,omitempty"`
	SrcLocation  *gcpLocation   `json:"src_location,omitempty"`
	SrcVPC       *gcpVPC        `json:"src_vpc,omitempty"`
	StartTime    string         `json:"start_time,omitempty"`
	VPC          *gcpVPC        `json:"vpc,omitempty"`
}

type gcpConnection struct {
	DestIP   string `json:"dest_ip"`
	DestPort *int   `json:"dest_port,omitempty"`
	Protocol int    `json:"protocol"`
	SrcIP    string `json:"src_ip"`
	SrcPort  *int   `json:"src_port,omitempty"`
}

type gcpInstance struct {
	Group   *gcpGroup `json:"managed_instance_group,omitempty"`
	Project string    `json:"project_id"`
	Region  string    `json:"region"`
	Name    string    `json:"vm_name"`
	Zone    string    `json:"zone"`
}

type gcpGroup struct {
	Name   string `json:"name"`
	Region string `json:"region"`
}

type gcpVPC struct {
	Project string `json:"project_id"`
	Subnet  string `json:"subnetwork_name"`
	Region  string `json:"subnetwork_region,omitempty"`
	Name    string `json:"vpc_name"`
}

type gcpLocation struct {
	ASN       int    `json:"asn,omitempty"`
	City      string `json:"city,omitempty"`
	Continent string `json:"continent,omitempty"`
	Country   string `json:"country"`
}

type gcpService struct {
	Connectivity string `json:"connectivity"`
	Name         string `json:"service_name,omitempty"`
	Type         string `json:"type"`
}

type gcpGKE struct {
	Cluster struct {
		Location string `json:"cluster_location"`
		Name     string `json:"cluster_name"`
	} `json:"cluster"`
	Pod struct {
		Name      string `json:"pod_name"`
		Namespace string `json:"pod_namespace"`
		Workload  struct {
			Name string `json:"workload_name"`
			Type string `json:"workload_type"`
		} `json:"workload"`
	} `json:"pod"`
}

func (g *gcpWriter) write(w *world, e *entry) {
	w.truth.Records++
	w.ids++
	v := gcpEntry{InsertID: strconv.FormatUint(w.hash("insert", w.ids), 36)}
	if g.log.kind == firewallLog {
		g.event(e, &v)
	} else {
		g.flow(e, &v)
	}
	g.resource(w, e, &v)
	text, err := json.Marshal(&v)
	if err != nil {
		w.err = cmp.Or(w.err, err)
		return
	}
	at := e.end
	if g.log.kind == firewallLog {
		at = e.start // it is told when it is decided, not when the connection ends
	}
	f := gcpFile{hour: at.Unix() / 3600, delivery: max(e.c.delivery, 1), added: e.c.late}
	g.hours[f] = append(g.hours[f], gcpLine{at, text})
	if e.c.repeat {
		w.truth.Records++
		w.truth.Repeats++
		f.delivery, f.added = f.delivery+1, true
		g.hours[f] = append(g.hours[f], gcpLine{at, text})
	}
}

// resource fills the envelope.
func (g *gcpWriter) resource(w *world, e *entry, v *gcpEntry) {
	n := e.h.nic
	logged := e.end.Add(time.Duration(w.hash(v.InsertID)%4000) * time.Millisecond)
	v.Timestamp = logged.Format(time.RFC3339Nano)
	v.Received = logged.Add(4 * time.Second).Format(time.RFC3339Nano)
	name := "compute.googleapis.com%2Fvpc_flows"
	if g.log.kind == firewallLog {
		name = "compute.googleapis.com%2Ffirewall"
		v.Timestamp = e.start.Format(time.RFC3339Nano)
	}
	v.Resource = gcpResource{Type: "gce_subnetwork", Labels: map[string]string{
		"location": n.zone, "project_id": g.project, "subnetwork_name": n.subnet.name,
		"subnetwork_id": strconv.FormatUint(w.hash("subnet", n.subnet.name), 10),
	}}
	if g.config != "" {
		name = "networkmanagement.googleapis.com%2Fvpc_flows"
		v.Resource = gcpResource{Type: "vpc_flow_logs_config", Labels: map[string]string{
			"location": "global", "name": g.config, "resource_container": "projects/" + g.project,
		}}
	}
	v.LogName = "projects/" + g.project + "/logs/" + name
}

func connection(e *entry, src, dst netip.AddrPort) gcpConnection {
	v := gcpConnection{
		SrcIP:    string(spell(nil, src.Addr(), e.c.spelling)),
		DestIP:   string(spell(nil, dst.Addr(), e.c.spelling)),
		Protocol: int(e.c.proto),
	}
	if !periplus.Portless(e.c.proto) {
		from, to := int(src.Port()), int(dst.Port())
		v.SrcPort, v.DestPort = &from, &to
	}
	return v
}

// flow fills what a flow entry says: one direction, seen from one end.
func (g *gcpWriter) flow(e *entry, v *gcpEntry) {
	src, dst, _, _ := e.c.view(e.h, e.back)
	p := &v.Payload
	p.Connection = connection(e, src, dst)
	p.Reporter = "DEST"
	if e.egress() {
		p.Reporter = "SRC"
	}
	p.StartTime, p.EndTime = e.start.Format(time.RFC3339Nano), e.end.Format(time.RFC3339Nano)
	packets, octets := strconv.FormatInt(e.packets, 10), strconv.FormatInt(e.bytes, 10)
	if e.verdict == periplus.Dropped {
		p.Disposition, p.DropReason = "DROPPED", e.reason
		p.PacketsLost, p.BytesLost = packets, octets
	} else {
		p.PacketsSent, p.BytesSent = packets, octets
	}
	from, to := &e.c.from, &e.c.to
	if e.back {
		from, to = to, from
	}
	p.SrcInstance, p.SrcVPC, p.SrcGKE, p.SrcLocation, p.SrcService = from.tell()
	p.DestInstance, p.DestVPC, p.DestGKE, p.DestLocation, p.DestService = to.tell()
}

// tell is what Google knows of an end.
func (d *end) tell() (i *gcpInstance, v *gcpVPC, k *gcpGKE, l *gcpLocation, s *gcpService) {
	switch {
	case d.nic != nil && d.nic.provider == "gcp":
		n := d.nic
		i = &gcpInstance{Project: n.account, Region: n.region, Name: n.name, Zone: n.zone}
		if n.service != "" && n.gke == "" {
			i.Group = &gcpGroup{n.service, n.region}
		}
		v = &gcpVPC{Project: n.account, Subnet: n.subnet.name, Region: n.region, Name: n.network.id}
		if n.gke != "" {
			k = &gcpGKE{}
			k.Cluster.Location, k.Cluster.Name = n.region, n.service
			k.Pod.Name, k.Pod.Namespace = n.gke+"-"+n.id[max(0, len(n.id)-5):], "default"
			k.Pod.Workload.Name, k.Pod.Workload.Type = n.gke, "DEPLOYMENT"
		}
	case d.service != "":
		s = &gcpService{Connectivity: "PUBLIC_IP", Name: d.service, Type: "GOOGLE_API"}
	case d.country != "":
		l = &gcpLocation{ASN: d.asn, City: d.city, Country: d.country}
	}
	return i, v, k, l, s
}

// event fills what a firewall entry says: a decision on a connection, told by
// the VM whose rule it was.
func (g *gcpWriter) event(e *entry, v *gcpEntry) {
	src, dst, _, _ := e.c.view(e.h, false)
	p := &v.Payload
	p.Connection = connection(e, src, dst)
	p.Disposition, p.Rule = "ALLOWED", map[string]any{"action": "ALLOW", "priority": 1000}
	reason := e.h.rule
	if e.verdict.Stopped() {
		p.Disposition, reason = "DENIED", e.reason
		p.Rule["action"] = "DENY"
	}
	p.Rule["reference"] = reason
	p.Rule["ip_port_info"] = []map[string]any{{"ip_protocol": "TCP", "port_range": []string{strconv.Itoa(int(dst.Port()))}}}
	own, other := &e.c.from, &e.c.to
	p.Rule["direction"] = "EGRESS"
	if e.h.role == periplus.ObserverServer {
		own, other = other, own
		p.Rule["direction"] = "INGRESS"
	}
	p.Instance, p.VPC, _, _, _ = own.tell()
	p.RemoteInst, p.RemoteVPC, _, p.RemoteLoc, _ = other.tell()
}

// flush writes the hours that are over. A line of an hour can come until the
// connections that began in it have ended.
func (g *gcpWriter) flush(w *world, now time.Time) error {
	keys := slices.SortedFunc(maps.Keys(g.hours), func(a, b gcpFile) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.delivery, b.delivery), cmp.Compare(truth01(a.added), truth01(b.added)))
	})
	for _, f := range keys {
		at := time.Unix(f.hour*3600, 0).UTC()
		if !now.IsZero() && at.Add(time.Hour).After(now) {
			continue
		}
		lines := g.hours[f]
		delete(g.hours, f)
		if !w.arrived(f.delivery) {
			continue
		}
		slices.SortStableFunc(lines, func(a, b gcpLine) int { return a.at.Compare(b.at) })
		shard := 0
		for part := range slices.Chunk(lines, g.shard) {
			if err := g.save(w, f, at, shard, part); err != nil {
				return err
			}
			shard++
		}
	}
	return nil
}

func (g *gcpWriter) save(w *world, f gcpFile, at time.Time, shard int, lines []gcpLine) error {
	folder := "compute.googleapis.com/vpc_flows"
	if g.log.kind == firewallLog {
		folder = "compute.googleapis.com/firewall"
	} else if g.config != "" {
		folder = "networkmanagement.googleapis.com/vpc_flows"
	}
	suffix := fmt.Sprintf("S%d", shard)
	if f.added || f.delivery > 1 {
		suffix = fmt.Sprintf("A%d:%d_S%d", f.delivery-1, w.hash("added", g.log.id, f.hour, f.added)%10000, shard)
	}
	name := fmt.Sprintf("%s/%s/%s/%s_%s_%s.json", g.prefix, g.project, folder, at.Format("2006/01/02/15:00:00"), at.Format("15")+":59:59", suffix)
	return w.save(name, func(out *bufio.Writer) error {
		texts := make([][]byte, len(lines))
		for i, l := range lines {
			texts[i] = l.text
		}
		if g.array {
			_, err := fmt.Fprintf(out, "[\n%s\n]\n", bytes.Join(texts, []byte(",\n")))
			return err
		}
		_, err := out.Write(append(bytes.Join(texts, []byte("\n")), '\n'))
		return err
	})
}

// ruleName is the reference of a firewall rule.
func ruleName(network, rule string) string {
	return "network:" + network + "/firewall:" + strings.ToLower(rule)
}
