package format

// Formats holds every format in the order in which they are tried. A member is
// a value of this package; adding one is one file and one row here.
var Formats = []Format{
	// AWS
	awsParquet,
	awsCloudWatch,
	awsText,
	// GCP
	gcpFlow,
	gcpFirewall,
	// Azure
	azureVNet,
	azureNSG,
}
