package lake

import (
	"fmt"
	"sync"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// Summary is what an ingest did. It counts what was committed.
type Summary struct {
	Listed  int64 // objects that the source named
	Skipped int64 // read before and unchanged
	Objects int64 // read now, Partly included
	Changed int64 // of these: read before, but they had changed
	Grown   int64 // of these: read on where they had been left
	Empty   int64 // of these: held no record
	Partly  int64 // of these: ended early
	Failed  int64 // could not be read at all

	Stats    periplus.Stats   // of all readers: records, bad lines, unknown columns
	Formats  map[string]int64 // objects by format
	Failures []Failure        // the first few
	Repeats  int64            // entries that were delivered again and dropped

	First, Last time.Time // of the records; zero: there was none
	Rows        int64     // of the table flows
	// Conversations counts client, server, port and protocol, each once, where
	// Ingest.Conversations asks for it.
	Conversations int64
	// ConversationsAtLeast: there were too many to be told apart, so
	// Conversations is a lower bound.
	ConversationsAtLeast bool

	Packets map[periplus.Verdict]int64
	Bytes   map[periplus.Verdict]int64 // by verdict, as each observer saw them

	seen *distinct
	mu   sync.Mutex // guards what counted adds
}

// A Failure is an object that could not be read, or not to its end.
type Failure struct {
	URI   string
	Err   error
	State periplus.ObjectState
}

func (f Failure) Error() string { return fmt.Sprintf("%s: %v", f.URI, f.Err) }

func (s *Summary) fail(uri string, err error) {
	s.Failed++
	s.keep(Failure{uri, err, periplus.ObjectFailed})
}

func (s *Summary) keep(f Failure) {
	if len(s.Failures) < periplus.MaxFirst {
		s.Failures = append(s.Failures, f)
	}
}

// object counts how an object ended.
func (s *Summary) object(t *task, o periplus.ReadObject) {
	if o.State == periplus.ObjectFailed {
		s.fail(o.URI, t.err)
		// Its bad lines say why; what was lost on the way is read again.
		if !t.lost {
			s.Stats.Add(&periplus.Stats{Bad: t.stats.Bad, First: t.stats.First})
		}
		return
	}
	s.Objects++
	if t.known && t.old.State != periplus.ObjectFailed {
		s.Changed++
		if t.grown != nil {
			s.Grown++
		}
	}
	if o.Records == 0 {
		s.Empty++
	}
	if o.State == periplus.ObjectPartly {
		s.Partly++
		s.keep(Failure{o.URI, t.err, o.State})
	}
	if s.Formats == nil {
		s.Formats = map[string]int64{}
	}
	if o.Format != "" {
		s.Formats[o.Format]++
	}
	s.Stats.Add(&t.stats)
	if !o.FirstSeen.IsZero() {
		s.First, s.Last = span(s.First, s.Last, o.FirstSeen, o.LastSeen)
	}
}

func (s *Summary) coverage(res *digest.Result) { s.Repeats += res.Repeats }

// count passes rows on and counts them; all batches of a run share seen, nil
// where conversations are not counted.
// Several of what it returns may be ranged over at once.
func (s *Summary) count(rows Rows, seen *distinct) Rows {
	s.seen = seen
	return func(yield func(*periplus.Flow, error) bool) {
		var bytes, packets [4]int64
		var n int64
		var last conversation
		hashes := make([]uint64, 0, waitHashes)
		for f, err := range rows {
			if err == nil {
				n++
				v := f.Verdict & 3
				bytes[v] = periplus.Plus(bytes[v], periplus.Plus(f.RequestBytes.N, f.ResponseBytes.N))
				packets[v] = periplus.Plus(packets[v], periplus.Plus(f.RequestPackets.N, f.ResponsePackets.N))
				if seen != nil && (n == 1 || !last.of(f)) {
					last = conversationOf(f)
					if hashes = append(hashes, last.hash()); len(hashes) == waitHashes {
						seen.add(hashes)
						hashes = hashes[:0]
					}
				}
			}
			if !yield(f, err) {
				break
			}
		}
		if seen != nil {
			seen.add(hashes)
		}
		s.counted(n, &bytes, &packets)
	}
}

// counted adds up what one part of the rows held.
func (s *Summary) counted(rows int64, bytes, packets *[4]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Rows += rows
	b, p := map[periplus.Verdict]int64{}, map[periplus.Verdict]int64{}
	for v := range bytes {
		if bytes[v] != 0 {
			b[periplus.Verdict(v)] = bytes[v]
		}
		if packets[v] != 0 {
			p[periplus.Verdict(v)] = packets[v]
		}
	}
	s.Bytes, s.Packets = addTo(s.Bytes, b), addTo(s.Packets, p)
}

// add adds what another batch did.
func (s *Summary) add(o *Summary) {
	s.Objects += o.Objects
	s.Changed += o.Changed
	s.Grown += o.Grown
	s.Empty += o.Empty
	s.Partly += o.Partly
	s.Failed += o.Failed
	s.Stats.Add(&o.Stats)
	s.Formats = addTo(s.Formats, o.Formats)
	for _, f := range o.Failures {
		s.keep(f)
	}
	s.Repeats += o.Repeats
	if !o.First.IsZero() {
		s.First, s.Last = span(s.First, s.Last, o.First, o.Last)
	}
	s.Rows += o.Rows
	if o.seen != nil {
		n, exact := o.seen.count()
		s.Conversations, s.ConversationsAtLeast = int64(n), !exact
	}
	s.Packets = addTo(s.Packets, o.Packets)
	s.Bytes = addTo(s.Bytes, o.Bytes)
}

func addTo[K ~string | ~uint8](a, b map[K]int64) map[K]int64 {
	if a == nil && len(b) > 0 {
		a = make(map[K]int64, len(b))
	}
	for k, n := range b {
		a[k] = periplus.Plus(a[k], n)
	}
	return a
}
