package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// A lake of very many paths, to measure the page on: what the server cuts, and
// what the browser then draws.

const (
	pairServices = 2000 // each in one of twelve networks, ten hosts on average
	mostPairs    = pairServices * (pairServices - 1) / 2
)

// newPairs is a day on which as many pairs of services speak, each over one
// conversation of two hosts.
func newPairs(pairs int) *day {
	d := &day{}
	rnd := rand.New(rand.NewPCG(7, 4))
	d.networks()
	d.company(rnd, pairServices)
	for i := range pairs {
		// The i-th service asks the next ones in a row, so no pair comes twice.
		from, to := i%pairServices, (i%pairServices+1+i/pairServices)%pairServices
		s := &d.services[to]
		client, server := pick(rnd, d.services[from].hosts), pick(rnd, s.hosts)
		t := talk{client: d.hosts[client].addr, server: d.hosts[server].addr, clientHost: int32(client), serverHost: int32(server), port: s.port, protocol: s.protocol, seed: rnd.Uint64()}
		switch n := rnd.IntN(100); {
		case n < 5:
			t.logged = refused
		case n < 15:
			t.logged = atClient
		}
		t.busy(rnd)
		d.talks = append(d.talks, t)
	}
	d.sort()
	return d
}

func pick(rnd *rand.Rand, list []int) int { return list[rnd.IntN(len(list))] }

// pairs writes the lake to DIR/pairs, with traffic and names, unless it is
// there, and says how to look at it.
func (b *bench) pairs(ctx context.Context, n int) error {
	if n > mostPairs {
		return fmt.Errorf("%d pairs of services: there are at most %d", n, mostPairs)
	}
	dir := filepath.Join(b.dir, "pairs")
	a := asking{bench: *b, conversations: n}
	rows, err := a.kept(dir)
	if err != nil {
		return err
	}
	if rows == 0 {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if rows, err = makeDay(ctx, dir, newPairs(n)); err != nil {
			return err
		}
		if _, err := measure(ctx, "building `traffic`", self, "-child", "traffic", dir); err != nil {
			return err
		}
		from, to := dayStart.Format(time.RFC3339), dayStart.AddDate(0, 0, 1).Format(time.RFC3339)
		_, named := measure(ctx, "naming the ends", b.periplus, "top", "--lake", dir, "--from", from, "--to", to, "--json")
		if err := errors.Join(named, a.keeps(dir, rows)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(b.out, "%s holds %d pairs of services in %d rows of `flows`, all on %s.\n\n    %s serve --lake %s\n", dir, n, rows, dayStart.Format(time.DateOnly), b.periplus, dir)
	return err
}
