package flowgen

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

func writeCompany(ctx context.Context, o Options, dir string) (*Truth, error) {
	start := o.Start.UTC().Truncate(time.Hour)
	if o.Start.IsZero() {
		start = DefaultStart
	}
	length := o.Duration.Truncate(time.Hour)
	if o.Duration == 0 {
		length = 24 * time.Hour
	}
	if length < time.Hour {
		return nil, fmt.Errorf("flowgen: %v is too short; give an hour or more", o.Duration)
	}
	scale := cmp.Or(o.Scale, 1)
	if scale < 0 {
		return nil, fmt.Errorf("flowgen: a scale of %v; give more than 0", scale)
	}
	w := newWorld(ctx, dir, o.Seed, start)
	c := found(w, scale, start.Add(length))
	if err := c.live(); err != nil {
		return nil, err
	}
	if err := c.nameFile(filepath.Join(dir, "names.csv")); err != nil {
		return nil, err
	}
	return w.finish()
}

// live lets time pass, minute by minute.
func (c *company) live() error {
	incidents := c.incidents()
	for t := c.start; t.Before(c.end); t = t.Add(time.Minute) {
		if t.Minute()%5 == 0 {
			if err := c.flush(t); err != nil {
				return err
			}
		}
		for i := range companyLinks {
			l := &companyLinks[i]
			for range c.some(l.rate / 60 * l.busy(t)) {
				c.connect(l, c.within(t))
			}
		}
		c.background(t)
		for _, incident := range incidents {
			if !t.Before(incident.From) && t.Before(incident.To) {
				incident.minute(t)
			}
		}
	}
	return nil
}

// some is a whole number that is mean on average, made larger by the scale.
func (c *company) some(mean float64) int {
	mean *= c.scale * (0.6 + 0.8*c.rng.Float64())
	n := int(mean)
	if c.rng.Float64() < mean-float64(n) {
		n++
	}
	return n
}

// within is an instant of the minute that begins at t.
func (c *company) within(t time.Time) time.Time {
	return t.Add(time.Duration(c.rng.IntN(60000)) * time.Millisecond)
}

// nameFile writes what the company calls things, for the clouds whose logs do
// not say.
func (c *company) nameFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	c.truth.Names = path
	out := bufio.NewWriter(f)
	return cmp.Or(c.names(out), out.Flush(), f.Close())
}

func (c *company) names(out io.Writer) error {
	rows := csv.NewWriter(out)
	rows.Write([]string{"match", "name", "group", "role", "subnet", "country"})
	for _, n := range companyNets {
		if n.provider == "aws" {
			rows.Write([]string{c.nets[n.name].id, n.name, "", "", "", ""})
			rows.Write([]string{n.account, "acme-" + n.name, "", "", "", ""})
		}
	}
	for i := range companyGroups {
		g := &companyGroups[i]
		for _, n := range c.nics[g.name] {
			rows.Write([]string{n.addr.String(), n.name, g.name, g.role, g.subnet, ""})
			if n.addr6.IsValid() {
				rows.Write([]string{n.addr6.String(), n.name, g.name, g.role, g.subnet, ""})
			}
		}
	}
	for i := range outsiders {
		o := &outsiders[i]
		rows.Write([]string{netip.MustParsePrefix(o.cidr).String(), o.name, cmp.Or(o.group, o.name), o.role, "", o.country})
	}
	rows.Flush()
	return rows.Error()
}
