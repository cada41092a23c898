package source

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"google.golang.org/api/googleapi"

	"github.com/periplus/periplus/aws"
)

// awsError is an error as the SDK makes it.
type awsError struct{ code, text string }

func (e awsError) Error() string        { return "operation error: " + e.text }
func (e awsError) ErrorCode() string    { return e.code }
func (e awsError) ErrorMessage() string { return e.text }
func (awsError) HTTPStatusCode() int    { return http.StatusForbidden }

// Each cloud's refusal names the right in the cloud's own words, and what
// grants it.
func TestRefused(t *testing.T) {
	bucket := func(scheme string) *Bucket {
		return &Bucket{scheme: scheme, host: "logs", name: scheme + "://logs/", account: "mylogs"}
	}
	f := func(scheme, act string, err error, right, on, who, grant string) {
		t.Helper()
		var r *Refused
		if !errors.As(bucket(scheme).explain(act, "a/b", err), &r) {
			t.Errorf("%s %s: %v is no refusal", scheme, act, err)
			return
		}
		if r.Right != right || r.On != on || r.Who != who || r.Grant != grant || r.Act != act || r.Stranger {
			t.Errorf("%s %s: %+v\nwant %s on %s by %s: %s", scheme, act, r, right, on, who, grant)
		}
	}
	f("s3", "list", awsError{"AccessDenied", "Access Denied"}, "s3:ListBucket", "arn:aws:s3:::logs", "", `{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"}`)
	f("s3", "read", awsError{"AccessDenied", "User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::logs/a/b\" because no identity-based policy allows the s3:GetObject action"},
		"s3:GetObject", "arn:aws:s3:::logs/*", "arn:aws:iam::111122223333:user/x", `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}`)
	f("s3", "read", awsError{"AccessDenied", "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/0a because no resource-based policy allows the kms:Decrypt action"},
		"kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/0a", "arn:aws:sts::111122223333:assumed-role/r/s", `{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-west-1:111122223333:key/0a"}`)
	f("s3", "list", awsError{"AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/logs"},
		"sts:AssumeRole", "arn:aws:iam::2:role/logs", "arn:aws:iam::1:user/x", `{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::2:role/logs"}`)
	f("gs", "list", &googleapi.Error{Code: 403, Message: "reader@p1.iam.gserviceaccount.com does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist)."},
		"storage.objects.list", "gs://logs", "reader@p1.iam.gserviceaccount.com", "gcloud storage buckets add-iam-policy-binding gs://logs --member=serviceAccount:reader@p1.iam.gserviceaccount.com --role=roles/storage.objectViewer")
	f("azblob", "read", &azcore.ResponseError{StatusCode: 403, ErrorCode: "AuthorizationPermissionMismatch"},
		"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read (the role Storage Blob Data Reader)", "the container logs", "",
		`az role assignment create --role "Storage Blob Data Reader" --assignee PRINCIPAL --scope "$(az storage account show --name mylogs --query id --output tsv)/blobServices/default/containers/logs"`)
	for _, err := range []error{awsError{"ExpiredToken", "The provided token has expired."}, &googleapi.Error{Code: 401}, &azcore.ResponseError{StatusCode: 403, ErrorCode: "AuthenticationFailed"}} {
		var r *Refused
		if !errors.As(bucket("s3").explain("list", "", err), &r) || !r.Stranger {
			t.Errorf("%v: %+v, want a stranger", err, r)
		}
	}
	// A log group's refusal is told as a bucket's.
	err := groupRefused("read", fmt.Errorf("x: %w", &aws.Refused{Right: "logs:FilterLogEvents", On: "arn:g:*", Err: awsError{"AccessDeniedException",
		"User: arn:aws:iam::1:user/x is not authorized to perform: logs:FilterLogEvents on resource: arn:h because no identity-based policy allows it"}}))
	var group *Refused
	if !errors.As(err, &group) || group.Act != "read" || group.Who != "arn:aws:iam::1:user/x" || group.Grant != `{"Effect": "Allow", "Action": "logs:FilterLogEvents", "Resource": "arn:g:*"}` {
		t.Errorf("%+v, want logs:FilterLogEvents on arn:g:* to be granted", group)
	}
	if err := bucket("s3").explain("list", "", &googleapi.Error{Code: 500}); errors.As(err, new(*Refused)) {
		t.Errorf("a failure of the store is a refusal: %v", err)
	}
}
