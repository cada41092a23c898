// The map: groups, what stands in them, and the paths between.
import type { Answer, Counter, Level, Provider, Range, Tier, Verdict, Verdicts } from './words';

// ---------------------------------------------------------------- /graph
// GET /graph?level=service&expand=ID,ID&limitNodes=400&limitEdges=1500
//
// The internet: strangers stand with their countries (inet:cc:DE), those of no
// known country as inet:, those who only scan as inet:scanners. A country opens
// to systems (inet:as:3320@DE), a system to prefixes (inet:net:192.0.2.0/24@DE/3320),
// a prefix to hosts; a step of one child is skipped. So at every level, host too.
// The filter `node = "ID"` selects exactly a node, whatever its kind; client.node
// and server.node one end.
//
// What is grouped: a node's key is its level, or the level below for an id in
// expand (expanding an id that is not there does nothing; ids in expand are
// percent-encoded one by one, then joined with ","). An expanded key is in
// groups with its own kind, and what it holds has it as parent: an expanded
// service is {kind:"service"} and its hosts are nodes under it.
//
// Where a node stands is said by the root of its parents:
//   internet   a group of kind "internet" (left column)
//   services   groups of kind "services", one a provider (right column)
//   otherwise  a network row; parent null = "network not known"
// At level service and host the groups are networks and subnets. Above that,
// the groups are the level's parent (networks for subnet, accounts for network
// and region, providers for account); nothing else.

export type GroupKind =
  | 'provider'
  | 'account'
  | 'region'
  | 'network'
  | 'subnet'
  | 'service'
  | 'internet'
  | 'services'
  | 'country' // these are opened groups of the internet
  | 'asn'
  | 'net'
  | 'scanners'
  | 'special';

export interface Group {
  id: string;
  parent: string | null;
  kind: GroupKind;
  label: string;
  provider?: Provider;
  icon?: string; // key of "Icon keys"; of an expanded service
  cidr?: string[];
  cidrSeen?: boolean; // cidr is only the tightest prefixes that hold the addresses seen
  country?: string;
  region?: string;
  account?: string;
  tier?: Tier; // of a subnet; '' or missing: nobody knows (drawn with app)
  endpoints?: number; // addresses below it in this range
}

export interface GraphNode {
  id: string;
  parent: string | null;
  kind: string; // key of "Icon keys": aws.ec2, net.country, gen.unknown
  label: string;
  provider?: Provider;
  detail?: string; // short second text: a host's address, a country's ASNs, "Lambda"
  service?: string; // of a host: id of its group at level service
  country?: string; // ISO 3166 alpha-2, for the badge
  region?: string; // that all members share, as account
  account?: string;
  cidr?: string[]; // of a network or subnet, as a Group's
  cidrSeen?: boolean;
  tier?: Tier; // of a subnet, and of what stands in none
  count?: number; // endpoints in it; missing: 1
  expandable?: boolean; // the level below has more than this one
  in: Counter; // as the server of a path, all verdicts
  out: Counter; // as the client of a path
  self?: Counter; // between members of this node
  denied?: { in: number; out: number }; // records that were stopped: denied or dropped
  /** scanner: strangers who try many doors and find nearly all shut (see docs/names.md); health: health checks. */
  flags?: string[];
}

export interface EdgePort {
  proto: string; // tcp, udp, icmp, or the number
  port: number | null;
  name?: string; // https
  v: Verdict;
  b?: number | null;
  p?: number | null;
  r: number;
  answer?: Answer; // of what was let through
  unanswered?: number; // as an edge's
}

/** One ordered pair, client to server; replies are in it. */
export interface GraphEdge {
  s: string;
  t: string;
  verdicts: Verdicts;
  answer?: Answer; // of what was let through: none where nothing was ever answered
  /**
   * Records that were let through and never answered, where the log could have
   * shown an answer. The filter answer = none finds exactly these.
   */
  unanswered?: number;
  ports?: EdgePort[]; // top 3
  morePorts?: number;
  first: string;
  last: string;
  sampled?: boolean;
  incomplete?: boolean;
}

export interface Totals {
  bytes: number | null;
  packets: number | null;
  records: number;
  opened?: number | null;
  denied: number; // records
  dropped?: number; // records
  unknown?: number; // records
  endpoints: number;
}

export interface Graph {
  range: Range; // as asked, widened to whole buckets
  level: Level;
  etag?: string;
  totals: Totals;
  groups: Group[];
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** What the caps left out; null or missing: nothing. */
  other?: {
    edges: number;
    nodes: number;
    b?: number | null;
    p?: number | null;
    r: number;
    o?: number | null;
    denied: number;
  } | null;
  /** With other: the next wider level. */
  higher?: Level;
  /** The part of the totals that is drawn, 0 to 1. */
  coverage?: { bytes: number; records: number; denied: number };
  /** Same packets met again behind NAT: in no total. */
  behindNAT?: Counter | null;
  /**
   * CODE or PROVIDER:CODE. Codes: sampled (counters are estimates), gaps (logs
   * lost records), nodata, unmeasured (denials without counters), widened (to
   * whole buckets), capped, building (hours still being merged). Any other text
   * is shown as it is.
   */
  notes?: string[];
  /** Only when edges is empty: the end of the nearest data that matches. */
  nearest?: string | null;
}
