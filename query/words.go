package query

import (
	"strconv"
	"strings"
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

// ports are the names that a filter may use.
var ports = map[string]int64{
	"ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "dns": 53, "domain": 53, "dhcp": 67, "tftp": 69, "http": 80, "kerberos": 88,
	"pop3": 110, "ntp": 123, "msrpc": 135, "netbios": 139, "imap": 143, "snmp": 161, "bgp": 179, "ldap": 389, "https": 443,
	"smb": 445, "smtps": 465, "syslog": 514, "submission": 587, "ldaps": 636, "imaps": 993, "pop3s": 995, "mssql": 1433,
	"oracle": 1521, "mqtt": 1883, "nfs": 2049, "zookeeper": 2181, "etcd": 2379, "mysql": 3306, "rdp": 3389, "sip": 5060,
	"postgres": 5432, "postgresql": 5432, "amqp": 5672, "vnc": 5900, "winrm": 5985, "redis": 6379, "cassandra": 9042,
	"kafka": 9092, "elasticsearch": 9200, "memcached": 11211, "mongodb": 27017,
}

// portNumber reads a port: a number or a name.
func portNumber(s string) (int64, bool) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return int64(n), true
	}
	n, ok := ports[strings.ToLower(s)]
	return n, ok
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
