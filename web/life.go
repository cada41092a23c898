package web

import (
	"context"
	"sync"
)

// life is how long a server runs and what must end with it. The zero value is
// a life that has not ended.
type life struct {
	mu    sync.Mutex
	over  chan struct{}
	ended bool
	work  sync.WaitGroup
}

// done is closed when the server ends.
func (l *life) done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.channel()
}

func (l *life) channel() chan struct{} {
	if l.over == nil {
		l.over = make(chan struct{})
	}
	return l.over
}

// begin counts something in that must be cleaned up before the server is gone;
// it calls finish after. false: the server ends already. ctx ends with the life.
func (l *life) begin(parent context.Context) (ctx context.Context, finish func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, nil, false
	}
	l.work.Add(1)
	ctx, cancel := context.WithCancel(parent)
	over := l.channel()
	go func() {
		select {
		case <-over:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); l.work.Done() }, true
}

// ending tells everyone to end.
func (l *life) ending() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		close(l.channel())
	}
}

// end returns when all have.
func (l *life) end() {
	l.ending()
	l.work.Wait()
}
