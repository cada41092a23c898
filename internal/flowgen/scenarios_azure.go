package flowgen

import "time"

const subscription1 = "0a1b2c3d-1111-4222-8333-444455556666"

// azurePair is a client and a server in one VNet.
type azurePair struct {
	net     *network
	web, db *nic
}

func azurePairOf(w *world) *azurePair {
	v := w.network("azure", subscription1, "westeurope", "vnet-prod")
	p := &azurePair{net: v}
	p.web = v.subnet(w, "web", "").host(w, "web-1", "10.20.1.10")
	p.db = v.subnet(w, "data", "").host(w, "db-1", "10.20.2.20")
	p.web.shift, p.db.shift = 11*time.Second, 37*time.Second
	return p
}

func (p *azurePair) tcp(w *world, t time.Time, port, rounds int, gap time.Duration) *conn {
	c := w.tcp(t, at(p.web.addr, w.port()), at(p.db.addr, port), rounds, gap, clientHop(p.web), serverHop(p.db))
	c.hops[0].rule, c.hops[1].rule = "DefaultRule_AllowVnetOutBound", "UserRule_allow-db"
	return c
}

func (p *azurePair) ask(w *world, times ...time.Time) {
	for i, t := range times {
		w.send(p.tcp(w, t, 1433, 3+i%6, 5*time.Second))
	}
}

// long sends connections of many tuples.
func (p *azurePair) long(w *world, times ...time.Time) {
	for _, t := range times {
		w.send(p.tcp(w, t, 1433, 50, 41*time.Second))
	}
}

// refuse sends what the server's NSG denies.
func (p *azurePair) refuse(w *world, times ...time.Time) {
	for _, t := range times {
		c := w.syn(t, at(p.web.addr, w.port()), at(p.db.addr, 3389), 2, clientHop(p.web), serverHop(p.db))
		c.hops[1].request = denied("UserRule_deny-rdp")
		w.send(c)
	}
}

func (p *azurePair) vnet(w *world, nics ...*nic) *azureWriter {
	return w.logAzure(&flowLog{kind: vnetLog, id: "vnet"}, "vnet-prod", p.net, nics...)
}

func (p *azurePair) nsg(w *world, nics ...*nic) *azureWriter {
	return w.logAzure(&flowLog{kind: nsgLog, id: "nsg"}, "nsg-data", p.net, nics...)
}

var azureScenarios = []Scenario{
	{Name: "azure-vnet-both-observers", Provider: "azure", Deliveries: 1,
		About: "both NICs write C and E tuples, at other seconds: each packet counts once",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			p.ask(w, w.times(15, 0, 3*time.Hour)...)
			p.long(w, w.times(5, 0, 2*time.Hour)...)
		}},
	{Name: "azure-vnet-server-only", Provider: "azure", Deliveries: 1,
		About: "only the server's NIC logs",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			p.long(w, w.times(4, 0, 2*time.Hour)...)
		}},
	{Name: "azure-vnet-client-only", Provider: "azure", Deliveries: 1,
		About: "only the client's NIC logs",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "azure-vnet-denied", Provider: "azure", Deliveries: 1,
		About: "the client's NIC lets out what the server's denies: denied, not measured",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			p.refuse(w, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "azure-vnet-denied-at-client", Provider: "azure", Deliveries: 1,
		About: "the client's own NSG denies on the way out",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			for _, t := range w.times(10, 0, 2*time.Hour) {
				c := w.syn(t, at(p.web.addr, w.port()), at(p.db.addr, 22), 2, clientHop(p.web), serverHop(p.db))
				c.hops[0].request = denied("UserRule_deny-out")
				w.send(c)
			}
		}},
	{Name: "azure-nsg-v2", Provider: "azure", Deliveries: 1,
		About: "NSG flow log version 2 on both NICs",
		build: func(w *world) {
			p := azurePairOf(w)
			p.nsg(w, p.web, p.db)
			p.ask(w, w.times(15, 0, 2*time.Hour)...)
			p.long(w, w.times(4, 0, 2*time.Hour)...)
			p.refuse(w, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "azure-nsg-v1", Provider: "azure", Deliveries: 1,
		About: "NSG flow log version 1 counts nothing: conversations without counters",
		build: func(w *world) {
			p := azurePairOf(w)
			w.logAzure(&flowLog{kind: nsgLog, id: "nsg", v1: true}, "nsg-data", p.net, p.db)
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
			p.refuse(w, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "azure-nsg-and-vnet", Provider: "azure", Deliveries: 1,
		About: "NSG and VNet flow logs on one NIC: one of them is asked",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.db)
			p.nsg(w, p.db)
			p.ask(w, w.times(15, 0, 2*time.Hour)...)
			p.long(w, w.times(4, 0, 2*time.Hour)...)
		}},
	{Name: "azure-growing-blob", Provider: "azure", Deliveries: 3,
		About: "a blob grows between two looks: nothing is missed, nothing counted twice",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			for i := range 3 {
				for _, t := range w.times(8, time.Duration(i)*18*time.Minute, 15*time.Minute) {
					c := p.tcp(w, t, 1433, 5, 3*time.Second)
					c.delivery = i + 1
					w.send(c)
				}
			}
		}},
	{Name: "azure-nested", Provider: "azure", Deliveries: 1,
		About: "records within records and a byte order mark",
		build: func(w *world) {
			p := azurePairOf(w)
			a := p.nsg(w, p.db)
			a.nested, a.bom = true, true
			p.ask(w, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "azure-over-midnight", Provider: "azure", Deliveries: 1,
		About: "connections that last over midnight: their tuples lie in the blobs of two days",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			for i := range 3 {
				w.send(p.tcp(w, w.start.Add(13*time.Hour+time.Duration(i)*20*time.Minute), 1433, 60, 77*time.Second))
			}
		}},
	{Name: "azure-encrypted", Provider: "azure", Deliveries: 1,
		About: "encryption states",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			for i, t := range w.times(12, 0, 2*time.Hour) {
				c := p.tcp(w, t, 1433, 3, time.Second)
				c.encrypt = []string{"X", "NX", "NX_HW_NOT_SUPPORTED"}[i%3]
				w.send(c)
			}
		}},
	{Name: "azure-internet", Provider: "azure", Deliveries: 1,
		About: "users and scanners of a public address, DNS over UDP, server ports above client ports",
		build: func(w *world) {
			p := azurePairOf(w)
			p.vnet(w, p.web, p.db)
			for i, t := range w.times(20, 0, 2*time.Hour) {
				w.send(w.tcp(t, at(plus("203.0.113.90", i%5), 1024+i), at(p.web.addr, 8443), 3, time.Second, serverHop(p.web)))
				h := serverHop(p.web)
				h.request = denied("DefaultRule_DenyAllInBound")
				w.send(w.syn(t, at(plus("192.0.2.10", i%3), 61000), at(p.web.addr, 20+i), 1, h))
				w.send(w.datagrams(t, udp, at(p.web.addr, w.port()), at(p.db.addr, 53), 1, time.Second, clientHop(p.web), serverHop(p.db)))
			}
		}},
}
