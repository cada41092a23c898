package periplus

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed services.txt
var servicesText string

// serviceTable is services.txt by port and by name.
type serviceTable struct {
	name map[servicePort]string
	port map[string]uint16
	// registered has one bit a port and family of protocols: tcp, udp, others.
	registered [256]*[1 << 10]uint64
}

type servicePort struct {
	port     uint16
	protocol uint8
}

var services = sync.OnceValue(func() *serviceTable { return parseServices(servicesText) })

var serviceProtocols = map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132, "dccp": 33}

// parseServices reads lines of "port protocols name...". It panics on a bad
// line: the text is ours.
func parseServices(text string) *serviceTable {
	t := &serviceTable{name: map[servicePort]string{}, port: map[string]uint16{}}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		n, err := strconv.ParseUint(f[0], 10, 16)
		if err != nil || len(f) < 3 {
			panic("services.txt: " + line)
		}
		names, registered := f[2:], true
		if names[len(names)-1] == "*" {
			names, registered = names[:len(names)-1], false
		}
		for _, name := range names {
			name = strings.ToLower(name)
			if _, ok := t.port[name]; !ok {
				t.port[name] = uint16(n)
			}
		}
		for p := range strings.SplitSeq(f[1], ",") {
			protocol, ok := serviceProtocols[p]
			if !ok {
				panic("services.txt: " + line)
			}
			t.name[servicePort{uint16(n), protocol}] = names[0]
			if registered {
				if t.registered[protocol] == nil {
					t.registered[protocol] = new([1 << 10]uint64)
				}
				t.registered[protocol][n>>6] |= 1 << (n & 63)
			}
		}
	}
	return t
}

// ServicePort returns the port of a service by any of its names, in any case:
// "https" is 443, "rdp" and "ms-wbt-server" are 3389.
func ServicePort(name string) (port uint16, ok bool) {
	port, ok = services().port[strings.ToLower(name)]
	return port, ok
}

// ServiceName returns what people call the service at a port; "" where nothing
// is known. The protocol is IANA's number.
func ServiceName(port uint16, protocol uint8) string {
	return services().name[servicePort{port, protocol}]
}

// ServiceRegistered reports whether a port below 49152 is in the list of IANA
// services: rule 7 of orientation. Services that are merely in common use are
// not.
func ServiceRegistered(port uint16, protocol uint8) bool {
	bits := services().registered[protocol]
	return bits != nil && port < 49152 && bits[port>>6]&(1<<(port&63)) != 0
}
