package format

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// The groups of slots.
const (
	groupPlace = iota
	groupNote
	groupOwn
	groupSrc
	groupDst
)

// Which groups of slots changed.
const (
	dirtyPlace = 1 << groupPlace
	dirtyNote  = 1 << groupNote
	dirtyOwn   = 1 << groupOwn
	dirtySrc   = 1 << groupSrc
	dirtyDst   = 1 << groupDst
	dirtyAll   = dirtyPlace | dirtyNote | dirtyOwn | dirtySrc | dirtyDst
)

func groupOf(op awsOp) int {
	switch {
	case op < awsPlaceEnd:
		return groupPlace
	case op < awsNoteEnd:
		return groupNote
	case op < awsOwnEnd:
		return groupOwn
	case op < awsSrcEnd:
		return groupSrc
	}
	return groupDst
}

// slotDirty is what a new value of each slot makes dirty. A place is part of
// who its own end is.
var slotDirty = func() (d [awsSlots]uint8) {
	for i := range d {
		if d[i] = 1 << groupOf(awsOp(i)); d[i] == dirtyPlace {
			d[i] |= dirtyOwn
		}
	}
	return d
}()

// slot holds the last value of a column that makes part of something shared.
type slot struct{ last []byte }

// awsShare hands out the same Place, Note and Identity for the same words. The
// words of the line before lie in slots; only when one changed is anything
// looked up, by all words of its group.
type awsShare struct {
	slots [awsSlots]slot
	used  [5][]awsOp // the slots that columns fill, in order, by group
	hint  periplus.Place
	key   []byte
	// hintKey tells the places of one hint from those of another.
	hintKey []byte

	shared   *Shared
	places   map[string]*awsPlace
	notes    map[string]*periplus.Note
	idents   map[string]*periplus.Identity
	lost     map[lostKey]*periplus.Note
	current  *awsPlace
	place    *periplus.Place
	note     *periplus.Note
	identity *periplus.Identity // of the interface's own end
	srcID    *periplus.Identity
	dstID    *periplus.Identity
}

type lostKey struct {
	note   *periplus.Note
	reason string
}

// awsPlace is a Place and which address is its own, as far as its records say.
type awsPlace struct {
	*periplus.Place
	met    bool
	a, b   netip.Addr // what may be its own address; b invalid: a is the only one
	denied bool       // no address is in all of its records
}

func (s *awsShare) init(opt Options) {
	if s.shared = opt.Shared; s.shared == nil {
		s.shared = new(Shared)
	}
	s.places = map[string]*awsPlace{}
	s.notes = map[string]*periplus.Note{}
	s.idents = map[string]*periplus.Identity{}
	s.lost = map[lostKey]*periplus.Note{}
	if opt.Object != nil {
		s.from(opt.Object.Hint)
	}
}

// begin drops the last values: other columns follow.
func (s *awsShare) begin(cols []awsCol) {
	for i := range s.used {
		s.used[i] = s.used[i][:0]
	}
	for i := range s.slots {
		s.slots[i].last = s.slots[i].last[:0]
		if slices.ContainsFunc(cols, func(c awsCol) bool { return c.op == awsOp(i) }) {
			g := groupOf(awsOp(i))
			s.used[g] = append(s.used[g], awsOp(i))
		}
	}
}

// set replaces the last value of a slot.
func (s *awsShare) set(op awsOp, v []byte) {
	s.slots[op].last = append(s.slots[op].last[:0], v...)
}

// from says what is known of a place that the line itself does not name.
func (s *awsShare) from(hint periplus.Place) {
	s.hint = hint
	s.hintKey = s.hintKey[:0]
	for _, v := range []string{hint.Account, hint.Region, hint.Interface, hint.Log} {
		s.hintKey = append(append(s.hintKey, v...), 0)
	}
}

func (s *awsShare) get(op awsOp) string {
	if v := s.slots[op].last; len(v) > 0 && !(len(v) == 1 && v[0] == '-') {
		return validText(string(v))
	}
	return ""
}

// validText is text as every engine takes it: some refuse a whole file of which
// one byte is no UTF-8.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// words adds a group's slots to a key. It reports whether one says anything.
func (s *awsShare) words(key []byte, used []awsOp) (_ []byte, says bool) {
	for _, op := range used {
		v := s.slots[op].last
		if len(v) > 1 || len(v) == 1 && v[0] != '-' {
			says = true
		}
		key = append(append(append(key, byte(op)), v...), 0)
	}
	return key, says
}

// lookup brings what changed up to date.
func (s *awsShare) lookup(dirty uint8, gateway bool) {
	if dirty&dirtyPlace != 0 {
		s.key, _ = s.words(append(s.key[:0], s.hintKey...), s.used[groupPlace])
		if gateway {
			s.key = append(s.key, 'g')
		}
		p, ok := s.places[string(s.key)]
		if !ok {
			p = s.newPlace(gateway)
			s.places[string(s.key)] = p
		}
		s.current, s.place = p, p.Place
	}
	if dirty&dirtyNote != 0 {
		s.note = nil
		var says bool
		if s.key, says = s.words(s.key[:0], s.used[groupNote]); says {
			n, ok := s.notes[string(s.key)]
			if !ok {
				n = s.newNote()
				s.notes[string(s.key)] = n
			}
			s.note = n
		}
	}
	if dirty&dirtyOwn != 0 {
		s.identity = s.ident(groupOwn, s.newOwn)
	}
	if dirty&dirtySrc != 0 {
		s.srcID = s.ident(groupSrc, func() *periplus.Identity {
			return &periplus.Identity{Account: s.get(awsSrcAccount), Network: s.get(awsSrcVPC)}
		})
	}
	if dirty&dirtyDst != 0 {
		s.dstID = s.ident(groupDst, func() *periplus.Identity {
			return &periplus.Identity{Account: s.get(awsDstAccount), Network: s.get(awsDstVPC)}
		})
	}
}

// ident is the identity that a group of slots says; nil: it says nothing.
func (s *awsShare) ident(group byte, make func() *periplus.Identity) *periplus.Identity {
	if len(s.used[group]) == 0 {
		return nil
	}
	var says bool
	if s.key, says = s.words(append(s.key[:0], group), s.used[group]); !says {
		return nil
	}
	if group == groupOwn {
		s.key = append(s.key, s.hintKey...)
		s.key, _ = s.words(s.key, s.used[groupPlace])
	}
	id, ok := s.idents[string(s.key)]
	if !ok {
		id = make()
		s.idents[string(s.key)] = id
	}
	return id
}

func (s *awsShare) newPlace(gateway bool) *awsPlace {
	p := s.hint
	set := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	p.Provider = "aws"
	if a := s.get(awsAccount); a != "unknown" {
		set(&p.Account, a)
	}
	set(&p.Region, s.get(awsRegion))
	set(&p.Zone, s.get(awsZone))
	set(&p.Network, s.get(awsVPC))
	set(&p.Subnet, s.get(awsSubnet))
	set(&p.Interface, s.get(awsResource)) // stands in where interface-id is "-"
	set(&p.Interface, s.get(awsInterface))
	set(&p.Instance, string(s.slots[awsInstance].last))
	p.InterfaceType = strings.ToLower(strings.ReplaceAll(s.get(awsInterfaceType), "-", "_"))
	if gateway {
		set(&p.Interface, s.get(awsAttachment))
		p.InterfaceType, p.Instance = "transit_gateway", "-"
	}
	for _, word := range []*string{&p.Account, &p.Region, &p.Zone, &p.Network, &p.Subnet, &p.Interface, &p.InterfaceType, &p.Instance, &p.Log} {
		*word = validText(*word)
	}
	return &awsPlace{Place: s.shared.place(p)}
}

func (s *awsShare) newNote() *periplus.Note {
	n := &periplus.Note{
		Reason:     s.get(awsRejectReason),
		SrcService: s.get(awsSrcService),
		DstService: s.get(awsDstService),
		Path:       s.get(awsTrafficPath),
		Encryption: s.get(awsEncryption),
	}
	if word, ok := awsPaths[n.Path]; ok {
		n.Path = word
	}
	if word, ok := awsEncryptions[n.Encryption]; ok {
		n.Encryption = word
	}
	return n
}

// awsPaths are the values of traffic-path in words.
var awsPaths = map[string]string{
	"1": "same_vpc",
	"2": "internet_or_gateway_endpoint",
	"3": "virtual_private_gateway",
	"4": "peering",
	"5": "peering_regions",
	"6": "local_gateway",
	"7": "gateway_endpoint",
	"8": "internet_gateway",
}

// awsEncryptions are the values of encryption-status in words.
var awsEncryptions = map[string]string{"0": "none", "1": "nitro", "2": "application", "3": "nitro+application"}

// newOwn is what the line says of the interface's own end.
func (s *awsShare) newOwn() *periplus.Identity {
	id := &periplus.Identity{
		Account: s.place.Account, Region: s.place.Region, Zone: s.place.Zone,
		Network: s.place.Network, Subnet: s.place.Subnet,
	}
	if task, cluster := s.get(awsECSTask), s.get(awsECSCluster); task != "" || cluster != "" || s.get(awsECSService) != "" {
		id.Name, id.Kind, id.Service = task, "aws.ecs", s.get(awsECSService)
		if cluster != "" {
			id.Tags = append(id.Tags, periplus.Column{Name: "ecs-cluster-name", Value: cluster})
		}
	} else if strings.HasPrefix(s.place.Instance, "i-") {
		id.Kind = "aws.ec2"
	}
	for i, name := range awsTags {
		if v := s.get(awsTag1 + awsOp(i)); v != "" {
			if text, err := url.PathUnescape(v); err == nil {
				v = validText(text)
			}
			id.Tags = append(id.Tags, periplus.Column{Name: name, Value: v})
		}
	}
	return id
}

// lostNote is note with the reason why a gateway lost packets.
func (s *awsShare) lostNote(note *periplus.Note, reason string) *periplus.Note {
	k := lostKey{note, reason}
	n, ok := s.lost[k]
	if !ok {
		n = &periplus.Note{}
		if note != nil {
			*n = *note
		}
		n.Reason = reason
		s.lost[k] = n
	}
	return n
}

// own gives the identity to the end that is the interface's own: by
// flow-direction, else (IPv4, whose interfaces write their primary address
// only) by the one address that all of its records share.
func (s *awsShare) own(rec *periplus.Record) {
	side := rec.Direction
	if side == periplus.DirectionUnknown {
		side = s.current.side(rec.Src, rec.Dst)
	}
	// A packet-level address that differs is a pod or the far end of a NAT.
	switch side {
	case periplus.Egress:
		if !rec.PktSrc.IsValid() || rec.PktSrc == rec.Src {
			rec.SrcID = s.identity
		}
	case periplus.Ingress:
		if !rec.PktDst.IsValid() || rec.PktDst == rec.Dst {
			rec.DstID = s.identity
		}
	}
}

// side is the direction that the addresses of a place's records give away.
func (p *awsPlace) side(src, dst netip.Addr) periplus.Direction {
	if !src.Is4() || !dst.Is4() || src == dst {
		return periplus.DirectionUnknown
	}
	if !p.met {
		p.met, p.a, p.b = true, src, dst
	} else if !p.denied {
		in := func(a netip.Addr) bool { return a.IsValid() && (a == src || a == dst) }
		switch okA, okB := in(p.a), in(p.b); {
		case okA && okB:
		case okA:
			p.b = netip.Addr{}
		case okB:
			p.a, p.b = p.b, netip.Addr{}
		default:
			p.denied = true
		}
	}
	switch {
	case p.denied || p.b.IsValid():
		return periplus.DirectionUnknown
	case p.a == src:
		return periplus.Egress
	}
	return periplus.Ingress
}
