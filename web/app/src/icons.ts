// What each kind of node is called and which glyph stands for it: the table
// "Icon keys" of page.md. A key that is not here is drawn as its family.
import type { Provider } from './api';
import type { Glyph } from './glyph';

interface Icon {
  glyph: Glyph;
  title: string;
  /** Order in a column: what meets the outside first stands first. */
  rank: number;
}

const table = `
aws.ec2|server-2|EC2 instance|20
aws.eni|network|Network interface|40
aws.alb|arrows-split-2|Application load balancer|0
aws.nlb|arrows-split-2|Network load balancer|0
aws.gwlb|arrows-split-2|Gateway load balancer|0
aws.elb|arrows-split-2|Load balancer|0
aws.nat|arrows-exchange|NAT gateway|2
aws.igw|door|Internet gateway|0
aws.vpc|cloud|VPC|0
aws.vpc-group|cloud|VPC|0
aws.subnet.public|lock-open|Public subnet|0
aws.subnet.private|lock|Private subnet|1
aws.rds|database|RDS|10
aws.aurora|database|Aurora|10
aws.elasticache|bolt|ElastiCache|11
aws.redis|bolt|ElastiCache Redis|11
aws.lambda|lambda|Lambda|22
aws.ecs|container|ECS|21
aws.eks|hexagons|EKS|21
aws.s3|bucket|S3|30
aws.dynamodb|table|DynamoDB|31
aws.vpce|plug-connected|VPC endpoint|15
aws.tgw|topology-star-3|Transit gateway|4
aws.resolver|world-search|Route 53 Resolver|33
aws.r53|world-www|Route 53|33
aws.opensearch|search|OpenSearch|12
aws.redshift|chart-bar|Redshift|13
aws.efs|folders|EFS|14
aws.vpn|lock-access|VPN gateway|3
aws.dx|route-2|Direct Connect|3
aws.nfw|wall|Network Firewall|3
aws.apigw|api|API Gateway|32
aws.sqs|stack-2|SQS|32
aws.cloudwatch|activity|CloudWatch|34
aws.peering|arrows-left-right|VPC peering|4
aws.nacl|shield|Network ACL|4
aws.cloudfront|world-bolt|CloudFront|30
gcp.gce|server-2|Compute Engine|20
gcp.gke|hexagons|GKE|21
gcp.cloudsql|database|Cloud SQL|10
gcp.lb|arrows-split-2|Load balancer|0
gcp.nat|arrows-exchange|Cloud NAT|2
gcp.vpc|cloud|VPC network|0
gcp.memorystore|bolt|Memorystore|11
gcp.gcs|bucket|Cloud Storage|30
gcp.run|container|Cloud Run|22
gcp.functions|lambda|Cloud Functions|22
gcp.bigquery|chart-bar|BigQuery|31
gcp.pubsub|stack-2|Pub/Sub|32
gcp.psc|plug-connected|Private Service Connect|15
gcp.router|router|Cloud Router|4
gcp.vpn|lock-access|Cloud VPN|3
gcp.interconnect|route-2|Interconnect|3
gcp.dns|world-search|Cloud DNS|33
gcp.fw|wall|Firewall rules|3
gcp.spanner|database|Spanner|10
azure.vm|server-2|Virtual machine|20
azure.vmss|server-2|VM scale set|20
azure.vnet|cloud|Virtual network|0
azure.subnet|lock|Subnet|1
azure.nic|network|Network interface|40
azure.lb|arrows-split-2|Load balancer|0
azure.appgw|arrows-split-2|Application gateway|0
azure.aks|hexagons|AKS|21
azure.aci|container|Container instances|21
azure.sqldb|database|SQL database|10
azure.pg|database|PostgreSQL|10
azure.cosmos|table|Cosmos DB|31
azure.redis|bolt|Cache for Redis|11
azure.storage|bucket|Storage account|30
azure.nat|arrows-exchange|NAT gateway|2
azure.nsg|shield|Network security group|4
azure.fw|wall|Azure Firewall|3
azure.pe|plug-connected|Private endpoint|15
azure.pl|plug-connected|Private Link|15
azure.vpn|lock-access|VPN gateway|3
azure.er|route-2|ExpressRoute|3
azure.fn|lambda|Function app|22
azure.app|container|App Service|22
azure.dnspr|world-search|DNS resolver|33
azure.bastion|terminal-2|Bastion|5
azure.pip|map-pin|Public address|5
azure.vwan|topology-star-3|Virtual WAN|4
azure.fd|world-bolt|Front Door|0
net.internet|world|Internet|5
net.country|flag|Country|0
net.asn|affiliate|Network operator|2
net.user|user|User|3
net.onprem|building|On-premises|7
net.scanner|radar|Scanner|6
gen.server|server-2|Server|20
gen.db|database|Database|10
gen.cache|bolt|Cache|11
gen.fw|wall|Firewall|3
gen.container|container|Container|21
gen.lb|arrows-split-2|Load balancer|0
gen.unknown|question-mark|Not named|50
gen.group|stack-2|Group|45
`;

const icons = new Map<string, Icon>();
for (const line of table.trim().split('\n')) {
  const [key, glyph, title, rank] = line.split('|') as [string, Glyph, string, string];
  icons.set(key, { glyph, title, rank: Number(rank) });
}

const families: [RegExp, string][] = [
  [/^net\./, 'net.internet'],
  [/(sql|db|postgres|mysql|database)/, 'gen.db'],
  [/(redis|cache)/, 'gen.cache'],
  [/(lb|balancer|gateway)$/, 'gen.lb'],
  [/(container|pod|k8s)/, 'gen.container'],
];

/** iconOf never fails: a key that nobody knows has its family's glyph and its own text as title. */
export function iconOf(kind: string): Icon {
  const known = icons.get(kind);
  if (known) return known;
  const family = families.find(([re]) => re.test(kind))?.[1] ?? 'gen.unknown';
  const icon = icons.get(family)!;
  return kind ? { ...icon, title: kind } : icon;
}

export const providerNames: Record<string, string> = { aws: 'AWS', gcp: 'GCP', azure: 'Azure', '': 'Other' };
export const providerOrder = (p: Provider | undefined): number =>
  ['aws', 'gcp', 'azure'].indexOf(p || '') >>> 0;
