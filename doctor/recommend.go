package doctor

import "strings"

// Field is a field that a flow log should hold.
type Field struct {
	Name string
	Or   string // another that says the same; "": none
	// Why is what is not known without it; "" where it only adds detail.
	Why string
	// With is what it tells of and nothing else, for those who have it: to lack the
	// field is no problem. "": everybody has it.
	With string
}

// AWSFields are the fields of the VPC flow log that Periplus recommends, in the
// order in which deploy/aws sets them: all that AWS can write into one flow log
// without tags having been chosen.
var AWSFields = []Field{
	{Name: "version"},
	{Name: "account-id"},
	{Name: "interface-id", Why: "which interface saw the packets, so that those seen twice count once"},
	{Name: "srcaddr", Why: "who sent the packets"},
	{Name: "dstaddr", Why: "who received the packets"},
	{Name: "srcport", Why: "ports, and so services"},
	{Name: "dstport", Why: "ports, and so services"},
	{Name: "protocol", Why: "TCP, UDP, ICMP …"},
	{Name: "packets", Why: "packets"},
	{Name: "bytes", Why: "bytes"},
	{Name: "start", Why: "when"},
	{Name: "end", Why: "when"},
	{Name: "action", Why: "what was denied"},
	{Name: "log-status", Why: "windows without traffic, and windows that lost records"},
	{Name: "vpc-id", Why: "which network an address belongs to: the same private address may be in several"},
	{Name: "subnet-id", Why: "subnets on the map"},
	{Name: "instance-id", Why: "which instance an address is"},
	{Name: "tcp-flags", Why: "who opened a connection, how many were opened, whether the server answered; without it the client is guessed"},
	{Name: "type"},
	{Name: "pkt-srcaddr", Why: "the true source behind NAT gateways, balancers and pods"},
	{Name: "pkt-dstaddr", Why: "the true destination behind NAT gateways, balancers and pods"},
	{Name: "region", Why: "regions on the map"},
	{Name: "az-id", Why: "zones"},
	{Name: "sublocation-type"},
	{Name: "sublocation-id"},
	{Name: "pkt-src-aws-service", Why: "which service of AWS an address is"},
	{Name: "pkt-dst-aws-service", Why: "which service of AWS an address is"},
	{Name: "flow-direction", Why: "whether an interface sent or received, so that both sides' records are told apart"},
	{Name: "traffic-path", Why: "by which gateway traffic leaves"},
	{Name: "ecs-cluster-arn"},
	{Name: "ecs-cluster-name", Why: "which task of ECS an address is", With: "ECS"},
	{Name: "ecs-container-instance-arn"},
	{Name: "ecs-container-instance-id"},
	{Name: "ecs-container-id"},
	{Name: "ecs-second-container-id"},
	{Name: "ecs-service-name", Why: "which service of ECS an address is", With: "ECS"},
	{Name: "ecs-task-definition-arn"},
	{Name: "ecs-task-arn"},
	{Name: "ecs-task-id"},
	{Name: "reject-reason", Why: "why traffic was denied (Block Public Access, encryption controls)"},
	{Name: "resource-id", Why: "which regional NAT gateway wrote a record", With: "regional NAT gateways"},
	{Name: "encryption-status", Why: "what travels unencrypted", With: "VPC encryption controls"},
	{Name: "interface-type", Why: "what an interface is: NAT gateway, balancer, endpoint"},
	{Name: "next-hop-interface-id"},
	{Name: "next-hop-subnet-id"},
	{Name: "next-hop-az-id"},
	{Name: "next-hop-vpc-id"},
	{Name: "next-hop-interface-type"},
}

// TransitGatewayFields are the same of a transit gateway's flow log.
var TransitGatewayFields = []Field{
	{Name: "version"},
	{Name: "resource-type"},
	{Name: "account-id"},
	{Name: "tgw-id"},
	{Name: "tgw-attachment-id", Why: "which attachment saw the packets"},
	{Name: "tgw-src-vpc-account-id", Why: "whose network the source is in"},
	{Name: "tgw-dst-vpc-account-id", Why: "whose network the destination is in"},
	{Name: "tgw-src-vpc-id", Why: "which network the source is in"},
	{Name: "tgw-dst-vpc-id", Why: "which network the destination is in"},
	{Name: "tgw-src-subnet-id"},
	{Name: "tgw-dst-subnet-id"},
	{Name: "tgw-src-eni"},
	{Name: "tgw-dst-eni"},
	{Name: "tgw-src-az-id"},
	{Name: "tgw-dst-az-id"},
	{Name: "tgw-pair-attachment-id"},
	{Name: "srcaddr", Why: "who sent the packets"},
	{Name: "dstaddr", Why: "who received the packets"},
	{Name: "srcport", Why: "ports, and so services"},
	{Name: "dstport", Why: "ports, and so services"},
	{Name: "protocol", Why: "TCP, UDP, ICMP …"},
	{Name: "packets", Why: "packets"},
	{Name: "bytes", Why: "bytes"},
	{Name: "start", Why: "when"},
	{Name: "end", Why: "when"},
	{Name: "log-status", Why: "windows without traffic, and windows that lost records"},
	{Name: "type"},
	{Name: "packets-lost-no-route", Why: "what was dropped, and why"},
	{Name: "packets-lost-blackhole", Why: "what was dropped, and why"},
	{Name: "packets-lost-mtu-exceeded", Why: "what was dropped, and why"},
	{Name: "packets-lost-ttl-expired", Why: "what was dropped, and why"},
	{Name: "tcp-flags", Why: "who opened a connection; without it the client is guessed"},
	{Name: "region", Why: "regions on the map"},
	{Name: "flow-direction"},
	{Name: "pkt-src-aws-service", Why: "which service of AWS an address is"},
	{Name: "pkt-dst-aws-service", Why: "which service of AWS an address is"},
}

// GCPFields are fields that entries of Google Cloud's flow logs hold when
// metadata is not left out. An entry holds those of the ends that it knows.
var GCPFields = []Field{
	{Name: "reporter", Why: "which end saw the packets, so that those seen twice count once"},
	{Name: "src_vpc.vpc_name", Or: "dest_vpc.vpc_name", Why: "networks and subnets on the map: metadata is left out"},
	{Name: "src_instance.vm_name", Or: "dest_instance.vm_name", Why: "which instance an address is: metadata is left out"},
}

// A Setting is what Terraform sets of a flow log, beside fields.
type Setting struct{ Name, Value, Why string }

// The settings that deploy/ sets and docs/enable.md gives reasons for.
var (
	AWSSettings = []Setting{
		{"traffic_type", "ALL", "allowed and denied"},
		{"max_aggregation_interval", "60", "a minute: what began when, and records that come early"},
		{"file_format", "plain-text", "read as a stream, without a charge for the conversion to Parquet"},
		{"hive_compatible_partitions", "true", "other tools find accounts, regions and days in the names of folders"},
		{"per_hour_partition", "true", "--from and --to list hours, not days"},
	}
	GCPSettings = []Setting{
		{"aggregation_interval", "INTERVAL_5_SEC", "what began when"},
		{"flow_sampling", "1", "the rate that can be chosen leaves nothing more out"},
		{"metadata", "INCLUDE_ALL_METADATA", "instances, networks and subnets by name"},
	}
	AzureSettings = []Setting{
		{"version", "2", "bytes and packets"},
		{"enabled", "true", ""},
	}
)

// LogFormat is a list of fields as AWS's settings write it.
func LogFormat(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = "${" + f.Name + "}"
	}
	return strings.Join(names, " ")
}

// recommended are the fields that a format should hold, and where the
// recommendation is kept; nil where the format fixes its fields.
func recommended(format string, columns []string) ([]Field, string) {
	switch format {
	case "aws-text", "aws-parquet", "aws-cloudwatch":
		for _, c := range columns {
			if c == "tgw-id" || c == "tgw-attachment-id" || c == "resource-type" {
				return TransitGatewayFields, LogFormat(TransitGatewayFields)
			}
		}
		return AWSFields, LogFormat(AWSFields)
	case "gcp-flow":
		return GCPFields, "metadata = INCLUDE_ALL_METADATA"
	}
	return nil, ""
}
