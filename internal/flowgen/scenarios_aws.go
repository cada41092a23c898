package flowgen

import "time"

const (
	account1 = "111122223333"
	account2 = "444455556666"
	region1  = "eu-central-1"
)

// pair is the smallest world: a client and a server in one VPC.
type pair struct {
	net            *network
	app, db        *nic
	client, server *flowLog
}

// pairOf makes it, with a log on each side unless fields are "".
func pairOf(w *world, clientFields, serverFields string) *pair {
	v := w.network("aws", account1, region1, "main")
	p := &pair{net: v}
	p.app = v.subnet(w, "app", "euc1-az1").host(w, "app-1", "10.0.1.10")
	p.db = v.subnet(w, "data", "euc1-az2").host(w, "db-1", "10.0.2.20")
	if clientFields != "" {
		p.client = w.aws(clientFields, &flowLog{id: "fl-0c11e000000000001"}, p.app)
	}
	if serverFields != "" {
		p.server = w.aws(serverFields, &flowLog{id: "fl-05e77e00000000002"}, p.db)
	}
	return p
}

// aws adds a flow log of the first account, delivered to S3.
func (w *world) aws(fields string, l *flowLog, nics ...*nic) *flowLog {
	n := nics[0]
	return w.logAWS(l, n.account, n.region, fields, s3(n.account, n.region, l.id, fields), nics...)
}

// ask sends connections from the app to the database at the given times.
func (p *pair) ask(w *world, port, rounds int, gap time.Duration, times ...time.Time) {
	for _, t := range times {
		w.send(w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, port), rounds, gap, clientHop(p.app), serverHop(p.db)))
	}
}

// company makes interfaces have more than one peer, so that an interface's own
// address shows: the app asks a few others, a few others ask the database.
func (p *pair) company(w *world) {
	for i, t := range w.times(6, 0, 2*time.Hour) {
		other := at(plus("10.0.3.30", i), 8080+i%2)
		w.send(w.tcp(t, at(p.app.addr, w.port()), other, 3, time.Second, clientHop(p.app)))
		from := at(plus("10.0.4.40", i), w.port())
		w.send(w.tcp(t.Add(time.Minute), from, at(p.db.addr, 5432), 3, time.Second, serverHop(p.db)))
	}
}

var awsScenarios = []Scenario{
	{Name: "aws-both-observers", Provider: "aws", Deliveries: 1,
		About: "client and server log the same packets; each is counted once",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.ask(w, 5432, 12, 9*time.Second, w.times(20, 0, 3*time.Hour)...)
		}},
	{Name: "aws-client-only", Provider: "aws", Deliveries: 1,
		About: "only the client's side logs; its counters are the total",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, "")
			p.ask(w, 5432, 8, 9*time.Second, w.times(12, 0, 2*time.Hour)...)
		}},
	{Name: "aws-server-only", Provider: "aws", Deliveries: 1,
		About: "only the server's side logs",
		build: func(w *world) {
			p := pairOf(w, "", fieldsV5)
			p.ask(w, 5432, 8, 9*time.Second, w.times(12, 0, 2*time.Hour)...)
		}},
	{Name: "aws-nobody-at-one-end", Provider: "aws", Deliveries: 1,
		About: "the server's security group denies and nobody logs there: allowed and unanswered, as the client's side says",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, "")
			p.company(w)
			for _, t := range w.times(8, 0, 2*time.Hour) {
				h := serverHop(p.db)
				h.request = denied("")
				w.send(w.syn(t, at(p.app.addr, w.port()), at(p.db.addr, 6379), 3, clientHop(p.app), h))
			}
		}},
	{Name: "aws-log-starts-in-the-middle", Provider: "aws", Deliveries: 1,
		About: "the server's log is switched on after an hour: the client's counters before, the server's after",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.from = w.start.Add(time.Hour)
			p.ask(w, 5432, 10, 5*time.Second, w.times(10, 0, 50*time.Minute)...)
			p.ask(w, 5432, 10, 5*time.Second, w.times(10, 65*time.Minute, 50*time.Minute)...)
		}},
	{Name: "aws-log-stops-in-the-middle", Provider: "aws", Deliveries: 1,
		About: "the server's log is switched off after an hour",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.to = w.start.Add(time.Hour)
			p.ask(w, 5432, 10, 5*time.Second, w.times(10, 0, 55*time.Minute)...)
			p.ask(w, 5432, 10, 5*time.Second, w.times(10, 65*time.Minute, 50*time.Minute)...)
		}},
	{Name: "aws-reject-only-side", Provider: "aws", Deliveries: 1,
		About: "the server's side keeps only REJECT: it proves what it stopped and is silent about the rest",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.keep = keepStopped
			p.company(w)
			p.ask(w, 5432, 6, 9*time.Second, w.times(10, 0, 2*time.Hour)...)
			for i := range 12 {
				h := serverHop(p.db)
				h.request = denied("")
				w.send(w.syn(w.start.Add(time.Duration(i)*8*time.Minute+40*time.Second), at(p.app.addr, w.port()), at(p.db.addr, 22), 3, clientHop(p.app), h))
			}
		}},
	{Name: "aws-accept-only-side", Provider: "aws", Deliveries: 1,
		About: "the client's side keeps only ACCEPT, the server's everything",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.client.keep = keepPassed
			p.ask(w, 5432, 6, 9*time.Second, w.times(10, 0, 2*time.Hour)...)
			for i := range 6 {
				h := clientHop(p.app)
				h.request = denied("")
				w.send(w.syn(w.start.Add(time.Duration(i)*16*time.Minute), at(p.app.addr, w.port()), at(p.db.addr, 22), 3, h, serverHop(p.db)))
			}
		}},
	{Name: "aws-windows-10m-against-1m", Provider: "aws", Deliveries: 1,
		About: "the client's records are of ten minutes, the server's of one: choosing bucket by bucket would count twice",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.client.window = 10 * time.Minute
			p.ask(w, 5432, 30, 47*time.Second, w.times(10, 0, 3*time.Hour)...)
		}},
	{Name: "aws-windows-1m-against-10m", Provider: "aws", Deliveries: 1,
		About: "the server's records are of ten minutes, over the full hour too",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.window = 10 * time.Minute
			p.ask(w, 5432, 30, 47*time.Second, w.times(10, 0, 3*time.Hour)...)
		}},
	{Name: "aws-two-logs-one-interface", Provider: "aws", Deliveries: 1,
		About: "the VPC's and the subnet's flow log write the same interface in different formats and windows: one of them is asked",
		build: func(w *world) {
			p := pairOf(w, "", fieldsV5)
			w.aws(fieldsV3, &flowLog{id: "fl-0aaa0000000000003"}, p.db)
			p.ask(w, 5432, 12, 9*time.Second, w.times(15, 0, 3*time.Hour)...)
		}},
	{Name: "aws-two-logs-10m-and-1m", Provider: "aws", Deliveries: 1,
		About: "two flow logs of one interface with windows of ten minutes and of one, and connections over full hours",
		build: func(w *world) {
			p := pairOf(w, "", fieldsV5)
			w.aws(fieldsV5, &flowLog{id: "fl-0aaa0000000000003", window: 10 * time.Minute}, p.db)
			p.ask(w, 5432, 40, 47*time.Second, w.times(8, 0, 3*time.Hour)...)
		}},
	{Name: "aws-two-logs-accepts-and-rejects", Provider: "aws", Deliveries: 1,
		About: "one flow log of an interface keeps what was accepted, another what was rejected: both are needed",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.keep = keepPassed
			w.aws(fieldsV5, &flowLog{id: "fl-0aaa0000000000003", keep: keepStopped}, p.db)
			p.company(w)
			p.ask(w, 5432, 6, 9*time.Second, w.times(10, 0, 2*time.Hour)...)
			for _, t := range w.times(10, 0, 2*time.Hour) {
				h := serverHop(p.db)
				h.request = denied("")
				w.send(w.syn(t, at(p.app.addr, w.port()), at(p.db.addr, 22), 3, clientHop(p.app), h))
			}
		}},
	{Name: "aws-observer-lost-packets", Provider: "aws", Deliveries: 1,
		About: "some packets are lost on the way: the server's side counted what arrived",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			for _, t := range w.times(12, 0, 2*time.Hour) {
				c := w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 10, 2*time.Second, clientHop(p.app), serverHop(p.db))
				c.bursts[4].lost, c.bursts[8].lost = 2, 2
				w.send(c)
			}
		}},
	{Name: "aws-skipdata", Provider: "aws", Deliveries: 1,
		About: "the server's log lost the records of some minutes and says so: those hours are incomplete, the others exact",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			from := w.start.Add(80 * time.Minute)
			p.server.skips = []skip{{p.db, from, from.Add(5 * time.Minute)}}
			p.ask(w, 5432, 100, 2*time.Minute, w.start.Add(3*time.Minute))
			p.ask(w, 5432, 10, 3*time.Second, w.times(30, 0, 3*time.Hour)...)
			p.server.out.(*awsWriter).mark(w, p.db, from, from.Add(time.Minute), "SKIPDATA")
		}},
	{Name: "aws-nodata", Provider: "aws", Deliveries: 1,
		About: "windows without traffic are neither conversations nor bytes",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.ask(w, 5432, 4, 3*time.Second, w.times(5, 0, time.Hour)...)
			for i := range 20 {
				from := w.start.Add(2*time.Hour + time.Duration(i)*time.Minute)
				p.client.out.(*awsWriter).mark(w, p.app, from, from.Add(time.Minute), "NODATA")
			}
		}},
	{Name: "aws-late", Provider: "aws", Deliveries: 2,
		About: "some records come twenty minutes late, some with a second delivery",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			for i, t := range w.times(24, 0, 2*time.Hour) {
				c := w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 6, 9*time.Second, clientHop(p.app), serverHop(p.db))
				c.late, c.delivery = i%3 == 0, 1+i%2
				w.send(c)
			}
		}},
	{Name: "aws-over-midnight", Provider: "aws", Deliveries: 1,
		About: "connections that last over midnight",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.server.window = 10 * time.Minute
			p.ask(w, 5432, 60, 2*time.Minute, w.start.Add(13*time.Hour), w.start.Add(13*time.Hour+30*time.Minute), w.start.Add(13*time.Hour+58*time.Minute))
		}},
	{Name: "aws-spellings", Provider: "aws", Deliveries: 1,
		About: "one address is spelled IPv4-mapped, expanded, in upper case: it is one address",
		build: func(w *world) {
			p := pairOf(w, fieldsV5, fieldsV5)
			p.app.addr6, p.db.addr6 = addr("2001:db8:1::a:10"), addr("2001:db8:2::b:20")
			for i, t := range w.times(12, 0, 2*time.Hour) {
				c := w.tcp(t, at(p.app.addr, w.port()), at(p.db.addr, 5432), 5, 2*time.Second, clientHop(p.app), serverHop(p.db))
				if i%2 == 1 {
					c = w.tcp(t, at(p.app.addr6, w.port()), at(p.db.addr6, 5432), 5, 2*time.Second, clientHop(p.app), serverHop(p.db))
				}
				c.spelling = i % 3
				w.send(c)
			}
		}},
}
