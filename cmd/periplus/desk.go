package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/duckdb"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/names"
	"github.com/periplus/periplus/query"
	"github.com/periplus/periplus/traffic"
)

// desk is a lake with all that asks it: the engine, the keeper of its derived
// tables, the names.
type desk struct {
	*lake.Lake
	db     *duckdb.DB
	keeper *traffic.Keeper
	names  atomic.Pointer[names.File]
	mark   string // of the names file: another text gives other endpoints; guarded by mu
	memory int64  // bytes that reading and asking may use
	remove string // folder of a temporary lake

	mu sync.Mutex // one builds the derived tables at a time
}

// deskFlags are the flags of every command that asks a lake.
type deskFlags struct {
	lake   string
	names  string
	memory memorySize
}

func (f *deskFlags) add(c *cobra.Command) {
	f.memory.size = 1 << 30
	c.Flags().StringVar(&f.lake, "lake", os.Getenv("PERIPLUS_LAKE"), "folder of the lake (or PERIPLUS_LAKE)")
	c.Flags().StringVar(&f.names, "names", "", "CSV or YAML file: address, CIDR or interface to name and group; the lake remembers it, 'none' forgets it")
	c.Flags().Var(&f.memory, "memory", "how much memory to use, such as 512MiB")
}

// openDesk opens the lake in dir; "" makes one that goes away with Close.
func openDesk(ctx context.Context, f *deskFlags, create bool) (*desk, error) {
	f.memory.bind()
	d := &desk{memory: int64(f.memory.size)}
	var how []lake.Option
	dir, err := f.lake, error(nil)
	if dir == "" {
		if dir, err = os.MkdirTemp("", "periplus-lake-"); err != nil {
			return nil, fmt.Errorf("a temporary lake: %w; set TMPDIR to a folder that can be written, or give --lake DIR", err)
		}
		d.remove, create = dir, true
		how = append(how, lake.Fleeting)
	}
	open := lake.Open
	if create {
		open = lake.Create
	}
	if d.Lake, err = open(ctx, dir, how...); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if err := d.readNames(f.names); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if d.db, err = duckdb.Open(d.Lake, duckdb.Options{Memory: int64(f.memory.size)}); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.keeper = &traffic.Keeper{Lake: d.Lake, Engine: d.db, Rows: int(d.memory / rowMemory)}
	return d, nil
}

// rowMemory is what a row of flows takes while traffic is built, all told, with
// what is made of it and what the garbage collector leaves.
const rowMemory = 512

// readNames reads the names file, and keeps a copy in the lake for the commands
// that are not given one. "none" forgets it.
func (d *desk) readNames(path string) error {
	kept := func(ext string) string { return filepath.Join(d.Dir(), "names"+ext) }
	given := path != ""
	if !given {
		for _, ext := range []string{".csv", ".yaml"} {
			if _, err := os.Stat(kept(ext)); err == nil {
				path = kept(ext)
			}
		}
	}
	if path == "" {
		return nil
	}
	if path == "none" {
		for _, ext := range []string{".csv", ".yaml"} {
			if err := os.Remove(kept(ext)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("names: %w", err)
	}
	sum := sha256.Sum256(b)
	d.mark = hex.EncodeToString(sum[:8])
	file, err := names.ReadFile(path)
	if err != nil {
		return exit{exitUsage, err}
	}
	d.names.Store(file)
	if !given {
		return nil
	}
	ext, other := ".csv", ".yaml"
	if e := strings.ToLower(filepath.Ext(path)); e == ".yaml" || e == ".yml" {
		ext, other = other, ext
	}
	if err := os.Remove(kept(other)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(kept(ext)+".new", b, 0o666); err != nil {
		return err
	}
	return os.Rename(kept(ext)+".new", kept(ext))
}

// rename reads another names file while questions are asked.
func (d *desk) rename(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readNames(path)
}

// label is what the names file calls a network, subnet or account; "": nothing.
func (d *desk) label(id string) string { return d.names.Load().Label(id) }

// cidrs are what the names file says that a network, or a subnet in it, holds.
func (d *desk) cidrs(network, subnet string) []string {
	return d.names.Load().CIDRs(network, subnet)
}

// called are the ids that the names file gives a name with that text.
func (d *desk) called(text string) []string { return d.names.Load().Called(text, 10) }

// Close ends everything and removes a temporary lake.
func (d *desk) Close() error {
	var errs []error
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	if d.Lake != nil {
		errs = append(errs, d.Lake.Close())
	}
	if d.remove != "" {
		errs = append(errs, os.RemoveAll(d.remove))
	}
	return errors.Join(errs...)
}

// questions asks the lake, after its derived tables were brought up to date.
func (d *desk) questions() *query.Questions {
	return &query.Questions{Engine: d.db, Current: d.current}
}

// current makes traffic and endpoints true for a range.
func (d *desk) current(ctx context.Context, from, to time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	// Another process may build the same hours, and then what was made of them
	// is old before it is written.
	for try := 0; ; try++ {
		err := d.keeper.Current(ctx, from, to)
		if err == nil {
			break
		}
		if try == 9 || !errors.Is(err, lake.ErrChanged) {
			return err
		}
	}
	return d.nameEndpoints(ctx)
}

// nameEndpoints makes the table endpoints anew when what it was made of has
// changed: the addresses of the traffic, the facts of the logs, the user's
// names.
func (d *desk) nameEndpoints(ctx context.Context) error {
	of, err := d.EndpointsMark(ctx)
	if err != nil {
		return err
	}
	now, err := d.FactsMark(ctx)
	if err != nil {
		return err
	}
	if now += " " + d.mark; of == now {
		return nil
	}
	seen, err := d.seen(ctx)
	if err != nil {
		return err
	}
	book := names.Book{File: d.names.Load()}
	if book.Owned, err = d.Owned(ctx); err != nil {
		return err
	}
	if book.Named, err = d.Named(ctx); err != nil {
		return err
	}
	return d.WriteEndpoints(ctx, book.Endpoints(seen), now)
}

// seen lists the addresses of the traffic. The coarsest steps hold the same
// addresses as the finer, so hours are enough. A cloud's service is written
// where the address is in no network: the other end is the user's.
func (d *desk) seen(ctx context.Context) ([]names.Seen, error) {
	const sql = `SELECT address, network, max(service) AS service FROM (
  SELECT client AS address, client_network AS network, CASE WHEN client_network = '' AND server_network <> '' THEN service ELSE '' END AS service
  FROM traffic WHERE step = 3600
  UNION ALL
  SELECT server AS address, server_network AS network, CASE WHEN server_network = '' THEN service ELSE '' END AS service
  FROM traffic WHERE step = 3600
) AS ends GROUP BY address, network ORDER BY address, network`
	var list []names.Seen
	err := d.db.Query(ctx, query.Statement{SQL: sql, Spans: []query.Span{{Table: "traffic", Step: 3600}}}, func(_ []string, v []any) error {
		a, err := netip.ParseAddr(v[0].(string))
		if err != nil {
			return nil // "": an end that no record named
		}
		list = append(list, names.Seen{Addr: a, Network: v[1].(string), Service: v[2].(string)})
		return nil
	})
	return list, err
}
