package flowgen

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// What scenarios and the company are built of.

const (
	tcp  = 6
	udp  = 17
	icmp = 1
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func at(a netip.Addr, port int) netip.AddrPort { return netip.AddrPortFrom(a, uint16(port)) }

// network makes a VPC or VNet.
func (w *world) network(provider, account, region, name string) *network {
	n := &network{provider: provider, account: account, region: region, id: name, group: "rg-" + name}
	if provider == "aws" {
		n.id = fmt.Sprintf("vpc-%017x", w.hash("vpc", account, name)&0xfffffffffffffff)
	}
	return n
}

// subnet makes a subnet.
func (n *network) subnet(w *world, name, zone string) *subnet {
	s := &subnet{network: n, name: name, zone: zone}
	if n.provider == "aws" {
		s.name = fmt.Sprintf("subnet-%017x", w.hash("subnet", n.id, name)&0xfffffffffffffff)
	}
	return s
}

// host makes a machine with one interface.
func (s *subnet) host(w *world, name, address string) *nic {
	n := &nic{subnet: s, name: name, addr: addr(address)}
	id := w.hash("host", s.network.id, name)
	switch s.provider {
	case "aws":
		n.id = fmt.Sprintf("eni-%017x", id&0xfffffffffffffff)
		n.instance = fmt.Sprintf("i-%017x", w.hash("instance", id)&0xfffffffffffffff)
	case "gcp":
		n.id = name
	case "azure":
		n.id = fmt.Sprintf("002248%06X", id&0xffffff)
	}
	n.shift = time.Duration(id%40) * time.Second
	return n
}

// gateway makes an interface that is nobody's machine.
func (s *subnet) gateway(w *world, name, address, kind string) *nic {
	n := s.host(w, name, address)
	n.instance, n.kind = "-", kind
	return n
}

// attachment makes a VPC's attachment to a transit gateway, for flows that
// enter it from src to dst.
func (w *world) attachment(gateway string, owner, src, dst *subnet) *nic {
	id := func(kind string, of ...any) string {
		return fmt.Sprintf("%s-%017x", kind, w.hash(append(of, kind)...)&0xfffffffffffffff)
	}
	a := &attachment{
		gateway: id("tgw", gateway), id: id("tgw-attach", gateway, owner.network.id), pair: id("tgw-attach", gateway, dst.network.id),
		srcAccount: src.account, dstAccount: dst.account,
		srcNetwork: src.network.id, dstNetwork: dst.network.id,
		srcSubnet: src.name, dstSubnet: dst.name,
		srcInterface: id("eni", gateway, src.name), dstInterface: id("eni", gateway, dst.name),
		srcZone: src.zone, dstZone: dst.zone,
	}
	return &nic{subnet: owner, id: a.id, instance: "-", attach: a}
}

func clientHop(n *nic) hop { return hop{nic: n, role: periplus.ObserverClient} }
func serverHop(n *nic) hop { return hop{nic: n, role: periplus.ObserverServer} }
func middleHop(n *nic) hop { return hop{nic: n, role: periplus.ObserverMiddle} }

// natHops are the two sides of a NAT gateway: the near one names it as the
// destination, the far one as the source of packets that are now its own.
func natHops(n *nic, c, s netip.AddrPort, port int) []hop {
	own := at(n.addr, port)
	return []hop{
		{nic: n, role: periplus.ObserverMiddle, dst: at(n.addr, int(s.Port())), src: c},
		{nic: n, role: periplus.ObserverLeg, src: own, dst: s, own: true, path: 8},
	}
}

func (h hop) out(path int) hop { h.path = path; return h }

func denied(reason string) stop { return stop{verdict: periplus.Denied, reason: reason} }

func dropped(reason string) stop { return stop{verdict: periplus.Dropped, reason: reason} }

func (s stop) since(t time.Time) stop { s.from = t; return s }

func (s stop) until(t time.Time) stop { s.to = t; return s }

// tcp makes a connection of so many rounds of question and answer.
func (w *world) tcp(t time.Time, c, s netip.AddrPort, rounds int, gap time.Duration, hops ...hop) *conn {
	v := &conn{client: c, server: s, proto: tcp, hops: hops}
	v.add(t, false, 1, 60, periplus.SYN)
	v.add(t.Add(15*time.Millisecond), true, 1, 60, periplus.SYN|periplus.ACK)
	v.rounds(w, t.Add(30*time.Millisecond), rounds, gap)
	last := v.bursts[len(v.bursts)-1].at
	v.add(last.Add(20*time.Millisecond), false, 1, 52, periplus.FIN)
	v.add(last.Add(40*time.Millisecond), true, 1, 52, periplus.FIN)
	return v
}

// rounds adds questions and answers.
func (c *conn) rounds(w *world, t time.Time, rounds int, gap time.Duration) {
	for range rounds {
		p := 1 + w.rng.Int64N(9)
		c.add(t, false, p, p*(60+w.rng.Int64N(400)), 0)
		q := 1 + w.rng.Int64N(20)
		c.add(t.Add(25*time.Millisecond), true, q, q*(80+w.rng.Int64N(1300)), 0)
		t = t.Add(gap)
	}
}

// add adds some packets.
func (c *conn) add(t time.Time, back bool, packets, bytes int64, flags uint8) {
	c.bursts = append(c.bursts, burst{at: t, back: back, packets: packets, bytes: bytes, flags: flags})
}

// syn makes a connection that asks so many times and is never answered.
func (w *world) syn(t time.Time, c, s netip.AddrPort, times int, hops ...hop) *conn {
	v := &conn{client: c, server: s, proto: tcp, hops: hops}
	for i := range times {
		v.add(t.Add(time.Duration(i)*time.Second), false, 1, 60, periplus.SYN)
	}
	return v
}

// datagrams makes an exchange without a handshake.
func (w *world) datagrams(t time.Time, proto uint8, c, s netip.AddrPort, rounds int, gap time.Duration, hops ...hop) *conn {
	v := &conn{client: c, server: s, proto: proto, hops: hops}
	v.rounds(w, t, rounds, gap)
	return v
}

// port is a client port that nobody listens at.
func (w *world) port() int { return 49152 + w.rng.IntN(16000) }

// times returns n instants of the span that begins from after w.start.
func (w *world) times(n int, from, span time.Duration) []time.Time {
	list := make([]time.Time, n)
	for i := range list {
		list[i] = w.start.Add(from + time.Duration(w.rng.Int64N(int64(span))))
	}
	return list
}

// plus is the n-th address after a.
func plus(a string, n int) netip.Addr {
	v := addr(a)
	for range n {
		v = v.Next()
	}
	return v
}
