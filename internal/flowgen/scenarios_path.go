package flowgen

import (
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

const internet1, internet2 = "198.51.100.7", "203.0.113.80"

// nacl sends connections whose replies a network ACL denies while it holds.
func nacl(w *world, p *pair, atClient bool, since time.Time) {
	p.company(w)
	for i, t := range w.times(14, 0, 2*time.Hour) {
		c := w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 4+i%3, 3*time.Second, clientHop(p.app), serverHop(p.db))
		if !t.Before(since) { // a handshake that is never finished
			c.bursts = nil
			for k := range 3 {
				c.add(t.Add(time.Duration(k)*time.Second), false, 1, 60, periplus.SYN)
				c.add(t.Add(time.Duration(k)*time.Second+10*time.Millisecond), true, 1, 60, periplus.SYN|periplus.ACK)
			}
			h := &c.hops[1]
			if atClient {
				h = &c.hops[0]
			}
			h.response = denied("")
		}
		w.send(c)
	}
}

// natWorld is a private subnet behind a NAT gateway.
func natWorld(w *world, fields string, kind string, logHost, logNAT bool) (host, nat *nic) {
	v := w.network("aws", account1, region1, "main")
	host = v.subnet(w, "app", "euc1-az1").host(w, "worker-1", "10.0.1.5")
	nat = v.subnet(w, "public", "euc1-az1").gateway(w, "nat-1", "10.0.0.220", kind)
	if logHost {
		w.aws(fields, &flowLog{id: "fl-0a"}, host)
	}
	if logNAT {
		w.aws(fields, &flowLog{id: "fl-0b"}, nat)
	}
	return host, nat
}

// throughNAT sends connections from host to servers on the internet.
func throughNAT(w *world, host, nat *nic, times []time.Time) {
	for i, t := range times {
		s := at(addr(internet1), 443)
		if i%3 == 2 {
			s = at(addr(internet2), 443)
		}
		c := at(host.addr, w.port())
		hops := append([]hop{clientHop(host).out(1)}, natHops(nat, c, s, 1024+w.rng.IntN(60000))...)
		w.send(w.tcp(t, c, s, 6, 4*time.Second, hops...))
	}
}

// gatewayWorld is two VPCs of two accounts behind a transit gateway.
type gatewayWorld struct {
	app, db        *nic
	enter          *nic // where the app's requests enter the gateway
	tgw, app1, db1 *flowLog
}

func gatewayOf(w *world, logApp, logDB bool) *gatewayWorld {
	a, b := w.network("aws", account1, region1, "apps"), w.network("aws", account2, region1, "data")
	as, bs := a.subnet(w, "app", "euc1-az1"), b.subnet(w, "data", "euc1-az2")
	g := &gatewayWorld{app: as.host(w, "app-1", "10.1.1.10"), db: bs.host(w, "db-1", "10.2.2.20")}
	g.enter = w.attachment("hub", as, as, bs)
	g.tgw = w.logTGW(&flowLog{id: "fl-067"}, account1, region1, s3(account1, region1, "fl-067", fieldsTGW), g.enter)
	if logApp {
		g.app1 = w.aws(fieldsV5, &flowLog{id: "fl-0a1"}, g.app)
	}
	if logDB {
		g.db1 = w.aws(fieldsV5, &flowLog{id: "fl-0db"}, g.db)
	}
	return g
}

func (g *gatewayWorld) ask(w *world, port int, times ...time.Time) {
	for _, t := range times {
		w.send(w.tcp(t, at(g.app.addr, w.port()), at(g.db.addr, port), 5, 4*time.Second, clientHop(g.app), middleHop(g.enter), serverHop(g.db)))
	}
}

// lose sends what the gateway drops after the interface's ACCEPT.
func (g *gatewayWorld) lose(w *world, port int, reason string) {
	for i := range 10 {
		h := middleHop(g.enter)
		h.request = dropped(reason)
		w.send(w.syn(w.start.Add(time.Duration(i)*9*time.Minute+time.Minute), at(g.app.addr, w.port()), at(g.db.addr, port), 3, clientHop(g.app), h, serverHop(g.db)))
	}
}

var awsPathScenarios = []Scenario{
	{Name: "aws-nacl-denies-reply-at-server", Provider: "aws", Deliveries: 1,
		About: "the server's network ACL stops replies from some hour on: the request is allowed, the response denied",
		build: func(w *world) { nacl(w, pairOf(w, fieldsV5, fieldsV5), false, w.start.Add(time.Hour)) }},
	{Name: "aws-nacl-denies-reply-at-client", Provider: "aws", Deliveries: 1,
		About: "the client's network ACL stops replies after the server's interface let them out",
		build: func(w *world) { nacl(w, pairOf(w, fieldsV5, fieldsV5), true, w.start) }},
	{Name: "aws-denied-at-server", Provider: "aws", Deliveries: 1,
		About: "the client's interface lets out what the server's security group denies: denied, once",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.company(w)
			for _, t := range w.times(12, 0, 2*time.Hour) {
				h := serverHop(p.db)
				h.request = denied("")
				w.send(w.syn(t, at(p.app.addr, w.port()), at(p.db.addr, 22), 3, clientHop(p.app), h))
			}
		}},
	{Name: "aws-both-verdicts", Provider: "aws", Deliveries: 1,
		About: "one conversation is allowed for an hour and denied after a security group changed",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			change := w.start.Add(70 * time.Minute)
			p.ask(w, 5432, 5, 3*time.Second, w.times(10, 0, 65*time.Minute)...)
			for _, t := range w.times(10, 75*time.Minute, time.Hour) {
				h := serverHop(p.db)
				h.request = denied("").since(change)
				w.send(w.syn(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 3, clientHop(p.app), h))
			}
		}},
	{Name: "aws-tgw-passes", Provider: "aws", Deliveries: 1,
		About: "both ends and the transit gateway between them log the same packets",
		build: func(w *world) { gatewayOf(w, true, true).ask(w, 5432, w.times(12, 0, 2*time.Hour)...) }},
	{Name: "aws-tgw-only", Provider: "aws", Deliveries: 1,
		About: "only the transit gateway logs: its counters are the total, without a verdict",
		build: func(w *world) { gatewayOf(w, false, false).ask(w, 5432, w.times(12, 0, 2*time.Hour)...) }},
	{Name: "aws-tgw-drops", Provider: "aws", Deliveries: 1,
		About: "the transit gateway has no route for what the client's interface accepted: dropped, once, bytes unknown",
		build: func(w *world) {
			g := gatewayOf(w, true, true)
			g.ask(w, 5432, w.times(12, 0, 2*time.Hour)...)
			g.lose(w, 9092, "no-route")
		}},
	{Name: "aws-tgw-mtu", Provider: "aws", Deliveries: 1,
		About: "the transit gateway drops the large packets of connections whose others arrive",
		build: func(w *world) {
			g := gatewayOf(w, true, true)
			for _, t := range w.times(10, 0, 2*time.Hour) {
				h := middleHop(g.enter)
				h.request = dropped("mtu-exceeded").since(t.Add(10 * time.Second)).until(t.Add(15 * time.Second))
				w.send(w.tcp(t, at(g.app.addr, w.port()), at(g.db.addr, 5432), 9, 3*time.Second, clientHop(g.app), h, serverHop(g.db)))
			}
		}},
	{Name: "aws-tgw-nacl-denies-reply-at-client", Provider: "aws", Deliveries: 1,
		About: "a reply passes the server's interface and the gateway and is stopped at the client's",
		build: func(w *world) {
			g := gatewayOf(w, true, true)
			for i, t := range w.times(10, 0, 2*time.Hour) {
				c := w.tcp(t, at(g.app.addr, w.port()), at(g.db.addr, 5432), 5, 3*time.Second, clientHop(g.app), middleHop(g.enter), serverHop(g.db))
				if i%2 == 0 {
					c.hops[0].response = denied("").since(t.Add(5 * time.Second))
				}
				w.send(c)
			}
		}},
	{Name: "aws-stray-after-close", Provider: "aws", Deliveries: 1,
		About: "packets that arrive after the connection closed are rejected at the client, among many that are accepted",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			for i, t := range w.times(300, 0, 3*time.Hour) {
				// What no counter can tell is which of two buckets a packet of a
				// record that began before the full hour was in: keep clear of it.
				if m := t.Add(90 * time.Second); m.Truncate(time.Hour).After(t.Add(-time.Minute)) {
					continue
				}
				c := w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 2, 2*time.Second, clientHop(p.app), serverHop(p.db))
				if i%3 == 0 {
					last := c.bursts[len(c.bursts)-1].at
					c.hops[0].response = denied("").since(last.Add(time.Millisecond))
					c.add(last.Add(3*time.Second), true, 1, 40, periplus.RST)
				}
				w.send(c)
			}
		}},
	{Name: "aws-nacl-denies-reply-client-only", Provider: "aws", Deliveries: 1,
		About: "the client's network ACL stops replies and nobody logs at the server",
		build: func(w *world) { nacl(w, pairOf(w, fieldsV5, ""), true, w.start) }},
	{Name: "aws-tgw-drops-seen-by-it-only", Provider: "aws", Deliveries: 1,
		About: "only the transit gateway logs what it drops: there is nothing that passed",
		build: func(w *world) {
			g := gatewayOf(w, false, false)
			g.ask(w, 5432, w.times(6, 0, 2*time.Hour)...)
			g.lose(w, 9092, "blackhole")
		}},
	{Name: "aws-nat-packet-addresses", Provider: "aws", Deliveries: 1,
		About: "a NAT gateway logs both its sides with packet-level addresses: one conversation, and a leg that is in no total",
		build: func(w *world) {
			host, nat := natWorld(w, fieldsV5, "nat_gateway", true, true)
			throughNAT(w, host, nat, w.times(15, 0, 2*time.Hour))
		}},
	{Name: "aws-nat-v11", Provider: "aws", Deliveries: 1,
		About: "the same with the interface's type in the log",
		build: func(w *world) {
			host, nat := natWorld(w, fieldsV11, "nat_gateway", true, true)
			throughNAT(w, host, nat, w.times(15, 0, 2*time.Hour))
		}},
	{Name: "aws-nat-only", Provider: "aws", Deliveries: 1,
		About: "only the NAT gateway logs: its near side is the conversation",
		build: func(w *world) {
			host, nat := natWorld(w, fieldsV5, "nat_gateway", false, true)
			throughNAT(w, host, nat, w.times(15, 0, 2*time.Hour))
		}},
	{Name: "aws-nat-no-packet-addresses", Provider: "aws", Deliveries: 1,
		About: "without packet-level addresses nothing joins the sides of a NAT gateway: each is a conversation of its own",
		build: func(w *world) {
			host, nat := natWorld(w, fieldsFlags, "nat_gateway", true, true)
			throughNAT(w, host, nat, w.times(15, 0, 2*time.Hour))
		}},
	{Name: "aws-scan-of-nat", Provider: "aws", Deliveries: 1,
		About: "a scanner tries the NAT gateway's own address: denied traffic of the gateway itself, never a leg",
		build: func(w *world) {
			host, nat := natWorld(w, fieldsV5, "nat_gateway", true, true)
			throughNAT(w, host, nat, w.times(10, 0, 2*time.Hour))
			for i, t := range w.times(20, 0, 2*time.Hour) {
				h := serverHop(nat)
				h.request = denied("")
				w.send(w.syn(t, at(addr("192.0.2.66"), 40000+i), at(nat.addr, 20+i), 1, h))
			}
		}},
	{Name: "aws-secondary-address", Provider: "aws", Deliveries: 1,
		About: "a secondary address shows as the primary at the interface: the packet's address is the client",
		build: func(w *world) { secondary(w, "10.0.1.77", fieldsV5) }},
	{Name: "aws-pods", Provider: "aws", Deliveries: 1,
		About: "pods behind one interface are clients of their own",
		build: func(w *world) { secondary(w, "10.0.1.78 10.0.1.79 10.0.1.80", fieldsV3) }},
	{Name: "aws-dual-stack", Provider: "aws", Deliveries: 1,
		About: "an interface with IPv4 and IPv6: its own address is decided for each",
		build: func(w *world) {
			p := pairOf(w, fieldsFlags, fieldsFlags)
			p.app.addr6, p.db.addr6 = addr("2001:db8:1::10"), addr("2001:db8:2::20")
			p.company(w)
			p.ask(w, 5432, 5, 3*time.Second, w.times(8, 0, 2*time.Hour)...)
			for _, t := range w.times(8, 0, 2*time.Hour) {
				w.send(w.tcp(t, at(p.app.addr6, w.port()), at(p.db.addr6, 5432), 5, 2*time.Second, clientHop(p.app), serverHop(p.db)))
				w.send(w.tcp(t, at(p.app.addr6, w.port()), at(addr("2001:db8:99::1"), 443), 5, 2*time.Second, clientHop(p.app)))
				w.send(w.tcp(t, at(addr("2001:db8:98::1"), w.port()), at(p.db.addr6, 5432), 5, 2*time.Second, serverHop(p.db)))
			}
		}},
	{Name: "aws-one-peer", Provider: "aws", Deliveries: 1,
		About: "an interface with a single peer and no flow-direction: where it stands is unknown, the total is not",
		build: func(w *world) {
			p := pairOf(w, fieldsFlags, "")
			p.ask(w, 5432, 5, 3*time.Second, w.times(8, 0, 2*time.Hour)...)
		}},
	{Name: "aws-overlapping-networks", Provider: "aws", Deliveries: 1,
		About: "two VPCs use the same private range: their conversations stay apart",
		build: overlapping},
	{Name: "aws-s3-service", Provider: "aws", Deliveries: 1,
		About: "a cloud service named by pkt-dst-aws-service",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			for i, t := range w.times(12, 0, 2*time.Hour) {
				h := clientHop(p.app).out(7)
				h.dstSvc = "S3"
				w.send(w.tcp(t, at(p.app.addr, w.port()), at(plus("52.219.170.1", i%3), 443), 4+i, time.Second, h))
			}
		}},
	{Name: "aws-balancer", Provider: "aws", Deliveries: 1,
		About: "users reach a balancer, the balancer its targets: two conversations, each true",
		build: balanced},
	{Name: "aws-peering", Provider: "aws", Deliveries: 1,
		About: "two accounts' VPCs peer and each has its own log",
		build: func(w *world) {
			a, b := w.network("aws", account1, region1, "apps"), w.network("aws", account2, region1, "data")
			x := a.subnet(w, "app", "euc1-az1").host(w, "app-1", "10.1.1.10")
			y := b.subnet(w, "data", "euc1-az2").host(w, "db-1", "10.2.2.20")
			w.aws(fieldsV5, &flowLog{id: "fl-0a1"}, x)
			w.aws(fieldsV10, &flowLog{id: "fl-0b2", window: 10 * time.Minute}, y)
			for _, t := range w.times(15, 0, 3*time.Hour) {
				w.send(w.tcp(t, at(x.addr, w.port()), at(y.addr, 3306), 9, 7*time.Second, clientHop(x).out(4), serverHop(y).out(4)))
			}
		}},
}

// secondary sends from addresses that are not the interface's primary one.
func secondary(w *world, addresses, fields string) {
	p := pairOf(w, fields, "")
	p.company(w)
	var list []netip.Addr
	for s := range slices.Values(splitWords(addresses)) {
		list = append(list, addr(s))
	}
	for i, t := range w.times(12, 0, 2*time.Hour) {
		c := at(list[i%len(list)], w.port())
		h := clientHop(p.app)
		h.src = at(p.app.addr, int(c.Port()))
		w.send(w.tcp(t, c, at(p.db.addr, 5432), 5, 3*time.Second, h))
	}
}

// overlapping makes two pairs with equal addresses in two VPCs.
func overlapping(w *world) {
	for i, name := range []string{"blue", "green"} {
		v := w.network("aws", account1, region1, name)
		x := v.subnet(w, "app", "euc1-az1").host(w, "app-1", "10.0.1.10")
		y := v.subnet(w, "data", "euc1-az1").host(w, "db-1", "10.0.2.20")
		w.aws(fieldsV5, &flowLog{id: "fl-0a" + name}, x)
		w.aws(fieldsV5, &flowLog{id: "fl-0b" + name}, y)
		w.book.shared[x.addr], w.book.shared[y.addr] = true, true
		for _, t := range w.times(10, 0, 2*time.Hour) {
			w.send(w.tcp(t, at(x.addr, w.port()), at(y.addr, 5432), 4+4*i, 3*time.Second, clientHop(x), serverHop(y)))
		}
	}
}

// balanced sends users by way of a balancer to two targets.
func balanced(w *world) {
	v := w.network("aws", account1, region1, "main")
	lb := v.subnet(w, "public", "euc1-az1").gateway(w, "alb-1", "10.0.0.50", "load_balancer")
	apps := []*nic{v.subnet(w, "app", "euc1-az1").host(w, "app-1", "10.0.1.10"), v.subnet(w, "app", "euc1-az2").host(w, "app-2", "10.0.1.11")}
	w.aws(fieldsV5, &flowLog{id: "fl-0main"}, append(apps, lb)...)
	for i, t := range w.times(24, 0, 2*time.Hour) {
		user := at(plus("203.0.113.1", i%9), w.port())
		w.send(w.tcp(t, user, at(lb.addr, 443), 4, time.Second, serverHop(lb).out(8)))
		app := apps[i%2]
		w.send(w.tcp(t.Add(50*time.Millisecond), at(lb.addr, w.port()), at(app.addr, 8080), 4, time.Second, clientHop(lb).out(1), serverHop(app).out(1)))
	}
}
