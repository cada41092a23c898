package flowgen

import "slices"

// scenarios lists them: merge.md's last section, item by item, and every
// format of formats.md.
func scenarios() []Scenario {
	return slices.Concat(awsScenarios, awsPathScenarios, awsPortScenarios, awsFormatScenarios, gcpScenarios, azureScenarios, mixedScenarios)
}
