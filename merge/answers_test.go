package merge

import (
	"net/netip"
	"testing"
)

// Rows of one direction that come from different batches are one conversation.
func TestAnswers(t *testing.T) {
	var opt Options
	f := func(name, in, want string) {
		t.Helper()
		rows := parse(t, in)
		a := &Answers{}
		for i := range rows {
			a.Want(&rows[i])
		}
		for i := range rows {
			if r := &rows[i]; a.Wants(r.Client, r.Server, r.ServerPort, r.Protocol) {
				a.See(r)
			}
		}
		opt.Answers = a
		if got := show(Merge(rows, ofHour(opt))); got != wanted(want) {
			t.Errorf("%s: got\n%swant\n%s", name, got, wanted(want))
		}
	}
	const answer = "client=10.0.1.9 server=10.0.0.5"
	f("a registered service", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=50001 port=5432
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=5432 port=50001 `+answer, `
		0 allowed req=3/300 resp=2/200 records=2 client seen 10.0.0.5>10.0.1.9:5432`)
	f("else the smaller port", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=60001 port=50000
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=50000 port=60001 `+answer, `
		0 allowed req=3/300 resp=2/200 records=2 client seen 10.0.0.5>10.0.1.9:50000`)
	f("several client ports settle it", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way port=60000 conns=4
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=60000 port=50001 `+answer, `
		0 allowed req=3/300 resp=2/200 records=2 client seen 10.0.0.5>10.0.1.9:60000`)
	f("so does a rule that saw both directions", `
		client eni-c allowed 0:10..1:10 req=3/300 resp=1/100 by=fan_in cport=50009 port=60000
		server eni-c allowed 2:10..3:10 req=2/200 by=one_way cport=60000 port=50001 `+answer, `
		0 allowed req=3/300 resp=3/300 records=2 client seen 10.0.0.5>10.0.1.9:60000`)
	f("another connection that only sent does not", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=50002 port=5432
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=5432 port=50001 `+answer, `
		0 allowed req=3/300 resp=null records=1 client none 10.0.0.5>10.0.1.9:5432
		0 allowed req=2/200 resp=null records=1 server none 10.0.1.9>10.0.0.5:50001`)
	f("an answer of another port neither", `
		client eni-c allowed 0:10..1:10 req=3/300 by=flags port=5432
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=5433 port=50001 `+answer, `
		0 allowed req=3/300 resp=null records=1 client none 10.0.0.5>10.0.1.9:5432
		0 allowed req=2/200 resp=null records=1 server none 10.0.1.9>10.0.0.5:50001`)
	f("equal ports: the smaller address is called the server", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=5000 port=5000
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=5000 port=5000 `+answer, `
		0 allowed req=2/200 resp=3/300 records=2 server seen 10.0.1.9>10.0.0.5:5000`)
	f("what another rule oriented stays", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=50001 port=5432
		server eni-c allowed 0:10..1:10 req=2/200 by=flags cport=5432 port=50001 `+answer, `
		0 allowed req=2/200 resp=3/300 records=2 server seen 10.0.1.9>10.0.0.5:50001`)
	opt.Known = func(a netip.Addr, port uint16, _ uint8) bool {
		return a == netip.MustParseAddr("10.0.0.5") && port == 50001
	}
	f("whose server is known by now is no answer", `
		client eni-c allowed 0:10..1:10 req=3/300 by=one_way cport=50001 port=5432
		server eni-c allowed 0:10..1:10 req=2/200 by=one_way cport=5432 port=50001 `+answer, `
		0 allowed req=2/200 resp=3/300 records=2 server seen 10.0.1.9>10.0.0.5:50001`)
}
