package format

var azureVNetColumns = []Column{}
var azureNSGColumns = []Column{}
