package query

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString // quoted
	tokenOp     // = != < <= > >= ~ !~ && || !
	tokenOpen
	tokenClose
	tokenComma
	tokenBad // a quote that does not end
)

type token struct {
	kind     tokenKind
	text     string // a string's without quotes, an operator's in its normal spelling
	pos, end int    // bytes of the source
}

// is reports whether the token is that keyword, in any case.
func (t token) is(keyword string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, keyword)
}

// operators are in the order in which they are tried.
var operators = []struct{ text, means string }{
	{"==", "="}, {"!=", "!="}, {"<>", "!="}, {"<=", "<="}, {">=", ">="}, {"!~", "!~"}, {"=~", "~"},
	{"&&", "&&"}, {"||", "||"}, {"=", "="}, {"<", "<"}, {">", ">"}, {"~", "~"}, {"!", "!"},
}

// lex cuts a text into tokens; the last one is tokenEnd or tokenBad.
func lex(text string) []token {
	var tokens []token
	for i := 0; ; {
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return append(tokens, token{kind: tokenEnd, pos: i, end: i})
		}
		t := next(text, i)
		tokens = append(tokens, t)
		if t.kind == tokenBad {
			return tokens
		}
		i = t.end
	}
}

func next(text string, i int) token {
	switch text[i] {
	case '(':
		return token{tokenOpen, "(", i, i + 1}
	case ')':
		return token{tokenClose, ")", i, i + 1}
	case ',':
		return token{tokenComma, ",", i, i + 1}
	case '"', '\'':
		return quoted(text, i)
	}
	for _, o := range operators {
		if strings.HasPrefix(text[i:], o.text) {
			return token{tokenOp, o.means, i, i + len(o.text)}
		}
	}
	end := i + strings.IndexAny(text[i:]+" ", " \t\r\n(),\"'=<>!~&|")
	if end == i { // a lone & or |
		end++
	}
	return token{tokenWord, text[i:end], i, end}
}

func quoted(text string, i int) token {
	var b strings.Builder
	for j := i + 1; j < len(text); j++ {
		switch c := text[j]; {
		case c == text[i]:
			return token{tokenString, b.String(), i, j + 1}
		case c == '\\' && j+1 < len(text):
			j++
			b.WriteByte(text[j])
		default:
			b.WriteByte(c)
		}
	}
	return token{tokenBad, b.String(), i, len(text)}
}

// quote writes a value so that the lexer reads it again as it is.
func quote(s string) string {
	if s != "" && !keyword(s) && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:/*?+-@%#$", r))
	}) < 0 {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func keyword(s string) bool {
	for _, k := range []string{"and", "or", "not", "in", "notin", "like"} {
		if strings.EqualFold(s, k) {
			return true
		}
	}
	return false
}

// valid makes text that engines and JSON take: UTF-8 without NUL.
func valid(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// Quote writes a value as it may stand in a filter.
func Quote(s string) string { return quote(s) }
