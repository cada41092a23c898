package main

import (
	"context"
	"errors"
	"os"
	"runtime/pprof"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/source"
)

// profile reads logs into a fresh lake in this process and writes where the
// time went: `go tool pprof` shows it.
func profile(ctx context.Context, to, logs, dir string) (err error) {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	l, err := lake.Create(ctx, dir)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	in := lake.Ingest{Lake: l, Source: &source.Files{Paths: []string{logs}}}
	_, err = in.Run(ctx)
	return err
}
