package flowgen

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// The column sets of AWS flow logs. The order is the flow log's own business.
const (
	fieldsV2  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	fieldsV3  = fieldsV2 + " vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr"
	fieldsV5  = fieldsV3 + " region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
	fieldsV7  = fieldsV5 + " ecs-cluster-arn ecs-cluster-name ecs-service-name ecs-task-id"
	fieldsV8  = fieldsV5 + " reject-reason"
	fieldsV10 = fieldsV8 + " resource-id encryption-status"
	fieldsV11 = fieldsV10 + " instance-tag instance-tag-2 interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type"
	// fieldsFlags is version 2 and the flags: enough to know who asked.
	fieldsFlags = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id tcp-flags"
	// fieldsMixed is a custom order with the ends far apart.
	fieldsMixed = "dstport start pkt-dstaddr bytes action flow-direction vpc-id srcaddr log-status tcp-flags interface-id dstaddr end packets srcport traffic-path protocol pkt-srcaddr account-id instance-id version region"
	fieldsTGW   = "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)

// awsVersions is the version that brought a column; 2 where it is not here.
var awsVersions = map[string]int{
	"vpc-id": 3, "subnet-id": 3, "instance-id": 3, "tcp-flags": 3, "type": 3, "pkt-srcaddr": 3, "pkt-dstaddr": 3,
	"region": 4, "az-id": 4, "sublocation-type": 4, "sublocation-id": 4,
	"pkt-src-aws-service": 5, "pkt-dst-aws-service": 5, "flow-direction": 5, "traffic-path": 5,
	"resource-type": 6, "ecs-cluster-arn": 7, "ecs-cluster-name": 7, "ecs-service-name": 7, "ecs-task-id": 7,
	"reject-reason": 8, "resource-id": 9, "encryption-status": 10,
	"instance-tag": 11, "instance-tag-2": 11, "interface-type": 11, "next-hop-interface-id": 11,
	"next-hop-subnet-id": 11, "next-hop-az-id": 11, "next-hop-vpc-id": 11, "next-hop-interface-type": 11,
}

// awsWriter writes what one flow log of one account and region says.
type awsWriter struct {
	log     *flowLog
	fields  []string
	version int
	account string
	region  string
	sink    lineSink
	line    []byte
}

// lineSink takes finished lines and puts them where the cloud delivers them.
type lineSink interface {
	line(w *world, at place, line []byte)
	flush(w *world, now time.Time) error
}

// place is where and when a line arrives.
type place struct {
	stream     string // interface
	start, end time.Time
	delivery   int
	late       bool
}

// logAWS adds an AWS flow log that writes to sink.
func (w *world) logAWS(l *flowLog, account, region, fields string, sink lineSink, nics ...*nic) *flowLog {
	a := &awsWriter{log: l, fields: strings.Fields(fields), version: 2, account: account, region: region, sink: sink}
	for _, f := range a.fields {
		a.version = max(a.version, awsVersions[f])
		l.pkt = l.pkt || f == "pkt-srcaddr"
	}
	if l.window == 0 {
		l.window = time.Minute
	}
	l.out = a
	return w.log(l, nics...)
}

func (a *awsWriter) write(w *world, e *entry) {
	a.line = a.line[:0]
	for i, f := range a.fields {
		if i > 0 {
			a.line = append(a.line, ' ')
		}
		a.line = a.value(a.line, e, f)
	}
	a.put(w, e.h.nic, e.start, e.end, e.c.delivery, e.c.late)
}

func (a *awsWriter) put(w *world, n *nic, start, end time.Time, delivery int, late bool) {
	w.truth.Records++
	a.sink.line(w, place{stream: n.id, start: start, end: end, delivery: delivery, late: late}, a.line)
}

// mark writes a NODATA or SKIPDATA record.
func (a *awsWriter) mark(w *world, n *nic, from, to time.Time, status string) {
	e := entry{c: &conn{}, h: &hop{nic: n}, start: from, end: to}
	a.line = a.line[:0]
	for i, f := range a.fields {
		if i > 0 {
			a.line = append(a.line, ' ')
		}
		switch f {
		case "version", "account-id", "interface-id", "start", "end", "vpc-id", "subnet-id", "region":
			a.line = a.value(a.line, &e, f)
		case "log-status":
			a.line = append(a.line, status...)
		default:
			a.line = append(a.line, '-')
		}
	}
	a.sink.line(w, place{stream: n.id, start: from, end: to}, a.line)
}

func (a *awsWriter) flush(w *world, now time.Time) error { return a.sink.flush(w, now) }

// value appends one column of e.
func (a *awsWriter) value(dst []byte, e *entry, field string) []byte {
	n := e.h.nic
	src, dst2, pktSrc, pktDst := e.c.view(e.h, e.back)
	number := func(v int64) []byte { return strconv.AppendInt(dst, v, 10) }
	text := func(v string) []byte {
		if v == "" {
			v = "-"
		}
		return append(dst, v...)
	}
	switch field {
	case "version":
		return number(int64(a.version))
	case "account-id":
		return text(n.account)
	case "interface-id":
		return text(n.id)
	case "srcaddr":
		return spell(dst, src.Addr(), e.c.spelling)
	case "dstaddr":
		return spell(dst, dst2.Addr(), e.c.spelling)
	case "pkt-srcaddr":
		return spell(dst, pktSrc.Addr(), e.c.spelling)
	case "pkt-dstaddr":
		return spell(dst, pktDst.Addr(), e.c.spelling)
	case "srcport":
		return number(int64(src.Port()))
	case "dstport":
		return number(int64(dst2.Port()))
	case "protocol":
		return number(int64(e.c.proto))
	case "packets":
		return number(e.packets)
	case "bytes":
		return number(e.bytes)
	case "start":
		return number(e.start.Unix())
	case "end":
		return number(e.end.Unix())
	case "tcp-flags":
		return number(int64(e.flags))
	case "action":
		if e.verdict.Stopped() {
			return text("REJECT")
		}
		return text("ACCEPT")
	case "log-status":
		return text("OK")
	case "type":
		if src.Addr().Is4() {
			return text("IPv4")
		}
		return text("IPv6")
	}
	return a.detail(dst, e, field)
}

// detail appends the columns that say where the interface stands and what the
// ends are.
func (a *awsWriter) detail(dst []byte, e *entry, field string) []byte {
	n := e.h.nic
	value := ""
	switch field {
	case "vpc-id":
		value = n.network.id
	case "subnet-id":
		value = n.subnet.name
	case "instance-id":
		value = n.instance
	case "region":
		value = n.region
	case "az-id":
		value = n.zone
	case "flow-direction":
		value = "ingress"
		if e.egress() {
			value = "egress"
		}
	case "traffic-path":
		if e.egress() && e.h.path > 0 {
			value = strconv.Itoa(e.h.path)
		}
	case "pkt-src-aws-service", "pkt-dst-aws-service":
		value = e.h.srcSvc
		if (field == "pkt-dst-aws-service") != e.back {
			value = e.h.dstSvc
		}
	case "ecs-cluster-name":
		if n.service != "" {
			value = n.name
		}
	case "ecs-service-name":
		value = n.service
	case "ecs-task-id":
		if n.service != "" {
			value = strings.TrimPrefix(n.id, "eni-") + strings.TrimPrefix(n.id, "eni-")
		}
	case "reject-reason":
		value = e.reason
	case "encryption-status":
		value = e.c.encrypt
	case "instance-tag":
		value = tag(n.name)
	case "instance-tag-2":
		value = tag(n.service)
	case "interface-type":
		value = n.kind
		if value == "" {
			value = "interface"
		}
	}
	if next := e.h.next; next != nil {
		switch field {
		case "next-hop-interface-id":
			value = next.id
		case "next-hop-subnet-id":
			value = next.subnet.name
		case "next-hop-az-id":
			value = next.zone
		case "next-hop-vpc-id":
			value = next.network.id
		}
	}
	if value == "" {
		value = "-"
	}
	return append(dst, value...)
}

// egress reports whether the entry's packets leave its interface.
func (e *entry) egress() bool {
	switch e.h.role {
	case periplus.ObserverClient, periplus.ObserverLeg:
		return !e.back
	case periplus.ObserverServer:
		return e.back
	}
	return e.back // the near side of a gateway receives requests
}

// tag encodes a tag's value as AWS does: all but letters and digits.
func tag(v string) string {
	return strings.NewReplacer("+", "%20", "-", "%2D", ".", "%2E", "_", "%5F", "~", "%7E").Replace(url.QueryEscape(v))
}

// spell writes an address in one of the ways that are met.
func spell(dst []byte, a netip.Addr, how int) []byte {
	switch {
	case how == 1 && a.Is4():
		return append(append(dst, "::ffff:"...), a.String()...)
	case how == 1:
		return append(dst, a.StringExpanded()...)
	case how == 2 && a.Is6():
		return append(dst, strings.ToUpper(a.String())...)
	}
	return a.AppendTo(dst)
}

// tgwWriter writes transit gateway flow logs.
type tgwWriter struct{ awsWriter }

// logTGW adds a transit gateway's flow log.
func (w *world) logTGW(l *flowLog, account, region string, sink lineSink, nics ...*nic) *flowLog {
	l.kind, l.window, l.pkt = tgwLog, time.Minute, true
	l.out = &tgwWriter{awsWriter{log: l, fields: strings.Fields(fieldsTGW), version: 6, account: account, region: region, sink: sink}}
	return w.log(l, nics...)
}

func (a *tgwWriter) write(w *world, e *entry) {
	a.line = a.line[:0]
	for i, f := range a.fields {
		if i > 0 {
			a.line = append(a.line, ' ')
		}
		a.line = a.value(a.line, e, f)
	}
	a.put(w, e.h.nic, e.start, e.end, e.c.delivery, e.c.late)
}

func (a *tgwWriter) value(dst []byte, e *entry, field string) []byte {
	n := e.h.nic
	t := n.attach
	lost := func(reason string) []byte {
		if e.verdict == periplus.Dropped && e.reason == reason {
			return strconv.AppendInt(dst, e.packets, 10)
		}
		return append(dst, '0')
	}
	both := func(forth, back string) []byte {
		if e.back {
			return append(dst, back...)
		}
		return append(dst, forth...)
	}
	switch field {
	case "resource-type":
		return append(dst, "TransitGateway"...)
	case "tgw-id":
		return append(dst, t.gateway...)
	case "tgw-attachment-id":
		return append(dst, t.id...)
	case "tgw-pair-attachment-id":
		return append(dst, t.pair...)
	case "tgw-src-vpc-account-id":
		return both(t.srcAccount, t.dstAccount)
	case "tgw-dst-vpc-account-id":
		return both(t.dstAccount, t.srcAccount)
	case "tgw-src-vpc-id":
		return both(t.srcNetwork, t.dstNetwork)
	case "tgw-dst-vpc-id":
		return both(t.dstNetwork, t.srcNetwork)
	case "tgw-src-subnet-id":
		return both(t.srcSubnet, t.dstSubnet)
	case "tgw-dst-subnet-id":
		return both(t.dstSubnet, t.srcSubnet)
	case "tgw-src-eni":
		return both(t.srcInterface, t.dstInterface)
	case "tgw-dst-eni":
		return both(t.dstInterface, t.srcInterface)
	case "tgw-src-az-id":
		return both(t.srcZone, t.dstZone)
	case "tgw-dst-az-id":
		return both(t.dstZone, t.srcZone)
	case "packets", "bytes":
		if e.verdict == periplus.Dropped {
			return append(dst, '0')
		}
	case "packets-lost-no-route":
		return lost("no-route")
	case "packets-lost-blackhole":
		return lost("blackhole")
	case "packets-lost-mtu-exceeded":
		return lost("mtu-exceeded")
	case "packets-lost-ttl-expired":
		return lost("ttl-expired")
	}
	return a.awsWriter.value(dst, e, field)
}
