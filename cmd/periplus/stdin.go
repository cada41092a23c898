package main

import (
	"context"
	"io"
)

// stoppable reads until its context ends, also while a read of what is below
// waits for a person or a pipe: that read cannot be called off, so it is left
// behind.
type stoppable struct {
	ctx context.Context
	in  io.Reader

	chunks chan chunk
	now    chunk
}

type chunk struct {
	b   []byte
	err error
}

func (s *stoppable) Read(p []byte) (int, error) {
	if len(s.now.b) == 0 && s.now.err == nil {
		if s.chunks == nil {
			s.chunks = make(chan chunk)
			go s.pump()
		}
		select {
		case s.now = <-s.chunks:
		case <-s.ctx.Done():
			s.now.err = s.ctx.Err()
		}
	}
	n := copy(p, s.now.b)
	s.now.b = s.now.b[n:]
	if len(s.now.b) > 0 {
		return n, nil
	}
	return n, s.now.err
}

// pump fills two buffers in turn: one is read while the other is filled.
func (s *stoppable) pump() {
	var buffers [2][]byte
	for i := 0; ; i ^= 1 {
		if buffers[i] == nil {
			buffers[i] = make([]byte, 256<<10)
		}
		n, err := s.in.Read(buffers[i])
		select {
		case s.chunks <- chunk{buffers[i][:n], err}:
		case <-s.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}
