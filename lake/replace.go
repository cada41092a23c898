package lake

import (
	"context"

	"github.com/apache/iceberg-go/table"

	"github.com/periplus/periplus/periplus"
)

func (l *Lake) recover(ctx context.Context) error { return l.follow(ctx) }

func (l *Lake) removeObjects(ctx context.Context, e *edit, tbl *table.Table, gone map[int64]bool, seq int64) ([]periplus.Coverage, error) {
	return nil, nil
}
