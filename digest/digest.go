// Package digest turns records into flow rows: it decides who is the client,
// where each observer stands and which packets belong to one row. It is the
// hot path: memory is bounded, nothing is allocated per record, and the result
// does not depend on the order of objects or on the number of workers.
package digest

import (
	"iter"
	"net/netip"
	"time"

	"github.com/periplus/periplus/periplus"
)

// Server is an end that was a server by what the log says (TCP flags, or the
// provider's own order), for the batches that follow.
type Server struct {
	Addr     netip.Addr
	Port     uint16
	Protocol uint8
}

// Owned is an address that an interface has: its own end of its records.
type Owned struct {
	Addr        netip.Addr
	Place       *periplus.Place
	First, Last time.Time
}

// Named is what the logs themselves say of an address.
type Named struct {
	Addr        netip.Addr
	Network     string // "" where the log did not say
	Identity    *periplus.Identity
	Provider    string
	First, Last time.Time
}

// ID is the identity of a log entry that may be delivered again.
type ID struct {
	ID     uint64
	Time   time.Time
	Object int64 // the one whose rows it is in
}

// Window is what an object said of windows of time without records, in a bucket
// at a place. They are in Coverage and in no row, so this is by what they can be
// taken back when the object is read again.
type Window struct {
	Object           int64
	Bucket           time.Time
	Place            *periplus.Place
	NoData, SkipData int64
}

// Decision says that a firewall let a connection through. Google Cloud's flow
// entries do not say it, and those of a long connection come batches later.
type Decision struct {
	Tuple   uint64 // hash of the 5-tuple, the same for both directions
	AtB     bool   // at the greater of its ends; else at the smaller one
	Network string // "": the entry did not say
	Reason  string // the rule
	Time    time.Time
	Object  int64 // the one that holds the entry
}

// Span is what one object held.
type Span struct {
	First, Last time.Time // zero where it held no record
	Records     int64     // repeats and Parts not counted
	Windows     int64     // without traffic, or that lost records
}

// Result is a settled batch. It holds temporary files until Close.
type Result struct {
	// Rows yields the flow rows, sorted by hour, client, server, server port
	// (null first), protocol, bucket and then by everything else. The *Flow is
	// reused; its Place and Note may be kept. It may be ranged over again.
	Rows iter.Seq2[*periplus.Flow, error]
	// Hours are the same rows, each hour for itself: several goroutines may
	// range over different hours at once.
	Hours []iter.Seq2[*periplus.Flow, error]
	// Servers are those known by flags or provider, sorted.
	Servers []Server
	// Owned are the observers' own addresses, sorted by address and place.
	Owned []Owned
	// Named are the names inside the logs, sorted by address.
	Named []Named
	// Coverage is one row an hour and log of an interface, sorted. Late and Bad
	// are not the digest's to know.
	Coverage []periplus.Coverage
	// Windows yields what Coverage has beside records, object by object. It may
	// be ranged over again.
	Windows iter.Seq2[Window, error]
	// IDs are the entries of this batch that may come again, sorted.
	IDs []ID
	// Decisions are those of this batch on what was let through, sorted.
	Decisions []Decision
	// Spans holds every object, by id.
	Spans map[int64]Span
	// Repeats counts the entries that were dropped because they came before.
	Repeats int64

	close func() error
}

// Close gives back what the rows were kept in. Rows must not be used after it.
func (r *Result) Close() error {
	if r == nil || r.close == nil {
		return nil
	}
	c := r.close
	r.close = nil
	return c()
}
