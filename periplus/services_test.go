package periplus

import (
	"strings"
	"testing"
)

func TestServices(t *testing.T) {
	f := func(name string, port uint16, protocol uint8, registered bool) {
		t.Helper()
		if got, ok := ServicePort(name); !ok || got != port {
			t.Errorf("ServicePort(%q) = %d, %v; want %d", name, got, ok, port)
		}
		if got := ServiceName(port, protocol); got == "" {
			t.Errorf("ServiceName(%d, %d) = %q; want a name", port, protocol, got)
		}
		if got := ServiceRegistered(port, protocol); got != registered {
			t.Errorf("ServiceRegistered(%d, %d) = %v; want %v", port, protocol, got, registered)
		}
	}
	f("https", 443, 6, true)
	f("HTTPS", 443, 17, true)
	f("mysql", 3306, 6, true)
	f("redis", 6379, 6, true)
	f("http-alt", 8080, 6, true)
	f("https-alt", 8443, 6, true)
	f("pcsync-https", 8443, 6, true)
	f("mongodb", 27017, 6, true)
	f("kafka", 9092, 6, true)
	f("XmlIpcRegSvc", 9092, 6, true)
	f("rdp", 3389, 6, true)
	f("nfs", 2049, 6, true)
	f("kubelet", 10250, 6, false)
	f("jetdirect", 9100, 6, true)
	f("otlp", 4317, 6, false)
	for port, want := range map[uint16]string{9100: "node-exporter", 9090: "prometheus", 6443: "kubernetes-api", 2379: "etcd-client", 9092: "kafka", 9200: "elasticsearch", 5601: "kibana", 4318: "otlp-http", 8443: "https-alt"} {
		if got := ServiceName(port, 6); got != want {
			t.Errorf("port %d is called %q; want %q, as people do", port, got, want)
		}
	}

	if ServiceRegistered(50051, 6) || ServiceName(50051, 6) != "" {
		t.Error("50051 is registered; want not: gRPC never registered it")
	}
	if _, ok := ServicePort("no such service"); ok {
		t.Error("ServicePort knows a service that is not there")
	}
	if ServiceName(443, 1) != "" || ServiceRegistered(443, 1) {
		t.Error("ICMP has a service; want none")
	}
}

func TestServicesText(t *testing.T) {
	seen := map[servicePort]string{}
	for line := range strings.Lines(servicesText) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(f) == 0 {
			continue
		}
		one := parseServices(line)
		for k, name := range one.name {
			if k.port == 0 || k.port >= 49152 {
				t.Errorf("%q: port %d; want 1 to 49151", line, k.port)
			}
			if was, ok := seen[k]; ok {
				t.Errorf("%d/%d is both %s and %s", k.port, k.protocol, was, name)
			}
			seen[k] = name
		}
	}
	if len(seen) < 600 {
		t.Errorf("%d services; want several hundred", len(seen))
	}
}
