package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a time: RFC 3339 ("2026-11-01T10:00:00Z"), a date or a date
// with a time, in UTC ("2026-11-01", "2026-11-01 10:00"), "now", "today",
// "yesterday", an offset from now ("-6h", "now-2d", "-1d12h", "now+5m"), or
// seconds since 1970. Units are s, m, h, d and w.
func ParseTime(text string, now time.Time) (time.Time, error) {
	s := strings.TrimSpace(text)
	lower := strings.ToLower(s)
	now = now.UTC()
	switch lower {
	case "now":
		return now, nil
	case "today":
		return now.Truncate(24 * time.Hour), nil
	case "yesterday":
		return now.Truncate(24 * time.Hour).Add(-24 * time.Hour), nil
	}
	if offset := strings.TrimPrefix(lower, "now"); offset != "" && (offset[0] == '-' || offset[0] == '+') {
		d, err := parseOffset(offset[1:])
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no time: %w", text, err)
		}
		if offset[0] == '-' {
			d = -d
		}
		return inYears(text, now.Add(d))
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) >= 9 && len(s) <= 13 {
		if len(s) == 13 {
			return inYears(text, time.UnixMilli(n).UTC())
		}
		return inYears(text, time.Unix(n, 0).UTC())
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04",
		"2006-01-02 15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return inYears(text, t.UTC())
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-01T10:00:00Z, 2026-11-01, -6h or now-2d", text)
}

// inYears keeps times to those that every engine can write.
func inYears(text string, t time.Time) (time.Time, error) {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%q is no time between 1970 and 9999", text)
	}
	return t, nil
}

var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

func parseOffset(s string) (time.Duration, error) {
	var d time.Duration
	for first := true; first || s != ""; first = false {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.ParseInt(s[:i], 10, 32)
		if err != nil || i >= len(s) || units[s[i]] == 0 {
			return 0, fmt.Errorf("an offset is written like 6h, 2d or 1d12h, with s, m, h, d or w")
		}
		if n > int64(100*365*24*time.Hour/units[s[i]]) {
			return 0, fmt.Errorf("more than 100 years")
		}
		d += time.Duration(n) * units[s[i]]
		if d > 100*365*24*time.Hour {
			return 0, fmt.Errorf("more than 100 years")
		}
		s = s[i+1:]
	}
	return d, nil
}
