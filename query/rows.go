package query

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// rowKeys tell the rows of flows apart, in the order in which pages go. Their
// first letter is the type: t time, s text, i integer.
var rowKeys = []struct{ name, typ, column string }{
	{"bucket", "t", ""}, {"interface", "s", ""}, {"observer", "s", ""}, {"client", "s", ""}, {"server", "s", ""},
	{"port_key", "i", "coalesce(t.server_port, -1)"}, {"protocol", "i", ""}, {"verdict", "s", ""}, {"reason", "s", ""},
	{"first_seen", "t", ""}, {"last_seen", "t", ""}, {"provider", "s", ""}, {"account", "s", ""}, {"log", "s", ""}, {"object", "i", ""},
	{"region", "s", ""}, {"oriented_by", "s", ""}, {"client_port_key", "i", "coalesce(t.client_port, -1)"},
	{"nat_client_key", "s", "coalesce(t.nat_client, '')"}, {"nat_server_key", "s", "coalesce(t.nat_server, '')"},
	{"service_key", "s", "coalesce(t.service, '')"}, {"path_key", "s", "coalesce(t.path, '')"}, {"encryption_key", "s", "coalesce(t.encryption, '')"},
}

// RowsSQL is the statement of Rows over the whole range.
func (a Ask) RowsSQL(cursor string, n int) (Statement, error) {
	a, err := a.settle()
	if err != nil {
		return Statement{}, err
	}
	after, err := openCursor(cursor)
	if err != nil {
		return Statement{}, err
	}
	r := a.cover()
	return a.rowsSQL(r, r.From, r.To, after, limit(n, 100, 10_000)), nil
}

// rowsSQL asks for n rows of the buckets from..to after a row.
func (a Ask) rowsSQL(r Range, from, to time.Time, after []any, n int) Statement {
	var columns, names, keys []string
	for _, f := range periplus.FlowFields {
		columns = append(columns, "k."+f.Name)
	}
	for _, k := range rowKeys {
		names = append(names, "k."+k.name)
		if k.column != "" {
			keys = append(keys, k.column+" AS "+k.name)
		}
	}
	order := strings.Join(names, ", ")
	var since Where
	if after != nil {
		since = build("(", order, ") > ", list(after))
	}
	w := build("SELECT ", strings.Join(append(columns, onlyKeys()...), ", "), ", coalesce(o.uri, '') AS uri\nFROM (SELECT * FROM (SELECT t.*, ",
		strings.Join(keys, ", "), " FROM flows AS t", whereAll(between("t.bucket", from, to), a.flows(r), a.shown()), ") AS k", whereAll(since),
		" ORDER BY ", order, " LIMIT ", n, ") AS k\nLEFT JOIN objects AS o ON o.id = k.object ORDER BY ", order)
	spans := append([]Span{{Table: "flows", From: from, To: to}, {Table: "objects"}}, r.spans()...)
	return statement(w, spans)
}

// onlyKeys are the keys that are no column.
func onlyKeys() []string {
	var names []string
	for _, k := range rowKeys {
		if k.column != "" {
			names = append(names, "k."+k.name)
		}
	}
	return names
}

// Rows is a page of the evidence, in order of time: n rows (0: 100) after a
// cursor ("" begins) that an earlier page gave as Next.
func (q *Questions) Rows(ctx context.Context, a Ask, cursor string, n int) (*Rows, error) {
	after, err := openCursor(cursor)
	if err != nil {
		return nil, err
	}
	if a, err = q.prepare(ctx, a); err != nil {
		return nil, err
	}
	r := a.cover()
	n = limit(n, 100, 10_000)
	page := &Rows{Range: r}
	from := r.From
	if after != nil {
		from = later(from, floor(after[0].(time.Time), 300))
	}
	// A part of the range at a time, longer and longer: the first page of a
	// month reads an hour, and what is rare is found in few steps.
	for hours := 1; from.Before(r.To) && len(page.Rows) < n; hours *= 4 {
		to := floor(from, 3600).Add(time.Duration(hours) * time.Hour)
		if to.After(r.To) {
			to = r.To
		}
		want := n - len(page.Rows)
		var last []any
		err := q.ask(ctx, a.rowsSQL(r, from, to, after, want), func(row *reader) {
			f := row.flow()
			keys := map[string]any{"bucket": f.Bucket, "interface": f.Place.Interface, "observer": f.Observer.String(), "client": text(f.Client), "server": text(f.Server),
				"protocol": int64(f.Protocol), "verdict": f.Verdict.String(), "reason": f.Note.Reason, "first_seen": f.FirstSeen, "last_seen": f.LastSeen,
				"provider": f.Place.Provider, "account": f.Place.Account, "log": f.Place.Log, "object": f.Object, "region": f.Place.Region, "oriented_by": f.OrientedBy.String()}
			last = last[:0]
			for _, k := range rowKeys {
				if k.column != "" {
					last = append(last, row.next())
				} else {
					last = append(last, keys[k.name])
				}
			}
			f.URI = row.text()
			page.Rows = append(page.Rows, f)
		})
		if err != nil {
			return nil, err
		}
		if len(page.Rows) == n {
			page.Next, err = closeCursor(last)
			return page, err
		}
		from, after = to, nil
	}
	return page, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// closeCursor writes the keys of a row as text for URLs.
func closeCursor(keys []any) (string, error) {
	plain := make([]any, len(keys))
	for i, k := range keys {
		if plain[i] = k; rowKeys[i].typ == "t" {
			plain[i] = k.(time.Time).UnixMicro()
		}
	}
	b, err := json.Marshal(plain)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// openCursor is its inverse; nil for the empty cursor.
func openCursor(cursor string) ([]any, error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	var raw []json.RawMessage
	if err == nil {
		err = json.Unmarshal(b, &raw)
	}
	if err != nil || len(raw) != len(rowKeys) {
		return nil, errCursor
	}
	keys := make([]any, len(raw))
	for i, k := range rowKeys {
		var s string
		var n int64
		if k.typ == "s" {
			err = json.Unmarshal(raw[i], &s)
			keys[i] = s
		} else {
			err = json.Unmarshal(raw[i], &n)
			keys[i] = n
		}
		if err != nil || !valid(s) {
			return nil, errCursor
		}
		if k.typ == "t" {
			keys[i] = time.UnixMicro(n).UTC()
		}
	}
	return keys, nil
}

var errCursor = mistake("the cursor is none that a page of rows gave: begin without one")

// flow reads the columns of periplus.FlowFields.
func (r *reader) flow() FlowRow {
	var f FlowRow
	place, note := &periplus.Place{}, &periplus.Note{}
	f.Place, f.Note = place, note
	f.Object, f.Bucket, f.FirstSeen, f.LastSeen, f.Minutes = r.int(), r.time(), r.time(), r.time(), r.int()
	place.Provider, place.Account, place.Region, place.Zone = r.text(), r.text(), r.text(), r.text()
	place.Network, place.Subnet, place.Interface, place.Log = r.text(), r.text(), r.text(), r.text()
	var err error
	if f.Observer, err = periplus.ParseObserver(r.text()); err != nil {
		r.fail(err.Error())
	}
	f.Client, f.Server = r.address(), r.address()
	f.ServerPort, f.HasPort = r.port()
	f.Protocol = uint8(r.int())
	if f.OrientedBy, err = periplus.ParseOrientation(r.text()); err != nil {
		r.fail(err.Error())
	}
	f.ClientPort, f.HasClientPort = r.port()
	f.Verdict, note.Reason = r.verdict(), r.text()
	f.RequestPackets, f.RequestBytes, f.ResponsePackets, f.ResponseBytes = r.count(), r.count(), r.count(), r.count()
	f.Records, f.Connections, f.Opened, f.TCPFlags = r.int(), r.int(), r.count(), uint8(r.int())
	f.NATClient, f.NATServer = r.address(), r.address()
	f.Service, note.Path, note.Encryption = r.text(), r.text(), r.text()
	f.Sampled = r.bool()
	return f
}

// address reads an address; "" and NULL are the zero Addr.
func (r *reader) address() netip.Addr {
	s := r.text()
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		r.fail(err.Error())
	}
	return a
}

func (r *reader) port() (port uint16, has bool) {
	c := r.count()
	return uint16(c.N), c.Known
}
