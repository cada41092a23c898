package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// days builds the day step where its hours are all current. A day that is not
// over waits: its hours will be built again, and with them it would be too.
func (k *Keeper) days(ctx context.Context, from, to time.Time) error {
	days, err := k.Lake.StaleDays(ctx, from, to)
	if err != nil {
		return err
	}
	for _, d := range days {
		if d.AddDate(0, 0, 1).After(time.Now()) {
			continue
		}
		release, err := k.claim(ctx, d, d.AddDate(0, 0, 1))
		if err != nil {
			return err
		}
		err = k.day(ctx, d)
		release()
		if err != nil {
			return fmt.Errorf("%s: %w", d.Format(time.DateOnly), err)
		}
	}
	return nil
}

// A part is a span of time, of all clients or of a range of them in byte order.
type part struct {
	from, to     time.Time
	first, after string // clients from first up to after; "": no bound
}

const dayKey = "client, client_network, server, server_network, port, protocol, verdict, reason"

// dayRows is the sum of a day's hours. The words are those of merge.Sum.
var dayRows = "SELECT client, server, port, protocol, verdict, reason, client_network, server_network" + sums() +
	", bitwise_or_agg(tcp_flags) AS tcp_flags, min(first_seen) AS first_seen, max(last_seen) AS last_seen," +
	" CASE WHEN bool_or(seen_by = 'both') OR (bool_or(seen_by = 'server') AND bool_or(seen_by = 'client')) THEN 'both'" +
	" WHEN bool_or(seen_by = 'server') THEN 'server' WHEN bool_or(seen_by = 'client') THEN 'client'" +
	" WHEN bool_or(seen_by = 'middle') THEN 'middle' ELSE 'unknown' END AS seen_by," +
	" CASE WHEN bool_or(stopped_at = 'server') THEN 'server' WHEN bool_or(stopped_at = 'client') THEN 'client'" +
	" WHEN bool_or(stopped_at = 'middle') THEN 'middle' ELSE '' END AS stopped_at," +
	" CASE WHEN bool_or(answer = 'seen') THEN 'seen' WHEN bool_or(answer = 'none') THEN 'none' ELSE 'unknown' END AS answer," +
	" max(service) AS service, max(path) AS path, max(encryption) AS encryption, bool_or(sampled) AS sampled, bool_or(incomplete) AS incomplete" +
	" FROM (SELECT coalesce(server_port, -1) AS port, traffic.* FROM traffic WHERE step = 3600 AND bucket >= ? AND bucket < ?%s) AS hours" +
	" GROUP BY " + dayKey + " ORDER BY client, server, port, protocol, client_network, server_network, verdict, reason"

// day builds one day.
func (k *Keeper) day(ctx context.Context, d time.Time) error {
	end := d.AddDate(0, 0, 1)
	parts, err := k.split(ctx, part{from: d, to: end}, query.Statement{
		SQL: "SELECT client, count(*) AS n FROM traffic WHERE step = 3600 AND bucket >= ? AND bucket < ?" +
			" GROUP BY client ORDER BY client",
		Args:  []any{d, end},
		Spans: []query.Span{{Table: "traffic", Step: stepHour, From: d, To: end}},
	})
	if err != nil {
		return err
	}
	s := spool{dir: k.Temp}
	for _, p := range parts { // before the lake is locked for writing
		if err := k.dayPart(ctx, p, s.add); err != nil {
			return errors.Join(err, s.reset())
		}
	}
	return errors.Join(k.Lake.ReplaceTraffic(ctx, stepDay, d, end, s.all()), s.reset())
}

// dayStatement sums the hours of a day, of some clients.
func dayStatement(p part) query.Statement {
	s := query.Statement{Args: []any{p.from, p.to}, Spans: []query.Span{{Table: "traffic", Step: stepHour, From: p.from, To: p.to}}}
	clients := ""
	if p.first != "" {
		clients += " AND client >= ?"
		s.Args = append(s.Args, p.first)
	}
	if p.after != "" {
		clients += " AND client < ?"
		s.Args = append(s.Args, p.after)
	}
	s.SQL = fmt.Sprintf(dayRows, clients)
	return s
}

func (k *Keeper) dayPart(ctx context.Context, p part, f func(*periplus.Traffic) error) error {
	var r record
	return k.Engine.Query(ctx, dayStatement(p), func(_ []string, v []any) error {
		r.take(v)
		r.ends()
		t := &r.row
		t.Step, t.Bucket = stepDay, p.from
		col := colProtocol + 1
		next := func() int { col++; return col - 1 }
		v0, err := periplus.ParseVerdict(r.text(next()))
		if err != nil {
			return err
		}
		t.Verdict, t.Reason = v0, r.text(next())
		t.ClientNetwork, t.ServerNetwork = r.text(next()), r.text(next())
		for _, c := range []*periplus.Count{&t.RequestPackets, &t.RequestBytes, &t.ResponsePackets, &t.ResponseBytes} {
			*c = r.count(next())
		}
		t.Records, t.Connections, t.Opened = r.number(next()), r.number(next()), r.count(next())
		t.TCPFlags = uint8(r.number(next()))
		t.FirstSeen, t.LastSeen = r.time(next()), r.time(next())
		for _, w := range []*string{&t.SeenBy, &t.StoppedAt, &t.Answer, &t.Service, &t.Path, &t.Encryption} {
			*w = r.text(next())
		}
		t.Sampled, t.Incomplete = r.truth(next()), r.truth(next())
		if r.err != nil {
			return r.err
		}
		return f(t)
	})
}

// split cuts a part by clients so that each holds about as many rows as one
// statement takes. The statement answers clients in order and their rows.
func (k *Keeper) split(ctx context.Context, p part, s query.Statement) ([]part, error) {
	rows := int64(750_000)
	if k.Rows > 0 {
		rows = min(rows, int64(k.Rows))
	}
	out := []part{p}
	var sum int64
	err := k.Engine.Query(ctx, s, func(_ []string, v []any) error {
		var r record
		r.take(v)
		client, n := r.text(0), r.number(1)
		if sum > 0 && sum+n > rows && client != "" {
			out[len(out)-1].after = client
			next := p
			next.first = client
			out, sum = append(out, next), 0
		}
		sum += n
		return r.err
	})
	return out, err
}

// sums are the counters of a day's row. What 64 bits do not hold is unknown, as
// it is in the steps that it is the sum of; records never are so many.
func sums() string {
	var b strings.Builder
	for _, c := range []string{"request_packets", "request_bytes", "response_packets", "response_bytes", "records", "connections", "opened"} {
		sum := "sum(" + c + ")"
		if c != "records" && c != "connections" {
			sum = "CASE WHEN " + sum + " < 9223372036854775807 THEN " + sum + " END"
		}
		b.WriteString(", CAST(" + sum + " AS bigint) AS " + c)
	}
	return b.String()
}
