// Package own knows Periplus's own connections to the stores that it reads, so
// that the log records which they cause can be left out. A book of them is kept
// beside the lake: logs come later than the traffic, mostly in another run.
package own

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http/httptrace"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Conn is a connection that this program made.
type Conn struct {
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
	First  time.Time      `json:"first"` // it was used from then …
	Last   time.Time      `json:"last"`  // … until then
}

const (
	keep      = 90 * 24 * time.Hour // logs that are read later are none of ours
	saveEvery = 15 * time.Second
	manyFiles = 50
	// The same addresses so long after are another connection: the first is
	// closed when it idles.
	another = 2 * time.Minute
)

// pair is what tells connections apart.
type pair struct{ local, remote netip.AddrPort }

// Book collects the connections of this process and holds those of others. It
// is used by several goroutines at once. Close it at the end.
type Book struct {
	dir, file string
	now       func() time.Time

	mu    sync.Mutex       // guards uses and saved
	uses  map[pair][]*Conn // the newest last
	made  int64            // how many there were
	saved time.Time
	saves sync.Mutex // one writes the file at a time
}

// Open opens the book in a folder, which is made if there is none.
func Open(dir string) (*Book, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("own connections: %w", err)
	}
	b := &Book{dir: dir, now: time.Now, uses: map[pair][]*Conn{}}
	b.file = filepath.Join(dir, fmt.Sprintf("%d-%d.json", b.now().UnixNano(), os.Getpid()))
	return b, b.fold()
}

// Trace makes requests of a context known to the book: each is a use of the
// connection that it gets, when it gets it.
func (b *Book) Trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { b.used(i.Conn) }})
}

// used says that a connection is used now.
func (b *Book) used(c net.Conn) {
	local, ok := address(c.LocalAddr())
	remote, ok2 := address(c.RemoteAddr())
	if !ok || !ok2 {
		return // not TCP: a proxy's socket in the file system
	}
	now := b.now()
	b.mu.Lock()
	k := pair{local, remote}
	list := b.uses[k]
	if n := len(list); n > 0 && now.Sub(list[n-1].Last) < another {
		list[n-1].Last = now
	} else {
		b.made++
		b.uses[k] = append(list, &Conn{Local: local, Remote: remote, First: now, Last: now})
	}
	due := now.Sub(b.saved) > saveEvery
	if due {
		b.saved = now
	}
	b.mu.Unlock()
	if due {
		// What cannot be written now is written at the end, or its error told then.
		_ = b.Save()
	}
}

func address(a net.Addr) (netip.AddrPort, bool) {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port()), p.IsValid()
}

// count is how many connections this process has made.
func (b *Book) count() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.made
}

// mine are the connections of this process.
func (b *Book) mine() []Conn {
	cut := b.now().Add(-keep)
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Conn
	for k, list := range b.uses {
		list = slices.DeleteFunc(list, func(c *Conn) bool { return c.Last.Before(cut) })
		if b.uses[k] = list; len(list) == 0 {
			delete(b.uses, k)
		}
		for _, c := range list {
			out = append(out, *c)
		}
	}
	return sorted(out)
}

func sorted(list []Conn) []Conn {
	slices.SortFunc(list, func(a, b Conn) int {
		return cmp.Or(a.First.Compare(b.First), a.Local.Compare(b.Local), a.Remote.Compare(b.Remote))
	})
	return list
}

// Save writes down what this process has done so far.
func (b *Book) Save() error {
	b.saves.Lock()
	defer b.saves.Unlock()
	list := b.mine()
	if len(list) == 0 {
		return nil
	}
	return write(b.file, list)
}

// Close writes down what this process has done. Its connections may stay open
// until the process ends.
func (b *Book) Close() error { return b.Save() }

// write makes a file whole or not at all.
func write(file string, list []Conn) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o666); err != nil {
		return fmt.Errorf("own connections: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("own connections: %w", err)
	}
	return nil
}

// all are the connections of this process and of others, before and beside it.
func (b *Book) all() ([]Conn, error) {
	list := b.mine()
	files, err := filepath.Glob(filepath.Join(b.dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f == b.file {
			continue
		}
		conns, err := read(f)
		if err != nil {
			return nil, err
		}
		list = append(list, conns...)
	}
	cut := b.now().Add(-keep)
	return slices.DeleteFunc(list, func(c Conn) bool { return c.Last.Before(cut) }), nil
}

// read reads a file; one that is gone meanwhile holds nothing.
func read(file string) ([]Conn, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("own connections: %w", err)
	}
	var list []Conn
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("own connections: %s: %w; remove the file, and what it tells of is not left out", file, err)
	}
	return list, nil
}

// fold makes one file of many that nobody writes any more. What two processes
// fold at once is there twice, which does no harm, and never lost: the old
// files go when the new one is there.
func (b *Book) fold() error {
	files, err := filepath.Glob(filepath.Join(b.dir, "*.json"))
	if err != nil || len(files) <= manyFiles {
		return err
	}
	var list []Conn
	var old []string
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || b.now().Sub(info.ModTime()) < 24*time.Hour {
			continue
		}
		conns, err := read(f)
		if err != nil {
			return err
		}
		list, old = append(list, conns...), append(old, f)
	}
	cut := b.now().Add(-keep)
	list = slices.DeleteFunc(list, func(c Conn) bool { return c.Last.Before(cut) })
	if len(old) < 2 {
		return nil
	}
	if len(list) > 0 {
		if err := write(strings.TrimSuffix(b.file, ".json")+"-old.json", sorted(list)); err != nil {
			return err
		}
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("own connections: %w", err)
		}
	}
	return nil
}
