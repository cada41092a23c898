package periplus

import (
	"fmt"
	"testing"
)

// A log that makes up a name for every value fills no memory, and no value is
// lost from the count.
func TestStatsUnknownHasABound(t *testing.T) {
	var all, one Stats
	for i := range 1000 {
		one.AddUnknown(fmt.Sprint("made-up-", i), 2)
	}
	one.AddUnknown("made-up-3", 1)
	all.AddUnknown("made-up-999", 5)
	all.Add(&one)
	for _, s := range []*Stats{&one, &all} {
		if len(s.Unknown) != MaxUnknown+1 {
			t.Errorf("%d columns told apart; want %d and the others", len(s.Unknown), MaxUnknown)
		}
	}
	var values int64
	for _, n := range all.Unknown {
		values += n
	}
	if values != 2006 || one.Unknown["made-up-3"] != 3 || one.Unknown[OtherColumns] != 2*900 || all.Unknown["made-up-999"] != 5 {
		t.Errorf("%d values, %d of column 3, %d of others, %d of a column kept before; want 2006, 3, 1800, 5",
			values, one.Unknown["made-up-3"], one.Unknown[OtherColumns], all.Unknown["made-up-999"])
	}
}
