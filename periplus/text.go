package periplus

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// TagText writes tags as lines of key=value, percent-encoded and sorted, which
// is how the lake keeps them.
func TagText(tags []Column) string {
	lines := make([]string, len(tags))
	for i, t := range tags {
		lines[i] = url.QueryEscape(t.Name) + "=" + url.QueryEscape(t.Value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// ParseTags is the inverse of TagText; what is no tag is left out.
func ParseTags(text string) []Column {
	var tags []Column
	for line := range strings.Lines(text) {
		k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		name, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if ok && err1 == nil && err2 == nil {
			tags = append(tags, Column{name, value})
		}
	}
	return tags
}

// BadText writes counts of bad lines as "columns=2,syntax=1".
func BadText(bad map[BadKind]int64) string {
	kinds := make([]string, 0, len(bad))
	for k, n := range bad {
		kinds = append(kinds, string(k)+"="+strconv.FormatInt(n, 10))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ",")
}

// Steers reports whether a character steers a terminal, or the reader of a
// file, instead of standing for itself: control characters, ends of lines and
// paragraphs, what turns the direction of the text around, and the two that are
// no characters, which end an XML document.
func Steers(r rune) bool {
	return unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}
