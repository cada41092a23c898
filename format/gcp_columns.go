package format

var gcpFlowColumns = []Column{}
var gcpFirewallColumns = []Column{}
