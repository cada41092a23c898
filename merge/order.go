package merge

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/periplus/periplus/periplus"
)

// compareConversation orders rows by whose packets they are.
func compareConversation(a, b *row) int {
	return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server), compareBool(a.HasPort, b.HasPort),
		cmp.Compare(a.ServerPort, b.ServerPort), cmp.Compare(a.Protocol, b.Protocol),
		cmp.Compare(a.clientNet, b.clientNet), cmp.Compare(a.serverNet, b.serverNet))
}

// compareRows orders rows by conversation and time, then by everything that
// they say, so that the result never depends on how they came.
func compareRows(a, b *row) int {
	if c := compareConversation(a, b); c != 0 {
		return c
	}
	if c := cmp.Or(a.FirstSeen.Compare(b.FirstSeen), a.LastSeen.Compare(b.LastSeen), a.Bucket.Compare(b.Bucket)); c != 0 {
		return c
	}
	if c := comparePlaces(a.Place, b.Place); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Observer, b.Observer), cmp.Compare(a.Verdict, b.Verdict), compareNotes(a.Note, b.Note),
		compareCount(a.RequestPackets, b.RequestPackets), compareCount(a.RequestBytes, b.RequestBytes),
		compareCount(a.ResponsePackets, b.ResponsePackets), compareCount(a.ResponseBytes, b.ResponseBytes),
		cmp.Compare(a.Records, b.Records), cmp.Compare(a.Connections, b.Connections), compareCount(a.Opened, b.Opened),
		cmp.Compare(a.TCPFlags, b.TCPFlags), compareBool(a.Sampled, b.Sampled), cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Object, b.Object))
}

func comparePlaces(a, b *periplus.Place) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Network, b.Network))
}

func compareNotes(a, b *periplus.Note) int {
	if a == b {
		return 0
	}
	var x, y periplus.Note
	if a != nil {
		x = *a
	}
	if b != nil {
		y = *b
	}
	return cmp.Or(cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Encryption, y.Encryption))
}

func compareCount(a, b periplus.Count) int {
	return cmp.Or(compareBool(a.Known, b.Known), cmp.Compare(a.N, b.N))
}

// sortFew sorts what is large to copy and mostly little and in order.
func sortFew[T any](all []T, compare func(a, b *T) int) {
	if len(all) > 32 {
		slices.SortFunc(all, func(a, b T) int { return compare(&a, &b) })
		return
	}
	for i := 1; i < len(all); i++ {
		at := i
		for at > 0 && compare(&all[i], &all[at-1]) < 0 {
			at--
		}
		if at < i {
			moved := all[i]
			copy(all[at+1:i+1], all[at:i])
			all[at] = moved
		}
	}
}

// inText is where a number from 0 to 255 stands among the others as text: 0, 1,
// 10, 100, 101 …
var inText = func() (place [256]uint8) {
	numbers := make([]int, 256)
	for i := range numbers {
		numbers[i] = i
	}
	slices.SortFunc(numbers, func(a, b int) int { return cmp.Compare(strconv.Itoa(a), strconv.Itoa(b)) })
	for i, n := range numbers {
		place[n] = uint8(i)
	}
	return place
}()

// CompareText orders addresses as their text, which is how SQL orders them. A
// dot is less than a digit, so the text of IPv4 is ordered number by number.
func CompareText(a, b netip.Addr) int {
	if a == b {
		return 0
	}
	if a.Is4() && b.Is4() {
		return cmp.Compare(TextKey(a), TextKey(b))
	}
	var x, y [64]byte
	return bytes.Compare(appendText(x[:0], a), appendText(y[:0], b))
}

// TextKey returns a number that orders an IPv4 address among others as
// CompareText does.
func TextKey(a netip.Addr) uint32 {
	v := a.As4()
	return uint32(inText[v[0]])<<24 | uint32(inText[v[1]])<<16 | uint32(inText[v[2]])<<8 | uint32(inText[v[3]])
}

func appendText(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b // as SQL has it: ''
	}
	return a.AppendTo(b)
}
