package flowgen

import "time"

const project1 = "shop-prod"

// gcpPair is a client and a server in one GCP network.
type gcpPair struct {
	net     *network
	web, db *nic
}

func gcpPairOf(w *world) *gcpPair {
	v := w.network("gcp", project1, "europe-west1", "prod")
	p := &gcpPair{net: v}
	p.web = v.subnet(w, "web", "europe-west1-b").host(w, "web-1", "10.10.1.10")
	p.db = v.subnet(w, "data", "europe-west1-c").host(w, "db-1", "10.10.2.20")
	return p
}

// tcp makes a connection between the two, with what Google knows of them.
func (p *gcpPair) tcp(w *world, t time.Time, port, rounds int, gap time.Duration) *conn {
	c := w.tcp(t, at(p.web.addr, w.port()), at(p.db.addr, port), rounds, gap, clientHop(p.web), serverHop(p.db))
	c.from.nic, c.to.nic = p.web, p.db
	c.hops[0].rule, c.hops[1].rule = ruleName("prod", "allow-egress"), ruleName("prod", "allow-db")
	return c
}

// ask sends connections at the given times.
func (p *gcpPair) ask(w *world, times ...time.Time) {
	for i, t := range times {
		w.send(p.tcp(w, t, 5432, 3+i%5, 4*time.Second))
	}
}

// refuse sends what a firewall rule stops, on its way in or out.
func (p *gcpPair) refuse(w *world, egress bool, times ...time.Time) {
	for _, t := range times {
		c := w.syn(t, at(p.web.addr, w.port()), at(p.db.addr, 22), 1, clientHop(p.web), serverHop(p.db))
		c.from.nic, c.to.nic = p.web, p.db
		c.hops[0].rule = ruleName("prod", "allow-egress")
		if egress {
			c.hops[0].request = denied(ruleName("prod", "deny-ssh-out"))
		} else {
			c.hops[1].request = denied(ruleName("prod", "deny-ssh"))
		}
		w.send(c)
	}
}

// firewall adds the firewall log of the project.
func (w *world) firewall(k keep, nics ...*nic) {
	w.logGCP(&flowLog{kind: firewallLog, id: "firewall", keep: k, window: time.Hour}, project1, "", nics...)
}

var gcpScenarios = []Scenario{
	{Name: "gcp-both-observers", Provider: "gcp", Deliveries: 1,
		About: "SRC and DEST report the same packets, without sampling",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "web"}, project1, "", p.web)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db).prefix = "gcp-data"
			p.ask(w, w.times(20, 0, 3*time.Hour)...)
		}},
	{Name: "gcp-shards", Provider: "gcp", Deliveries: 1,
		About: "an hour is more than one file holds: its entries lie in several shards, those of one connection too",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", p.web, p.db).shard = 15
			w.firewall(keepAll, p.db)
			p.ask(w, w.times(20, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-source-only", Provider: "gcp", Deliveries: 1,
		About: "only the client's subnet has flow logs",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "web"}, project1, "", p.web)
			p.ask(w, w.times(12, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-destination-only", Provider: "gcp", Deliveries: 1,
		About: "only the server's subnet has flow logs",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db)
			p.ask(w, w.times(12, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-sampled", Provider: "gcp", Deliveries: 1,
		About: "one packet in four is sampled and the counts are scaled up: the totals are the scaled ones",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data", rate: 4}, project1, "", p.db)
			p.ask(w, w.times(20, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-intervals", Provider: "gcp", Deliveries: 1,
		About: "the client's subnet aggregates fifteen minutes, the server's five seconds",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "web", window: 15 * time.Minute}, project1, "", p.web)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db).prefix = "gcp-data"
			for _, t := range w.times(8, 0, 2*time.Hour) {
				w.send(p.tcp(w, t, 5432, 40, 31*time.Second))
			}
		}},
	{Name: "gcp-two-configurations", Provider: "gcp", Deliveries: 1,
		About: "the subnet's setting and a VPC-level configuration log the same VM: one of them is asked",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "a-subnet"}, project1, "", p.db)
			w.logGCP(&flowLog{id: "b-config", window: 30 * time.Second}, project1, "everything", p.db)
			p.ask(w, w.times(15, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-repeated", Provider: "gcp", Deliveries: 2,
		About: "entries come again in an addendum object with the same insertId",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db)
			for i, t := range w.times(20, 0, 2*time.Hour) {
				c := p.tcp(w, t, 5432, 5, 3*time.Second)
				c.repeat = i%2 == 0
				w.send(c)
			}
		}},
	{Name: "gcp-late", Provider: "gcp", Deliveries: 2,
		About: "late entries lie in addendum objects",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db)
			for i, t := range w.times(20, 0, 2*time.Hour) {
				c := p.tcp(w, t, 5432, 5, 3*time.Second)
				c.late = i%3 == 0
				if c.late {
					c.delivery = 2
				}
				w.send(c)
			}
		}},
	{Name: "gcp-firewall-allowed", Provider: "gcp", Deliveries: 1,
		About: "flow entries have no verdict, the firewall's entry of the 5-tuple has: allowed",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db)
			w.firewall(keepAll, p.db)
			p.ask(w, w.times(15, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-firewall-denied-ingress", Provider: "gcp", Deliveries: 1,
		About: "the firewall stops what the client's flow entries show as sent: denied, not measured",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", p.web, p.db)
			w.firewall(keepAll, p.web, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			p.refuse(w, false, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-firewall-denied-only", Provider: "gcp", Deliveries: 1,
		About: "there is only a firewall log, of denials: conversations without counters",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.firewall(keepStopped, p.db)
			p.refuse(w, false, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-firewall-denied-egress", Provider: "gcp", Deliveries: 1,
		About: "a denied egress looks like any flow; the firewall's entry says that it was stopped",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", p.web, p.db)
			w.firewall(keepAll, p.web)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			p.refuse(w, true, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "gcp-firewall-long", Provider: "gcp", Deliveries: 1,
		About: "connections go on for hours after the firewall's entry, which names only their beginning",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod", window: time.Minute}, project1, "", p.web, p.db)
			w.firewall(keepAll, p.web, p.db)
			for i := range 4 {
				w.send(p.tcp(w, w.start.Add(time.Duration(7+i*9)*time.Minute), 5432, 90+i, 97*time.Second))
			}
		}},
	{Name: "gcp-directions-apart", Provider: "gcp", Deliveries: 1,
		About: "requests and answers of one connection lie in different files, and no firewall names who asked",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", p.web, p.db).shard = 3
			p.ask(w, w.times(25, 0, time.Hour)...)
			for _, t := range w.times(10, 0, time.Hour) {
				w.send(p.tcp(w, t, 9092, 1, time.Second))
			}
		}},
	{Name: "gcp-drops", Provider: "gcp", Deliveries: 1,
		About: "drop records count what was dropped and why",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", p.web, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			for _, t := range w.times(10, 0, 2*time.Hour) {
				c := w.syn(t, at(p.web.addr, w.port()), at(p.db.addr, 9000), 2, clientHop(p.web), serverHop(p.db))
				c.from.nic, c.to.nic = p.web, p.db
				c.hops[0].request = dropped("NO_ROUTE")
				w.send(c)
			}
		}},
	{Name: "gcp-array", Provider: "gcp", Deliveries: 1,
		About: "one JSON array, as gcloud logging read prints it; pings and pods in it",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db).array = true
			p.web.gke, p.web.service = "frontend", "shop"
			p.ask(w, w.times(8, 0, time.Hour)...)
			client, server := smallerServes(p.web, p.db)
			for _, t := range w.times(8, 0, time.Hour) {
				h := serverHop(p.db)
				if server != p.db {
					h = clientHop(p.db)
				}
				c := w.datagrams(t, icmp, at(client.addr, 0), at(server.addr, 0), 3, time.Second, h)
				c.from.nic, c.to.nic = client, server
				w.send(c)
			}
		}},
	{Name: "gcp-internet", Provider: "gcp", Deliveries: 1,
		About: "users of two countries and a Google API",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "everything", p.web, p.db)
			for i, t := range w.times(20, 0, 2*time.Hour) {
				c := w.tcp(t, at(plus("203.0.113.40", i%7), w.port()), at(p.web.addr, 443), 3, time.Second, serverHop(p.web))
				c.from, c.to.nic = end{country: []string{"fra", "jpn"}[i%2], city: "", asn: 64500 + i%2}, p.web
				w.send(c)
				c = w.tcp(t, at(p.web.addr, w.port()), at(addr("142.250.180.10"), 443), 3, time.Second, clientHop(p.web))
				c.from.nic, c.to.service = p.web, "storage.googleapis.com"
				w.send(c)
			}
		}},
	{Name: "gcp-over-midnight", Provider: "gcp", Deliveries: 1,
		About: "connections that last over midnight",
		build: func(w *world) {
			p := gcpPairOf(w)
			w.logGCP(&flowLog{id: "prod", window: time.Minute}, project1, "", p.web, p.db)
			for i := range 3 {
				w.send(p.tcp(w, w.start.Add(13*time.Hour+time.Duration(i)*20*time.Minute), 5432, 60, 77*time.Second))
			}
		}},
	{Name: "gcp-spellings", Provider: "gcp", Deliveries: 1,
		About: "IPv6 expanded and in upper case is one address",
		build: func(w *world) {
			p := gcpPairOf(w)
			p.web.addr6, p.db.addr6 = addr("2001:db8:10::a:10"), addr("2001:db8:10::b:20")
			w.logGCP(&flowLog{id: "data"}, project1, "", p.db)
			for i, t := range w.times(9, 0, 2*time.Hour) {
				c := w.tcp(t, at(p.web.addr6, w.port()), at(p.db.addr6, 5432), 4, time.Second, clientHop(p.web), serverHop(p.db))
				c.from.nic, c.to.nic, c.spelling = p.web, p.db, i%3
				w.send(c)
			}
		}},
}
