package format

import (
	"bytes"
	"fmt"

	"github.com/periplus/periplus/periplus"
)

// azureExplain explains a tuple, with or without its quotes, or the first
// tuple of a record or a blob.
func azureExplain(line []byte, opt Options) (*Explanation, error) {
	text := bytes.Trim(oneEntry(line), `"`)
	if len(text) == 0 {
		return nil, ErrEmpty
	}
	in, err := openAzure(bytes.NewReader(text), opt)
	if err != nil {
		return nil, err
	}
	a := in.(*azureReader)
	recs := make([]periplus.Record, 1)
	if n, err := a.Read(recs); n == 0 {
		if s := a.Stats(); len(s.First) > 0 {
			return nil, hint{fmt.Errorf("not a tuple: %s (%s)", s.First[0].Msg, s.First[0].Kind), "give one tuple, or one whole record as JSON"}
		}
		return nil, fmt.Errorf("it holds no tuple: %w", err)
	}
	r := &recs[0]
	n := 0
	for n < len(a.columns) && a.columns[n] != nil {
		n++
	}
	nsg := isNSGTuple(&a.columns, n)
	e := &Explanation{Format: "azure-vnet", Record: r}
	columns := azureVNetTuple
	if nsg {
		e.Format, columns = "azure-nsg", azureNSGTuple
	}
	for i, value := range a.columns[:n] {
		f := ExplainedField{Value: string(bytes.ToValidUTF8(value, []byte("\uFFFD"))), Doc: unknownDoc}
		if i < len(columns) {
			f.Name, f.Unit, f.Doc = columns[i].Name, columns[i].Unit, columns[i].Doc
			if i == 0 {
				f.Doc += "; here: " + r.Booked.Format("2006-01-02T15:04:05.999Z07:00")
			}
		} else {
			f.Name = azureColumnNames[i-len(columns)]
		}
		e.Fields = append(e.Fields, f)
	}
	a.around(e, columns, nsg)
	a.says(e, nsg, n)
	return e, nil
}

// around adds what the record says of all its tuples.
func (a *azureReader) around(e *Explanation, tuple []Column, nsg bool) {
	columns := azureVNetColumns[len(tuple):]
	if nsg {
		columns = azureNSGColumns[len(tuple):]
	}
	for _, c := range columns {
		if to := a.known([]byte(c.Name)); to != nil && *to != "" {
			e.Fields = append(e.Fields, ExplainedField{Name: c.Name, Value: *to, Unit: c.Unit, Doc: c.Doc})
		}
	}
	for _, x := range append(a.flow.extra[:len(a.flow.extra):len(a.flow.extra)], a.head.extra...) {
		e.Fields = append(e.Fields, ExplainedField{Name: x.Name, Value: x.Value, Doc: unknownDoc})
	}
}

func (a *azureReader) says(e *Explanation, nsg bool, columns int) {
	r := e.Record
	say := func(format string, args ...any) { e.Says = append(e.Says, fmt.Sprintf(format, args...)) }
	silent := func(s string) { e.Silent = append(e.Silent, s) }
	src, dst, over := cloudEnds(r)
	sent := cloudCounts(r, r.Packets, r.Bytes, periplus.HasPackets, periplus.HasBytes)
	got := cloudCounts(r, r.RevPackets, r.RevBytes, periplus.HasRevPackets, periplus.HasRevBytes)
	by := ""
	if a.rule != "" {
		by = " by the rule " + a.rule
	}
	measured := r.Has&(periplus.HasPackets|periplus.HasBytes|periplus.HasRevPackets|periplus.HasRevBytes) != 0
	switch {
	case r.Verdict == periplus.Denied && a.flow.acl == "unspecified":
		say("A connection from %s to %s%s was denied, because it is not encrypted and encryption is enforced.", src, dst, over)
	case r.Verdict == periplus.Denied:
		say("A connection from %s to %s%s was denied%s.", src, dst, over, by)
	case r.State == periplus.StateBegin:
		say("%s opened a connection to %s%s; it was allowed%s.", src, dst, over, by)
	case measured:
		say("%s sent %s to %s%s and received %s; it was allowed%s.", src, sent, dst, over, got, by)
	default:
		say("%s talked to %s%s; it was allowed%s.", src, dst, over, by)
	}
	switch r.State {
	case periplus.StateContinue:
		say("The connection goes on; the counts are what came since its last tuple, at most five minutes before.")
	case periplus.StateEnd:
		say("The connection ended; the counts are what came since its last tuple.")
	}
	if r.Direction == periplus.Ingress {
		say("It came in at the NIC: the NIC is the destination's.")
	} else {
		say("It went out of the NIC: the NIC is the source's.")
	}
	switch {
	case columns < 9 && nsg:
		silent("How many packets and bytes: version 1 of NSG flow logs measures nothing.")
	case !measured:
		silent("How many packets and bytes: such a tuple measures nothing, whatever numbers stand there.")
	}
	if r.Place.Interface == "" {
		silent("Which NIC saw it, and by which rule: the record around the tuple says so.")
	}
	silent("TCP flags, and whether the other end let it in: that is in the log of its own NIC.")
	if nsg {
		silent("ICMP: NSG flow logs hold TCP and UDP only.")
	}
}
