package format

import "strings"

// awsOp says what is done with the value of a column. Text that is shared
// between records (places, notes, identities) comes first: such an op is also
// the index of the slot that keeps its last value.
type awsOp uint8

const (
	// Slots of a Place.
	awsAccount awsOp = iota
	awsInterface
	awsVPC
	awsSubnet
	awsInstance
	awsRegion
	awsZone
	awsInterfaceType
	awsResource
	awsAttachment
	// Slots of a Note.
	awsRejectReason
	awsSrcService
	awsDstService
	awsTrafficPath
	awsEncryption
	// Slots of an Identity, of the interface's own end.
	awsECSCluster
	awsECSService
	awsECSTask
	awsTag1
	awsTag2
	awsTag3
	awsTag4
	awsTag5
	awsTag6
	// Slots of the Identity of a transit gateway's source.
	awsSrcAccount
	awsSrcVPC
	// Slots of the Identity of a transit gateway's destination.
	awsDstAccount
	awsDstVPC

	awsSlots // how many slots there are

	awsVersion
	awsSrcAddr
	awsDstAddr
	awsPktSrcAddr
	awsPktDstAddr
	awsSrcPort
	awsDstPort
	awsProtocol
	awsPackets
	awsBytes
	awsStart
	awsEnd
	awsAction
	awsStatus
	awsTCPFlags
	awsDirection
	awsLostRoute
	awsLostBlackhole
	awsLostMTU
	awsLostTTL
	awsKept    // no field of a Record holds it: kept by name
	awsUnknown // the same, and nobody knows it
	awsType    // IPv4, IPv6: said by the addresses; kept where it is EFA
	awsGateway // resource-type: the record is a transit gateway's
)

// Where each group of slots ends.
const (
	awsPlaceEnd = awsRejectReason
	awsNoteEnd  = awsECSCluster
	awsOwnEnd   = awsSrcAccount
	awsSrcEnd   = awsDstAccount
)

type awsColumn struct {
	Column
	op awsOp
}

// awsColumns is every column that AWS documents, in the order of its pages.
var awsColumns = []awsColumn{
	{Column{"version", "2", "", "highest version among the columns chosen"}, awsVersion},
	{Column{"account-id", "2", "", "account that owns the interface"}, awsAccount},
	{Column{"interface-id", "2", "", "interface that wrote the record; - for a regional NAT gateway"}, awsInterface},
	{Column{"srcaddr", "2", "address", "source as the interface sees it; its own primary address for what it sends"}, awsSrcAddr},
	{Column{"dstaddr", "2", "address", "destination as the interface sees it; its own primary address for what it receives"}, awsDstAddr},
	{Column{"srcport", "2", "port", "source port; 0 for ICMP"}, awsSrcPort},
	{Column{"dstport", "2", "port", "destination port; 0 for ICMP"}, awsDstPort},
	{Column{"protocol", "2", "IANA number", "6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6"}, awsProtocol},
	{Column{"packets", "2", "packets", "packets in this direction, at this interface, in this window"}, awsPackets},
	{Column{"bytes", "2", "bytes", "bytes in this direction, at this interface, in this window"}, awsBytes},
	{Column{"start", "2", "Unix seconds", "first packet of the window; may be up to 60 s off"}, awsStart},
	{Column{"end", "2", "Unix seconds", "last packet of the window; may be up to 60 s off"}, awsEnd},
	{Column{"action", "2", "", "ACCEPT, or REJECT by a security group or network ACL (also packets after the connection closed)"}, awsAction},
	{Column{"log-status", "2", "", "OK; NODATA: nothing happened in the window; SKIPDATA: records were lost"}, awsStatus},
	{Column{"vpc-id", "3", "", "VPC of the interface"}, awsVPC},
	{Column{"subnet-id", "3", "", "subnet of the interface"}, awsSubnet},
	{Column{"instance-id", "3", "", "instance of the interface; - where AWS manages it (NAT gateway, balancer)"}, awsInstance},
	{Column{"tcp-flags", "3", "bits", "OR over the window: FIN 1, SYN 2, RST 4, SYN-ACK 18 (gateways also PSH 8, ACK 16, URG 32); ACK alone is 0"}, awsTCPFlags},
	{Column{"type", "3", "", "IPv4, IPv6, EFA"}, awsType},
	{Column{"pkt-srcaddr", "3", "address", "source in the packet: differs from srcaddr behind NAT, gateways, balancers, pods"}, awsPktSrcAddr},
	{Column{"pkt-dstaddr", "3", "address", "destination in the packet: differs from dstaddr behind NAT, gateways, balancers, pods"}, awsPktDstAddr},
	{Column{"region", "4", "", "region of the interface"}, awsRegion},
	{Column{"az-id", "4", "", "availability zone of the interface"}, awsZone},
	{Column{"sublocation-type", "4", "", "wavelength, outpost, localzone"}, awsKept},
	{Column{"sublocation-id", "4", "", "of the sublocation"}, awsKept},
	{Column{"pkt-src-aws-service", "5", "", "AWS service that pkt-srcaddr belongs to"}, awsSrcService},
	{Column{"pkt-dst-aws-service", "5", "", "AWS service that pkt-dstaddr belongs to"}, awsDstService},
	{Column{"flow-direction", "5", "", "ingress or egress, seen from the interface"}, awsDirection},
	{Column{"traffic-path", "5", "", "way out: 1 same VPC, 2 internet gateway or gateway endpoint, 3 virtual private gateway, 4 peering in the region, 5 peering between regions, 6 local gateway, 7 gateway endpoint, 8 internet gateway"}, awsTrafficPath},
	{Column{"resource-type", "6", "", "TransitGateway"}, awsGateway},
	{Column{"tgw-id", "6", "", "transit gateway that wrote the record"}, awsKept},
	{Column{"tgw-attachment-id", "6", "", "attachment that wrote the record"}, awsAttachment},
	{Column{"tgw-src-vpc-account-id", "6", "", "account of the source VPC"}, awsSrcAccount},
	{Column{"tgw-dst-vpc-account-id", "6", "", "account of the destination VPC"}, awsDstAccount},
	{Column{"tgw-src-vpc-id", "6", "", "source VPC"}, awsSrcVPC},
	{Column{"tgw-dst-vpc-id", "6", "", "destination VPC"}, awsDstVPC},
	{Column{"tgw-src-subnet-id", "6", "", "subnet of the source attachment"}, awsKept},
	{Column{"tgw-dst-subnet-id", "6", "", "subnet of the destination attachment"}, awsKept},
	{Column{"tgw-src-eni", "6", "", "interface of the source attachment"}, awsKept},
	{Column{"tgw-dst-eni", "6", "", "interface of the destination attachment"}, awsKept},
	{Column{"tgw-src-az-id", "6", "", "zone of the source attachment"}, awsKept},
	{Column{"tgw-dst-az-id", "6", "", "zone of the destination attachment"}, awsKept},
	{Column{"tgw-pair-attachment-id", "6", "", "attachment at the other side"}, awsKept},
	{Column{"packets-lost-no-route", "6", "packets", "lost because no route was there"}, awsLostRoute},
	{Column{"packets-lost-blackhole", "6", "packets", "lost in a black hole route"}, awsLostBlackhole},
	{Column{"packets-lost-mtu-exceeded", "6", "packets", "lost because larger than the MTU (8500 bytes between VPCs, 1500 over VPN)"}, awsLostMTU},
	{Column{"packets-lost-ttl-expired", "6", "packets", "lost because the time to live ran out"}, awsLostTTL},
	{Column{"ecs-cluster-arn", "7", "", "cluster of the task"}, awsKept},
	{Column{"ecs-cluster-name", "7", "", "cluster of the task"}, awsECSCluster},
	{Column{"ecs-container-instance-arn", "7", "", "container instance of the task, on EC2"}, awsKept},
	{Column{"ecs-container-instance-id", "7", "", "container instance of the task, on EC2"}, awsKept},
	{Column{"ecs-container-id", "7", "", "docker id of the task's first container"}, awsKept},
	{Column{"ecs-second-container-id", "7", "", "docker id of the task's second container"}, awsKept},
	{Column{"ecs-service-name", "7", "", "service that started the task"}, awsECSService},
	{Column{"ecs-task-definition-arn", "7", "", "definition of the task"}, awsKept},
	{Column{"ecs-task-arn", "7", "", "task"}, awsKept},
	{Column{"ecs-task-id", "7", "", "task"}, awsECSTask},
	{Column{"reject-reason", "8", "", "BPA: Block Public Access, EC: encryption controls; - for security groups, network ACLs and what was accepted"}, awsRejectReason},
	{Column{"resource-id", "9", "", "regional NAT gateway"}, awsResource},
	{Column{"encryption-status", "10", "", "0 none, 1 by Nitro, 2 by the application (TLS), 3 both"}, awsEncryption},
	{Column{"instance-tag", "11", "", "value of the instance tag that the flow log chose"}, awsTag1},
	{Column{"instance-tag-2", "11", "", "value of the second instance tag that the flow log chose"}, awsTag2},
	{Column{"interface-tag", "11", "", "value of the interface tag that the flow log chose"}, awsTag3},
	{Column{"interface-tag-2", "11", "", "value of the second interface tag that the flow log chose"}, awsTag4},
	{Column{"asg-tag", "11", "", "value of the Auto Scaling group tag that the flow log chose"}, awsTag5},
	{Column{"asg-tag-2", "11", "", "value of the second Auto Scaling group tag that the flow log chose"}, awsTag6},
	{Column{"interface-type", "11", "", "what the interface is: nat_gateway, network_load_balancer, transit_gateway, vpc_endpoint …"}, awsInterfaceType},
	{Column{"next-hop-interface-id", "11", "", "interface that receives (egress) or sent (ingress) the packets"}, awsKept},
	{Column{"next-hop-subnet-id", "11", "", "subnet of the next hop"}, awsKept},
	{Column{"next-hop-az-id", "11", "", "zone of the next hop; another one than az-id costs money"}, awsKept},
	{Column{"next-hop-vpc-id", "11", "", "VPC of the next hop"}, awsKept},
	{Column{"next-hop-interface-type", "11", "", "what the next hop is"}, awsKept},
}

// awsTags names the tag slots, from awsTag1.
var awsTags = [...]string{"instance-tag", "instance-tag-2", "interface-tag", "interface-tag-2", "asg-tag", "asg-tag-2"}

// The default orders: what a log without a header is taken for.
const (
	awsDefaultV2  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	awsDefaultTGW = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)

// awsByName finds a column by its squeezed name.
var awsByName = func() map[string]*awsColumn {
	m := make(map[string]*awsColumn, len(awsColumns))
	for i := range awsColumns {
		m[string(squeeze(nil, []byte(awsColumns[i].Name)))] = &awsColumns[i]
	}
	return m
}()

// squeeze makes the three spellings of a name (account-id, account_id,
// accountId) one, and takes "${…}" away. It appends to dst.
func squeeze(dst, name []byte) []byte {
	for _, c := range name {
		switch {
		case 'A' <= c && c <= 'Z':
			dst = append(dst, c+'a'-'A')
		case c == '-' || c == '_' || c == '$' || c == '{' || c == '}' || c == '@':
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// awsFields splits the text of a custom format or header into its names.
func awsFields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' || r == '\n' })
}

// awsKnown looks a name up; nil: nobody knows it.
func awsKnown(name []byte) *awsColumn {
	var buf [64]byte
	if len(name) > 64 {
		return nil
	}
	return awsByName[string(squeeze(buf[:0], name))]
}

// awsCount counts the names of a line and how many of them are known.
func awsCount(line []byte) (names, known int) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		a := i
		i = tokenEnd(line, i)
		names++
		if c := line[a] | 0x20; (c >= 'a' && c <= 'z' || line[a] == '$') && awsKnown(line[a:i]) != nil {
			known++
		}
	}
	return names, known
}

// awsHeader reports whether a line names columns: most of its words are known
// names. Two of three, so that a future version with new columns still counts.
func awsHeader(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	// A value of a first column: a version, an account, "-".
	if c := line[0]; c != '$' && (c|0x20 < 'a' || c|0x20 > 'z') {
		return false
	}
	names, known := awsCount(line)
	// Prose about logs holds their names too, among many other words.
	return known > 0 && 3*known >= 2*names || known >= 4 && 2*known >= names
}
