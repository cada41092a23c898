package merge

import (
	"time"

	"github.com/periplus/periplus/periplus"
)

// Sum adds a finer row to a coarser one of the same client, server, networks,
// port, protocol, verdict and reason. Step and Bucket are the caller's.
func Sum(into, t *periplus.Traffic) {
	into.RequestPackets.Add(t.RequestPackets)
	into.RequestBytes.Add(t.RequestBytes)
	into.ResponsePackets.Add(t.ResponsePackets)
	into.ResponseBytes.Add(t.ResponseBytes)
	into.Records += t.Records
	into.Connections += t.Connections
	into.Opened.Add(t.Opened)
	into.TCPFlags |= t.TCPFlags
	into.FirstSeen, into.LastSeen = earlier(into.FirstSeen, t.FirstSeen), later(into.LastSeen, t.LastSeen)
	into.SeenBy = bothSeen(into.SeenBy, t.SeenBy)
	into.StoppedAt = furtherStop(into.StoppedAt, t.StoppedAt)
	into.Answer = betterAnswer(into.Answer, t.Answer)
	into.Service = max(into.Service, t.Service)
	into.Path = max(into.Path, t.Path)
	into.Encryption = max(into.Encryption, t.Encryption)
	into.Sampled = into.Sampled || t.Sampled
	into.Incomplete = into.Incomplete || t.Incomplete
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// bothSeen is who saw what a and b saw together: the ends count before what
// lies between them.
func bothSeen(a, b string) string {
	switch x, y := end(a), end(b); {
	case x >= 2 && y >= 2 && x != y:
		return "both"
	case x >= y:
		return a
	}
	return b
}

func end(seen string) int {
	switch seen {
	case "both":
		return 4
	case "server":
		return 3
	case "client":
		return 2
	case "middle":
		return 1
	}
	return 0
}

// stopName is where on the path an observer stopped something.
func stopName(o periplus.Observer) string {
	switch o {
	case periplus.ObserverClient, periplus.ObserverServer:
		return o.String()
	}
	return "middle"
}

// furtherStop is the stop to name where several observers stopped something:
// the most trusted one's.
func furtherStop(a, b string) string {
	return pick(a, b, "server", "client", "middle")
}

// betterAnswer is what is known of answers when both a and b hold.
func betterAnswer(a, b string) string { return pick(a, b, "seen", "none", "unknown") }

// pick returns the first of order that a or b is.
func pick(a, b string, order ...string) string {
	for _, o := range order {
		if a == o || b == o {
			return o
		}
	}
	return ""
}
