package source

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/blob/s3blob"

	"github.com/periplus/periplus/aws"
)

// openS3 takes the words of an address that aws.Config knows, and
// use_path_style.
func openS3(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	q := u.Query()
	region, path := q.Get("region"), q.Get("use_path_style")
	q.Del("use_path_style")
	cfg, err := aws.Config(ctx, q)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // where every bucket's own region can be asked
	}
	// Few stores beside AWS's own have a host name for every bucket.
	pathStyle := func(o *s3.Options) { o.UsePathStyle = path == "true" || path == "" && o.BaseEndpoint != nil }
	client := s3.NewFromConfig(cfg, pathStyle)
	if region == "" && client.Options().BaseEndpoint == nil {
		// The region is the bucket's, whatever the profile says.
		if out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: sdk.String(u.Host)}); err == nil && out.BucketRegion != nil {
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
		return sdk.ToString(s3o.ETag)
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
