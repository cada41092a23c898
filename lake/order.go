package lake

import (
	"cmp"

	"github.com/periplus/periplus/periplus"
)

// compareFlows orders the rows of one hour as they lie in a file.
func compareFlows(a, b *periplus.Flow) int {
	if c := a.Client.Compare(b.Client); c != 0 {
		return c
	}
	if c := a.Server.Compare(b.Server); c != 0 {
		return c
	}
	if a.HasPort != b.HasPort {
		if b.HasPort {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.ServerPort, b.ServerPort), cmp.Compare(a.Protocol, b.Protocol),
		a.Bucket.Compare(b.Bucket), cmp.Compare(a.Object, b.Object))
}
