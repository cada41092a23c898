package query

import "fmt"

// Mistake is an error in what was asked (an unknown level, an id that no group
// has), not in answering it: who asked can mend it.
type Mistake struct{ Msg string }

func (m *Mistake) Error() string { return m.Msg }

func mistake(format string, args ...any) error {
	return &Mistake{fmt.Sprintf(format, args...)}
}
