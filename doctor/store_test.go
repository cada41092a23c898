package doctor

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/source"
)

// examine looks at an address with the credentials of the environment.
func examine(t *testing.T, address string) *Report {
	t.Helper()
	src, err := source.Open(t.Context(), []string{address}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	r, err := (&Check{Source: src, Part: 4 << 10}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPermissions: what a real store refuses to a user without rights is named
// as the cloud names it, with what grants it; and once granted, it is gone.
func TestPermissions(t *testing.T) {
	s := servers.S3(t)
	key := awsName("fl-0a", 0)
	s.Put(key, zip(t, awsLog(5000, wide())))
	s.User("reader")
	policy := func(statements ...string) {
		t.Helper()
		c := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String("http://" + s.Addr), UsePathStyle: true,
			Credentials: credentials.NewStaticCredentialsProvider("periplus", "periplus-secret", "")})
		text := `{"Version": "2012-10-17", "Statement": [` + strings.ReplaceAll(strings.Join(statements, ", "), `"Effect"`, `"Principal": {"AWS": ["reader"]}, "Effect"`) + "]}"
		if _, err := c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("logs"), Policy: aws.String(text)}); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "reader")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "reader")
	one := func(r *Report, right string) Problem {
		t.Helper()
		if len(r.Problems) != 1 || r.Problems[0].Kind != "permission" || r.Problems[0].Right != right {
			t.Fatalf("problems %+v, want that %s is missing", r.Problems, right)
		}
		return r.Problems[0]
	}
	r := examine(t, s.Bucket)
	list := one(r, "s3:ListBucket")
	if r.Readable() || r.Acts[0].Done || len(r.Acts) != 1 {
		t.Errorf("nothing was granted, and %+v", r.Acts)
	}
	policy(list.Grant)
	r = examine(t, s.Bucket)
	read := one(r, "s3:GetObject")
	if r.Readable() || !r.Acts[0].Done || r.Acts[1].Done || r.Objects != 1 {
		t.Errorf("listing was granted, and %+v", r.Acts)
	}
	policy(list.Grant, read.Grant)
	r = examine(t, s.Bucket)
	if !r.Readable() || len(r.Problems) != 0 || !r.Acts[1].Done {
		t.Errorf("what was asked for was granted, and %+v", r.Problems)
	}
	if x := r.Samples[0]; x.Read != 4<<10 || x.Size <= x.Read || x.Records == 0 {
		t.Errorf("%d of %d bytes were downloaded and hold %d records; want 4 KiB with some", x.Read, x.Size, x.Records)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if r := examine(t, s.Bucket); r.Readable() || kinds(r) != "credentials" {
		t.Errorf("wrong credentials: %+v", r.Problems)
	}
}

// TestStores: the other clouds' stores, read by parts too.
func TestStores(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *servers.Store{"gs": servers.GCS, "azblob": servers.Azure} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Put(awsName("fl-0a", 0), zip(t, awsLog(5000, wide())))
			s.Put(awsName("fl-0a", 1), zip(t, awsLog(5000, wide())))
			r := examine(t, s.With("AWSLogs/"))
			if r.Objects != 2 || !r.Readable() || len(r.Samples) != 2 || r.Samples[0].Read != 4<<10 || r.Delivery.Objects != 2 {
				t.Errorf("%+v", r)
			}
		})
	}
}
