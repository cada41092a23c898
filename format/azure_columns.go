package format

import "slices"

// The columns of a tuple have no names in the log; these are the ones that
// Azure's documentation gives them, by position.

var azureTupleColumns = []Column{
	{Name: "time", Unit: "Unix seconds or milliseconds", Doc: "when the tuple was written"},
	{Name: "source-address", Unit: "address", Doc: "who opened the connection"},
	{Name: "destination-address", Unit: "address", Doc: "whom it was opened to"},
	{Name: "source-port", Unit: "port", Doc: "source port"},
	{Name: "destination-port", Unit: "port", Doc: "destination port"},
	{Name: "protocol", Unit: "IANA number or letter", Doc: "IANA number in VNet flow logs; T (TCP) or U (UDP) in NSG flow logs"},
	{Name: "direction", Doc: "I inbound, O outbound, seen from the NIC"},
}

var azureCounterColumns = []Column{
	{Name: "packets-sent", Since: "2", Unit: "packets", Doc: "source to destination, since the last tuple of the connection; nothing is measured in begin and denied tuples"},
	{Name: "bytes-sent", Since: "2", Unit: "bytes", Doc: "source to destination, since the last tuple of the connection"},
	{Name: "packets-received", Since: "2", Unit: "packets", Doc: "destination to source, since the last tuple of the connection"},
	{Name: "bytes-received", Since: "2", Unit: "bytes", Doc: "destination to source, since the last tuple of the connection"},
}

var azureVNetTuple = slices.Concat(azureTupleColumns, []Column{
	{Name: "state", Doc: "B begins, C goes on (every 5 minutes), E ends, D denied"},
	{Name: "encryption", Doc: "X encrypted; NX not; NX_HW_NOT_SUPPORTED, NX_SW_NOT_READY, NX_NOT_ACCEPTED, NX_NOT_SUPPORTED, NX_LOCAL_DST, NX_FALLBACK: not, and why"},
}, azureCounterColumns)

var azureNSGTuple = slices.Concat(azureTupleColumns, []Column{
	{Name: "decision", Doc: "A allowed, D denied"},
	{Name: "state", Since: "2", Doc: "B begins, C goes on (every 5 minutes), E ends"},
}, azureCounterColumns)

var azureVNetColumns = slices.Concat(azureVNetTuple, []Column{
	{Name: "rule", Doc: "rule that allowed or denied it"},
	{Name: "aclID", Doc: "NSG or security admin configuration that the rule is of; unspecified: denied because it was not encrypted"},
	{Name: "macAddress", Doc: "MAC of the NIC that was logged"},
	{Name: "flowLogResourceID", Doc: "the flow log; its network watcher names the region"},
	{Name: "targetResourceID", Doc: "virtual network, subnet or NIC that is logged"},
	{Name: "flowLogVersion", Doc: "4"},
	{Name: "flowLogGUID", Doc: "id of the flow log"},
	{Name: "time", Unit: "RFC 3339", Doc: "when the record was written"},
	{Name: "category", Doc: "FlowLogFlowEvent"},
	{Name: "operationName", Doc: "FlowLogFlowEvent"},
})

var azureNSGColumns = slices.Concat(azureNSGTuple, []Column{
	{Name: "rule", Doc: "rule that allowed or denied it"},
	{Name: "mac", Doc: "MAC of the NIC that was logged"},
	{Name: "macAddress", Doc: "MAC of the NIC that was logged"},
	{Name: "resourceId", Doc: "the network security group"},
	{Name: "Version", Doc: "1 or 2"},
	{Name: "systemId", Doc: "id of the system that wrote it"},
	{Name: "time", Unit: "RFC 3339", Doc: "when the record was written"},
	{Name: "category", Doc: "NetworkSecurityGroupFlowEvent"},
	{Name: "operationName", Doc: "NetworkSecurityGroupFlowEvents"},
})
