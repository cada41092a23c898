package flowgen

import (
	"context"
	"errors"
)

func writeCompany(context.Context, Options, string) (*Truth, error) {
	return nil, errors.New("flowgen: the company is not simulated yet")
}
