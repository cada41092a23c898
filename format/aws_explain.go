package format

import "errors"

func explainAWS(line []byte, opt Options) (*Explanation, error) {
	return nil, errors.New("not yet")
}

func explainCloudWatch(line []byte, opt Options) (*Explanation, error) {
	return nil, errors.New("not yet")
}
