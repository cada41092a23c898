package traffic

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// The columns of a statement's rows.
const (
	colClient = iota
	colServer
	colPort
	colProtocol
	colBucket
	colVerdict
	colReason
	colSeenBy
	colRequestPackets
	colRequestBytes
	colResponsePackets
	colResponseBytes
	colRecords
	colConnections
	colOpened
	colFlags
	colFirst
	colLast
	colService
	colPath
	colEncryption
	colSampled
	colEvidence
)

// record reads the values of a row. The first that is not what it should be is
// its error.
type record struct {
	facts  *facts
	v      []any
	err    error
	row    periplus.Traffic
	client string
	server string
	places map[string]*witness // by evidence
}

func (r *record) take(v []any) { r.v = v }

func (r *record) text(i int) string {
	switch v := r.v[i].(type) {
	case string:
		return v
	case nil:
		return ""
	}
	r.wrong(i)
	return ""
}

func (r *record) number(i int) int64 {
	v, ok := r.v[i].(int64)
	if !ok && r.v[i] != nil {
		r.wrong(i)
	}
	return v
}

func (r *record) count(i int) periplus.Count {
	v, ok := r.v[i].(int64)
	if !ok && r.v[i] != nil {
		r.wrong(i)
	}
	return periplus.Count{N: v, Known: ok}
}

func (r *record) time(i int) time.Time {
	v, ok := r.v[i].(time.Time)
	if !ok {
		r.wrong(i)
	}
	return v
}

func (r *record) truth(i int) bool {
	v, ok := r.v[i].(bool)
	if !ok {
		r.wrong(i)
	}
	return v
}

func (r *record) wrong(i int) {
	if r.err == nil {
		r.err = fmt.Errorf("column %d of the engine's answer is a %T", i, r.v[i])
	}
}

// ends reads who the row is about; rows come sorted, so most are the last
// row's.
func (r *record) ends() {
	t := &r.row
	if c := r.text(colClient); c != r.client || !t.Client.IsValid() {
		t.Client, r.client = r.addr(c), c
	}
	if s := r.text(colServer); s != r.server || !t.Server.IsValid() {
		t.Server, r.server = r.addr(s), s
	}
	port := r.number(colPort)
	t.HasPort = port >= 0
	t.ServerPort = uint16(max(port, 0))
	t.Protocol = uint8(r.number(colProtocol))
}

func (r *record) addr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil && s != "" && r.err == nil {
		r.err = fmt.Errorf("a row of flows: %w", err)
	}
	return a
}

func (r *record) verdict() periplus.Verdict {
	v, err := periplus.ParseVerdict(r.text(colVerdict))
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("a row of flows: verdict: %w", err)
	}
	return v
}

// traffic reads a row that SQL has summed.
func (r *record) traffic() error {
	r.ends()
	t := &r.row
	t.Step = stepBucket
	t.Bucket = r.time(colBucket)
	t.Verdict, t.Reason = r.verdict(), r.text(colReason)
	t.RequestPackets, t.RequestBytes = r.count(colRequestPackets), r.count(colRequestBytes)
	t.ResponsePackets, t.ResponseBytes = r.count(colResponsePackets), r.count(colResponseBytes)
	t.Records, t.Connections, t.Opened = r.number(colRecords), r.number(colConnections), r.count(colOpened)
	t.TCPFlags = uint8(r.number(colFlags))
	t.FirstSeen, t.LastSeen = r.time(colFirst), r.time(colLast)
	t.Service, t.Path, t.Encryption = r.text(colService), r.text(colPath), r.text(colEncryption)
	t.Sampled, t.Incomplete = r.truth(colSampled), false
	t.SeenBy = r.text(colSeenBy)
	t.StoppedAt = ""
	if t.Verdict.Stopped() {
		t.StoppedAt = stoppedAt(t.SeenBy)
	}
	t.Answer = "unknown"
	switch {
	case t.ResponsePackets.N > 0:
		t.Answer = "seen"
	case t.RequestPackets.Known && !t.Verdict.Stopped():
		t.Answer = "none"
	}
	t.ClientNetwork = r.facts.network(t.Client, t.Bucket)
	t.ServerNetwork = r.facts.network(t.Server, t.Bucket)
	return r.err
}

// stoppedAt is where the only observer of a conversation stands that was
// stopped.
func stoppedAt(seenBy string) string {
	if seenBy == "client" || seenBy == "server" {
		return seenBy
	}
	return "middle"
}

// witness is what the evidence of a row says, once a text.
type witness struct {
	place      *periplus.Place
	orientedBy periplus.Orientation
	clientPort int64 // -1: none
	err        error
}

// flow reads a row of flows. Its notes and places are shared among rows.
func (r *record) flow() (periplus.Flow, error) {
	r.ends()
	t := &r.row
	f := periplus.Flow{
		Client: t.Client, Server: t.Server, ServerPort: t.ServerPort, HasPort: t.HasPort, Protocol: t.Protocol,
		Bucket: r.time(colBucket), FirstSeen: r.time(colFirst), LastSeen: r.time(colLast),
		Verdict:        r.verdict(),
		RequestPackets: r.count(colRequestPackets), RequestBytes: r.count(colRequestBytes),
		ResponsePackets: r.count(colResponsePackets), ResponseBytes: r.count(colResponseBytes),
		Records: r.number(colRecords), Connections: r.number(colConnections), Opened: r.count(colOpened),
		TCPFlags: uint8(r.number(colFlags)), Sampled: r.truth(colSampled), Service: r.text(colService),
	}
	var err error
	if f.Observer, err = periplus.ParseObserver(r.text(colSeenBy)); err != nil && r.err == nil {
		r.err = fmt.Errorf("a row of flows: observer: %w", err)
	}
	if n := (periplus.Note{Reason: r.text(colReason), Path: r.text(colPath), Encryption: r.text(colEncryption)}); n != (periplus.Note{}) {
		f.Note = &n
	}
	w := r.witness(r.text(colEvidence))
	if w.err != nil && r.err == nil {
		r.err = w.err
	}
	f.Place, f.OrientedBy = w.place, w.orientedBy
	if f.HasClientPort = w.clientPort >= 0; f.HasClientPort {
		f.ClientPort = uint16(w.clientPort)
	}
	return f, r.err
}

func (r *record) witness(text string) *witness {
	if w, ok := r.places[text]; ok {
		return w
	}
	if len(r.places) > 100_000 { // client ports make many of them
		clear(r.places)
	}
	w := &witness{place: &periplus.Place{}, clientPort: -1}
	r.places[text] = w
	v := strings.Split(text, "\x1f")
	if len(v) != 8 {
		w.err = fmt.Errorf("a row of flows: the names of its place hold a control character: %q", text)
		return w
	}
	if w.orientedBy, w.err = periplus.ParseOrientation(v[0]); w.err != nil {
		return w
	}
	if v[1] != "" {
		w.clientPort, w.err = strconv.ParseInt(v[1], 10, 64)
	}
	w.place = &periplus.Place{Provider: v[2], Account: v[3], Region: v[4], Network: v[5], Interface: v[6], Log: v[7]}
	return w
}
