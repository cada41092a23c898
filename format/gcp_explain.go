package format

import "errors"

func gcpExplain(line []byte, opt Options) (*Explanation, error) {
	return nil, errors.New("not yet")
}
