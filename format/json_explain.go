package format

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// jsonFields names every value of a JSON text by its path. The members of an
// array share the array's path; a prefix that says nothing is cut.
func jsonFields(text []byte, prefix string, columns []Column) ([]ExplainedField, error) {
	docs := map[string]Column{}
	for _, c := range columns {
		docs[c.Name] = c
	}
	var t jsonText
	t.reset(text)
	var fields []ExplainedField
	var walk func(path string)
	walk = func(path string) {
		switch t.peek() {
		case '{':
			for ok := t.open('{'); ok; ok = t.more('}') {
				walk(path + "." + strings.ToValidUTF8(string(t.key()), "\uFFFD"))
			}
		case '[':
			for ok := t.open('['); ok; ok = t.more(']') {
				walk(path)
			}
		default:
			name := strings.TrimPrefix(strings.TrimPrefix(path, "."), prefix)
			f := ExplainedField{Name: name, Value: strings.ToValidUTF8(string(t.scalar()), "\uFFFD"), Doc: unknownDoc}
			for at := name; at != ""; {
				if c, ok := docs[at]; ok {
					f.Unit, f.Doc = c.Unit, c.Doc
					break
				}
				at = at[:max(0, strings.LastIndexByte(at, '.'))]
			}
			fields = append(fields, f)
		}
	}
	if t.skip(); t.fault == jsonFine { // so deep as skip allows
		t.reset(text)
		walk("")
	}
	if t.fault != jsonFine {
		return nil, fmt.Errorf("no JSON: %s", t.msg)
	}
	return fields, nil
}

// cloudEnds writes both ends and the protocol of a record.
func cloudEnds(r *periplus.Record) (src, dst, over string) {
	ports := !periplus.Portless(r.Protocol) || r.Has&periplus.HasProtocol == 0
	src = end(r.Src, r.SrcPort, ports && r.Has&periplus.HasSrcPort != 0)
	dst = end(r.Dst, r.DstPort, ports && r.Has&periplus.HasDstPort != 0)
	if name := protocolName(uint64(r.Protocol)); r.Has&periplus.HasProtocol != 0 && name != "" {
		over = " over " + name
	}
	return src, dst, over
}

// cloudCounts writes packets and bytes that may be unknown.
func cloudCounts(r *periplus.Record, packets, octets uint64, hasPackets, hasBytes periplus.Has) string {
	s := "an unknown number of packets"
	if r.Has&hasPackets != 0 {
		s = plural(packets, "packet")
	}
	if r.Has&hasBytes != 0 {
		return s + ", " + plural(octets, "byte")
	}
	return s + ", an unknown number of bytes"
}

// oneEntry cuts what may stand around a line that was copied from a log: the
// comma to its neighbours, a byte order mark. The commas of a tuple are its own.
func oneEntry(line []byte) []byte {
	line = bytes.TrimLeft(line, "\xef\xbb\xbf \t\r\n,")
	line = bytes.TrimRight(line, " \t\r\n")
	if bytes.HasSuffix(line, []byte(`",`)) || bytes.HasSuffix(line, []byte(`},`)) {
		line = line[:len(line)-1]
	}
	return line
}
