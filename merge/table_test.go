package merge

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// parse reads flow rows, one a line:
//
//	server eni-s allowed 0:10-1:10 req=10/1000 resp=8/800 log=fl-1 …
//
// Times are minutes and seconds after the hour and may be negative. The
// interface "-" has no name. The conversation is 10.0.0.5 to 10.0.1.9:443
// unless client=, server= or port= say otherwise. The bucket is that of the
// start.
func parse(t testing.TB, text string) []periplus.Flow {
	t.Helper()
	var out []periplus.Flow
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		place := &periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1", Network: "vpc-a", Interface: strings.TrimPrefix(w[1], "-")}
		f := periplus.Flow{Place: place, Client: netip.MustParseAddr("10.0.0.5"), Server: netip.MustParseAddr("10.0.1.9"),
			ServerPort: 443, HasPort: true, Protocol: 6, OrientedBy: periplus.ByFlags, Records: 1, Connections: 1}
		var err error
		if f.Observer, err = periplus.ParseObserver(w[0]); err != nil {
			t.Fatal(err)
		}
		verdict, reason, _ := strings.Cut(w[2], ":")
		if f.Verdict, err = periplus.ParseVerdict(verdict); err != nil {
			t.Fatal(err)
		}
		note := periplus.Note{Reason: reason}
		from, to, ok := strings.Cut(w[3], "..")
		if !ok {
			t.Fatalf("%q is no span", w[3])
		}
		f.FirstSeen, f.LastSeen = clock(t, from), clock(t, to)
		f.Bucket = f.FirstSeen.Truncate(periplus.Bucket)
		for _, kv := range w[4:] {
			k, v, _ := strings.Cut(kv, "=")
			switch k {
			case "req":
				f.RequestPackets, f.RequestBytes = counts(t, v)
			case "resp":
				f.ResponsePackets, f.ResponseBytes = counts(t, v)
			case "log":
				place.Log = v
			case "account":
				place.Account = v
			case "provider":
				place.Provider = v
			case "region":
				place.Region = strings.TrimPrefix(v, "-")
			case "net":
				place.Network = strings.TrimPrefix(v, "-")
			case "client":
				f.Client = netip.MustParseAddr(v)
			case "server":
				f.Server = netip.MustParseAddr(v)
			case "port":
				f.ServerPort, f.HasPort = uint16(number(t, v)), v != "-1"
			case "cport":
				f.ClientPort, f.HasClientPort = uint16(number(t, v)), true
			case "by":
				if f.OrientedBy, err = periplus.ParseOrientation(v); err != nil {
					t.Fatal(err)
				}
			case "records":
				f.Records = number(t, v)
			case "conns":
				f.Connections = number(t, v)
			case "opened":
				f.Opened = periplus.Count{N: number(t, v), Known: true}
			case "flags":
				f.TCPFlags = uint8(number(t, v))
			case "service":
				f.Service = v
			case "path":
				note.Path = v
			case "enc":
				note.Encryption = v
			case "sampled":
				f.Sampled = true
			default:
				t.Fatalf("%q is no word of a row", kv)
			}
		}
		if note != (periplus.Note{}) {
			f.Note = &note
		}
		out = append(out, f)
	}
	return out
}

func clock(t testing.TB, s string) time.Time {
	t.Helper()
	minutes, seconds, ok := strings.Cut(s, ":")
	if !ok {
		t.Fatalf("%q is no time", s)
	}
	d := time.Duration(number(t, seconds)) * time.Second
	if strings.HasPrefix(minutes, "-") {
		d = -d
	}
	return hour.Add(time.Duration(number(t, minutes))*time.Minute + d)
}

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func counts(t testing.TB, s string) (packets, bytes periplus.Count) {
	p, b, _ := strings.Cut(s, "/")
	packets = periplus.Count{N: number(t, p), Known: true}
	if b != "" {
		bytes = periplus.Count{N: number(t, b), Known: true}
	}
	return
}

// show prints rows of traffic; what is usual is left out.
func show(rows []periplus.Traffic) string {
	var b strings.Builder
	for _, t := range rows {
		fmt.Fprintf(&b, "%d %s", int(t.Bucket.Sub(hour).Minutes()), t.Verdict)
		if t.Reason != "" {
			b.WriteString(":" + t.Reason)
		}
		fmt.Fprintf(&b, " req=%s resp=%s records=%d %s %s", both(t.RequestPackets, t.RequestBytes), both(t.ResponsePackets, t.ResponseBytes), t.Records, t.SeenBy, t.Answer)
		if t.StoppedAt != "" {
			b.WriteString(" at=" + t.StoppedAt)
		}
		if t.Client != netip.MustParseAddr("10.0.0.5") || t.Server != netip.MustParseAddr("10.0.1.9") || t.ServerPort != 443 {
			fmt.Fprintf(&b, " %s>%s:%d", t.Client, t.Server, t.ServerPort)
		}
		if t.ClientNetwork+t.ServerNetwork != "" {
			fmt.Fprintf(&b, " %s>%s", t.ClientNetwork, t.ServerNetwork)
		}
		if t.Incomplete {
			b.WriteString(" incomplete")
		}
		if t.Sampled {
			b.WriteString(" sampled")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func both(p, b periplus.Count) string {
	if !p.Known && !b.Known {
		return "null"
	}
	if !b.Known {
		return strconv.FormatInt(p.N, 10)
	}
	return fmt.Sprintf("%d/%d", p.N, b.N)
}

// wanted is text with its indentation and blank lines taken away.
func wanted(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// ofHour wants the buckets of the test's hour.
func ofHour(opt Options) Options {
	opt.From, opt.To = hour, hour.Add(time.Hour)
	return opt
}

func keepsAllBut(logs ...string) func(*periplus.Place) bool {
	return func(p *periplus.Place) bool { return !slices.Contains(logs, p.Log) }
}
