package format

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The logs of GCP and Azure are JSON by the gigabyte, so it is read here by
// hand: a jsonText walks over what is in memory and copies nothing, a
// jsonWindow is the part of a stream that is in memory. Who runs out of text
// takes more into the window and reads the same value again from its start.

// jsonDepth is how deep values may be nested; the clouds' own go to 9.
const jsonDepth = 64

// jsonMax is how long one log entry, or one piece that has to be in memory at
// once, may be. Cloud Logging ends at 256 KiB.
const jsonMax = 4 << 20

type jsonFault uint8

const (
	jsonFine  jsonFault = iota
	jsonShort           // the text ends in the middle of a value
	jsonBad
)

// jsonText is a position in JSON text. The first fault stays, and every method
// then does nothing and returns zero values, so callers look at it once.
type jsonText struct {
	b     []byte
	i     int
	fault jsonFault
	msg   string
	spare []byte // unescaped strings; what was returned of it stays as it is
}

func (t *jsonText) reset(b []byte) {
	t.b, t.i, t.fault, t.msg, t.spare = b, 0, jsonFine, "", t.spare[:0]
}

func (t *jsonText) bad(msg string) {
	if t.fault == jsonFine {
		t.fault, t.msg = jsonBad, msg
	}
}

func (t *jsonText) short() {
	if t.fault == jsonFine {
		t.fault, t.msg = jsonShort, "ends in the middle"
	}
}

// peek skips white space and returns the next byte without taking it; 0 at the
// end of the text.
func (t *jsonText) peek() byte {
	if t.fault != jsonFine {
		return 0
	}
	for t.i < len(t.b) {
		switch c := t.b[t.i]; c {
		case ' ', '\t', '\n', '\r':
			t.i++
		case 0:
			t.bad("byte 0 where a value is expected")
			return 0
		default:
			return c
		}
	}
	t.short()
	return 0
}

// open enters an object ('{') or an array ('[') and reports whether it has a
// member. Any other value is skipped as if it were empty.
func (t *jsonText) open(c byte) bool {
	if t.peek() != c {
		t.skip()
		return false
	}
	t.i++
	if t.peek() == c+2 { // ']' is '[' + 2, '}' is '{' + 2
		t.i++
		return false
	}
	return t.fault == jsonFine
}

// more goes on to the next member of an object ('}') or array (']') and reports
// whether there is one.
func (t *jsonText) more(end byte) bool {
	switch t.peek() {
	case ',':
		t.i++
		return true
	case end:
		t.i++
	default:
		t.bad("no comma between two values")
	}
	return false
}

// key takes a member's name and the colon.
func (t *jsonText) key() []byte {
	if t.peek() != '"' {
		t.bad("no name before a value")
		return nil
	}
	k := t.str()
	if t.peek() != ':' {
		t.bad("no colon behind a name")
		return nil
	}
	t.i++
	return k
}

// scalar takes a value and returns it as text: a string's content, a number or
// true or false as written, nil for null, an object or an array.
func (t *jsonText) scalar() []byte {
	switch t.peek() {
	case 0:
		return nil
	case '"':
		return t.str()
	case '{', '[':
		t.skip()
		return nil
	}
	if lit := t.literal(); len(lit) > 0 && lit[0] != 'n' {
		return lit
	}
	return nil
}

// raw takes any value and returns it as written.
func (t *jsonText) raw() []byte {
	t.peek()
	from := t.i
	t.skip()
	if t.fault != jsonFine {
		return nil
	}
	return t.b[from:t.i]
}

func (t *jsonText) skip() { t.skipAt(0) }

func (t *jsonText) skipAt(depth int) {
	if depth > jsonDepth {
		t.bad("nested too deep")
	}
	switch t.peek() {
	case 0:
	case '{':
		for ok := t.open('{'); ok; ok = t.more('}') {
			if t.peek() != '"' {
				t.bad("no name before a value")
			}
			t.stringEnd()
			if t.peek() != ':' {
				t.bad("no colon behind a name")
				return
			}
			t.i++
			t.skipAt(depth + 1)
		}
	case '[':
		for ok := t.open('['); ok; ok = t.more(']') {
			t.skipAt(depth + 1)
		}
	case '"':
		t.stringEnd()
	default:
		t.literal()
	}
}

// literal takes a number, true, false or null.
func (t *jsonText) literal() []byte {
	if t.fault != jsonFine {
		return nil
	}
	from := t.i
	for t.i < len(t.b) {
		switch c := t.b[t.i]; c {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':', '"', '{', '[':
			lit := t.b[from:t.i]
			if !jsonLiteral(lit) {
				t.i = from
				t.bad("neither a value nor its end")
				return nil
			}
			return lit
		}
		t.i++
	}
	t.i = from
	t.short()
	return nil
}

func jsonLiteral(b []byte) bool {
	switch string(b) {
	case "true", "false", "null":
		return true
	}
	return jsonNumber(b)
}

// jsonNumber reports whether b is a number as JSON spells it.
func jsonNumber(b []byte) bool {
	digits := func() bool {
		n := len(b)
		for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
			b = b[1:]
		}
		return len(b) < n
	}
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 1 && b[0] == '0' && b[1] >= '0' && b[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		if b = b[1:]; !digits() {
			return false
		}
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		return digits() && len(b) == 0
	}
	return len(b) == 0
}

// stringEnd takes a string and reports whether it holds escapes. Its content
// lies between the quotes, at from.
func (t *jsonText) stringEnd() (from int, escaped bool) {
	if t.fault != jsonFine {
		return t.i, false
	}
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	b, i := t.b, t.i+1
	from = i
	for {
		// Eight bytes at once as long as none is a quote, a backslash or a
		// control character.
		for i+8 <= len(b) {
			v := binary.LittleEndian.Uint64(b[i:])
			q, s := v^(ones*'"'), v^(ones*'\\')
			// The lowest bit that is set is true; those above it may be borrow.
			if m := ((q-ones)&^q | (s-ones)&^s | (v-ones*0x20)&^v) & highs; m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			t.short()
			return t.i, false
		}
		switch c := b[i]; {
		case c == '"':
			t.i = i + 1
			return from, escaped
		case c == '\\':
			escaped = true
			n := t.escape(b[i+1:])
			if n == 0 {
				return t.i, false
			}
			i += 1 + n
		case c < 0x20:
			t.bad("a control character in a string")
			return t.i, false
		default:
			i++
		}
	}
}

// escape is how long the escape is whose backslash stands before b; 0: b ends
// within it, or it is none.
func (t *jsonText) escape(b []byte) int {
	if len(b) == 0 || b[0] == 'u' && len(b) < 5 {
		t.short()
		return 0
	}
	switch b[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if _, ok := jsonHex(b[1:]); ok {
			return 5
		}
		t.bad(`\u without four hexadecimal digits`)
	default:
		t.bad("an escape that JSON does not know")
	}
	return 0
}

// str takes a string and returns its content.
func (t *jsonText) str() []byte {
	from, escaped := t.stringEnd()
	if t.fault != jsonFine {
		return nil
	}
	s := t.b[from : t.i-1]
	if !escaped {
		return s
	}
	return t.unescape(s)
}

// unescape decodes the content of a string that stringEnd has looked through.
func (t *jsonText) unescape(s []byte) []byte {
	from := len(t.spare)
	out := t.spare
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := jsonHex(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				var low rune
				if i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low, _ = jsonHex(s[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default: // a quote, a backslash, a slash
			out = append(out, c)
		}
	}
	t.spare = out
	return out[from:len(out):len(out)]
}

func jsonHex(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// jsonWindow is the part of a stream that is in memory: buf[pos:end] is still
// to be read.
type jsonWindow struct {
	in       io.Reader
	buf      []byte
	pos, end int
	off      int64 // where in the stream buf[0] is
	err      error // what ended the stream
}

func newJSONWindow(in io.Reader) *jsonWindow {
	return &jsonWindow{in: in, buf: make([]byte, 128<<10)}
}

// rest is what is in memory and not yet read.
func (w *jsonWindow) rest() []byte { return w.buf[w.pos:w.end] }

// offset is where in the stream the next byte to be read is.
func (w *jsonWindow) offset() int64 { return w.off + int64(w.pos) }

// fill brings more of the stream into memory behind what is there, which may
// move. It reports false when there is no more or when jsonMax bytes wait.
func (w *jsonWindow) fill() bool {
	if w.err != nil || w.end-w.pos >= jsonMax {
		return false
	}
	if w.pos > 0 {
		copy(w.buf, w.buf[w.pos:w.end])
		w.off += int64(w.pos)
		w.end -= w.pos
		w.pos = 0
	}
	// A value that is long already is read again from its start: twice as much
	// of it is then brought, or that would be done for every piece.
	want := 1
	if w.end > 64<<10 {
		want = min(w.end, jsonMax-w.end)
	}
	for got, tries := 0, 0; got < want && tries < 100; tries++ {
		if w.end == len(w.buf) {
			w.buf = append(w.buf, make([]byte, len(w.buf))...)
		}
		n, err := w.in.Read(w.buf[w.end:])
		w.end += n
		w.err = err
		if got += n; n > 0 {
			tries = 0
		}
		if err != nil {
			return got > 0
		}
		if got >= want {
			return true
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// full reports whether jsonMax bytes wait: a value is too long for us.
func (w *jsonWindow) full() bool { return w.end-w.pos >= jsonMax }

// jsonLap is how far an object's first name may be from its brace; as much is
// kept in memory, so that the two may lie across two pieces.
const jsonLap = 64

// find goes on to the next object whose first member has one of the names, or
// to the next line that begins with an object or a number: where reading can go
// on behind text that is no JSON. It reports false at the end.
func (w *jsonWindow) find(names ...string) bool {
	for {
		b := w.rest()
		if i := jsonFind(b, names); i >= 0 && (len(b)-i >= jsonLap || w.err != nil) {
			w.pos += i
			return true
		}
		w.pos += max(0, len(b)-jsonLap)
		if !w.fill() && w.err != nil && w.end-w.pos <= jsonLap {
			if i := jsonFind(w.rest(), names); i >= 0 {
				w.pos += i
				return true
			}
			w.pos = w.end
			return false
		}
	}
}

func jsonFind(b []byte, names []string) int {
	for i, c := range b {
		if c == '\n' && i+1 < len(b) && (b[i+1] == '{' || b[i+1] >= '0' && b[i+1] <= '9') {
			return i + 1
		}
		if c != '{' {
			continue
		}
		rest := bytes.TrimLeft(b[i+1:min(len(b), i+jsonLap)], " \t\r\n")
		for _, n := range names {
			if len(rest) > len(n)+2 && rest[0] == '"' && string(rest[1:len(n)+1]) == n && rest[len(n)+1] == '"' {
				return i
			}
		}
	}
	return -1
}
