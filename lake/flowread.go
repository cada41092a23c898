package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/periplus/periplus/periplus"
)

// errStop ends a reading that nobody wants any more.
var errStop = errors.New("stop")

// A flowReader reads data files of flows back into rows. Places and notes are
// shared among the files that it reads.
type flowReader struct {
	places map[periplus.Place]*periplus.Place
	notes  map[periplus.Note]*periplus.Note
}

func newFlowReader() *flowReader {
	return &flowReader{places: map[periplus.Place]*periplus.Place{}, notes: map[periplus.Note]*periplus.Note{}}
}

// rows yields the rows of a file in its order. The *Flow is reused, its Place
// and Note may be kept.
func (fr *flowReader) rows(ctx context.Context, path string) iter.Seq2[*periplus.Flow, error] {
	return func(yield func(*periplus.Flow, error) bool) {
		err := readBatches(ctx, path, reading{dictionaries: true}, func(b arrow.RecordBatch) error {
			g, err := newFlowGroup(b, true)
			if err != nil {
				return err
			}
			var f periplus.Flow
			for i := range int(b.NumRows()) {
				g.fill(fr, &f, i)
				if !yield(&f, nil) {
					return errStop
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// A dictionary is a text column of a row group, each value turned into a T
// once.
type dictionary[T any] struct {
	index  []int32
	nulls  arrow.Array // tells which rows are null; nil: none is
	values []T
	none   T
}

func (d *dictionary[T]) at(i int) T {
	if d.nulls != nil && d.nulls.IsNull(i) {
		return d.none
	}
	return d.values[d.index[i]]
}

func (d *dictionary[T]) code(i int) int32 {
	if d.nulls != nil && d.nulls.IsNull(i) {
		return absent
	}
	return d.index[i]
}

func newDictionary[T any](a arrow.Array, parse func(string) (T, error)) (*dictionary[T], error) {
	d, ok := a.(*array.Dictionary)
	if !ok {
		return nil, fmt.Errorf("%s for text", a.DataType())
	}
	texts, ok := d.Dictionary().(interface {
		Len() int
		Value(int) string
	})
	if !ok {
		return nil, fmt.Errorf("a dictionary of %s for text", d.Dictionary().DataType())
	}
	index, ok := d.Indices().(*array.Int32)
	if !ok {
		return nil, fmt.Errorf("%s for the places in a dictionary", d.Indices().DataType())
	}
	out := &dictionary[T]{index: index.Int32Values(), values: make([]T, texts.Len())}
	if d.NullN() > 0 {
		out.nulls = d
	}
	for i := range out.values {
		v, err := parse(strings.Clone(texts.Value(i))) // the batch's memory goes
		if err != nil {
			return nil, err
		}
		out.values[i] = v
	}
	return out, nil
}

func plainText(s string) (string, error) { return s, nil }

func parseAddr(s string) (netip.Addr, error) {
	if s == "" {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(s)
}

// A flowGroup is a row group of flows with its columns at hand.
type flowGroup struct {
	object, minutes, records, connections  *array.Int64
	bucket, first, last                    *array.Timestamp
	place                                  [8]*dictionary[string]
	observer                               *dictionary[periplus.Observer]
	client, server, natClient, natServer   *dictionary[netip.Addr]
	serverPort, protocol, clientPort, tcp  *array.Int32
	orientedBy                             *dictionary[periplus.Orientation]
	verdict                                *dictionary[periplus.Verdict]
	reason, service, notePath, encryption  *dictionary[string]
	packets, bytes, backPackets, backBytes *array.Int64
	opened                                 *array.Int64
	sampled                                *array.Boolean

	places      map[[8]int32]*periplus.Place
	byInterface []lastPlace // by code of the interface, and one for none
	notes       map[[3]int32]*periplus.Note
	noteCodes   [3]int32 // of the last row
	note        *periplus.Note
	noted       bool
}

// lastPlace is the place that an interface had last: it hardly ever has two.
type lastPlace struct {
	codes [8]int32
	place *periplus.Place
}

const (
	interfaceColumn = 6 // of placeColumns
	// What no merge asks for.
	unmerged = " object minutes zone subnet nat_client nat_server "
)

var placeColumns = [8]string{"provider", "account", "region", "zone", "network", "subnet", "interface", "log"}

// mergedColumns are those of flows that traffic is made from.
var mergedColumns = func() (names []string) {
	for _, f := range periplus.FlowFields {
		if !strings.Contains(unmerged, " "+f.Name+" ") {
			names = append(names, f.Name)
		}
	}
	return names
}()

// newFlowGroup finds the columns of a batch: all, or those that a merge needs.
func newFlowGroup(b arrow.RecordBatch, all bool) (*flowGroup, error) {
	c := columnFinder{batch: b}
	g := &flowGroup{places: map[[8]int32]*periplus.Place{}, notes: map[[3]int32]*periplus.Note{}}
	g.records, g.connections = find[*array.Int64](&c, "records"), find[*array.Int64](&c, "connections")
	g.bucket = find[*array.Timestamp](&c, "bucket")
	g.first, g.last = find[*array.Timestamp](&c, "first_seen"), find[*array.Timestamp](&c, "last_seen")
	for k, name := range placeColumns {
		if all || !strings.Contains(unmerged, " "+name+" ") {
			g.place[k] = findText(&c, name, plainText)
		}
	}
	if d := g.place[interfaceColumn]; d != nil {
		g.byInterface = make([]lastPlace, len(d.values)+1)
	}
	g.observer = findText(&c, "observer", periplus.ParseObserver)
	g.client, g.server = findText(&c, "client", parseAddr), findText(&c, "server", parseAddr)
	g.serverPort, g.protocol = find[*array.Int32](&c, "server_port"), find[*array.Int32](&c, "protocol")
	g.clientPort, g.tcp = find[*array.Int32](&c, "client_port"), find[*array.Int32](&c, "tcp_flags")
	g.orientedBy = findText(&c, "oriented_by", periplus.ParseOrientation)
	g.verdict = findText(&c, "verdict", periplus.ParseVerdict)
	g.reason, g.service = findText(&c, "reason", plainText), findText(&c, "service", plainText)
	g.notePath, g.encryption = findText(&c, "path", plainText), findText(&c, "encryption", plainText)
	g.packets, g.bytes = find[*array.Int64](&c, "request_packets"), find[*array.Int64](&c, "request_bytes")
	g.backPackets, g.backBytes = find[*array.Int64](&c, "response_packets"), find[*array.Int64](&c, "response_bytes")
	g.opened = find[*array.Int64](&c, "opened")
	g.sampled = find[*array.Boolean](&c, "sampled")
	if all {
		g.object, g.minutes = find[*array.Int64](&c, "object"), find[*array.Int64](&c, "minutes")
		g.natClient, g.natServer = findText(&c, "nat_client", parseAddr), findText(&c, "nat_server", parseAddr)
	}
	return g, c.err
}

// columnFinder finds columns by name and keeps the first error.
type columnFinder struct {
	batch arrow.RecordBatch
	err   error
}

func (c *columnFinder) column(name string) arrow.Array {
	at := c.batch.Schema().FieldIndices(name)
	if len(at) != 1 {
		c.fail(fmt.Errorf("no column %s", name))
		return nil
	}
	return c.batch.Column(at[0])
}

func (c *columnFinder) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func find[T arrow.Array](c *columnFinder, name string) T {
	var none T
	a := c.column(name)
	if a == nil {
		return none
	}
	t, ok := a.(T)
	if !ok {
		c.fail(fmt.Errorf("column %s is %s", name, a.DataType()))
	}
	return t
}

func findText[T any](c *columnFinder, name string, parse func(string) (T, error)) *dictionary[T] {
	a := c.column(name)
	if a == nil {
		return nil
	}
	d, err := newDictionary(a, parse)
	if err != nil {
		c.fail(fmt.Errorf("column %s: %w", name, err))
	}
	return d
}

func countAt(a *array.Int64, i int) periplus.Count {
	if a.IsNull(i) {
		return periplus.Count{}
	}
	return periplus.Count{N: a.Value(i), Known: true}
}

func portAt(a *array.Int32, i int) (uint16, bool) {
	if a.IsNull(i) {
		return 0, false
	}
	return uint16(a.Value(i)), true
}

func timeAt(a *array.Timestamp, i int) time.Time { return time.UnixMicro(int64(a.Value(i))).UTC() }

// fill makes row i, with what a group of all columns has beside.
func (g *flowGroup) fill(fr *flowReader, f *periplus.Flow, i int) {
	*f = periplus.Flow{
		Bucket: timeAt(g.bucket, i), FirstSeen: timeAt(g.first, i), LastSeen: timeAt(g.last, i),
		Place: g.placeAt(fr, i), Observer: g.observer.at(i),
		Client: g.client.at(i), Server: g.server.at(i), Protocol: uint8(g.protocol.Value(i)),
		OrientedBy: g.orientedBy.at(i), Verdict: g.verdict.at(i), Note: g.noteAt(fr, i),
		RequestPackets: countAt(g.packets, i), RequestBytes: countAt(g.bytes, i),
		ResponsePackets: countAt(g.backPackets, i), ResponseBytes: countAt(g.backBytes, i),
		Records: g.records.Value(i), Connections: g.connections.Value(i), Opened: countAt(g.opened, i),
		TCPFlags: uint8(g.tcp.Value(i)), Sampled: g.sampled.Value(i), Service: g.service.at(i),
	}
	f.ServerPort, f.HasPort = portAt(g.serverPort, i)
	f.ClientPort, f.HasClientPort = portAt(g.clientPort, i)
	if g.object != nil {
		f.Object, f.Minutes = g.object.Value(i), g.minutes.Value(i)
		f.NATClient, f.NATServer = g.natClient.at(i), g.natServer.at(i)
	}
}

func (g *flowGroup) placeAt(fr *flowReader, i int) *periplus.Place {
	var codes [8]int32
	for k, d := range g.place {
		if d != nil {
			codes[k] = d.code(i)
		}
	}
	last := &g.byInterface[codes[interfaceColumn]+1]
	if last.place == nil || last.codes != codes {
		*last = lastPlace{codes, g.placeOf(fr, i, codes)}
	}
	return last.place
}

func (g *flowGroup) placeOf(fr *flowReader, i int, codes [8]int32) *periplus.Place {
	if p, ok := g.places[codes]; ok {
		return p
	}
	var v periplus.Place
	for k, to := range placeFields(&v) {
		if g.place[k] != nil {
			*to = g.place[k].at(i)
		}
	}
	p, ok := fr.places[v]
	if !ok {
		p = &v
		fr.places[v] = p
	}
	g.places[codes] = p
	return p
}

func (g *flowGroup) noteAt(fr *flowReader, i int) *periplus.Note {
	codes := [3]int32{g.reason.code(i), g.notePath.code(i), g.encryption.code(i)}
	if g.noted && codes == g.noteCodes {
		return g.note
	}
	g.note, g.noteCodes, g.noted = g.noteOf(fr, i, codes), codes, true
	return g.note
}

func (g *flowGroup) noteOf(fr *flowReader, i int, codes [3]int32) *periplus.Note {
	if n, ok := g.notes[codes]; ok {
		return n
	}
	v := periplus.Note{Reason: g.reason.at(i), Path: g.notePath.at(i), Encryption: g.encryption.at(i)}
	n, ok := fr.notes[v]
	if !ok && v != (periplus.Note{}) {
		n = &v
		fr.notes[v] = n
	}
	g.notes[codes] = n
	return n
}
