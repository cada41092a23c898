package names

import (
	"net/netip"
	"strings"

	"github.com/periplus/periplus/periplus"
)

// shared are ranges that are nobody's on the internet beside those that netip
// knows as private: carriers' NAT.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// kindOf is what an address is that no interface and no one else claims. A
// private address that nobody claims is on the user's side all the same: an
// office, a peer, a network that logs nothing.
func kindOf(a netip.Addr) string {
	switch {
	case specialName(a) != "":
		return "special"
	case a.IsPrivate(), shared.Contains(a):
		return "own"
	}
	return "public"
}

func specialName(a netip.Addr) string {
	switch {
	case !a.IsValid() || a.IsUnspecified():
		return "unspecified"
	case a.IsMulticast():
		return "multicast"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsLoopback():
		return "loopback"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "broadcast"
	case a == netip.AddrFrom4([4]byte{168, 63, 129, 16}):
		return "azure-platform" // the host's own agent, DNS and health probes
	}
	return ""
}

// interfaceRoles is what AWS calls types of interfaces, as icon keys.
var interfaceRoles = map[string]string{
	"nat_gateway":                    "aws.nat",
	"regional_nat_gateway":           "aws.nat",
	"network_load_balancer":          "aws.nlb",
	"gateway_load_balancer":          "aws.gwlb",
	"amazon_elb":                     "aws.elb",
	"load_balancer":                  "aws.elb",
	"transit_gateway":                "aws.tgw",
	"vpc_endpoint":                   "aws.vpce",
	"gateway_load_balancer_endpoint": "aws.vpce",
	"lambda":                         "aws.lambda",
	"efs":                            "aws.efs",
	"api_gateway_managed":            "aws.apigw",
}

func roleOfPlace(p *periplus.Place) string {
	if r := interfaceRoles[p.InterfaceType]; r != "" {
		return r
	}
	switch p.Provider {
	case "aws":
		if strings.HasPrefix(p.Instance, "i-") {
			return "aws.ec2"
		}
		return "aws.eni"
	case "gcp":
		return "gcp.gce"
	case "azure":
		return "azure.nic"
	}
	return ""
}

// cloudServices is what the logs call services, as names that people use and
// icon keys.
var cloudServices = map[string]struct{ name, role, provider string }{
	"S3":                        {"S3", "aws.s3", "aws"},
	"DYNAMODB":                  {"DynamoDB", "aws.dynamodb", "aws"},
	"CLOUDFRONT":                {"CloudFront", "aws.cloudfront", "aws"},
	"API_GATEWAY":               {"API Gateway", "aws.apigw", "aws"},
	"ROUTE53":                   {"Route 53", "aws.r53", "aws"},
	"ROUTE53_HEALTHCHECKS":      {"Route 53 health checks", "aws.r53", "aws"},
	"ROUTE53_RESOLVER":          {"Route 53 Resolver", "aws.resolver", "aws"},
	"EC2":                       {"EC2", "aws.ec2", "aws"},
	"AMAZON":                    {"Amazon", "net.internet", "aws"},
	"GLOBALACCELERATOR":         {"Global Accelerator", "net.internet", "aws"},
	"storage.googleapis.com":    {"Cloud Storage", "gcp.gcs", "gcp"},
	"bigquery.googleapis.com":   {"BigQuery", "gcp.bigquery", "gcp"},
	"pubsub.googleapis.com":     {"Pub/Sub", "gcp.pubsub", "gcp"},
	"sqladmin.googleapis.com":   {"Cloud SQL", "gcp.cloudsql", "gcp"},
	"spanner.googleapis.com":    {"Spanner", "gcp.spanner", "gcp"},
	"GOOGLE_API":                {"Google APIs", "net.internet", "gcp"},
	"GOOGLE_VPC_HOSTED_SERVICE": {"Google hosted service", "gcp.psc", "gcp"},
}

// cloudService returns what a cloud's service is called, its icon and cloud. A
// service that is not in the table keeps the log's name.
func cloudService(s string) (name, role, provider string) {
	if c, ok := cloudServices[s]; ok {
		return c.name, c.role, c.provider
	}
	if strings.HasSuffix(s, ".googleapis.com") || strings.HasPrefix(s, "GOOGLE") {
		return s, "net.internet", "gcp"
	}
	return s, "net.internet", "aws"
}
