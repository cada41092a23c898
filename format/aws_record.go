package format

import (
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

func wrongly(kind periplus.BadKind, column, msg string) *badLine {
	return &badLine{kind, column, msg}
}

// record reads the columns of one line. It is the hottest loop of the program:
// one pass over the bytes, a word found and read at once.
func (p *awsParser) record(b []byte, rec *periplus.Record) *badLine {
	*rec = periplus.Record{}
	p.flags = 0
	extra := len(p.extra)
	i := 0
	for ci := range p.cols {
		for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
			i++
		}
		if i == len(b) || b[i] == '#' {
			return wrongly(periplus.BadColumns, "", "fewer columns than the header names")
		}
		c := &p.cols[ci]
		if c.op < awsSlots {
			s := &p.share.slots[c.op]
			if n := i + len(s.last); n < len(b) && b[n] == ' ' && string(b[i:n]) == string(s.last) && n > i {
				i = n // the same as in the line before: the usual case
				continue
			}
			next := tokenEnd(b, i)
			if string(b[i:next]) != string(s.last) {
				s.last = append(s.last[:0], b[i:next]...)
				p.dirty |= slotDirty[c.op]
			}
			i = next
			continue
		}
		if next := p.quick(c.op, b, i, rec); next > 0 {
			i = next
			continue
		}
		if b[i] == '-' && (i+1 == len(b) || b[i+1] == ' ' || b[i+1] == '\t') {
			i++ // not said
			continue
		}
		next, wrong := p.value(c, b, i, rec)
		if wrong != nil {
			p.extra = p.extra[:extra]
			p.lost = [4]uint64{}
			return wrong
		}
		i = next
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	if i < len(b) && b[i] != '#' {
		return wrongly(periplus.BadColumns, "", "more columns than the header names")
	}
	if len(p.extra) > extra {
		rec.Extra = p.extra[extra:len(p.extra):len(p.extra)]
	}
	return p.finish(rec)
}

// quick reads the word at i if it is of the usual shape, and the space after
// it; 0: value must look closer. It is what makes long formats fast.
func (p *awsParser) quick(op awsOp, b []byte, i int, rec *periplus.Record) (next int) {
	var v uint64
	var addr netip.Addr
	switch op {
	case awsSrcAddr:
		if addr, next = fastIPv4(b, i); next > 0 {
			rec.Src = addr
		}
	case awsDstAddr:
		if addr, next = fastIPv4(b, i); next > 0 {
			rec.Dst = addr
		}
	case awsPktSrcAddr:
		if addr, next = fastIPv4(b, i); next > 0 {
			rec.PktSrc = addr
		}
	case awsPktDstAddr:
		if addr, next = fastIPv4(b, i); next > 0 {
			rec.PktDst = addr
		}
	case awsSrcPort:
		if v, next = fastUint(b, i); v > 65535 {
			return 0
		} else if next > 0 {
			rec.SrcPort = uint16(v)
			rec.Has |= periplus.HasSrcPort
		}
	case awsDstPort:
		if v, next = fastUint(b, i); v > 65535 {
			return 0
		} else if next > 0 {
			rec.DstPort = uint16(v)
			rec.Has |= periplus.HasDstPort
		}
	case awsProtocol:
		if v, next = fastUint(b, i); v > 255 {
			return 0
		} else if next > 0 {
			rec.Protocol = uint8(v)
			rec.Has |= periplus.HasProtocol
		}
	case awsTCPFlags:
		if v, next = fastUint(b, i); v > 255 {
			return 0
		} else if next > 0 {
			rec.TCPFlags = uint8(v)
			rec.Has |= periplus.HasTCPFlags
		}
	case awsPackets:
		if v, next = fastUint(b, i); next > 0 {
			rec.Packets = v
			rec.Has |= periplus.HasPackets
		}
	case awsBytes:
		if v, next = fastUint(b, i); next > 0 {
			rec.Bytes = v
			rec.Has |= periplus.HasBytes
		}
	case awsStart:
		return p.quickTime(b, i, &p.start, awsHasStart)
	case awsEnd:
		return p.quickTime(b, i, &p.end, awsHasEnd)
	case awsAction:
		if i+7 <= len(b) && string(b[i:i+7]) == "ACCEPT " {
			rec.Verdict = periplus.Allowed
			return i + 7
		}
	case awsVersion, awsStatus, awsType:
		switch {
		case i+2 < len(b) && b[i]-'2' < 8 && b[i+1] == ' ' && op == awsVersion:
			return i + 2
		case i+2 == len(b) && b[i] == 'O' && b[i+1] == 'K' && op == awsStatus:
			return i + 2
		case i+5 < len(b) && string(b[i:i+5]) == "IPv4 " && op == awsType:
			return i + 5
		}
	}
	return next
}

// quickTime reads seconds into to.
func (p *awsParser) quickTime(b []byte, i int, to *int64, flag uint8) (next int) {
	v, next := fastSeconds(b, i)
	if ms := v * 1000; next > 0 && ms >= p.minMilli && ms <= p.maxMilli {
		*to = ms
		p.flags |= flag
		return next
	}
	return 0
}

// value reads the word at i, which is not "-", as column c.
func (p *awsParser) value(c *awsCol, b []byte, i int, rec *periplus.Record) (next int, wrong *badLine) {
	var ok bool
	switch c.op {
	case awsSrcAddr:
		rec.Src, next, ok = scanAddr(b, i)
	case awsDstAddr:
		rec.Dst, next, ok = scanAddr(b, i)
	case awsPktSrcAddr:
		rec.PktSrc, next, ok = scanAddr(b, i)
	case awsPktDstAddr:
		rec.PktDst, next, ok = scanAddr(b, i)
	case awsAction:
		return p.action(b, i, rec)
	case awsStatus:
		return p.status(b, i)
	case awsDirection:
		return p.direction(b, i)
	case awsKept, awsUnknown:
		next = tokenEnd(b, i)
		p.keep(c, b[i:next])
		return next, nil
	case awsType:
		if next = tokenEnd(b, i); string(b[i:next]) == "EFA" {
			p.extra = append(p.extra, periplus.Column{Name: "type", Value: "EFA"})
		}
		return next, nil
	case awsGateway:
		return tokenEnd(b, i), nil
	default:
		return p.number(c, b, i, rec)
	}
	if !ok {
		return next, wrongly(periplus.BadAddress, c.name, "not an IP address")
	}
	return next, nil
}

// number reads the number at i as column c.
func (p *awsParser) number(c *awsCol, b []byte, i int, rec *periplus.Record) (next int, wrong *badLine) {
	v, next, ok := scanUint(b, i)
	if !ok {
		if allDigits(b[i:tokenEnd(b, i)]) {
			return next, wrongly(periplus.BadRange, c.name, "a number that cannot be")
		}
		return next, wrongly(periplus.BadSyntax, c.name, "not a number")
	}
	if wrong = p.set(c, v, rec); wrong != nil {
		return next, wrong
	}
	return next, nil
}

// set puts the number v of column c where it belongs.
func (p *awsParser) set(c *awsCol, v uint64, rec *periplus.Record) *badLine {
	most := uint64(1<<63 - 1)
	switch c.op {
	case awsSrcPort:
		rec.SrcPort, most = uint16(v), 65535
		rec.Has |= periplus.HasSrcPort
	case awsDstPort:
		rec.DstPort, most = uint16(v), 65535
		rec.Has |= periplus.HasDstPort
	case awsProtocol:
		rec.Protocol, most = uint8(v), 255
		rec.Has |= periplus.HasProtocol
	case awsPackets:
		rec.Packets, most = v, maxCounter
		rec.Has |= periplus.HasPackets
	case awsBytes:
		rec.Bytes, most = v, maxCounter
		rec.Has |= periplus.HasBytes
	case awsTCPFlags:
		rec.TCPFlags, most = uint8(v), 255
		rec.Has |= periplus.HasTCPFlags
	case awsStart:
		return p.moment(c, v, &p.start, awsHasStart)
	case awsEnd:
		return p.moment(c, v, &p.end, awsHasEnd)
	case awsLostRoute, awsLostBlackhole, awsLostMTU, awsLostTTL:
		p.lost[c.op-awsLostRoute], most = v, maxCounter
		p.flags |= awsHasLost
	case awsVersion:
	}
	if v > most {
		return wrongly(periplus.BadRange, c.name, "out of range")
	}
	return nil
}

// moment reads a time into to.
func (p *awsParser) moment(c *awsCol, v uint64, to *int64, flag uint8) *badLine {
	ms, ok := p.millis(v)
	if !ok {
		return wrongly(periplus.BadTime, c.name, "before 2000 or more than a day ahead")
	}
	*to = ms
	p.flags |= flag
	return nil
}

// millis makes a time of a column's value, which is seconds or, in some logs,
// milliseconds; ok is false where it is absurd.
func (p *awsParser) millis(v uint64) (ms int64, ok bool) {
	if v < 1e11 {
		v *= 1000
	}
	ms = int64(v)
	return ms, ms >= p.minMilli && ms <= p.maxMilli
}

func (p *awsParser) action(b []byte, i int, rec *periplus.Record) (next int, wrong *badLine) {
	next = tokenEnd(b, i)
	switch string(b[i:next]) {
	case "ACCEPT":
		rec.Verdict = periplus.Allowed
		return next, nil
	case "REJECT":
		rec.Verdict = periplus.Denied
		return next, nil
	}
	switch {
	case equalFold(b[i:next], "ACCEPT"):
		rec.Verdict = periplus.Allowed
	case equalFold(b[i:next], "REJECT"):
		rec.Verdict = periplus.Denied
	default:
		return next, wrongly(periplus.BadSyntax, "action", "neither ACCEPT nor REJECT")
	}
	return next, nil
}

func (p *awsParser) status(b []byte, i int) (next int, wrong *badLine) {
	next = tokenEnd(b, i)
	word := b[i:next]
	switch {
	case string(word) == "OK" || equalFold(word, "OK"):
	case equalFold(word, "NODATA"):
		p.flags |= awsNoData
	case equalFold(word, "SKIPDATA"):
		p.flags |= awsSkipData
	default:
		return next, wrongly(periplus.BadSyntax, "log-status", "neither OK, NODATA nor SKIPDATA")
	}
	return next, nil
}

func (p *awsParser) direction(b []byte, i int) (next int, wrong *badLine) {
	next = tokenEnd(b, i)
	switch word := b[i:next]; {
	case string(word) == "ingress" || equalFold(word, "ingress"):
		p.flags |= awsIngress
	case string(word) == "egress" || equalFold(word, "egress"):
		p.flags |= awsEgress
	default:
		return next, wrongly(periplus.BadSyntax, "flow-direction", "neither ingress nor egress")
	}
	return next, nil
}

// keep keeps a value by the name of its column.
func (p *awsParser) keep(c *awsCol, word []byte) {
	if string(word) != string(c.last) || c.value == "" {
		c.last = append(c.last[:0], word...)
		c.value = p.text(word)
	}
	if c.op == awsUnknown {
		c.seen++
	}
	p.extra = append(p.extra, periplus.Column{Name: c.name, Value: c.value})
}

// finish makes the record of what the columns said.
func (p *awsParser) finish(rec *periplus.Record) *badLine {
	if p.flags&(awsHasStart|awsHasEnd) == awsHasStart|awsHasEnd && p.end < p.start {
		return wrongly(periplus.BadTime, "end", "before start")
	}
	if p.dirty != 0 {
		p.share.lookup(p.dirty, p.gateway)
		p.dirty = 0
	}
	rec.Place, rec.Note = p.share.place, p.share.note
	p.times(rec)
	switch {
	case p.flags&awsNoData != 0 || p.unmarked && p.flags&awsHasLost == 0 && nothingSaid(rec):
		rec.Mark = periplus.MarkNoData
		return nil
	case p.flags&awsSkipData != 0:
		rec.Mark = periplus.MarkSkipData
		return nil
	}
	switch {
	case p.gateway:
		rec.Direction = periplus.Through
		rec.SrcID, rec.DstID = p.share.srcID, p.share.dstID
	case p.flags&awsIngress != 0:
		rec.Direction = periplus.Ingress
	case p.flags&awsEgress != 0:
		rec.Direction = periplus.Egress
	}
	if p.share.identity != nil {
		p.share.own(rec)
	}
	if p.flags&awsHasLost != 0 {
		p.keepLost(rec)
	}
	return nil
}

// nothingSaid reports whether a line had "-" for both ends and every number.
func nothingSaid(rec *periplus.Record) bool {
	return rec.Has == 0 && !rec.Src.IsValid() && !rec.Dst.IsValid() && !rec.PktSrc.IsValid() && !rec.PktDst.IsValid()
}

// times fills Start, End and Booked; what the line does not say comes from the
// event that carried it, then from the object.
func (p *awsParser) times(rec *periplus.Record) {
	if p.flags&awsHasStart != 0 {
		rec.Start = time.UnixMilli(p.start).UTC()
	}
	if p.flags&awsHasEnd != 0 {
		rec.End = time.UnixMilli(p.end).UTC()
	}
	switch {
	case p.flags&awsHasStart != 0:
		rec.Booked = rec.Start
	case p.eventFits(rec):
		rec.Start, rec.Booked = p.event, p.event
	case p.flags&awsHasEnd != 0:
		rec.Booked = rec.End
	case p.opt.Object != nil:
		rec.Booked = p.objectTime()
	}
}

// objectTime is when the object is from, for lines that name no time at all:
// what its name says, else when it was written, else (a pipe has neither) now.
func (p *awsParser) objectTime() time.Time {
	for _, t := range []time.Time{p.opt.Object.Time, p.opt.Object.ModTime} {
		if ms := t.UnixMilli(); ms >= p.minMilli && ms <= p.maxMilli {
			return t
		}
	}
	return time.UnixMilli(p.maxMilli).Add(-24 * time.Hour).UTC()
}

// eventFits reports whether the event's time can be the start: CloudWatch Logs
// takes it for that, but it comes from outside.
func (p *awsParser) eventFits(rec *periplus.Record) bool {
	if p.event.IsZero() || p.flags&awsHasEnd != 0 && rec.End.Before(p.event) {
		return false
	}
	ms := p.event.UnixMilli()
	return ms >= p.minMilli && ms <= p.maxMilli
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}

// equalFold compares b with an upper-case or lower-case ASCII word.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != word[i]|0x20 {
			return false
		}
	}
	return true
}
