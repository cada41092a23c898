package format

import "bytes"

var azureVNet = Format{
	Name:  "azure-vnet",
	Title: "Azure virtual network flow logs, version 4",
	About: "Both directions of a connection as one NIC saw them, with the rule that decided and the state of encryption. " +
		"Begin and denied tuples measure nothing: their counters are unknown. No TCP flags, no names of machines; a private endpoint's traffic is seen at the source only.",
	Columns: azureVNetColumns,
	Guess:   func(head []byte, _ Options) bool { return azureGuess(head, false) },
	Open:    openAzure,
	Explain: azureExplain,
}

// azureGuess looks for the names that only these logs have, or for a bare tuple.
func azureGuess(head []byte, nsg bool) bool {
	b := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n,\"") // a quote: a tuple that somebody copied
	if len(b) == 0 {
		return false
	}
	if b[0] >= '0' && b[0] <= '9' {
		line, _, _ := bytes.Cut(b, []byte("\n"))
		return azureTuple(bytes.TrimRight(line, "\r, \""), nsg)
	}
	if b[0] != '{' && b[0] != '[' {
		return false
	}
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case has(`"flowRecords"`), has(`"FlowLogFlowEvent"`), has(`"flowLogVersion"`):
		return !nsg
	case has(`"NetworkSecurityGroupFlowEvent"`), has(`"flowTuples"`):
		return nsg
	}
	switch string(bytes.Join(bytes.Fields(b), nil)) {
	case `{"records":[`, `{"records":[]}`: // a blob that has only begun
		return !nsg
	}
	return false
}

func azureTuple(line []byte, nsg bool) bool {
	u := tupleReader{}
	f, n := u.split(line)
	if n < 8 || n > len(f) || len(f[6]) != 1 || f[6][0] != 'I' && f[6][0] != 'O' || len(f[0]) < 10 {
		return false
	}
	_, ok1 := jsonAddr(f[1])
	_, ok2 := jsonAddr(f[2])
	return ok1 && ok2 && isNSGTuple(f, n) == nsg
}
