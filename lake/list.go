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
	"strconv"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// A list is what a batch is known by: a folder lists/SEQUENCE-BATCH of small
// Parquet files, written before the commit to flows whose snapshot names it.
// It lives as long as the lake, so objects, coverage and what the logs taught
// can always be made again. It lies outside the tables' folders: other tools
// that tidy a table take what its metadata does not name.

func (l *Lake) listsDir() string { return filepath.Join(l.dir, "lists") }

// listName is how a snapshot names a list.
func listName(path string) string { return filepath.Base(path) }

// listSequence is the flows sequence that a list's name begins with.
func listSequence(name string) (int64, error) {
	n, _, _ := strings.Cut(name, "-")
	seq, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no list: its name does not begin with a number", name)
	}
	return seq, nil
}

// writeList writes the list of a batch and returns its folder.
func (l *Lake) writeList(seq int64, b Batch) (dir string, err error) {
	dir = filepath.Join(l.listsDir(), fmt.Sprintf("%010d-%s", seq, safeName(b.ID)))
	// What is there under this name is of a commit that never was.
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	objects := append(slices.Clone(b.Objects), b.Kept...)
	for i := range objects {
		// What was kept is of the batch that read it: see windows.go.
		if i < len(b.Objects) || objects[i].Batch == "" {
			objects[i].Batch = b.ID
		}
	}
	if err := writeListed(dir, "objects", periplus.ObjectFields, objects, true); err != nil {
		return "", err
	}
	if err := writeListed(dir, "coverage", periplus.CoverageFields, b.Coverage, false); err != nil {
		return "", err
	}
	if err := writeListed(dir, "servers", serverFields, b.Servers, false); err != nil {
		return "", err
	}
	if err := writeListed(dir, "owned", ownedFields, b.Owned, false); err != nil {
		return "", err
	}
	if err := writeListed(dir, "named", namedFields, b.Named, false); err != nil {
		return "", err
	}
	if err := writeListed(dir, "ids", idFields, b.IDs, false); err != nil {
		return "", err
	}
	return dir, writeListed(dir, "decisions", decisionFields, b.Decisions, false)
}

func writeListed[T any](dir, name string, fields []periplus.Field[T], rows []T, always bool) error {
	if len(rows) == 0 && !always {
		return nil
	}
	p, err := writeRows(filepath.Join(dir, name+".parquet"), fields, rows)
	if err != nil {
		return err
	}
	_, _, err = p.close()
	return err
}

// safeName keeps of a batch's id what may stand in a file's name.
func safeName(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, id)
}

// readListed reads one file of a list; none is no rows.
func readListed[T any](ctx context.Context, dir, name string, row func(*record) T) ([]T, error) {
	var out []T
	err := readRecords(ctx, filepath.Join(dir, name+".parquet"), func(r *record) error {
		out = append(out, row(r))
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return out, err
}

// lists returns the folders of all committed lists in the order of their
// commits.
func (l *Lake) lists(ctx context.Context) ([]string, error) {
	named, err := l.namedLists(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(named)) { // and so by sequence
		out = append(out, filepath.Join(l.listsDir(), name))
	}
	return out, nil
}

// keptFile, in a list's folder, says that the list was committed, for when the
// snapshot that names it has expired.
const keptFile = "kept"

// namedLists returns the names of the committed lists that are there: those
// that a snapshot of flows names and those that were marked before their
// snapshot expired, less those that a roll stands for.
func (l *Lake) namedLists(ctx context.Context) (map[string]bool, error) {
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		return nil, err
	}
	snapshots := map[string]bool{}
	for _, s := range tbl.Metadata().Snapshots() {
		if s.Summary != nil && s.Summary.Properties[keyList] != "" {
			snapshots[s.Summary.Properties[keyList]] = true
		}
	}
	roll, err := l.newestRoll()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(l.listsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	named := map[string]bool{}
	for _, e := range entries {
		seq, err := listSequence(e.Name())
		if err != nil {
			continue // not ours
		}
		_, batch, _ := strings.Cut(e.Name(), "-")
		if seq < roll || seq == roll && batch != rolled {
			continue
		}
		if !snapshots[e.Name()] {
			if _, err := os.Stat(filepath.Join(l.listsDir(), e.Name(), keptFile)); err != nil {
				continue
			}
		}
		named[e.Name()] = true
	}
	return named, nil
}

func readObject(r *record) periplus.ReadObject {
	return periplus.ReadObject{
		ID: r.number("id"), URI: r.text("uri"), Size: r.number("size"), ETag: r.text("etag"),
		Format: r.text("format"), State: periplus.ObjectState(r.text("state")), Cursor: r.number("cursor"),
		Batch: r.text("batch"), Records: r.number("records"), Bad: parseBad(r.text("bad")),
		FirstSeen: r.time("first_seen"), LastSeen: r.time("last_seen"), ReadAt: r.time("read_at"),
	}
}

// parseBad is the inverse of periplus.BadText.
func parseBad(text string) map[periplus.BadKind]int64 {
	if text == "" {
		return nil
	}
	bad := map[periplus.BadKind]int64{}
	for part := range strings.SplitSeq(text, ",") {
		kind, n, _ := strings.Cut(part, "=")
		if v, err := strconv.ParseInt(n, 10, 64); err == nil {
			bad[periplus.BadKind(kind)] = v
		}
	}
	return bad
}

func readCoverage(r *record) periplus.Coverage {
	return periplus.Coverage{
		Hour: r.time("hour"), Provider: r.text("provider"), Account: r.text("account"), Region: r.text("region"),
		Network: r.text("network"), Subnet: r.text("subnet"), Interface: r.text("interface"), Log: r.text("log"),
		KeepsPassed: r.truth("keeps_passed"), Records: r.number("records"), NoData: r.number("nodata"),
		SkipData: r.number("skipdata"), Late: r.number("late"), Bad: r.number("bad"),
	}
}

func removeAll(path string) { os.RemoveAll(path) }
