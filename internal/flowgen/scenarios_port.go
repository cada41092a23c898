package flowgen

import (
	"net/netip"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

func splitWords(s string) []string { return strings.Fields(s) }

// smallerServes orders the ends of an exchange that nothing orients: the
// smaller address is called the server.
func smallerServes(a, b *nic) (client, server *nic) {
	if a.addr.Less(b.addr) {
		return b, a
	}
	return a, b
}

// split sends one connection in two deliveries, cut where it was quiet: its
// SYN is in the first (or, backwards, in the second) and the rest in the other.
func split(w *world, backwards bool) {
	p := pairOf(w, fieldsFlags, fieldsFlags)
	p.company(w)
	for i, t := range w.times(10, 0, 90*time.Minute) {
		c := w.tcp(t, at(p.app.addr, 2000+i), at(p.db.addr, 50051), 4, 11*time.Minute, clientHop(p.app), serverHop(p.db))
		early, late := *c, *c
		early.bursts, late.bursts = nil, nil
		for _, b := range c.bursts {
			if b.at.Sub(t) < 5*time.Minute {
				early.bursts = append(early.bursts, b)
			} else {
				late.bursts = append(late.bursts, b)
			}
		}
		early.delivery, late.delivery = 1, 2
		if backwards {
			early.delivery, late.delivery = 2, 1
		}
		w.send(&early)
		w.send(&late)
	}
}

var awsPortScenarios = []Scenario{
	{Name: "aws-client-port-is-a-service", Provider: "aws", Deliveries: 1,
		About: "client ports that are services' (3306) against a server port above them (50051): the flags say who asked",
		build: func(w *world) {
			p := pairOf(w, fieldsV3, fieldsV3)
			p.company(w)
			for i, t := range w.times(12, 0, 2*time.Hour) {
				c := at(p.app.addr, []int{3306, 5432, 6379, 8080}[i%4])
				w.send(w.tcp(t, c, at(p.db.addr, 50051), 5, 2*time.Second, clientHop(p.app), serverHop(p.db)))
			}
		}},
	{Name: "aws-server-port-above-client-port", Provider: "aws", Deliveries: 1,
		About: "the default format without flags: a server at a high port that many ask is found by who meets whom",
		build: func(w *world) {
			p := pairOf(w, "", fieldsV2)
			from := addr("10.0.5.1")
			for i, t := range w.times(40, 0, 2*time.Hour) {
				if i%2 == 0 {
					from = from.Next()
				}
				w.send(w.tcp(t, at(from, 40000+i), at(p.db.addr, 50051), 5, time.Second, serverHop(p.db)))
			}
		}},
	{Name: "aws-default-format", Provider: "aws", Deliveries: 1,
		About: "the default format (version 2): privileged and registered ports orient it",
		build: func(w *world) {
			p := pairOf(w, fieldsV2, fieldsV2)
			p.company(w)
			p.ask(w, 443, 5, 2*time.Second, w.times(10, 0, 2*time.Hour)...)
			p.ask(w, 3306, 5, 2*time.Second, w.times(10, 0, 2*time.Hour)...)
		}},
	{Name: "aws-equal-ports", Provider: "aws", Deliveries: 1,
		About: "123/123 and 500/500: undecided, the smaller address is called the server",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			client, server := smallerServes(p.app, p.db)
			for i, t := range w.times(10, 0, 2*time.Hour) {
				port := []int{123, 500}[i%2]
				w.send(w.datagrams(t, udp, at(client.addr, port), at(server.addr, port), 3, 4*time.Second, clientHop(client), serverHop(server)))
			}
		}},
	{Name: "aws-icmp", Provider: "aws", Deliveries: 1,
		About: "pings have no ports; the smaller address is called the server",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			client, server := smallerServes(p.app, p.db)
			for _, t := range w.times(10, 0, 2*time.Hour) {
				w.send(w.datagrams(t, icmp, at(client.addr, 0), at(server.addr, 0), 4, time.Second, clientHop(client), serverHop(server)))
			}
		}},
	{Name: "aws-udp", Provider: "aws", Deliveries: 1,
		About: "DNS to the company's own server",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			for _, t := range w.times(40, 0, 2*time.Hour) {
				w.send(w.datagrams(t, udp, at(p.app.addr, w.port()), at(p.db.addr, 53), 1, time.Second, clientHop(p.app), serverHop(p.db)))
			}
		}},
	{Name: "aws-scanner-fixed-source-port", Provider: "aws", Deliveries: 1,
		About: "a scanner meets many hosts from one source port and is no server",
		build: func(w *world) {
			p := pairOf(w, "", "")
			var hosts []*nic
			a := addr("10.0.6.10")
			for range 20 {
				a = a.Next()
				hosts = append(hosts, p.app.subnet.host(w, a.String(), a.String()))
			}
			w.aws(fieldsV2, &flowLog{id: "fl-05ca"}, hosts...)
			for i, h := range hosts {
				for k, port := range []int{3389, 8080, 5900} {
					s := serverHop(h)
					s.request = denied("")
					w.send(w.syn(w.start.Add(time.Duration(i*40+k*11)*time.Second), at(addr("192.0.2.99"), 45999), at(h.addr, port), 1, s))
				}
			}
		}},
	{Name: "aws-syn-in-earlier-delivery", Provider: "aws", Deliveries: 2,
		About: "the SYN came with an earlier delivery than the rest of the connection",
		build: func(w *world) { split(w, false) }},
	{Name: "aws-syn-in-later-delivery", Provider: "aws", Deliveries: 2,
		About: "the SYN comes later than the rest: rows oriented by a weak rule are turned round",
		build: func(w *world) { split(w, true) }},
	{Name: "aws-bad-lines", Provider: "aws", Deliveries: 1,
		About: "bad lines between good ones are counted by kind and change nothing",
		build: func(w *world) {
			p := pairOf(w, fieldsV2, "")
			p.company(w)
			p.ask(w, 443, 5, 2*time.Second, w.times(10, 0, 2*time.Hour)...)
			plant := func(kind periplus.BadKind, line string) {
				end := w.start.Add(31 * time.Minute)
				p.client.out.(*awsWriter).sink.line(w, place{end: end}, []byte(line))
				w.truth.Bad[kind]++
			}
			plant(periplus.BadColumns, "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 60 1793527200 1793527260 ACCEPT")
			plant(periplus.BadAddress, "2 111122223333 eni-1 10.0.0.400 10.0.0.2 1 2 6 1 60 1793527200 1793527260 ACCEPT OK")
			plant(periplus.BadRange, "2 111122223333 eni-1 10.0.0.1 10.0.0.2 70000 2 6 1 60 1793527200 1793527260 ACCEPT OK")
			plant(periplus.BadTime, "2 111122223333 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 60 17 19 ACCEPT OK")
		}},
}

// talk sends a few connections that a format's scenario writes: TCP with and
// without an answer, UDP, a denial.
func talk(w *world, app, db netip.Addr, client, server *nic) {
	hops := func() []hop {
		var list []hop
		if client != nil {
			list = append(list, clientHop(client))
		}
		if server != nil {
			list = append(list, serverHop(server))
		}
		return list
	}
	for i, t := range w.times(16, 0, 2*time.Hour) {
		switch i % 4 {
		case 3:
			h := hops()
			h[len(h)-1].request = denied("")
			w.send(w.syn(t, at(app, w.port()), at(db, 23), 1, h...))
		case 2:
			w.send(w.datagrams(t, udp, at(app, w.port()), at(db, 53), 1, time.Second, hops()...))
		default:
			w.send(w.tcp(t, at(app, w.port()), at(db, 443), 4, 9*time.Second, hops()...))
		}
	}
}
