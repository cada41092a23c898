package format

import "bytes"

// guessAWSText: a header, a line in one of the default orders, or lines that
// fit the columns that the user gave, among the first of the object.
func guessAWSText(head []byte, opt Options) bool {
	if bytes.IndexByte(head[:min(len(head), 4096)], 0) >= 0 {
		return false
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	want := len(awsFields(opt.AWSFormat))
	for tries := 0; tries < 100 && len(head) > 0; tries++ {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if line[0] == '{' || line[0] == '[' {
			return false
		}
		if awsHeader(line) || awsDefaultOrder(line) != "" {
			return true
		}
		if n := new(awsParser).glued(line); n > 0 && awsDefaultOrder(line[:n]) != "" {
			return true
		}
		if n, _ := awsCount(line); want > 0 && n == want {
			return true
		}
	}
	return false
}
