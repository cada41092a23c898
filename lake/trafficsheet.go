package lake

import (
	"github.com/periplus/periplus/periplus"
)

// A trafficSheet fills a sheet with traffic rows in the order of
// periplus.TrafficFields; a test holds it against them.
type trafficSheet struct {
	*sheet
	step, bucket                 *int64s
	client, clientNet            *texts
	server, serverNet            *texts
	serverPort, protocol         *int32s
	verdict, reason              *texts
	counters                     [4]*int64s
	records, connections, opened *int64s
	tcpFlags                     *int32s
	first, last                  *int64s
	words                        [6]*texts // seen_by … encryption
	sampled, incomplete          *bools

	clients, servers addresses
	verdicts         []int32
}

func newTrafficSheet() *trafficSheet {
	s := &trafficSheet{sheet: newSheet(layouts[Traffic].columns)}
	i := -1
	long := func() *int64s { i++; return s.cols[i].(*int64s) }
	short := func() *int32s { i++; return s.cols[i].(*int32s) }
	text := func() *texts { i++; return s.cols[i].(*texts) }
	truth := func() *bools { i++; return s.cols[i].(*bools) }
	s.step, s.bucket = long(), long()
	s.client, s.clientNet, s.server, s.serverNet = text(), text(), text(), text()
	s.serverPort, s.protocol = short(), short()
	s.verdict, s.reason = text(), text()
	for k := range s.counters {
		s.counters[k] = long()
	}
	s.records, s.connections, s.opened = long(), long(), long()
	s.tcpFlags = short()
	s.first, s.last = long(), long()
	for k := range s.words {
		s.words[k] = text()
	}
	s.sampled, s.incomplete = truth(), truth()
	s.reset()
	return s
}

func (s *trafficSheet) reset() {
	s.sheet.reset()
	s.clients.reset()
	s.servers.reset()
	s.verdicts = s.verdicts[:0]
}

func (s *trafficSheet) add(t *periplus.Traffic) {
	s.step.put(t.Step)
	s.bucket.put(t.Bucket.UnixMicro())
	s.client.put(s.clients.index(s.client, t.Client))
	s.clientNet.put(s.clientNet.again(t.ClientNetwork))
	s.server.put(s.servers.index(s.server, t.Server))
	s.serverNet.put(s.serverNet.again(t.ServerNetwork))
	s.serverPort.putPort(t.ServerPort, t.HasPort)
	s.protocol.put(int32(t.Protocol))
	s.verdict.put(s.verdict.again(t.Verdict.String()))
	s.reason.put(s.reason.again(t.Reason))
	s.counters[0].putCount(t.RequestPackets)
	s.counters[1].putCount(t.RequestBytes)
	s.counters[2].putCount(t.ResponsePackets)
	s.counters[3].putCount(t.ResponseBytes)
	s.records.put(t.Records)
	s.connections.put(t.Connections)
	s.opened.putCount(t.Opened)
	s.tcpFlags.put(int32(t.TCPFlags))
	s.first.put(t.FirstSeen.UnixMicro())
	s.last.put(t.LastSeen.UnixMicro())
	for k, v := range [6]string{t.SeenBy, t.StoppedAt, t.Answer, t.Service, t.Path, t.Encryption} {
		s.words[k].put(s.words[k].again(v))
	}
	s.sampled.put(t.Sampled)
	s.incomplete.put(t.Incomplete)
	s.rows++
}
