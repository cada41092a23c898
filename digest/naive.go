package digest

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/periplus/periplus/periplus"
)

// naive is the plain first version: everything in memory, orientation by the
// record's own evidence.
func naive(b *Batch) *Result {
	type key struct {
		object         int64
		bucket         time.Time
		place          periplus.Place
		client, server netip.Addr
		port           uint16
		hasPort        bool
		proto          uint8
		verdict        periplus.Verdict
		reason         string
	}
	rows := map[key]*periplus.Flow{}
	ports := map[key]map[uint16]bool{}
	res := &Result{Spans: map[int64]Span{}}
	type ckey struct {
		hour  time.Time
		place periplus.Place
	}
	cover := map[ckey]*periplus.Coverage{}
	for _, o := range b.objects {
		span := Span{}
		for i := range o.recs {
			r := &o.recs[i]
			ck := ckey{r.Booked.Truncate(time.Hour), *r.Place}
			c := cover[ck]
			if c == nil {
				p := r.Place
				c = &periplus.Coverage{Hour: ck.hour, Provider: p.Provider, Account: p.Account, Network: p.Network, Subnet: p.Subnet, Region: p.Region, Interface: p.Interface, Log: p.Log}
				cover[ck] = c
			}
			switch r.Mark {
			case periplus.MarkNoData:
				c.NoData++
				continue
			case periplus.MarkSkipData:
				c.SkipData++
				continue
			}
			n := int64(1)
			if r.Part {
				n = 0
			}
			c.Records += n
			span.Records += n
			c.KeepsPassed = c.KeepsPassed || r.Mark == periplus.MarkFlow && !r.Verdict.Stopped()
			if span.First.IsZero() || r.Start.Before(span.First) {
				span.First = r.Start
			}
			if r.End.After(span.Last) {
				span.Last = r.End
			}
			src, dst := r.Ends()
			hasPort := r.Has&periplus.HasDstPort != 0 && !periplus.Portless(r.Protocol)
			rev := false // src is the server
			by := periplus.ByPort
			switch {
			case r.Has&periplus.HasTCPFlags != 0 && r.TCPFlags&periplus.SYN != 0:
				rev, by = r.TCPFlags&periplus.ACK != 0, periplus.ByFlags
			case r.Initiator:
				by = periplus.ByProvider
			case !hasPort || r.SrcPort == r.DstPort:
				rev, by = src.Less(dst), periplus.ByUndecided
			case (r.SrcPort < 1024) != (r.DstPort < 1024):
				rev, by = r.SrcPort < 1024, periplus.ByPrivileged
			default:
				rev = r.SrcPort < r.DstPort
			}
			k := key{object: o.id, bucket: r.Booked.Truncate(periplus.Bucket), place: *r.Place, client: src, server: dst, port: r.DstPort, hasPort: hasPort, proto: r.Protocol, verdict: r.Verdict}
			cport := r.SrcPort
			if rev {
				k.client, k.server, k.port, cport = dst, src, r.SrcPort, r.DstPort
			}
			if !hasPort {
				k.port, cport = 0, 0
			}
			if r.Note != nil {
				k.reason = r.Note.Reason
			}
			f := rows[k]
			if f == nil {
				f = &periplus.Flow{Object: k.object, Bucket: k.bucket, FirstSeen: r.Start, LastSeen: r.End, Place: r.Place, Client: k.client, Server: k.server, ServerPort: k.port, HasPort: hasPort, Protocol: k.proto, OrientedBy: by, Verdict: r.Verdict, Note: r.Note}
				switch {
				case r.Direction == periplus.Through:
					f.Observer = periplus.ObserverMiddle
				case r.Direction == periplus.DirectionUnknown:
				case (r.Direction == periplus.Egress) != rev:
					f.Observer = periplus.ObserverClient
				default:
					f.Observer = periplus.ObserverServer
				}
				rows[k] = f
				ports[k] = map[uint16]bool{}
			}
			if hasPort {
				ports[k][cport] = true
			}
			f.Connections = max(1, int64(len(ports[k])))
			f.Records += n
			fp := periplus.Count{N: int64(r.Packets), Known: r.Has&periplus.HasPackets != 0}
			fb := periplus.Count{N: int64(r.Bytes), Known: r.Has&periplus.HasBytes != 0}
			rp := periplus.Count{N: int64(r.RevPackets), Known: r.Has&periplus.HasRevPackets != 0}
			rb := periplus.Count{N: int64(r.RevBytes), Known: r.Has&periplus.HasRevBytes != 0}
			if rev {
				fp, fb, rp, rb = rp, rb, fp, fb
			}
			f.RequestPackets.Add(fp)
			f.RequestBytes.Add(fb)
			f.ResponsePackets.Add(rp)
			f.ResponseBytes.Add(rb)
			f.TCPFlags |= r.TCPFlags
			f.Sampled = f.Sampled || r.Sampled
			if r.Start.Before(f.FirstSeen) {
				f.FirstSeen = r.Start
			}
			if r.End.After(f.LastSeen) {
				f.LastSeen = r.End
			}
		}
		res.Spans[o.id] = span
	}
	for _, c := range cover {
		res.Coverage = append(res.Coverage, *c)
	}
	slices.SortFunc(res.Coverage, func(a, b periplus.Coverage) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Log, b.Log))
	})
	var out []*periplus.Flow
	for _, f := range rows {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *periplus.Flow) int {
		return cmp.Or(a.Bucket.Truncate(time.Hour).Compare(b.Bucket.Truncate(time.Hour)), a.Client.Compare(b.Client), a.Server.Compare(b.Server),
			cmp.Compare(a.ServerPort, b.ServerPort), cmp.Compare(a.Protocol, b.Protocol), a.Bucket.Compare(b.Bucket), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Place.Interface, b.Place.Interface), cmp.Compare(a.Verdict, b.Verdict))
	})
	res.Rows = func(yield func(*periplus.Flow, error) bool) {
		for _, f := range out {
			if !yield(f, nil) {
				return
			}
		}
	}
	return res
}
