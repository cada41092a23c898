package lake

import (
	"context"
	"fmt"
)

// Rebuild makes objects and coverage anew from the lists of the batches that
// were committed, and drops traffic, all of which is stale then: whoever keeps
// it makes it again before it is asked.
func (l *Lake) Rebuild(ctx context.Context) error {
	err := l.change(ctx, func(ctx context.Context) error {
		if err := l.follow(ctx); err != nil {
			return err
		}
		dirs, err := l.lists(ctx)
		if err != nil {
			return err
		}
		flows, err := l.load(ctx, Flows)
		if err != nil {
			return err
		}
		seq := flows.Metadata().LastSequenceNumber()
		for _, name := range []string{Objects, Coverage, Traffic} {
			if err := l.rebuildTable(ctx, name, dirs, seq); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
		return l.dropFacts("") // there is no traffic that was held against them
	})
	if err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return nil
}

// rebuildTable replaces all that a table holds in one commit.
func (l *Lake) rebuildTable(ctx context.Context, name string, dirs []string, seq int64) (err error) {
	e := edit{l: l, table: name}
	defer func() {
		if err != nil {
			e.undo()
		}
	}()
	files, err := l.dataFiles(ctx, name)
	if err != nil {
		return err
	}
	for _, f := range files {
		e.drop = append(e.drop, f.file)
	}
	switch name {
	case Objects:
		rows, err := listedObjects(ctx, dirs)
		if err != nil {
			return err
		}
		if err := writeObjects(&e, rows, nil); err != nil {
			return err
		}
		return e.commit(ctx, throughProps(seq))
	case Coverage:
		days, err := listedCoverage(ctx, dirs, nil)
		if err != nil {
			return err
		}
		if err := writeCoverage(&e, days); err != nil {
			return err
		}
		return e.commit(ctx, throughProps(seq))
	}
	if len(e.drop) == 0 {
		return nil
	}
	return e.commit(ctx, nil)
}
