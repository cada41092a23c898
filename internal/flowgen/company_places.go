package flowgen

import (
	"fmt"
	"net/netip"
	"time"
)

// company is the firm that the demo shows: a shop in AWS, its analytics in
// Google Cloud, its offices' systems in Azure.
type company struct {
	*world
	scale  float64
	end    time.Time
	nets   map[string]*network
	nics   map[string][]*nic // by group
	groups map[string]*groupSpec
	ways   map[[2]*network]*nic // transit gateway
	nats   []*nic
}

// netSpec is one network of the company.
type netSpec struct{ name, provider, account, region, cidr string }

var companyNets = []netSpec{
	{"prod-eu", "aws", "111122223333", "eu-central-1", "10.20.0.0/16"},
	{"shared", "aws", "222233334444", "eu-central-1", "10.28.0.0/16"},
	{"staging", "aws", "333344445555", "eu-west-1", "10.32.0.0/16"},
	{"analytics", "gcp", "shop-analytics", "europe-west4", "10.64.0.0/16"},
	{"ml", "gcp", "shop-ml", "europe-west1", "10.72.0.0/16"},
	{"corp-hub", "azure", "5c0ffee0-7a11-4b0b-9c3e-2f1e0d9a8b7c", "westeurope", "10.120.0.0/16"},
}

// groupSpec is a group of like endpoints.
type groupSpec struct {
	name   string
	net    string
	subnet string
	role   string
	n      int
	first  string // address

	kind string // AWS interface-type of what is nobody's machine
	// public: scanners find it.
	public bool
}

var companyGroups = []groupSpec{
	{name: "alb-web", net: "prod-eu", subnet: "public", role: "aws.alb", n: 3, first: "10.20.0.10", kind: "load_balancer", public: true},
	{name: "nat-a", net: "prod-eu", subnet: "public", role: "aws.nat", n: 2, first: "10.20.1.20", kind: "nat_gateway", public: true},
	{name: "bastion", net: "prod-eu", subnet: "public", role: "aws.ec2", n: 1, first: "10.20.2.5", public: true},
	{name: "web", net: "prod-eu", subnet: "app", role: "aws.ec2", n: 12, first: "10.20.16.11"},
	{name: "api", net: "prod-eu", subnet: "app", role: "aws.ecs", n: 9, first: "10.20.18.21"},
	{name: "worker", net: "prod-eu", subnet: "app", role: "aws.ec2", n: 6, first: "10.20.20.31"},
	{name: "thumbnailer", net: "prod-eu", subnet: "app", role: "aws.lambda", n: 4, first: "10.20.22.41", kind: "lambda"},
	{name: "orders-db", net: "prod-eu", subnet: "data", role: "aws.rds", n: 2, first: "10.20.64.10"},
	{name: "sessions", net: "prod-eu", subnet: "data", role: "aws.redis", n: 3, first: "10.20.65.10"},
	{name: "catalog-search", net: "prod-eu", subnet: "data", role: "aws.opensearch", n: 3, first: "10.20.66.10"},
	{name: "dns", net: "shared", subnet: "services", role: "gen.server", n: 2, first: "10.28.0.53"},
	{name: "monitor", net: "shared", subnet: "services", role: "aws.ec2", n: 2, first: "10.28.1.10"},
	{name: "vault", net: "shared", subnet: "services", role: "aws.ec2", n: 3, first: "10.28.2.10"},
	{name: "ci", net: "shared", subnet: "build", role: "aws.ec2", n: 6, first: "10.28.16.10"},
	{name: "registry", net: "shared", subnet: "build", role: "aws.ec2", n: 2, first: "10.28.17.10"},
	{name: "staging-web", net: "staging", subnet: "app", role: "aws.ec2", n: 4, first: "10.32.1.10"},
	{name: "staging-api", net: "staging", subnet: "app", role: "aws.ec2", n: 4, first: "10.32.2.10"},
	{name: "staging-db", net: "staging", subnet: "data", role: "aws.rds", n: 1, first: "10.32.64.10"},
	{name: "ingest-lb", net: "analytics", subnet: "ingress", role: "gcp.lb", n: 2, first: "10.64.0.10", public: true},
	{name: "ingest", net: "analytics", subnet: "gke-nodes", role: "gcp.gke", n: 14, first: "10.64.64.20"},
	{name: "spark", net: "analytics", subnet: "gke-nodes", role: "gcp.gce", n: 10, first: "10.64.80.20"},
	{name: "dashboards", net: "analytics", subnet: "gke-nodes", role: "gcp.gce", n: 3, first: "10.64.96.20"},
	{name: "metrics-db", net: "analytics", subnet: "managed-db", role: "gcp.cloudsql", n: 2, first: "10.64.128.10"},
	{name: "cache", net: "analytics", subnet: "managed-db", role: "gcp.memorystore", n: 1, first: "10.64.129.10"},
	{name: "trainer", net: "ml", subnet: "gpu", role: "gcp.gce", n: 8, first: "10.72.0.10"},
	{name: "model-api", net: "ml", subnet: "serving", role: "gcp.gce", n: 6, first: "10.72.16.10"},
	{name: "feature-db", net: "ml", subnet: "serving", role: "gcp.cloudsql", n: 2, first: "10.72.32.10"},
	{name: "appgw-erp", net: "corp-hub", subnet: "gateway", role: "azure.appgw", n: 2, first: "10.120.0.10", public: true},
	{name: "vpn-gw", net: "corp-hub", subnet: "gateway", role: "azure.vpn", n: 2, first: "10.120.1.10", public: true},
	{name: "erp-aks", net: "corp-hub", subnet: "apps", role: "azure.aks", n: 8, first: "10.120.8.10"},
	{name: "erp-batch", net: "corp-hub", subnet: "apps", role: "azure.vm", n: 5, first: "10.120.9.10"},
	{name: "jumpbox", net: "corp-hub", subnet: "apps", role: "azure.vm", n: 1, first: "10.120.10.5"},
	{name: "desktops", net: "corp-hub", subnet: "desktops", role: "azure.vm", n: 14, first: "10.120.16.10"},
	{name: "directory", net: "corp-hub", subnet: "data", role: "azure.vm", n: 2, first: "10.120.32.4"},
	{name: "files", net: "corp-hub", subnet: "data", role: "azure.storage", n: 2, first: "10.120.33.10"},
	{name: "erp-sql", net: "corp-hub", subnet: "data", role: "azure.sqldb", n: 2, first: "10.120.34.10"},
	{name: "pe-storage", net: "corp-hub", subnet: "data", role: "azure.pe", n: 2, first: "10.120.35.10"},
}

// outside is a group of addresses that are not the company's. They are of the
// ranges that are set aside for examples, and of the clouds' services.
type outside struct {
	name, cidr  string
	group       string // "": name
	n           int
	role        string
	code        string // country, as GCP and as ISO write it
	country     string
	asn         int
	aws, google string // the cloud service that it is
}

var outsiders = []outside{
	{name: "Germany", cidr: "203.0.113.0/26", n: 50, role: "net.country", code: "deu", country: "DE", asn: 64496},
	{name: "Germany IPv6", group: "Germany", cidr: "2001:db8:49::/112", n: 40, role: "net.country", code: "deu", country: "DE", asn: 64496},
	{name: "United States", cidr: "203.0.113.64/26", n: 40, role: "net.country", code: "usa", country: "US", asn: 64497},
	{name: "France", cidr: "203.0.113.128/26", n: 30, role: "net.country", code: "fra", country: "FR", asn: 64498},
	{name: "Japan", cidr: "203.0.113.192/27", n: 12, role: "net.country", code: "jpn", country: "JP", asn: 64499},
	{name: "CDN edge", cidr: "203.0.113.224/28", n: 12, role: "net.asn", code: "usa", country: "US", asn: 64500},
	{name: "Payment API", cidr: "203.0.113.240/29", n: 3, role: "net.internet", code: "nld", country: "NL", asn: 64501},
	{name: "Office Berlin", cidr: "192.0.2.0/26", n: 24, role: "net.onprem", code: "deu", country: "DE", asn: 64502},
	{name: "Known scanners", cidr: "192.0.2.64/26", n: 11, role: "net.scanner", code: "nld", country: "NL", asn: 64503},
	{name: "Unlisted host", cidr: "198.51.100.192/28", n: 8, role: "net.internet", code: "che", country: "CH", asn: 64504},
	{name: "S3", cidr: "52.219.170.0/24", n: 6, role: "aws.s3", aws: "S3"},
	{name: "DynamoDB", cidr: "52.119.188.0/24", n: 3, role: "aws.dynamodb", aws: "DYNAMODB"},
	{name: "CloudWatch", cidr: "52.94.5.0/24", n: 3, role: "aws.cloudwatch", aws: "AMAZON"},
	{name: "Cloud Storage", cidr: "142.250.180.0/25", n: 5, role: "gcp.gcs", google: "storage.googleapis.com"},
	{name: "BigQuery", cidr: "142.250.180.128/26", n: 4, role: "gcp.bigquery", google: "bigquery.googleapis.com"},
	{name: "Pub/Sub", cidr: "142.250.180.192/26", n: 4, role: "gcp.pubsub", google: "pubsub.googleapis.com"},
	{name: "Blob Storage", cidr: "20.60.40.0/25", n: 4, role: "azure.storage"},
}

// found makes networks, machines and their logs.
func found(w *world, scale float64, end time.Time) *company {
	c := &company{world: w, scale: scale, end: end, nets: map[string]*network{}, nics: map[string][]*nic{},
		groups: map[string]*groupSpec{}, ways: map[[2]*network]*nic{}}
	for _, n := range companyNets {
		c.nets[n.name] = w.network(n.provider, n.account, n.region, n.name)
	}
	subnets := map[string]*subnet{}
	for i := range companyGroups {
		g := &companyGroups[i]
		c.groups[g.name] = g
		net := c.nets[g.net]
		for k := range g.n {
			zone := net.zone(k)
			key := g.net + "/" + g.subnet + "/" + zone
			if net.provider == "azure" {
				key, zone = g.net+"/"+g.subnet, ""
			}
			if subnets[key] == nil {
				name := g.subnet
				if net.provider == "aws" {
					name += " " + zone
				}
				subnets[key] = net.subnet(w, name, zone)
			}
			n := subnets[key].host(w, fmt.Sprintf("%s-%d", g.name, k+1), plus(g.first, k).String())
			n.service = g.name
			if g.kind != "" {
				n.instance, n.kind = "-", g.kind
			}
			if g.name == "alb-web" {
				n.addr6 = plus("2001:db8:20::a", k)
			}
			if g.role == "gcp.gke" {
				n.gke = g.name
			}
			c.nics[g.name] = append(c.nics[g.name], n)
		}
	}
	c.nats = c.nics["nat-a"]
	c.observe()
	return c
}

// zone is where the k-th machine of a group stands.
func (n *network) zone(k int) string {
	switch n.provider {
	case "aws":
		short := map[string]string{"eu-central-1": "euc1", "eu-west-1": "euw1"}[n.region]
		return fmt.Sprintf("%s-az%d", short, k%3+1)
	case "gcp":
		return n.region + "-" + string(rune('b'+k%2))
	}
	return ""
}

// observe switches the flow logs on.
func (c *company) observe() {
	w := c.world
	of := func(name string) (all []*nic) {
		for i := range companyGroups {
			if companyGroups[i].net == name {
				all = append(all, c.nics[companyGroups[i].name]...)
			}
		}
		return all
	}
	id := func(name string) string { return fmt.Sprintf("fl-%017x", w.hash("log", name)&0xfffffffffffffff) }
	prod, shared, staging := c.nets["prod-eu"], c.nets["shared"], c.nets["staging"]

	l := &flowLog{id: id("prod")}
	w.logAWS(l, prod.account, prod.region, fieldsV8, s3(prod.account, prod.region, l.id, fieldsV8), of("prod-eu")...)
	skipped := c.nics["sessions"][2]
	from := w.start.Add(c.part(0.375) + 12*time.Minute)
	l.skips = []skip{{skipped, from, from.Add(4 * time.Minute)}}
	for i := range 4 {
		t := from.Add(time.Duration(i) * time.Minute)
		l.out.(*awsWriter).mark(w, skipped, t, t.Add(time.Minute), "SKIPDATA")
	}

	l = &flowLog{id: id("shared"), window: 10 * time.Minute}
	w.logAWS(l, shared.account, shared.region, fieldsV2, group(groupSubscription, shared.account, "/vpc/shared"), of("shared")...)

	l = &flowLog{id: id("staging")}
	sink := s3(staging.account, staging.region, l.id, fieldsV11)
	sink.parquet, sink.hive, sink.hourly = true, true, true
	w.logAWS(l, staging.account, staging.region, fieldsV11, sink, of("staging")...)

	var ways []*nic
	for _, pair := range [][2]string{{"web", "dns"}, {"dns", "web"}, {"ci", "staging-web"}, {"staging-web", "dns"}, {"staging-web", "web"}} {
		a, b := c.nics[pair[0]][0], c.nics[pair[1]][0]
		way := w.attachment("hub", a.subnet, a.subnet, b.subnet)
		c.ways[[2]*network{a.network, b.network}] = way
		ways = append(ways, way)
	}
	l = &flowLog{id: id("hub")}
	w.logTGW(l, shared.account, shared.region, s3(shared.account, shared.region, l.id, fieldsTGW), ways...)

	w.logGCP(&flowLog{id: "analytics", window: time.Minute}, "shop-analytics", "", of("analytics")...)
	w.logGCP(&flowLog{kind: firewallLog, id: "firewall", window: time.Hour}, "shop-analytics", "",
		append(append([]*nic{}, c.nics["ingest-lb"]...), c.nics["metrics-db"]...)...)
	w.logGCP(&flowLog{id: "ml", window: 30 * time.Second, rate: 2}, "shop-ml", "ml-flows", of("ml")...)

	hub := c.nets["corp-hub"]
	w.logAzure(&flowLog{kind: vnetLog, id: "corp-hub"}, "corp-hub", hub, of("corp-hub")...)
	w.logAzure(&flowLog{kind: nsgLog, id: "nsg-erp-sql"}, "nsg-erp-sql", hub, c.nics["erp-sql"]...)
}

// part is a share of the time that is simulated, in whole minutes.
func (c *company) part(share float64) time.Duration {
	return time.Duration(share * float64(c.end.Sub(c.start))).Truncate(time.Minute)
}

// outer is a random address of an outside group.
func (c *company) outer(name string) (netip.Addr, *outside) {
	for i := range outsiders {
		o := &outsiders[i]
		if o.name == name {
			return plus(netip.MustParsePrefix(o.cidr).Addr().String(), 1+c.rng.IntN(o.n)), o
		}
	}
	panic("flowgen: no outside group " + name)
}
