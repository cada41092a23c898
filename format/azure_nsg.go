package format

var azureNSG = Format{
	Name:  "azure-nsg",
	Title: "Azure network security group flow logs, versions 1 and 2",
	About: "Connections as one NIC saw them, with the rule that let them in or turned them away. Version 2 measures both directions in its " +
		"continuing and end tuples; version 1 measures nothing at all, so packets and bytes are unknown. TCP and UDP only.",
	Columns: azureNSGColumns,
	Guess:   func(head []byte, _ Options) bool { return azureGuess(head, true) },
	Open:    openAzure,
	Explain: azureExplain,
}
