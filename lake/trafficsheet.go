package lake

import (
	"github.com/periplus/periplus/periplus"
)

// A trafficSheet fills a sheet with traffic rows in the order of
// periplus.TrafficFields; a test holds it against them.
type trafficSheet struct {
	*sheet
	step                         *numbers[int64]
	bucket                       *few
	client, clientNet            *texts
	server, serverNet            *texts
	serverPort                   *numbers[int32]
	protocol                     *few
	verdict, reason              *texts
	counters                     [4]*numbers[int64]
	records, connections, opened *numbers[int64]
	tcpFlags                     *few
	first, last                  *numbers[int64]
	words                        [6]*texts // seen_by … encryption
	sampled, incomplete          *bools

	clients, servers addresses
	verdicts         []int32
}

func newTrafficSheet() *trafficSheet {
	s := &trafficSheet{sheet: newSheet(layouts[Traffic].columns)}
	i := -1
	long := func() *numbers[int64] { i++; return s.cols[i].(*numbers[int64]) }
	short := func() *numbers[int32] { i++; return s.cols[i].(*numbers[int32]) }
	rare := func() *few { i++; return s.cols[i].(*few) }
	text := func() *texts { i++; return s.cols[i].(*texts) }
	truth := func() *bools { i++; return s.cols[i].(*bools) }
	s.step, s.bucket = long(), rare()
	s.client, s.clientNet, s.server, s.serverNet = text(), text(), text(), text()
	s.serverPort, s.protocol = short(), rare()
	s.verdict, s.reason = text(), text()
	for k := range s.counters {
		s.counters[k] = long()
	}
	s.records, s.connections, s.opened = long(), long(), long()
	s.tcpFlags = rare()
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
	s.serverPort.putIf(int32(t.ServerPort), t.HasPort)
	s.protocol.put(int64(t.Protocol))
	s.verdict.put(s.verdict.again(t.Verdict.String()))
	s.reason.put(s.reason.again(t.Reason))
	s.counters[0].putIf(t.RequestPackets.N, t.RequestPackets.Known)
	s.counters[1].putIf(t.RequestBytes.N, t.RequestBytes.Known)
	s.counters[2].putIf(t.ResponsePackets.N, t.ResponsePackets.Known)
	s.counters[3].putIf(t.ResponseBytes.N, t.ResponseBytes.Known)
	s.records.put(t.Records)
	s.connections.put(t.Connections)
	s.opened.putIf(t.Opened.N, t.Opened.Known)
	s.tcpFlags.put(int64(t.TCPFlags))
	s.first.put(t.FirstSeen.UnixMicro())
	s.last.put(t.LastSeen.UnixMicro())
	for k, v := range [6]string{t.SeenBy, t.StoppedAt, t.Answer, t.Service, t.Path, t.Encryption} {
		s.words[k].put(s.words[k].again(v))
	}
	s.sampled.put(t.Sampled)
	s.incomplete.put(t.Incomplete)
	s.rows++
}
