package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

// Facts are what batches taught beside their flows and traffic depends on. A
// later batch may teach something about the hours of an earlier one, so the
// lake keeps the facts that traffic was held against last: what is new since
// then tells which hours are to be made again. They are only read once made.
type Facts struct {
	Through int64 // the commit to flows whose list was the last
	Servers map[digest.Server]bool
	Owned   map[Owner]Span
	Logs    map[Log]bool      // whether it keeps what passed
	Skipped map[LogHour]int64 // windows that lost records
}

// Owner is a network that owns an address: what of digest.Owned traffic needs.
type Owner struct {
	Addr                     netip.Addr
	Account, Region, Network string
}

// Span is when an owner was seen to be one.
type Span struct{ First, Last time.Time }

// Log is a flow log of an interface.
type Log struct{ Provider, Account, Interface, Log string }

// LogHour is an hour of a log.
type LogHour struct {
	Log
	Hour int64 // seconds
}

// NewFacts returns facts that know nothing.
func NewFacts() *Facts {
	return &Facts{Servers: map[digest.Server]bool{}, Owned: map[Owner]Span{}, Logs: map[Log]bool{}, Skipped: map[LogHour]int64{}}
}

func (f *Facts) clone() *Facts {
	return &Facts{f.Through, maps.Clone(f.Servers), maps.Clone(f.Owned), maps.Clone(f.Logs), maps.Clone(f.Skipped)}
}

// AddServer and AddOwned add what a batch taught. To add it twice changes
// nothing.
func (f *Facts) AddServer(s digest.Server) { f.Servers[s] = true }

// AddOwned is said at AddServer.
func (f *Facts) AddOwned(o digest.Owned) {
	k := Owner{o.Addr, o.Place.Account, o.Place.Region, o.Place.Network}
	s := f.Owned[k]
	s.First, s.Last = span(s.First, s.Last, o.First, o.Last)
	f.Owned[k] = s
}

// AddCoverage adds what a batch did to coverage: where an object was read again
// that is less than nothing, so each batch is added once. What a log was once
// seen to keep it keeps.
func (f *Facts) AddCoverage(c periplus.Coverage) {
	if unread(&c) {
		return // it says nothing of what the log keeps
	}
	k := Log{c.Provider, c.Account, c.Interface, c.Log}
	f.Logs[k] = f.Logs[k] || c.KeepsPassed
	f.skip(LogHour{k, c.Hour.Unix()}, c.SkipData)
}

// skip adds windows that lost records. An hour may be below 0 until all rows of
// a batch are added.
func (f *Facts) skip(k LogHour, n int64) {
	if n += f.Skipped[k]; n != 0 {
		f.Skipped[k] = n
	} else {
		delete(f.Skipped, k)
	}
}

// heldFacts is what a file of facts holds: the facts that traffic was held
// against and, by hour, the commit from which traffic must be made to be right.
type heldFacts struct {
	name  string // of the file; "": there is none
	facts *Facts
	need  map[int64]int64
}

// factCache keeps the file of facts that was read last.
type factCache struct {
	mu   sync.Mutex
	held *heldFacts
}

func (l *Lake) factsDir() string { return filepath.Join(l.dir, "facts") }

// factsFile returns the name of the newest file of facts and the commit that
// it begins with; "": there is none.
func (l *Lake) factsFile() (name string, through int64, err error) {
	entries, err := os.ReadDir(l.factsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", 0, err
	}
	for _, e := range entries { // in order
		if seq, err := listSequence(e.Name()); err == nil && strings.HasSuffix(e.Name(), ".parquet") {
			name, through = e.Name(), seq
		}
	}
	return name, through, nil
}

// heldFacts reads the newest file of facts, once.
func (l *Lake) heldFacts(ctx context.Context) (*heldFacts, error) {
	l.facts.mu.Lock()
	defer l.facts.mu.Unlock()
	for try := 0; ; try++ {
		name, through, err := l.factsFile()
		if err != nil {
			return nil, err
		}
		if l.facts.held != nil && l.facts.held.name == name {
			return l.facts.held, nil
		}
		h := &heldFacts{name: name, facts: NewFacts(), need: map[int64]int64{}}
		h.facts.Through = through
		if name != "" {
			path := filepath.Join(l.factsDir(), name)
			err = readRecords(ctx, path, h.read)
			if errors.Is(err, fs.ErrNotExist) && try < 3 {
				continue // a newer one took its place
			}
			if err != nil && ctx.Err() == nil {
				err = fmt.Errorf("%w; remove %s, it is made again", err, path)
			}
		}
		if err != nil {
			return nil, err
		}
		l.facts.held = h
		return h, nil
	}
}

// A factRow is a row of the file of facts: what kind says it is.
type factRow struct {
	kind                           string // server, owned, log, skipped, stale
	address                        string
	port, protocol                 int64
	provider, account, region      string
	network, interfaceName, logged string
	keeps                          bool
	first, last                    time.Time
	made, windows                  int64
}

var factFields = []periplus.Field[factRow]{
	{Name: "kind", Get: func(r *factRow) any { return r.kind }},
	{Name: "address", Get: func(r *factRow) any { return r.address }},
	{Name: "port", Type: periplus.Integer, Get: func(r *factRow) any { return r.port }},
	{Name: "protocol", Type: periplus.Integer, Get: func(r *factRow) any { return r.protocol }},
	{Name: "provider", Get: func(r *factRow) any { return r.provider }},
	{Name: "account", Get: func(r *factRow) any { return r.account }},
	{Name: "region", Get: func(r *factRow) any { return r.region }},
	{Name: "network", Get: func(r *factRow) any { return r.network }},
	{Name: "interface", Get: func(r *factRow) any { return r.interfaceName }},
	{Name: "log", Get: func(r *factRow) any { return r.logged }},
	{Name: "keeps_passed", Type: periplus.Boolean, Get: func(r *factRow) any { return r.keeps }},
	{Name: "first_seen", Type: periplus.Timestamptz, Null: true, Get: func(r *factRow) any { return when(r.first) }},
	{Name: "last_seen", Type: periplus.Timestamptz, Null: true, Get: func(r *factRow) any { return when(r.last) }},
	{Name: "made_from", Type: periplus.Bigint, Get: func(r *factRow) any { return r.made }},
	{Name: "windows", Type: periplus.Bigint, Get: func(r *factRow) any { return r.windows }},
}

// rows are what a file is written from, without order: it is read whole.
func (h *heldFacts) rows() []factRow {
	out := make([]factRow, 0, len(h.facts.Servers)+len(h.facts.Owned)+len(h.facts.Logs)+len(h.facts.Skipped)+len(h.need))
	for s := range h.facts.Servers {
		out = append(out, factRow{kind: "server", address: address(s.Addr), port: int64(s.Port), protocol: int64(s.Protocol)})
	}
	for o, s := range h.facts.Owned {
		out = append(out, factRow{kind: "owned", address: address(o.Addr), account: o.Account, region: o.Region, network: o.Network, first: s.First, last: s.Last})
	}
	for k, keeps := range h.facts.Logs {
		out = append(out, factRow{kind: "log", provider: k.Provider, account: k.Account, interfaceName: k.Interface, logged: k.Log, keeps: keeps})
	}
	for k, n := range h.facts.Skipped {
		out = append(out, factRow{kind: "skipped", provider: k.Provider, account: k.Account, interfaceName: k.Interface, logged: k.Log.Log, first: time.Unix(k.Hour, 0), windows: n})
	}
	for hour, made := range h.need {
		out = append(out, factRow{kind: "stale", first: time.Unix(hour, 0), made: made})
	}
	return out
}

func (h *heldFacts) read(r *record) error {
	log := Log{r.text("provider"), r.text("account"), r.text("interface"), r.text("log")}
	switch kind := r.text("kind"); kind {
	case "server":
		h.facts.AddServer(readServer(r))
	case "owned":
		h.facts.Owned[Owner{r.addr("address"), r.text("account"), r.text("region"), r.text("network")}] = Span{r.time("first_seen"), r.time("last_seen")}
	case "log":
		h.facts.Logs[log] = r.truth("keeps_passed")
	case "skipped":
		// A version that did not count them kept none to take back either: its
		// hours stay what they are whatever is added and taken back.
		h.facts.Skipped[LogHour{log, r.time("first_seen").Unix()}] = max(1, r.number("windows"))
	case "stale":
		h.need[r.time("first_seen").Unix()] = r.number("made_from")
	default:
		return fmt.Errorf("a fact of a kind %q that this version does not know", kind)
	}
	return nil
}

// News reports whether batches have come since traffic was held against the
// facts. It costs the reading of two folders.
func (l *Lake) News(ctx context.Context) (bool, error) {
	_, through, err := l.factsFile()
	if err != nil {
		return false, err
	}
	last, err := l.lastList(ctx)
	return last > through, err
}

// lastList is the commit of the last list; 0: there is none.
func (l *Lake) lastList(ctx context.Context) (int64, error) {
	dirs, err := l.lists(ctx)
	if err != nil || len(dirs) == 0 {
		return 0, err
	}
	return listSequence(filepath.Base(dirs[len(dirs)-1]))
}

// Facts returns the facts that traffic was held against last and those of now;
// where there is nothing new they are the same. A pin does not hold them back.
// Neither may be changed.
func (l *Lake) Facts(ctx context.Context) (was, now *Facts, err error) {
	held, err := l.heldFacts(ctx)
	if err != nil {
		return nil, nil, err
	}
	was, now = held.facts, held.facts
	dirs, err := l.lists(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, dir := range dirs {
		seq, err := listSequence(filepath.Base(dir))
		if err != nil {
			return nil, nil, err
		}
		if seq <= now.Through {
			continue
		}
		if now == was {
			now = was.clone()
		}
		if err := now.learn(ctx, dir); err != nil {
			return nil, nil, err
		}
		now.Through = seq
	}
	if p, ok := ctx.Value(pinKey{}).(*pin); ok && p.lake == l {
		p.facts, p.learnt = now.Through, true
	}
	return was, now, nil
}

// learn adds what a list holds. A list that many were made into says again
// what is known.
func (f *Facts) learn(ctx context.Context, dir string) error {
	servers, err := readListed(ctx, dir, "servers", readServer)
	if err != nil {
		return err
	}
	for _, s := range servers {
		f.AddServer(s)
	}
	owned, err := readListed(ctx, dir, "owned", readOwned)
	if err != nil {
		return err
	}
	for _, o := range owned {
		f.AddOwned(o)
	}
	coverage, err := readListed(ctx, dir, "coverage", readCoverage)
	if err != nil {
		return err
	}
	if _, batch, _ := strings.Cut(filepath.Base(dir), "-"); batch == rolled {
		clear(f.Skipped) // it counts those of all lists before
	}
	for _, c := range coverage {
		f.AddCoverage(c)
	}
	return nil
}

// Held says that all traffic was held against the facts of now, and which hours
// they change: those are stale from here on. It fails with ErrChanged if
// somebody else did so since was.
func (l *Lake) Held(ctx context.Context, was, now *Facts, changed []time.Time) error {
	err := l.change(ctx, func(ctx context.Context) error {
		held, err := l.heldFacts(ctx)
		if err != nil {
			return err
		}
		if held.facts.Through != was.Through {
			return fmt.Errorf("what is known: %w", ErrChanged)
		}
		v, err := l.view(ctx)
		if err != nil {
			return err
		}
		next := &heldFacts{facts: now, need: map[int64]int64{}}
		for hour, made := range held.need {
			if v.made(hour) < made {
				next.need[hour] = made
			}
		}
		for _, hour := range changed {
			next.need[hour.Unix()] = now.Through
		}
		return l.writeFacts(next)
	})
	if len(changed) == 0 && readOnly(err) {
		return nil // nothing depends on its being written
	}
	return err
}

// writeFacts puts a file in the place of the one before. The caller holds
// writeLock.
func (l *Lake) writeFacts(h *heldFacts) error {
	h.name = fmt.Sprintf("%010d-%s.parquet", h.facts.Through, uuid.NewString())
	temp := filepath.Join(l.factsDir(), "new-"+h.name)
	p, err := writeRows(temp, factFields, h.rows())
	if err != nil {
		return err
	}
	if _, _, err := p.close(); err != nil {
		os.Remove(temp)
		return err
	}
	if err = l.toDisk(temp); err == nil {
		err = os.Rename(temp, filepath.Join(l.factsDir(), h.name))
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	l.facts.mu.Lock()
	l.facts.held = h
	l.facts.mu.Unlock()
	return l.dropFacts(h.name)
}

// dropFacts removes all files of facts but one, with what a crash left there.
func (l *Lake) dropFacts(but string) error {
	entries, err := os.ReadDir(l.factsDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != but {
			removeAll(filepath.Join(l.factsDir(), e.Name()))
		}
	}
	return nil
}

// settled is the commit to flows up to which coverage holds everything: a crash
// or another process may be between the two. Traffic that is made meanwhile is
// made from no later commit.
func settled(flows, coverage *table.Table) int64 {
	seq, have := flows.Metadata().LastSequenceNumber(), through(coverage)
	for _, s := range flows.Metadata().Snapshots() {
		if s.SequenceNumber > have && s.Summary != nil && s.Summary.Properties[keyList] != "" {
			seq = min(seq, s.SequenceNumber-1)
		}
	}
	return seq
}
