package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/own"
	"github.com/periplus/periplus/periplus"
)

func (f *ingestFlags) addSelf(c *cobra.Command) {
	c.Flags().BoolVar(&f.excludeSelf, "exclude-self", false, "leave out the traffic of Periplus's own connections to the stores, this run's and earlier ones' with this flag; see docs/sources.md")
}

// self is what --exclude-self needs; nil: it was not given, and nothing is done.
type self struct {
	book *own.Book
	x    *own.Exclusion
}

func (f *ingestFlags) openSelf(d *desk) (*self, error) {
	if !f.excludeSelf {
		return nil, nil
	}
	book, err := own.Open(filepath.Join(d.Dir(), "own"))
	if err != nil {
		return nil, err
	}
	x, err := book.Exclusion()
	return &self{book, x}, err
}

// trace notes the connections of requests made with a context.
func (s *self) trace(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	return s.book.Trace(ctx)
}

// source notes for how long objects were downloaded.
func (s *self) source(src periplus.Source) periplus.Source {
	if s == nil {
		return src
	}
	return s.book.Source(src)
}

func (s *self) exclude(job *lake.Ingest) {
	if s != nil {
		job.Exclude = s.x.Exclude
	}
}

func (s *self) peers() []own.Peer {
	if s == nil {
		return nil
	}
	return s.x.Peers()
}

func (s *self) close() error {
	if s == nil {
		return nil
	}
	return s.book.Close()
}

type ownJSON struct {
	Peer    string    `json:"peer"`
	Records int64     `json:"records"`
	Bytes   graph.Int `json:"bytes_as_logged"`
}
