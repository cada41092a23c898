package format

import "bytes"

// gcpEntry is one LogEntry as text: what is "" was not there. The slices point
// into the window or the spare of the jsonText that read them.
type gcpEntry struct {
	insertID, logName, timestamp []byte
	resource                     gcpResource
	payload                      bool // there was a jsonPayload, or its keys stood in the entry itself

	srcIP, dstIP, srcPort, dstPort, protocol []byte

	reporter, start, end         []byte
	bytesSent, packetsSent       []byte
	bytesLost, packetsLost       []byte
	disposition, dropReason      []byte
	ruleReference, ruleDirection []byte
	rule                         bool // rule_details: a firewall's entry

	src, dst      gcpEnd // of flow entries
	local, remote gcpEnd // of firewall entries: the reporting VM and its peer
}

type gcpResource struct{ project, subnet, location, config []byte }

// gcpEnd is what an entry says of one end.
type gcpEnd struct {
	project, region, zone, vm, group                         []byte
	netProject, network, subnet, subnetRegion                []byte
	cluster, clusterPlace, pod, namespace, workload, service []byte
	gateway, gatewayType, gatewayProject, gatewayPlace       []byte
	api, apiType                                             []byte // Google service
	run, runProject, runRegion                               []byte // Cloud Run
	country, asn                                             []byte
}

// gcpParser reads entries. Extra is what nobody knows; it grows until the
// caller cuts it.
type gcpParser struct {
	jsonText
	extra []gcpExtra
}

type gcpExtra struct {
	group string // "connection.", "" at the top of the payload
	name  []byte
	value []byte
}

func (p *gcpParser) unknown(group string, name []byte) {
	value := p.raw()
	if n := len(value); n >= 2 && value[0] == '"' {
		value = value[1 : n-1]
	}
	p.extra = append(p.extra, gcpExtra{group, name, value})
}

// entry reads one LogEntry. data is the payload of a Pub/Sub message, base64,
// if the entry is such an envelope and no entry itself.
func (p *gcpParser) entry(e *gcpEntry) (data []byte) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch k := p.key(); string(k) {
		case "insertId", "insert_id":
			e.insertID = p.scalar()
		case "logName", "log_name":
			e.logName = p.scalar()
		case "timestamp":
			e.timestamp = p.scalar()
		case "resource":
			p.resource(&e.resource)
		case "jsonPayload", "json_payload":
			e.payload = p.peek() == '{'
			for ok := p.open('{'); ok; ok = p.more('}') {
				p.field(e, p.key())
			}
		case "message":
			if p.peek() == '{' {
				data = p.message()
			} else {
				p.skip()
			}
		case "data":
			data = p.scalar()
		case "receiveTimestamp", "receive_timestamp", "severity", "labels", "httpRequest", "operation", "trace", "spanId", "traceSampled",
			"sourceLocation", "split", "errorGroups", "apphub", "apphubDestination", "apphubSource", "protoPayload", "textPayload",
			"subscription", "messageId", "message_id", "publishTime", "publish_time", "ackId", "attributes", "orderingKey", "deliveryAttempt":
			p.skip()
		default:
			p.field(e, k) // a payload without its envelope
		}
	}
	return data
}

func (p *gcpParser) message() (data []byte) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		if string(p.key()) == "data" {
			data = p.scalar()
		} else {
			p.skip()
		}
	}
	return data
}

func (p *gcpParser) resource(r *gcpResource) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		if string(p.key()) != "labels" {
			p.skip()
			continue
		}
		for ok := p.open('{'); ok; ok = p.more('}') {
			switch string(p.key()) {
			case "project_id":
				r.project = p.scalar()
			case "subnetwork_name":
				r.subnet = p.scalar()
			case "location":
				r.location = p.scalar()
			case "name":
				r.config = p.scalar()
			default:
				p.skip()
			}
		}
	}
}

// field reads one member of the payload.
func (p *gcpParser) field(e *gcpEntry, k []byte) {
	switch string(k) {
	case "connection":
		e.payload = true
		p.connection(e)
	case "reporter":
		e.reporter = p.scalar()
	case "bytes_sent":
		e.bytesSent = p.scalar()
	case "packets_sent":
		e.packetsSent = p.scalar()
	case "bytes_dropped":
		e.bytesLost = p.scalar()
	case "packets_dropped":
		e.packetsLost = p.scalar()
	case "start_time":
		e.start = p.scalar()
	case "end_time":
		e.end = p.scalar()
	case "disposition":
		e.disposition = p.scalar()
	case "drop_reason":
		e.dropReason = p.scalar()
	case "rule_details":
		e.rule = true
		p.rule(e)
	case "instance":
		p.instance(&e.local)
	case "vpc":
		p.vpc(&e.local)
	case "remote_instance":
		p.instance(&e.remote)
	case "remote_vpc":
		p.vpc(&e.remote)
	case "remote_location":
		p.location(&e.remote)
	case "rtt_msec", "round_trip_time", "internet_routing_details", "load_balancing", "load_balancer_details",
		"network_service", "psc", "rdma_traffic_type":
		p.skip()
	default:
		p.end(e, k)
	}
}

// end reads what is said of one end: src_… or dest_….
func (p *gcpParser) end(e *gcpEntry, k []byte) {
	x := &e.src
	what, ok := bytes.CutPrefix(k, []byte("src_"))
	if !ok {
		what, ok = bytes.CutPrefix(k, []byte("dest_"))
		x = &e.dst
	}
	if !ok {
		p.unknown("", k)
		return
	}
	switch string(what) {
	case "instance":
		p.instance(x)
	case "vpc":
		p.vpc(x)
	case "location":
		p.location(x)
	case "gke_details":
		p.gke(x)
	case "gateway":
		p.gateway(x)
	case "google_service":
		p.api(x)
	case "serverless_details":
		p.serverless(x)
	default:
		p.unknown("", k)
	}
}

func (p *gcpParser) connection(e *gcpEntry) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch k := p.key(); string(k) {
		case "src_ip":
			e.srcIP = p.scalar()
		case "dest_ip":
			e.dstIP = p.scalar()
		case "src_port":
			e.srcPort = p.scalar()
		case "dest_port":
			e.dstPort = p.scalar()
		case "protocol":
			e.protocol = p.scalar()
		default:
			p.unknown("connection.", k)
		}
	}
}

func (p *gcpParser) rule(e *gcpEntry) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "reference":
			e.ruleReference = p.scalar()
		case "direction":
			e.ruleDirection = p.scalar()
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) instance(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "project_id":
			x.project = p.scalar()
		case "region":
			x.region = p.scalar()
		case "zone":
			x.zone = p.scalar()
		case "vm_name":
			x.vm = p.scalar()
		case "managed_instance_group":
			x.group = p.member("name")
		default:
			p.skip()
		}
	}
}

// member reads an object of which one member is wanted.
func (p *gcpParser) member(name string) (value []byte) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		if string(p.key()) == name {
			value = p.scalar()
		} else {
			p.skip()
		}
	}
	return value
}

func (p *gcpParser) vpc(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "project_id":
			x.netProject = p.scalar()
		case "vpc_name":
			x.network = p.scalar()
		case "subnetwork_name":
			x.subnet = p.scalar()
		case "subnetwork_region":
			x.subnetRegion = p.scalar()
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) location(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "asn":
			x.asn = p.scalar()
		case "country":
			x.country = p.scalar()
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) gke(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "cluster":
			for ok := p.open('{'); ok; ok = p.more('}') {
				switch string(p.key()) {
				case "cluster_name":
					x.cluster = p.scalar()
				case "cluster_location":
					x.clusterPlace = p.scalar()
				default:
					p.skip()
				}
			}
		case "pod":
			p.gkePod(x)
		case "service": // a list in the documentation, one object in some entries
			if p.peek() != '[' {
				x.service = p.member("service_name")
				continue
			}
			for ok := p.open('['); ok; ok = p.more(']') {
				if name := p.member("service_name"); x.service == nil {
					x.service = name
				}
			}
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) gkePod(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "pod_name":
			x.pod = p.scalar()
		case "pod_namespace":
			x.namespace = p.scalar()
		case "workload", "pod_workload":
			x.workload = p.member("workload_name")
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) gateway(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "project_id":
			x.gatewayProject = p.scalar()
		case "location":
			x.gatewayPlace = p.scalar()
		case "name":
			x.gateway = p.scalar()
		case "type":
			x.gatewayType = p.scalar()
		case "vpc":
			var own gcpEnd // what src_vpc says comes first
			p.vpc(&own)
			if x.network == nil {
				x.netProject, x.network, x.subnet, x.subnetRegion = own.netProject, own.network, own.subnet, own.subnetRegion
			}
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) api(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "service_name":
			x.api = p.scalar()
		case "type":
			x.apiType = p.scalar()
		default:
			p.skip()
		}
	}
}

func (p *gcpParser) serverless(x *gcpEnd) {
	for ok := p.open('{'); ok; ok = p.more('}') {
		switch string(p.key()) {
		case "project_id":
			x.runProject = p.scalar()
		case "region":
			x.runRegion = p.scalar()
		case "cloud_run_service_details":
			x.run = p.member("service_name")
		case "cloud_run_job_details":
			x.run = p.member("job_name")
		case "cloud_run_worker_pool_details":
			x.run = p.member("worker_pool_name")
		default:
			p.skip()
		}
	}
}
