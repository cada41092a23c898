package flowgen

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// incident is something that goes on for a while.
type incident struct {
	Finding
	minute func(t time.Time)
}

// background is what always goes on: scanners, pings, the time, quiet
// interfaces.
func (c *company) background(t time.Time) {
	for range c.some(3) {
		a, _ := c.outer("Known scanners")
		c.scan(a, c.within(t), []int{22, 23, 80, 445, 3389, 5900, 8080, 8443, 2375, 6379}[c.rng.IntN(10)])
	}
	if t.Minute()%5 == 0 && t.Before(c.end.Add(-10*time.Minute)) {
		for _, m := range c.nics["monitor"] {
			c.ping(m, c.nics["bastion"][0], c.within(t))
		}
		for _, n := range c.nics["erp-batch"] {
			c.clock(n, c.nics["directory"][0], c.within(t))
		}
	}
	if t.Minute()%10 == 0 {
		l := c.nics["bastion"][0].logs[0]
		l.out.(*awsWriter).mark(c.world, c.nats[1], t, t.Add(time.Minute), "NODATA")
	}
}

// scan tries one port of one public endpoint, from the scanner's fixed port.
func (c *company) scan(from netip.Addr, t time.Time, port int) {
	var targets []*nic
	for i := range companyGroups {
		if companyGroups[i].public {
			targets = append(targets, c.nics[companyGroups[i].name]...)
		}
	}
	n := targets[c.rng.IntN(len(targets))]
	source := 40000 + int(from.As4()[3])
	v := c.syn(t, at(from, source), at(n.addr, port), 1, serverHop(n))
	v.from = end{country: "nld", asn: 64503}
	v.to.nic = n
	v.hops[0].request = c.refusal(n)
	c.send(v)
}

// refusal is how an interface's cloud words that a rule stopped something.
func (c *company) refusal(n *nic) stop {
	switch n.provider {
	case "gcp":
		return denied(ruleName(n.network.id, "deny-all-ingress"))
	case "azure":
		return denied("DefaultRule_DenyAllInBound")
	}
	return denied("")
}

// ping sends some echoes; the smaller address is called the server.
func (c *company) ping(a, b *nic, t time.Time) {
	client, server := smallerServes(a, b)
	c.send(c.datagrams(t, icmp, at(client.addr, 0), at(server.addr, 0), 3, time.Second, clientHop(client), serverHop(server)))
}

// clock asks for the time, from port 123 to port 123. Azure says who began.
func (c *company) clock(a, b *nic, t time.Time) {
	v := c.datagrams(t, udp, at(a.addr, 123), at(b.addr, 123), 1, time.Second, clientHop(a), serverHop(b))
	v.hops[0].rule, v.hops[1].rule = rule(a, true), rule(b, false)
	c.send(v)
}

// incidents plants what there is to find.
func (c *company) incidents() []incident {
	from := func(share float64) time.Time { return c.start.Add(c.part(share)) }
	list := []incident{c.noRoute(from(0.42)), c.burst(from(0.63)), c.probe(from(0.71)), c.exfiltration(from(0.79)), c.acl(from(0.88))}
	for i := range list {
		c.truth.Findings = append(c.truth.Findings, list[i].Finding)
	}
	return list
}

// lasts is how long an incident goes on: shorter where little is simulated.
func (c *company) lasts(d time.Duration) time.Duration { return min(d, c.part(0.08)) }

// burst: one scanner tries everything that is public, many ports of each.
func (c *company) burst(t time.Time) incident {
	from := plus("192.0.2.64", 11)
	port := 0
	return incident{
		Finding{Kind: "scan", About: "a scanner tries 300 ports of every public endpoint", Client: from, From: t, To: t.Add(c.lasts(20 * time.Minute))},
		func(t time.Time) {
			for range 75 {
				port = port%300 + 1
				c.scan(from, c.within(t), port)
			}
		},
	}
}

// probe: a web server tries the data tier's ports.
func (c *company) probe(t time.Time) incident {
	web := c.nics["web"][6]
	var targets []*nic
	for _, g := range []string{"orders-db", "sessions", "catalog-search"} {
		targets = append(targets, c.nics[g]...)
	}
	ports := []int{22, 1433, 3306, 3389, 5432, 9042, 9300, 11211, 27017}
	return incident{
		Finding{Kind: "probe", About: "web-7 tries the data tier's ports; its security group denies them", Client: web.addr, From: t, To: t.Add(c.lasts(15 * time.Minute))},
		func(t time.Time) {
			for range 14 {
				n := targets[c.rng.IntN(len(targets))]
				v := c.syn(c.within(t), at(web.addr, 32768+c.rng.IntN(28000)), at(n.addr, ports[c.rng.IntN(len(ports))]), 2, clientHop(web).out(1), serverHop(n))
				v.hops[1].request = denied("")
				c.send(v)
			}
		},
	}
}

// exfiltration: a worker sends much to a host that nobody asked before.
func (c *company) exfiltration(t time.Time) incident {
	n, to := c.nics["worker"][3], plus("198.51.100.192", 8)
	return incident{
		Finding{Kind: "exfiltration", About: "worker-4 sends 30 GB to a new host", Client: n.addr, Server: to, From: t, To: t.Add(c.lasts(40 * time.Minute))},
		func(t time.Time) {
			t = c.within(t)
			v := &conn{client: at(n.addr, 32768+c.rng.IntN(28000)), server: at(to, 443), proto: tcp}
			v.hops = c.way(v, party{addr: n.addr, nic: n}, party{addr: to, out: unlisted()})
			v.add(t, false, 1, 60, periplus.SYN)
			v.add(t.Add(20*time.Millisecond), true, 1, 60, periplus.SYN|periplus.ACK)
			for i := range 10 {
				size := c.about(75 * mb)
				v.add(t.Add(time.Duration(i)*2*time.Second+time.Second), false, size/1400+1, size, 0)
				v.add(t.Add(time.Duration(i)*2*time.Second+1100*time.Millisecond), true, size/2800+1, 52*(size/2800+1), 0)
			}
			c.send(v)
		},
	}
}

func unlisted() *outside {
	for i := range outsiders {
		if outsiders[i].name == "Unlisted host" {
			return &outsiders[i]
		}
	}
	return nil
}

// noRoute: staging asks production, and the transit gateway has no route.
func (c *company) noRoute(t time.Time) incident {
	return incident{
		Finding{Kind: "route", About: "staging-api asks production's orders-db; the transit gateway has no route", From: t, To: t.Add(c.lasts(90 * time.Minute))},
		func(t time.Time) {
			for range c.some(2) {
				a, b := c.pick("staging-api"), c.pick("orders-db")
				way := middleHop(c.ways[[2]*network{a.nic.network, b.nic.network}])
				way.request = dropped("no-route")
				c.send(c.syn(c.within(t), at(a.addr, 32768+c.rng.IntN(28000)), at(b.addr, 5432), 3, clientHop(a.nic).out(1), way, serverHop(b.nic)))
			}
		},
	}
}

// acl: a network ACL denies what the search servers answer.
func (c *company) acl(t time.Time) incident {
	return incident{
		Finding{Kind: "acl", About: "a network ACL denies the replies of catalog-search", From: t, To: t.Add(c.lasts(35 * time.Minute))},
		func(t time.Time) {
			for range c.some(5) {
				a, b := c.pick("api"), c.pick("catalog-search")
				v := &conn{client: at(a.addr, 32768+c.rng.IntN(28000)), server: at(b.addr, 9200), proto: tcp, hops: []hop{clientHop(a.nic).out(1), serverHop(b.nic).out(1)}}
				at := c.within(t)
				for i := range 3 {
					v.add(at.Add(time.Duration(i)*time.Second), false, 1, 60, periplus.SYN)
					v.add(at.Add(time.Duration(i)*time.Second+4*time.Millisecond), true, 1, 60, periplus.SYN|periplus.ACK)
				}
				v.hops[1].response = denied("")
				c.send(v)
			}
		},
	}
}
