package flowgen

import (
	"math"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// link is traffic between two groups.
type link struct {
	from, to string
	port     int
	proto    uint8
	rate     float64 // connections an hour at the busiest time
	rounds   int     // at most
	gap      time.Duration
	ask      int64 // bytes a round
	answer   int64
	night    bool // it does not sleep
}

const kb, mb = 1 << 10, 1 << 20

var companyLinks = []link{
	{from: "Germany", to: "alb-web", port: 443, rate: 420, rounds: 6, gap: 2 * time.Second, ask: 2 * kb, answer: 260 * kb},
	{from: "Germany IPv6", to: "alb-web", port: 443, rate: 120, rounds: 6, gap: 2 * time.Second, ask: 2 * kb, answer: 260 * kb},
	{from: "United States", to: "alb-web", port: 443, rate: 200, rounds: 6, gap: 2 * time.Second, ask: 2 * kb, answer: 260 * kb},
	{from: "France", to: "alb-web", port: 443, rate: 170, rounds: 6, gap: 2 * time.Second, ask: 2 * kb, answer: 240 * kb},
	{from: "Japan", to: "alb-web", port: 443, rate: 60, rounds: 6, gap: 2 * time.Second, ask: 2 * kb, answer: 240 * kb, night: true},
	{from: "CDN edge", to: "alb-web", port: 443, rate: 240, rounds: 9, gap: 3 * time.Second, ask: 3 * kb, answer: 9 * mb},
	{from: "alb-web", to: "web", port: 8080, rate: 700, rounds: 8, gap: 2 * time.Second, ask: 6 * kb, answer: 2 * mb},
	{from: "web", to: "api", port: 8443, rate: 520, rounds: 8, gap: time.Second, ask: 8 * kb, answer: 700 * kb},
	{from: "web", to: "sessions", port: 6379, rate: 300, rounds: 10, gap: time.Second, ask: 2 * kb, answer: 90 * kb},
	{from: "api", to: "orders-db", port: 5432, rate: 280, rounds: 12, gap: 4 * time.Second, ask: 14 * kb, answer: 200 * kb},
	{from: "api", to: "sessions", port: 6379, rate: 220, rounds: 8, gap: time.Second, ask: 2 * kb, answer: 60 * kb},
	{from: "api", to: "catalog-search", port: 9200, rate: 220, rounds: 5, gap: time.Second, ask: 5 * kb, answer: 400 * kb},
	{from: "api", to: "Payment API", port: 443, rate: 60, rounds: 4, gap: time.Second, ask: 9 * kb, answer: 6 * kb},
	{from: "api", to: "DynamoDB", port: 443, rate: 90, rounds: 5, gap: time.Second, ask: 20 * kb, answer: 150 * kb},
	{from: "api", to: "vault", port: 8200, rate: 24, rounds: 2, gap: time.Second, ask: 2 * kb, answer: 3 * kb, night: true},
	{from: "worker", to: "orders-db", port: 5432, rate: 60, rounds: 40, gap: 20 * time.Second, ask: 40 * kb, answer: 300 * kb, night: true},
	{from: "worker", to: "S3", port: 443, rate: 80, rounds: 8, gap: 2 * time.Second, ask: 5 * mb, answer: 2 * mb, night: true},
	{from: "worker", to: "CloudWatch", port: 443, rate: 60, rounds: 3, gap: time.Second, ask: 60 * kb, answer: 3 * kb, night: true},
	{from: "thumbnailer", to: "S3", port: 443, rate: 90, rounds: 4, gap: time.Second, ask: 900 * kb, answer: 3 * mb},
	{from: "web", to: "dns", port: 53, proto: udp, rate: 180, rounds: 1, gap: time.Second, ask: 70, answer: 180, night: true},
	{from: "monitor", to: "web", port: 9100, rate: 40, rounds: 1, gap: time.Second, ask: 400, answer: 30 * kb, night: true},
	{from: "monitor", to: "api", port: 9100, rate: 40, rounds: 1, gap: time.Second, ask: 400, answer: 30 * kb, night: true},
	{from: "ci", to: "registry", port: 443, rate: 40, rounds: 6, gap: 3 * time.Second, ask: 9 * kb, answer: 9 * mb},
	{from: "ci", to: "staging-web", port: 8080, rate: 50, rounds: 5, gap: 2 * time.Second, ask: 4 * kb, answer: 80 * kb},
	{from: "staging-web", to: "staging-api", port: 8443, rate: 60, rounds: 5, gap: time.Second, ask: 4 * kb, answer: 60 * kb},
	{from: "staging-api", to: "staging-db", port: 5432, rate: 50, rounds: 8, gap: 5 * time.Second, ask: 9 * kb, answer: 60 * kb},
	{from: "staging-web", to: "dns", port: 53, proto: udp, rate: 30, rounds: 1, gap: time.Second, ask: 70, answer: 180, night: true},

	{from: "Germany", to: "ingest-lb", port: 443, rate: 180, rounds: 4, gap: time.Second, ask: 90 * kb, answer: 4 * kb},
	{from: "United States", to: "ingest-lb", port: 443, rate: 120, rounds: 4, gap: time.Second, ask: 90 * kb, answer: 4 * kb},
	{from: "Japan", to: "ingest-lb", port: 443, rate: 60, rounds: 4, gap: time.Second, ask: 90 * kb, answer: 4 * kb, night: true},
	{from: "ingest-lb", to: "ingest", port: 8080, rate: 300, rounds: 4, gap: time.Second, ask: 500 * kb, answer: 6 * kb},
	{from: "ingest", to: "Pub/Sub", port: 443, rate: 150, rounds: 6, gap: 2 * time.Second, ask: 3 * mb, answer: 20 * kb},
	{from: "ingest", to: "model-api", port: 8443, rate: 60, rounds: 3, gap: time.Second, ask: 60 * kb, answer: 20 * kb},
	{from: "spark", to: "Cloud Storage", port: 443, rate: 120, rounds: 9, gap: 3 * time.Second, ask: 4 * mb, answer: 16 * mb, night: true},
	{from: "spark", to: "BigQuery", port: 443, rate: 80, rounds: 6, gap: 3 * time.Second, ask: 9 * mb, answer: 5 * mb, night: true},
	{from: "spark", to: "metrics-db", port: 3306, rate: 60, rounds: 10, gap: 9 * time.Second, ask: 200 * kb, answer: mb, night: true},
	{from: "spark", to: "cache", port: 6379, rate: 80, rounds: 6, gap: time.Second, ask: 300 * kb, answer: 300 * kb, night: true},
	{from: "spark", to: "orders-db", port: 5432, rate: 20, rounds: 12, gap: 10 * time.Second, ask: 10 * kb, answer: 4 * mb, night: true},
	{from: "dashboards", to: "metrics-db", port: 3306, rate: 90, rounds: 4, gap: time.Second, ask: 9 * kb, answer: 400 * kb},
	{from: "Office Berlin", to: "dashboards", port: 443, rate: 60, rounds: 6, gap: 3 * time.Second, ask: 4 * kb, answer: 300 * kb},
	{from: "trainer", to: "Cloud Storage", port: 443, rate: 60, rounds: 12, gap: 5 * time.Second, ask: 900 * kb, answer: 20 * mb, night: true},
	{from: "model-api", to: "feature-db", port: 5432, rate: 70, rounds: 5, gap: time.Second, ask: 9 * kb, answer: 90 * kb},

	{from: "Office Berlin", to: "appgw-erp", port: 443, rate: 140, rounds: 8, gap: 3 * time.Second, ask: 6 * kb, answer: 300 * kb},
	{from: "desktops", to: "appgw-erp", port: 443, rate: 120, rounds: 8, gap: 3 * time.Second, ask: 6 * kb, answer: 300 * kb},
	{from: "appgw-erp", to: "erp-aks", port: 8443, rate: 220, rounds: 6, gap: 2 * time.Second, ask: 9 * kb, answer: 400 * kb},
	{from: "erp-aks", to: "erp-sql", port: 1433, rate: 160, rounds: 20, gap: 12 * time.Second, ask: 30 * kb, answer: 500 * kb},
	{from: "erp-batch", to: "erp-sql", port: 1433, rate: 40, rounds: 40, gap: 20 * time.Second, ask: 200 * kb, answer: 2 * mb, night: true},
	{from: "erp-batch", to: "pe-storage", port: 443, rate: 40, rounds: 6, gap: 3 * time.Second, ask: 9 * mb, answer: mb, night: true},
	{from: "erp-batch", to: "api", port: 8443, rate: 20, rounds: 4, gap: 2 * time.Second, ask: 40 * kb, answer: 300 * kb},
	{from: "desktops", to: "directory", port: 389, rate: 80, rounds: 2, gap: time.Second, ask: 2 * kb, answer: 6 * kb},
	{from: "desktops", to: "directory", port: 53, proto: udp, rate: 120, rounds: 1, gap: time.Second, ask: 70, answer: 200},
	{from: "desktops", to: "files", port: 445, rate: 60, rounds: 10, gap: 9 * time.Second, ask: 900 * kb, answer: 4 * mb},
	{from: "Office Berlin", to: "vpn-gw", port: 443, rate: 40, rounds: 30, gap: 20 * time.Second, ask: 60 * kb, answer: 400 * kb},
	{from: "jumpbox", to: "erp-batch", port: 3389, rate: 6, rounds: 30, gap: 10 * time.Second, ask: 20 * kb, answer: 200 * kb},
}

// busy is how much goes on at a time of day, 0 to 1.
func (l *link) busy(t time.Time) float64 {
	if l.night {
		return 0.75
	}
	h := float64(t.Hour()) + float64(t.Minute())/60
	x := (h - 14) / 4.6
	return 0.14 + 0.86*math.Exp(-x*x)
}

// party is one end of a connection.
type party struct {
	addr netip.Addr
	nic  *nic
	out  *outside
}

func (c *company) pick(name string) party {
	if list := c.nics[name]; list != nil {
		n := list[c.rng.IntN(len(list))]
		return party{addr: n.addr, nic: n}
	}
	a, o := c.outer(name)
	return party{addr: a, out: o}
}

func (p party) tell() end {
	if p.nic != nil {
		return end{nic: p.nic}
	}
	return end{country: p.out.code, asn: p.out.asn, service: p.out.google}
}

// connect makes a connection of a link at t.
func (c *company) connect(l *link, t time.Time) {
	from, to := c.pick(l.from), c.pick(l.to)
	if from.addr.Is6() {
		to.addr = to.nic.addr6
	}
	rounds := 1 + c.rng.IntN(l.rounds)
	if t.Add(time.Duration(rounds) * l.gap).After(c.end.Add(-2 * time.Minute)) {
		return // it would not be over when the logs end
	}
	v := &conn{client: at(from.addr, 32768+c.rng.IntN(28000)), server: at(to.addr, l.port), proto: tcp}
	if l.proto != 0 {
		v.proto = l.proto
	}
	v.from, v.to = from.tell(), to.tell()
	v.hops = c.way(v, from, to)
	syn, fin, answered := uint8(periplus.SYN), uint8(periplus.FIN), uint8(periplus.SYN|periplus.ACK)
	if v.proto == tcp {
		v.add(t, false, 1, 60, syn)
		v.add(t.Add(12*time.Millisecond), true, 1, 60, answered)
		t = t.Add(25 * time.Millisecond)
	}
	for range rounds {
		ask, answer := c.about(l.ask), c.about(l.answer)
		v.add(t, false, ask/1400+1+answer/2800, ask+40*(answer/2800), 0)
		v.add(t.Add(40*time.Millisecond), true, answer/1400+1+ask/2800, answer+40*(ask/2800), 0)
		t = t.Add(time.Duration(float64(l.gap) * (0.5 + c.rng.Float64())))
	}
	if v.proto == tcp {
		last := v.bursts[len(v.bursts)-1].at
		v.add(last.Add(20*time.Millisecond), false, 1, 52, fin)
		v.add(last.Add(45*time.Millisecond), true, 1, 52, fin)
	}
	v.late = c.rng.IntN(100) == 0
	v.repeat = c.rng.IntN(50) == 0
	if c.end.Sub(t) < 40*time.Minute {
		v.late = false
	}
	c.send(v)
}

// about is a size around n.
func (c *company) about(n int64) int64 {
	return int64(float64(n)*(0.3+1.4*c.rng.Float64())) + 1
}

// way is the interfaces between two parties.
func (c *company) way(v *conn, from, to party) []hop {
	var hops []hop
	if from.nic != nil {
		h := clientHop(from.nic)
		h.rule = rule(from.nic, true)
		h.path = 1
		if to.out != nil {
			h.path, h.dstSvc = 8, to.out.aws
			if to.out.aws != "" {
				h.path = 7
			}
		}
		hops = append(hops, h)
		if to.out != nil && to.out.aws == "" && from.nic.provider == "aws" {
			hops[0].path = 1
			nat := c.nats[c.rng.IntN(len(c.nats))]
			hops = append(hops, natHops(nat, v.client, v.server, 1024+c.rng.IntN(60000))...)
		}
	}
	if from.nic != nil && to.nic != nil {
		if way := c.ways[[2]*network{from.nic.network, to.nic.network}]; way != nil {
			hops = append(hops, middleHop(way))
		}
	}
	if to.nic != nil {
		h := serverHop(to.nic)
		h.rule = rule(to.nic, false)
		h.path = 1
		if from.out != nil {
			h.path = 8
		}
		hops = append(hops, h)
	}
	return hops
}

// rule is what lets traffic through at an interface.
func rule(n *nic, out bool) string {
	switch {
	case n.provider == "gcp":
		return ruleName(n.network.id, "allow-"+n.service)
	case n.provider != "azure":
		return ""
	case out:
		return "DefaultRule_AllowVnetOutBound"
	}
	return "UserRule_allow-" + n.service
}
