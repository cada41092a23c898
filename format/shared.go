package format

import "github.com/periplus/periplus/periplus"

// Shared lets readers that follow each other hand out the same *Place for the
// same place, so that a thousand files of five thousand interfaces each meet
// them once. What is read does not depend on it. The zero value is empty; one
// goroutine uses it at a time.
type Shared struct {
	places map[periplus.Place]*periplus.Place
	tables map[string]*fastTable // by what else is known of a place
}

// What a Shared remembers at most; what was handed out stays valid.
const (
	maxSharedPlaces = 1 << 17
	maxSharedTables = 64
)

// place returns the one of all equal places.
func (s *Shared) place(p periplus.Place) *periplus.Place {
	if known := s.places[p]; known != nil {
		return known
	}
	if s.places == nil || len(s.places) >= maxSharedPlaces {
		s.places = map[periplus.Place]*periplus.Place{}
	}
	s.places[p] = &p
	return &p
}

// fast is the table for lines under one hint.
func (s *Shared) fast(hint []byte) *fastTable {
	if t := s.tables[string(hint)]; t != nil {
		return t
	}
	if s.tables == nil || len(s.tables) >= maxSharedTables {
		s.tables = map[string]*fastTable{}
	}
	t := newFastTable()
	s.tables[string(hint)] = t
	return t
}
