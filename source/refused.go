package source

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/gcerrors"
)

// Refused is an act that a cloud did not permit. Its error says what to grant.
type Refused struct {
	Act   string // list, read
	Right string // what is missing, in the cloud's own words: s3:ListBucket
	On    string // what it is missing on
	Grant string // the statement of a policy, or the command, that grants it
	Who   string // who was refused, where the cloud says it
	// Stranger: the store did not accept the credentials themselves, so that
	// nobody knows what they may do.
	Stranger bool
	err      error
}

func (r *Refused) Error() string {
	if r.Stranger {
		return fmt.Sprintf("%v; the store does not accept the credentials: check which are used, and whether they have expired", r.err)
	}
	return fmt.Sprintf("%v; check the credentials, and grant them %s on %s", r.err, r.Right, r.On)
}

// Unwrap is the cloud's own error.
func (r *Refused) Unwrap() error { return r.err }

// refused reports whether a store did not permit a request.
func refused(err error) bool {
	s := status(err)
	return gcerrors.Code(err) == gcerrors.PermissionDenied || s == http.StatusForbidden || s == http.StatusUnauthorized
}

// What the clouds' messages say of who may not do what. AWS names the action
// that was missing, which is not always that of the request: kms:Decrypt for an
// object, sts:AssumeRole before all.
var (
	awsRefusal = regexp.MustCompile(`(?:User: (\S+) )?is not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)(?: on resource: "?([^\s"]+))?`)
	gcpRefusal = regexp.MustCompile(`^(?:googleapi: Error \d+: )?(\S+) does not have (storage\.[a-zA-Z.]+) access`)
)

// refusal says which right an act on a key lacks.
func (b *Bucket) refusal(act, key string, err error) *Refused {
	bucket := b.host
	r := &Refused{Act: act, err: fmt.Errorf("%s: %w", b.uri(key), err)}
	if slices.Contains(strangers, code(err)) || status(err) == http.StatusUnauthorized {
		r.Stranger = true
		return r
	}
	switch b.scheme {
	case "s3":
		r.Right, r.On = "s3:ListBucket", "arn:aws:s3:::"+bucket
		if act == "read" {
			r.Right, r.On = "s3:GetObject", "arn:aws:s3:::"+bucket+"/*"
		}
		if m := awsRefusal.FindStringSubmatch(message(err)); m != nil {
			r.Who = m[1]
			if m[2] != r.Right {
				r.Right, r.On = m[2], or(m[3], "*")
			}
		}
		r.Grant = Statement(r.Right, r.On)
	case "gs":
		r.Right, r.On = "storage.objects."+map[string]string{"list": "list", "read": "get"}[act], "gs://"+bucket
		r.Who = "PRINCIPAL"
		if m := gcpRefusal.FindStringSubmatch(message(err)); m != nil {
			r.Who, r.Right = m[1], m[2]
		}
		r.Grant = fmt.Sprintf("gcloud storage buckets add-iam-policy-binding gs://%s --member=serviceAccount:%s --role=roles/storage.objectViewer", bucket, r.Who)
	case "azblob":
		// One role of the data plane lists and reads.
		r.Right, r.On = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read (the role Storage Blob Data Reader)", "the container "+bucket
		r.Grant = `az role assignment create --role "Storage Blob Data Reader" --assignee PRINCIPAL --scope "$(az storage account show --name ` + or(b.account, "ACCOUNT") + ` --query id --output tsv)/blobServices/default/containers/` + bucket + `"`
	}
	return r
}

// Statement is the statement of a policy of AWS that grants a right.
func Statement(right, on string) string {
	return fmt.Sprintf(`{"Effect": "Allow", "Action": %q, "Resource": %q}`, right, on)
}

// strangers are the codes by which clouds say that credentials are wrong or old.
var strangers = []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "InvalidClientTokenId", "UnrecognizedClientException",
	"AuthenticationFailed", "NoAuthenticationInformation"}

// code is the cloud's own word for an error; "": it gave none.
func code(err error) string {
	var aws interface{ ErrorCode() string }
	var azure *azcore.ResponseError
	switch {
	case errors.As(err, &azure):
		return azure.ErrorCode
	case errors.As(err, &aws):
		return aws.ErrorCode()
	}
	return ""
}

// message is what a store said, without what its library puts around it.
func message(err error) string {
	var said interface{ ErrorMessage() string }
	if errors.As(err, &said) && said.ErrorMessage() != "" {
		return said.ErrorMessage()
	}
	return err.Error()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
