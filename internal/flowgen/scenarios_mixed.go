package flowgen

import "time"

var mixedScenarios = []Scenario{
	{Name: "mixed-aws-asks-azure", Provider: "mixed", Deliveries: 1,
		About: "a client in AWS and a server in Azure over a VPN: two clouds log the same packets",
		build: func(w *world) {
			p, q := pairOf(w, fieldsV5, ""), azurePairOf(w)
			q.vnet(w, q.web, q.db)
			p.company(w)
			q.ask(w, w.times(5, 0, 2*time.Hour)...)
			for _, t := range w.times(12, 0, 2*time.Hour) {
				w.send(w.tcp(t, at(p.app.addr, w.port()), at(q.db.addr, 1433), 5, 4*time.Second, clientHop(p.app).out(3), serverHop(q.db)))
			}
		}},
	{Name: "mixed-gcp-asks-aws", Provider: "mixed", Deliveries: 1,
		About: "a client in GCP and a server in AWS: the server's side counts and has a verdict",
		build: func(w *world) {
			p, q := pairOf(w, "", fieldsV5), gcpPairOf(w)
			p.company(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", q.web, q.db)
			q.ask(w, w.times(5, 0, 2*time.Hour)...)
			for _, t := range w.times(12, 0, 2*time.Hour) {
				c := w.tcp(t, at(q.web.addr, w.port()), at(p.db.addr, 5432), 5, 4*time.Second, clientHop(q.web), serverHop(p.db))
				c.from.nic = q.web
				w.send(c)
			}
		}},
	{Name: "mixed-everything", Provider: "mixed", Deliveries: 1,
		About: "three clouds beside each other in one folder",
		build: func(w *world) {
			p, q, r := pairOf(w, fieldsV5, fieldsV11), gcpPairOf(w), azurePairOf(w)
			w.logGCP(&flowLog{id: "prod"}, project1, "", q.web, q.db)
			w.firewall(keepAll, q.db)
			r.vnet(w, r.web, r.db)
			p.ask(w, 5432, 5, 4*time.Second, w.times(15, 0, 2*time.Hour)...)
			q.ask(w, w.times(15, 0, 2*time.Hour)...)
			q.refuse(w, false, w.times(5, 0, 2*time.Hour)...)
			r.ask(w, w.times(15, 0, 2*time.Hour)...)
			r.refuse(w, w.times(5, 0, 2*time.Hour)...)
		}},
}
