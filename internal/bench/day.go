package main

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// The day that questions are asked about: a company of three clouds, its
// conversations drawn once, their rows made hour by hour as a batch of ingest
// yields them. Everything follows from the seed.

const (
	dayOwn      = 20_000 // hosts that log
	dayServices = 400
	dayBuckets  = 12 // an hour
	dayHours    = 24
)

var dayStart = time.Date(2025, 11, 3, 0, 0, 0, 0, time.UTC)

// A dayNet is a VPC or VNet.
type dayNet struct {
	provider, account, region, network, log string
}

// A dayHost is an interface and its address.
type dayHost struct {
	addr    netip.Addr
	place   *periplus.Place
	net     int
	service int
	number  int // in its service
}

type dayService struct {
	name     string
	net      int
	hosts    []int
	port     uint16
	protocol uint8
	uses     []int
}

// A talk is one conversation: who, and when in the day.
type talk struct {
	client, server         netip.Addr
	clientHost, serverHost int32 // -1: not ours
	port                   uint16
	protocol               uint8
	logged                 logged
	hours                  uint32 // bits
	most                   uint8  // buckets that it is busy in an hour
	service                string
	seed                   uint64
}

// logged is who wrote a conversation down, and what became of it.
type logged uint8

const (
	atBoth logged = iota
	atClient
	atServer
	atMiddleToo // and a gateway between networks
	refused     // allowed by the client's side, denied by the server's
	refusedOut  // denied by the client's side
	scan        // a stranger, denied
)

// day is the company and its conversations, sorted as flows lie.
type day struct {
	nets     []dayNet
	hosts    []dayHost
	services []dayService
	gateways []*periplus.Place // by network
	talks    []talk

	// What a pass over the rows found: by object and by hour and place.
	objects  map[int64]int64
	coverage []map[*periplus.Place]int64
	rows     int64
}

func newDay(conversations int) *day {
	d := &day{}
	rnd := rand.New(rand.NewPCG(7, 3))
	d.networks()
	d.company(rnd, dayServices)
	seen := make(map[[2]netip.Addr]map[uint32]bool, conversations)
	for len(d.talks) < conversations {
		t := d.talk(rnd)
		ends, port := [2]netip.Addr{t.client, t.server}, uint32(t.port)<<8|uint32(t.protocol)
		if seen[ends][port] {
			continue
		}
		if seen[ends] == nil {
			seen[ends] = map[uint32]bool{}
		}
		seen[ends][port] = true
		t.seed = rnd.Uint64()
		d.talks = append(d.talks, t)
	}
	d.sort()
	return d
}

// sort brings the conversations into the order in which flows lie.
func (d *day) sort() {
	slices.SortFunc(d.talks, func(a, b talk) int {
		if c := a.client.Compare(b.client); c != 0 {
			return c
		}
		if c := a.server.Compare(b.server); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.port, b.port), cmp.Compare(a.protocol, b.protocol))
	})
}

// networks are twelve, in eight accounts.
func (d *day) networks() {
	for i := range 12 {
		n := dayNet{provider: "aws", account: fmt.Sprintf("11112222%04d", i/2), region: []string{"eu-west-1", "us-east-1"}[i%2], network: fmt.Sprintf("vpc-%017x", 0xa11ce+i)}
		switch {
		case i >= 10:
			n.provider, n.account, n.region = "azure", "5f0e5e4c-0000-4000-8000-00000000000"+fmt.Sprint(i-10), "westeurope"
			n.network = fmt.Sprintf("vnet-%d", i)
		case i >= 8:
			n.provider, n.account, n.region, n.network = "gcp", fmt.Sprintf("project-%d", i), "europe-west3", fmt.Sprintf("network-%d", i)
		}
		n.log = "fl-" + n.network
		d.nets = append(d.nets, n)
		d.gateways = append(d.gateways, &periplus.Place{Provider: n.provider, Account: n.account, Region: n.region, Interface: "tgw-" + n.network, Log: "fl-gateways"})
	}
}

// company makes services, few of them large, and what each of them uses.
func (d *day) company(rnd *rand.Rand, services int) {
	ports := []uint16{443, 443, 443, 8080, 8080, 80, 5432, 3306, 6379, 9092, 9200, 27017, 8443, 5672, 11211, 2049}
	words := []string{"checkout", "cart", "search", "stock", "prices", "billing", "orders", "login", "mail", "media", "reports", "events", "ledger", "routes", "quotes", "batch"}
	for i := range services {
		d.services = append(d.services, dayService{name: fmt.Sprintf("%s-%s", words[i%len(words)], string([]byte{'a' + byte(i/len(words)/5), 'a' + byte(i/len(words)%5)})),
			net: rnd.IntN(len(d.nets)), port: ports[rnd.IntN(len(ports))], protocol: 6})
	}
	weights := make([]float64, services)
	total := 0.0
	for i := range weights {
		weights[i] = 0.2 + rnd.ExpFloat64()
		total += weights[i]
	}
	used := make([]int, len(d.nets)) // addresses
	for i := range d.services {
		s := &d.services[i]
		for n := range max(1, int(weights[i]/total*dayOwn)) {
			k := used[s.net]
			used[s.net]++
			net := &d.nets[s.net]
			h := dayHost{addr: netip.AddrFrom4([4]byte{10, byte(s.net * 16), byte(k / 200), byte(k%200 + 4)}), net: s.net, service: i, number: n}
			h.place = &periplus.Place{Provider: net.provider, Account: net.account, Region: net.region, Zone: net.region + string(rune('a'+k%3)), Network: net.network,
				Subnet: fmt.Sprintf("subnet-%d-%d", s.net, k%3), Interface: fmt.Sprintf("eni-%017x", 1+len(d.hosts)), Log: net.log}
			s.hosts = append(s.hosts, len(d.hosts))
			d.hosts = append(d.hosts, h)
		}
	}
	for i := range d.services {
		s := &d.services[i]
		for range 3 + int(rnd.ExpFloat64()*6) {
			to := rnd.IntN(services)
			if rnd.IntN(10) < 6 { // most of what a service needs is near it
				for range 20 {
					if d.services[to].net == s.net {
						break
					}
					to = rnd.IntN(services)
				}
			}
			s.uses = append(s.uses, to)
		}
	}
}

// talk draws a conversation.
func (d *day) talk(rnd *rand.Rand) talk {
	switch n := rnd.IntN(100); {
	case n < 6:
		return d.scan(rnd)
	case n < 10:
		return d.visitor(rnd)
	case n < 15:
		return d.outward(rnd)
	}
	client := rnd.IntN(len(d.hosts))
	from := &d.services[d.hosts[client].service]
	// The square prefers the first of the list: few services are busy.
	x := rnd.Float64()
	to := &d.services[from.uses[int(x*x*float64(len(from.uses)))]]
	server := to.hosts[rnd.IntN(len(to.hosts))]
	t := talk{client: d.hosts[client].addr, server: d.hosts[server].addr, clientHost: int32(client), serverHost: int32(server), port: to.port, protocol: to.protocol}
	switch n := rnd.IntN(100); {
	case n < 4: // DNS
		t.port, t.protocol = 53, 17
	case n < 6: // somebody looks after a machine
		t.port = []uint16{22, 3389, 9100, 161}[rnd.IntN(4)]
	}
	switch n := rnd.IntN(100); {
	case n < 80:
		t.logged = atBoth
		if from.net != to.net && n < 20 {
			t.logged = atMiddleToo
		}
	case n < 88:
		t.logged = atClient
	case n < 97:
		t.logged = atServer
	case n < 99:
		t.logged = refused
	default:
		t.logged = refusedOut
	}
	t.busy(rnd)
	return t
}

// scan is a stranger who tries a port and is refused.
func (d *day) scan(rnd *rand.Rand) talk {
	server := rnd.IntN(len(d.hosts))
	port := []uint16{22, 23, 80, 443, 445, 3389, 5432, 6379, 8080, uint16(1 + rnd.IntN(65000))}[rnd.IntN(10)]
	return talk{client: stranger(rnd), server: d.hosts[server].addr, clientHost: -1, serverHost: int32(server), port: port, protocol: 6, logged: scan,
		hours: 1 << rnd.IntN(dayHours), most: 1}
}

// visitor is somebody on the internet who uses what is offered there, by one
// service in twenty.
func (d *day) visitor(rnd *rand.Rand) talk {
	s := &d.services[rnd.IntN(dayServices/20)*20]
	server := s.hosts[rnd.IntN(len(s.hosts))]
	return talk{client: stranger(rnd), server: d.hosts[server].addr, clientHost: -1, serverHost: int32(server), port: 443, protocol: 6, logged: atServer,
		hours: 1 << hourOf(rnd), most: 3}
}

// outward is a host of ours that asks the internet, often a cloud's service.
func (d *day) outward(rnd *rand.Rand) talk {
	client, n := rnd.IntN(len(d.hosts)), rnd.IntN(3000)
	t := talk{client: d.hosts[client].addr, server: netip.AddrFrom4([4]byte{52, byte(n / 250), byte(n % 250), 10}), clientHost: int32(client), serverHost: -1, port: 443, protocol: 6, logged: atClient}
	switch {
	case n < 300:
		t.service = "S3"
	case n < 400:
		t.service = "DYNAMODB"
	}
	t.busy(rnd)
	return t
}

func stranger(rnd *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(60 + rnd.IntN(120)), byte(rnd.IntN(256)), byte(rnd.IntN(256)), byte(1 + rnd.IntN(254))})
}

// hourOf prefers working hours.
func hourOf(rnd *rand.Rand) int {
	if rnd.IntN(3) > 0 {
		return 7 + rnd.IntN(11)
	}
	return rnd.IntN(dayHours)
}

// busy says when: most conversations are short, a few go on all day.
func (t *talk) busy(rnd *rand.Rand) {
	times, most := 1, uint8(2)
	switch n := rnd.IntN(1000); {
	case n < 600:
	case n < 900:
		times, most = 2+rnd.IntN(3), 3
	case n < 983:
		times, most = 6+rnd.IntN(9), 3
	default:
		t.hours, t.most = 1<<dayHours-1, 12
		return
	}
	for range times {
		t.hours |= 1 << hourOf(rnd)
	}
	t.most = most
}

// flows yields the rows of the day in the order in which a batch has them, and
// counts them for objects and coverage.
func (d *day) flows() iter.Seq2[*periplus.Flow, error] {
	return func(yield func(*periplus.Flow, error) bool) {
		d.objects, d.rows = map[int64]int64{}, 0
		d.coverage = make([]map[*periplus.Place]int64, dayHours)
		w := rower{day: d, notes: map[string]*periplus.Note{}}
		for h := range dayHours {
			d.coverage[h] = map[*periplus.Place]int64{}
			for i := range d.talks {
				t := &d.talks[i]
				if t.hours&(1<<h) != 0 && !w.talk(t, h, func(f *periplus.Flow) bool { return yield(f, nil) }) {
					return
				}
			}
		}
	}
}

// rower makes the rows of one conversation after the other.
type rower struct {
	*day
	notes map[string]*periplus.Note
	pcg   rand.PCG
	f     periplus.Flow
}

func (w *rower) talk(t *talk, hour int, yield func(*periplus.Flow) bool) bool {
	w.pcg.Seed(t.seed, uint64(hour))
	rnd := rand.New(&w.pcg)
	busy := uint16(0)
	n := 1 + rnd.IntN(int(t.most))
	if t.most == dayBuckets {
		n = 6 + rnd.IntN(7)
	}
	for range n {
		busy |= 1 << rnd.IntN(dayBuckets)
	}
	for b := range dayBuckets {
		if busy&(1<<b) == 0 {
			continue
		}
		if !w.bucket(t, rnd, dayStart.Add(time.Duration(hour)*time.Hour+time.Duration(b)*periplus.Bucket), hour, yield) {
			return false
		}
	}
	return true
}

// bucket makes the rows of one conversation in one bucket, one an observer.
func (w *rower) bucket(t *talk, rnd *rand.Rand, at time.Time, hour int, yield func(*periplus.Flow) bool) bool {
	known := func(n int64) periplus.Count { return periplus.Count{N: n, Known: true} }
	f := &w.f
	*f = periplus.Flow{Bucket: at, Client: t.client, Server: t.server, ServerPort: t.port, HasPort: true, Protocol: t.protocol,
		OrientedBy: periplus.ByFlags, Verdict: periplus.Allowed, TCPFlags: 19, Service: t.service}
	start := rnd.IntN(240)
	end := start + rnd.IntN(60)
	f.FirstSeen, f.LastSeen = at.Add(time.Duration(start)*time.Second), at.Add(time.Duration(end)*time.Second)
	f.Minutes = 1<<(start/60) | 1<<(end/60)
	f.Connections = 1 + int64(rnd.ExpFloat64()*2)
	f.Records = 2 * f.Connections
	f.Opened = known(f.Connections)
	packets := 1 + int64(rnd.ExpFloat64()*40)
	f.RequestPackets, f.RequestBytes = known(packets), known(packets*60+rnd.Int64N(packets*900))
	f.ResponsePackets, f.ResponseBytes = known(packets+rnd.Int64N(packets)), known(packets*60+rnd.Int64N(packets*1400))
	if t.protocol == 17 {
		f.OrientedBy, f.TCPFlags, f.Opened = periplus.ByPrivileged, 0, periplus.Count{}
	}
	put := func(o periplus.Observer, p *periplus.Place, v periplus.Verdict) bool {
		f.Observer, f.Place, f.Verdict, f.Note = o, p, v, nil
		if v.Stopped() {
			f.Note = w.note("")
			f.Connections, f.Records, f.TCPFlags = 1, 1, periplus.SYN
			f.RequestPackets, f.RequestBytes = known(1), known(40+4*rnd.Int64N(6))
			f.ResponsePackets, f.ResponseBytes, f.Opened = periplus.Count{}, periplus.Count{}, periplus.Count{}
		}
		f.Object = objectID(p, at)
		w.objects[f.Object] += f.Records
		w.coverage[hour][p] += f.Records
		w.rows++
		return yield(f)
	}
	client := func(v periplus.Verdict) bool { return put(periplus.ObserverClient, w.hosts[t.clientHost].place, v) }
	server := func(v periplus.Verdict) bool { return put(periplus.ObserverServer, w.hosts[t.serverHost].place, v) }
	switch t.logged {
	case atBoth:
		return client(periplus.Allowed) && server(periplus.Allowed)
	case atMiddleToo:
		return client(periplus.Allowed) && put(periplus.ObserverMiddle, w.gateways[w.hosts[t.clientHost].net], periplus.Unknown) && server(periplus.Allowed)
	case atClient:
		return client(periplus.Allowed)
	case atServer:
		return server(periplus.Allowed)
	case refused:
		f.ResponsePackets, f.ResponseBytes = periplus.Count{}, periplus.Count{}
		return client(periplus.Allowed) && server(periplus.Denied)
	case refusedOut:
		return client(periplus.Denied)
	}
	f.OrientedBy, f.ClientPort, f.HasClientPort = periplus.ByOneWay, uint16(32768+rnd.IntN(28000)), true
	return server(periplus.Denied)
}

func (w *rower) note(reason string) *periplus.Note {
	n := w.notes[reason]
	if n == nil {
		n = &periplus.Note{Reason: reason}
		w.notes[reason] = n
	}
	return n
}

// objectID is the file of a network's log in which a bucket's records are.
func objectID(p *periplus.Place, at time.Time) int64 {
	h := int64(0)
	for _, c := range []byte(p.Log) {
		h = h*131 + int64(c)
	}
	return h&0x7fffffff<<16 | at.Unix()/300%288
}

// batch is what ingest would commit of the day.
func (d *day) batch() (lake.Batch, error) {
	for _, err := range d.flows() { // counts what is in the ledger and in coverage
		if err != nil {
			return lake.Batch{}, err
		}
	}
	b := lake.Batch{ID: "day", Flows: []lake.Rows{d.flows()}}
	for id, n := range d.objects {
		at := dayStart.Add(time.Duration(id&0xffff) * periplus.Bucket)
		b.Objects = append(b.Objects, periplus.ReadObject{ID: id, URI: fmt.Sprintf("file:///logs/%x.log.gz", id), Size: 30 * n, Format: "aws-text", State: periplus.ObjectRead,
			Records: n, FirstSeen: at, LastSeen: at.Add(299 * time.Second), ReadAt: dayStart.AddDate(0, 0, 1)})
	}
	slices.SortFunc(b.Objects, func(x, y periplus.ReadObject) int { return cmp.Compare(x.URI, y.URI) })
	for h, places := range d.coverage {
		for p, n := range places {
			b.Coverage = append(b.Coverage, periplus.Coverage{Hour: dayStart.Add(time.Duration(h) * time.Hour), Provider: p.Provider, Account: p.Account, Network: p.Network,
				Subnet: p.Subnet, Region: p.Region, Interface: p.Interface, Log: p.Log, KeepsPassed: true, Records: n})
		}
	}
	slices.SortFunc(b.Coverage, func(x, y periplus.Coverage) int {
		return cmp.Or(x.Hour.Compare(y.Hour), cmp.Compare(x.Interface, y.Interface))
	})
	last := dayStart.AddDate(0, 0, 1).Add(-time.Second)
	for _, h := range d.hosts {
		s := &d.services[h.service]
		b.Servers = append(b.Servers, digest.Server{Addr: h.addr, Port: s.port, Protocol: s.protocol})
		b.Owned = append(b.Owned, digest.Owned{Addr: h.addr, Place: h.place, First: dayStart, Last: last})
		b.Named = append(b.Named, digest.Named{Addr: h.addr, Network: h.place.Network, Provider: h.place.Provider, First: dayStart, Last: last,
			Identity: &periplus.Identity{Name: fmt.Sprintf("%s-%d", s.name, h.number), Service: s.name}})
	}
	return b, nil
}
