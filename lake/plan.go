package lake

import (
	"context"
	"fmt"
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
	var filter iceberg.BooleanExpression = iceberg.AlwaysTrue{}
	if col := timeColumns[name]; col != "" {
		at := iceberg.Reference(col)
		if !from.IsZero() {
			filter = iceberg.NewAnd(filter, iceberg.GreaterThanEqual(at, iceberg.Timestamp(from.UnixMicro())))
		}
		if !to.IsZero() {
			filter = iceberg.NewAnd(filter, iceberg.LessThan(at, iceberg.Timestamp(to.UnixMicro())))
		}
	}
	if name == Traffic && step != 0 {
		filter = iceberg.NewAnd(filter, iceberg.EqualTo(iceberg.Reference("step"), step))
	}
	tasks, err := tbl.Scan(table.WithRowFilter(filter)).PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", name, err)
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
