// Package aws reads what only Amazon's cloud has: the log groups of CloudWatch
// Logs, with the columns that EC2 says their flow logs write. What every source
// of AWS needs, the credentials, is made here too.
package aws

import (
	"context"
	"errors"
	"maps"
	"net/url"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	gcaws "gocloud.dev/aws"
)

// anyRegion is where questions go that every region answers alike.
const anyRegion = "us-east-1"

// Config is what the words of an address say of region, endpoint and
// credentials: those of the environment, of a profile, of the machine or of a
// web identity. The words are role and external_id (a role to take on, and the
// word that its owner asks for) and those that gocloud.dev/aws names: region,
// profile, endpoint, anonymous. A word that is none of them is an error.
func Config(ctx context.Context, words url.Values) (sdk.Config, error) {
	role, external, endpoint := words.Get("role"), words.Get("external_id"), words.Get("endpoint")
	rest := maps.Clone(words)
	for _, own := range []string{"role", "external_id", "endpoint"} {
		rest.Del(own)
	}
	if external != "" && role == "" {
		return sdk.Config{}, errors.New("external_id goes with a role: add role=arn:…")
	}
	cfg, err := gcaws.V2ConfigFromURLParams(ctx, rest)
	if err != nil {
		return cfg, err
	}
	cfg.Logger = logging.Nop{} // what goes wrong is an error; the SDK would write to standard error
	if endpoint != "" {
		cfg.BaseEndpoint = &endpoint // gocloud.dev would set a resolver, which nobody can ask whether there is one
	}
	if role == "" {
		return cfg, nil
	}
	asks := cfg.Copy()
	if asks.Region == "" {
		asks.Region = anyRegion
	}
	cfg.Credentials = sdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(asks), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "periplus"
		if external != "" {
			o.ExternalID = sdk.String(external)
		}
	}))
	return cfg, nil
}
