package merge

import (
	"cmp"
	"time"

	"github.com/periplus/periplus/periplus"
)

// add books what is left of a row in its bucket.
func (m *Merger) add(rows []row, r *row) {
	verdict := r.Verdict
	if verdict == periplus.Unknown && passedAs(rows, r.Bucket) {
		verdict = periplus.Allowed
	}
	var note periplus.Note
	if r.Note != nil {
		note = *r.Note
	}
	t, named := m.line(rows, r, verdict, note.Reason)
	rank := rank(r.Observer)
	named[0].best(&t.Service, rank, r.Service)
	named[1].best(&t.Path, rank, note.Path)
	named[2].best(&t.Encryption, rank, note.Encryption)
	t.RequestPackets.Add(r.left[0])
	t.RequestBytes.Add(r.left[1])
	t.ResponsePackets.Add(r.left[2])
	t.ResponseBytes.Add(r.left[3])
	t.Records += r.Records
	t.Connections += r.Connections
	t.Opened.Add(r.Opened)
	t.TCPFlags |= r.TCPFlags
	t.FirstSeen, t.LastSeen = earlier(t.FirstSeen, r.FirstSeen), later(t.LastSeen, r.LastSeen)
	t.Answer = betterAnswer(t.Answer, r.answer())
	t.Sampled = t.Sampled || r.Sampled
	t.Incomplete = t.Incomplete || m.SkipData != nil && m.SkipData(r.Place, r.Bucket.Truncate(time.Hour))
	if r.Verdict.Stopped() {
		t.StoppedAt = furtherStop(t.StoppedAt, stopName(r.Observer))
	}
}

// line finds or begins the row of a bucket, verdict and reason.
func (m *Merger) line(rows []row, r *row, verdict periplus.Verdict, reason string) (*periplus.Traffic, *[3]told) {
	for i := len(m.out) - 1; i >= 0; i-- {
		t := &m.out[i]
		if t.Client != r.Client || t.Server != r.Server || t.HasPort != r.HasPort || t.ServerPort != r.ServerPort ||
			t.Protocol != r.Protocol || t.ClientNetwork != r.clientNet || t.ServerNetwork != r.serverNet {
			break // lines of a conversation lie together
		}
		if t.Verdict == verdict && t.Bucket.Equal(r.Bucket) && t.Reason == reason {
			return t, &m.told[i]
		}
	}
	m.out = append(m.out, periplus.Traffic{
		Step: int64(periplus.Bucket / time.Second), Bucket: r.Bucket,
		Client: r.Client, ClientNetwork: r.clientNet, Server: r.Server, ServerNetwork: r.serverNet,
		ServerPort: r.ServerPort, HasPort: r.HasPort, Protocol: r.Protocol,
		Verdict: verdict, Reason: reason, SeenBy: seenBy(rows, r.Bucket),
		FirstSeen: r.FirstSeen, LastSeen: r.LastSeen, Answer: "unknown",
	})
	m.told = append(m.told, [3]told{})
	return &m.out[len(m.out)-1], &m.told[len(m.told)-1]
}

// told is how far to trust who told the service, path or encryption.
type told int

// best takes the word of the best observer that has one, of several the
// greatest.
func (rank *told) best(word *string, by int, said string) {
	if said != "" && (told(by) > *rank || told(by) == *rank && said > *word) {
		*rank, *word = told(by), said
	}
}

// passedAs reports whether somebody said in this bucket that packets were
// allowed; those that could not say go with it.
func passedAs(rows []row, bucket time.Time) bool {
	for i := range rows {
		if rows[i].Verdict == periplus.Allowed && rows[i].Bucket.Equal(bucket) {
			return true
		}
	}
	return false
}

// seenBy tells who saw the conversation in a bucket, kept or not.
func seenBy(rows []row, bucket time.Time) string {
	seen := "unknown"
	for i := range rows {
		if rows[i].Bucket.Equal(bucket) {
			seen = bothSeen(seen, rows[i].Observer.String())
		}
	}
	return seen
}

// answer tells whether the server was heard. Only a log that counts could have
// shown that it was silent; of what was stopped no answer is expected.
func (r *row) answer() string {
	switch {
	case r.left[2].N > 0:
		return "seen"
	case r.left[0].Known && !r.Verdict.Stopped():
		return "none"
	}
	return "unknown"
}

// Compare orders rows as they lie in files: hour (or longer step), client,
// server, port, protocol, bucket, then the rest of the key. Addresses are
// ordered as text, as SQL does.
func Compare(a, b *periplus.Traffic) int {
	if c := a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)); c != 0 {
		return c
	}
	if c := CompareText(a.Client, b.Client); c != 0 {
		return c
	}
	if c := CompareText(a.Server, b.Server); c != 0 {
		return c
	}
	return cmp.Or(compareBool(a.HasPort, b.HasPort), cmp.Compare(a.ServerPort, b.ServerPort),
		cmp.Compare(a.Protocol, b.Protocol), a.Bucket.Compare(b.Bucket),
		cmp.Compare(a.ClientNetwork, b.ClientNetwork), cmp.Compare(a.ServerNetwork, b.ServerNetwork),
		cmp.Compare(a.Verdict.String(), b.Verdict.String()), cmp.Compare(a.Reason, b.Reason))
}
