package query

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Literal is the statement with its values in it, for people: it runs on
// DuckDB (with the prelude) and on Trino as it stands.
func (s Statement) Literal() string {
	var b strings.Builder
	inside, next := false, 0
	for i := range len(s.SQL) {
		switch c := s.SQL[i]; {
		case c == '\'':
			inside = !inside
			b.WriteByte(c)
		case c == '?' && !inside && next < len(s.Args):
			b.WriteString(literal(s.Args[next]))
			next++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case time.Time:
		if v.Nanosecond() == 0 {
			return fmt.Sprintf("from_unixtime(%d)", v.Unix())
		}
		return fmt.Sprintf("from_unixtime(%d.%06de0)", v.Unix(), v.Nanosecond()/1000)
	case []byte:
		return "from_hex('" + hex.EncodeToString(v) + "')"
	}
	return fmt.Sprint(v)
}
