package servers

import (
	"net"
	"os"
	"testing"
)

// Moto starts moto's server, which plays AWS's services in memory: CloudWatch
// Logs, EC2, SQS, STS and more, all at http://Addr in every region. It takes any
// credentials; it sets such in the environment. It has no Bucket.
func Moto(t testing.TB) *Store {
	t.Helper()
	bin, addr := program(t, "moto/bin/moto_server"), free(t)
	host, port, _ := net.SplitHostPort(addr)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "periplus", "AWS_SECRET_ACCESS_KEY": "periplus-secret",
		"AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", // nobody's own
	} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "") // comes back after the test
		os.Unsetenv(name)  // to Python an empty profile is one without a name
	}
	return start(t, addr, bin, "--host", host, "--port", port)
}
