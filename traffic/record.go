package traffic

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// The first columns of a row about a conversation.
const (
	colClient = iota
	colServer
	colPort
	colProtocol
)

// record reads the values of a row. The first that is not what it should be is
// its error.
type record struct {
	v      []any
	err    error
	row    periplus.Traffic
	client string
	server string
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
