package format

import "slices"

// The columns of a log entry are named by their path below jsonPayload, or from
// the top for what stands around that.

var gcpEnvelopeColumns = []Column{
	{Name: "insertId", Doc: "what tells entries of one log and time apart; with logName and timestamp it finds repeats"},
	{Name: "logName", Doc: "project and log that the entry was written to"},
	{Name: "resource.type", Doc: "gce_subnetwork, or vpc_flow_logs_config for a configuration of the Network Management API"},
	{Name: "resource.labels.project_id", Doc: "project that the log belongs to"},
	{Name: "resource.labels.subnetwork_name", Doc: "subnet of the reporting end"},
	{Name: "resource.labels.subnetwork_id", Doc: "number of that subnet"},
	{Name: "resource.labels.location", Doc: "zone or region of the reporting end; global for some configurations"},
	{Name: "resource.labels.name", Doc: "name of the flow logs configuration"},
	{Name: "resource.labels.resource_container", Doc: "project of that configuration"},
	{Name: "labels.target_resource_name", Doc: "network, subnet or attachment that the configuration logs"},
	{Name: "timestamp", Unit: "RFC 3339", Doc: "time of the entry: when it was written, for flows; when it happened, for firewall entries"},
	{Name: "receiveTimestamp", Unit: "RFC 3339", Doc: "when Cloud Logging received it"},
	{Name: "severity", Doc: "importance of the entry, of no meaning here"},
}

var gcpConnectionColumns = []Column{
	{Name: "connection.src_ip", Unit: "address", Doc: "source address"},
	{Name: "connection.dest_ip", Unit: "address", Doc: "destination address"},
	{Name: "connection.src_port", Unit: "port", Doc: "source port; TCP and UDP only"},
	{Name: "connection.dest_port", Unit: "port", Doc: "destination port; TCP and UDP only"},
	{Name: "connection.protocol", Unit: "IANA number", Doc: "6 TCP, 17 UDP, 1 ICMP; absent for RDMA"},
}

var gcpFlowColumns = slices.Concat(gcpConnectionColumns, []Column{
	{Name: "reporter", Doc: "who saw it: SRC or DEST, or the gateway on that side: SRC_GATEWAY, DEST_GATEWAY"},
	{Name: "bytes_sent", Unit: "bytes", Doc: "payload from source to destination, estimated from samples"},
	{Name: "packets_sent", Unit: "packets", Doc: "packets from source to destination, estimated from samples"},
	{Name: "start_time", Unit: "RFC 3339", Doc: "first packet of the interval"},
	{Name: "end_time", Unit: "RFC 3339", Doc: "last packet of the interval"},
	{Name: "disposition", Doc: "DROPPED: the packets did not get through; otherwise absent"},
	{Name: "drop_reason", Doc: "why they were dropped"},
	{Name: "bytes_dropped", Unit: "bytes", Doc: "payload that was dropped, instead of bytes_sent"},
	{Name: "packets_dropped", Unit: "packets", Doc: "packets that were dropped, instead of packets_sent"},
	{Name: "rtt_msec", Unit: "ms", Doc: "round trip time of TCP, older entries"},
	{Name: "round_trip_time.median_msec", Unit: "ms", Doc: "median round trip time of TCP, newer entries"},
}, gcpEndColumns("src_", "source"), gcpEndColumns("dest_", "destination"), []Column{
	{Name: "internet_routing_details.egress_as_path.as_details.asn", Doc: "autonomous systems on the way out, egress to the internet only"},
	{Name: "load_balancing.reporter", Doc: "where at a load balancer it was seen: CLIENT, BACKEND"},
	{Name: "load_balancing.type", Doc: "kind of load balancer"},
	{Name: "load_balancing.scheme", Doc: "EXTERNAL, INTERNAL …"},
	{Name: "load_balancing.url_map_name", Doc: "URL map of the load balancer"},
	{Name: "load_balancing.forwarding_rule_name", Doc: "forwarding rule of the load balancer"},
	{Name: "load_balancing.forwarding_rule_project_id", Doc: "project of the forwarding rule"},
	{Name: "load_balancing.backend_service_name", Doc: "backend service"},
	{Name: "load_balancing.backend_group_name", Doc: "instance or endpoint group behind it"},
	{Name: "load_balancing.backend_group_type", Doc: "kind of that group"},
	{Name: "load_balancing.backend_group_location", Doc: "place of that group"},
}, gcpVPCColumns("load_balancing.vpc.", "the load balancer"), []Column{
	{Name: "network_service.dscp", Doc: "differentiated services code point, if not 0"},
	{Name: "psc.reporter", Doc: "side of Private Service Connect that saw it: CONSUMER, PRODUCER"},
	{Name: "psc.psc_endpoint.project_id", Doc: "project of the endpoint"},
	{Name: "psc.psc_endpoint.region", Doc: "region of the endpoint"},
	{Name: "psc.psc_endpoint.psc_connection_id", Doc: "id of the connection"},
	{Name: "psc.psc_endpoint.target_service_type", Doc: "what the endpoint leads to"},
}, gcpVPCColumns("psc.psc_endpoint.vpc.", "the endpoint"), []Column{
	{Name: "psc.psc_attachment.project_id", Doc: "project of the service attachment"},
	{Name: "psc.psc_attachment.region", Doc: "region of the service attachment"},
}, gcpVPCColumns("psc.psc_attachment.vpc.", "the attachment"), []Column{
	{Name: "rdma_traffic_type", Doc: "kind of RDMA"},
}, gcpEnvelopeColumns)

var gcpFirewallColumns = slices.Concat(gcpConnectionColumns, []Column{
	{Name: "disposition", Doc: "ALLOWED, DENIED, or INTERCEPTED: handed to a firewall endpoint for inspection"},
	{Name: "rule_details.reference", Doc: "the rule: network:NAME/firewall:RULE or network:NAME/firewallPolicy:ID"},
	{Name: "rule_details.priority", Doc: "priority of the rule, 0 is the first"},
	{Name: "rule_details.action", Doc: "ALLOW, DENY, or what else the rule does"},
	{Name: "rule_details.direction", Doc: "INGRESS or EGRESS, seen from the reporting VM"},
	{Name: "rule_details.source_range", Doc: "sources that the rule is for"},
	{Name: "rule_details.destination_range", Doc: "destinations that the rule is for"},
	{Name: "rule_details.ip_port_info.ip_protocol", Doc: "protocols that the rule is for"},
	{Name: "rule_details.ip_port_info.port_range", Doc: "ports that the rule is for"},
	{Name: "rule_details.source_tag", Doc: "network tags of the sources"},
	{Name: "rule_details.target_tag", Doc: "network tags of the targets"},
	{Name: "rule_details.source_service_account", Doc: "service accounts of the sources"},
	{Name: "rule_details.target_service_account", Doc: "service accounts of the targets"},
	{Name: "rule_details.source_region_code", Doc: "countries of the sources, policies only"},
	{Name: "rule_details.destination_region_code", Doc: "countries of the destinations, policies only"},
	{Name: "rule_details.source_fqdn", Doc: "host names of the sources, policies only"},
	{Name: "rule_details.destination_fqdn", Doc: "host names of the destinations, policies only"},
	{Name: "rule_details.source_threat_intelligence", Doc: "threat lists of the sources, policies only"},
	{Name: "rule_details.destination_threat_intelligence", Doc: "threat lists of the destinations, policies only"},
	{Name: "rule_details.source_address_groups", Doc: "address groups of the sources, policies only"},
	{Name: "rule_details.destination_address_groups", Doc: "address groups of the destinations, policies only"},
	{Name: "rule_details.apply_security_profile_fallback_action", Doc: "what was done where inspection was not possible"},
	{Name: "load_balancer_details", Doc: "load balancer in front of the VM"},
}, gcpInstanceColumns("instance.", "the reporting VM"), gcpVPCColumns("vpc.", "the reporting VM"),
	gcpInstanceColumns("remote_instance.", "the other end"), gcpVPCColumns("remote_vpc.", "the other end"),
	gcpLocationColumns("remote_location.", "the other end"), gcpEnvelopeColumns)

func gcpEndColumns(p, of string) []Column {
	return slices.Concat(gcpInstanceColumns(p+"instance.", "the "+of), gcpVPCColumns(p+"vpc.", "the "+of), []Column{
		{Name: p + "gke_details.cluster.cluster_location", Doc: "place of the GKE cluster at the " + of},
		{Name: p + "gke_details.cluster.cluster_name", Doc: "GKE cluster at the " + of},
		{Name: p + "gke_details.pod.pod_name", Doc: "pod at the " + of},
		{Name: p + "gke_details.pod.pod_namespace", Doc: "namespace of that pod"},
		{Name: p + "gke_details.pod.workload.workload_name", Doc: "workload that the pod belongs to"},
		{Name: p + "gke_details.pod.workload.workload_type", Doc: "DEPLOYMENT, STATEFUL_SET …"},
		{Name: p + "gke_details.pod.pod_workload.workload_name", Doc: "workload that the pod belongs to, as some entries spell it"},
		{Name: p + "gke_details.pod.pod_workload.workload_type", Doc: "its kind, as some entries spell it"},
		{Name: p + "gke_details.service.service_name", Doc: "GKE service at the " + of + "; MANY_SERVICES if that is not clear"},
		{Name: p + "gke_details.service.service_namespace", Doc: "namespace of that service"},
		{Name: p + "gateway.project_id", Doc: "project of the gateway at the " + of},
		{Name: p + "gateway.location", Doc: "region of that gateway"},
		{Name: p + "gateway.name", Doc: "gateway at the " + of},
		{Name: p + "gateway.type", Doc: "INTERCONNECT_ATTACHMENT, VPN_TUNNEL …"},
		{Name: p + "gateway.interconnect_name", Doc: "interconnect of that gateway"},
		{Name: p + "gateway.interconnect_project_number", Doc: "project of that interconnect"},
	}, gcpVPCColumns(p+"gateway.vpc.", "that gateway"), []Column{
		{Name: p + "google_service.type", Doc: "GOOGLE_API or GOOGLE_VPC_HOSTED_SERVICE at the " + of},
		{Name: p + "google_service.service_name", Doc: "host name of that Google service"},
		{Name: p + "google_service.connectivity", Doc: "how it is reached: PUBLIC_IP, PRIVATE_GOOGLE_ACCESS …"},
		{Name: p + "google_service.private_domain", Doc: "private domain that it is reached by"},
	}, gcpLocationColumns(p+"location.", "the "+of), []Column{
		{Name: p + "serverless_details.project_id", Doc: "project of the serverless workload at the " + of},
		{Name: p + "serverless_details.region", Doc: "region of that workload"},
		{Name: p + "serverless_details.cloud_run_service_details.service_name", Doc: "Cloud Run service"},
		{Name: p + "serverless_details.cloud_run_job_details.job_name", Doc: "Cloud Run job"},
		{Name: p + "serverless_details.cloud_run_worker_pool_details.worker_pool_name", Doc: "Cloud Run worker pool"},
	})
}

func gcpInstanceColumns(p, of string) []Column {
	return []Column{
		{Name: p + "project_id", Doc: "project of " + of},
		{Name: p + "region", Doc: "region of " + of},
		{Name: p + "zone", Doc: "zone of " + of},
		{Name: p + "vm_name", Doc: "name of the VM that is " + of},
		{Name: p + "managed_instance_group.name", Doc: "managed instance group of " + of},
		{Name: p + "managed_instance_group.region", Doc: "region of that group"},
		{Name: p + "managed_instance_group.zone", Doc: "zone of that group"},
	}
}

func gcpVPCColumns(p, of string) []Column {
	return []Column{
		{Name: p + "project_id", Doc: "project that owns the network of " + of + " (the host project of a shared VPC)"},
		{Name: p + "vpc_name", Doc: "network of " + of},
		{Name: p + "subnetwork_name", Doc: "subnet of " + of},
		{Name: p + "subnetwork_region", Doc: "region of that subnet"},
	}
}

func gcpLocationColumns(p, of string) []Column {
	return []Column{
		{Name: p + "asn", Doc: "autonomous system of " + of},
		{Name: p + "continent", Doc: "continent of " + of},
		{Name: p + "country", Doc: "country of " + of + ", ISO 3166 alpha-3"},
		{Name: p + "region", Doc: "state or province of " + of},
		{Name: p + "city", Doc: "city of " + of},
	}
}
