package query

import (
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// protocols are the names that people use, by IANA number.
var protocols = map[string]int64{
	"icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6": 41, "rsvp": 46, "gre": 47,
	"esp": 50, "ah": 51, "icmpv6": 58, "eigrp": 88, "ospf": 89, "pim": 103, "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136,
}

// ProtocolName is the name of a protocol, or its number.
func ProtocolName(n uint8) string {
	for name, m := range protocols {
		if int64(n) == m {
			return name
		}
	}
	return strconv.Itoa(int(n))
}

// ProtocolOf is ProtocolName where a log may not have said the protocol: a row
// then has 0, which no packet with ports has.
func ProtocolOf(n uint8, hasPort bool) string {
	if ProtocolUnknown(n, hasPort) {
		return "unknown"
	}
	return ProtocolName(n)
}

// ProtocolUnknown reports whether a row's protocol is certainly none that its log
// said.
func ProtocolUnknown(n uint8, hasPort bool) bool { return n == 0 && hasPort }

// portWords are the names that the completion offers, sorted. Any other service of
// periplus.ServicePort is understood as well.
var portWords = []string{
	"amqp", "bgp", "cassandra", "dhcp", "dns", "domain", "elasticsearch", "etcd", "ftp", "http", "https", "imap",
	"imaps", "kafka", "kerberos", "kubelet", "ldap", "ldaps", "memcached", "mongodb", "mqtt", "msrpc", "mssql", "mysql", "netbios",
	"nfs", "node-exporter", "ntp", "oracle", "otlp", "pop3", "pop3s", "postgres", "postgresql", "prometheus", "rdp", "redis", "sip", "smb", "smtp", "smtps",
	"snmp", "ssh", "submission", "syslog", "telnet", "tftp", "vnc", "winrm", "zookeeper",
}

// portAliases are what people call services that are registered under other
// names.
var portAliases = map[string]int64{"dhcp": 67, "netbios": 139, "etcd": 2379}

// portNumber reads a port: a number or a name.
func portNumber(s string) (int64, bool) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return int64(n), true
	}
	if n, ok := portAliases[strings.ToLower(s)]; ok {
		return n, true
	}
	n, ok := periplus.ServicePort(s)
	return int64(n), ok
}

// protocolNumber reads a protocol: a number or a name.
func protocolNumber(s string) (int64, bool) {
	if n, err := strconv.ParseUint(s, 10, 8); err == nil {
		return int64(n), true
	}
	s = strings.ToLower(s)
	switch s {
	case "icmp6", "ipv6-icmp":
		s = "icmpv6"
	case "ipsec":
		s = "esp"
	case "udp-lite":
		s = "udplite"
	}
	n, ok := protocols[s]
	return n, ok
}
