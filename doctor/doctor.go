// Package doctor looks at logs before they are read: what there is, in which
// formats, what is missing, what may not be done, and what reading it will take.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// A Check looks at a source. Source is needed, the rest has a default.
type Check struct {
	Source  periplus.Source
	Options format.Options
	// MaxObjects ends the listing early; what is told then is "at least". 0: no
	// bound.
	MaxObjects int64
	Samples    int   // objects that are looked into; 0: 8
	Part       int64 // bytes of each that are downloaded; 0: 1 MiB
	// Until is the end of what was asked (--to); zero: now. Logs are expected
	// until then.
	Until time.Time
	Now   func() time.Time // nil: time.Now
	Cores int              // that will read; 0: 1
	// Progress, when set, is called while objects are listed.
	Progress func(objects, bytes int64)
}

// Report is what a Check found.
type Report struct {
	Objects, Bytes int64
	Unknown        int64   // objects whose size nobody knows; Bytes is of the others
	AtLeast        bool    // the listing was ended by MaxObjects
	Groups         []Group // in the order of their names
	Acts           []Act   // what was tried of the source
	Samples        []Sample
	Gaps           []Gap
	Newest         *Newest // nil: no name tells a time
	Delivery       Delivery
	Estimate       Estimate
	Problems       []Problem
}

// Group is what the names of objects tell apart: a layout, and whose log it is.
type Group struct {
	Layout                         string // "": none that a cloud writes
	Provider, Account, Region, Log string // "": the name does not say
	Objects, Bytes                 int64
	From, To                       time.Time // delivery windows; zero: names tell none
	Hours                          int64     // in which there is an object
}

// Act is something that was tried.
type Act struct {
	Name string // list, read
	Done bool   // it could be done at least once
	Err  error  // the first failure
}

// Gap is a span in which a log has no objects though some are expected.
type Gap struct {
	Provider, Account, Region, Log string
	From, To                       time.Time
}

// Newest is the object whose window ends last.
type Newest struct {
	URI    string
	Window time.Time     // start of its window
	Length time.Duration // of the window
	Stored time.Time     // when the store got it
	Age    time.Duration // of the window's end
}

// Delivery is how long after the end of their windows objects were stored.
type Delivery struct {
	Objects       int64 // of which it is known
	Median, Worst time.Duration
}

// Problem is something to mend. Do says how.
type Problem struct {
	Kind string // permission, credentials, unreadable, format, fields, gap, late, empty
	Text string
	Do   string
	// Of a permission: the right in the cloud's words, and what grants it.
	Right, On, Grant string
}

// Readable reports whether there is anything to read.
func (r *Report) Readable() bool {
	return slices.ContainsFunc(r.Samples, func(s Sample) bool { return s.Err == nil && s.Format != "" })
}

func (c *Check) now() time.Time {
	if c.Now != nil {
		return c.Now().UTC()
	}
	return time.Now().UTC()
}

// Run lists the source and looks into some of its objects. The error is of ctx;
// all else is in the report.
func (c *Check) Run(ctx context.Context) (*Report, error) {
	l := listing{groups: map[key]*group{}}
	list, read := Act{Name: "list"}, Act{Name: "read"}
	r := &Report{}
	for o, err := range c.Source.Objects(ctx) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			list.Err = cmp.Or(list.Err, err)
			r.failed("list", o.URI, err)
			continue
		}
		if c.MaxObjects > 0 && l.objects == c.MaxObjects {
			r.AtLeast = true
			break
		}
		list.Done = true
		l.add(&o)
		if c.Progress != nil {
			c.Progress(l.objects, l.bytes)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	list.Done = list.Done || list.Err == nil
	r.Objects, r.Bytes, r.Unknown, r.Groups = l.objects, l.bytes, l.unknown, l.list()
	for _, o := range l.sample(cmp.Or(c.Samples, 8)) {
		s := c.look(ctx, &o)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if s.refused {
			read.Err = cmp.Or(read.Err, s.Err)
		} else {
			read.Done = true
		}
		if s.Err != nil {
			r.failed("read", o.URI, s.Err)
		}
		r.Samples = append(r.Samples, s)
	}
	for i := len(l.unsized) - 1; i >= 0 && !r.Readable() && read.Err == nil; i-- {
		if s := c.look(ctx, &l.unsized[i]); s.Format != "" || s.Err != nil {
			if s.refused {
				read.Err = s.Err
			}
			if s.Err != nil {
				r.failed("read", s.URI, s.Err)
			}
			r.Samples = append(r.Samples, s)
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	r.Acts = []Act{list}
	if len(r.Samples) > 0 {
		r.Acts = append(r.Acts, read)
	}
	r.Delivery = l.delivery()
	r.Gaps = l.gaps()
	c.newest(r, &l)
	r.Estimate = estimate(r, max(c.Cores, 1))
	r.conclude()
	return r, nil
}

// failed keeps an act that did not succeed as a problem, alike ones once.
func (r *Report) failed(act, uri string, err error) {
	p := Problem{Kind: "unreadable", Text: fmt.Sprintf("%s %s: %v", act, uri, err), Do: "look at the object: it may be cut, or no flow log; 'periplus formats' lists what is read"}
	var store *source.Refused
	var group *aws.Refused
	switch {
	case errors.As(err, &store) && store.Stranger, errors.As(err, &group) && group.Stranger:
		p = Problem{Kind: "credentials", Text: err.Error(), Do: "check which credentials are used, and whether they have expired; docs/sources.md says where they are taken from"}
	case store != nil:
		who := ""
		if store.Who != "" {
			who = store.Who + " "
		}
		p = Problem{Kind: "permission", Text: fmt.Sprintf("%smay not %s: %s is missing on %s", who, act, store.Right, store.On),
			Do: "grant it: " + store.Grant, Right: store.Right, On: store.On, Grant: store.Grant}
	case group != nil:
		grant := source.Statement(group.Right, group.On)
		p = Problem{Kind: "permission", Text: fmt.Sprintf("may not %s: %s is missing on %s", act, group.Right, group.On),
			Do: "grant it: " + grant, Right: group.Right, On: group.On, Grant: grant}
	case errors.Is(err, fs.ErrPermission):
		p.Kind, p.Do = "permission", "this user may not read it; change its permissions, or run as one who may"
	case errors.Is(err, fs.ErrNotExist):
		p.Do = "check the path: nothing is there"
	case errors.Is(err, format.ErrUnknown):
		p.Kind, p.Do = "format", "name it with --log-format or --aws-format; 'periplus formats' lists what is read"
	case act == "list":
		p.Do = "check the address, the credentials that this user has there, and the network; nothing was listed from there on"
	}
	if !slices.ContainsFunc(r.Problems, func(q Problem) bool {
		return q.Kind == p.Kind && (q.Text == p.Text || p.Right != "" && q.Right == p.Right && q.On == p.On)
	}) {
		r.Problems = append(r.Problems, p)
	}
}

// newest tells the newest object, and whether logs have stopped.
func (c *Check) newest(r *Report, l *listing) {
	o := l.newest
	if o == nil {
		return
	}
	end := o.Time.Add(o.Window)
	r.Newest = &Newest{URI: o.URI, Window: o.Time, Length: o.Window, Stored: o.ModTime, Age: max(0, c.now().Sub(end))}
	until := c.now()
	if !c.Until.IsZero() && c.Until.Before(until) {
		until = c.Until
	}
	// An archive that ended long ago is none that stopped.
	silent := until.Sub(end)
	if stored(o.URI) && silent > late(o.Hint.Provider) && silent < end.Sub(l.oldest()) {
		r.Problems = append(r.Problems, Problem{Kind: "late", Text: fmt.Sprintf("nothing was delivered for the %s after %s", round(silent), end.Format(time.RFC3339)),
			Do: "look whether the flow log is still on and may write to the bucket"})
	}
}

// late is how long after its window an object is expected at the latest.
func late(provider string) time.Duration {
	switch provider {
	case "gcp":
		return 4 * time.Hour // an hour's file, and its late shards
	case "azure":
		return 2 * time.Hour
	}
	return time.Hour
}

// round leaves of a duration what people want to read.
func round(d time.Duration) time.Duration {
	if d > time.Hour {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// conclude adds the problems that the samples and gaps show.
func (r *Report) conclude() {
	if r.Objects == 0 && len(r.Problems) == 0 {
		r.Problems = append(r.Problems, Problem{Kind: "empty", Text: "there is no object", Do: "check the address and what is chosen with --from, --to, --account, --region, --flow-log and --glob; docs/enable.md turns logs on"})
	}
	told := map[string]bool{}
	for i := range r.Samples {
		s := &r.Samples[i]
		if text := s.without(); text != "" && !told[s.Format+text] {
			told[s.Format+text] = true
			do := "a flow log's format cannot be changed: make a new one beside it with the recommended format"
			if s.Format == "gcp-flow" {
				do = "set " + s.Recommended
			}
			r.Problems = append(r.Problems, Problem{Kind: "fields", Text: fmt.Sprintf("%s lacks %s", s.URI, text), Do: do + "; see docs/enable.md"})
		}
		if s.Format == "azure-nsg" && !told[s.Format] {
			told[s.Format] = true
			r.Problems = append(r.Problems, Problem{Kind: "fields", Text: "flow logs of network security groups end on 2027-09-30", Do: "turn on flow logs of the virtual networks: deploy/azure"})
		}
		if s.Early != nil {
			r.Problems = append(r.Problems, Problem{Kind: "unreadable", Text: fmt.Sprintf("%s: %v", s.URI, s.Early), Do: "what comes before that is read; deliver the object again, and it is read anew"})
		}
		if s.Bad > 0 && s.Err == nil {
			r.Problems = append(r.Problems, Problem{Kind: "format", Text: fmt.Sprintf("%s: %d of %d lines are bad", s.URI, s.Bad, s.Bad+s.Records), Do: "look at them with 'periplus explain'; text without a header needs --aws-format"})
		}
	}
	if r.has("gcp-flow") && !r.has("gcp-firewall") {
		r.Problems = append(r.Problems, Problem{Kind: "fields", Text: "Google Cloud's flow logs do not tell what the firewall denied, and no firewall log was seen", Do: "turn on logging for firewall rules and read compute.googleapis.com/firewall too: docs/enable.md"})
	}
	for _, g := range r.Gaps {
		r.Problems = append(r.Problems, Problem{Kind: "gap", Text: fmt.Sprintf("%s has no object from %s to %s", g.name(), g.From.Format(time.RFC3339), g.To.Format(time.RFC3339)),
			Do: "look whether they were deleted, or never delivered"})
	}
}

// has reports whether a format was seen, or a layout that tells it.
func (r *Report) has(format string) bool {
	_, log, _ := strings.Cut(format, "-")
	return slices.ContainsFunc(r.Samples, func(s Sample) bool { return s.Format == format }) ||
		slices.ContainsFunc(r.Groups, func(g Group) bool { return g.Provider == "gcp" && strings.HasSuffix(g.Layout, log) })
}
