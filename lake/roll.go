package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// rollLists is how many lists Compact leaves before it makes one of them: a
// start reads them all.
const rollLists = 48

// rolled is the batch part of the name of a list that many were made into. It
// stands for all lists up to its sequence.
const rolled = "rolled"

// newestRoll returns the sequence up to which a finished roll stands for the
// lists; 0: there is none.
func (l *Lake) newestRoll() (int64, error) {
	entries, err := os.ReadDir(l.listsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var newest int64
	for _, e := range entries {
		if _, batch, _ := strings.Cut(e.Name(), "-"); batch != rolled {
			continue
		}
		if _, err := os.Stat(filepath.Join(l.listsDir(), e.Name(), keptFile)); err != nil {
			continue // a crash cut it short
		}
		seq, err := listSequence(e.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, seq)
	}
	return newest, nil
}

// roll makes one list of many. The old ones go when the new one is whole; a
// crash between leaves both, of which the old count no more.
func (l *Lake) roll(ctx context.Context, above int) (err error) {
	dirs, err := l.lists(ctx)
	if err != nil || len(dirs) <= above || len(dirs) < 2 {
		return err
	}
	last, err := listSequence(filepath.Base(dirs[len(dirs)-1]))
	if err != nil {
		return err
	}
	dir := filepath.Join(l.listsDir(), fmt.Sprintf("%010d-%s", last, rolled))
	if slices.Contains(dirs, dir) {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err = l.writeRoll(ctx, dir, dirs); err == nil {
		err = l.toDisk(dir)
	}
	if err != nil {
		os.RemoveAll(dir)
		return err
	}
	crash("before roll")
	f, err := os.OpenFile(filepath.Join(dir, keptFile), os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := l.toDisk(f.Name()); err != nil {
		return err
	}
	crash("after roll")
	for _, old := range dirs {
		if err := os.RemoveAll(old); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lake) writeRoll(ctx context.Context, dir string, dirs []string) error {
	objects, err := listedObjects(ctx, dirs)
	if err != nil {
		return err
	}
	rows := slices.Collect(maps.Values(objects))
	slices.SortFunc(rows, func(a, b periplus.ReadObject) int { return strings.Compare(a.URI, b.URI) })
	if err := writeListed(dir, "objects", periplus.ObjectFields, rows, true); err != nil {
		return err
	}
	days, err := listedCoverage(ctx, dirs, nil)
	if err != nil {
		return err
	}
	if err := writeListed(dir, "coverage", periplus.CoverageFields, days.inOrder(), false); err != nil {
		return err
	}
	servers, err := l.Servers(ctx)
	if err != nil {
		return err
	}
	if err := writeListed(dir, "servers", serverFields, servers, false); err != nil {
		return err
	}
	owned, err := l.Owned(ctx)
	if err != nil {
		return err
	}
	if err := writeListed(dir, "owned", ownedFields, owned, false); err != nil {
		return err
	}
	named, err := l.Named(ctx)
	if err != nil {
		return err
	}
	if err := writeListed(dir, "named", namedFields, named, false); err != nil {
		return err
	}
	ids, err := l.IDs(ctx, time.Time{})
	if err != nil {
		return err
	}
	if err := writeListed(dir, "ids", idFields, recentIDs(ids), false); err != nil {
		return err
	}
	decisions, err := l.Decisions(ctx)
	if err != nil {
		return err
	}
	return writeListed(dir, "decisions", decisionFields, recentDecisions(decisions, keepDecisions), false)
}
