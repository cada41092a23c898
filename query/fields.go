package query

import (
	"slices"
	"strings"
)

type fieldType uint8

const (
	typeText fieldType = iota
	typeEnum
	typeAddress
	typeCountry
	typeASN
	typePort
	typeProtocol
	typeQuantity
	typeTime
	typeNode
)

func (t fieldType) String() string {
	return [...]string{"text", "enum", "address", "country", "asn", "port", "protocol", "quantity", "time", "node"}[t]
}

// operators are what may stand after a field of this type.
func (t fieldType) operators() []string {
	switch t {
	case typeEnum, typeProtocol, typeASN, typeNode:
		return []string{"=", "!=", "in", "not in"}
	case typePort:
		return []string{"=", "!=", "<", "<=", ">", ">=", "in", "not in"}
	case typeQuantity:
		return []string{"=", "!=", "<", "<=", ">", ">="}
	case typeTime:
		return []string{"<", "<=", ">", ">="}
	}
	return []string{"=", "!=", "~", "!~", "in", "not in"}
}

// field is one row of the table that the parser, the completion, the SQL and
// the documentation share.
type field struct {
	name string
	ends bool // after client. and server.; alone: either end
	typ  fieldType
	enum []string
	doc  string
}

var tagField = field{"tag", true, typeText, nil, "a tag: tag.KEY"}

var fields = []*field{
	{"ip", true, typeAddress, nil, "address or CIDR"},
	{"name", true, typeText, nil, "what it is called"},
	{"service", true, typeText, nil, "group it belongs to"},
	{"subnet", true, typeText, nil, ""},
	{"network", true, typeText, nil, "VPC or VNet"},
	{"account", true, typeText, nil, "AWS account, GCP project, Azure subscription"},
	{"region", true, typeText, nil, ""},
	{"provider", true, typeEnum, []string{"aws", "gcp", "azure"}, "cloud"},
	{"country", true, typeCountry, nil, "ISO 3166 code of a public address"},
	{"asn", true, typeASN, nil, "autonomous system of a public address"},
	{"role", true, typeText, nil, "what it is: aws.ec2, net.internet"},
	{"kind", true, typeEnum, []string{"own", "public", "special"}, "whose address it is"},
	&tagField,
	{"node", true, typeNode, nil, "a group of the map by its id: exactly what it holds"},
	{"port", false, typePort, nil, "server port, number or name"},
	{"protocol", false, typeProtocol, nil, "number or name"},
	{"verdict", false, typeEnum, []string{"allowed", "denied", "dropped", "unknown"}, "what the network did"},
	{"reason", false, typeText, nil, "rule or reject reason"},
	{"seen_by", false, typeEnum, []string{"client", "server", "both", "middle", "unknown"}, "whose logs tell it"},
	{"stopped_at", false, typeEnum, []string{"client", "server", "middle", "none"}, "where it was stopped"},
	{"answer", false, typeEnum, []string{"seen", "none", "unknown"}, "whether the server answered"},
	{"bytes", false, typeQuantity, nil, "bytes of the conversation in the range, both ways"},
	{"packets", false, typeQuantity, nil, "packets of the conversation in the range, both ways"},
	{"records", false, typeQuantity, nil, "log records of the conversation in the range"},
	{"opened", false, typeQuantity, nil, "connections that began in the range"},
	{"time", false, typeTime, nil, "when: RFC 3339, a date, -6h, now-2d"},
}

// aliases are names that other tools use.
var aliases = map[string]string{
	"src": "client", "source": "client", "dst": "server", "dest": "server", "destination": "server",
	"vpc": "network", "vnet": "network", "vpc_id": "network", "vpc-id": "network", "subnet_id": "subnet", "subnet-id": "subnet",
	"action": "verdict", "status": "verdict", "address": "ip", "addr": "ip", "host": "ip", "cidr": "ip",
	"srcaddr": "client.ip", "dstaddr": "server.ip", "src_ip": "client.ip", "dst_ip": "server.ip", "dest_ip": "server.ip",
	"dstport": "port", "dst_port": "port", "server_port": "port", "server.port": "port", "dport": "port", "proto": "protocol",
	"project": "account", "subscription": "account", "cloud": "provider", "location": "region", "as": "asn",
	"type": "role", "app": "service", "group": "service", "instance": "name", "hostname": "name",
}

// values that other tools write for ours.
var valueAliases = map[string]map[string]string{
	"verdict":  {"accept": "allowed", "accepted": "allowed", "allow": "allowed", "reject": "denied", "rejected": "denied", "deny": "denied", "drop": "dropped", "block": "denied", "blocked": "denied"},
	"provider": {"amazon": "aws", "google": "gcp", "microsoft": "azure"},
}

// side is one end of a conversation, or either.
type side string

const (
	either side = ""
	client side = "client"
	server side = "server"
)

// lookup resolves a name as it was written. rest is a tag's key.
func lookup(name string) (f *field, end side, key string, ok bool) {
	lower := strings.ToLower(name)
	if a, is := aliases[lower]; is {
		lower = a
	}
	first, rest, dotted := strings.Cut(lower, ".")
	if a, is := aliases[first]; is && dotted {
		first = a
		if b, is := aliases[first+"."+rest]; is { // dst.port
			first, dotted = b, false
		}
	}
	if dotted && (first == "client" || first == "server") {
		end = side(first)
		name = name[strings.IndexByte(name, '.')+1:]
		first, _, dotted = strings.Cut(rest, ".")
		if !dotted {
			if a, is := aliases[first]; is {
				first = a
			}
		}
	}
	if first == "tag" && dotted {
		if _, key, _ = strings.Cut(name, "."); key != "" {
			return &tagField, end, key, true
		}
		return nil, end, "", false
	}
	if dotted || first == "tag" {
		return nil, end, "", false
	}
	i := slices.IndexFunc(fields, func(f *field) bool { return f.name == first })
	if i < 0 || end != either && !fields[i].ends {
		return nil, end, "", false
	}
	return fields[i], end, "", true
}

// Fields are the fields that the language knows.
func Fields() []FilterField {
	list := make([]FilterField, len(fields))
	for i, f := range fields {
		list[i] = FilterField{Name: f.name, Ends: f.ends, Type: f.typ.String(), Operators: f.typ.operators(), Enum: f.enum, Doc: f.doc}
	}
	return list
}

// fieldNames are all names as a user may write them.
func fieldNames() []string {
	var names []string
	for _, f := range fields {
		name := f.name
		if f == &tagField {
			name = "tag."
		}
		names = append(names, name)
		if f.ends {
			names = append(names, "client."+name, "server."+name)
		}
	}
	return names
}

// nearest is the word of a list that a person probably meant, "" for none.
func nearest(word string, list []string) string {
	best, least := "", max(1, len(word)/3)
	for _, w := range list {
		if d := distance(strings.ToLower(word), w); d <= least && (best == "" || d < least) {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters must be changed, left out, put in or swapped.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	var before, last, row [65]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
