package format

import "errors"

func azureExplain(line []byte, opt Options) (*Explanation, error) {
	return nil, errors.New("not yet")
}
