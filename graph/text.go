package graph

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/periplus/periplus/periplus"
)

// How long a foreign text may get where its reader has a bound: Graphviz gives
// up on strings of 16 KiB, Mermaid on texts of 50,000 characters.
const (
	dotText     = 2000
	idText      = dotText - 100 // with its hash, and what stands before it
	mermaidText = 200
)

// cut is a text of at most n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// ident is an id for a file that cannot hold every text. One that is too long,
// or that would be changed, has a hash at its end: two ids never become one.
func ident(s string) string {
	if len(s) <= idText && !strings.ContainsFunc(s, periplus.Steers) && utf8.ValidString(s) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return cut(plain(s), idText) + " " + hex.EncodeToString(sum[:8])
}

// plain is a text without what steers its reader. Ends of lines and tabs stay.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\r' && r != '\t' && periplus.Steers(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// NewJSON is an encoder of JSON that a terminal may show: what would steer it is
// written as \u…, which every reader of JSON takes for the same.
func NewJSON(w io.Writer) *json.Encoder { return json.NewEncoder(steady{w}) }

// steady takes whole texts of JSON, as an Encoder writes them.
type steady struct{ w io.Writer }

func (s steady) Write(b []byte) (int, error) {
	steers := func(r rune) bool { return r != '\n' && periplus.Steers(r) }
	out := b
	if bytes.ContainsFunc(b, steers) {
		out = make([]byte, 0, len(b)+64)
		for _, r := range string(b) {
			if steers(r) {
				out = fmt.Appendf(out, `\u%04x`, r)
			} else {
				out = utf8.AppendRune(out, r)
			}
		}
	}
	if _, err := s.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
