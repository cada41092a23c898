package lake

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/periplus/periplus/periplus"
)

// A recall is what an Ingest knows of its lake between two runs: the ledger and
// what earlier batches taught. To load it costs more the larger the lake is,
// and who follows a source runs every minute.
type recall struct {
	lessons lessons

	mu     sync.RWMutex // guards what follows: Has is asked while a run goes on
	ledger map[string]periplus.ReadObject
	// flows is the snapshot of flows that it knows, if ledger is not nil: 0 is
	// the lake before its first one, -1 one of which nobody can tell. Whatever
	// an ingest commits makes another.
	flows int64
	took  map[string]bool // what the last run committed
	// kept is what ledger says and the lake's own does not yet: see Ingest.Defer.
	kept map[string]periplus.ReadObject
}

// mostKept is how many rows of the ledger wait for a commit with rows of flows.
const mostKept = 256

// later adds to what is known of an object what the next commit tells the lake.
func (m *recall) later(o periplus.ReadObject) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]periplus.ReadObject{}
	}
	m.ledger[o.URI], m.kept[o.URI] = o, o
}

// due reports whether what waits is reason enough for a commit.
func (m *recall) due(wait bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.kept) > mostKept || !wait && len(m.kept) > 0
}

// waiting is what waits, in the order of its names, without objects that were
// read anew.
func (m *recall) waiting(anew []periplus.ReadObject) []periplus.ReadObject {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range anew {
		delete(m.kept, o.URI)
	}
	return slices.SortedFunc(maps.Values(m.kept), func(a, b periplus.ReadObject) int { return cmp.Compare(a.URI, b.URI) })
}

// refresh loads what a run needs, unless nobody but this Ingest has committed
// since the last one. The caller holds ingestLock.
func (m *recall) refresh(ctx context.Context, l *Lake) error {
	now, err := l.flowsSnapshot(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.took = map[string]bool{}
	same := m.ledger != nil && m.flows == now
	m.mu.Unlock()
	if same {
		return nil
	}
	m.forget()
	ledger, err := l.Ledger(ctx)
	if err != nil {
		return err
	}
	m.lessons = lessons{}
	if err := m.lessons.load(ctx, l); err != nil {
		return err
	}
	// A commit that came while it was loaded may be in it or not. It is none of
	// an ingest's, but then it is not for us to say what it was.
	if after, err := l.flowsSnapshot(ctx); err != nil || after != now {
		now = -1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger, m.flows = ledger, now
	return nil
}

// flowsSnapshot is the current one's id; 0: there is none yet.
func (l *Lake) flowsSnapshot(ctx context.Context) (int64, error) {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return 0, err
	}
	if s := tbl.CurrentSnapshot(); s != nil {
		return s.SnapshotID, nil
	}
	return 0, nil
}

// committed adds what a batch read. Where another's commit stands between this
// one and the last that is known, the next run loads all anew.
func (m *recall) committed(ctx context.Context, l *Lake, objects []periplus.ReadObject) error {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range objects {
		m.ledger[o.URI], m.took[o.URI] = o, true
	}
	m.kept = nil
	s := tbl.CurrentSnapshot()
	switch {
	case s == nil || m.flows < 0:
		m.flows = -1
	case m.flows == 0 && s.ParentSnapshotID == nil, s.ParentSnapshotID != nil && *s.ParentSnapshotID == m.flows:
		m.flows = s.SnapshotID
	default:
		m.flows = -1
	}
	return nil
}

// forget makes the next run load all anew.
func (m *recall) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ledger, m.kept = nil, nil
}

func (m *recall) object(uri string) (periplus.ReadObject, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.ledger[uri]
	return o, ok
}

// Has returns what the ledger says of an object, and whether it was read as it
// is now. It answers from what the last Run knew and asks nobody, so what
// another process has read since is not in it. It may be called while Run goes
// on.
func (in *Ingest) Has(o periplus.Object) (periplus.ReadObject, bool) {
	old, known := in.recall.object(o.URI)
	return old, known && same(old, o)
}

// Took reports whether the last Run was the one that committed an object.
func (in *Ingest) Took(uri string) bool {
	in.recall.mu.RLock()
	defer in.recall.mu.RUnlock()
	return in.recall.took[uri]
}
