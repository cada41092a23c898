package doctor

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// key tells groups apart.
type key struct{ layout, provider, account, region, log string }

// group is what is kept of a group while it is listed.
type group struct {
	Group
	hours          map[int64]bool // since 1970, in which there is an object
	newest, oldest periplus.Object
}

// listing is what is kept of all objects.
type listing struct {
	objects, bytes int64
	unknown        int64 // objects whose size nobody knows
	groups         map[key]*group
	newest         *periplus.Object
	// unsized are the last objects whose size nobody knows: a log group's windows,
	// of which the newest are often empty still.
	unsized []periplus.Object
	delays  []int32 // seconds from the end of a window until it was stored
}

// maxUnsized is how many objects of unknown size are looked into for one that
// holds something.
const maxUnsized = 32

// layout is the layout that an object's name is in.
func layout(uri string) string {
	if aws.IsGroup(uri) {
		return "CloudWatch Logs"
	}
	path, err := url.PathUnescape(uri)
	if err != nil {
		path = uri
	}
	return source.Layout(path)
}

// add takes an object in.
func (l *listing) add(o *periplus.Object) {
	l.objects++
	l.bytes += max(0, o.Size)
	if o.Size < 0 {
		if len(l.unsized) == maxUnsized {
			l.unsized = l.unsized[:copy(l.unsized, l.unsized[1:])]
		}
		l.unsized = append(l.unsized, *o)
		l.unknown++
	}
	k := key{layout(o.URI), o.Hint.Provider, o.Hint.Account, o.Hint.Region, o.Hint.Log}
	g := l.groups[k]
	if g == nil {
		g = &group{Group: Group{Layout: k.layout, Provider: k.provider, Account: k.account, Region: k.region, Log: k.log}, hours: map[int64]bool{}, newest: *o, oldest: *o}
		l.groups[k] = g
	}
	g.Objects++
	g.Bytes += max(0, o.Size)
	if later(o, &g.newest) {
		g.newest = *o
	}
	if later(&g.oldest, o) {
		g.oldest = *o
	}
	if o.Time.IsZero() {
		return
	}
	end := o.Time.Add(o.Window)
	if g.From.IsZero() || o.Time.Before(g.From) {
		g.From = o.Time
	}
	if end.After(g.To) {
		g.To = end
	}
	for h := o.Time.Unix() / 3600; h*3600 < end.Unix(); h++ {
		g.hours[h] = true
	}
	if l.newest == nil || later(o, l.newest) {
		x := *o
		l.newest = &x
	}
	if stored(o.URI) && o.Window < 24*time.Hour {
		l.delays = append(l.delays, int32(o.ModTime.Sub(end)/time.Second))
	}
}

// later reports whether a is of a later window than b, or was stored later.
func later(a, b *periplus.Object) bool {
	return cmp.Or(a.Time.Add(a.Window).Compare(b.Time.Add(b.Window)), a.ModTime.Compare(b.ModTime), cmp.Compare(b.URI, a.URI)) > 0
}

// stored reports whether the time at which an object was written is that of its
// delivery: a file on this machine may have been copied.
func stored(uri string) bool {
	scheme, _, _ := strings.Cut(uri, ":")
	return scheme == "s3" || scheme == "gs" || scheme == "azblob"
}

// oldest is the start of the first window.
func (l *listing) oldest() time.Time {
	var t time.Time
	for _, g := range l.groups {
		if !g.From.IsZero() && (t.IsZero() || g.From.Before(t)) {
			t = g.From
		}
	}
	return t
}

func (l *listing) sorted() []*group {
	out := make([]*group, 0, len(l.groups))
	for _, g := range l.groups {
		g.Hours = int64(len(g.hours))
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Layout, b.Layout))
	})
	return out
}

func (l *listing) list() []Group {
	var out []Group
	for _, g := range l.sorted() {
		out = append(out, g.Group)
	}
	return out
}

// sample chooses objects to look into: the newest of every layout, the newest
// and the oldest of all, then the newest of each log.
func (l *listing) sample(most int) []periplus.Object {
	groups := l.sorted()
	byTime := slices.Clone(groups)
	slices.SortStableFunc(byTime, func(a, b *group) int { return b.newest.Time.Compare(a.newest.Time) })
	var out []periplus.Object
	have := map[string]bool{}
	take := func(o periplus.Object) {
		if len(out) < most && !have[o.URI] {
			have[o.URI] = true
			out = append(out, o)
		}
	}
	layouts := map[string]bool{}
	for _, g := range byTime {
		if !layouts[g.Layout] {
			layouts[g.Layout] = true
			take(g.newest)
		}
	}
	if len(groups) > 0 {
		oldest := slices.MinFunc(groups, func(a, b *group) int {
			return cmp.Or(a.oldest.Time.Compare(b.oldest.Time), cmp.Compare(a.oldest.URI, b.oldest.URI))
		})
		take(oldest.oldest)
	}
	for _, g := range byTime {
		take(g.newest)
	}
	for _, g := range byTime {
		take(g.oldest)
	}
	slices.SortFunc(out, func(a, b periplus.Object) int { return cmp.Compare(a.URI, b.URI) })
	return out
}

func (l *listing) delivery() Delivery {
	if len(l.delays) == 0 {
		return Delivery{}
	}
	slices.Sort(l.delays)
	n := len(l.delays)
	return Delivery{Objects: int64(n), Median: time.Duration(l.delays[n/2]) * time.Second, Worst: time.Duration(l.delays[n-1]) * time.Second}
}

// gaps are the spans in which a log has no object, told to the hour, by the
// rules by which the lake tells gaps (query.Gap): between two hours with
// objects, for a log that has some in at least half of the hours from its first
// to its last; and after its last, as long as others go on and it has objects
// in at least half of the hours since its first.
func (l *listing) gaps() []Gap {
	type log struct{ provider, account, region, log string }
	logs := map[log]map[int64]bool{}
	end := int64(0)
	for k, g := range l.groups {
		if len(g.hours) == 0 {
			continue
		}
		id := log{k.provider, k.account, k.region, k.log}
		if logs[id] == nil {
			logs[id] = map[int64]bool{}
		}
		for h := range g.hours {
			logs[id][h] = true
			end = max(end, h)
		}
	}
	var out []Gap
	at := func(h int64) time.Time { return time.Unix(h*3600, 0).UTC() }
	for id, set := range logs {
		var hours []int64
		for h := range set {
			hours = append(hours, h)
		}
		slices.Sort(hours)
		n := int64(len(hours))
		add := func(from, to int64) {
			out = append(out, Gap{id.provider, id.account, id.region, id.log, at(from), at(to)})
		}
		first, last := hours[0], hours[n-1]
		if 2*n >= last-first+1 {
			for i := 1; i < len(hours); i++ {
				if hours[i]-hours[i-1] > 1 {
					add(hours[i-1]+1, hours[i])
				}
			}
		}
		if until := end - lateHours[id.provider]; until > last+1 && 2*n >= until-first {
			add(last+1, until)
		}
	}
	slices.SortFunc(out, func(a, b Gap) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.name(), b.name()), a.To.Compare(b.To))
	})
	return out
}

// lateHours is query's: hours that may not be delivered yet.
var lateHours = map[string]int64{"gcp": 3, "azure": 1}

func (g *Gap) name() string {
	var parts []string
	for _, p := range []string{g.Provider, g.Account, g.Region, g.Log} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}
