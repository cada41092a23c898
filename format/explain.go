package format

import "bytes"

// Explain tells what one raw line or entry says, in the format that opt names
// or that its content shows. A header may stand on a line before it.
func Explain(line []byte, opt Options) (*Explanation, error) {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
	if len(line) == 0 {
		return nil, ErrEmpty
	}
	f, err := choose(line, opt)
	if err != nil {
		return nil, err
	}
	return f.Explain(line, opt)
}
