package lake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

func errDeletes(tbl *table.Table) error {
	return fmt.Errorf("%s has delete files, which periplus does not read; rewrite its data files with the tool that made them",
		tbl.Location())
}

// timeColumns are the columns that From and To of Files are about.
var timeColumns = map[string]string{Flows: "bucket", Traffic: "bucket", Coverage: "hour"}

// Files returns the data files of a table that may hold rows from from up to
// to, by Iceberg's own planning. A zero time is no bound; step is for traffic
// only, 0: all steps. A table without time is returned whole.
func (l *Lake) Files(ctx context.Context, name string, step int64, from, to time.Time) ([]string, error) {
	if _, ok := layouts[name]; !ok {
		return nil, fmt.Errorf("no table %q in a lake", name)
	}
	tbl, err := l.pinned(ctx, name)
	if err != nil {
		return nil, err
	}
	if tbl.CurrentSnapshot() == nil {
		return nil, nil
	}
	of := planned{name, tbl.CurrentSnapshot().SnapshotID, step, from.UTC(), to.UTC()}
	files, ok := l.plans.get(of)
	if !ok {
		if files, err = plan(ctx, tbl, of); err != nil {
			return nil, err
		}
		l.plans.put(of, files)
	}
	return slices.Clone(files), nil
}

// planned is what a plan is of. A snapshot never changes, so neither does it.
type planned struct {
	table    string
	snapshot int64
	step     int64
	from, to time.Time
}

// keptPlans is how many plans are remembered: a view asks a dozen questions of
// the same few.
const keptPlans = 64

// planCache is the latest plans. The zero value works, and several goroutines
// may use it at once.
type planCache struct {
	mu    sync.Mutex
	files map[planned][]string
}

func (c *planCache) get(of planned) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	files, ok := c.files[of]
	return files, ok
}

func (c *planCache) put(of planned, files []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil || len(c.files) >= keptPlans {
		c.files = map[planned][]string{}
	}
	c.files[of] = files
}

// plan asks Iceberg.
func plan(ctx context.Context, tbl *table.Table, of planned) ([]string, error) {
	var filter iceberg.BooleanExpression = iceberg.AlwaysTrue{}
	if col := timeColumns[of.table]; col != "" {
		at := iceberg.Reference(col)
		if !of.from.IsZero() {
			filter = iceberg.NewAnd(filter, iceberg.GreaterThanEqual(at, iceberg.Timestamp(of.from.UnixMicro())))
		}
		if !of.to.IsZero() {
			filter = iceberg.NewAnd(filter, iceberg.LessThan(at, iceberg.Timestamp(of.to.UnixMicro())))
		}
	}
	if of.table == Traffic && of.step != 0 {
		filter = iceberg.NewAnd(filter, iceberg.EqualTo(iceberg.Reference("step"), of.step))
	}
	tasks, err := tbl.Scan(table.WithRowFilter(filter)).PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", of.table, err)
	}
	files := make([]string, 0, len(tasks))
	seen := map[string]bool{}
	for _, t := range tasks {
		if len(t.DeleteFiles)+len(t.EqualityDeleteFiles)+len(t.DeletionVectorFiles) > 0 {
			return nil, errDeletes(tbl)
		}
		// A large file may come as several tasks, one a part of it.
		if path := localPath(t.File.FilePath()); !seen[path] && t.File.Count() > 0 {
			seen[path] = true
			files = append(files, path)
		}
	}
	return files, nil
}
