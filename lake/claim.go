package lake

import (
	"context"
	"encoding/json"
	"errors"

	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
)

// claimTime is how long a claim holds that nobody renews: its process hangs.
const claimTime = 2 * time.Minute

// claimLock is held for a moment by who looks at the claims and adds one.
const claimLock = "claim.lock"

// A claimFile says of which hours a process builds the traffic. The process
// holds its lock, so a claim ends with it, and at Until at the latest unless it
// is renewed.
type claimFile struct {
	From  int64 `json:"from"` // seconds
	To    int64 `json:"to"`
	Until int64 `json:"until"`
}

func (l *Lake) claimsDir() string { return filepath.Join(l.dir, "building") }

// Claim takes the hours from start up to end for building their traffic, so that
// no other process does the same work; ok is false where one has some of them.
// It saves work only: what two build all the same, ReplaceTraffic keeps right.
func (l *Lake) Claim(ctx context.Context, start, end time.Time) (release func(), ok bool, err error) {
	k, err := l.waitLock(ctx, claimLock, true, time.Minute)
	if err != nil {
		if readOnly(err) {
			return func() {}, true, nil // who cannot write here builds nothing either
		}
		return nil, false, err
	}
	defer k.unlock()
	now := time.Now()
	taken, err := l.claimed(start, end, now)
	if err != nil || taken {
		return nil, false, err
	}
	return l.claim(claimFile{start.Unix(), end.Unix(), now.Add(claimTime).Unix()})
}

// claimed reports whether a living process has some of the hours, and removes
// the claims of dead ones. The caller holds claimLock.
func (l *Lake) claimed(start, end, now time.Time) (bool, error) {
	entries, err := os.ReadDir(l.claimsDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, e := range entries {
		path := filepath.Join(l.claimsDir(), e.Name())
		c, alive, err := readClaim(path)
		if err != nil {
			return false, err
		}
		if !alive {
			os.Remove(path) // who else removes it wants the same
			continue
		}
		if c.From < end.Unix() && start.Unix() < c.To && now.Unix() < c.Until {
			return true, nil
		}
	}
	return false, nil
}

func readClaim(path string) (c claimFile, alive bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return c, false, err
	}
	defer f.Close()
	free, err := tryFlock(f, false)
	if err != nil || free {
		return c, false, err
	}
	if err := json.NewDecoder(f).Decode(&c); err != nil {
		return claimFile{}, true, nil // it is being renewed at this moment, or cut off: it holds nothing
	}
	return c, true, nil
}

// claim writes a claim and renews it until it is released.
func (l *Lake) claim(c claimFile) (release func(), ok bool, err error) {
	if err := os.MkdirAll(l.claimsDir(), 0o777); err != nil {
		return nil, false, err
	}
	f, err := os.OpenFile(filepath.Join(l.claimsDir(), uuid.NewString()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, false, err
	}
	if ok, err := tryFlock(f, true); err != nil || !ok {
		f.Close()
		return nil, false, errors.Join(errors.New("a file of a new name is locked"), err)
	}
	write := func() error {
		b, err := json.Marshal(c)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(append(b, '\n'), 0) // the same length each time
		return err
	}
	if err := write(); err != nil {
		f.Close()
		return nil, false, err
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(claimTime / 4)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case now := <-tick.C:
				c.Until = now.Add(claimTime).Unix()
				if write() != nil {
					return // it runs out
				}
			}
		}
	}()
	var once sync.Once
	return func() {
		once.Do(func() {
			close(over)
			<-done
			os.Remove(f.Name())
			f.Close()
		})
	}, true, nil
}
