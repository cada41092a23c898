package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/hadoop"
	"github.com/apache/iceberg-go/table"
)

// A Lake is a folder of Iceberg tables. All its methods may be called at once
// and from several processes: a change waits for the one before it.
type Lake struct {
	dir      string // absolute
	fleeting bool   // nothing waits for the disk
	cat      *hadoop.Catalog

	// writing serialises changes within the process, as writeLock does between
	// processes.
	writing sync.Mutex

	mu      sync.Mutex
	tables  map[string]*version
	ledger  ledgerCache
	leases  leases
	entries entryCache
	stale   staleCache
	facts   factCache
	plans   planCache
	// Patience is how long a change waits for another process's; 0: 5 minutes.
	Patience time.Duration
}

// version is a table as it was last loaded.
type version struct {
	tbl *table.Table
	n   int // of its metadata file; 0: not one of the Hadoop catalog's names
}

// ErrNoLake says that a folder holds no lake.
var ErrNoLake = errors.New("no lake")

// An Option says how a lake is opened.
type Option func(*Lake)

// Fleeting lets commits not wait until they are on the disk: for a lake that goes
// away, or that can be made again after the machine has lost its power.
func Fleeting(l *Lake) { l.fleeting = true }

// Create opens the lake in dir and makes it first where there is none.
func Create(ctx context.Context, dir string, options ...Option) (*Lake, error) {
	if _, err := newLake(dir, options); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the lake: %w; give a folder that can be written", err)
	}
	l, err := newLake(dir, options) // again: its real name is known only now
	if err != nil {
		return nil, err
	}
	err = l.alone(ctx, func(ctx context.Context, died bool) error {
		if died {
			if err := l.dropClaims(); err != nil {
				return err
			}
		}
		if err := l.makeTables(ctx); err != nil {
			return err
		}
		if died {
			return l.recover(ctx)
		}
		return l.follow(ctx)
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Open opens the lake in dir. What a crash left behind is put right, unless
// somebody else is writing or the folder is read-only.
func Open(ctx context.Context, dir string, options ...Option) (*Lake, error) {
	l, err := newLake(dir, options)
	if err != nil {
		return nil, err
	}
	for _, name := range Tables {
		if _, err := os.Stat(filepath.Join(l.tableDir(name), "metadata")); err != nil {
			return nil, noLake(dir)
		}
	}
	return l, l.start(ctx)
}

func noLake(dir string) error {
	return fmt.Errorf("%s: %w there; 'periplus ingest --lake %s SOURCE' makes one", dir, ErrNoLake, dir)
}

func newLake(dir string, options []Option) (*Lake, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// Names in metadata are absolute, so a lake has one: the real one.
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	if i := strings.IndexAny(abs, "%#?"); i >= 0 {
		return nil, fmt.Errorf("%s: the Iceberg library reads names as URLs, so a lake's folder must have no %q in its name",
			abs, abs[i])
	}
	at := url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}
	l := &Lake{dir: abs, tables: map[string]*version{}}
	for _, o := range options {
		o(l)
	}
	props := iceberg.Properties{}
	if l.fleeting {
		props[keyFleeting] = "true"
	}
	useOwnFiles()
	l.cat, err = hadoop.NewCatalog("periplus", at.String(), props)
	if err != nil {
		return nil, fmt.Errorf("open the lake: %w", err)
	}
	return l, nil
}

// Dir is the lake's folder, absolute.
func (l *Lake) Dir() string { return l.dir }

// Close gives up what readers hold. The lake must not be used after it.
func (l *Lake) Close() error {
	l.leases.close()
	return l.cat.Close()
}

func (l *Lake) tableDir(name string) string { return filepath.Join(l.dir, Namespace, name) }

func (l *Lake) makeTables(ctx context.Context) error {
	err := l.cat.CreateNamespace(ctx, table.Identifier{Namespace}, nil)
	if err != nil && !errors.Is(err, catalog.ErrNamespaceAlreadyExists) {
		return err
	}
	// flows is the last: a lake is there when flows is.
	for i := len(Tables) - 1; i >= 0; i-- {
		name := Tables[i]
		lay := layouts[name]
		order, err := lay.sortOrder()
		if err != nil {
			return err
		}
		spec := lay.spec()
		_, err = l.cat.CreateTable(ctx, table.Identifier{Namespace, name}, lay.schema(),
			catalog.WithPartitionSpec(&spec), catalog.WithSortOrder(order), catalog.WithProperties(properties()))
		if err != nil && !errors.Is(err, catalog.ErrTableAlreadyExists) {
			return fmt.Errorf("make table %s: %w", name, err)
		}
	}
	return nil
}

// load returns the newest version of a table.
func (l *Lake) load(ctx context.Context, name string) (*table.Table, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.loadLocked(ctx, name)
}

func (l *Lake) loadLocked(ctx context.Context, name string) (*table.Table, error) {
	v := l.tables[name]
	if v != nil && v.n > 0 {
		// One stat tells whether there is a newer one: versions have no gaps.
		next := filepath.Join(l.tableDir(name), "metadata", "v"+strconv.Itoa(v.n+1)+".metadata.json")
		if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
			return v.tbl, nil
		}
	}
	var tbl *table.Table
	for try := 0; ; try++ {
		var err error
		tbl, err = l.cat.LoadTable(ctx, table.Identifier{Namespace, name})
		if err == nil {
			break
		}
		if errors.Is(err, catalog.ErrNoSuchTable) {
			return nil, noLake(l.dir) // its making was cut short
		}
		// Between the listing and the opening the file may have gone, if the
		// reader slept for many commits.
		if try == 3 || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
	}
	if at := tbl.Location(); at != l.tableDir(name) {
		return nil, fmt.Errorf("%s was moved here from %s, and Iceberg keeps absolute names; move it back or ingest anew",
			l.tableDir(name), at)
	}
	l.tables[name] = &version{tbl: tbl, n: metadataVersion(tbl.MetadataLocation())}
	return tbl, nil
}

// metadataVersion is N of "vN.metadata.json", else 0.
func metadataVersion(path string) int {
	var n int
	if _, err := fmt.Sscanf(filepath.Base(path), "v%d.metadata.json", &n); err != nil {
		return 0
	}
	return n
}

// committed keeps what a commit made.
func (l *Lake) committed(name string, tbl *table.Table) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tables[name] = &version{tbl: tbl, n: metadataVersion(tbl.MetadataLocation())}
}

// change runs f as the only writer. Where the writer before died, what it left
// is put right first.
func (l *Lake) change(ctx context.Context, f func(context.Context) error) error {
	return l.alone(ctx, func(ctx context.Context, died bool) error {
		if died {
			if err := l.recover(ctx); err != nil {
				return err
			}
		}
		return f(ctx)
	})
}

// alone runs f as the only writer, in this process and among all; died tells
// that the one before did not end in order.
func (l *Lake) alone(ctx context.Context, f func(ctx context.Context, died bool) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	patience := l.Patience
	if patience == 0 {
		patience = 5 * time.Minute
	}
	k, err := l.waitLock(ctx, writeLock, true, patience)
	if err != nil {
		return err
	}
	if err := f(ctx, k.died); err != nil {
		k.leave() // it may have left files
		return err
	}
	k.unlock()
	return nil
}

// start puts right what a crash left behind.
func (l *Lake) start(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	k, err := l.tryLock(writeLock, true)
	if err != nil {
		if readOnly(err) {
			return nil
		}
		return err
	}
	if k == nil {
		return nil // who holds it is alive and does it
	}
	if k.died {
		err = l.recover(ctx)
	} else {
		err = l.follow(ctx)
	}
	if err != nil {
		k.leave()
		return err
	}
	k.unlock()
	return nil
}
