package source

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	gcaws "gocloud.dev/aws"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/blob/s3blob"
)

// openS3 takes the credentials of the environment, of a profile, of the machine
// or of a web identity. Of the address's own words: region, profile, endpoint,
// use_path_style, role and external_id (a role to take on, and the word that its
// owner asks for), and those that gocloud.dev/aws names.
func openS3(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	q := u.Query()
	role, external, region := q.Get("role"), q.Get("external_id"), q.Get("region")
	path := q.Get("use_path_style")
	for _, k := range []string{"role", "external_id", "use_path_style"} {
		q.Del(k)
	}
	if external != "" && role == "" {
		return nil, fmt.Errorf("external_id goes with a role: add role=arn:…")
	}
	cfg, err := gcaws.V2ConfigFromURLParams(ctx, q)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // where every bucket's own region can be asked
	}
	if role != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "periplus"
			if external != "" {
				o.ExternalID = aws.String(external)
			}
		}))
	}
	// Few stores beside AWS's own have a host name for every bucket.
	pathStyle := func(o *s3.Options) { o.UsePathStyle = path == "true" || path == "" && o.BaseEndpoint != nil }
	client := s3.NewFromConfig(cfg, pathStyle)
	if region == "" && client.Options().BaseEndpoint == nil {
		// The region is the bucket's, whatever the profile says.
		if out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(u.Host)}); err == nil && out.BucketRegion != nil {
			cfg.Region = *out.BucketRegion
			client = s3.NewFromConfig(cfg, pathStyle)
		}
	}
	return s3blob.OpenBucket(ctx, client, u.Host, nil)
}

func openGS(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	only := *u
	only.Path = ""
	return blob.OpenBucket(ctx, only.String())
}

func openAzure(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	if os.Getenv("AZURE_STORAGE_ACCOUNT") == "" && os.Getenv("AZURE_STORAGE_CONNECTION_STRING") == "" && !strings.Contains(u.RawQuery, "storage_account=") {
		return nil, fmt.Errorf("which storage account? set AZURE_STORAGE_ACCOUNT, or add ?storage_account=NAME")
	}
	only := *u
	only.Path = ""
	return blob.OpenBucket(ctx, only.String())
}

// etag is what the store says of an object's content: another content, another
// etag.
func etag(o *blob.ListObject) string {
	var s3o types.Object
	if o.As(&s3o) {
		return aws.ToString(s3o.ETag)
	}
	var gs storage.ObjectAttrs
	if o.As(&gs) {
		return gs.Etag
	}
	var az container.BlobItem
	if o.As(&az) && az.Properties != nil && az.Properties.ETag != nil {
		return string(*az.Properties.ETag)
	}
	return fmt.Sprintf("%x-%x", o.MD5, o.ModTime.UnixNano())
}

// bare is an etag without the quotes that some answers have and others not.
func bare(tag string) string { return strings.Trim(tag, `"`) }
