package format

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// explainAWS explains a record of text. Lines before it may be its header; a
// header alone is explained column by column.
func explainAWS(line []byte, opt Options) (*Explanation, error) {
	var p awsParser
	if err := p.init(opt); err != nil {
		return nil, err
	}
	var out *Explanation
	for l := range bytes.Lines(line) {
		l = bytes.TrimSpace(l)
		if len(l) == 0 || l[0] == '#' {
			continue
		}
		var err error
		if out, err = p.explain(l, "aws-text"); err != nil {
			return nil, err
		}
	}
	if out == nil {
		return nil, ErrEmpty
	}
	return out, nil
}

// explainCloudWatch explains the first record of an envelope.
func explainCloudWatch(line []byte, opt Options) (*Explanation, error) {
	in, err := openCloudWatch(bytes.NewReader(line), opt)
	if err != nil {
		return nil, err
	}
	var p *awsParser
	var record []byte
	var carried []ExplainedField
	switch r := in.(type) {
	case *awsLines:
		p, record = &r.parser, r.parser.stamp(line)
	case *awsEvents:
		for len(record) == 0 && r.done == nil {
			record = r.next()
		}
		p = &r.parser
		for _, f := range []struct{ name, value, doc string }{
			{"owner", r.event.hint.Account, "account that the log group belongs to"},
			{"logGroup", r.event.hint.Log, "log group that the record was written to"},
			{"logStream", r.event.hint.Interface, "interface whose log stream it is"},
		} {
			if f.value != "" {
				carried = append(carried, ExplainedField{Name: f.name, Value: f.value, Doc: f.doc})
			}
		}
	}
	if record = bytes.TrimSpace(record); len(record) == 0 {
		if s := in.Stats(); len(s.First) > 0 {
			return nil, fmt.Errorf("not a record: %s (%s)", s.First[0].Msg, s.First[0].Kind)
		}
		return &Explanation{
			Format: "aws-cloudwatch", Fields: carried,
			Says: []string{"It holds no flow log record: a health probe (CONTROL_MESSAGE) or an empty envelope."},
		}, nil
	}
	if !p.event.IsZero() {
		carried = append(carried, ExplainedField{Name: "timestamp", Value: p.event.Format(time.RFC3339Nano),
			Doc: "time that CloudWatch Logs keeps for the record: its start"})
	}
	out, err := p.explain(bytes.Clone(record), "aws-cloudwatch")
	if err != nil {
		return nil, err
	}
	out.Fields = append(carried, out.Fields...)
	return out, nil
}

// explain explains one line and, if it is a header, takes its columns.
func (p *awsParser) explain(line []byte, name string) (*Explanation, error) {
	out := &Explanation{Format: name}
	if c := line[0]; (c > '9' || c == '$') && awsHeader(line) {
		p.columns(awsFields(string(line)))
		p.fixed = true
		for _, c := range p.cols {
			f := ExplainedField{Name: c.name, Doc: unknownDoc}
			if k := awsKnown([]byte(c.name)); k != nil {
				f.Unit, f.Doc = k.Unit, k.Doc+" (since version "+k.Since+")"
			}
			out.Fields = append(out.Fields, f)
		}
		out.Says = []string{fmt.Sprintf("A header: it names the %d columns of the lines that follow.", len(p.cols))}
		return out, nil
	}
	var rec periplus.Record
	var stats periplus.Stats
	given := p.cols != nil
	if _, ok := p.line(line, 1, &rec, &stats); !ok {
		if len(stats.First) > 0 {
			e := stats.First[0]
			err := fmt.Errorf("not a record: %s (%s)", e.Msg, e.Kind)
			if e.Kind != periplus.BadColumns {
				return nil, err
			}
			return nil, hint{err, "a custom format needs its header or --aws-format"}
		}
		return nil, ErrEmpty
	}
	p.fields(line, out)
	out.Record = &rec
	p.says(&rec, out)
	p.silent(&rec, out)
	if !given {
		out.Silent = append(out.Silent, "Which columns these are: no header names them, so the default order was taken.")
	}
	return out, nil
}

const unknownDoc = "a column that nobody knows; it is kept by name"

// fields explains word by word.
func (p *awsParser) fields(line []byte, out *Explanation) {
	i := 0
	for _, c := range p.cols {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		next := tokenEnd(line, i)
		value := string(line[i:next])
		i = next
		f := ExplainedField{Name: c.name, Value: value, Doc: unknownDoc}
		if k := awsKnown([]byte(c.name)); k != nil {
			f.Unit, f.Doc = k.Unit, k.Doc
		}
		if m := awsMeaning(c.op, value); m != "" {
			f.Doc += "; here: " + m
		}
		out.Fields = append(out.Fields, f)
	}
}

// awsMeaning is what one value means, where that needs saying.
func awsMeaning(op awsOp, value string) string {
	if value == "-" {
		return "not said or not applicable"
	}
	n, err := strconv.ParseUint(value, 10, 63)
	number := err == nil
	switch {
	case op == awsProtocol && number:
		return protocolName(n)
	case op == awsTCPFlags && number:
		return flagNames(uint8(n))
	case (op == awsStart || op == awsEnd) && number:
		if n < 1e11 {
			n *= 1000
		}
		return time.UnixMilli(int64(n)).UTC().Format(time.RFC3339Nano)
	case op == awsTrafficPath:
		return strings.ReplaceAll(awsPaths[value], "_", " ")
	case op == awsEncryption:
		return awsEncryptions[value]
	case op == awsAccount && value == "unknown":
		return "AWS manages the interface and does not name its account"
	case op >= awsTag1 && op <= awsTag6:
		if text, err := url.PathUnescape(value); err == nil && text != value {
			return text
		}
	}
	return ""
}

func protocolName(n uint64) string {
	names := map[uint64]string{1: "ICMP", 2: "IGMP", 4: "IP in IP", 6: "TCP", 17: "UDP", 33: "DCCP", 41: "IPv6 in IP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 89: "OSPF", 132: "SCTP", 136: "UDP-Lite"}
	return names[n]
}

// flagNames spells TCP flags.
func flagNames(flags uint8) string {
	if flags == 0 {
		return "no flag but ACK"
	}
	var names []string
	for i, n := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"} {
		if flags&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, "+")
}

// end is an address with its port, as one writes it.
func end(a netip.Addr, port uint16, has bool) string {
	switch {
	case !a.IsValid():
		return "an address that the line does not say"
	case !has:
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// says puts into sentences what follows from the record.
func (p *awsParser) says(r *periplus.Record, out *Explanation) {
	say := func(format string, args ...any) { out.Says = append(out.Says, fmt.Sprintf(format, args...)) }
	switch r.Mark {
	case periplus.MarkNoData:
		say("Nothing happened at the interface in this window (NODATA); it is no flow.")
		return
	case periplus.MarkSkipData:
		say("Records of this window were lost (SKIPDATA), by an error or for want of capacity; this line may stand for many, and it is no flow.")
		return
	}
	src, dst := r.Ends()
	ports := r.Has&periplus.HasProtocol == 0 || !periplus.Portless(r.Protocol)
	counts := "an unknown number of packets"
	if r.Has&periplus.HasPackets != 0 {
		counts = plural(r.Packets, "packet")
	}
	if r.Has&periplus.HasBytes != 0 {
		counts += ", " + plural(r.Bytes, "byte")
	}
	proto := ""
	if name := protocolName(uint64(r.Protocol)); r.Has&periplus.HasProtocol != 0 && name != "" {
		proto = " over " + name
	}
	say("%s sent %s to %s%s.", end(src, r.SrcPort, ports && r.Has&periplus.HasSrcPort != 0), counts, end(dst, r.DstPort, ports && r.Has&periplus.HasDstPort != 0), proto)
	switch r.Verdict {
	case periplus.Allowed:
		say("It was allowed (ACCEPT): by the security group and by the network ACL.")
	case periplus.Denied:
		say("It was denied (REJECT)%s.", rejectedBy(r))
	case periplus.Dropped:
		say("The gateway dropped all of it: %s.", noteOf(r).Reason)
	}
	for _, l := range p.pending {
		say("The gateway dropped %s more: %s.", plural(l.packets, "packet"), l.reason)
	}
	if r.Src.IsValid() && src != r.Src {
		say("The source in the packet is %s, but the interface saw %s: a NAT, balancer, gateway or pod is in between.", src, r.Src)
	}
	if r.Dst.IsValid() && dst != r.Dst {
		say("The destination in the packet is %s, but the interface saw %s: a NAT, balancer, gateway or pod is in between.", dst, r.Dst)
	}
	if r.Has&periplus.HasTCPFlags != 0 && r.Protocol == 6 {
		// A gateway also notes the ACK of data, so SYN and ACK beside PSH or URG
		// may be either end.
		switch r.TCPFlags & (periplus.SYN | periplus.ACK | periplus.PSH | periplus.URG) {
		case periplus.SYN:
			say("%s opened the connection in this window (SYN without ACK): it is the client.", src)
		case periplus.SYN | periplus.ACK:
			say("%s answered the opening of a connection (SYN and ACK): it is the server.", src)
		}
	}
	switch r.Direction {
	case periplus.Ingress:
		say("It came in at the interface.")
	case periplus.Egress:
		say("It went out of the interface.")
	case periplus.Through:
		say("It went through a transit gateway, which is at neither end.")
	}
}

func rejectedBy(r *periplus.Record) string {
	switch reason := noteOf(r).Reason; reason {
	case "":
		return ": by a security group or a network ACL, or it came after its connection was closed"
	case "BPA":
		return ": by VPC Block Public Access"
	case "EC":
		return ": by encryption controls"
	default:
		return ": " + reason
	}
}

func noteOf(r *periplus.Record) periplus.Note {
	if r.Note == nil {
		return periplus.Note{}
	}
	return *r.Note
}

func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// silent names what the line does not say, because a column is missing or
// because no AWS log says it.
func (p *awsParser) silent(r *periplus.Record, out *Explanation) {
	say := func(format string, args ...any) { out.Silent = append(out.Silent, fmt.Sprintf(format, args...)) }
	has := func(op awsOp) bool {
		return slices.ContainsFunc(p.cols, func(c awsCol) bool { return c.op == op })
	}
	if r.Booked.IsZero() {
		say("When it was: neither start nor end is among the columns.")
	}
	switch r.Mark {
	case periplus.MarkNoData:
		return
	case periplus.MarkSkipData:
		say("How many records were lost, and what was in them.")
		return
	}
	if r.Has&periplus.HasPackets == 0 || r.Has&periplus.HasBytes == 0 {
		say("How much it was: packets or bytes are unknown, which is not 0.")
	}
	if r.Direction == periplus.Through {
		if r.Verdict == periplus.Unknown {
			say("Whether the ends' own rules allowed it: a gateway writes no action.")
		}
	} else {
		switch r.Verdict {
		case periplus.Unknown:
			say("Whether it was allowed: no action.")
		case periplus.Denied:
			if !has(awsRejectReason) {
				say("Whether Block Public Access or encryption controls denied it: no reject-reason (version 8).")
			}
			say("Which rule denied it, and whether it stands in a security group or in a network ACL.")
		case periplus.Allowed:
			say("Which rule allowed it, and whether a host's own firewall let it in.")
		}
		if !has(awsDirection) {
			say("Whether it came in or went out: no flow-direction (version 5).")
		}
		if !has(awsPktSrcAddr) || !has(awsPktDstAddr) {
			say("Whether a NAT, balancer or gateway stands in between: no pkt-srcaddr and pkt-dstaddr (version 3).")
		}
	}
	if !has(awsTCPFlags) && r.Protocol == 6 {
		say("Who opened the connection, and whether it was opened in this window: no tcp-flags (version 3).")
	}
	if r.Has&periplus.HasProtocol != 0 && periplus.Portless(r.Protocol) {
		say("The type and code of ICMP and the like: the ports of such lines mean nothing.")
	}
	say("The other direction: it is a record of its own.")
}
